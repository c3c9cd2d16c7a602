#include "controlplane/main/version.h"

#include "dataplane/api/port.h"
#include "dataplane/api/table.h"

const char *rhumbd_version(void)
{
	return RHUMB_VERSION;
}

const char *rhumbd_hyperscan_version(void)
{
	return dp_table_hs_version();
}

const char *rhumbd_dpdk_version(void)
{
	return dp_eal_version();
}

#include "controlplane/main/version.h"

#include <hs/hs.h>
#include <rte_version.h>

const char *rhumbd_version(void)
{
	return RHUMB_VERSION;
}

const char *rhumbd_hyperscan_version(void)
{
	return hs_version();
}

const char *rhumbd_dpdk_version(void)
{
	return rte_version();
}

#include "controlplane/policy/policy.h"

#include "dataplane/base/compiler.h"

#include <errno.h>
#include <string.h>

static const char *const tenants[] = {[CP_TENANT_DEFAULT] = CP_TENANT_DEFAULT_NAME};

int cp_policy_tenant(const char *name, size_t len, uint16_t *tenant)
{
	if (!len) {
		*tenant = CP_TENANT_DEFAULT;
		return 0;
	}
	for (uint16_t i = 0; i < RH_ARRAY_LEN(tenants); i++) {
		if (strlen(tenants[i]) == len && !memcmp(tenants[i], name, len)) {
			*tenant = i;
			return 0;
		}
	}
	return -ENOENT;
}

const char *cp_policy_tenant_name(uint16_t tenant)
{
	return tenant < RH_ARRAY_LEN(tenants) ? tenants[tenant] : NULL;
}

uint16_t cp_policy_profile(uint16_t tenant, const char *client_id, size_t len)
{
	(void)tenant, (void)client_id, (void)len;
	return CP_PROFILE_DEFAULT;
}

#pragma once

/*
 * Who a client belongs to. There is one tenant, `default`, and one policy profile so far; every
 * caller asks by name and carries tenant and profile on, so that more of both need no change
 * elsewhere. Ctx of everything: control loop.
 */

#include <stddef.h>
#include <stdint.h>

#define CP_TENANT_DEFAULT_NAME "default"
#define CP_TENANT_DEFAULT      0
#define CP_PROFILE_DEFAULT     0

/* @name as a HELLO carries it, not terminated; empty: the default tenant. 0 or -ENOENT. */
int cp_policy_tenant(const char *name, size_t len, uint16_t *tenant);
/* NULL when there is no such tenant. */
const char *cp_policy_tenant_name(uint16_t tenant);
/* The policy profile of a client of @tenant. */
uint16_t cp_policy_profile(uint16_t tenant, const char *client_id, size_t len);

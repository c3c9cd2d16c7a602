#include "controlplane/policy/policy.h"

#include <criterion/criterion.h>
#include <errno.h>

Test(policy, the_default_tenant_has_a_name_and_may_be_left_out)
{
	uint16_t tenant = 9;

	cr_assert_eq(cp_policy_tenant("", 0, &tenant), 0);
	cr_assert_eq(tenant, CP_TENANT_DEFAULT);
	tenant = 9;
	cr_assert_eq(cp_policy_tenant("default and more", 7, &tenant), 0);
	cr_assert_eq(tenant, CP_TENANT_DEFAULT);
	cr_assert_str_eq(cp_policy_tenant_name(tenant), "default");
}

Test(policy, another_tenant_is_unknown)
{
	uint16_t tenant = 9;

	cr_assert_eq(cp_policy_tenant("defaul", 6, &tenant), -ENOENT);
	cr_assert_eq(cp_policy_tenant("Default", 7, &tenant), -ENOENT);
	cr_assert_eq(tenant, 9);
	cr_assert_null(cp_policy_tenant_name(1));
}

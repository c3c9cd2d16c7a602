#include "tests/unit/controlplane/kernel/fixture.h"

TestSuite(create, .init = prepare, .fini = finish);

Test(create, a_name_in_use_is_refused_and_nothing_stays)
{
	run("ip link add tw.100 type veth peer name x");
	cr_assert_eq(create(), -EEXIST);
	cr_assert(strstr(err.text, "interface tw.100 exists already"), "%s", err.text);
	cr_assert_eq(if_nametoindex("tw"), 0, "the first twin went again");
}

Test(create, a_name_too_long_for_its_vlan_is_refused)
{
	(void)strcpy(conf.ports[0].tap_name, "twelve-chars");
	cr_assert_eq(create(), -EINVAL);
	cr_assert(strstr(err.text, "11 characters at most"), "%s", err.text);
}

Test(create, a_name_that_is_none_is_refused)
{
	(void)strcpy(conf.ports[0].tap_name, "a b");
	cr_assert_eq(create(), -EINVAL);
	cr_assert(strstr(err.text, "'a b' cannot name an interface"), "%s", err.text);
}

Test(create, a_port_that_is_not_open_is_named)
{
	ports[1] = 9;
	cr_assert_eq(create(), -ENOENT);
	cr_assert_str_eq(err.text, "port p5 is not open");
}

Test(create, a_port_nobody_polls_is_named)
{
	ports[1] = 7;
	cr_assert_eq(create(), -ENOENT);
	cr_assert_str_eq(err.text, "port p7: no worker polls it");
}

Test(create, a_device_without_link_layer_address_has_no_twin)
{
	dp.addressless = true;
	cr_assert_eq(create(), -EADDRNOTAVAIL);
	cr_assert_str_eq(err.text, "port p3: the device has no link-layer address: set slow-path none");
	cr_assert_eq(if_nametoindex("tw"), 0, "the twin went again");
	conf.ports[0].slow_path = CP_SLOW_PATH_NONE;
	cr_assert_eq(create(), 0, "%s", err.text);
}

Test(create, an_address_the_kernel_refuses_is_named)
{
	conf.ports[0].addresses[0].prefix_len = 33;
	cr_assert_lt(create(), 0);
	cr_assert(strstr(err.text, "port p3: the kernel refuses the IPv4 address on tw"), "%s", err.text);
}

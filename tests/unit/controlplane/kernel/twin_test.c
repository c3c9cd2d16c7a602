#include "tests/unit/controlplane/kernel/fixture.h"

TestSuite(twin, .init = setup, .fini = finish);

static bool twin_answers(void)
{
	return find_arp(2, "10.0.0.1", 0) >= 0;
}

static bool vlan_twin_answers(void)
{
	return find_arp(2, "10.100.0.1", CP_VLAN_TAG_BYTES) >= 0;
}

Test(twin, the_twin_has_the_ports_identity)
{
	run("ip -o link show tw | grep -q 'link/ether 02:00:00:00:00:01'");
	run("ip -o link show tw | grep -q 'mtu 1400'");
	run("ip -o link show tw | grep -q '[<,]UP[,>]'");
	run("ip -o -4 addr show tw | grep -q ' 10.0.0.1/24 '");
	run("ip -o -6 addr show tw | grep 'fd00::1/64' | grep -vq tentative");
	run("ip -o -4 addr show tw.100 | grep -q ' 10.100.0.1/24 '");
	cr_assert(dp.twin[3]);
	cr_assert_not(dp.twin[5]);
	cr_assert_eq(dp.local_count[3], 3);
}

Test(twin, twins_go_with_the_slow_path)
{
	cp_kernel_destroy(k);
	k = NULL;
	cr_assert_eq(if_nametoindex("tw"), 0);
	cr_assert_eq(if_nametoindex("tw.100"), 0);
	cr_assert_not(dp.twin[3]);
}

Test(twin, the_twin_answers_arp_once)
{
	struct cp_kernel_stats stats;
	uint8_t frame[64];
	int at, n = 0;

	to_twin(frame, arp(frame, 1, peer_mac, "10.0.0.2", "10.0.0.1"));
	cr_assert(turn_until(twin_answers));
	at = find_arp(2, "10.0.0.1", 0);
	cr_assert_arr_eq(dp.frames[at], peer_mac, 6);
	cr_assert_arr_eq(dp.frames[at] + 6, port_mac, 6);
	cr_assert_eq(dp.frame_ports[at], 3);
	for (uint32_t i = 0; i < dp.frame_count; i++)
		n += dp.frames[i][12] == 8 && dp.frames[i][13] == 6 && dp.frames[i][21] == 2;
	cr_assert_eq(n, 1);
	cp_kernel_stats(k, 3, &stats);
	cr_assert_eq(stats.to_kernel, 1);
	cr_assert_eq(stats.to_kernel_failed, 0);
	cr_assert_geq(stats.from_kernel, 1);
}

Test(twin, tagged_frames_reach_the_vlans_twin_and_come_back_tagged)
{
	uint8_t frame[68];
	int at;

	(void)arp(frame + 4, 1, peer_mac, "10.100.0.2", "10.100.0.1");
	(void)cp_vlan_insert(frame + 4, 100);
	to_twin(frame, 64);
	cr_assert(turn_until(vlan_twin_answers));
	at = find_arp(2, "10.100.0.1", CP_VLAN_TAG_BYTES);
	cr_assert_eq(cp_vlan_of(dp.frames[at], dp.lens[at]), 100);
	cr_assert_arr_eq(dp.frames[at], peer_mac, 6);
}

Test(twin, a_priority_tag_is_no_vlan)
{
	uint8_t frame[68];

	(void)arp(frame + 4, 1, peer_mac, "10.0.0.2", "10.0.0.1");
	(void)cp_vlan_insert(frame + 4, 0);
	to_twin(frame, 64);
	cr_assert(turn_until(twin_answers));
}

Test(twin, a_full_inject_ring_is_counted)
{
	struct cp_kernel_stats stats = {0};
	uint8_t frame[64];

	dp.full = true;
	to_twin(frame, arp(frame, 1, peer_mac, "10.0.0.2", "10.0.0.1"));
	for (int i = 0; i < 100 && !stats.from_kernel_failed; i++) {
		(void)uv_run(&loop, UV_RUN_NOWAIT);
		(void)usleep(1000);
		cp_kernel_stats(k, 3, &stats);
	}
	cr_assert_gt(stats.from_kernel_failed, 0);
}

Test(twin, frames_for_a_twin_that_is_down_are_counted)
{
	struct cp_kernel_stats stats;
	uint8_t frame[64];

	run("ip link set tw down");
	to_twin(frame, arp(frame, 1, peer_mac, "10.0.0.2", "10.0.0.1"));
	cp_kernel_stats(k, 3, &stats);
	cr_assert_eq(stats.to_kernel_failed, 1);
}

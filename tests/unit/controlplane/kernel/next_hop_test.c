#include "tests/unit/controlplane/kernel/fixture.h"

TestSuite(next_hop, .init = setup, .fini = finish);
TestSuite(overrun, .init = prepare, .fini = finish);

static bool resolved0(void)
{
	return dp.adj[0].resolved;
}

static bool unresolved0(void)
{
	return !dp.adj[0].resolved;
}

static bool resolved0_other(void)
{
	return dp.adj[0].resolved && memcmp(dp.adj[0].dst_mac, other_mac, 6) == 0;
}

static bool moved_once(void)
{
	return dp.moved > 0;
}

static void on_moved(void *arg)
{
	(void)arg;
	dp.moved++;
}

static bool kernel_asks(void)
{
	return find_arp(1, "10.0.0.2", 0) >= 0;
}

static bool kernel_asks_gateway(void)
{
	return find_arp(1, "10.0.0.254", 0) >= 0;
}

static dp_adj_id_t adj_get(const char *remote)
{
	struct dp_address a = ip(remote);
	dp_adj_id_t id = 99;

	cr_assert_eq(cp_kernel_adj_get(k, 3, DP_VLAN_NONE, &a, &id), 0, "%s", remote);
	return id;
}

static int adj_refused(uint32_t port, uint16_t vlan, const char *remote)
{
	struct dp_address a = ip(remote);
	dp_adj_id_t id;

	return cp_kernel_adj_get(k, port, vlan, &a, &id);
}

Test(next_hop, an_unknown_neighbour_is_asked_for_and_learned)
{
	struct cp_kernel_stats stats;
	dp_adj_id_t id = adj_get("10.0.0.2");
	uint8_t frame[64];

	cr_assert_not(dp.adj[id].resolved);
	cr_assert_eq(dp.adj[id].port, 3);
	cr_assert_eq(dp.adj[id].vlan, DP_VLAN_NONE);
	cr_assert_arr_eq(dp.adj[id].src_mac, port_mac, 6);
	cp_kernel_stats(k, 3, &stats);
	cr_assert_eq(stats.adjacencies, 1);
	cr_assert_eq(stats.unresolved, 1);
	cr_assert(turn_until(kernel_asks));
	to_twin(frame, arp(frame, 2, peer_mac, "10.0.0.2", "10.0.0.1"));
	cr_assert(turn_until(resolved0));
	cr_assert_arr_eq(dp.adj[id].dst_mac, peer_mac, 6);
	cp_kernel_stats(k, 3, &stats);
	cr_assert_eq(stats.unresolved, 0);
}

Test(next_hop, a_frames_source_address_teaches_nothing)
{
	/* IPv4 from 10.0.0.2, link address 02:..:02, to an address that is not ours: no ARP about it. */
	static const uint8_t frame[60] = {2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0, 0x45, 0, 0, 20, 0, 0, 0, 0, 64,
		17, 0, 0, 10, 0, 0, 2, 10, 0, 0, 77};

	(void)adj_get("10.0.0.2");
	to_twin(frame, sizeof(frame));
	for (int i = 0; i < 50; i++) {
		(void)uv_run(&loop, UV_RUN_NOWAIT);
		(void)usleep(1000);
	}
	cr_assert_not(dp.adj[0].resolved);
}

Test(next_hop, a_known_neighbour_is_resolved_at_once)
{
	run("ip neigh add 10.0.0.2 lladdr 02:00:00:00:00:02 dev tw nud stale");
	cr_assert(dp.adj[adj_get("10.0.0.2")].resolved);
	cr_assert_arr_eq(dp.adj[0].dst_mac, peer_mac, 6);
}

static bool known(uint32_t port, const char *remote)
{
	struct dp_address a = ip(remote);

	return cp_kernel_knows(k, port, DP_VLAN_NONE, &a);
}

Test(next_hop, whether_a_host_is_known_is_told_without_asking_for_it)
{
	struct cp_kernel_stats stats;

	run("ip neigh add 10.0.0.2 lladdr 02:00:00:00:00:02 dev tw nud stale");
	cr_assert(known(3, "10.0.0.2"));
	cr_assert_not(known(3, "10.0.0.3"));
	cr_assert_not(known(3, "10.99.0.1"));
	cr_assert_not(known(31, "10.0.0.2"));
	cr_assert(known(5, "10.5.0.2"));
	cr_assert_not(known(5, "10.5.0.3"));
	cp_kernel_stats(k, 3, &stats);
	cr_assert_eq(stats.adjacencies, 0);
	cr_assert_lt(find_arp(1, "10.0.0.3", 0), 0);
	(void)adj_get("10.0.0.3");
	cr_assert_not(known(3, "10.0.0.3"));
}

Test(next_hop, ipv6_neighbours_are_followed)
{
	dp_adj_id_t id = adj_get("fd00::2");

	cr_assert_not(dp.adj[id].resolved);
	run("ip neigh replace fd00::2 lladdr 02:00:00:00:00:02 dev tw nud reachable");
	cr_assert(turn_until(resolved0));
	cr_assert_arr_eq(dp.adj[id].dst_mac, peer_mac, 6);
}

Test(next_hop, link_local_remotes_are_looked_for_on_their_twin)
{
	run("ip neigh add fe80::2 lladdr 02:00:00:00:00:02 dev tw nud permanent");
	cr_assert(dp.adj[adj_get("fe80::2")].resolved);
}

Test(next_hop, a_changed_link_address_is_followed)
{
	run("ip neigh add 10.0.0.2 lladdr 02:00:00:00:00:02 dev tw nud reachable");
	(void)adj_get("10.0.0.2");
	cr_assert(resolved0());
	run("ip neigh change 10.0.0.2 lladdr 02:00:00:00:00:09 dev tw nud reachable");
	cr_assert(turn_until(resolved0_other));
}

Test(overrun, a_flushed_neighbour_is_asked_for_at_once)
{
	with.tick_ms = 60000; /* not by the keep-alive */
	cr_assert_eq(create(), 0, "%s", err.text);
	run("ip neigh add 10.0.0.2 lladdr 02:00:00:00:00:02 dev tw nud reachable");
	(void)adj_get("10.0.0.2");
	dp.frame_count = 0;
	run("ip neigh delete 10.0.0.2 dev tw");
	cr_assert(turn_until(unresolved0));
	cr_assert(turn_until(kernel_asks));
}

Test(next_hop, a_neighbour_that_does_not_answer_is_asked_for_again_and_again)
{
	run("echo 1 > /proc/sys/net/ipv4/neigh/tw/mcast_solicit && "
	    "echo 20 > /proc/sys/net/ipv4/neigh/tw/retrans_time_ms");
	(void)adj_get("10.0.0.2");
	for (int i = 0; i < 3; i++) {
		dp.frame_count = 0;
		cr_assert(turn_until(kernel_asks), "question %d", i);
	}
	cr_assert_not(dp.adj[0].resolved);
}

Test(next_hop, entries_in_use_that_go_stale_are_kept_alive)
{
	/* Without a question from us a stale entry stays stale; with one the kernel probes it by unicast. */
	run("echo 0 > /proc/sys/net/ipv4/neigh/tw/delay_first_probe_time && "
	    "ip neigh add 10.0.0.2 lladdr 02:00:00:00:00:02 dev tw nud reachable");
	(void)adj_get("10.0.0.2");
	run("ip neigh change 10.0.0.2 lladdr 02:00:00:00:00:02 dev tw nud stale");
	cr_assert(turn_until(kernel_asks));
	cr_assert_arr_eq(dp.frames[find_arp(1, "10.0.0.2", 0)], peer_mac, 6, "a unicast probe");
	cr_assert(dp.adj[0].resolved);
}

Test(next_hop, beyond_a_gateway_the_gateway_is_the_next_hop)
{
	dp_adj_id_t first, second;

	run("ip route add 10.9.0.0/16 via 10.0.0.254");
	first = adj_get("10.9.1.1");
	second = adj_get("10.9.2.2");
	cr_assert_eq(first, second, "one gateway, one adjacency");
	cr_assert_eq(dp.created, 1);
	cr_assert(turn_until(kernel_asks_gateway));
	run("ip neigh replace 10.0.0.254 lladdr 02:00:00:00:00:09 dev tw nud reachable");
	cr_assert(turn_until(resolved0_other));
}

Test(next_hop, an_ipv4_route_may_have_an_ipv6_gateway)
{
	run("ip route add 10.8.0.0/16 via inet6 fd00::99 dev tw && "
	    "ip neigh add fd00::99 lladdr 02:00:00:00:00:09 dev tw nud permanent");
	(void)adj_get("10.8.1.1");
	cr_assert(resolved0_other());
}

Test(next_hop, a_route_change_makes_sessions_look_again)
{
	dp_adj_id_t before, after;

	cp_kernel_on_moved(k, on_moved, NULL);
	run("ip route add 10.9.0.0/16 via 10.0.0.254");
	before = adj_get("10.9.1.1");
	(void)turn_until(moved_once);
	dp.moved = 0;
	run("ip route change 10.9.0.0/16 via 10.0.0.253");
	cr_assert(turn_until(moved_once));
	after = adj_get("10.9.1.1");
	cr_assert_neq(before, after);
	cp_kernel_adj_put(k, before);
	cr_assert_not(dp.live[before]);
	cr_assert(dp.live[after]);
}

Test(next_hop, what_cannot_be_reached_through_the_twin_is_refused)
{
	run("ip link add elsewhere type veth peer name there && ip link set elsewhere up && "
	    "ip addr add 10.7.0.1/24 dev elsewhere");
	cr_assert_eq(adj_refused(3, DP_VLAN_NONE, "10.66.0.1"), -EHOSTUNREACH, "no route");
	cr_assert_eq(adj_refused(3, DP_VLAN_NONE, "10.7.0.2"), -EHOSTUNREACH, "another interface");
	cr_assert_eq(adj_refused(3, DP_VLAN_NONE, "10.0.0.1"), -EHOSTUNREACH, "ourselves");
	cr_assert_eq(adj_refused(3, DP_VLAN_NONE, "10.0.0.255"), -EHOSTUNREACH, "broadcast");
	cr_assert_eq(adj_refused(3, 100, "10.0.0.2"), -EHOSTUNREACH, "another VLAN's");
	cr_assert_eq(adj_refused(3, 7, "10.0.0.2"), -EHOSTUNREACH, "a VLAN without address");
	cr_assert_eq(adj_refused(4, DP_VLAN_NONE, "10.0.0.2"), -EHOSTUNREACH, "no such port");
	cr_assert_eq(dp.created, 0);
}

Test(next_hop, a_next_hop_on_a_vlan_carries_its_tag)
{
	struct dp_address a = ip("10.100.0.2");
	dp_adj_id_t id;

	cr_assert_eq(cp_kernel_adj_get(k, 3, 100, &a, &id), 0);
	cr_assert_eq(dp.adj[id].vlan, 100);
}

Test(next_hop, references_are_counted)
{
	dp_adj_id_t id = adj_get("10.0.0.2");

	cr_assert_eq(adj_get("10.0.0.2"), id);
	cp_kernel_adj_put(k, id);
	cr_assert(dp.live[id]);
	cp_kernel_adj_put(k, id);
	cr_assert_not(dp.live[id]);
	cp_kernel_adj_put(k, id);
	cp_kernel_adj_put(k, 12345);
}

Test(next_hop, a_full_engine_is_said_and_leaves_nothing)
{
	struct cp_kernel_stats stats;
	char text[16];

	for (int i = 0; i < ADJS; i++) {
		(void)snprintf(text, sizeof(text), "10.0.0.%d", 10 + i);
		(void)adj_get(text);
	}
	cr_assert_eq(adj_refused(3, DP_VLAN_NONE, "10.0.0.99"), -ENOSPC);
	cp_kernel_stats(k, 3, &stats);
	cr_assert_eq(stats.adjacencies, ADJS);
}

Test(next_hop, ports_without_slow_path_use_their_static_neighbours)
{
	struct dp_address a = ip("10.5.0.2");
	dp_adj_id_t id, again;

	memset(&neighbor, 0, sizeof(neighbor)); /* the configuration may go: the room has its own copy */
	cr_assert_eq(cp_kernel_adj_get(k, 5, DP_VLAN_NONE, &a, &id), 0);
	cr_assert_eq(cp_kernel_adj_get(k, 5, DP_VLAN_NONE, &a, &again), 0);
	cr_assert_eq(id, again);
	cr_assert(dp.adj[id].resolved);
	cr_assert_arr_eq(dp.adj[id].dst_mac, other_mac, 6);
	cr_assert_eq(adj_refused(5, DP_VLAN_NONE, "10.5.0.3"), -EHOSTUNREACH);
	cr_assert_eq(adj_refused(5, 100, "10.5.0.2"), -EHOSTUNREACH);
}

static void overrun(void)
{
	/* Far more news than a buffer of a few KiB holds, and nobody reads. */
	run("for i in $(seq 2 250); do echo \"neigh replace 10.0.0.$i lladdr 02:00:00:00:01:00 dev tw\"; done "
	    "> /tmp/rhumb-batch-$PPID && for r in 1 2 3 4; do ip -batch /tmp/rhumb-batch-$PPID; "
	    "ip neigh flush dev tw nud permanent; done; rm /tmp/rhumb-batch-$PPID");
}

Test(overrun, lost_news_make_it_ask_for_everything)
{
	with.event_bytes = 4096;
	with.tick_ms = 60000;
	cr_assert_eq(create(), 0, "%s", err.text);
	cp_kernel_on_moved(k, on_moved, NULL);
	(void)adj_get("10.0.0.2");
	overrun();
	run("ip neigh replace 10.0.0.2 lladdr 02:00:00:00:00:09 dev tw nud reachable");
	cr_assert(turn_until(resolved0_other));
	cr_assert(turn_until(moved_once), "routes may have changed as well");
}

static void ignore(const struct cp_neighbour *neighbour, void *arg)
{
	(void)neighbour;
	(void)arg;
}

Test(overrun, an_overrun_is_reported_once)
{
	struct cp_netlink nl;
	struct cp_netlink_events none = {.neighbour = ignore, .route = on_moved};

	run("ip link add tw type veth peer name x && ip addr add 10.0.0.1/24 dev tw && ip link set tw up");
	cr_assert_eq(cp_netlink_open(&nl, 4096, &err), 0);
	overrun();
	cr_assert_eq(cp_netlink_events_read(&nl, &none), -ENOBUFS);
	cr_assert_eq(cp_netlink_events_read(&nl, &none), 0);
	cp_netlink_close(&nl);
}

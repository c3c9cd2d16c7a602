/* The two ways between a worker and control. */

#include "tests/unit/dataplane/node/fixture.h"

#include <errno.h>
#include <poll.h>

static struct dp_punt punt;
static struct fx_client c;

TestSuite(punt, .fini = fx_stop);

static void kernel_frame(void)
{
	uint8_t frame[60] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2, 0, 0, 0, 0, 1, 0x08, 0x06, 0xaa};

	fx_frame_in(0, frame, sizeof(frame));
}

Test(punt, frames_are_bounded_in_rate)
{
	fx_start(&(struct fx_options){.punt_rate = 100});
	cr_assert_eq(dp_engine_set_slow_path(fx.eng, fx.port, true), 0);
	for (int i = 0; i < 30; i++)
		kernel_frame();
	cr_assert_eq(fx_count(punted_datagrams) + fx_dropped(datagrams, PUNT_FULL), 30);
	cr_assert_geq(fx_count(punted_datagrams), 10);
	cr_assert_gt(fx_dropped(datagrams, PUNT_FULL), 0);
}

Test(punt, a_full_ring_drops_and_nobody_waits)
{
	uint32_t n = 0;

	fx_start(NULL);
	cr_assert_eq(dp_engine_set_slow_path(fx.eng, fx.port, true), 0);
	while (!fx_dropped(datagrams, PUNT_FULL) && n++ < 100000)
		kernel_frame();
	cr_assert_eq(fx_dropped(datagrams, PUNT_FULL), 1);
	for (uint32_t i = 0; i < n - 1; i++)
		cr_assert_eq(dp_punt_recv(fx.eng, 0, &punt), 0);
	cr_assert_eq(dp_punt_recv(fx.eng, 0, &punt), -EAGAIN);
}

Test(punt, a_control_record_that_finds_no_room_drops_its_datagram)
{
	struct rh_bye bye = {.reason = RH_BYE_NORMAL};
	uint8_t record[16];
	int len = rh_bye_encode(record, sizeof(record), &bye);

	fx_start(&(struct fx_options){.control_rate = 1});
	fx_connect(&c, 1);
	fx_records_in(&c, 0, record, (size_t)len);
	fx_records_in(&c, 0, record, (size_t)len);
	cr_assert_eq(fx_count(control_datagrams), 1);
	cr_assert_eq(fx_dropped(datagrams, PUNT_FULL), 1);
}

static bool bell_rings(void)
{
	struct pollfd p = {.fd = dp_punt_fd(fx.eng), .events = POLLIN};

	return poll(&p, 1, 0) == 1;
}

Test(punt, the_bell_rings_once_for_who_found_the_ring_empty)
{
	fx_start(NULL);
	cr_assert_eq(dp_engine_set_slow_path(fx.eng, fx.port, true), 0);
	kernel_frame();
	fx_age(0);
	fx_poll();
	cr_assert_not(bell_rings(), "nobody asked");
	while (dp_punt_recv(fx.eng, 0, &punt) == 0)
		;
	kernel_frame();
	fx_age(0);
	fx_poll();
	cr_assert(bell_rings());
	cr_assert_eq(dp_punt_recv(fx.eng, 0, &punt), 0);
	cr_assert_eq(dp_punt_recv(fx.eng, 0, &punt), -EAGAIN);
	cr_assert_not(bell_rings(), "found empty: silent again");
	cr_assert_eq(dp_punt_recv(fx.eng, 7, &punt), -ENOENT);
}

Test(punt, a_frame_of_the_twin_leaves_as_it_is)
{
	uint8_t frame[100];

	fx_start(NULL);
	for (size_t i = 0; i < sizeof(frame); i++)
		frame[i] = (uint8_t)i;
	cr_assert_eq(dp_inject_frame(fx.eng, fx.port, frame, sizeof(frame)), 0);
	cr_assert_eq(dp_inject_frame(fx.eng, fx.port, frame, 13), -EMSGSIZE);
	cr_assert_eq(dp_inject_frame(fx.eng, fx.port, frame, DP_PUNT_FRAME_MAX + 1), -EMSGSIZE);
	cr_assert_eq(dp_inject_frame(fx.eng, 9, frame, sizeof(frame)), -ENOENT);
	fx_poll();
	cr_assert_eq(fx.sent_count, 1);
	cr_assert_eq(fx.sent[0].len, sizeof(frame));
	cr_assert_arr_eq(fx.sent[0].bytes, frame, sizeof(frame));
	cr_assert_eq(fx_count(tx_datagrams), 1);
}

Test(punt, an_inject_ring_that_is_full_says_so)
{
	static uint8_t frame[9000];
	int ret = 0, n = 0;

	fx_start(NULL);
	for (; !ret && n < 10000; n++)
		ret = dp_inject_frame(fx.eng, fx.port, frame, sizeof(frame));
	cr_assert_eq(ret, -EAGAIN);
	while (!dp_bytering_empty(&fx.eng->ctx[0]->injects))
		fx_poll();
	cr_assert_eq(fx_count(tx_control_failed), n - 1, "larger than a buffer of the port");
}

Test(punt, control_records_leave_on_the_control_lane_to_any_address)
{
	static const uint8_t families[] = {4, 6};
	struct rh_bye bye = {.reason = RH_BYE_REFUSED};
	uint8_t record[16];
	int len = rh_bye_encode(record, sizeof(record), &bye);

	fx_start(NULL);
	for (unsigned i = 0; i < 2; i++) {
		struct dp_control_target to = {.wire_session = 0, .check = 0, .packet_number = 0};
		struct packet_view v;
		struct rh_datagram h;

		fx_client_init(&c, 1 + i, families[i], i ? 5 : DP_VLAN_NONE);
		to.local = fx_conf(&c).local;
		to.remote = fx_conf(&c).remote;
		to.adjacency = c.adjacency;
		cr_assert_not(dp_control_waits(fx.eng));
		cr_assert_eq(dp_control_send(fx.eng, &to, record, (uint32_t)len), 0);
		cr_assert(dp_control_waits(fx.eng));
		fx_poll();
		cr_assert_not(dp_control_waits(fx.eng));
		cr_assert_eq(fx.sent_count, i + 1);
		cr_assert(packet_parse(fx.sent[i].bytes, fx.sent[i].len, &v));
		cr_assert_eq(v.family, families[i]);
		cr_assert_eq(v.dst_port, c.port);
		cr_assert_eq(rh_datagram_parse(v.payload, v.payload_len, &h), RH_FRAME_OK);
		cr_assert_eq(h.lane, RH_LANE_CONTROL);
		cr_assert_arr_eq(v.payload + RH_DATAGRAM_HDR, record, (size_t)len);
		to.adjacency = 999;
		cr_assert_eq(dp_control_send(fx.eng, &to, record, (uint32_t)len), -ENOENT);
		cr_assert_eq(dp_control_send(fx.eng, &to, record, 1401), -EMSGSIZE);
	}
}

Test(punt, control_records_to_a_next_hop_that_is_not_resolved_are_counted)
{
	struct rh_bye bye = {.reason = RH_BYE_REFUSED};
	struct dp_control_target to = {0};
	struct dp_adjacency adj;
	uint8_t record[16];
	int len = rh_bye_encode(record, sizeof(record), &bye);

	fx_start(NULL);
	fx_connect(&c, 1);
	to.wire_session = c.wire_id;
	to.local = fx_conf(&c).local;
	to.remote = fx_conf(&c).remote;
	to.adjacency = c.adjacency;
	cr_assert_eq(dp_adj_get(fx.eng, c.adjacency, &adj), 0);
	adj.resolved = false;
	cr_assert_eq(dp_adj_update(fx.eng, c.adjacency, &adj), 0);
	cr_assert_eq(dp_control_send(fx.eng, &to, record, (uint32_t)len), 0);
	to.wire_session = 0;
	cr_assert_eq(dp_control_send(fx.eng, &to, record, (uint32_t)len), 0, "of no session, by the port's worker");
	fx_poll();
	cr_assert_eq(fx.sent_count, 0);
	cr_assert_eq(fx_count(tx_control_failed), 2);
}

Test(punt, one_session_s_records_leave_room_for_the_others)
{
	struct rh_bye bye = {.reason = RH_BYE_NORMAL};
	struct fx_client flooder, other;
	uint8_t record[16];
	uint32_t of_other = 0;
	int len = rh_bye_encode(record, sizeof(record), &bye);

	/* Two at once, one of them of one session. */
	fx_start(&(struct fx_options){.control_rate = 20});
	fx_connect(&flooder, 1);
	fx_connect(&other, 2);
	for (int i = 0; i < 100; i++)
		fx_records_in(&flooder, 0, record, (size_t)len);
	fx_records_in(&other, 0, record, (size_t)len);
	while (dp_punt_recv(fx.eng, 0, &punt) == 0)
		of_other += punt.slot == other.slot;
	cr_assert_eq(of_other, 1);
}

Test(punt, a_flood_for_the_kernel_leaves_half_the_ring_to_clients)
{
	struct rh_bye bye = {.reason = RH_BYE_NORMAL};
	uint8_t record[16];
	int len = rh_bye_encode(record, sizeof(record), &bye);

	fx_start(NULL);
	fx_connect(&c, 1);
	cr_assert_eq(dp_engine_set_slow_path(fx.eng, fx.port, true), 0);
	for (int n = 0; n < 200000 && !fx_dropped(datagrams, PUNT_FULL); n++)
		kernel_frame();
	cr_assert_eq(fx_dropped(datagrams, PUNT_FULL), 1);
	fx_records_in(&c, 0, record, (size_t)len);
	cr_assert_eq(fx_dropped(datagrams, PUNT_FULL), 1);
	cr_assert_eq(fx_count(control_datagrams), 1);
}

/* Whose frame is it? Every way to be ours, the kernel's, or nobody's. */

#include "tests/unit/dataplane/node/fixture.h"

#include <errno.h>

static struct fx_client pub;
static struct packet_spec spec;
static uint8_t frame[PACKET_MAX], datagram[512];
static struct dp_punt punt;

static void prepare(uint8_t family, uint16_t vlan)
{
	struct rh_event_spec event;
	struct rh_datagram header;
	int len;

	fx_client_init(&pub, 1, family, vlan);
	{
		struct dp_session_conf conf = fx_conf(&pub);

		fx_open(&pub, &conf);
	}
	event = fx_spec(&pub, "t", "x");
	len = rh_event_encode(
		datagram + RH_DATAGRAM_HDR, sizeof(datagram) - RH_DATAGRAM_HDR, &event, false);
	header = (struct rh_datagram){.session = pub.wire_id,
		.check = pub.check,
		.packet_number = 1,
		.length = (uint16_t)(RH_DATAGRAM_HDR + RH_ALIGN_UP(len, RH_WIRE_ALIGN))};
	rh_datagram_encode(datagram, &header);
	spec = (struct packet_spec){.family = family,
		.vlan = vlan,
		.src_port = pub.port,
		.dst_port = RH_WIRE_UDP_PORT,
		.payload = datagram,
		.payload_len = header.length};
	memcpy(spec.src, pub.address, 16);
	memcpy(spec.dst, pub.router, 16);
}

static void start(void)
{
	fx_start(&(struct fx_options){.check_in_software = true});
	prepare(4, DP_VLAN_NONE);
}

TestSuite(classify, .init = start, .fini = fx_stop);

static void in(void)
{
	fx_frame_in(0, frame, packet_build(frame, &spec));
}

static void local_set(uint8_t family, uint16_t vlan)
{
	struct dp_local local = {.family = family, .vlan = vlan};

	memcpy(local.bytes, pub.router, 16);
	cr_assert_eq(dp_engine_set_local(fx.eng, fx.port, &local, 1), 0);
}

static void assert_ours(void)
{
	cr_assert_eq(fx_count(event_datagrams), 1);
	cr_assert_eq(fx_count(events_unmatched), 1);
}

static void assert_punted(void)
{
	cr_assert_eq(fx_count(punted_datagrams), 1);
	cr_assert_eq(dp_punt_recv(fx.eng, 0, &punt), 0);
	cr_assert_eq(punt.kind, DP_PUNT_KERNEL);
	cr_assert_eq(punt.port, fx.port);
}

Test(classify, ours_by_port_alone_without_addresses)
{
	in();
	assert_ours();
}

Test(classify, ours_by_address_and_port)
{
	local_set(4, DP_VLAN_NONE);
	in();
	assert_ours();
}

Test(classify, another_address_is_the_kernel_s)
{
	local_set(4, DP_VLAN_NONE);
	cr_assert_eq(dp_engine_set_slow_path(fx.eng, fx.port, true), 0);
	spec.dst[3] ^= 1;
	in();
	assert_punted();
	cr_assert_eq(punt.len, packet_build(frame, &spec));
	cr_assert_eq(memcmp(punt.bytes, frame, punt.len), 0);
}

Test(classify, another_udp_port_is_the_kernel_s)
{
	cr_assert_eq(dp_engine_set_slow_path(fx.eng, fx.port, true), 0);
	spec.dst_port = 53;
	in();
	assert_punted();
}

Test(classify, what_is_not_ip_is_the_kernel_s)
{
	size_t len = packet_build(frame, &spec);

	cr_assert_eq(dp_engine_set_slow_path(fx.eng, fx.port, true), 0);
	frame[12] = 0x08;
	frame[13] = 0x06;
	fx_frame_in(0, frame, len);
	assert_punted();
}

Test(classify, runts_are_the_kernel_s_whatever_their_length)
{
	size_t len = packet_build(frame, &spec);

	for (size_t n = 1; n < len; n++)
		fx_frame_in(0, frame, n);
	cr_assert_eq(fx_count(event_datagrams), 0);
	cr_assert_eq(fx_count(rx_datagrams), len - 1);
	cr_assert_eq(fx_dropped(datagrams, NO_SLOW_PATH) + fx_dropped(datagrams, IP_LENGTH), len - 1);
	cr_assert_gt(fx_dropped(datagrams, IP_LENGTH), 0);
}

Test(classify, without_a_twin_it_is_dropped)
{
	spec.dst_port = 53;
	in();
	cr_assert_eq(fx_dropped(datagrams, NO_SLOW_PATH), 1);
}

Test(classify, the_vlan_must_be_the_address_s)
{
	local_set(4, 42);
	in();
	cr_assert_eq(fx_dropped(datagrams, NO_SLOW_PATH), 1, "untagged");
	spec.vlan = 43;
	in();
	cr_assert_eq(fx_dropped(datagrams, NO_SLOW_PATH), 2, "another tag");
	spec.vlan = 42;
	in();
	assert_ours();
}

Test(classify, a_priority_tag_is_no_vlan)
{
	local_set(4, DP_VLAN_NONE);
	spec.vlan = 0xe000;
	in();
	assert_ours();
}

Test(classify, the_priority_bits_of_a_tag_do_not_matter)
{
	local_set(4, 42);
	spec.vlan = 0xa000 | 42;
	in();
	assert_ours();
}

Test(classify, ethernet_padding_is_ignored)
{
	spec.trailer = 17;
	in();
	assert_ours();
}

Test(classify, a_wrong_udp_checksum)
{
	spec.bad_udp_checksum = true;
	in();
	cr_assert_eq(fx_dropped(datagrams, CHECKSUM), 1);
}

Test(classify, a_wrong_ip_checksum)
{
	spec.bad_ip_checksum = true;
	in();
	cr_assert_eq(fx_dropped(datagrams, CHECKSUM), 1);
}

Test(classify, ipv4_without_udp_checksum)
{
	spec.no_udp_checksum = true;
	in();
	assert_ours();
}

Test(classify, ipv6_right_wrong_and_without_checksum)
{
	prepare(6, DP_VLAN_NONE);
	in();
	assert_ours();
	spec.bad_udp_checksum = true;
	in();
	cr_assert_eq(fx_dropped(datagrams, CHECKSUM), 1);
	spec.bad_udp_checksum = false;
	spec.no_udp_checksum = true;
	in();
	cr_assert_eq(fx_dropped(datagrams, CHECKSUM), 2);
}

Test(classify, lengths_that_contradict_each_other)
{
	spec.udp_len_off = 8;
	in();
	spec.udp_len_off = -8;
	in();
	spec.udp_len_off = -1000;
	in();
	spec.udp_len_off = 0;
	spec.ip_len_off = 8;
	in();
	spec.ip_len_off = -4;
	in();
	cr_assert_eq(fx_dropped(datagrams, IP_LENGTH), 5);
}

Test(classify, the_first_part_of_a_fragmented_datagram_shows_its_port)
{
	spec.ipv4_fragment = 0x2000;
	in();
	cr_assert_eq(fx_dropped(datagrams, IP_FRAGMENT), 1);
	spec.dst_port = 53;
	in();
	cr_assert_eq(fx_dropped(datagrams, IP_FRAGMENT), 1);
	cr_assert_eq(fx_dropped(datagrams, NO_SLOW_PATH), 1);
}

Test(classify, later_parts_are_dropped_without_a_twin_and_the_kernel_s_with_one)
{
	spec.ipv4_fragment = 100;
	in();
	cr_assert_eq(fx_dropped(datagrams, IP_FRAGMENT), 1);
	cr_assert_eq(dp_engine_set_slow_path(fx.eng, fx.port, true), 0);
	in();
	assert_punted();
}

Test(classify, ipv6_fragments_likewise)
{
	prepare(6, DP_VLAN_NONE);
	spec.ipv6_fragment = true;
	spec.ipv6_offset = 1;
	in();
	cr_assert_eq(fx_dropped(datagrams, IP_FRAGMENT), 1);
	spec.ipv6_offset = 0x100;
	in();
	cr_assert_eq(fx_dropped(datagrams, IP_FRAGMENT), 2);
	cr_assert_eq(dp_engine_set_slow_path(fx.eng, fx.port, true), 0);
	in();
	assert_punted();
}

Test(classify, too_many_addresses_or_an_unknown_port_are_refused)
{
	struct dp_local many[DP_LOCAL_MAX + 1] = {0};

	cr_assert_eq(dp_engine_set_local(fx.eng, fx.port, many, DP_LOCAL_MAX + 1), -ENOSPC);
	cr_assert_eq(dp_engine_set_local(fx.eng, 17, many, 1), -ENOENT);
	cr_assert_eq(dp_engine_set_slow_path(fx.eng, 17, true), -ENOENT);
}

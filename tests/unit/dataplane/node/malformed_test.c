/* What the codec refuses is counted once, under the codec's reason, at the level where it was found. */

#include "tests/unit/dataplane/node/fixture.h"

#include "dataplane/frame/bytes.h"

static struct fx_client pub;

static void start(void)
{
	fx_start(NULL);
	fx_connect(&pub, 1);
}

TestSuite(malformed, .init = start, .fini = fx_stop);

/* A datagram of the client's with 24 zero bytes behind the header, after byte @at became @value. */
static void header_in(uint32_t at, uint8_t value)
{
	uint8_t datagram[RH_DATAGRAM_HDR + 24] = {0}, frame[PACKET_MAX];
	struct rh_datagram h = {.session = pub.wire_id,
		.check = pub.check,
		.packet_number = 1,
		.length = sizeof(datagram)};
	struct packet_spec p = {.family = 4,
		.vlan = PACKET_VLAN_NONE,
		.src_port = pub.port,
		.dst_port = RH_WIRE_UDP_PORT,
		.payload = datagram,
		.payload_len = sizeof(datagram)};

	rh_datagram_encode(datagram, &h);
	datagram[at] = value;
	memcpy(p.src, pub.address, 4);
	memcpy(p.dst, pub.router, 4);
	fx_frame_in(0, frame, packet_build(frame, &p));
}

static void assert_one_datagram(void)
{
	cr_assert_eq(fx_count(rx_datagrams), 1);
	cr_assert_eq(fx_count(events_parsed), 0);
}

Test(malformed, another_version)
{
	header_in(0, RH_WIRE_VERSION + 1);
	cr_assert_eq(fx_dropped(datagrams, FRAME_VERSION), 1);
	assert_one_datagram();
}

Test(malformed, a_flag_that_is_not_defined)
{
	header_in(1, 0x80);
	cr_assert_eq(fx_dropped(datagrams, FRAME_FLAGS), 1);
	assert_one_datagram();
}

Test(malformed, an_authentication_tag)
{
	header_in(1, RH_DATAGRAM_AUTH);
	cr_assert_eq(fx_dropped(datagrams, FRAME_AUTH), 1);
	assert_one_datagram();
}

static void assert_one_event(void)
{
	cr_assert_eq(fx_count(event_datagrams), 1);
	cr_assert_eq(fx_count(events_parsed), 1);
	cr_assert_eq(fx_stats(&pub).rx_highest_sequence, 0, "it was never looked at");
}

static void with_options(const void *options, uint16_t len)
{
	struct rh_event_spec spec = fx_spec(&pub, "t", "x");

	spec.options = options;
	spec.options_len = len;
	fx_event_in(&pub, &spec);
	assert_one_event();
}

Test(malformed, a_critical_option_that_is_not_known)
{
	with_options("\x81\x01z", 3);
	cr_assert_eq(fx_dropped(events, FRAME_OPTION), 1);
	cr_assert_eq(fx_stats(&pub).drops[DP_DROP_FRAME_OPTION], 1);
}

Test(malformed, more_options_than_allowed)
{
	static const uint8_t options[RH_OPTIONS_MAX + 2];

	with_options(options, sizeof(options));
	cr_assert_eq(fx_dropped(events, FRAME_TOO_LARGE), 1);
	cr_assert_eq(fx_stats(&pub).drops[DP_DROP_FRAME_TOO_LARGE], 1);
}

Test(malformed, an_attribute_that_is_cut_off)
{
	struct rh_event_spec spec = fx_spec(&pub, "t", "x");

	spec.attributes = (const uint8_t *)"\x01\x00";
	spec.attributes_len = 2;
	fx_event_in(&pub, &spec);
	assert_one_event();
	cr_assert_eq(fx_dropped(events, FRAME_ATTRIBUTE), 1);
	cr_assert_eq(fx_stats(&pub).drops[DP_DROP_FRAME_ATTRIBUTE], 1);
}

Test(malformed, a_control_record_costs_the_session_an_event_its_datagram)
{
	static const struct {
		uint8_t type;
		bool ends;
	} rows[] = {{RH_RECORD_PUBLISH, false}, {RH_RECORD_FRAGMENT, false}, {0, false}, {0x0f, false},
		{RH_RECORD_CREDIT, true}, {RH_RECORD_KEEPALIVE, true}, {RH_RECORD_SUBSCRIBE, true},
		{RH_RECORD_ACK, true}, {0x99, true}};

	for (size_t i = 0; i < RH_ARRAY_LEN(rows); i++) {
		struct fx_client fresh = {0};

		fx_connect(&fresh, 2 + (uint8_t)i);
		pub = fresh;
		/* Shorter than any record of its type may be. */
		header_in(RH_DATAGRAM_HDR, rows[i].type);
		cr_assert_eq(fx_stats(&pub).protocol_error, rows[i].ends, "type 0x%02x", rows[i].type);
	}
	cr_assert_eq(fx_count(rx_datagrams), RH_ARRAY_LEN(rows));
}

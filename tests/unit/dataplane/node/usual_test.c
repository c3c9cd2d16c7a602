/*
 * The short way of a frame says what the long way says. Headers are valid ones with a byte or two changed, seed printed; each comes twice, once with a
 * word of the device that it did not look at the checksums, which is all that keeps it from the short way.
 */

#include "tests/unit/dataplane/node/frames.h"

#include "dataplane/base/rcu.h"
#include "dataplane/node/usual.h"
#include "tests/lib/random.h"

#include <rte_ip.h>

#define HEADERS	  (DP_USUAL_DATA + RH_DATAGRAM_HDR)
#define UNCHECKED (RTE_MBUF_F_RX_IP_CKSUM_MASK | RTE_MBUF_F_RX_L4_CKSUM_MASK)

static struct fx_client pub, sub;
static struct rnd rnd;

static void start(void)
{
	fx_start(&(struct fx_options){0});
	join(&pub, 1, 4, DP_VLAN_NONE);
	join(&sub, 2, 4, DP_VLAN_NONE);
	(void)fx_subscribe(&sub, "#");
}

TestSuite(usual, .init = start, .fini = fx_stop);

/* What is changed in a frame, the same in both. */
struct change {
	uint32_t at[2];
	uint8_t to[2];
	uint32_t count, longer, shorter;
};

static struct change change_roll(void)
{
	struct change c = {.count = rnd_below(&rnd, 3)};

	for (uint32_t i = 0; i < c.count; i++) {
		c.at[i] = 12 + rnd_below(&rnd, HEADERS - 12);
		/* Often a value that means something. */
		c.to[i] = rnd_below(&rnd, 2) ? (uint8_t)rnd_u64(&rnd) : (uint8_t)(1u << rnd_below(&rnd, 8));
	}
	if (!rnd_below(&rnd, 8))
		c.longer = rnd_below(&rnd, 20);
	else if (!rnd_below(&rnd, 8))
		c.shorter = rnd_below(&rnd, 140);
	return c;
}

/* No checksum is what is wrong with it, by any reading of its header. */
static void sums_mend(uint8_t *frame)
{
	struct rte_ipv4_hdr *ip = (struct rte_ipv4_hdr *)(frame + DP_USUAL_IPV4);

	memset(frame + DP_USUAL_UDP + 6, 0, 2);
	ip->hdr_checksum = 0;
	ip->hdr_checksum = rte_ipv4_cksum(ip);
}

/* One event, changed, given to the worker: its frame as it was read, in @p; false: the long way. */
static bool given(const struct change *c, uint64_t flags, struct dp_packet *p)
{
	static uint8_t records[2048], frame[PACKET_MAX];
	struct rh_event_spec spec = fx_spec(&pub, "some/topic", "13 bytes long");
	size_t len = fx_frame_make(&pub, frame, records, record_put(records, &spec));
	struct rte_mbuf *m;
	struct dp_usual like = dp_usual_to(RH_WIRE_UDP_PORT, rh_rcu_deref(fx.eng->tables.local[fx.port]));
	bool usual;

	for (uint32_t i = 0; i < c->count; i++)
		frame[c->at[i]] = c->to[i];
	sums_mend(frame);
	memset(frame + len, 0, c->longer);
	m = buffer_of(frame, len + c->longer - RTE_MIN(len, (size_t)c->shorter));
	m->ol_flags = flags;
	usual = dp_usual_take(p, m, &like);
	run(m, 0);
	out_free();
	return usual;
}

/* What became of it. */
struct outcome {
	uint64_t events, control, punted, parsed, matched, unmatched, copies, datagrams[DP_DROP_COUNT], drops[DP_DROP_COUNT];
};

static struct outcome outcome_so_far(void)
{
	struct dp_counters c;
	struct outcome o;

	(void)dp_counters_read(fx.eng, 0, &c);
	o = (struct outcome){c.event_datagrams, c.control_datagrams, c.punted_datagrams, c.events_parsed, c.events_matched,
		c.events_unmatched, c.copies_made, {0}, {0}};
	memcpy(o.datagrams, c.drop_datagrams, sizeof(o.datagrams));
	memcpy(o.drops, c.drop_events, sizeof(o.drops));
	return o;
}

static struct outcome outcome_of(const struct change *c, uint64_t flags, bool *usual)
{
	struct outcome before = outcome_so_far(), after;
	uint64_t *to = (uint64_t *)&after;
	struct dp_packet p;

	*usual = given(c, flags, &p);
	after = outcome_so_far();
	for (size_t i = 0; i < sizeof(after) / sizeof(*to); i++)
		to[i] -= ((const uint64_t *)&before)[i];
	return after;
}

/* What becomes of it the short way is what becomes of it the long one; @refused: it brought no event. True: it was usual. */
static bool both_ways_agree(const struct change *c, size_t *refused)
{
	bool usual, again;
	struct outcome one = outcome_of(c, 0, &usual), other = outcome_of(c, UNCHECKED, &again);

	cr_assert_not(again);
	cr_assert_arr_eq(&one, &other, sizeof(one), "%u changed, [%u] = %02x, [%u] = %02x, %u longer, %u shorter",
		c->count, c->at[0], c->to[0], c->at[1], c->to[1], c->longer, c->shorter);
	/* Nothing that is the kernel's or to be refused by its headers up to UDP may look usual. */
	cr_assert(!usual || !one.datagrams[DP_DROP_NO_SLOW_PATH]);
	*refused += !one.events;
	return usual;
}

static void both_ways(size_t cases)
{
	size_t short_way = 0, refused = 0;

	for (size_t n = 0; n < cases; n++) {
		struct change c = change_roll();

		short_way += both_ways_agree(&c, &refused);
	}
	cr_assert_gt(short_way, cases / 8);
	cr_assert_gt(refused, cases / 8);
}

Test(usual, says_what_the_long_way_says)
{
	rnd_init(&rnd, "usual");
	both_ways(rnd_cases(20000, 2000000));
}

/* Each byte of the headers by each of its bits, and by a length one more or less. */
Test(usual, says_it_with_any_bit_of_the_headers_changed)
{
	static uint8_t records[2048], frame[PACKET_MAX];
	size_t refused = 0;

	for (uint32_t at = 12; at < HEADERS; at++)
		for (uint32_t bit = 0; bit < 8; bit++) {
			struct rh_event_spec spec = fx_spec(&pub, "some/topic", "13 bytes long");
			size_t len = fx_frame_make(&pub, frame, records, record_put(records, &spec));
			struct change c = {.count = 1, .at = {at}, .to = {frame[at] ^ (uint8_t)(1u << bit)}};

			cr_assert_gt(len, at);
			(void)both_ways_agree(&c, &refused);
		}
	for (uint32_t by = 1; by < 20; by++) {
		cr_assert_not(both_ways_agree(&(struct change){.longer = by}, &refused));
		cr_assert_not(both_ways_agree(&(struct change){.shorter = by}, &refused));
	}
	cr_assert_gt(refused, HEADERS);
}

Test(usual, says_it_of_ports_with_addresses_too)
{
	struct dp_local local[2] = {{.family = 4, .vlan = 7}, {.family = 4, .vlan = DP_VLAN_NONE}};

	rnd_init(&rnd, "usual addresses");
	memcpy(local[0].bytes, pub.router, 4);
	memcpy(local[1].bytes, pub.router, 4);
	cr_assert_eq(dp_engine_set_local(fx.eng, fx.port, local, 2), 0);
	both_ways(rnd_cases(10000, 1000000));
	local[1].bytes[3] ^= 1;
	cr_assert_eq(dp_engine_set_local(fx.eng, fx.port, local, 2), 0);
	for (int i = 0; i < 2; i++) {
		bool usual;

		cr_assert_eq(outcome_of(&(struct change){0}, 0, &usual).datagrams[DP_DROP_NO_SLOW_PATH], 1);
		cr_assert_not(usual);
	}
}

Test(usual, what_it_reads_is_what_is_there)
{
	struct dp_packet p = {0};

	cr_assert(given(&(struct change){0}, 0, &p));
	cr_assert_eq(p.speaker.family, 4);
	cr_assert_eq(p.vlan, DP_VLAN_NONE);
	cr_assert_eq(p.speaker.port, pub.port);
	cr_assert_arr_eq(p.speaker.address, pub.address, 4);
	cr_assert_eq(p.bytes - p.ip, 20 + 8);
}

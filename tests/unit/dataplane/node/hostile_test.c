/* Records of every kind, whole and broken, at both workers, between openings and closings: the books stay right, and
 * when all is over nothing is still taken. */

#include "tests/unit/dataplane/node/fixture.h"

#include "tests/lib/random.h"

#include <stdlib.h>

#define CLIENTS	   6
#define BIG	   3000
#define SLICE	   400
#define RECORD_MAX 700

static struct fx_client client[CLIENTS];
static dp_sub_id_t sub[CLIENTS];
static uint8_t big[CLIENTS][BIG + 200];
static uint32_t big_len[CLIENTS];
static uint64_t big_sequence[CLIENTS];
static struct rnd rnd;

static const char *const topics[] = {"a", "a/b", "x/y/z", "$sys/a", "a//b", "a/+", "#", "\xff"};
static const char *const filters[] = {"#", "a/#", "+/b", "a"};

static uint32_t below(uint32_t bound)
{
	return rnd_below(&rnd, bound);
}

static uint64_t number(void)
{
	static const uint64_t edges[] = {0, 1, 2, 128, UINT32_MAX, INT64_MAX, UINT64_MAX - 1, UINT64_MAX};

	return below(3) ? below(200) : edges[below(sizeof(edges) / sizeof(edges[0]))];
}

static void greet(uint32_t i)
{
	struct fx_client *c = &client[i];
	struct dp_session_conf conf;

	c->owner = i % 2;
	c->sequence = 1;
	conf = fx_conf(c);
	conf.max_datagram = 512 + below(1000);
	conf.queue_bytes = 1000 + below(100000);
	conf.queue_ms = 1 + below(2000);
	if (below(2)) {
		conf.tx_credit_events = below(50);
		conf.tx_credit_bytes = below(20000);
	}
	if (below(2)) {
		conf.rx_window_events = 1 + below(100);
		conf.rx_window_bytes = 1 + below(20000);
	}
	fx_open(c, &conf);
	sub[i] = fx_subscribe(c, filters[below(4)]);
}

static void leave(uint32_t i)
{
	fx_unsubscribe(sub[i]);
	cr_assert_eq(dp_session_close(fx.eng, client[i].slot), 0);
}

static size_t publish(struct fx_client *c, uint8_t *out)
{
	static uint8_t payload[400];
	struct rh_event_spec spec = fx_spec(c, topics[below(8)], NULL);

	spec.payload = payload;
	spec.payload_len = below(400);
	spec.alias = below(20) ? 0 : (uint16_t)(1 + below(3));
	spec.ttl_ms = below(2) ? RH_TTL_NONE : below(3);
	spec.hop_limit = (uint8_t)below(4);
	spec.mode = (uint8_t)(below(20) == 0);
	if (!below(10))
		spec.sequence = number();
	return (size_t)rh_event_encode(out, RECORD_MAX, &spec, false);
}

static void big_make(uint32_t i)
{
	static uint8_t payload[BIG];
	struct rh_event_spec spec = fx_spec(&client[i], topics[below(4)], NULL);

	spec.payload = payload;
	spec.payload_len = 500 + below(BIG - 500);
	big_sequence[i] = spec.sequence;
	big_len[i] = (uint32_t)rh_event_encode(big[i], sizeof(big[i]), &spec, true);
}

static size_t fragment(uint32_t i, uint8_t *out)
{
	struct rh_fragment f = {.id = below(20) ? 7 : below(9), .sequence = big_sequence[i], .total = big_len[i]};

	if (!f.sequence || !below(30)) {
		big_make(i);
		f.sequence = big_sequence[i];
		f.total = big_len[i];
	}
	f.offset = below((f.total + SLICE - 1) / SLICE) * SLICE;
	f.slice_len = f.total - f.offset < SLICE ? f.total - f.offset : SLICE;
	f.last = f.offset + f.slice_len == f.total;
	if (!below(40))
		f.total = below(2) ? RH_EVENT_MAX : (uint32_t)number();
	if (!below(40))
		f.sequence = number();
	rh_fragment_encode(out, &f);
	memcpy(out + RH_FRAGMENT_HDR, big[i] + f.offset, f.slice_len);
	return RH_FRAGMENT_HDR + f.slice_len;
}

static size_t control(uint8_t *out)
{
	static const uint8_t types[] = {RH_RECORD_HELLO, RH_RECORD_BYE, RH_RECORD_SUBSCRIBE, RH_RECORD_ALIAS,
		RH_RECORD_WELCOME, RH_RECORD_UNSUBSCRIBE, RH_RECORD_ACK, 0xee};
	struct rh_keepalive k = {.answer = below(2), .sent_events = number(), .sent_bytes = number()};
	struct rh_credit credit = {number(), number()};
	size_t len = 8 * (1 + below(10));

	switch (below(5)) {
	case 0:
		return (size_t)rh_credit_encode(out, RECORD_MAX, &credit);
	case 1:
		return (size_t)rh_keepalive_encode(out, RECORD_MAX, &k);
	default:
		for (size_t n = 0; n < len; n++)
			out[n] = (uint8_t)below(256);
		out[0] = types[below(8)];
		out[1] = out[2] = 0;
		out[3] = (uint8_t)len;
		return len;
	}
}

/* One to four records of client @i, now and then damaged, to either worker. */
static void datagram(uint32_t i)
{
	uint8_t records[4 * RECORD_MAX] = {0};
	struct fx_client c = client[i];
	size_t len = 0;

	for (uint32_t n = 1 + below(4); n && len < RECORD_MAX; n--) {
		uint32_t what = below(20);

		len += what < 9	   ? publish(&client[i], records + len)
		       : what < 18 ? fragment(i, records + len)
				   : control(records + len);
		len = RH_ALIGN_UP(len, (size_t)RH_WIRE_ALIGN);
	}
	for (uint32_t n = below(4) ? 0 : 1 + below(4); n; n--)
		records[below((uint32_t)len)] ^= (uint8_t)(1u << below(8));
	if (!below(20))
		len = below((uint32_t)len + 1);
	if (!below(30))
		c.wire_id ^= 1u << below(32);
	if (!below(50))
		c.port++;
	fx_records_in(&c, below(2), records, len);
	client[i].packet_number = c.packet_number;
}

static void forget_sent(void)
{
	static struct dp_punt punt;

	for (uint32_t i = 0; i < fx.sent_count; i++)
		free(fx.sent[i].bytes);
	fx.sent_count = fx.sent_read = fx.sent_read_at = 0;
	for (uint32_t w = 0; w < 2; w++)
		while (dp_punt_recv(fx.eng, w, &punt) == 0)
			;
}

static void something_else(uint32_t i)
{
	switch (below(40)) {
	case 0:
		leave(i);
		greet(i);
		break;
	case 1:
		fx_unsubscribe(sub[i]);
		sub[i] = fx_subscribe(&client[i], filters[below(4)]);
		break;
	case 2:
		fx_age(below(3000));
		break;
	case 3:
		fx_grant(&client[i], fx_stats(&client[i]).tx_events + below(100), RH_CREDIT_UNLIMITED);
		break;
	default:
		if (below(2))
			fx_poll();
	}
}

static void nothing_is_taken(void)
{
	for (uint32_t w = 0; w < 2; w++) {
		const struct dp_ctx *ctx = fx.eng->ctx[w];

		cr_assert_eq(ctx->reassembly_count, 0);
		cr_assert_eq(ctx->queued_copies, 0);
		cr_assert_eq(ctx->queued_bytes, 0);
		cr_assert_eq(ctx->copies_lent, 0);
		for (int i = 0; i < DP_STORE_CLASSES; i++)
			cr_assert_eq(ctx->store.class[i].used, 0, "worker %u, class %d", w, i);
	}
}

Test(hostile, bytes_break_no_law_and_leave_nothing_behind)
{
	size_t steps = rnd_cases(6000, 300000);

	rnd_init(&rnd, "hostile");
	fx_start(&(struct fx_options){.workers = 2, .max_sessions = 512});
	for (uint32_t i = 0; i < CLIENTS; i++) {
		fx_client_init(&client[i], i + 1, i % 3 ? 4 : 6, i == 4 ? 12 : DP_VLAN_NONE);
		greet(i);
	}
	for (size_t n = 0; n < steps; n++) {
		uint32_t i = below(CLIENTS);

		datagram(i);
		something_else(i);
		forget_sent();
	}
	for (uint32_t i = 0; i < CLIENTS; i++)
		leave(i);
	for (int n = 0; n < 40; n++) {
		fx_age(3000);
		fx_poll();
		forget_sent();
	}
	nothing_is_taken();
	cr_assert(fx_count(copies_tx) && fx_count(copies_to_owner) && fx_count(reassembled));
	cr_assert(fx_count(handoffs) && fx_count(event_datagrams) && fx_count(control_datagrams));
	fx_stop();
}

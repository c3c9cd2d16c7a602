#include "tests/unit/dataplane/node/fixture.h"

#include "dataplane/api/port.h"
#include "dataplane/base/rcu.h"
#include "dataplane/port/port_priv.h"
#include "dataplane/worker/lane_priv.h"

#include <rte_mbuf.h>
#include <rte_ring.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct fx fx;
static struct rte_ring *rings[2];

static void eal_start(void)
{
	static char prefix[32];
	struct dp_eal_conf conf = {.file_prefix = prefix, .hugepages = DP_HUGEPAGES_OFF, .memory_mb = 64};
	struct rh_error err = {""};

	(void)snprintf(prefix, sizeof(prefix), "node-%d", (int)getpid());
	cr_assert_eq(dp_eal_start(&conf, &err), 0, "%s", err.text);
}

static void port_open(const struct fx_options *o)
{
	struct dp_port_conf conf = {.name = "p0",
		.device = "net_ring0",
		.queues = fx.workers,
		.mtu = o->mtu,
		.rx_checksum_in_software = o->check_in_software};
	struct rh_error err = {""};

	cr_assert_eq(dp_port_open(&conf, &fx.port, &err), 0, "%s", err.text);
	rings[0] = rte_ring_lookup("ETH_RXTX0_net_ring0");
	rings[1] = rte_ring_lookup("ETH_RXTX1_net_ring0");
	cr_assert_not_null(rings[0]);
}

static void engine_create(const struct fx_options *o)
{
	struct dp_table_conf table = {.cache_entries = 1024, .max_workers = 2, .seed = 1};
	struct dp_engine_conf conf = {.worker_count = fx.workers,
		.max_sessions = o->max_sessions ? o->max_sessions : 64,
		.punt_rate = o->punt_rate,
		.control_rate = o->control_rate,
		.stage_timing = o->stage_timing,
		.content_share = o->content_share,
		.max_rx_datagrams = o->max_rx_datagrams,
		.node_incarnation = 77,
		.session_seed = 5};
	struct rh_error err = {""};

	cr_assert_eq(dp_table_create(&table, &fx.table, &err), 0, "%s", err.text);
	conf.table = fx.table;
	for (uint32_t w = 0; w < fx.workers; w++) {
		conf.workers[w].core = w + 1;
		conf.workers[w].ports[0] = fx.port;
		conf.workers[w].port_count = 1;
	}
	cr_assert_eq(dp_engine_create(&conf, &fx.eng, &err), 0, "%s", err.text);
}

void fx_start(const struct fx_options *options)
{
	static const struct fx_options none;
	const struct fx_options *o = options ? options : &none;

	fx.workers = o->workers ? o->workers : 1;
	eal_start();
	rh_rcu_register();
	port_open(o);
	engine_create(o);
}

/* Criterion does not count a failed assertion in a suite's fini: end the test's process instead, which it does count. */
static void demand(bool holds, const char *when, const char *what, int64_t off)
{
	if (holds)
		return;
	(void)fprintf(stderr, "%s: %s is off by %ld\n", when, what, (long)off);
	abort();
}

void fx_laws(const char *when)
{
	struct dp_counters c = fx_counters();
	struct dp_laws laws;

	dp_counters_laws(&c, &laws);
	demand(laws.datagrams == 0, when, "law of datagrams", laws.datagrams);
	demand(laws.events == 0, when, "law of events", laws.events);
	demand(laws.copies == 0, when, "law of copies", laws.copies);
}

void fx_forget(void)
{
	for (uint32_t i = 0; i < fx.sent_count; i++)
		free(fx.sent[i].bytes);
	fx.sent_count = fx.sent_read = fx.sent_read_at = 0;
}

void fx_stop(void)
{
	fx.lane_rests = false;
	fx_settle();
	fx_laws("at rest");
	dp_engine_stop(fx.eng, 0);
	fx_laws("stopped");
	demand(fx_counters().copies_queued == 0, "stopped", "copies_queued",
		(int64_t)fx_counters().copies_queued);
	dp_engine_destroy(fx.eng);
	dp_table_destroy(fx.table);
	rh_rcu_barrier();
	fx_forget();
	rh_rcu_unregister();
	dp_port_close(fx.port);
	dp_eal_stop();
}

static void harvest(uint32_t worker)
{
	struct rte_mbuf *m;

	while (rings[worker] && rte_ring_dequeue(rings[worker], (void **)&m) == 0) {
		struct fx_frame *f = &fx.sent[fx.sent_count++];

		cr_assert_lt(fx.sent_count, FX_FRAMES_MAX);
		f->len = rte_pktmbuf_data_len(m);
		f->worker = worker;
		f->bytes = malloc(f->len);
		memcpy(f->bytes, rte_pktmbuf_mtod(m, void *), f->len);
		rte_pktmbuf_free(m);
	}
}

static void poll_worker(uint32_t worker)
{
	(void)dp_worker_poll_once(fx.eng, fx.eng->ctx[worker]);
	harvest(worker);
}

void fx_frame_in(uint32_t worker, const uint8_t *frame, size_t len)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(dp_port_pool(fx.port));

	cr_assert_not_null(m);
	memcpy(rte_pktmbuf_append(m, (uint16_t)len), frame, len);
	cr_assert_eq(rte_ring_enqueue(rings[worker], m), 0);
	if (!fx.hold)
		poll_worker(worker);
}

void fx_poll(void)
{
	for (uint32_t w = 0; w < fx.workers; w++)
		poll_worker(w);
	while (fx.eng->lane && !fx.lane_rests && dp_lane_poll_once(fx.eng->lane))
		;
}

void fx_settle(void)
{
	for (int i = 0; i < 16; i++)
		fx_poll();
}

/* Moves what the workers remember instead of the clock. */
void fx_age(uint32_t ms)
{
	for (uint32_t w = 0; w < fx.workers; w++) {
		struct dp_ctx *ctx = fx.eng->ctx[w];
		uint64_t cycles = ctx->cycles_per_ms * ms;

		for (uint32_t i = 0; i < ctx->node_fresh; i++)
			ctx->nodes[i].queued_tsc -= cycles;
		for (uint32_t i = 0; i < DP_LIMIT_REASSEMBLY_TOTAL; i++)
			ctx->reassemblies[i].started_tsc -= cycles;
		for (uint32_t i = 0; i < ctx->owned_count; i++)
			ctx->tables->slots[ctx->owned[i]].last_rx_tsc -= cycles;
		for (uint32_t i = 0; i < DP_STORE_CLASSES; i++)
			for (uint32_t n = 0; n < ctx->store.class[i].fresh; n++)
				((struct dp_blob *)(ctx->store.class[i].base +
					 (size_t)n * ctx->store.class[i].size))
					->rx_tsc -= cycles;
		ctx->housekeeping_tsc = 0;
	}
}

static void address_of(uint8_t *out, uint8_t family, uint32_t n)
{
	memset(out, 0, 16);
	out[0] = family == 4 ? 10 : 0xfd;
	out[family == 4 ? 3 : 15] = (uint8_t)n;
}

void fx_client_init(struct fx_client *c, uint32_t n, uint8_t family, uint16_t vlan)
{
	struct dp_adjacency adj = {.port = fx.port,
		.vlan = vlan,
		.resolved = true,
		.src_mac = {2, 0, 0, 0, 0, 1},
		.dst_mac = {2, 0, 0, 0, 1, (uint8_t)n}};

	*c = (struct fx_client){.family = family,
		.vlan = vlan,
		.port = (uint16_t)(40000 + n),
		.incarnation = 1000 + n,
		.sequence = 1,
		.packet_number = 1};
	address_of(c->address, family, n);
	address_of(c->router, family, 254);
	cr_assert_eq(dp_adj_create(fx.eng, &adj, &c->adjacency), 0);
}

struct dp_session_conf fx_conf(const struct fx_client *c)
{
	struct dp_session_conf conf = {
		.local = {.family = c->family, .port = RH_WIRE_UDP_PORT},
		.remote = {.family = c->family, .port = c->port},
		.adjacency = c->adjacency,
		.owner = c->owner,
		.incarnation = c->incarnation,
		.max_datagram = 1472,
		.tx_credit_events = RH_CREDIT_UNLIMITED,
		.tx_credit_bytes = RH_CREDIT_UNLIMITED,
		.queue_bytes = 1 << 20,
		.queue_ms = 5000,
		.first_packet_number = 1,
	};

	memcpy(conf.local.bytes, c->router, 16);
	memcpy(conf.remote.bytes, c->address, 16);
	return conf;
}

void fx_open(struct fx_client *c, const struct dp_session_conf *conf)
{
	struct rh_error err = {""};

	cr_assert_eq(dp_session_open(fx.eng, conf, &c->slot, &c->wire_id, &c->check, &err), 0, "%s",
		err.text);
	fx_poll();
}

void fx_connect(struct fx_client *c, uint32_t n)
{
	struct dp_session_conf conf;

	fx_client_init(c, n, 4, DP_VLAN_NONE);
	conf = fx_conf(c);
	fx_open(c, &conf);
}

dp_sub_id_t fx_subscribe(const struct fx_client *c, const char *filter)
{
	struct rh_filter parsed;
	struct rh_error err = {""};
	dp_sub_id_t sub;

	cr_assert_eq(rh_filter_parse(RH_DIALECT_MQTT, filter, strlen(filter), &parsed, &err), 0, "%s",
		err.text);
	cr_assert_eq(dp_table_sub_add(fx.table, 0, &parsed, c->slot, 0, &sub, &err), 0, "%s", err.text);
	(void)dp_table_publish(fx.table);
	return sub;
}

void fx_unsubscribe(dp_sub_id_t sub)
{
	cr_assert_eq(dp_table_sub_del(fx.table, sub), 0);
	(void)dp_table_publish(fx.table);
}

size_t fx_frame_make(struct fx_client *c, uint8_t *frame, const void *records, size_t len)
{
	static uint8_t datagram[PACKET_MAX];
	struct packet_spec spec = {.family = c->family,
		.vlan = c->vlan,
		.src_port = c->port,
		.dst_port = RH_WIRE_UDP_PORT,
		.payload = datagram,
		.payload_len = (uint16_t)(RH_DATAGRAM_HDR + len)};
	struct rh_datagram header = {.session = c->wire_id,
		.check = c->check,
		.packet_number = c->wire_id ? c->packet_number++ : 0,
		.length = spec.payload_len};

	rh_datagram_encode(datagram, &header);
	memcpy(datagram + RH_DATAGRAM_HDR, records, len);
	memcpy(spec.src, c->address, 16);
	memcpy(spec.dst, c->router, 16);
	return packet_build(frame, &spec);
}

void fx_records_in(struct fx_client *c, uint32_t worker, const void *records, size_t len)
{
	static uint8_t frame[PACKET_MAX];

	fx_frame_in(worker, frame, fx_frame_make(c, frame, records, len));
}

struct rh_event_spec fx_spec(struct fx_client *c, const char *topic, const char *payload)
{
	return (struct rh_event_spec){.topic = topic,
		.topic_len = (uint16_t)strlen(topic),
		.payload = (const uint8_t *)payload,
		.payload_len = payload ? (uint32_t)strlen(payload) : 0,
		.sequence = c->sequence++,
		.incarnation = c->incarnation,
		.ttl_ms = RH_TTL_NONE,
		.class = RH_CLASS_DEFAULT,
		.hop_limit = RH_HOP_LIMIT_DEFAULT};
}

void fx_event_in(struct fx_client *c, const struct rh_event_spec *spec)
{
	uint8_t record[9000];
	int len = rh_event_encode(record, sizeof(record), spec, false);

	cr_assert_gt(len, 0);
	fx_records_in(c, c->owner, record, RH_ALIGN_UP((size_t)len, RH_WIRE_ALIGN));
}

void fx_publish(struct fx_client *c, const char *topic, const char *payload)
{
	struct rh_event_spec spec = fx_spec(c, topic, payload);

	fx_event_in(c, &spec);
}

void fx_publish_sequence(struct fx_client *c, uint64_t sequence, const char *topic, const char *payload)
{
	c->sequence = sequence;
	fx_publish(c, topic, payload);
}

void fx_grant(struct fx_client *c, uint64_t events, uint64_t bytes)
{
	struct rh_credit credit = {events, bytes};
	uint8_t record[RH_CREDIT_HDR];

	cr_assert_eq(rh_credit_encode(record, sizeof(record), &credit), RH_CREDIT_HDR);
	fx_records_in(c, c->owner, record, sizeof(record));
}

/* Frame @i, if it goes to @c. */
static bool frame_to(uint32_t i, const struct fx_client *c, struct packet_view *v, struct rh_datagram *h)
{
	cr_assert(packet_parse(fx.sent[i].bytes, fx.sent[i].len, v), "frame %u is malformed", i);
	if (v->dst_port != c->port || memcmp(v->dst, c->address, 16) != 0)
		return false;
	cr_assert_eq(rh_datagram_parse(v->payload, v->payload_len, h), RH_FRAME_OK);
	if (c->wire_id)
		cr_assert(h->session == c->wire_id && h->check == c->check);
	return true;
}

static bool copy_take(const struct rh_record *rec, struct fx_copy *out, uint32_t *have)
{
	struct rh_fragment f;

	if (rec->type == RH_RECORD_PUBLISH) {
		memcpy(out->bytes, rec->bytes, rec->len);
		cr_assert_eq(rh_event_parse(out->bytes, rec->len, false, &out->event), RH_FRAME_OK);
		return true;
	}
	cr_assert_eq(rh_fragment_parse(rec->bytes, rec->len, &f), RH_FRAME_OK);
	cr_assert_eq(f.offset, *have);
	memcpy(out->bytes + f.offset, f.slice, f.slice_len);
	*have += f.slice_len;
	if (*have < f.total)
		return false;
	cr_assert(f.last);
	cr_assert_eq(rh_event_parse(out->bytes, f.total, true, &out->event), RH_FRAME_OK);
	return true;
}

/* The next event record of the frame that is being read, from fx.sent_read_at on; past the frame's end: 0 and false. */
static bool event_next(const struct fx_copy *out, struct rh_record *rec)
{
	struct rh_record_cursor cur = rh_record_first(out->packet.payload, out->header.length);

	cur.next += fx.sent_read_at;
	do {
		cr_assert_eq(rh_record_next(&cur, rec), RH_FRAME_OK);
		fx.sent_read_at = rec->bytes ? (uint32_t)(cur.next - out->packet.payload) - RH_DATAGRAM_HDR : 0;
	} while (rec->bytes && rec->type != RH_RECORD_PUBLISH && rec->type != RH_RECORD_FRAGMENT);
	return rec->bytes != NULL;
}

bool fx_copy(const struct fx_client *c, struct fx_copy *out)
{
	uint32_t have = 0, at = fx.sent_read, from = fx.sent_read_at, frame = FX_FRAMES_MAX;
	struct rh_record rec = {0};

	out->frames = 0;
	for (; at < fx.sent_count; at++, fx.sent_read_at = 0) {
		if (!frame_to(at, c, &out->packet, &out->header))
			continue;
		while (event_next(out, &rec)) {
			out->frames += at != frame;
			frame = at;
			if (copy_take(&rec, out, &have)) {
				fx.sent_read = at;
				return true;
			}
		}
	}
	/* Whoever asks next, perhaps for another client, begins where this one did. */
	fx.sent_read_at = from;
	return false;
}

uint32_t fx_copies(const struct fx_client *c)
{
	static struct fx_copy copy;
	uint32_t n = 0;

	fx.sent_read = fx.sent_read_at = 0;
	while (fx_copy(c, &copy))
		n++;
	fx.sent_read = fx.sent_read_at = 0;
	return n;
}

const uint8_t *fx_control(const struct fx_client *c, uint8_t type, uint32_t *len)
{
	for (uint32_t i = fx.sent_count; i-- > 0;) {
		struct packet_view v;
		struct rh_datagram h;
		struct rh_record_cursor cur;
		struct rh_record rec;

		if (!frame_to(i, c, &v, &h))
			continue;
		cur = rh_record_first(v.payload, h.length);
		while (rh_record_next(&cur, &rec) == RH_FRAME_OK && rec.bytes)
			if (rec.type == type) {
				*len = rec.len;
				return rec.bytes;
			}
	}
	return NULL;
}

struct dp_counters fx_counters(void)
{
	struct dp_counters c;

	dp_counters_sum(fx.eng, &c);
	return c;
}

struct dp_session_stats fx_stats(const struct fx_client *c)
{
	struct dp_session_stats stats;

	cr_assert_eq(dp_session_stats(fx.eng, c->slot, &stats), 0);
	return stats;
}

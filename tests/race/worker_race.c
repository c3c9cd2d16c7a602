/*
 * Two workers on plain threads, the content lane's thread and a control thread that changes everything it may while events flow: subscriptions, patterns, sessions, next
 * hops, aliases, trace, punts, injected frames, counters. Events are of all classes; one subscriber has little credit, and what waits for it gives way by class. Every other pair of subscriptions has a pattern, for which the workers have no budget, so the lane decides. Watched by control:
 *  - after dp_engine_seen reached the generation of an unsubscribe, not one more copy for it is handed to a transmit queue;
 *  - the conservation laws hold when all is over.
 *
 * The first worker makes its own frames and hands them to the pipeline as if a device had received them. Each worker has a port and
 * with it a pool of its own: DPDK's pools are not instrumented, so a buffer that changed hands would look like a race.
 *
 * `broken` takes the copies that leave before the unsubscribe for late ones.
 */

#include "dataplane/api/port.h"
#include "dataplane/api/punt.h"
#include "dataplane/api/trace.h"
#include "dataplane/base/rcu.h"
#include "dataplane/match/budget.h"
#include "dataplane/node/node.h"
#include "dataplane/port/port_priv.h"
#include "dataplane/worker/engine_priv.h"
#include "tests/lib/packet.h"
#include "tests/lib/patterns.h"

#include <pthread.h>
#include <rte_lcore.h>
#include <rte_mbuf.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define ROUNDS	    400
#define SLOW_CREDIT 64
#define SLOW_BYTES  2048
#define SLOW_MS	    5
#define WAIT_ROUNDS 20000
/* Cycles that no worker pays back in the time. */
#define DEBT INT64_C(1000000000000000)

static struct dp_engine *eng;
static struct dp_table *table;
static uint32_t ports[2];
static bool broken;
static uint64_t failures;

struct client {
	dp_session_id_t slot;
	uint32_t wire, check, owner;
	dp_adj_id_t adjacency;
	uint8_t number;
	bool is_slow;
};
static struct client pub, near, far, slow = {.is_slow = true};
/* Subscribed all the time, so that an event has receivers enough to go the wide way (wide.h), some of them another worker's. */
static struct client crowd[6];

static void die(const char *what)
{
	(void)fprintf(stderr, "race: %s\n", what);
	exit(2);
}

static void fail_if(bool bad, const char *what)
{
	if (bad && failures++ < 5 && !broken)
		(void)fprintf(stderr, "race: %s\n", what);
}

/* One event of the publisher as a frame. */
static struct rte_mbuf *frame_make(uint64_t sequence)
{
	uint8_t datagram[256] = {0}, frame[PACKET_MAX];
	struct rh_event_spec spec = {.topic = sequence & 1 ? "t/odd" : "",
		.topic_len = sequence & 1 ? 5 : 0,
		.alias = sequence & 1 ? 0 : 3,
		.payload = (const uint8_t *)"payload",
		.payload_len = 7,
		.sequence = sequence,
		.incarnation = 7,
		.ttl_ms = RH_TTL_NONE,
		.class = sequence / 2 % DP_CLASSES,
		.hop_limit = 32};
	int len = rh_event_encode(
		datagram + RH_DATAGRAM_HDR, sizeof(datagram) - RH_DATAGRAM_HDR, &spec, false);
	struct rh_datagram h = {.session = pub.wire,
		.check = pub.check,
		.packet_number = sequence,
		.length = (uint16_t)(RH_DATAGRAM_HDR + RH_ALIGN_UP(len, RH_WIRE_ALIGN))};
	struct packet_spec p = {.family = 4,
		.vlan = PACKET_VLAN_NONE,
		.src = {10, 0, 0, pub.number},
		.dst = {10, 0, 0, 254},
		.src_port = 40000,
		.dst_port = RH_WIRE_UDP_PORT,
		.payload = datagram,
		.payload_len = h.length};
	struct rte_mbuf *m = rte_pktmbuf_alloc(dp_port_pool(ports[0]));
	size_t size;

	if (!m)
		return NULL;
	rh_datagram_encode(datagram, &h);
	size = packet_build(frame, &p);
	memcpy(rte_pktmbuf_append(m, (uint16_t)size), frame, size);
	return m;
}

static void feed(struct dp_ctx *ctx, uint64_t *sequence)
{
	struct rte_mbuf *m = frame_make(*sequence);

	if (!m)
		return;
	(*sequence)++;
	dp_count(ctx, rx_datagrams, 1);
	dp_node_classify(ctx, ports[0], false, &m, 1);
}

static void *worker(void *arg)
{
	struct dp_ctx *ctx = arg;
	uint64_t sequence = 1;

	rh_rcu_register();
	/* An lcore of EAL's, for whom pools keep buffers: without them no copy goes straight or the wide way. */
	if (rte_thread_register() < 0)
		die("no lcore");
	rh_store_release(&ctx->running, 1);
	while (rh_load_acquire(&eng->phase) != DP_PHASE_EXIT) {
		(void)dp_worker_poll_once(eng, ctx);
		if (ctx->worker == 0 && rh_load_acquire(&eng->phase) == DP_PHASE_RUN)
			for (int i = 0; i < 8; i++)
				feed(ctx, &sequence);
		(void)sched_yield();
	}
	rte_thread_unregister();
	rh_rcu_unregister();
	rh_store_release(&ctx->running, 0);
	return NULL;
}

static void client_open(struct client *c)
{
	struct dp_session_conf conf = {
		.local = {.family = 4, .bytes = {10, 0, 0, 254}, .port = RH_WIRE_UDP_PORT},
		.remote = {.family = 4, .bytes = {10, 0, 0, c->number}, .port = 40000},
		.adjacency = c->adjacency,
		.owner = c->owner,
		.incarnation = 7,
		.max_datagram = 1400,
		.tx_credit_events = c->is_slow ? SLOW_CREDIT : RH_CREDIT_UNLIMITED,
		.tx_credit_bytes = RH_CREDIT_UNLIMITED,
		.queue_bytes = c->is_slow ? SLOW_BYTES : 1 << 20,
		.queue_ms = c->is_slow ? SLOW_MS : 1000};
	struct rh_error err = {""};

	if (dp_session_open(eng, &conf, &c->slot, &c->wire, &c->check, &err) < 0)
		die(err.text);
}

static void client_make(struct client *c, uint8_t number, uint32_t owner)
{
	struct dp_adjacency adj = {.port = ports[owner], .vlan = DP_VLAN_NONE, .resolved = true};

	c->number = number;
	c->owner = owner;
	if (dp_adj_create(eng, &adj, &c->adjacency) < 0)
		die("adjacency");
	client_open(c);
}

/* Databases are replaced while the lane scans with them. */
static void patterns_install(void)
{
	static const char *const pattern = "payload";
	struct rh_error err = {""};
	size_t len;
	void *bytes = test_patterns_compile(&pattern, 1, &len);

	if (!bytes || dp_table_patterns_set(table, 0, 0, bytes, len, 1, &err) < 0)
		die(err.text);
	free(bytes);
	(void)dp_table_publish(table);
}

static dp_sub_id_t subscribe(const struct client *c, dp_content_id_t content)
{
	struct rh_filter filter;
	dp_sub_id_t sub = DP_SUB_NONE;

	if (rh_filter_parse(RH_DIALECT_MQTT, "t/#", 3, &filter, NULL) < 0 ||
		dp_table_sub_add(table, 0, &filter, c->slot, content, &sub, NULL) < 0)
		die("subscribe");
	return sub;
}

static void rest(void)
{
	rh_rcu_offline();
	usleep(50);
	rh_rcu_online();
}

static void wait_seen(uint64_t generation)
{
	for (int i = 0; i < WAIT_ROUNDS && dp_engine_seen(eng) < generation; i++)
		rest();
	fail_if(dp_engine_seen(eng) < generation, "a worker does not load new generations");
}

static uint64_t sent_to(const struct client *c)
{
	struct dp_session_stats stats;

	if (dp_session_stats(eng, c->slot, &stats) < 0)
		die("stats");
	return stats.tx_events;
}

static void wait_for_copy(const struct client *c, uint64_t before)
{
	for (int i = 0; i < WAIT_ROUNDS && sent_to(c) == before; i++)
		rest();
}

/* What nobody may see: a copy after UNSUBACK. */
static void unsubscribe_and_watch(struct client *c, dp_sub_id_t sub)
{
	uint64_t before = sent_to(c), generation;

	if (broken)
		wait_for_copy(c, before);
	(void)dp_table_sub_del(table, sub);
	generation = dp_table_publish(table);
	wait_seen(generation);
	before = broken ? before : sent_to(c);
	rest();
	rest();
	fail_if(sent_to(c) != before, "a copy left after every worker had seen the unsubscribe");
}

static void change_the_rest(int round)
{
	static struct dp_trace_entry entries[16];
	static struct dp_punt punt;
	struct dp_adjacency adj = {.port = ports[far.owner], .vlan = (uint16_t)(round & 1 ? 7 : DP_VLAN_NONE),
		.resolved = true};
	struct dp_control_target to = {.local = {.family = 4, .bytes = {10, 0, 0, 254}, .port = 1},
		.remote = {.family = 4, .bytes = {10, 0, 0, 9}, .port = 2},
		.adjacency = near.adjacency};
	uint8_t bytes[64] = {0};
	struct dp_counters sum;
	struct dp_worker_status status;
	uint64_t generation;

	(void)dp_adj_update(eng, far.adjacency, &adj);
	(void)dp_session_alias(eng, pub.slot, 3, "t/even", 6, &generation);
	(void)dp_control_send(eng, &to, bytes, sizeof(bytes));
	(void)dp_inject_frame(eng, ports[1], bytes, sizeof(bytes));
	(void)dp_engine_set_slow_path(eng, ports[0], round & 1);
	if (round % 8 == 0)
		(void)dp_trace_start(eng, NULL);
	(void)dp_trace_read(eng, entries, 16);
	if (round % 8 == 4)
		dp_trace_stop(eng);
	for (uint32_t w = 0; w < 2; w++) {
		while (dp_punt_recv(eng, w, &punt) == 0)
			;
		(void)dp_engine_worker_status(eng, w, &status);
	}
	dp_counters_sum(eng, &sum);
}

static uint64_t queued_for(const struct client *c)
{
	struct dp_session_stats stats;

	if (dp_session_stats(eng, c->slot, &stats) < 0)
		die("stats");
	return stats.queued_bytes;
}

/* Another session in its place. */
static void client_change(struct client *c)
{
	if (dp_session_close(eng, c->slot) < 0)
		die("close");
	client_open(c);
}

static void control_run(int rounds)
{
	dp_content_id_t content;
	dp_sub_id_t slow_sub;

	patterns_install();
	content = test_pattern_content(table, 0, 1);
	slow_sub = subscribe(&slow, 0);
	for (int round = 0; round < rounds; round++) {
		struct client *c = round & 1 ? &near : &far;
		dp_sub_id_t sub = subscribe(c, round & 2 ? content : 0);

		wait_seen(dp_table_publish(table));
		change_the_rest(round);
		rest();
		if (round % 16 == 6)
			patterns_install();
		unsubscribe_and_watch(c, sub);
		fail_if(queued_for(&slow) > SLOW_BYTES, "more waits than the queue's bound");
		if (round % 4 == 3)
			client_change(c);
		if (round % 32 == 31) {
			(void)dp_table_sub_del(table, slow_sub);
			client_change(&slow);
			slow_sub = subscribe(&slow, 0);
		}
		rh_rcu_quiescent();
	}
}

static void engine_make(void)
{
	static char prefix[32];
	struct dp_eal_conf eal = {.file_prefix = prefix, .hugepages = DP_HUGEPAGES_OFF, .memory_mb = 64};
	struct dp_table_conf tc = {.cache_entries = 1024, .max_workers = 2};
	struct dp_engine_conf conf = {.worker_count = 2, .max_sessions = 64, .node_incarnation = 1, .content_share = 2};
	struct rh_error err = {""};

	(void)snprintf(prefix, sizeof(prefix), "race-%d", (int)getpid());
	if (dp_eal_start(&eal, &err) < 0 || dp_table_create(&tc, &table, &err) < 0)
		die(err.text);
	conf.table = table;
	for (uint32_t w = 0; w < 2; w++) {
		struct dp_port_conf pc = {.queues = 1};

		(void)snprintf(pc.name, sizeof(pc.name), "p%u", w);
		(void)snprintf(pc.device, sizeof(pc.device), "net_null%u,no-rx=1", w);
		if (dp_port_open(&pc, &ports[w], &err) < 0)
			die(err.text);
		conf.workers[w].ports[0] = ports[w];
		conf.workers[w].port_count = 1;
	}
	if (dp_engine_create(&conf, &eng, &err) < 0)
		die(err.text);
}

static void laws_check(void)
{
	struct dp_counters sum;
	struct dp_laws laws;

	dp_counters_sum(eng, &sum);
	dp_counters_laws(&sum, &laws);
	fail_if(laws.datagrams || laws.events || laws.copies, "a conservation law does not hold");
	if (!sum.copies_tx || !sum.copies_to_owner || !sum.content_to_lane || sum.events_waiting ||
		!sum.drop_copies[DP_DROP_QUEUE_FULL] || !sum.drop_copies[DP_DROP_QUEUE_EXPIRED])
		die("nothing flowed: the test would prove nothing");
}

int main(int argc, char **argv)
{
	struct rh_error err = {""};
	pthread_t threads[2];

	broken = argc > 1 && strcmp(argv[1], "broken") == 0;
	rh_rcu_register();
	engine_make();
	client_make(&pub, 1, 0);
	client_make(&near, 2, 0);
	client_make(&far, 3, 1);
	client_make(&slow, 4, 1);
	for (uint8_t i = 0; i < RH_ARRAY_LEN(crowd); i++) {
		client_make(&crowd[i], (uint8_t)(5 + i), i % 3 == 2);
		(void)subscribe(&crowd[i], 0);
	}
	(void)dp_table_publish(table);
	for (int w = 0; w < 2; w++) {
		eng->ctx[w]->budget->account[0] = (struct dp_account){.cycles = -DEBT, .filled_tsc = rh_tsc()};
		eng->ctx[w]->budget->idle_depth = 0;
	}
	if (dp_lane_start(eng, &err) < 0)
		die(err.text);
	/* Workers run, though not on cores of EAL's. */
	eng->running = true;
	for (int w = 0; w < 2; w++)
		if (pthread_create(&threads[w], NULL, worker, eng->ctx[w]))
			die("no thread");
	control_run(ROUNDS);
	rh_rcu_offline();
	dp_engine_stop(eng, 100);
	for (int w = 0; w < 2; w++)
		(void)pthread_join(threads[w], NULL);
	rh_rcu_online();
	laws_check();
	dp_engine_destroy(eng);
	dp_table_destroy(table);
	if (broken)
		return failures == 0;
	return failures != 0;
}

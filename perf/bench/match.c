/*
 * Cycles per event of matching alone, on the workload of scenario `hot`: 10,000 subscriptions, half
 * with wildcards, Zipf(1.0) over 100,000 topics, a trace of 16,384 events. One thread, no ports.
 * Every event's bytes stand in a packet buffer of 256 bytes of their own, as the receive stage
 * would leave them. Each answer is compared with the reference once before anything is timed.
 */

#include "dataplane/base/clock.h"
#include "dataplane/base/compiler.h"
#include "dataplane/base/rcu.h"
#include "dataplane/frame/event.h"
#include "dataplane/match/match_lookup.h"
#include "perf/gen/workload.h"
#include "tests/lib/patterns.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PACKET_BYTES  256
#define TOPIC_AT      80
#define BURST	      32
#define BATCHES	      201
#define CACHE_ENTRIES 65536
#define EQUAL_FILTERS 100000
#define SEED	      20240601
#define EVENTS	      16384
/* A session that no subscriber of the workload has. */
#define BYSTANDER     60000
#define CHECK_MOST    1000000000ULL

static struct workload load;
static uint8_t (*packets)[PACKET_BYTES];
static struct dp_match_key keys[EVENTS];

struct bench {
	struct dp_table *table;
	struct dp_match *match;
};

/* Of every event. */
static uint8_t attributes[64];
static uint16_t attributes_len;

static void must(bool holds, const char *what)
{
	if (holds)
		return;
	(void)fprintf(stderr, "match: %s\n", what);
	exit(1);
}

static void packets_make(void)
{
	struct rh_attribute number = {.name = "number", .name_len = 6, .type = RH_ATTR_INTEGER, .value = "5", .value_len = 1};

	attributes_len = (uint16_t)rh_attribute_put(attributes, sizeof(attributes), 0, &number);
	packets = aligned_alloc(RH_CACHE_LINE, sizeof(*packets) * EVENTS);
	must(packets, "no memory");
	for (uint32_t e = 0; e < EVENTS; e++) {
		char topic[WORKLOAD_TEXT_MAX];
		uint16_t len = (uint16_t)workload_topic(&load, e, topic);

		memset(packets[e], 'p', PACKET_BYTES);
		memcpy(packets[e] + TOPIC_AT, topic, len);
		keys[e] = (struct dp_match_key){
			.topic = (const char *)packets[e] + TOPIC_AT,
			.topic_len = len,
			.payload = packets[e] + TOPIC_AT + len,
			.payload_len = (uint32_t)(PACKET_BYTES - TOPIC_AT - len),
			.attributes = attributes,
			.attributes_len = attributes_len,
		};
	}
}

static dp_sub_id_t subscribe(
	struct dp_table *table, const char *text, dp_session_id_t session, dp_pattern_id_t pattern)
{
	struct rh_filter filter;
	dp_sub_id_t sub = DP_SUB_NONE;

	must(rh_filter_parse(RH_DIALECT_MQTT, text, strlen(text), &filter, NULL) == 0, text);
	must(dp_table_sub_add(table, 0, &filter, session, test_pattern_content(table, 0, pattern), &sub, NULL) == 0, text);
	return sub;
}

static struct bench bench_open(uint32_t cache_entries)
{
	struct dp_table_conf conf = {.cache_entries = cache_entries, .max_workers = 1};
	struct bench b = {0};

	must(dp_table_create(&conf, &b.table, NULL) == 0, "no table");
	must(dp_match_create(b.table, 0, &b.match) == 0, "no matching state");
	for (uint32_t s = 0; s < load.spec.subscriptions; s++) {
		char text[WORKLOAD_TEXT_MAX];

		(void)workload_filter(&load, s, text);
		(void)subscribe(b.table, text, workload_subscriber(&load, s), 0);
	}
	(void)dp_table_publish(b.table);
	return b;
}

static void bench_close(struct bench *b)
{
	dp_match_destroy(b->match);
	dp_table_destroy(b->table);
}

/* Every event's receivers against the reference. */
static void check(struct bench *b)
{
	struct dp_match_result results[BURST];

	(void)dp_match_begin(b->match);
	for (uint32_t e = 0; e < EVENTS; e += BURST) {
		dp_match_burst(b->match, keys + e, BURST, results);
		for (uint32_t i = 0; i < BURST; i++) {
			uint32_t copies = workload_copies(&load, e + i);

			must(results[i].count == copies, "wrong number of receivers");
			must(!copies || results[i].receivers[0].session ==
					workload_receiver(&load, e + i, 0), "wrong receiver");
		}
	}
}

static uint64_t receivers; /* keeps the work from being optimised away */

/* TSC cycles for @events events from @from on. */
static uint64_t pass(struct bench *b, uint32_t from, uint32_t events)
{
	struct dp_match_result results[BURST];
	uint64_t start = rh_tsc();

	for (uint32_t e = from; e < from + events; e += BURST) {
		(void)dp_match_begin(b->match);
		dp_match_burst(b->match, keys + e, BURST, results);
		for (uint32_t i = 0; i < BURST; i++)
			receivers += results[i].count;
		rh_rcu_quiescent();
	}
	return rh_tsc() - start;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void report(const char *what, double *sample, unsigned count)
{
	qsort(sample, count, sizeof(*sample), by_value);
	(void)printf("%-58s %8.1f %8.1f\n", what, sample[0], sample[count / 2]);
}

/* @events of the trace, again and again: all of it, or one burst from the middle. */
static void time_passes(struct bench *b, const char *what, uint32_t events, bool change)
{
	uint32_t from = events < EVENTS ? EVENTS / 2 : 0;
	static double sample[BATCHES];

	(void)pass(b, from, events);
	for (unsigned i = 0; i < BATCHES; i++) {
		uint32_t rounds = EVENTS / events;
		uint64_t cycles = 0;

		if (change) {
			must(dp_table_sub_del(b->table, subscribe(b->table, "+/nobody", 0, 0)) == 0,
				"del");
			(void)dp_table_publish(b->table);
		}
		for (uint32_t r = 0; r < rounds; r++)
			cycles += pass(b, from, events);
		sample[i] = (double)cycles / (rounds * events);
	}
	report(what, sample, BATCHES);
}

static void bench_cache(void)
{
	struct bench b = bench_open(CACHE_ENTRIES);
	struct dp_match_counters c;

	check(&b);
	check(&b);
	time_passes(&b, "hit, one burst of packets (all in the first caches)", BURST, false);
	time_passes(&b, "hit, whole trace", EVENTS, false);
	dp_match_counters(b.match, &c);
	must(c.stale == 0 && c.evictions == 0 && c.uncacheable == 0, "not only hits");
	time_passes(&b, "hit, whole trace, a filter changed elsewhere", EVENTS, true);
	bench_close(&b);
}

static void bench_walk(void)
{
	struct bench b = bench_open(0);

	check(&b);
	time_passes(&b, "miss, whole trace (cache off: cut, check, walk)", EVENTS, false);
	bench_close(&b);
}

static void bench_content(void)
{
	static const char *const pattern[] = {"CVE-[0-9]{4}-[0-9]{4,}"};
	struct bench b = bench_open(CACHE_ENTRIES);
	size_t len = 0;
	void *bytes = test_patterns_compile(pattern, 1, &len);

	must(bytes && dp_table_patterns_set(b.table, 0, 0, bytes, len, 1, NULL) == 0, "no patterns");
	(void)subscribe(b.table, "#", BYSTANDER, 1);
	(void)dp_table_publish(b.table);
	check(&b);
	time_passes(&b, "hit with one conditional candidate (one scan, no match)", EVENTS,
		false);
	free(bytes);
	bench_close(&b);
}

/* "number != 10 AND ... ", @different predicates of which the first stands @again times more, all true of every event. */
static void expression(struct dp_table *table, dp_content_id_t id, unsigned different, unsigned again)
{
	struct rh_cesql_tree *tree = malloc(sizeof(*tree));
	char text[1024];
	size_t at = 0;

	for (unsigned i = 0; i < different + again; i++)
		at += (size_t)snprintf(text + at, sizeof(text) - at, "%snumber != %u", i ? " AND " : "", i < different ? i + 10 : 10);
	must(tree && rh_cesql_parse(text, at, tree, NULL, NULL) == 0, text);
	must(dp_table_content_add(table, 0, id, tree, NULL, NULL) == 0, text);
	free(tree);
}

/* So many subscriptions to all topics, each with an expression that holds. */
static void bench_expression(const char *what, unsigned conditions, unsigned different, unsigned again)
{
	struct bench b = bench_open(CACHE_ENTRIES);
	struct rh_filter all;
	dp_sub_id_t sub;

	must(rh_filter_parse(RH_DIALECT_MQTT, "#", 1, &all, NULL) == 0, "#");
	for (unsigned i = 0; i < conditions; i++) {
		expression(b.table, i + 1, different, again + i);
		must(dp_table_sub_add(b.table, 0, &all, BYSTANDER + i, i + 1, &sub, NULL) == 0, "#");
	}
	(void)dp_table_publish(b.table);
	time_passes(&b, what, EVENTS, false);
	bench_close(&b);
}

/* Builder: cycles for one update of a filter that 100,000 others already have. */
static void bench_build(void)
{
	static double add[101], del[101];
	struct bench b = bench_open(0);

	for (uint32_t i = 0; i < EQUAL_FILTERS; i++)
		(void)subscribe(b.table, "equal/+/filters", i % 60000, 0);
	(void)dp_table_publish(b.table);
	rh_rcu_quiescent();
	for (unsigned i = 0; i < RH_ARRAY_LEN(add); i++) {
		uint64_t start = rh_tsc(), mid;
		dp_sub_id_t sub = subscribe(b.table, "equal/+/filters", 1, 0);

		(void)dp_table_publish(b.table);
		mid = rh_tsc();
		must(dp_table_sub_del(b.table, sub) == 0, "del");
		(void)dp_table_publish(b.table);
		del[i] = (double)(rh_tsc() - mid);
		add[i] = (double)(mid - start);
		rh_rcu_quiescent();
	}
	report("builder: add and publish beside 100,000 equal filters", add, RH_ARRAY_LEN(add));
	report("builder: remove and publish", del, RH_ARRAY_LEN(del));
	bench_close(&b);
}

/* The reference matcher is asked for every topic of the trace. */
static void workload_open(void)
{
	struct workload_spec spec = WORKLOAD_HOT;
	struct rh_error err = {""};
	uint32_t topics;
	bool all;

	spec.seed = SEED;
	must(workload_init(&load, &spec, &err) == 0, err.text);
	must(workload_check(&load, CHECK_MOST, &topics, &all, &err) == 0 && all, err.text);
}

int main(void)
{
	workload_open();
	packets_make();
	rh_rcu_register();
	(void)printf("TSC %.2f GHz, bursts of %d, %d batches\n", (double)rh_tsc_hz() / 1e9, BURST,
		BATCHES);
	(void)printf(
		"%-58s %8s %8s\n", "TSC cycles per event (builder: per update)", "least", "median");
	bench_cache();
	bench_walk();
	bench_content();
	bench_expression("hit with one expression of one predicate", 1, 1, 0);
	bench_expression("... of nine different ones", 1, 9, 0);
	bench_expression("... of one that stands there nine times", 1, 1, 8);
	bench_expression("... nine expressions of that one, 1 to 9 times", 9, 1, 0);
	bench_build();
	rh_rcu_barrier();
	rh_rcu_unregister();
	workload_fini(&load);
	free(packets);
	return receivers == 0;
}

/*
 * One builder changes subscriptions while one worker matches. Watched by the worker:
 *  - what was removed, and published before its burst began, is never returned; what was added is
 * always returned;
 *  - a session that changes from one filter to another (new one first) has exactly one copy at
 * every moment;
 *  - a session that waits for a payload pattern has its copy whichever database is in force;
 *  - filters that stay are found while thousands of others come and go, so that the table's segments
 * split, are rewritten and merge, and shapes appear and disappear.
 * A third thread lists the topics while they move from entries to records and to the rest: a row is
 * whole or it is not shown, it has no event twice, and what it lacks the rest admits to.
 *
 * `broken` makes the builder report changes before it makes them, and change filters the wrong way
 * round, and lets the worker look each time; either has to be noticed.
 */

#include "dataplane/api/topics.h"
#include "dataplane/base/atomic.h"
#include "dataplane/base/rcu.h"
#include "dataplane/match/match_lookup.h"
#include "tests/lib/patterns.h"
#include "tests/race/rounds.h"

#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ANCHORS	      32
#define FLOCK	      9000 /* filters that come and go in waves: some segments' worth */
#define FLOCK_STEP    64
#define MEMBERS	      400 /* sessions that come and go on one filter: sets inline and in chunks */
#define MOVER	      500
#define CONDITIONAL   501
#define ANCHOR	      502
#define YIELDS_MAX    10000000
#define OTHERS	      3000 /* topics; more than entries and records together */
#define OTHERS_LEN    500

/*
 * What the worker may rely on for a session: 0 while it changes, else generation << 1 | present.
 * Builder stores, worker loads before and after its burst; equal and not 0 means that nothing
 * changed in between.
 */
static uint64_t state[MEMBERS];
static dp_sub_id_t subs[MEMBERS];
static struct dp_table *table;
static dp_sub_id_t mover;
static bool broken, builder_done;
/* Of the topics of one letter, by length: events about to be matched, and matched. */
static uint64_t begun[OTHERS], done[OTHERS];
static uint64_t failures, wrong_members, wrong_moves, checks;
static uint64_t looks; /* bursts that the worker has ended */
static uint64_t
	seen; /* generation of the worker's burst; what dp_engine_seen tells the real builder */

static bool fail_if(bool bad, const char *what)
{
	if (bad && __atomic_fetch_add(&failures, 1, __ATOMIC_RELAXED) < 5 && !broken)
		(void)fprintf(stderr, "race: %s\n", what);
	return bad;
}

/* Until the worker has begun a burst and ended it. Bounded: a worker that stopped fails the test.
 */
static void let_worker_look(void)
{
	uint64_t from = rh_load_acquire(&looks);

	for (unsigned i = 0; i < YIELDS_MAX && rh_load_acquire(&looks) < from + 2; i++)
		(void)sched_yield();
}

static dp_sub_id_t add(const char *text, dp_session_id_t session, dp_pattern_id_t pattern)
{
	struct rh_filter filter;
	dp_sub_id_t sub = DP_SUB_NONE;

	if (rh_filter_parse(RH_DIALECT_MQTT, text, strlen(text), &filter, NULL) ||
		dp_table_sub_add(table, 0, &filter, session, test_pattern_content(table, 0, pattern), &sub, NULL))
		abort();
	return sub;
}

static void set_patterns(unsigned which)
{
	static const char *const sets[2][2] = {{"needle", "red"}, {"needle", "blue|green"}};
	static void *bytes[2];
	static size_t len[2];

	if (!bytes[which])
		bytes[which] = test_patterns_compile(sets[which], 2, &len[which]);
	if (!bytes[which] || dp_table_patterns_set(table, 0, 0, bytes[which], len[which], 2, NULL))
		abort();
}

static void toggle(uint32_t session)
{
	bool present = rh_load_relaxed(&state[session]) & 1;

	if (broken) {
		rh_store_release(&state[session], dp_table_publish(table) << 1 | !present);
		let_worker_look();
	} else {
		rh_store_release(&state[session], 0);
	}
	if (present)
		(void)dp_table_sub_del(table, subs[session]);
	else
		subs[session] = add("many/+", session, 0);
	rh_store_release(&state[session], dp_table_publish(table) << 1 | !present);
}

/* As a client does: the old filter goes once the new one is acknowledged. Bounded: a worker that
 * stopped fails the test. */
static void wait_until_seen(uint64_t generation)
{
	for (unsigned i = 0; i < YIELDS_MAX && rh_load_acquire(&seen) < generation; i++)
		(void)sched_yield();
	fail_if(rh_load_acquire(&seen) < generation, "the worker does not load new generations");
}

static dp_sub_id_t move(dp_sub_id_t from, unsigned round)
{
	const char *to = round & 1 ? "move/#" : "move/x";
	dp_sub_id_t sub;

	if (broken) {
		(void)dp_table_sub_del(table, from);
		(void)dp_table_publish(table);
		let_worker_look();
		return add(to, MOVER, 0);
	}
	sub = add(to, MOVER, 0);
	wait_until_seen(dp_table_publish(table));
	(void)dp_table_sub_del(table, from);
	return sub;
}

static dp_sub_id_t flock[FLOCK];

/* A wave of filters rises, then falls; every second one has a shape that nothing else has. */
static void flock_step(unsigned round)
{
	static const char *const texts[] = {"anchor/%u/up", "+/+/f%u/#"};
	unsigned steps = FLOCK / FLOCK_STEP;
	bool rising = round / steps % 2 == 0;
	char text[32];

	for (unsigned i = 0; i < FLOCK_STEP; i++) {
		unsigned at = round % steps * FLOCK_STEP + i;

		(void)snprintf(text, sizeof(text), texts[at % 2], at);
		if (rising)
			flock[at] = add(text, ANCHOR, 0);
		else if (flock[at] != DP_SUB_NONE)
			(void)dp_table_sub_del(table, flock[at]);
	}
}

static void *builder(void *arg)
{
	unsigned rounds = *(unsigned *)arg;
	uint64_t dice = 12345;

	rh_rcu_register();
	for (unsigned i = 0; i < rounds; i++) {
		for (unsigned k = 0; k < 4; k++) {
			dice = dice * 6364136223846793005ULL + 1442695040888963407ULL;
			toggle((uint32_t)(dice >> 33) % MEMBERS);
		}
		mover = move(mover, i + 1);
		flock_step(i);
		if (i % 64 == 0) {
			set_patterns(i / 64 & 1);
			(void)dp_table_publish(table);
		}
		if (i % 16 == 0) {
			rh_rcu_offline();
			(void)sched_yield();
			rh_rcu_online();
		}
		rh_rcu_quiescent();
	}
	rh_store_release(&builder_done, true);
	rh_rcu_unregister();
	return NULL;
}

static void check_members(
	const uint64_t *before, uint64_t generation, const struct dp_match_result *result)
{
	static uint8_t copies[MEMBERS];

	memset(copies, 0, sizeof(copies));
	for (uint32_t i = 0; i < result->count; i++)
		copies[result->receivers[i].session]++;
	for (uint32_t s = 0; s < MEMBERS; s++) {
		uint64_t after = rh_load_acquire(&state[s]);

		fail_if(copies[s] > 1, "two copies for one session");
		if (!before[s] || before[s] != after || before[s] >> 1 > generation)
			continue;
		checks++;
		wrong_members += fail_if(copies[s] != (before[s] & 1),
			copies[s] ? "copy for a removed subscription" : "subscription not found");
	}
}

static void burst(struct dp_match *match)
{
	static uint64_t before[MEMBERS];
	static const char payload[] = "a needle in it";
	struct dp_match_key keys[] = {
		{.topic = "many/x", .topic_len = 6},
		{.topic = "move/x", .topic_len = 6},
		{.topic = "cond/x", .topic_len = 6},
		{.topic = "many/x", .topic_len = 6},
	};
	struct dp_match_result results[RH_ARRAY_LEN(keys)];
	uint64_t generation;

	for (uint32_t i = 0; i < RH_ARRAY_LEN(keys); i++) {
		keys[i].payload = (const uint8_t *)payload;
		keys[i].payload_len = sizeof(payload) - 1;
	}
	for (uint32_t s = 0; s < MEMBERS; s++)
		before[s] = rh_load_acquire(&state[s]);
	generation = dp_match_begin(match);
	rh_store_release(&seen, generation);
	dp_match_burst(match, keys, RH_ARRAY_LEN(keys), results);
	wrong_moves +=
		fail_if(results[1].count != 1, "a session on the move has not exactly one copy");
	fail_if(results[2].count != 1, "the conditional session has not exactly one copy");
	check_members(before, generation, &results[0]);
	check_members(before, generation, &results[3]);
}

/* Topics that one filter each matches, from before the builder began. */
static void burst_of_anchors(struct dp_match *match)
{
	static char text[ANCHORS][32];
	struct dp_match_key keys[ANCHORS];
	struct dp_match_result results[ANCHORS];

	for (uint32_t i = 0; i < ANCHORS; i++)
		keys[i] = (struct dp_match_key){.topic = text[i],
			.topic_len = (uint16_t)snprintf(text[i], sizeof(text[i]), "anchor/%u/stays", i)};
	(void)dp_match_begin(match);
	dp_match_burst(match, keys, ANCHORS, results);
	for (uint32_t i = 0; i < ANCHORS; i++)
		fail_if(results[i].count != 1, "a filter that stays was not found");
}

/* Half of the events are of a hundred topics. */
static uint32_t other_of(uint32_t at)
{
	return at & 1 ? at * 2654435761u % OTHERS : at * 2654435761u % 100;
}

/* One letter again and again: short, and longer than an entry. Letter and length say which. */
static uint16_t other_text(uint32_t n, char *text)
{
	uint32_t len = n % OTHERS_LEN + 1;

	memset(text, 'a' + (int)(n / OTHERS_LEN), len);
	return (uint16_t)len;
}

static void burst_of_others(struct dp_match *match, uint64_t round)
{
	static char text[DP_MATCH_BURST_MAX][OTHERS_LEN + 1];
	uint32_t number[DP_MATCH_BURST_MAX];
	struct dp_match_key keys[DP_MATCH_BURST_MAX];
	struct dp_match_result results[DP_MATCH_BURST_MAX];

	for (uint32_t i = 0; i < DP_MATCH_BURST_MAX; i++) {
		uint32_t at = (uint32_t)(round * DP_MATCH_BURST_MAX + i), n = other_of(at);

		keys[i] = (struct dp_match_key){
			.topic = text[i], .topic_len = other_text(n, text[i]), .payload_len = 3};
		number[i] = n;
		rh_store_release(&begun[n], begun[n] + 1);
	}
	(void)dp_match_begin(match);
	dp_match_tick(match, round << 20);
	dp_match_burst(match, keys, DP_MATCH_BURST_MAX, results);
	for (uint32_t i = 0; i < DP_MATCH_BURST_MAX; i++)
		rh_store_release(&done[number[i]], done[number[i]] + 1);
}

struct listing {
	const struct dp_match *match;
	uint64_t rows;
};

/* @events_then: matched when the pass began. */
static void check_counts(const struct dp_match *match, const struct dp_topic_row *row, uint32_t n,
	uint64_t events_then)
{
	uint64_t missed = dp_match_topic_missed(match, 0, row->topic, row->topic_len);

	fail_if(row->events > rh_load_acquire(&begun[n]), "a topic with events twice");
	fail_if(row->events + missed < events_then, "a topic with events that are nowhere");
}

/* Events matched when the pass began. */
static uint64_t least[OTHERS];

static void check_row(void *arg, const struct dp_topic_row *row)
{
	struct listing *listing = arg;
	size_t len = strlen(row->topic);

	listing->rows++;
	if (strchr(row->topic, '/') != NULL)
		return;
	if (fail_if(len == 0 || len > OTHERS_LEN || len != row->topic_len ||
			    strspn(row->topic, (char[]){row->topic[0], 0}) != len ||
			    row->topic[0] < 'a' || row->topic[0] >= 'a' + OTHERS / OTHERS_LEN,
		    "a torn topic row"))
		return;
	check_counts(listing->match, row,
		(uint32_t)(row->topic[0] - 'a') * OTHERS_LEN + (uint32_t)len - 1,
		least[(uint32_t)(row->topic[0] - 'a') * OTHERS_LEN + (uint32_t)len - 1]);
}

static bool builder_running(void)
{
	return !rh_load_acquire(&builder_done);
}

static void *worker(void *arg)
{
	struct dp_match *match = arg;
	uint64_t bursts = 0;

	rh_rcu_register();
	while (builder_running() || bursts < 100) {
		burst(match);
		burst_of_anchors(match);
		burst_of_others(match, bursts);
		rh_rcu_quiescent();
		rh_store_release(&looks, ++bursts);
		if (bursts % 8 == 0)
			(void)sched_yield();
	}
	rh_rcu_unregister();
	return NULL;
}

static void *lister(void *arg)
{
	static struct listing listing;
	struct dp_match_counters counters;
	struct dp_table_stats stats;

	listing.match = arg;
	for (uint64_t i = 1; builder_running(); i++) {
		for (uint32_t n = 0; n < OTHERS; n++)
			least[n] = rh_load_acquire(&done[n]);
		dp_match_topics_each(arg, check_row, &listing);
		dp_match_counters(arg, &counters);
		dp_table_stats(table, &stats);
		/* Rarely: it has to run beside the worker to find a row half written. */
		if (i % 256 == 0)
			(void)sched_yield();
	}
	return &listing.rows;
}

static void anchors_add(void)
{
	char text[32];

	for (unsigned i = 0; i < ANCHORS; i++) {
		(void)snprintf(text, sizeof(text), i % 2 ? "anchor/%u/stays" : "anchor/%u/#", i);
		(void)add(text, ANCHOR, 0);
	}
}

int main(int argc, char **argv)
{
	static const struct race_rounds often = {.broken = 8, .small = 600, .usual = 3000};
	struct dp_table_conf conf = {.cache_entries = 64, .max_workers = 1};
	unsigned rounds;
	pthread_t threads[3];
	void *rows = NULL;
	struct dp_match *match;
	struct rh_error err;

	broken = argc > 1 && strcmp(argv[1], "broken") == 0;
	rounds = race_rounds(&often, broken);
	rh_rcu_register();
	if (dp_table_create(&conf, &table, &err) || dp_match_create(table, 0, &match))
		return 2;
	set_patterns(0);
	(void)add("cond/#", CONDITIONAL, 1);
	anchors_add();
	mover = add("move/x", MOVER, 0);
	(void)dp_table_publish(table);
	rh_rcu_offline();
	if (pthread_create(&threads[0], NULL, builder, &rounds) ||
		pthread_create(&threads[1], NULL, worker, match) ||
		pthread_create(&threads[2], NULL, lister, match))
		return 2;
	(void)pthread_join(threads[0], NULL);
	(void)pthread_join(threads[1], NULL);
	(void)pthread_join(threads[2], &rows);
	rh_rcu_online();
	dp_match_destroy(match);
	dp_table_destroy(table);
	rh_rcu_barrier();
	rh_rcu_unregister();
	(void)printf("%s: %lu checks, %lu topic rows, %lu failures\n", broken ? "broken" : "sound",
		checks, *(uint64_t *)rows, failures);
	if (broken)
		return !wrong_members || !wrong_moves;
	return failures != 0 || checks == 0 || *(uint64_t *)rows == 0;
}

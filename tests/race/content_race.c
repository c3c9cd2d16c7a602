/*
 * One builder lets two filters fill with expressions and empty again, in turn, so that their
 * conditions are looked at one by one, then found by keys, then gone, while two workers match.
 * Watched by the workers:
 *  - a session that changes from one filter to the other (new one first) has exactly one copy at
 *    every moment: also while the conditions of the filter that it is on move from its set to lists,
 *    and whatever cached answers know of that;
 *  - of those who come and go, who is there and whose expression holds has a copy, and nobody else,
 *    while each number of an expression is given to another one at once, and predicates that most
 *    of them share go with the last and come with the next;
 *  - an event without attributes reaches nobody.
 *
 * `broken` makes the builder report changes before it makes them, and change filters the wrong way
 * round, and lets the workers look each time; either has to be noticed.
 */

#include "dataplane/base/atomic.h"
#include "dataplane/base/rcu.h"
#include "dataplane/frame/event.h"
#include "dataplane/match/match_lookup.h"
#include "dataplane/match/table_priv.h"
#include "tests/race/rounds.h"

#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define WORKERS	      2
#define CROWD	      (DP_ACCESS_LIST + 12)
#define MOVER	      CROWD /* the session behind theirs */
#define TOPICS	      16
#define YIELDS_MAX    10000000
#define PAUSE_EVERY   50 /* rounds */
#define PAUSE_US      30000
#define TEXT_MAX      64

struct worker {
	struct dp_match *match;
	uint64_t seen;	/* generation of its burst; builder reads */
	uint64_t looks; /* bursts ended; builder reads */
	uint64_t checks, wrong_crowd, wrong_moves;
} rh_cache_aligned;

static struct dp_table *table;
static struct worker workers[WORKERS];
static struct rh_cesql_tree tree;
/* What a worker may rely on for a session: 0 while it changes, else generation << 1 | present. Builder stores, workers load. */
static uint64_t state[CROWD];
static dp_sub_id_t subs[CROWD];
static bool broken, builder_done;
static uint64_t failures;
static unsigned keyed_rounds; /* in which keys were used, and no more at their end */

static uint8_t attributes[64];
static uint16_t attributes_len;

static bool fail_if(bool bad, const char *what)
{
	if (bad && __atomic_fetch_add(&failures, 1, __ATOMIC_RELAXED) < 5 && !broken)
		(void)fprintf(stderr, "race: %s\n", what);
	return bad;
}

/* The event has n = 7, k = 10, word = 'w5', flag. One key for several, one for itself, none, two, and of two attributes. */
static bool ask(unsigned number, char *out)
{
	int i = (int)number;

	switch (number % 5) {
	case 0:
		(void)snprintf(out, TEXT_MAX, "n = 7 AND k < %d", i);
		return 10 < i;
	case 1:
		(void)snprintf(out, TEXT_MAX, "word = 'w%d' AND n = 7", i % 2 ? i : 5);
		return i % 2 == 0;
	case 2:
		(void)snprintf(out, TEXT_MAX, "word != 'w6' AND k + %d > 20", i);
		return 10 + i > 20;
	case 3:
		(void)snprintf(out, TEXT_MAX, "flag AND n IN (7, %d)", 100 + i);
		return true;
	default:
		(void)snprintf(out, TEXT_MAX, "word = 'w%d' OR n = 7", i);
		return true;
	}
}

static bool holds[CROWD]; /* from before the threads began */

/* Content @number is @text; a subscription with it. */
static dp_sub_id_t add(const char *filter, dp_session_id_t session, dp_content_id_t number, const char *text)
{
	struct rh_filter parsed;
	dp_sub_id_t sub = DP_SUB_NONE;

	if (rh_filter_parse(RH_DIALECT_MQTT, filter, strlen(filter), &parsed, NULL) ||
		rh_cesql_parse(text, strlen(text), &tree, NULL, NULL) ||
		dp_table_content_add(table, 0, number, &tree, NULL, NULL) ||
		dp_table_sub_add(table, 0, &parsed, session, number, &sub, NULL))
		abort();
	return sub;
}

static void del(dp_sub_id_t sub, dp_content_id_t number)
{
	if (dp_table_sub_del(table, sub) || dp_table_content_del(table, number))
		abort();
}

static void wait_for(const uint64_t *at, uint64_t least)
{
	unsigned i;

	for (i = 0; i < YIELDS_MAX && rh_load_acquire(at) < least; i++)
		(void)sched_yield();
	fail_if(i == YIELDS_MAX, "a worker does not go on");
}

static void let_workers_look(void)
{
	for (unsigned w = 0; w < WORKERS; w++)
		wait_for(&workers[w].looks, rh_load_acquire(&workers[w].looks) + 2);
}

static void publish_and_wait(void)
{
	uint64_t generation = dp_table_publish(table);

	for (unsigned w = 0; w < WORKERS; w++)
		wait_for(&workers[w].seen, generation);
}

static void states_set(uint64_t generation, bool present)
{
	for (unsigned i = 0; i < CROWD; i++)
		rh_store_release(&state[i], generation ? generation << 1 | present : 0);
}

/* All of them: in another round another number, and in another order. Round 0 is before the threads. */
static void crowd_change(const char *filter, unsigned round, bool come)
{
	char text[TEXT_MAX];

	if (broken && round) {
		states_set(dp_table_publish(table), come);
		let_workers_look();
	} else {
		states_set(0, false);
	}
	for (unsigned turn = 0; turn < CROWD; turn++) {
		unsigned i = (turn + round) % CROWD;
		dp_content_id_t number = 1 + turn;

		if (come) {
			(void)ask(i, text);
			subs[i] = add(filter, i, number, text);
		} else {
			del(subs[i], number);
		}
		rh_rcu_quiescent();
		/* Cached answers know all that the last one may leave behind. */
		if (!come && turn == CROWD - 2 && round % PAUSE_EVERY == 1)
			let_workers_look();
	}
	states_set(dp_table_publish(table), come);
}

/* What is gone is given back while workers go on and nothing else changes. */
static void pause_for_reclaim(void)
{
	rh_rcu_offline();
	(void)usleep(PAUSE_US);
	rh_rcu_online();
	(void)dp_table_collect(table);
}

static uint32_t lists(void)
{
	return table->contents.lists.directory->segment[0]->live;
}

static dp_sub_id_t mover;

/* The mover goes to a filter that is empty; it leaves the other one with the last of its crowd, or behind it. */
static void round_play(unsigned round)
{
	static const char *const filters[] = {"ask/#", "ask/+"};
	static const char *const texts[] = {"n = 7 AND EXISTS word", "word LIKE 'w%'"};
	const char *to = filters[round % 2];
	dp_content_id_t number = CROWD + 1 + round % 2, before = CROWD + 1 + !(round % 2);
	dp_sub_id_t from = mover;

	if (broken) {
		del(from, before);
		(void)dp_table_publish(table);
		let_workers_look();
		mover = add(to, MOVER, number, texts[round % 2]);
	} else {
		mover = add(to, MOVER, number, texts[round % 2]);
		publish_and_wait();
		if (round % 3)
			del(from, before);
	}
	crowd_change(filters[!(round % 2)], round - 1, false);
	if (!broken && round % 3 == 0)
		del(from, before);
	if (round % PAUSE_EVERY == 2)
		pause_for_reclaim();
	fail_if(lists() != 0, "keys of conditions that are gone");
	crowd_change(to, round, true);
	keyed_rounds += lists() > 1;
}

static void *builder(void *arg)
{
	unsigned rounds = *(unsigned *)arg;

	rh_rcu_register();
	for (unsigned i = 1; i <= rounds; i++) {
		round_play(i);
		rh_rcu_quiescent();
		if (i % 8 == 0) {
			rh_rcu_offline();
			(void)sched_yield();
			rh_rcu_online();
		}
	}
	rh_store_release(&builder_done, true);
	rh_rcu_unregister();
	return NULL;
}

static void check(struct worker *worker, const uint64_t *before, uint64_t generation, const struct dp_match_result *result)
{
	uint8_t copies[CROWD + 1] = {0};

	for (uint32_t i = 0; i < result->count; i++)
		copies[result->receivers[i].session]++;
	worker->wrong_moves += fail_if(copies[MOVER] != 1, "a session on the move has not exactly one copy");
	for (uint32_t s = 0; s < CROWD; s++) {
		fail_if(copies[s] > 1, "two copies for one session");
		if (!before[s] || before[s] != rh_load_acquire(&state[s]) || before[s] >> 1 > generation)
			continue;
		worker->checks++;
		worker->wrong_crowd += fail_if(copies[s] != ((before[s] & 1) && holds[s]),
			copies[s] ? "copy for one who is gone or whose expression does not hold" : "subscription not found");
	}
}

static void burst(struct worker *worker)
{
	static const char topics[TOPICS][8] = {"ask/a", "ask/b", "ask/c", "ask/d", "ask/e", "ask/f", "ask/g", "ask/h", "ask/i", "ask/j",
		"ask/k", "ask/l", "ask/m", "ask/n", "ask/o", "ask/p"};
	uint64_t before[CROWD], generation;
	struct dp_match_key keys[TOPICS + 1];
	struct dp_match_result results[TOPICS + 1];

	for (uint32_t i = 0; i <= TOPICS; i++)
		keys[i] = (struct dp_match_key){.topic = topics[i % TOPICS],
			.topic_len = 5,
			.attributes = attributes,
			.attributes_len = i < TOPICS ? attributes_len : 0};
	for (uint32_t s = 0; s < CROWD; s++)
		before[s] = rh_load_acquire(&state[s]);
	generation = dp_match_begin(worker->match);
	rh_store_release(&worker->seen, generation);
	dp_match_burst(worker->match, keys, TOPICS + 1, results);
	for (uint32_t i = 0; i < TOPICS; i++)
		check(worker, before, generation, &results[i]);
	fail_if(results[TOPICS].count != 0, "copies of an event that no expression asks for");
	dp_match_again(worker->match, &keys[0], &results[0]);
	check(worker, before, generation, &results[0]);
}

static void *worker_run(void *arg)
{
	struct worker *worker = arg;

	rh_rcu_register();
	for (uint64_t i = 1; !rh_load_acquire(&builder_done) || i < 100; i++) {
		burst(worker);
		rh_rcu_quiescent();
		rh_store_release(&worker->looks, i);
		if (i % 8 == 0)
			(void)sched_yield();
	}
	rh_rcu_unregister();
	return NULL;
}

static void attribute(const char *name, enum rh_attribute_type type, const char *value)
{
	struct rh_attribute put = {
		.name = name, .name_len = (uint8_t)strlen(name), .type = type, .value = value, .value_len = (uint16_t)strlen(value)};
	int len = rh_attribute_put(attributes, sizeof(attributes), attributes_len, &put);

	if (len < 0)
		abort();
	attributes_len = (uint16_t)len;
}

static void table_make(uint32_t cache_entries)
{
	struct dp_table_conf conf = {.cache_entries = cache_entries, .max_workers = WORKERS};

	if (dp_table_create(&conf, &table, NULL))
		abort();
	for (unsigned w = 0; w < WORKERS; w++)
		if (dp_match_create(table, w, &workers[w].match))
			abort();
	/* As if by round 0. */
	mover = add("ask/#", MOVER, CROWD + 1, "n = 7 AND EXISTS word");
	crowd_change("ask/#", 0, true);
}

static void run(uint32_t cache_entries, unsigned rounds)
{
	pthread_t threads[WORKERS + 1];

	builder_done = false;
	for (unsigned w = 0; w < WORKERS; w++)
		workers[w].seen = workers[w].looks = 0;
	table_make(cache_entries);
	rh_rcu_offline();
	for (unsigned w = 0; w < WORKERS; w++)
		if (pthread_create(&threads[w], NULL, worker_run, &workers[w]))
			abort();
	if (pthread_create(&threads[WORKERS], NULL, builder, &rounds))
		abort();
	for (unsigned i = 0; i <= WORKERS; i++)
		(void)pthread_join(threads[i], NULL);
	rh_rcu_online();
	for (unsigned w = 0; w < WORKERS; w++)
		dp_match_destroy(workers[w].match);
	dp_table_destroy(table);
}

int main(int argc, char **argv)
{
	static const struct race_rounds often = {.broken = 8, .small = 200, .usual = 1500};
	uint64_t checks = 0, wrong_crowd = 0, wrong_moves = 0;
	char text[TEXT_MAX];
	unsigned rounds;

	broken = argc > 1 && strcmp(argv[1], "broken") == 0;
	rounds = race_rounds(&often, broken);
	for (unsigned i = 0; i < CROWD; i++)
		holds[i] = ask(i, text);
	attribute("n", RH_ATTR_INTEGER, "7");
	attribute("k", RH_ATTR_INTEGER, "10");
	attribute("word", RH_ATTR_STRING, "w5");
	attribute("flag", RH_ATTR_BOOLEAN, "true");
	rh_rcu_register();
	run(64, rounds);
	run(0, rounds);
	rh_rcu_barrier();
	rh_rcu_unregister();
	for (unsigned w = 0; w < WORKERS; w++) {
		checks += workers[w].checks;
		wrong_crowd += workers[w].wrong_crowd;
		wrong_moves += workers[w].wrong_moves;
	}
	(void)printf("%s: %lu checks, keys used and unused %u times, %lu failures\n", broken ? "broken" : "sound", checks, keyed_rounds,
		failures);
	if (broken)
		return !wrong_crowd || !wrong_moves;
	return failures != 0 || checks == 0 || keyed_rounds != 2 * rounds;
}

/*
 * Concurrent update against a sequential oracle. One builder plays a random history of
 * subscriptions (every dialect, exceptions, expressions over attributes and payload, sessions with
 * many filters, several tenants, filters by the thousand that rise and fall so that segments split
 * and merge, filters whose expressions become so many that they are found by keys, and vanish again)
 * and publishes now and then; two workers match topics all the time, with the result cache off, tiny
 * and large. What each event was answered is kept with the generation that its burst loaded, the
 * updates that were acknowledged and those that had begun when the burst was over. Then the threads
 * end, and the oracle (tests/lib/history.h) replays the history and judges each answer:
 *  - who was subscribed all that time has one copy, who was not has none, and the subscription that
 *    is named as the reason is one;
 *  - nothing that was removed is handed over once its removal is acknowledged, that is once every
 *    worker has loaded the generation: neither at once nor from a queue (dp_match_sub_alive);
 *  - when all has been removed, the table is as empty as at first.
 * Signals stop builder and workers in the midst of whatever they do while the others go on, so that
 * the spaces between two stores are seen, not only those between two updates.
 *
 * `broken` makes the builder publish a generation before the updates that belong to it; that has to
 * be noticed, for subscriptions that come and for those that go, and likewise for those that come and
 * go among many expressions.
 */

#include "dataplane/base/atomic.h"
#include "dataplane/base/clock.h"
#include "dataplane/base/compiler.h"
#include "dataplane/base/rcu.h"
#include "dataplane/match/match_lookup.h"
#include "dataplane/match/table_priv.h"
#include "tests/lib/patterns.h"
#include "tests/race/model_answers.h"
#include "tests/race/model_contents.h"
#include "tests/race/model_world.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define WORKERS 2
/* In which the number of subscriptions rises and falls in turn; `broken` wants both soon. */
#define WAVES	     2
#define WAVES_BROKEN 40
/* Operations in which those with many expressions come, and as many in which they go. */
#define ASKING_WAVE 400

#ifdef RH_RCU_TSAN /* bursts take milliseconds */
#define OPS	      1500
#define STOP_EVERY_NS 1000000
#define WORLDS_LONG   5
#else
#define OPS	      12000
#define STOP_EVERY_NS 20000
#define WORLDS_LONG   60
#endif
#define OPS_BROKEN  3000
#define EVENTS_KEPT 150000
#define NAMED_KEPT  2500000
#define QUIET_KEPT  4
#define QUEUE	    64
#define YIELDS_MAX  10000000
#define STOP_NS	    300000	      /* at most */
#define ROUND_NS    (6 * RH_NS_PER_S) /* a machine that is busy plays a shorter history */
#define STOP_STEPS  4		      /* bursts, or operations */

struct worker {
	struct dp_match *match;
	struct model_answers answers;
	struct rnd rnd;
	uint64_t seen;	 /* generation of its burst; the builder reads it */
	uint64_t bursts; /* ended; a stopped builder reads it */
	struct {
		uint32_t event, named;
		dp_sub_id_t sub;
		uint32_t tag;
	} queue[QUEUE];
	uint32_t queued;
} rh_cache_aligned;

static struct dp_table *table;
static struct history *history;
static struct worker workers[WORKERS];
static struct rnd world;
static dp_sub_id_t subs[MODEL_PLACES];
static uint32_t ops_wanted;
/* Of each generation the last operation that it has; the builder's until the threads have ended. */
static uint64_t *op_of;
static uint64_t begun;	      /* operations; builder writes before each, workers read */
static uint64_t acknowledged; /* operations that every worker has seen */
static bool broken, builder_done;
static struct model_verdicts verdicts;

static void *must(void *memory)
{
	if (!memory)
		abort();
	return memory;
}

/* Stops at any instruction */

static __thread struct worker *self; /* NULL: the builder */

static uint64_t progress_of_others(void)
{
	return self ? rh_load_acquire(&begun)
		    : rh_load_acquire(&workers[0].bursts) + rh_load_acquire(&workers[1].bursts);
}

/* Until the others have gone on a little. Bounded: they may be stopped as well. */
static void stop_here(int signal)
{
	uint64_t from = progress_of_others(), until = rh_clock_ns() + STOP_NS;

	(void)signal;
	while (progress_of_others() < from + STOP_STEPS && rh_clock_ns() < until)
		(void)sched_yield();
}

/* Now this thread, now that, until the history is over. */
static void stop_them(const pthread_t *threads)
{
	const struct timespec pause = {.tv_nsec = STOP_EVERY_NS};
	struct rnd rnd;

	rnd_seed(&rnd, 1);
	while (!rh_load_acquire(&builder_done)) {
		uint32_t pick = rnd_below(&rnd, 2 * WORKERS);

		(void)pthread_kill(threads[pick < WORKERS ? 0 : 1 + pick - WORKERS], SIGUSR1);
		(void)nanosleep(&pause, NULL);
	}
}

/* The builder */

static void add(size_t at, uint64_t op)
{
	const struct history_place *place = history_place_at(history, at);
	struct rh_filter filter;

	if (rh_filter_parse(
		    (enum rh_dialect)place->dialect, place->text, place->len, &filter, NULL))
		abort();
	filter.except = place->except;
	/* Refused when too many filters share a key. */
	if (dp_table_sub_add(table, place->tenant, &filter, place->session,
		    model_content_take(table, place->tenant, place->asks), &subs[at], NULL) == 0)
		history_added(history, at, op, subs[at]);
	else
		model_content_give(table, place->tenant, place->asks);
}

static void del(size_t at)
{
	const struct history_place *place = history_place_at(history, at);

	if (dp_table_sub_del(table, subs[at]))
		abort();
	model_content_give(table, place->tenant, place->asks);
}

/* Are any conditions found by keys? How often that has changed. */
static bool is_keyed;
static uint64_t keyed_changes;

static void keyed_watch(void)
{
	const struct dp_directory *lists = table->contents.lists.directory;
	bool now = lists->depth || lists->segment[0]->live;

	keyed_changes += now != is_keyed;
	is_keyed = now;
}

static void toggle(size_t at, uint64_t op)
{
	if (!broken)
		rh_store_release(&begun, op);
	if (!history_present(history, at)) {
		add(at, op);
		return;
	}
	del(at);
	history_removed(history, at, op);
}

/* One that is to come or to go, if there is any. */
static size_t choose_asking(uint64_t op)
{
	bool rising = op / ASKING_WAVE % 2 == 0;
	size_t first = MODEL_PLACES - MODEL_ASKING, from = rnd_below(&world, MODEL_ASKING), at = first + from;

	for (unsigned i = 1; i < MODEL_ASKING && history_present(history, at) == rising; i++)
		at = first + (from + i) % MODEL_ASKING;
	return at;
}

/* As many subscriptions as the wave wants: high and low in turn. */
static size_t choose(uint64_t op)
{
	bool rising = op * (broken ? WAVES_BROKEN : WAVES) / ops_wanted % 2 == 0;
	/* Every second time one of those that many topics match. */
	uint32_t among = rnd_below(&world, 2) ? MODEL_PLACES : MODEL_MIXED + MODEL_CROWD;
	size_t at = rnd_below(&world, among);

	keyed_watch();
	if (rnd_below(&world, 2))
		return choose_asking(op);
	for (unsigned i = 0; i < 4 && history_present(history, at) == rising; i++)
		at = rnd_below(&world, among);
	return at;
}

static bool wait_until_seen(uint64_t generation)
{
	for (unsigned i = 0; i < YIELDS_MAX; i++) {
		bool all = true;

		for (unsigned w = 0; w < WORKERS; w++)
			all &= rh_load_acquire(&workers[w].seen) >= generation;
		if (all)
			return true;
		(void)sched_yield();
	}
	(void)fprintf(stderr, "model: a worker does not load new generations\n");
	return false;
}

static uint64_t publish(uint64_t op)
{
	uint64_t generation = dp_table_generation(table) + 1;

	op_of[generation] = op;
	return dp_table_publish(table);
}

/* As a broken builder does it: who has loaded the generation does not find its updates yet. */
static bool step_broken(uint64_t op, uint64_t last)
{
	rh_store_release(&begun, last);
	if (!wait_until_seen(publish(last)))
		return false;
	for (; op <= last; op++) {
		rh_rcu_quiescent();
		(void)sched_yield();
		toggle(choose(op), op);
	}
	return true;
}

/* Updates @op to @last and their generation, now and then with the acknowledgement. */
static bool step(uint64_t op, uint64_t last)
{
	uint64_t generation;

	for (; op <= last; op++) {
		toggle(choose(op), op);
		if (rnd_below(&world, 16) == 0)
			(void)sched_yield();
	}
	generation = publish(last);
	if (rnd_below(&world, 2))
		return true;
	if (!wait_until_seen(generation))
		return false;
	rh_store_release(&acknowledged, last);
	return true;
}

/* Patterns @from up to before @to; none: empty. */
static void tier_set(uint16_t tenant, uint32_t tier, uint32_t from, uint32_t to)
{
	static void *bytes[MODEL_PATTERNS + 1][MODEL_PATTERNS + 1];
	static size_t len[MODEL_PATTERNS + 1][MODEL_PATTERNS + 1];

	if (from < to && !bytes[from][to])
		bytes[from][to] = must(test_patterns_compile_from(
			from + 1, model_patterns + from, to - from, &len[from][to]));
	if (dp_table_patterns_set(table, tenant, tier, bytes[from][to], len[from][to], to, NULL))
		abort();
}

/* How many are in the first tier of each tenant. */
static uint32_t cut[MODEL_TENANTS];

/* The same patterns always, parted anew over two tiers; what stays in the first may be shared or be new. */
static void patterns_set(uint16_t tenant)
{
	uint32_t now = rnd_below(&world, MODEL_PATTERNS + 1);

	if (now != cut[tenant] || rnd_below(&world, 2))
		tier_set(tenant, 0, 0, now);
	tier_set(tenant, 1, now, MODEL_PATTERNS);
	cut[tenant] = now;
}

static void *builder(void *arg)
{
	uint64_t until = rh_clock_ns() + ROUND_NS;
	bool moves = true;

	(void)arg;
	rh_rcu_register();
	for (uint64_t op = 1; moves && op <= ops_wanted && rh_clock_ns() < until;) {
		uint64_t last = op + (rnd_below(&world, 16) ? rnd_below(&world, 8)
							    : rnd_below(&world, 200));

		if (rnd_below(&world, 100) == 0)
			patterns_set((uint16_t)rnd_below(&world, MODEL_TENANTS));
		moves = broken ? step_broken(op, last) : step(op, last);
		op = last + 1;
		rh_rcu_quiescent();
	}
	if (!moves)
		verdicts.of[HISTORY_MISSING]++;
	rh_store_release(&builder_done, true);
	rh_rcu_unregister();
	return NULL;
}

/* The workers */

static struct dp_match_key key_make(struct rnd *rnd, struct model_event *kept)
{
	const struct model_event_kind *event = &model_events[rnd_below(rnd, MODEL_EVENTS)];

	/* Half of the events are of a few topics. */
	kept->topic = rnd_below(rnd, rnd_below(rnd, 2) ? MODEL_TOPICS : 8);
	kept->tenant = (uint16_t)rnd_below(rnd, MODEL_TENANTS);
	kept->truth = event->truth;
	return (struct dp_match_key){
		.topic = model_topics[kept->topic].text,
		.topic_len = (uint16_t)model_topics[kept->topic].len,
		.payload = (const uint8_t *)event->payload,
		.payload_len = (uint32_t)strlen(event->payload),
		.attributes = event->attributes,
		.attributes_len = event->attributes_len,
		.tenant = kept->tenant,
		.profile = (uint16_t)rnd_below(rnd, 2),
	};
}

/* False: no room. */
static bool keep(struct model_answers *answers, struct model_event *kept,
	const struct dp_match_result *result)
{
	if (answers->events == EVENTS_KEPT || answers->named_count + result->count > NAMED_KEPT)
		return false;
	kept->first = answers->named_count;
	kept->count = result->count;
	for (uint32_t i = 0; i < result->count; i++)
		answers->named[answers->named_count++] = (struct history_receiver){
			result->receivers[i].session, result->receivers[i].sub};
	answers->event[answers->events++] = *kept;
	return true;
}

/* One of the copies of the last event kept waits; one that waited is asked about. */
static void queue_turn(struct worker *worker, const struct dp_match_result *result)
{
	struct model_answers *answers = &worker->answers;
	uint32_t pick, slot = worker->queued++ % QUEUE;
	struct model_waited *waited = &answers->waited[answers->waits];

	if (worker->queued > QUEUE) {
		*waited = (struct model_waited){worker->queue[slot].event,
			worker->queue[slot].named, answers->events - 1,
			dp_match_sub_alive(worker->match, worker->queue[slot].sub,
				worker->queue[slot].tag),
			0};
		waited->until = rh_load_acquire(&begun);
		answers->waits++;
	}
	pick = rnd_below(&worker->rnd, result->count);
	worker->queue[slot].event = answers->events - 1;
	worker->queue[slot].named = pick;
	worker->queue[slot].sub = result->receivers[pick].sub;
	worker->queue[slot].tag = dp_match_sub_tag(worker->match, result->receivers[pick].sub);
}

static void burst(struct worker *worker)
{
	struct dp_match_key keys[DP_MATCH_BURST_MAX];
	struct dp_match_result results[DP_MATCH_BURST_MAX];
	struct model_event kept[DP_MATCH_BURST_MAX];
	uint32_t count = 1 + rnd_below(&worker->rnd, DP_MATCH_BURST_MAX), waits = 0;
	uint64_t generation, until, seen, before = rh_load_acquire(&begun);

	for (uint32_t i = 0; i < count; i++)
		keys[i] = key_make(&worker->rnd, &kept[i]);
	generation = dp_match_begin(worker->match);
	rh_store_release(&worker->seen, generation);
	dp_match_burst(worker->match, keys, count, results);
	/* First what was acknowledged by now, when copies would be handed over. */
	seen = rh_load_acquire(&acknowledged);
	until = rh_load_acquire(&begun);
	/* Of bursts in which nothing changed, a few events are enough. */
	count = until == before && count > QUIET_KEPT ? QUIET_KEPT : count;
	for (uint32_t i = 0; i < count; i++) {
		kept[i].generation = generation;
		kept[i].acknowledged = seen;
		kept[i].until = until;
		if (!keep(&worker->answers, &kept[i], &results[i]))
			break;
		if (results[i].count && waits == 0 && ++waits)
			queue_turn(worker, &results[i]);
	}
	/* A copy that waited is matched once more. */
	dp_match_again(worker->match, &keys[0], &results[0]);
	kept[0].until = rh_load_acquire(&begun);
	(void)keep(&worker->answers, &kept[0], &results[0]);
}

static void *worker_run(void *arg)
{
	struct worker *worker = arg;

	self = worker;
	rh_rcu_register();
	for (uint64_t i = 1; !rh_load_acquire(&builder_done); i++) {
		burst(worker);
		rh_rcu_quiescent();
		rh_store_release(&worker->bursts, i);
		if (i % 4 == 0)
			(void)sched_yield();
	}
	rh_rcu_unregister();
	return NULL;
}

/* Rounds */

static void empty_the_table(void)
{
	struct dp_table_stats stats;

	for (size_t i = 0; i < MODEL_PLACES; i++)
		if (history_present(history, i))
			del(i);
	(void)dp_table_publish(table);
	dp_table_stats(table, &stats);
	keyed_watch();
	if (!stats.subscriptions && !stats.filters && !stats.sets && !stats.shapes && !is_keyed &&
		!table->contents.conds.count && !table->contents.predicates.count)
		return;
	verdicts.of[HISTORY_EXTRA]++;
	(void)fprintf(stderr, "model: the empty table has %lu filters, %lu sets, %lu shapes, %zu predicates\n",
		stats.filters, stats.sets, stats.shapes, (size_t)table->contents.predicates.count);
}

static void table_make(uint32_t cache_entries)
{
	struct dp_table_conf conf = {
		.seed = rnd_u64(&world), .cache_entries = cache_entries, .max_workers = WORKERS};

	if (dp_table_create(&conf, &table, NULL))
		abort();
	model_contents_init();
	memset(cut, 0, sizeof(cut));
	for (uint16_t t = 0; t < MODEL_TENANTS; t++)
		patterns_set(t);
	op_of[dp_table_generation(table)] = 0;
	(void)publish(0);
	begun = acknowledged = 0;
	builder_done = false;
	for (uint32_t w = 0; w < WORKERS; w++) {
		workers[w].answers.events = workers[w].answers.named_count = 0;
		workers[w].answers.waits = workers[w].queued = 0;
		workers[w].seen = workers[w].bursts = 0;
		rnd_seed(&workers[w].rnd, rnd_u64(&world));
		if (dp_match_create(table, w, &workers[w].match))
			abort();
	}
}

static void round_run(uint32_t cache_entries)
{
	pthread_t threads[WORKERS + 1];

	table_make(cache_entries);
	rh_rcu_offline();
	if (pthread_create(&threads[0], NULL, builder, NULL))
		abort();
	for (unsigned w = 0; w < WORKERS; w++)
		if (pthread_create(&threads[1 + w], NULL, worker_run, &workers[w]))
			abort();
	stop_them(threads);
	for (unsigned w = 0; w <= WORKERS; w++)
		(void)pthread_join(threads[w], NULL);
	rh_rcu_online();
	for (unsigned w = 0; w < WORKERS; w++) {
		model_judge(history, op_of, &workers[w].answers, &verdicts);
		dp_match_destroy(workers[w].match);
	}
	empty_the_table();
	history_forget(history);
	dp_table_destroy(table);
}

static int verdict_of_all(void)
{
	uint64_t wrong = verdicts.wrong_lives;

	for (unsigned v = HISTORY_RIGHT + 1; v < HISTORY_VERDICTS; v++)
		wrong += verdicts.of[v];
	(void)printf("%s: %lu events, %lu sessions that could be either, %lu waiting copies, keys used and unused "
		     "%lu times, %lu wrong\n",
		broken ? "broken" : "sound", verdicts.events, verdicts.open, verdicts.waited, keyed_changes, wrong);
	if (broken)
		return !verdicts.of[HISTORY_MISSING] || !verdicts.of[HISTORY_EXTRA] ||
		       !verdicts.of_askers[HISTORY_MISSING] || !verdicts.of_askers[HISTORY_EXTRA];
	return wrong != 0 || verdicts.events < 1000 || !verdicts.waited || !verdicts.open || keyed_changes < 2;
}

int main(int argc, char **argv)
{
	static const uint32_t caches[] = {0, 16, 4096};
	struct sigaction action = {.sa_handler = stop_here, .sa_flags = SA_RESTART};
	size_t worlds;

	if (sigaction(SIGUSR1, &action, NULL))
		abort();
	verdicts.quiet = broken = argc > 1 && strcmp(argv[1], "broken") == 0;
	worlds = broken ? 1 : rnd_cases(1, WORLDS_LONG);
	ops_wanted = broken && OPS > OPS_BROKEN ? OPS_BROKEN : OPS;
	rnd_init(&world, "model");
	op_of = must(calloc((size_t)ops_wanted + 1000, sizeof(*op_of)));
	for (unsigned w = 0; w < WORKERS; w++)
		model_answers_init(&workers[w].answers, EVENTS_KEPT, NAMED_KEPT);
	rh_rcu_register();
	for (size_t i = 0; i < worlds; i++) {
		history = model_world_make(&world);
		for (unsigned c = 0; c < RH_ARRAY_LEN(caches); c++)
			round_run(caches[c]);
		model_world_free(history);
	}
	rh_rcu_barrier();
	rh_rcu_unregister();
	for (unsigned w = 0; w < WORKERS; w++)
		model_answers_fini(&workers[w].answers);
	free(op_of);
	return verdict_of_all();
}

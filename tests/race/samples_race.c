/*
 * Two workers sample payloads of a tenant in turns as fast as they can, control reads them, forgets them and wants them again. Watched
 * by control:
 *  - a sample is whole: one letter over and over, of which there is as much as its letter says;
 *  - it is the tenant's own;
 *  - each worker has no more of them than its part.
 *
 * `broken` lets the workers write a letter's bytes past the place's sequence number, in halves; it has to be noticed.
 */

#include "dataplane/base/atomic.h"
#include "dataplane/base/rcu.h"
#include "dataplane/match/match_priv.h"
#include "tests/race/rounds.h"

#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WORKERS	      2
#define LETTERS	      24
#define TENANT	      7
#define STRANGER      8
#define FORGET_EVERY  64
#define READS_WANTED  100 /* samples at least, in all */

static struct dp_table *table;
static struct dp_match *matches[WORKERS];
static bool broken, done;
static uint64_t failures, torn, samples_read;
static uint8_t payload[LETTERS][2 * DP_SAMPLE_BYTES]; /* from before the threads began */

static uint32_t len_of(unsigned letter)
{
	/* Beyond a place, too. */
	return 1 + letter * (DP_SAMPLE_BYTES / (LETTERS - 2));
}

static uint32_t kept_of(unsigned letter)
{
	return len_of(letter) < DP_SAMPLE_BYTES ? len_of(letter) : DP_SAMPLE_BYTES;
}

static bool fail_if(bool bad, const char *what)
{
	if (bad && ++failures < 5 && !broken)
		(void)fprintf(stderr, "race: %s\n", what);
	return bad;
}

/* What take does, but for the sequence number. */
static void write_halves(uint32_t worker, unsigned letter)
{
	struct dp_tenant_samples *samples = rh_rcu_deref(table->samples[TENANT]);
	struct dp_sample_place *place;

	if (!samples)
		return;
	place = &samples->place[worker * samples->places];
	rh_store_relaxed(&place->len, kept_of(letter));
	for (uint32_t at = 0; at < kept_of(letter); at++) {
		rh_store_relaxed(&place->bytes[at], (uint8_t)('a' + letter));
		if (at == kept_of(letter) / 2)
			(void)sched_yield();
	}
}

static void *worker_run(void *arg)
{
	struct dp_match *match = arg;
	struct dp_match_result results[2];
	uint64_t now = 1ull << 40;

	rh_rcu_register();
	for (unsigned i = 0; !rh_load_acquire(&done); i++) {
		unsigned letter = i % LETTERS;
		struct dp_match_key keys[] = {
			{.topic = "x", .topic_len = 1, .tenant = STRANGER, .payload = (const uint8_t *)"?", .payload_len = 1},
			{.topic = "x", .topic_len = 1, .tenant = TENANT, .payload = payload[letter],
				.payload_len = len_of(letter)},
		};

		(void)dp_match_begin(match);
		dp_match_tick(match, now += DP_SAMPLE_NEXT);
		dp_match_burst(match, keys, 2, results);
		if (broken)
			write_halves(match->worker, letter);
		rh_rcu_quiescent();
		if (i % 64 == 0)
			(void)sched_yield();
	}
	rh_rcu_unregister();
	return NULL;
}

static void check(const struct dp_samples *got, uint32_t at)
{
	unsigned letter = got->bytes[at][0] - 'a';
	bool whole = got->bytes[at][0] >= 'a' && letter < LETTERS && got->len[at] == kept_of(letter);

	for (uint32_t i = 1; whole && i < got->len[at]; i++)
		whole = got->bytes[at][i] == got->bytes[at][0];
	torn += fail_if(!whole, "a torn sample, or another tenant's");
	samples_read++;
}

static void read_all(void)
{
	static struct dp_samples got;

	dp_samples_read(table, TENANT, &got);
	fail_if(got.count > DP_SAMPLES, "more samples than places");
	for (uint32_t i = 0; i < got.count; i++)
		check(&got, i);
}

static void control_run(unsigned rounds)
{
	for (unsigned i = 0; i < rounds || (samples_read < READS_WANTED && i < 1000 * rounds); i++) {
		if (dp_samples_want(table, TENANT))
			abort();
		read_all();
		if (i % FORGET_EVERY == FORGET_EVERY - 1)
			dp_samples_forget(table, TENANT);
		rh_rcu_quiescent();
		if (i % 8 == 0) {
			rh_rcu_offline();
			(void)sched_yield();
			rh_rcu_online();
		}
	}
}

int main(int argc, char **argv)
{
	static const struct race_rounds often = {.broken = 3000, .small = 600, .usual = 3000};
	struct dp_table_conf conf = {.cache_entries = 64, .max_workers = WORKERS};
	pthread_t threads[WORKERS];

	broken = argc > 1 && strcmp(argv[1], "broken") == 0;
	for (unsigned i = 0; i < LETTERS; i++)
		memset(payload[i], 'a' + (int)i, sizeof(payload[i]));
	rh_rcu_register();
	if (dp_table_create(&conf, &table, NULL))
		return 2;
	for (unsigned w = 0; w < WORKERS; w++)
		if (dp_match_create(table, w, &matches[w]) || pthread_create(&threads[w], NULL, worker_run, matches[w]))
			return 2;
	control_run(race_rounds(&often, broken));
	rh_store_release(&done, true);
	rh_rcu_offline();
	for (unsigned w = 0; w < WORKERS; w++)
		(void)pthread_join(threads[w], NULL);
	rh_rcu_online();
	for (unsigned w = 0; w < WORKERS; w++)
		dp_match_destroy(matches[w]);
	dp_table_destroy(table);
	rh_rcu_barrier();
	rh_rcu_unregister();
	(void)printf("%s: %lu samples read, %lu failures\n", broken ? "broken" : "sound", samples_read, failures);
	if (broken)
		return !torn;
	return failures != 0 || samples_read < READS_WANTED;
}

/*
 * Random mixtures of all faults, judged by the sink and by a slow judge that keeps every delivery
 * in a list and knows the harm done to each, since it did it.
 */

#include "perf/gen/sink.h"

#include "tests/unit/perf/gen/sink_fixture.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#define EVENTS	       300
#define DELIVERIES_MAX 8000

struct delivery {
	struct stamp stamp;
	uint32_t subscriber, len;
	bool altered;
	enum sink_verdict verdict; /* of the slow judge */
	uint8_t record[FIXTURE_RECORD_MAX];
};

/* In percent. */
struct mixture {
	uint32_t lose, copy_again, alter, misdeliver, late, shuffle;
	bool jumps; /* of the sequence, so that copies fall behind the window */
};

static struct fixture f;
static struct rnd rnd;
static struct delivery *list;
static uint32_t count;
static uint64_t sequences[FIXTURE_PUBLISHERS];
static uint64_t expected[FIXTURE_SUBSCRIBERS][TRIAL_CLASSES];
static struct {
	uint64_t lost, again, altered, misdelivered, late;
} injected;

static bool chance(uint32_t percent)
{
	return rnd_below(&rnd, 100) < percent;
}

static struct delivery *add(const struct stamp *s, uint32_t subscriber)
{
	struct delivery *d = &list[count++];

	cr_assert_lt(count, DELIVERIES_MAX);
	*d = (struct delivery){
		.stamp = *s, .subscriber = subscriber, .len = f.places[s->place].len};
	fixture_route(&f, &rnd, s, d->record);
	return d;
}

/* A bit that no router changes: not length, hop limit, tenant, time to live. */
static void alter(struct delivery *d)
{
	uint32_t at;

	do
		at = rnd_below(&rnd, d->len);
	while ((at >= 2 && at < 8 && at != 4) || (at >= 32 && at < 36));
	d->record[at] ^= (uint8_t)(1 << rnd_below(&rnd, 8));
	d->altered = true;
	injected.altered++;
}

static void copy_out(const struct mixture *mix, const struct stamp *s, uint32_t subscriber)
{
	expected[subscriber][f.places[s->place].class]++;
	if (chance(mix->lose)) {
		injected.lost++;
		return;
	}
	if (chance(mix->alter)) {
		alter(add(s, subscriber));
		return;
	}
	(void)add(s, subscriber);
	while (chance(mix->copy_again)) {
		(void)add(s, subscriber);
		injected.again++;
	}
}

static void stray_out(const struct mixture *mix, struct stamp s)
{
	uint32_t subscriber = rnd_below(&rnd, FIXTURE_SUBSCRIBERS);

	if (chance(mix->misdeliver) && !fixture_receives(&f, s.place, subscriber)) {
		(void)add(&s, subscriber);
		injected.misdelivered++;
	}
	if (chance(mix->late)) {
		s.trial--;
		(void)add(&s, subscriber);
		injected.late++;
	}
}

static void events_play(const struct mixture *mix, uint32_t trial)
{
	for (uint32_t e = 0; e < EVENTS; e++) {
		struct stamp s = {.trial = trial, .intended_ns = e};
		uint32_t place = s.place = rnd_below(&rnd, FIXTURE_PLACES);

		s.publisher = rnd_below(&rnd, FIXTURE_PUBLISHERS);
		sequences[s.publisher] += mix->jumps && chance(20) ? 1 + rnd_below(&rnd, 1500) : 1;
		s.sequence = sequences[s.publisher];
		sink_sent(f.sink, place);
		for (uint32_t i = 0; i < f.places[place].receiver_count; i++)
			copy_out(mix, &s, f.places[place].receivers[i]);
		stray_out(mix, s);
	}
}

static void shuffle(const struct mixture *mix)
{
	static struct delivery swap;

	for (uint32_t i = 0; i < count; i++) {
		uint32_t far = chance(10) ? count : 20, j = i + rnd_below(&rnd, far);

		if (!chance(mix->shuffle) || j >= count)
			continue;
		swap = list[i];
		list[i] = list[j];
		list[j] = swap;
	}
}

static bool same_stream(const struct delivery *a, const struct delivery *b)
{
	return a->subscriber == b->subscriber && a->stamp.publisher == b->stamp.publisher &&
	       f.places[a->stamp.place].class == f.places[b->stamp.place].class;
}

static enum sink_verdict order_judge(const struct delivery *d)
{
	uint64_t highest = 0, sequence = d->stamp.sequence;
	bool seen = false;

	for (const struct delivery *e = list; e < d; e++) {
		if (e->verdict > SINK_REORDERED || !same_stream(e, d))
			continue;
		highest = e->stamp.sequence > highest ? e->stamp.sequence : highest;
		seen |= e->stamp.sequence == sequence;
	}
	if (sequence > highest)
		return SINK_RECEIVED;
	if (highest - sequence >= 1024)
		return SINK_BEYOND;
	return seen ? SINK_DOUBLED : SINK_REORDERED;
}

static enum sink_verdict judge(const struct delivery *d, uint32_t trial)
{
	if (d->stamp.trial != trial && !d->altered)
		return SINK_LATE;
	if (d->altered)
		return SINK_ALTERED;
	if (!fixture_receives(&f, d->stamp.place, d->subscriber))
		return SINK_MISDELIVERED;
	return order_judge(d);
}

static uint64_t judged(enum sink_verdict verdict, uint32_t class)
{
	uint64_t n = 0;

	for (uint32_t i = 0; i < count; i++)
		n += list[i].verdict == verdict && f.places[list[i].stamp.place].class == class;
	return n;
}

static void expect_class(const struct trial_result *r, uint32_t class)
{
	const struct trial_counts *c = &r->by_class[class];

	cr_assert_eq(c->received, judged(SINK_RECEIVED, class) + judged(SINK_REORDERED, class));
	cr_assert_eq(c->reordered, judged(SINK_REORDERED, class));
	cr_assert_eq(c->doubled, judged(SINK_DOUBLED, class));
	cr_assert_eq(c->beyond, judged(SINK_BEYOND, class));
	cr_assert_eq(c->misdelivered, judged(SINK_MISDELIVERED, class));
	cr_assert_eq(c->lost, c->expected - c->received);
	cr_assert_eq(c->unsent, 0);
	cr_assert_eq(sink_latency(f.sink, (uint8_t) class)->count, c->received);
}

static void expect_subscriber(uint32_t subscriber)
{
	for (uint32_t c = 0; c < TRIAL_CLASSES; c++) {
		uint64_t lost = expected[subscriber][c];

		for (uint32_t i = 0; i < count; i++)
			lost -= list[i].subscriber == subscriber &&
				list[i].verdict <= SINK_REORDERED &&
				f.places[list[i].stamp.place].class == c;
		cr_assert_eq(sink_lost(f.sink, subscriber, (uint8_t)c), lost,
			"subscriber %u, class %u", subscriber, c);
	}
}

/* The harm done is the harm found. Behind the window the sink cannot know; the slow judge says how
 * much that is. */
static void expect_injected(const struct trial_result *r)
{
	cr_assert_eq(r->all.sent, EVENTS);
	cr_assert_eq(r->all.altered, injected.altered);
	cr_assert_eq(r->all.misdelivered, injected.misdelivered);
	cr_assert_eq(r->late, injected.late);
	cr_assert_eq(r->all.received + r->all.altered + r->all.misdelivered + r->all.doubled +
			     r->all.beyond + r->late,
		count, "every record is one of these");
	if (r->all.beyond)
		return;
	cr_assert_eq(r->all.doubled, injected.again);
	cr_assert_eq(r->all.lost, injected.lost + injected.altered);
}

static void round_play(const struct mixture *mix, uint32_t trial, struct trial_result *r)
{
	count = 0;
	memset(&injected, 0, sizeof(injected));
	memset(expected, 0, sizeof(expected));
	sink_trial_begin(f.sink, trial);
	events_play(mix, trial);
	shuffle(mix);
	for (uint32_t i = 0; i < count; i++) {
		enum sink_verdict got =
			sink_take(f.sink, list[i].subscriber, list[i].record, list[i].len, 400);

		list[i].verdict = judge(&list[i], trial);
		cr_assert_eq(got, list[i].verdict, "delivery %u: %s, the slow judge says %s", i,
			sink_verdict_name(got), sink_verdict_name(list[i].verdict));
	}
	sink_trial_end(f.sink, r);
	expect_injected(r);
	for (uint32_t c = 0; c < TRIAL_CLASSES; c++)
		expect_class(r, c);
	for (uint32_t i = 0; i < FIXTURE_SUBSCRIBERS; i++)
		expect_subscriber(i);
}

static void rounds_play(bool reflect, struct trial_result *r)
{
	uint64_t found[3] = {0};

	list = calloc(DELIVERIES_MAX, sizeof(*list));
	rnd_init(&rnd, "sink model");
	fixture_init(&f, &rnd, reflect);
	for (uint32_t trial = 1, n = (uint32_t)rnd_cases(30, 1000); trial <= n; trial++) {
		const struct mixture mix = {
			.lose = rnd_below(&rnd, 2) * rnd_below(&rnd, 30),
			.copy_again = rnd_below(&rnd, 2) * rnd_below(&rnd, 30),
			.alter = rnd_below(&rnd, 2) * rnd_below(&rnd, 30),
			.misdeliver = rnd_below(&rnd, 2) * rnd_below(&rnd, 50),
			.late = rnd_below(&rnd, 2) * rnd_below(&rnd, 50),
			.shuffle = rnd_below(&rnd, 2) * rnd_below(&rnd, 50),
			.jumps = rnd_below(&rnd, 2),
		};

		round_play(&mix, trial, r);
		found[0] += r->all.reordered;
		found[1] += r->all.beyond;
		found[2] += r->all.doubled;
	}
	cr_assert(found[0] && found[1] && found[2], "mixtures too mild to judge by");
	fixture_fini(&f);
	free(list);
}

Test(sink_model, agrees_with_the_slow_judge_on_any_mixture)
{
	static struct trial_result r;

	rounds_play(false, &r);
}

Test(sink_model, agrees_with_the_slow_judge_behind_a_forwarder)
{
	static struct trial_result r;

	rounds_play(true, &r);
}

/* One kind of fault at a time: exactly that many of it, none of the others. */
Test(sink_model, each_fault_alone_is_counted_alone)
{
	const struct mixture alone[] = {{.lose = 10}, {.copy_again = 10}, {.alter = 10},
		{.misdeliver = 50}, {.late = 20}, {.lose = 0}};
	static struct trial_result r;

	list = calloc(DELIVERIES_MAX, sizeof(*list));
	rnd_init(&rnd, "sink model");
	fixture_init(&f, &rnd, false);
	for (uint32_t i = 0; i < sizeof(alone) / sizeof(alone[0]); i++) {
		round_play(&alone[i], i + 1, &r);
		cr_assert_eq(r.all.reordered, 0);
		cr_assert_eq(r.all.beyond, 0);
		cr_assert_eq(r.all.lost > 0, i == 0 || i == 2);
		cr_assert_eq(r.all.doubled > 0, i == 1);
		cr_assert_eq(r.all.altered > 0, i == 2);
		cr_assert_eq(r.all.misdelivered > 0, i == 3);
		cr_assert_eq(r.late > 0, i == 4);
	}
	fixture_fini(&f);
	free(list);
}

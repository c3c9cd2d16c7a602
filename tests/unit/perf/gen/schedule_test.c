#include "perf/gen/schedule.h"

#include "tests/lib/random.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

#define SECOND 1000000000ULL

static struct schedule s;

static void start(uint64_t from, uint64_t rate, uint64_t duration_ns, uint32_t burst)
{
	struct schedule_spec spec = {
		.rate = rate, .ramp_from = from, .duration_ns = duration_ns, .burst = burst};
	struct rh_error err;

	cr_assert_eq(schedule_init(&s, &spec, &err), 0, "%s", err.text);
}

/*
 * The definition, in another form than the code's: N(t) = t times the mean of the rates at 0 and t.
 * Times 2 T SECOND, so that it is whole.
 */
static __int128_t events_scaled(uint64_t t)
{
	__int128_t from = s.spec.ramp_from, duration = s.spec.duration_ns;

	return ((__int128_t)s.spec.rate * t - from * t + 2 * from * duration) * t;
}

static bool reached(uint64_t t, uint64_t n)
{
	return events_scaled(t) >= (__int128_t)n * 2 * s.spec.duration_ns * SECOND;
}

Test(schedule, a_rate_that_divides_no_second_is_exact)
{
	start(3, 3, 10 * SECOND, 1);
	cr_assert_eq(s.total, 30);
	cr_assert_eq(schedule_intended_ns(&s, 0), 0);
	cr_assert_eq(schedule_intended_ns(&s, 1), 333333334);
	cr_assert_eq(schedule_intended_ns(&s, 2), 666666667);
	cr_assert_eq(schedule_intended_ns(&s, 3), SECOND);
	cr_assert_eq(schedule_intended_ns(&s, 29), 9666666667);
}

Test(schedule, does_not_drift_in_an_hour)
{
	const uint64_t rates[] = {1, 7, 999983, 14880952, 148809523};

	for (size_t i = 0; i < sizeof(rates) / sizeof(rates[0]); i++) {
		start(rates[i], rates[i], 3600 * SECOND, 1);
		cr_assert_eq(s.total, 3600 * rates[i]);
		for (uint64_t second = 0; second < 3600; second += 59)
			cr_assert_eq(schedule_intended_ns(&s, second * rates[i]), second * SECOND);
	}
}

Test(schedule, the_extremes_do_not_overflow)
{
	start(SCHEDULE_RATE_MAX, SCHEDULE_RATE_MAX, SCHEDULE_DURATION_MAX, 1);
	cr_assert_eq(s.total, SCHEDULE_RATE_MAX * 3600);
	cr_assert_eq(schedule_intended_ns(&s, s.total - 1), SCHEDULE_DURATION_MAX - 1);
	start(0, SCHEDULE_RATE_MAX, SCHEDULE_DURATION_MAX, 1);
	cr_assert_eq(s.total, SCHEDULE_RATE_MAX * 1800);
	cr_assert(reached(schedule_intended_ns(&s, s.total - 1), s.total - 1));
	start(SCHEDULE_RATE_MAX, 0, SCHEDULE_DURATION_MAX, 1);
	cr_assert_eq(s.total, SCHEDULE_RATE_MAX * 1800);
	cr_assert(reached(schedule_intended_ns(&s, s.total - 1), s.total - 1));
	cr_assert_eq(schedule_offered(&s, SCHEDULE_DURATION_MAX / 2), SCHEDULE_RATE_MAX * 1350 + 1);
}

Test(schedule, a_ramp_sends_half_as_much_and_ever_faster)
{
	uint64_t last = 0, gap = UINT64_MAX;

	start(0, 1000, SECOND, 1);
	cr_assert_eq(s.total, 500);
	/* N(t) = 500 t^2: event n at sqrt(n / 500) s. */
	cr_assert_eq(schedule_intended_ns(&s, 125), SECOND / 2);
	cr_assert_eq(schedule_intended_ns(&s, 20), SECOND / 5);
	for (uint64_t n = 1; n < s.total; n++) {
		uint64_t at = schedule_intended_ns(&s, n);

		cr_assert_leq(at - last, gap == UINT64_MAX ? gap : gap + 1, "event %lu", n);
		gap = at - last;
		last = at;
	}
}

/* N(t) = c (1000 t)^2: event c i^2 is due at i ms to the nanosecond. */
Test(schedule, a_ramp_meets_its_exact_times)
{
	for (uint64_t c = 1; c <= 500; c++) {
		start(0, 2000000 * c, SECOND, 1);
		for (uint64_t i = 1; i < 1000; i += 7)
			cr_assert_eq(schedule_intended_ns(&s, c * i * i), i * 1000000);
	}
}

static void spec_draw(struct rnd *rnd, uint64_t duration_max)
{
	uint64_t rate = 1 + (rnd_u64(rnd) % SCHEDULE_RATE_MAX >> rnd_below(rnd, 29));
	uint64_t from =
		rnd_below(rnd, 3) ? rnd_u64(rnd) % SCHEDULE_RATE_MAX >> rnd_below(rnd, 29) : rate;
	uint64_t duration = 1 + (rnd_u64(rnd) % duration_max >> rnd_below(rnd, 20));

	if (rnd_below(rnd, 10) == 0 && from)
		rate = 0;
	start(from, rate, duration, rnd_below(rnd, 2) ? 1 : 1 + rnd_below(rnd, 64));
}

static void expect_first_moment(uint64_t n)
{
	uint64_t t = schedule_intended_ns(&s, n), first = n - n % s.spec.burst;

	cr_assert_leq(t, s.spec.duration_ns);
	cr_assert(reached(t, first), "event %lu at %lu ns is early", n, t);
	cr_assert(t == 0 || !reached(t - 1, first),
		"event %lu at %lu ns is not at the first moment", n, t);
}

Test(schedule, every_time_is_the_first_moment_of_its_event)
{
	size_t rounds = rnd_cases(2000, 200000);
	struct rnd rnd;

	rnd_init(&rnd, "schedule times");
	for (size_t i = 0; i < rounds; i++) {
		spec_draw(&rnd, SCHEDULE_DURATION_MAX);
		expect_first_moment(0);
		expect_first_moment(s.total - 1);
		for (int k = 0; k < 20; k++)
			expect_first_moment(rnd_u64(&rnd) % s.total);
		cr_assert(!reached(s.spec.duration_ns, s.total) ||
			  schedule_offered(&s, UINT64_MAX) == s.total);
	}
}

/* Nanosecond by nanosecond: what is offered is what has its time, and all of it in the end. */
static void walk_short(void)
{
	uint64_t n = 0;

	for (uint64_t t = 0; t < s.spec.duration_ns; t++) {
		while (n < s.total && schedule_intended_ns(&s, n) <= t)
			n++;
		cr_assert_eq(schedule_offered(&s, t), n,
			"%lu offered at %lu ns, %lu have their time", schedule_offered(&s, t), t,
			n);
	}
	cr_assert(reached(s.spec.duration_ns, s.total - 1) && s.total - n <= s.spec.burst);
	cr_assert_eq(schedule_offered(&s, s.spec.duration_ns), s.total);
}

Test(schedule, offers_what_has_its_time)
{
	size_t rounds = rnd_cases(300, 10000);
	struct rnd rnd;

	rnd_init(&rnd, "schedule offers");
	for (size_t i = 0; i < rounds; i++) {
		spec_draw(&rnd, 3000);
		walk_short();
	}
}

Test(schedule, a_burst_leaves_at_once_and_the_last_is_cut)
{
	start(1000, 1000, 10 * SECOND / 1000, 4);
	cr_assert_eq(s.total, 10);
	cr_assert_eq(schedule_due(&s, 0), 4);
	schedule_sent(&s, 4, 0);
	cr_assert_eq(s.next_ns, 4000000);
	cr_assert_eq(schedule_due(&s, 3999999), 0);
	cr_assert_eq(schedule_due(&s, 4000000), 4);
	schedule_sent(&s, 3, 4000000);
	cr_assert_eq(schedule_due(&s, 4000000), 1, "the rest keeps the time of the burst");
	schedule_sent(&s, 1, 4000000);
	cr_assert_eq(schedule_due(&s, 9000000), 2);
	schedule_sent(&s, 2, 9000000);
	cr_assert(schedule_done(&s));
	cr_assert_eq(schedule_due(&s, UINT64_MAX - 1), 0);
	cr_assert_eq(s.next_ns, UINT64_MAX);
}

Test(schedule, late_sends_are_those_beyond_the_bound)
{
	start(1000, 1000, SECOND, 1);
	s.spec.late_after_ns = 50;
	schedule_sent(&s, 1, 0);
	schedule_sent(&s, 1, 1000050);
	cr_assert_eq(s.late_sends, 0);
	schedule_sent(&s, 1, 2000051);
	cr_assert_eq(s.late_sends, 1);
	cr_assert_eq(s.latest_ns, 51);
	schedule_sent(&s, 1, 9000000);
	schedule_sent(&s, 1, 9000000);
	cr_assert_eq(s.late_sends, 3);
	cr_assert_eq(s.latest_ns, 6000000);
}

/* A sender that is away now and then catches up in order: open loop. */
Test(schedule, a_sender_that_stalls_sends_all_with_their_own_times)
{
	struct rnd rnd;
	uint64_t now = 0, sent = 0, late = 0;

	rnd_init(&rnd, "schedule stalls");
	start(200000, 900000, SECOND / 20, 8);
	s.spec.late_after_ns = 1000;
	while (!schedule_done(&s)) {
		uint32_t due = schedule_due(&s, now), n = due ? 1 + rnd_below(&rnd, due) : 0;

		if (n) {
			cr_assert_eq(s.next_ns, schedule_intended_ns(&s, sent));
			late += now - s.next_ns > 1000 ? n : 0;
			schedule_sent(&s, n, now);
			sent += n;
		}
		now += rnd_below(&rnd, 1000) ? rnd_below(&rnd, 900) : 300000;
	}
	cr_assert_eq(sent, s.total);
	cr_assert_eq(s.late_sends, late);
	cr_assert_gt(late, 0);
}

static void expect_refused(struct schedule_spec spec, const char *word)
{
	struct rh_error err = {0};

	cr_assert_eq(schedule_init(&s, &spec, &err), -EINVAL);
	cr_assert(strstr(err.text, word), "%s: says nothing of %s", err.text, word);
}

Test(schedule, refuses_what_is_no_trial)
{
	expect_refused((struct schedule_spec){0, 0, SECOND, 1, 0}, "rate 0");
	expect_refused((struct schedule_spec){SCHEDULE_RATE_MAX + 1, 1, SECOND, 1, 0}, "more than");
	expect_refused((struct schedule_spec){1, SCHEDULE_RATE_MAX + 1, SECOND, 1, 0}, "more than");
	expect_refused((struct schedule_spec){1, 1, 0, 1, 0}, "duration");
	expect_refused((struct schedule_spec){1, 1, SCHEDULE_DURATION_MAX + 1, 1, 0}, "duration");
	expect_refused((struct schedule_spec){1, 1, SECOND, 0, 0}, "burst");
}

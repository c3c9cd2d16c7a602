#include "perf/gen/schedule.h"

#include <errno.h>
#include <math.h>

#define SECOND_NS 1000000000ULL

/*
 * N(t) = R0 t + (R - R0) t^2 / (2 T), with rates per second and times in ns, as a fraction:
 * (2 R0 T t + (R - R0) t^2) / (2 T 10^9). With the limits of the header numerator and denominator
 * stay below 2^117, the latter also times the number of an event.
 */
static __uint128_t denominator(const struct schedule_spec *spec)
{
	return (__uint128_t)2 * spec->duration_ns * SECOND_NS;
}

static __uint128_t numerator(const struct schedule_spec *spec, uint64_t t_ns)
{
	__uint128_t square = (__uint128_t)t_ns * t_ns;
	__uint128_t base = (__uint128_t)2 * spec->ramp_from * spec->duration_ns * t_ns;

	/* t <= T, so that a falling ramp stays above 0. */
	return spec->rate >= spec->ramp_from ? base + (spec->rate - spec->ramp_from) * square
					     : base - (spec->ramp_from - spec->rate) * square;
}

static uint64_t constant_time(uint64_t rate, uint64_t n)
{
	return (uint64_t)(((__uint128_t)n * SECOND_NS + rate - 1) / rate);
}

/* The root of the square function, right to a few ns but near the foot of a falling ramp. */
static uint64_t ramp_estimate(const struct schedule_spec *spec, uint64_t n)
{
	double from = (double)spec->ramp_from / (double)SECOND_NS;
	double slope = ((double)spec->rate / (double)SECOND_NS - from) / (double)spec->duration_ns;
	double root = from * from + 2 * slope * (double)n;
	double t = 2 * (double)n / (from + sqrt(root > 0 ? root : 0));

	return t < (double)spec->duration_ns ? (uint64_t)t : spec->duration_ns;
}

/* Exact from the estimate: widen around it until the event lies between, then halve. */
static uint64_t ramp_time(const struct schedule_spec *spec, uint64_t n)
{
	__uint128_t wanted = n * denominator(spec);
	uint64_t t = ramp_estimate(spec, n), below = t, at = t;

	for (uint64_t step = 2; below && numerator(spec, below) >= wanted; step *= 4)
		below = step < below ? below - step : 0;
	for (uint64_t step = 2; numerator(spec, at) < wanted; step *= 4)
		at = step < spec->duration_ns - at ? at + step : spec->duration_ns;
	while (at - below > 1) {
		uint64_t middle = below + (at - below) / 2;

		if (numerator(spec, middle) >= wanted)
			at = middle;
		else
			below = middle;
	}
	return at;
}

uint64_t schedule_intended_ns(const struct schedule *s, uint64_t n)
{
	const struct schedule_spec *spec = &s->spec;

	n -= n % spec->burst;
	if (!n)
		return 0;
	return spec->rate == spec->ramp_from ? constant_time(spec->rate, n) : ramp_time(spec, n);
}

uint64_t schedule_offered(const struct schedule *s, uint64_t now_ns)
{
	uint64_t last, due;

	if (now_ns >= s->spec.duration_ns)
		return s->total;
	last = (uint64_t)(numerator(&s->spec, now_ns) / denominator(&s->spec));
	due = (last / s->spec.burst + 1) * s->spec.burst;
	return due < s->total ? due : s->total;
}

static int spec_check(const struct schedule_spec *spec, struct rh_error *err)
{
	if (spec->rate > SCHEDULE_RATE_MAX || spec->ramp_from > SCHEDULE_RATE_MAX)
		return rh_error_set(err, EINVAL,
			"rate %llu, ramp from %llu: more than %llu events per second",
			(unsigned long long)spec->rate, (unsigned long long)spec->ramp_from,
			SCHEDULE_RATE_MAX);
	if (!spec->rate && !spec->ramp_from)
		return rh_error_set(
			err, EINVAL, "rate 0: a trial needs at least 1 event per second");
	if (!spec->duration_ns || spec->duration_ns > SCHEDULE_DURATION_MAX)
		return rh_error_set(err, EINVAL, "duration %llu ns: not in 1 ns to 3,600 s",
			(unsigned long long)spec->duration_ns);
	if (!spec->burst)
		return rh_error_set(err, EINVAL, "burst 0: at least 1 event leaves at a time");
	return 0;
}

int schedule_init(struct schedule *s, const struct schedule_spec *spec, struct rh_error *err)
{
	int ret = spec_check(spec, err);
	__uint128_t below;

	if (ret)
		return ret;
	below = denominator(spec);
	*s = (struct schedule){
		.spec = *spec,
		.total = (uint64_t)((numerator(spec, spec->duration_ns) + below - 1) / below),
	};
	return 0;
}

void schedule_sent(struct schedule *s, uint32_t n, uint64_t now_ns)
{
	uint64_t after_ns = now_ns - s->next_ns;

	if (after_ns > s->spec.late_after_ns)
		s->late_sends += n;
	if (after_ns > s->latest_ns)
		s->latest_ns = after_ns;
	s->next += n;
	if (schedule_done(s))
		s->next_ns = UINT64_MAX;
	else if (s->next % s->spec.burst == 0)
		s->next_ns = schedule_intended_ns(s, s->next);
}

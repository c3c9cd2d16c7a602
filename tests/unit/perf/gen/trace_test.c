#include "perf/gen/trace.h"

#include "dataplane/frame/datagram.h"
#include "dataplane/frame/event.h"
#include "perf/gen/headers.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

static struct workload w;
static struct trace_publisher publishers[WORKLOAD_PUBLISHERS];

static void setup(void)
{
	cr_assert_eq(workload_init(&w, 7), 0);
	for (uint32_t p = 0; p < WORKLOAD_PUBLISHERS; p++)
		publishers[p] = (struct trace_publisher){p + 1, p + 100, p + 1000};
}

static void teardown(void)
{
	workload_fini(&w);
}

TestSuite(trace, .init = setup, .fini = teardown);

static void frame_parse(uint32_t e, struct rh_datagram *d, struct rh_event *event, uint8_t *frame)
{
	struct rh_record_cursor cur;
	struct rh_record rec = {0};
	size_t len = TRACE_FRAME_BYTES - HEADERS_BYTES;

	trace_frame(&w, publishers, e, frame);
	cr_assert_eq(rh_datagram_parse(frame + HEADERS_BYTES, len, d), RH_FRAME_OK);
	cur = rh_record_first(frame + HEADERS_BYTES, len);
	cr_assert_eq(rh_record_next(&cur, &rec), RH_FRAME_OK);
	cr_assert_eq(rh_event_parse(rec.bytes, rec.len, false, event), RH_FRAME_OK);
	cr_assert_eq(rh_record_next(&cur, &rec), RH_FRAME_OK);
	cr_assert_null(rec.bytes, "one event a frame");
}

Test(trace, frames_parse_and_name_their_publisher)
{
	uint8_t frame[TRACE_FRAME_BYTES];
	struct rh_datagram d;
	struct rh_event event;

	for (uint32_t e = 0; e < WORKLOAD_EVENTS; e += 61) {
		const char *topic = workload_topic(&w, e);

		frame_parse(e, &d, &event, frame);
		cr_assert_eq(d.session, e % WORKLOAD_PUBLISHERS + 1);
		cr_assert_eq(event.sequence, e / WORKLOAD_PUBLISHERS + 1);
		cr_assert_eq(event.incarnation, e % WORKLOAD_PUBLISHERS + 1000);
		cr_assert_eq(event.topic_len, strlen(topic));
		cr_assert_eq(memcmp(event.topic, topic, event.topic_len), 0);
	}
}

Test(trace, a_seed_gives_the_same_workload_and_another_seed_another)
{
	struct workload same, other;

	cr_assert_eq(workload_init(&same, 7), 0);
	cr_assert_eq(workload_init(&other, 8), 0);
	cr_assert_eq(memcmp(w.event_topic, same.event_topic, WORKLOAD_EVENTS * sizeof(uint32_t)), 0);
	cr_assert_neq(
		memcmp(w.event_topic, other.event_topic, WORKLOAD_EVENTS * sizeof(uint32_t)), 0);
	workload_fini(&same);
	workload_fini(&other);
}

Test(trace, popularity_is_zipf)
{
	struct perf_random rnd;
	struct perf_zipf zipf;
	uint32_t hits[4] = {0};
	const uint32_t draws = 1000000;

	cr_assert_eq(perf_zipf_init(&zipf, 1000, 1.0), 0);
	perf_random_init(&rnd, 3);
	for (uint32_t i = 0; i < draws; i++) {
		size_t rank = perf_zipf_rank(&zipf, &rnd);

		cr_assert_lt(rank, 1000);
		if (rank < 4)
			hits[rank]++;
	}
	/* H(1000) = 7.4855: rank k is drawn with probability 1 / (7.4855 (k + 1)). */
	for (uint32_t k = 0; k < 4; k++)
		cr_assert_float_eq(hits[k] / (double)draws, 1 / (7.4855 * (k + 1)), 0.003);
	perf_zipf_fini(&zipf);
}

Test(trace, every_event_but_the_restarts_has_one_receiver)
{
	uint32_t *receiver = malloc(WORKLOAD_EVENTS * sizeof(*receiver));

	cr_assert_eq(workload_reference(&w, receiver), 0);
	for (uint32_t e = 0; e < WORKLOAD_EVENTS; e++)
		if (workload_is_restart(e))
			cr_assert_eq(receiver[e], WORKLOAD_NOBODY);
		else
			cr_assert_lt(receiver[e], WORKLOAD_SUBSCRIBERS);
	free(receiver);
}

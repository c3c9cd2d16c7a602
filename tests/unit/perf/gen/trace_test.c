#include "perf/gen/trace.h"

#include "dataplane/frame/datagram.h"
#include "dataplane/frame/event.h"
#include "perf/gen/headers.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

#define PUBLISHERS 64

static struct workload w;
static struct trace_publisher publishers[PUBLISHERS];
static struct trace trace;

static void setup(void)
{
	struct workload_spec spec = WORKLOAD_HOT;

	spec.seed = 7;
	cr_assert_eq(workload_init(&w, &spec, NULL), 0);
	for (uint32_t p = 0; p < PUBLISHERS; p++)
		publishers[p] = (struct trace_publisher){p + 1, p + 100, p + 1000};
	trace = (struct trace){.workload = &w, .publishers = publishers,
		.record_bytes = TRACE_RECORD_HOT};
}

static void teardown(void)
{
	workload_fini(&w);
}

TestSuite(trace, .init = setup, .fini = teardown);

static void event_check(uint32_t e, const struct rh_record *rec)
{
	struct rh_event event;
	char topic[WORKLOAD_TEXT_MAX];
	uint32_t len = workload_topic(&w, e, topic);

	cr_assert_eq(rh_event_parse(rec->bytes, rec->len, false, &event), RH_FRAME_OK);
	cr_assert_eq(rec->len, trace.record_bytes);
	cr_assert_eq(event.sequence, workload_sequence(&w, e));
	cr_assert_eq(event.incarnation, workload_publisher(&w, e) + 1000);
	cr_assert_eq(event.topic_len, len);
	cr_assert_eq(memcmp(event.topic, topic, len), 0);
}

static void datagram_check(uint32_t at)
{
	uint32_t events = w.spec.events, len = trace_frame_bytes(events, trace.record_bytes) - HEADERS_BYTES;
	uint8_t frame[TRACE_FRAME_MAX];
	struct rh_record_cursor cur;
	struct rh_record rec = {0};
	struct rh_datagram d;

	trace_frame(&trace, at, frame);
	cr_assert_eq(rh_datagram_parse(frame + HEADERS_BYTES, len, &d), RH_FRAME_OK);
	cr_assert_eq(d.session, at % PUBLISHERS + 1);
	cr_assert_eq(d.packet_number, at / PUBLISHERS + 1);
	cur = rh_record_first(frame + HEADERS_BYTES, len);
	for (uint32_t k = 0; k < events; k++) {
		cr_assert_eq(rh_record_next(&cur, &rec), RH_FRAME_OK);
		event_check(at * events + k, &rec);
	}
	cr_assert_eq(rh_record_next(&cur, &rec), RH_FRAME_OK);
	cr_assert_null(rec.bytes, "no more events in a datagram than asked for");
}

Test(trace, frames_parse_and_name_their_publisher)
{
	for (uint32_t d = 0; d < w.spec.datagrams; d += 61)
		datagram_check(d);
}

Test(trace, several_events_share_a_datagram_and_number_on)
{
	struct workload_spec spec = w.spec;

	workload_fini(&w);
	spec.events = 8;
	cr_assert_eq(workload_init(&w, &spec, NULL), 0);
	trace.record_bytes = 104;
	cr_assert_eq(trace_check(&trace, NULL), 0);
	for (uint32_t d = 0; d < w.spec.datagrams; d += 61)
		datagram_check(d);
	cr_assert_eq(workload_sequence(&w, 7), 8);
	cr_assert_eq(workload_sequence(&w, 8 * PUBLISHERS), 9, "the publisher's next datagram goes on");
}

Test(trace, refuses_records_that_cannot_be)
{
	struct rh_error err = {""};

	trace.record_bytes = 100;
	cr_assert_eq(trace_check(&trace, &err), -EINVAL);
	cr_assert_not_null(strstr(err.text, "multiple of 8"), "%s", err.text);
	trace.record_bytes = 64;
	cr_assert_eq(trace_check(&trace, &err), -EINVAL);
	trace.record_bytes = 1512;
	cr_assert_eq(trace_check(&trace, &err), -EINVAL);
	cr_assert_not_null(strstr(err.text, "at most 1514"), "%s", err.text);
}

#include "perf/gen/gen_receive.h"
#include "perf/gen/gen_host.h"
#include "perf/gen/gen_session.h"

#include "dataplane/frame/datagram.h"

#include <string.h>

/* The byte that an altered event has changed: in its topic. */
#define ALTERED_BYTE RH_PUBLISH_HDR

/* One copy held back until the next one of the same subscriber and publisher has passed. */
static struct {
	uint8_t record[TRACE_FRAME_MAX];
	uint32_t len, subscriber;
	bool holds;
} late;

static uint64_t faults_seen;

static uint32_t subscriber_of(const struct gen *gen, uint32_t client)
{
	return gen->opt.reflect ? client : client - gen->opt.workload.publishers;
}

void gen_receive_flush(struct gen *gen, uint64_t now_ns)
{
	if (late.holds)
		(void)sink_take(gen->sink, late.subscriber, late.record, late.len, now_ns);
	late.holds = false;
}

static void altered_take(struct gen *gen, uint32_t subscriber, const uint8_t *record, uint32_t len, uint64_t now_ns)
{
	uint8_t copy[TRACE_FRAME_MAX];

	memcpy(copy, record, len);
	copy[ALTERED_BYTE] ^= 1;
	(void)sink_take(gen->sink, subscriber, copy, len, now_ns);
}

/* True when the fault is done and @record needs no more. */
static bool fault_do(struct gen *gen, uint32_t subscriber, const uint8_t *record, uint32_t len, uint64_t now_ns)
{
	if (++faults_seen % gen->opt.fault_every)
		return false;
	switch (gen->opt.fault) {
	case GEN_FAULT_LOSE: return true;
	case GEN_FAULT_DOUBLE: (void)sink_take(gen->sink, subscriber, record, len, now_ns); return false;
	case GEN_FAULT_ALTER: altered_take(gen, subscriber, record, len, now_ns); return true;
	case GEN_FAULT_REORDER:
		gen_receive_flush(gen, now_ns);
		memcpy(late.record, record, len);
		late.len = len;
		late.subscriber = subscriber;
		late.holds = true;
		return true;
	default: return false;
	}
}

/* A held copy goes behind a later one of its subscriber and publisher (bytes 16 to 23: the incarnation). */
static bool overtaken(uint32_t subscriber, const uint8_t *record)
{
	return late.holds && late.subscriber == subscriber && memcmp(late.record + 16, record + 16, 8) == 0;
}

static void event_take(struct gen *gen, uint32_t client, const uint8_t *record, uint32_t len, uint64_t now_ns)
{
	uint32_t subscriber = subscriber_of(gen, client);

	if (!gen->opt.reflect && client < gen->opt.workload.publishers) {
		gen->frames_other++;
		return;
	}
	if (rh_unlikely(gen->opt.fault != GEN_FAULT_NONE) && len <= TRACE_FRAME_MAX &&
		fault_do(gen, subscriber, record, len, now_ns))
		return;
	(void)sink_take(gen->sink, subscriber, record, len, now_ns);
	if (rh_unlikely(gen->opt.fault == GEN_FAULT_REORDER) && overtaken(subscriber, record))
		gen_receive_flush(gen, now_ns);
}

/* The BYE of a session that this client had before, and left: greeting anew ends it. */
static bool is_old_bye(const struct gen *gen, uint32_t client, const struct rh_datagram *d, uint8_t type)
{
	return type == RH_RECORD_BYE && d->session && !gen_session_is(gen, client, d->session, d->check);
}

void gen_receive(struct gen *gen, uint32_t client, const uint8_t *payload, uint32_t len, uint64_t now_ns)
{
	struct rh_record_cursor cursor;
	struct rh_record record;
	struct rh_datagram d;

	if (rh_datagram_parse(payload, len, &d) != RH_FRAME_OK) {
		gen->frames_other++;
		return;
	}
	cursor = rh_record_first(payload, len);
	while (rh_record_next(&cursor, &record) == RH_FRAME_OK && record.bytes)
		if (rh_likely(record.type == RH_RECORD_PUBLISH))
			event_take(gen, client, record.bytes, record.len, now_ns);
		else if (gen->sessions && !is_old_bye(gen, client, &d, record.type))
			gen_session_control(gen, client, record.bytes, record.len, record.type);
}

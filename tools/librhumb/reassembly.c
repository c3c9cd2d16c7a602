/*
 * FRAGMENTs, docs/protocol.md section 4.4. Bounded: RHC_REASSEMBLY events, each in one buffer that is kept once it was needed.
 * When all are taken the oldest gives way, finished ones first: fragments that never come must not keep new events out.
 */
#include "tools/librhumb/rhumb_priv.h"

#include <stdlib.h>
#include <string.h>

void rhc_reassembly_fini(struct rhc_reassembly *a)
{
	for (size_t i = 0; i < RHC_REASSEMBLY; i++)
		free(a->partial[i].bytes);
	memset(a, 0, sizeof(*a));
}

static void partial_fail(struct rhumb *r, struct rhc_partial *p, enum rhc_partial_state next)
{
	if (p->state == RHC_PARTIAL_GROWS)
		r->stats.reassembly_failed++;
	p->state = next;
}

/*
 * Given up for good: the router paid credit for all of it, so it is charged as arrived. One that gives way to another is not: its
 * slices may yet begin it anew, and what never does shows as lost in the next KEEPALIVE.
 */
static void partial_give_up(struct rhumb *r, struct rhc_partial *p, enum rhc_partial_state next)
{
	if (p->state == RHC_PARTIAL_GROWS)
		rhc_credit_arrived(r, p->total);
	partial_fail(r, p, next);
}

void rhc_reassembly_under_way(const struct rhumb *r, uint64_t *events, uint64_t *bytes)
{
	for (size_t i = 0; i < RHC_REASSEMBLY; i++) {
		const struct rhc_partial *p = &r->reassembly.partial[i];

		if (p->state == RHC_PARTIAL_GROWS) {
			*events += 1;
			*bytes += p->total;
		}
	}
}

uint64_t rhc_reassembly_due(const struct rhumb *r)
{
	uint64_t due = RHC_NEVER;

	for (size_t i = 0; i < RHC_REASSEMBLY; i++) {
		const struct rhc_partial *p = &r->reassembly.partial[i];
		uint64_t end = p->since_ns + RHC_REASSEMBLY_MS * RH_NS_PER_MS + 1;

		if (p->state == RHC_PARTIAL_GROWS && end < due)
			due = end;
	}
	return due;
}

void rhc_reassembly_new_session(struct rhumb *r)
{
	for (size_t i = 0; i < RHC_REASSEMBLY; i++)
		partial_fail(r, &r->reassembly.partial[i], RHC_PARTIAL_FREE);
}

void rhc_reassembly_timer(struct rhumb *r)
{
	for (size_t i = 0; i < RHC_REASSEMBLY; i++) {
		struct rhc_partial *p = &r->reassembly.partial[i];

		if (p->state != RHC_PARTIAL_FREE && r->now_ns - p->since_ns > RHC_REASSEMBLY_MS * RH_NS_PER_MS)
			partial_give_up(r, p, RHC_PARTIAL_FREE);
	}
}

static bool gives_way_before(const struct rhc_partial *a, const struct rhc_partial *b)
{
	if ((a->state == RHC_PARTIAL_GROWS) != (b->state == RHC_PARTIAL_GROWS))
		return b->state == RHC_PARTIAL_GROWS;
	return a->since_ns < b->since_ns;
}

static struct rhc_partial *partial_begin(struct rhumb *r, uint8_t lane, const struct rh_fragment *f)
{
	struct rhc_partial *p = NULL;

	rhc_reassembly_timer(r);
	for (size_t i = 0; i < RHC_REASSEMBLY; i++) {
		struct rhc_partial *other = &r->reassembly.partial[i];

		if (other->state == RHC_PARTIAL_FREE) {
			p = other;
			break;
		}
		if (!p || gives_way_before(other, p))
			p = other;
	}
	partial_fail(r, p, RHC_PARTIAL_FREE);
	if (!p->bytes && !(p->bytes = malloc(RH_EVENT_MAX)))
		return NULL;
	p->state = RHC_PARTIAL_GROWS;
	p->lane = lane;
	p->id = f->id;
	p->sequence = f->sequence;
	p->total = f->total;
	p->have = 0;
	p->since_ns = r->now_ns;
	memset(p->seen, 0, sizeof(p->seen));
	return p;
}

static struct rhc_partial *partial_find(struct rhumb *r, uint8_t lane, uint32_t id)
{
	for (size_t i = 0; i < RHC_REASSEMBLY; i++) {
		struct rhc_partial *p = &r->reassembly.partial[i];

		if (p->state != RHC_PARTIAL_FREE && p->lane == lane && p->id == id)
			return p;
	}
	return NULL;
}

/* How many of the units [@first, @end) are there already. */
static uint32_t units_seen(const struct rhc_partial *p, uint32_t first, uint32_t end)
{
	uint32_t seen = 0;

	for (uint32_t unit = first; unit < end; unit++)
		seen += p->seen[unit / 64] >> (unit % 64) & 1;
	return seen;
}

const uint8_t *rhc_fragment_take(
	struct rhumb *r, uint8_t lane, const struct rh_fragment *f, uint32_t *record_len)
{
	struct rhc_partial *p = partial_find(r, lane, f->id);
	uint32_t first = f->offset / RH_WIRE_ALIGN;
	uint32_t end = (f->offset + f->slice_len + RH_WIRE_ALIGN - 1) / RH_WIRE_ALIGN;
	uint32_t seen;

	if (p && r->now_ns - p->since_ns > RHC_REASSEMBLY_MS * RH_NS_PER_MS) {
		partial_give_up(r, p, RHC_PARTIAL_FREE);
		p = NULL;
	}
	if (p && p->state == RHC_PARTIAL_OVER && p->sequence == f->sequence)
		return NULL;
	if (p && p->state == RHC_PARTIAL_OVER)
		p->state = RHC_PARTIAL_FREE, p = NULL;
	if (!p && !(p = partial_begin(r, lane, f)))
		return NULL;
	if (p->total != f->total || p->sequence != f->sequence) {
		partial_give_up(r, p, RHC_PARTIAL_OVER);
		return NULL;
	}
	seen = units_seen(p, first, end);
	if (seen == end - first)
		return NULL;
	if (seen) {
		partial_give_up(r, p, RHC_PARTIAL_OVER);
		return NULL;
	}
	for (uint32_t unit = first; unit < end; unit++)
		p->seen[unit / 64] |= 1ULL << (unit % 64);
	memcpy(p->bytes + f->offset, f->slice, f->slice_len);
	p->have += f->slice_len;
	if (p->have < p->total)
		return NULL;
	p->state = RHC_PARTIAL_OVER;
	*record_len = p->total;
	return p->bytes;
}

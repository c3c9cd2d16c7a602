/*
 * Credit, docs/protocol.md section 5. What we grant must fit into the socket's receive buffer whatever sizes the events have.
 *
 * The kernel charges a datagram with the memory that holds it, not with its bytes: a whole page where a driver hands over pages,
 * and the sk_buff. It also gives back what was read only in quarters of the buffer (udp_rmem_release). So
 *
 *	slots  = 3/4 of SO_RCVBUF / (datagram rounded up to pages + sk_buff) - slots for control records
 *
 * are surely there. Events in a window of E events and B bytes come in at most E + B / slice datagrams, a slice being what a
 * FRAGMENT carries of a large event: E and B share the slots.
 */
#include "tools/librhumb/rhumb_priv.h"

#include <errno.h>

#define PAGE_BYTES     4096u
#define SKB_BYTES      256u
#define HEADROOM_BYTES (64u + 320u) /* before the datagram, and skb_shared_info behind it */
#define CONTROL_SLOTS  16u

static uint32_t slots_of(const struct rhumb *r)
{
	uint32_t charge =
		RH_ALIGN_UP(r->path.max_datagram + HEADROOM_BYTES, PAGE_BYTES) + SKB_BYTES;
	uint32_t slots = r->path.receive_buffer / 4 * 3 / charge;

	return slots > CONTROL_SLOTS ? slots - CONTROL_SLOTS : 1;
}

void rhc_credit_windows(struct rhumb *r)
{
	struct rhc_credit *c = &r->credit;
	uint32_t slice = (r->path.max_datagram - RH_DATAGRAM_HDR - RH_FRAGMENT_HDR) & ~7u;
	uint32_t slots = slots_of(r), largest = RH_EVENT_MAX / slice + 1;
	uint32_t byte_slots = slots / 2 > largest ? slots / 2 : largest;

	/* A window SHOULD hold the largest event, else that one would never come. */
	c->window_bytes = (uint64_t)byte_slots * slice;
	c->window_events = slots > byte_slots ? slots - byte_slots : 1;
	if (r->options.window_events && r->options.window_events < c->window_events)
		c->window_events = r->options.window_events;
	if (r->options.window_bytes && r->options.window_bytes < c->window_bytes)
		c->window_bytes = r->options.window_bytes;
	if (c->window_bytes < RH_EVENT_MAX)
		c->window_bytes = RH_EVENT_MAX;
}

void rhc_credit_hello(const struct rhumb *r, struct rh_hello *m)
{
	const struct rhc_credit *c = &r->credit;

	m->credit_events = c->window_events;
	m->credit_bytes = c->window_bytes;
	if (r->options.manual_credit) {
		m->credit_events = c->manual_events > c->arrived_events ? c->manual_events - c->arrived_events : 0;
		m->credit_bytes = c->manual_bytes > c->arrived_bytes ? c->manual_bytes - c->arrived_bytes : 0;
	}
}

/* Totals of the user's view outlive a session; the rest begins anew. */
void rhc_credit_new_session(struct rhumb *r, const struct rh_welcome *m)
{
	struct rhc_credit *c = &r->credit;
	struct rh_hello given;

	rhc_credit_hello(r, &given);
	r->stats.lost_events += c->lost_events;
	r->stats.dropped_events += c->dropped_copies;
	*c = (struct rhc_credit){.grant_events = m->credit_events,
		.grant_bytes = m->credit_bytes,
		.window_events = c->window_events,
		.window_bytes = c->window_bytes,
		.manual_events = given.credit_events,
		.manual_bytes = given.credit_bytes,
		.granted_events = given.credit_events,
		.granted_bytes = given.credit_bytes,
		.stamp = c->stamp,
		.stamp_answered = c->stamp_answered,
		.starved = {.due_ns = RHC_NEVER},
		.flush = c->flush,
		.keepalive_ns = r->now_ns};
}

bool rhc_credit_covers(const struct rhumb *r, uint64_t bytes)
{
	const struct rhc_credit *c = &r->credit;

	return c->sent_events < c->grant_events && bytes <= c->grant_bytes - c->sent_bytes;
}

void rhc_credit_starve(struct rhumb *r)
{
	if (r->credit.starved.due_ns != RHC_NEVER)
		return;
	rhc_keepalive_send(r, true, ++r->credit.stamp);
	rhc_backoff_start(r, &r->credit.starved);
}

void rhc_credit_take(struct rhumb *r, uint64_t events, uint64_t bytes)
{
	struct rhc_credit *c = &r->credit;

	if (events <= c->grant_events && bytes <= c->grant_bytes)
		return;
	if (events > c->grant_events)
		c->grant_events = events;
	if (bytes > c->grant_bytes)
		c->grant_bytes = bytes;
	c->starved.due_ns = RHC_NEVER;
}

void rhc_credit_arrived(struct rhumb *r, uint64_t bytes)
{
	r->credit.arrived_events++;
	r->credit.arrived_bytes += bytes;
}

static void credit_send(struct rhumb *r)
{
	const struct rh_credit m = {r->credit.granted_events, r->credit.granted_bytes};
	uint8_t *at = rhc_out_reserve(r, RH_CREDIT_HDR, false);
	int len = at ? rh_credit_encode(at, RH_CREDIT_HDR, &m) : -1;

	if (len > 0)
		rhc_out_commit(r, (size_t)len, 0, 0);
}

/* All ones is no limit, and stays it. */
static uint64_t sum_capped(uint64_t a, uint64_t b)
{
	return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

void rhc_credit_renew(struct rhumb *r, bool now)
{
	struct rhc_credit *c = &r->credit;
	bool manual = r->options.manual_credit;
	uint64_t events = sum_capped(manual ? c->manual_events : c->arrived_events + c->window_events, c->lost_events);
	uint64_t bytes = sum_capped(manual ? c->manual_bytes : c->arrived_bytes + c->window_bytes, c->lost_bytes);

	if (r->state != RHC_OPEN)
		return;
	if (!now && (int64_t)(events - c->granted_events) * 4 < (int64_t)c->window_events &&
		(int64_t)(bytes - c->granted_bytes) * 4 < (int64_t)c->window_bytes)
		return;
	/* Grants never fall, even where lost was only late. */
	if (events > c->granted_events)
		c->granted_events = events;
	if (bytes > c->granted_bytes)
		c->granted_bytes = bytes;
	credit_send(r);
}

void rhc_keepalive_send(struct rhumb *r, bool answer, uint64_t stamp)
{
	const struct rh_keepalive m = {.answer = answer,
		.sent_events = r->credit.sent_events,
		.sent_bytes = r->credit.sent_bytes,
		.stamp = stamp};
	uint8_t *at = rhc_out_reserve(r, RH_KEEPALIVE_HDR, false);
	int len = at ? rh_keepalive_encode(at, RH_KEEPALIVE_HDR, &m) : -1;

	if (len > 0)
		rhc_out_commit(r, (size_t)len, 0, 0);
	r->credit.keepalive_ns = r->now_ns;
}

static uint64_t behind(uint64_t ahead, uint64_t value)
{
	return ahead > value ? ahead - value : 0;
}

void rhc_keepalive_take(struct rhumb *r, const struct rh_keepalive *m)
{
	struct rhc_credit *c = &r->credit;
	uint64_t events = c->arrived_events, bytes = c->arrived_bytes;

	rhc_reassembly_under_way(r, &events, &bytes);
	/* More than was granted cannot have been sent: what else it is, it is not lost events of ours. */
	if (m->sent_events <= c->granted_events && m->sent_bytes <= c->granted_bytes) {
		c->lost_events = behind(m->sent_events, events);
		c->lost_bytes = behind(m->sent_bytes, bytes);
	}
	if (m->dropped_copies > c->dropped_copies)
		c->dropped_copies = m->dropped_copies;
	if (m->answer) {
		rhc_keepalive_send(r, false, m->stamp);
		rhc_credit_renew(r, true);
		return;
	}
	if (m->stamp > c->stamp_answered && m->stamp <= c->stamp)
		c->stamp_answered = m->stamp;
	rhc_credit_renew(r, false);
}

void rhc_credit_timer(struct rhumb *r)
{
	struct rhc_credit *c = &r->credit;

	if (r->state != RHC_OPEN)
		return;
	if (r->now_ns >= c->starved.due_ns) {
		rhc_keepalive_send(r, true, ++c->stamp);
		rhc_backoff_next(r, &c->starved, r->session.keepalive_ms);
	}
	if (r->now_ns >= c->flush.due_ns) {
		rhc_keepalive_send(r, true, ++c->stamp);
		rhc_backoff_next(r, &c->flush, RHC_RETRY_LONGEST_MS);
	}
	if (r->now_ns >= c->keepalive_ns + r->session.keepalive_ms * RH_NS_PER_MS)
		rhc_keepalive_send(r, true, ++c->stamp);
}

uint64_t rhc_credit_due(const struct rhumb *r)
{
	const struct rhc_credit *c = &r->credit;
	uint64_t due = c->keepalive_ns + r->session.keepalive_ms * RH_NS_PER_MS;

	if (c->starved.due_ns < due)
		due = c->starved.due_ns;
	return c->flush.due_ns < due ? c->flush.due_ns : due;
}

int rhumb_grant(struct rhumb *r, uint64_t events, uint64_t bytes)
{
	if (!r->options.manual_credit)
		return rh_error_set(&r->error, EINVAL, "rhumb_grant is for sessions created with manual_credit");
	r->credit.manual_events = sum_capped(r->credit.manual_events, events);
	r->credit.manual_bytes = sum_capped(r->credit.manual_bytes, bytes);
	rhc_credit_renew(r, true);
	if (r->state == RHC_OPEN)
		(void)rhc_out_flush(r);
	return 0;
}

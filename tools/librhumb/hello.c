#include "tools/librhumb/rhumb_priv.h"

#include <errno.h>
#include <string.h>

static struct rh_text text_of(const char *s)
{
	return (struct rh_text){s ? s : "", s ? (uint16_t)strlen(s) : 0};
}

static void hello_send(struct rhumb *r)
{
	struct rh_hello m = {.version_min = RH_WIRE_VERSION,
		.version_max = RH_WIRE_VERSION,
		.incarnation = r->incarnation,
		.queue_ms = r->options.queue_ms,
		.keepalive_ms = r->options.keepalive_ms,
		.max_datagram = r->path.max_datagram,
		.cookie = {(const char *)r->hello.cookie, r->hello.cookie_len},
		.client_id = text_of(r->options.client_id),
		.tenant = text_of(r->options.tenant)};
	uint8_t *at = rhc_out_reserve(r, RH_DATAGRAM_MIN_MAX - RH_DATAGRAM_HDR, true);
	int len;

	rhc_credit_hello(r, &m);
	if (!at)
		return;
	len = rh_hello_encode(at, RH_DATAGRAM_MIN_MAX - RH_DATAGRAM_HDR, &m);
	if (len > 0)
		rhc_out_commit(r, (size_t)len, 0, 0);
	(void)rhc_out_flush(r);
}

void rhc_greet(struct rhumb *r)
{
	r->state = RHC_GREETING;
	r->hello.challenge_answered = false;
	rhc_backoff_start(r, &r->hello.retry);
	hello_send(r);
}

void rhc_hello_timer(struct rhumb *r)
{
	if (r->state != RHC_GREETING || r->now_ns < r->hello.retry.due_ns)
		return;
	r->hello.challenge_answered = false;
	if (r->path.stale)
		rhc_path_renew(r);
	rhc_backoff_next(r, &r->hello.retry, RHC_RETRY_LONGEST_MS);
	hello_send(r);
}

void rhc_challenge_take(struct rhumb *r, const struct rh_challenge *m)
{
	if (r->state != RHC_GREETING)
		return;
	memcpy(r->hello.cookie, m->cookie.bytes, m->cookie.len);
	r->hello.cookie_len = m->cookie.len;
	if (r->hello.challenge_answered)
		return;
	r->hello.challenge_answered = true;
	hello_send(r);
}

/* Timers of a session must not make us busy, whatever the router says. */
static uint32_t at_least(uint32_t value, uint32_t least)
{
	return value > least ? value : least;
}

void rhc_welcome_take(struct rhumb *r, const struct rh_welcome *m)
{
	struct rhc_session *s = &r->session;
	bool same = s->number == m->session && s->check == m->check &&
		s->node_incarnation == m->node_incarnation;

	/* Without a cookie of ours it answers nothing that we said. */
	if (r->state != RHC_GREETING || !r->hello.cookie_len || m->version != RH_WIRE_VERSION) {
		r->stats.bad_datagrams++;
		return;
	}
	r->state = RHC_OPEN;
	r->hello.retry.due_ns = RHC_NEVER;
	r->hello.cookie_len = 0;
	s->heard_ns = r->now_ns;
	s->keepalive_ms = at_least(m->keepalive_ms, 10);
	s->timeout_ms = at_least(m->timeout_ms, 3 * s->keepalive_ms);
	s->max_payload = m->max_payload;
	s->max_datagram = m->max_datagram;
	if (same) {
		rhc_credit_take(r, m->credit_events, m->credit_bytes);
		rhc_credit_renew(r, true);
		return;
	}
	r->stats.reconnects += r->greeted;
	r->greeted = true;
	s->number = m->session;
	s->check = m->check;
	s->node_incarnation = m->node_incarnation;
	s->packet_number = 0;
	memset(r->receive.lanes, 0, sizeof(r->receive.lanes));
	rhc_credit_new_session(r, m);
	rhc_out_new_session(r);
	rhc_reassembly_new_session(r);
	rhc_subs_new_session(r);
}

static const char *reason_name(uint8_t reason)
{
	static const char *const names[] = {
#define X(id, value, name) [value] = name,
		RH_BYE_REASONS(X)
#undef X
	};

	return reason < RH_ARRAY_LEN(names) ? names[reason] : NULL;
}

void rhc_bye_take(struct rhumb *r, const struct rh_bye *m)
{
	const char *name = reason_name(m->reason);
	bool refused = !r->session.number;

	/* We were away too long, nothing is wrong: greet again. */
	if (m->reason == RH_BYE_TIMEOUT && r->state == RHC_OPEN) {
		rhc_greet(r);
		return;
	}
	r->bye_reason = m->reason;
	r->ended = rh_error_set(&r->error, refused ? ECONNREFUSED : ECONNRESET, "router %s %s: %s%s%.*s",
		r->options.router, refused ? "refuses the session" : "ended the session",
		name ? name : "reason unknown here", m->text.len ? ": " : "", (int)m->text.len,
		m->text.bytes);
	r->state = RHC_IDLE;
	r->session.number = 0;
	r->hello.retry.due_ns = RHC_NEVER;
}

void rhc_unknown_session_take(struct rhumb *r, const struct rh_unknown_session *m)
{
	/* Anyone can forge one: it only makes us greet, and a living session comes out of that unharmed. */
	if (r->state == RHC_OPEN && m->session == r->session.number)
		rhc_greet(r);
}

void rhc_bye_send(struct rhumb *r)
{
	const struct rh_bye m = {.reason = RH_BYE_NORMAL, .text = {"", 0}};
	uint8_t *at;
	int len;

	if (r->state != RHC_OPEN || !(at = rhc_out_reserve(r, RH_BYE_HDR, false)))
		return;
	len = rh_bye_encode(at, RH_BYE_HDR, &m);
	if (len > 0)
		rhc_out_commit(r, (size_t)len, 0, 0);
	(void)rhc_out_flush(r);
}

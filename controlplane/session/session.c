#include "controlplane/session/session_priv.h"

#include "dataplane/base/clock.h"
#include "dataplane/base/hash.h"
#include "dataplane/base/log.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static void session_free(struct cp_session *session)
{
	cp_replies_free(session->subscribes);
	cp_replies_free(session->aliases);
	free(session);
}

/* Nothing finds its subscriptions any more: let go of the slot. */
static void slot_close(struct cp_sessions *s, struct cp_session *session)
{
	(void)s->ops->close(s->eng, session->slot);
	cp_session_adj_put(s, session->adj);
	s->by_slot[session->slot] = NULL;
	session_free(session);
}

static void on_dropped(
	void *arg, const struct cp_sub_outcome *outcomes, uint16_t count, uint64_t generation)
{
	struct cp_pending *p = arg;
	struct cp_sessions *s = p->sessions;

	(void)outcomes, (void)count, (void)generation;
	if (s) {
		*p->prev = p->next;
		if (p->next)
			p->next->prev = p->prev;
		slot_close(s, s->by_slot[p->slot]);
	}
	free(p);
}

static int drop(struct cp_sessions *s, struct cp_session *session)
{
	struct cp_pending *p = calloc(1, sizeof(*p));

	if (!p)
		return -ENOMEM;
	p->sessions = s;
	p->slot = session->slot;
	if (s->ops->subs_drop(s->subs, session->slot, on_dropped, p) < 0) {
		free(p);
		return -ENOMEM;
	}
	p->next = s->requests;
	p->prev = &s->requests;
	if (s->requests)
		s->requests->prev = &p->next;
	s->requests = p;
	return 0;
}

bool cp_closing_flush(struct cp_sessions *s)
{
	struct cp_session *session;

	while ((session = s->closing)) {
		if (drop(s, session) < 0)
			return false;
		s->closing = session->closing_next;
	}
	return true;
}

void cp_session_close(struct cp_sessions *s, struct cp_session *session, int reason)
{
	if (session->closing)
		return;
	if (reason >= 0)
		cp_session_bye(s, session, (enum rh_bye_reason)reason);
	session->closing = true;
	rh_htable_remove(&s->by_client, &session->node);
	s->stats.closed++;
	s->stats.live--;
	session->closing_next = s->closing;
	s->closing = session;
	if (!cp_closing_flush(s))
		cp_sessions_soon(s);
}

void cp_session_broke(struct cp_sessions *s, struct cp_session *session, enum rh_bye_reason reason)
{
	s->stats.protocol_errors++;
	rh_log_info(SESSION, "client '%s' broke the protocol: its session %u ends",
		session->client_id, session->wire_id);
	cp_session_close(s, session, (int)reason);
}

/* The session that a record came for, as it passed the worker's checks. */
static struct cp_session *session_of(const struct cp_sessions *s, const struct dp_punt *punt)
{
	struct cp_session *session =
		punt->has_session && punt->slot < DP_LIMIT_SESSIONS ? s->by_slot[punt->slot] : NULL;

	return session && !session->closing && session->wire_id == punt->wire_session ? session
										      : NULL;
}

static void goodbye(struct cp_sessions *s, struct cp_session *session, const struct dp_punt *punt)
{
	struct rh_bye bye;

	if (rh_bye_parse(punt->bytes, punt->len, &bye) != RH_FRAME_OK)
		cp_session_broke(s, session, RH_BYE_PROTOCOL);
	else
		cp_session_close(s, session, -1);
}

static void record(struct cp_sessions *s, struct cp_session *session, const struct dp_punt *punt)
{
	switch (punt->bytes[0]) {
	case RH_RECORD_SUBSCRIBE:
	case RH_RECORD_UNSUBSCRIBE:
		cp_session_subscribe(s, session, punt);
		break;
	case RH_RECORD_ALIAS:
		cp_session_alias(s, session, punt);
		break;
	case RH_RECORD_BYE:
		goodbye(s, session, punt);
		break;
	default:
		cp_session_broke(s, session, RH_BYE_PROTOCOL);
	}
}

void cp_sessions_punt(struct cp_sessions *s, const struct dp_punt *punt)
{
	struct cp_session *session;

	if (punt->kind == DP_PUNT_UNKNOWN_SESSION) {
		cp_session_unknown(s, punt);
		return;
	}
	if (punt->kind != DP_PUNT_CONTROL || punt->len < RH_RECORD_HDR)
		return;
	if (punt->bytes[0] == RH_RECORD_HELLO) {
		cp_session_hello(s, punt);
		return;
	}
	session = session_of(s, punt);
	if (session)
		record(s, session, punt);
}

static void session_look(struct cp_sessions *s, struct cp_session *session)
{
	static struct dp_session_stats stats; /* the control loop's alone; large */
	uint64_t last, now;

	cp_replies_look(&session->subscribes);
	cp_replies_look(&session->aliases);
	if (session->closing || s->ops->stats(s->eng, session->slot, &stats) < 0)
		return;
	if (stats.protocol_error) {
		cp_session_broke(s, session, (enum rh_bye_reason)stats.protocol_reason);
		return;
	}
	last = stats.last_rx_tsc > session->opened_tsc ? stats.last_rx_tsc : session->opened_tsc;
	now = s->ops->tsc();
	if (now < last || (now - last) / (rh_tsc_hz() / 1000) <= session->timeout_ms)
		return;
	s->stats.timed_out++;
	rh_log_info(SESSION, "client '%s' was silent for %u ms: its session %u ends",
		session->client_id, session->timeout_ms, session->wire_id);
	cp_session_close(s, session, RH_BYE_TIMEOUT);
}

void cp_sessions_scan(struct cp_sessions *s)
{
	for (uint32_t i = s->scan_part; i < DP_LIMIT_SESSIONS; i += CP_SCAN_PARTS) {
		if (s->by_slot[i])
			session_look(s, s->by_slot[i]);
	}
	s->scan_part = (s->scan_part + 1) % CP_SCAN_PARTS;
	s->ops->reap(s->eng);
}

static void on_scan(uv_timer_t *timer)
{
	cp_sessions_scan(timer->data);
}

static void on_soon(uv_timer_t *timer)
{
	struct cp_sessions *s = timer->data;
	bool sent = cp_outbox_flush(s), acked = cp_aliases_flush(s), closed = cp_closing_flush(s);

	if (sent && acked && closed)
		(void)uv_timer_stop(timer);
}

void cp_sessions_soon(struct cp_sessions *s)
{
	if (!uv_is_active((uv_handle_t *)&s->soon))
		(void)uv_timer_start(&s->soon, on_soon, 1, 1);
}

static void readjust(struct cp_sessions *s, struct cp_session *session)
{
	dp_adj_id_t adj;

	if (s->ops->adj_get(s->kernel, session->port, session->vlan, &session->remote, &adj) < 0)
		return;
	if (adj != session->adj && s->ops->set_adjacency(s->eng, session->slot, adj) == 0) {
		dp_adj_id_t old = session->adj;

		session->adj = adj;
		adj = old;
	}
	cp_session_adj_put(s, adj);
}

void cp_sessions_moved(void *arg)
{
	struct cp_sessions *s = arg;

	cp_sources_clear(s);
	for (uint32_t i = 0; i < DP_LIMIT_SESSIONS; i++) {
		if (s->by_slot[i])
			readjust(s, s->by_slot[i]);
	}
}

static void sessions_free(struct cp_sessions *s)
{
	rh_htable_fini(&s->by_client);
	free(s);
}

static void on_closed(uv_handle_t *handle)
{
	struct cp_sessions *s = handle->data;

	if (--s->handles == 0)
		sessions_free(s);
}

static int timers_open(struct cp_sessions *s, uv_loop_t *loop, struct rh_error *err)
{
	int ret = uv_timer_init(loop, &s->scan);

	if (ret < 0)
		return rh_error_set(err, -ret, "sessions: no timer: %s", uv_strerror(ret));
	s->handles = 1;
	s->scan.data = s;
	ret = uv_timer_init(loop, &s->soon);
	if (ret < 0)
		return rh_error_set(err, -ret, "sessions: no timer: %s", uv_strerror(ret));
	s->handles = 2;
	s->soon.data = s;
	(void)uv_timer_start(&s->scan, on_scan, CP_SCAN_MS, CP_SCAN_MS);
	return 0;
}

int cp_sessions_create_with(uv_loop_t *loop, const struct cp_sessions_ops *ops,
	struct dp_engine *eng, struct cp_subs *subs, struct cp_kernel *kernel,
	const struct cp_conf *conf, struct cp_sessions **out, struct rh_error *err)
{
	struct cp_sessions *s = calloc(1, sizeof(*s));
	int ret;

	if (!s || rh_htable_init(&s->by_client) < 0) {
		free(s);
		return rh_error_set(err, ENOMEM, "sessions: no memory");
	}
	s->ops = ops;
	s->eng = eng;
	s->subs = subs;
	s->kernel = kernel;
	s->conf = conf;
	s->seed = rh_random_seed();
	ret = timers_open(s, loop, err);
	if (ret < 0) {
		cp_sessions_destroy(s);
		return ret;
	}
	*out = s;
	return 0;
}

void cp_sessions_drain(struct cp_sessions *s)
{
	s->draining = true;
}

void cp_sessions_goodbye(struct cp_sessions *s)
{
	if (s->said_goodbye)
		return;
	s->said_goodbye = true;
	for (uint32_t i = 0; i < DP_LIMIT_SESSIONS; i++) {
		if (s->by_slot[i] && !s->by_slot[i]->closing)
			cp_session_bye(s, s->by_slot[i], RH_BYE_SHUTDOWN);
	}
	(void)cp_outbox_flush(s);
}

bool cp_sessions_unsent(const struct cp_sessions *s)
{
	return s->out_head != NULL;
}

void cp_sessions_destroy(struct cp_sessions *s)
{
	if (!s)
		return;
	cp_sessions_goodbye(s);
	cp_outbox_fini(s);
	cp_pending_forget(s);
	for (uint32_t i = 0; i < DP_LIMIT_SESSIONS; i++) {
		if (s->by_slot[i])
			slot_close(s, s->by_slot[i]);
	}
	cp_sources_clear(s);
	if (s->handles > 0)
		uv_close((uv_handle_t *)&s->scan, on_closed);
	if (s->handles > 1)
		uv_close((uv_handle_t *)&s->soon, on_closed);
	if (!s->handles)
		sessions_free(s);
}

static struct cp_session_row row_of(const struct cp_sessions *s, const struct cp_session *session)
{
	struct cp_session_row row = {
		.slot = session->slot,
		.wire_id = session->wire_id,
		.local = session->local,
		.remote = session->remote,
		.port = session->port,
		.owner = session->owner,
		.tenant = session->tenant,
		.vlan = session->vlan,
		.incarnation = session->incarnation,
		.since_wall_ns = session->since_wall_ns,
		.subscriptions = s->ops->subs_count(s->subs, session->slot),
		.keepalive_ms = session->keepalive_ms,
		.timeout_ms = session->timeout_ms,
	};

	memcpy(row.client_id, session->client_id, strlen(session->client_id) + 1);
	return row;
}

void cp_sessions_each(const struct cp_sessions *s,
	bool (*cb)(void *arg, const struct cp_session_row *row), void *arg)
{
	struct cp_session_row row;

	for (uint32_t i = 0; i < DP_LIMIT_SESSIONS; i++) {
		if (!s->by_slot[i] || s->by_slot[i]->closing)
			continue;
		row = row_of(s, s->by_slot[i]);
		if (!cb(arg, &row))
			return;
	}
}

int cp_sessions_find(const struct cp_sessions *s, dp_session_id_t slot, struct cp_session_row *out)
{
	if (slot >= DP_LIMIT_SESSIONS || !s->by_slot[slot] || s->by_slot[slot]->closing)
		return -ENOENT;
	*out = row_of(s, s->by_slot[slot]);
	return 0;
}

void cp_sessions_stats(const struct cp_sessions *s, struct cp_sessions_stats *out)
{
	*out = s->stats;
}

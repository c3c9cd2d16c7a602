#include "controlplane/session/session_priv.h"

#include "dataplane/filter/topic.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Of a result without text. */
#define RESULT_BYTES RH_ALIGN_UP(RH_SUBACK_RESULT, RH_WIRE_ALIGN)

static struct cp_pending *pending_create(struct cp_sessions *s, struct cp_pending **list,
	const struct cp_session *session, uint32_t request)
{
	struct cp_pending *p = calloc(1, sizeof(*p));

	if (!p)
		return NULL;
	p->sessions = s;
	p->slot = session->slot;
	p->wire_id = session->wire_id;
	p->request = request;
	p->next = *list;
	p->prev = list;
	if (*list)
		(*list)->prev = &p->next;
	*list = p;
	return p;
}

static void pending_free(struct cp_pending *p)
{
	if (p->sessions) {
		*p->prev = p->next;
		if (p->next)
			p->next->prev = p->prev;
	}
	free(p);
}

/* The registry may still call back: those learn that nobody is there. */
void cp_pending_forget(struct cp_sessions *s)
{
	while (s->aliases)
		pending_free(s->aliases);
	while (s->requests) {
		struct cp_pending *p = s->requests;

		s->requests = p->next;
		p->sessions = NULL;
	}
}

static struct cp_session *session_of(const struct cp_pending *p)
{
	struct cp_session *session = p->sessions ? p->sessions->by_slot[p->slot] : NULL;

	return session && !session->closing && session->wire_id == p->wire_id ? session : NULL;
}

static size_t room_of(const struct cp_session *session)
{
	size_t room = session->max_datagram - RH_DATAGRAM_HDR;

	return room < CP_RECORDS_MAX ? room : CP_RECORDS_MAX;
}

static void reply_send(
	struct cp_sessions *s, struct cp_session *session, const struct cp_reply *reply)
{
	static const struct cp_sub_outcome ok[RH_SUBSCRIBE_MAX];
	uint8_t bytes[CP_RECORDS_MAX];
	int len;

	if (reply->state == CP_REPLY_KEPT) {
		cp_session_send(s, session, reply->bytes, reply->count);
		return;
	}
	len = cp_suback_encode(bytes, room_of(session), reply->type, reply->request,
		reply->generation, ok, reply->count);
	if (len > 0)
		cp_session_send(s, session, bytes, (uint32_t)len);
}

/* Keep the record; without memory for it the request is forgotten, so that a repeat does it again
 * (all are idempotent). */
static void reply_keep(
	struct cp_replies *ring, struct cp_reply *reply, const uint8_t *bytes, int len)
{
	uint8_t *copy = len > 0 ? malloc((size_t)len) : NULL;

	if (!copy) {
		cp_replies_forget(ring, reply);
		return;
	}
	memcpy(copy, bytes, (size_t)len);
	reply->state = CP_REPLY_KEPT;
	reply->count = (uint16_t)len;
	reply->bytes = copy;
}

static bool all_ok(const struct cp_sub_outcome *outcomes, uint16_t count)
{
	for (uint16_t i = 0; i < count; i++) {
		if (outcomes[i].code != RH_SUB_OK)
			return false;
	}
	return true;
}

static void subs_done(
	void *arg, const struct cp_sub_outcome *outcomes, uint16_t count, uint64_t generation)
{
	struct cp_pending *p = arg;
	struct cp_session *session = session_of(p);
	struct cp_reply *reply = session ? cp_replies_open(session->subscribes, p->request) : NULL;
	uint8_t bytes[CP_RECORDS_MAX];
	int len;

	if (reply) {
		len = cp_suback_encode(
			bytes, room_of(session), p->type, p->request, generation, outcomes, count);
		if (all_ok(outcomes, count))
			*reply = (struct cp_reply){.request = p->request,
				.count = count,
				.state = CP_REPLY_OK,
				.type = p->type,
				.generation = generation};
		else
			reply_keep(session->subscribes, reply, bytes, len);
		if (len > 0)
			cp_session_send(p->sessions, session, bytes, (uint32_t)len);
	}
	pending_free(p);
}

/* True when the request is new; a repeat is answered here, an old one counted. */
static bool request_take(struct cp_sessions *s, struct cp_session *session,
	struct cp_replies **ring, uint32_t request, struct cp_reply **reply)
{
	switch (cp_replies_take(ring, request, reply)) {
	case CP_REPLY_NEW:
		return true;
	case CP_REPLY_REPEAT:
		s->stats.repeated_replies++;
		reply_send(s, session, *reply);
		return false;
	case CP_REPLY_STALE:
		s->stats.stale_requests++;
		return false;
	case CP_REPLY_BUSY:
		break;
	}
	return false;
}

static int subs_ask(struct cp_sessions *s, struct cp_session *session, bool add,
	const struct rh_subscribe *m, struct cp_pending *p)
{
	struct rh_sub_entry entries[RH_SUBSCRIBE_MAX];
	size_t offset = 0;
	uint16_t count = 0;

	while (count < m->count && rh_sub_entry_next(m, &offset, &entries[count]))
		count++;
	if (add)
		return s->ops->subs_add(
			s->subs, session->slot, session->tenant, entries, count, subs_done, p);
	return s->ops->subs_del(
		s->subs, session->slot, session->tenant, entries, count, subs_done, p);
}

void cp_session_subscribe(
	struct cp_sessions *s, struct cp_session *session, const struct dp_punt *punt)
{
	bool add = punt->bytes[0] == RH_RECORD_SUBSCRIBE;
	struct rh_subscribe m;
	struct cp_reply *reply;
	struct cp_pending *p;

	if (rh_subscribe_parse(punt->bytes, punt->len, &m) != RH_FRAME_OK) {
		cp_session_broke(s, session, RH_BYE_PROTOCOL);
		return;
	}
	/* A code for each entry must fit what the client takes, or the answer could never come. */
	if (RH_DATAGRAM_HDR + RH_SUBACK_HDR + m.count * RESULT_BYTES > session->max_datagram) {
		cp_session_broke(s, session, RH_BYE_PROTOCOL);
		return;
	}
	if (!request_take(s, session, &session->subscribes, m.request, &reply))
		return;
	p = pending_create(s, &s->requests, session, m.request);
	if (p)
		p->type = add ? RH_RECORD_SUBACK : RH_RECORD_UNSUBACK;
	if (p && subs_ask(s, session, add, &m, p) == 0)
		return;
	/* No memory: forgotten, the client asks again. */
	if (p)
		pending_free(p);
	cp_replies_forget(session->subscribes, reply);
}

static void alias_answer(
	struct cp_sessions *s, struct cp_session *session, const struct rh_alias_ack *ack)
{
	struct cp_reply *reply = cp_replies_open(session->aliases, ack->request);
	uint8_t bytes[RH_ALIAS_ACK_HDR + RH_TEXT_MAX + RH_WIRE_ALIGN];
	int len = rh_alias_ack_encode(bytes, sizeof(bytes), ack);

	if (!reply || len <= 0)
		return;
	reply_keep(session->aliases, reply, bytes, len);
	cp_session_send(s, session, bytes, (uint32_t)len);
}

bool cp_aliases_flush(struct cp_sessions *s)
{
	uint64_t seen = s->aliases ? s->ops->seen(s->eng) : 0;
	struct cp_pending *next;

	for (struct cp_pending *p = s->aliases; p; p = next) {
		struct cp_session *session = session_of(p);
		struct rh_alias_ack ack = {
			.request = p->request, .alias = p->alias, .code = RH_SUB_OK};

		next = p->next;
		if (session && p->generation > seen)
			continue;
		if (session)
			alias_answer(s, session, &ack);
		pending_free(p);
	}
	return !s->aliases;
}

static void alias_refuse(struct cp_sessions *s, struct cp_session *session,
	const struct rh_alias *m, uint8_t code, const char *text)
{
	struct cp_sub_outcome shown = {.code = code};
	struct rh_alias_ack ack = {.request = m->request, .alias = m->alias, .code = code};

	cp_outcome_set(&shown, code, "%s", text);
	ack.text = (struct rh_text){shown.text, (uint16_t)strlen(shown.text)};
	alias_answer(s, session, &ack);
}

static bool alias_topic_good(
	struct cp_sessions *s, struct cp_session *session, const struct rh_alias *m)
{
	struct rh_topic topic;
	struct rh_error err;

	if (!m->topic.len || rh_topic_parse(m->topic.bytes, m->topic.len, &topic, &err) == 0)
		return true;
	alias_refuse(s, session, m, RH_SUB_INVALID_FILTER, err.text);
	return false;
}

static void alias_set(struct cp_sessions *s, struct cp_session *session, const struct rh_alias *m,
	struct cp_reply *reply)
{
	struct cp_pending *p = pending_create(s, &s->aliases, session, m->request);
	int ret = p ? s->ops->alias(s->eng, session->slot, m->alias, m->topic.bytes, m->topic.len,
			      &p->generation)
		    : -ENOMEM;

	if (ret == 0) {
		p->alias = m->alias;
		cp_sessions_soon(s);
		return;
	}
	if (p)
		pending_free(p);
	switch (ret) {
	case -EINVAL:
		alias_refuse(s, session, m, RH_SUB_INVALID_FILTER,
			"the topic or the alias number is not valid");
		break;
	case -EEXIST:
		alias_refuse(s, session, m, RH_SUB_INVALID_FILTER,
			"the number has another topic: forget it first (topic length 0)");
		break;
	case -ENOENT:
		alias_refuse(s, session, m, RH_SUB_NOT_SUBSCRIBED, "no topic is registered under this number");
		break;
	case -ENOSPC:
		alias_refuse(s, session, m, RH_SUB_LIMIT, "aliases of all sessions have reached their memory");
		break;
	default: cp_replies_forget(session->aliases, reply); /* the client asks again */
	}
}

void cp_session_alias(struct cp_sessions *s, struct cp_session *session, const struct dp_punt *punt)
{
	struct cp_reply *reply;
	struct rh_alias m;

	if (rh_alias_parse(punt->bytes, punt->len, &m) != RH_FRAME_OK) {
		cp_session_broke(s, session, RH_BYE_PROTOCOL);
		return;
	}
	if (request_take(s, session, &session->aliases, m.request, &reply) &&
		alias_topic_good(s, session, &m))
		alias_set(s, session, &m, reply);
}

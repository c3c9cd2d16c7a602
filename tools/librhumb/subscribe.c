/*
 * Subscriptions are what the user wants; requests are how the router learns of it. One request is outstanding at most
 * (docs/protocol.md section 6) and carries up to 64 entries of one kind. A session that begins puts every subscription
 * back to WANTED, so that renewal is the same path as the first time.
 */
#include "tools/librhumb/rhumb_priv.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A router that is out of room, or busy, is asked again so much later when nobody waits for the answer. */
#define RENEW_MS 2000u

static void sub_free(struct rhc_sub *sub)
{
	if (!sub)
		return;
	free(sub->filter);
	free(sub->content);
	free(sub->dear);
	free(sub);
}

void rhc_subs_fini(struct rhumb *r)
{
	for (size_t i = 0; i < r->subs.count; i++)
		sub_free(r->subs.list[i]);
	free(r->subs.list);
	r->subs = (struct rhc_subs){.request.retry.due_ns = RHC_NEVER};
}

/* What was asked for. */
static struct rhumb_subscription sub_asked(const struct rhc_sub *sub)
{
	struct rhumb_subscription asked = {.filter = sub->filter, .dialect = (enum rhumb_dialect)sub->dialect};

	if (sub->content_kind == RH_CONTENT_CESQL)
		asked.cesql = sub->content;
	else if (sub->content_kind == RH_CONTENT_FILTERS)
		asked.filters = sub->content;
	else
		asked.regex = sub->content;
	return asked;
}

static struct rhc_sub *sub_find(const struct rhumb *r, const struct rhumb_subscription *asked)
{
	uint64_t hash = rhc_asked_hash(asked);

	for (size_t i = 0; i < r->subs.count; i++) {
		struct rhc_sub *sub = r->subs.list[i];
		struct rhumb_subscription other;

		if (sub->hash != hash)
			continue;
		other = sub_asked(sub);
		if (rhc_asked_same(asked, &other))
			return sub;
	}
	return NULL;
}

static size_t entry_size(size_t filter_len, size_t content_len)
{
	return RH_SUBSCRIBE_ENTRY + RH_ALIGN_UP(filter_len + content_len, (size_t)RH_WIRE_ALIGN);
}

/* Only what could never be sent is refused here: what a filter is, the router says. */
static int sub_check(struct rhumb *r, const struct rhumb_subscription *asked)
{
	size_t filter_len = asked->filter ? strlen(asked->filter) : 0;
	uint8_t kind;
	const char *content = rhc_asked_content(asked, &kind);
	size_t content_len = content ? strlen(content) : 0, room = rhc_out_record_max(r);

	if ((unsigned)asked->dialect > UINT8_MAX)
		return rh_error_set(&r->error, EINVAL, "topic dialect %d: RHUMB_MQTT to RHUMB_AMQP are known",
			(int)asked->dialect);
	if (!asked->filter || filter_len > RH_FILTER_MAX || (!filter_len && asked->dialect != RHUMB_AMQP))
		return rh_error_set(&r->error, EINVAL, "topic filter of %zu bytes: 1 to %d are right", filter_len,
			RH_FILTER_MAX);
	if (!!asked->regex + !!asked->cesql + !!asked->filters > 1)
		return rh_error_set(&r->error, EINVAL, "%s: one of regex, cesql and filters is right", asked->filter);
	if (content_len > RH_CONTENT_MAX)
		return rh_error_set(&r->error, EINVAL, "content expression of %zu bytes: at most %d are taken",
			content_len, RH_CONTENT_MAX);
	if (RH_SUBSCRIBE_HDR + entry_size(filter_len, content_len) > room)
		return rh_error_set(&r->error, EINVAL,
			"filter and content expression of %zu bytes do not fit into a datagram of this path (%zu)",
			filter_len + content_len, room);
	return 0;
}

static void sub_settle(struct rhumb *r, struct rhc_sub *sub, enum rhc_sub_state state)
{
	bool was = sub->state == RHC_SUB_WANTED || sub->state == RHC_SUB_LEAVING;
	bool is = state == RHC_SUB_WANTED || state == RHC_SUB_LEAVING;

	sub->state = state;
	r->subs.unsettled += (size_t)is - (size_t)was;
}

static struct rhc_sub *sub_new(const struct rhumb_subscription *asked)
{
	struct rhc_sub *sub = calloc(1, sizeof(*sub));
	const char *content;

	if (!sub)
		return NULL;
	content = rhc_asked_content(asked, &sub->content_kind);
	sub->filter = strdup(asked->filter);
	sub->content = content ? strdup(content) : NULL;
	if (!sub->filter || (content && !sub->content)) {
		sub_free(sub);
		return NULL;
	}
	sub->hash = rhc_asked_hash(asked);
	sub->filter_len = (uint16_t)strlen(sub->filter);
	sub->content_len = sub->content ? (uint16_t)strlen(sub->content) : 0;
	sub->dialect = (uint8_t)asked->dialect;
	sub->state = RHC_SUB_WANTED;
	return sub;
}

static struct rhc_sub *sub_add(struct rhumb *r, const struct rhumb_subscription *asked)
{
	struct rhc_subs *subs = &r->subs;
	struct rhc_sub *sub;

	if (subs->count == subs->room) {
		size_t room = subs->room ? subs->room * 2 : 16;
		struct rhc_sub **list = realloc(subs->list, room * sizeof(*list));

		if (!list)
			return NULL;
		subs->list = list;
		subs->room = room;
	}
	sub = sub_new(asked);
	if (!sub)
		return NULL;
	subs->unsettled++;
	subs->list[subs->count++] = sub;
	return sub;
}

static void sub_remove(struct rhumb *r, struct rhc_sub *sub)
{
	struct rhc_subs *subs = &r->subs;

	sub_settle(r, sub, RHC_SUB_LEFT);
	for (uint16_t i = 0; i < subs->request.count; i++)
		if (subs->request.subs[i] == sub)
			subs->request.subs[i] = NULL;
	for (size_t i = 0; i < subs->count; i++) {
		if (subs->list[i] == sub) {
			memmove(&subs->list[i], &subs->list[i + 1],
				(subs->count - i - 1) * sizeof(struct rhc_sub *));
			subs->count--;
			break;
		}
	}
	sub_free(sub);
}

void rhc_subs_new_session(struct rhumb *r)
{
	struct rhc_subs *subs = &r->subs;

	subs->request.retry.due_ns = RHC_NEVER;
	subs->request.count = 0;
	subs->last_id = 0;
	for (size_t i = subs->count; i-- > 0;) {
		struct rhc_sub *sub = subs->list[i];

		/* The old session took it along. */
		if (sub->state == RHC_SUB_LEAVING || sub->state == RHC_SUB_LEFT) {
			sub_remove(r, sub);
			continue;
		}
		sub->retry_ns = 0;
		sub_settle(r, sub, RHC_SUB_WANTED);
	}
}

static void request_send(struct rhumb *r)
{
	struct rhc_request *q = &r->subs.request;
	struct rh_sub_entry entries[RH_SUBSCRIBE_MAX];
	uint8_t *at;
	int len;

	for (uint16_t i = 0; i < q->count; i++)
		entries[i] = (struct rh_sub_entry){
			.filter = {q->subs[i]->filter, q->subs[i]->filter_len},
			.content = {q->subs[i]->content ? q->subs[i]->content : "", q->subs[i]->content_len},
			.dialect = q->subs[i]->dialect,
			.content_kind = q->subs[i]->content_kind};
	/* A datagram of its own: what is behind it must not wait for a SUBSCRIBE that is repeated. */
	rhc_out_close(r);
	at = rhc_out_reserve(r, rhc_out_record_max(r), false);
	if (!at)
		return;
	len = rh_subscribe_encode(at, rhc_out_record_max(r), q->type, q->id, entries, q->count);
	if (len > 0)
		rhc_out_commit(r, (size_t)len, 0, 0);
	rhc_out_close(r);
}

/* Collect entries of one kind until 64 or the datagram is full. */
static void request_fill(struct rhumb *r, enum rhc_sub_state from)
{
	struct rhc_request *q = &r->subs.request;
	size_t size = RH_SUBSCRIBE_HDR, room = rhc_out_record_max(r);

	q->count = 0;
	for (size_t i = 0; i < r->subs.count && q->count < RH_SUBSCRIBE_MAX; i++) {
		struct rhc_sub *sub = r->subs.list[i];

		if (sub->state != from || sub->retry_ns > r->now_ns)
			continue;
		size += entry_size(sub->filter_len, sub->content_len);
		if (size > room)
			break;
		q->subs[q->count++] = sub;
	}
	for (uint16_t i = 0; i < q->count; i++)
		sub_settle(r, q->subs[i], from == RHC_SUB_WANTED ? RHC_SUB_ASKED : RHC_SUB_LEFT);
}

static void request_next(struct rhumb *r)
{
	struct rhc_request *q = &r->subs.request;

	q->type = RH_RECORD_UNSUBSCRIBE;
	request_fill(r, RHC_SUB_LEAVING);
	if (!q->count) {
		q->type = RH_RECORD_SUBSCRIBE;
		request_fill(r, RHC_SUB_WANTED);
	}
	if (!q->count)
		return;
	q->id = ++r->subs.last_id;
	rhc_backoff_start(r, &q->retry);
	request_send(r);
}

void rhc_subs_timer(struct rhumb *r)
{
	struct rhc_request *q = &r->subs.request;

	if (r->state != RHC_OPEN)
		return;
	if (q->retry.due_ns == RHC_NEVER) {
		if (r->subs.unsettled)
			request_next(r);
	} else if (r->now_ns >= q->retry.due_ns) {
		rhc_backoff_next(r, &q->retry, RHC_RETRY_LONGEST_MS);
		request_send(r);
	}
}

uint64_t rhc_subs_due(const struct rhumb *r)
{
	uint64_t due = RHC_NEVER;

	if (r->subs.request.retry.due_ns != RHC_NEVER)
		return r->subs.request.retry.due_ns;
	for (size_t i = 0; r->subs.unsettled && i < r->subs.count; i++) {
		const struct rhc_sub *sub = r->subs.list[i];

		if ((sub->state == RHC_SUB_WANTED || sub->state == RHC_SUB_LEAVING) && sub->retry_ns < due)
			due = sub->retry_ns;
	}
	return due;
}

static const char *code_name(uint8_t code)
{
	static const char *const names[] = {
#define X(id, value, name) [value] = name,
		RH_SUB_CODES(X)
#undef X
	};

	return code < RH_ARRAY_LEN(names) ? names[code] : "refused for a reason unknown here";
}

static void result_take(struct rhumb *r, struct rhc_sub *sub, const struct rh_sub_result *result)
{
	bool passing = result->code == RH_SUB_LIMIT || result->code == RH_SUB_INTERNAL;

	sub->code = result->code;
	if (sub->state == RHC_SUB_LEFT) {
		sub_remove(r, sub);
		return;
	}
	if (sub->state != RHC_SUB_ASKED)
		return;
	if (result->code == RH_SUB_OK) {
		sub->price = result->price;
		free(sub->dear);
		/* Without memory it is not told. */
		sub->dear = result->text.len ? strndup(result->text.bytes, result->text.len) : NULL;
		sub_settle(r, sub, RHC_SUB_ACTIVE);
		return;
	}
	(void)rh_error_set(&r->error, EINVAL, "%s: %s%s%.*s", sub->filter, code_name(result->code),
		result->text.len ? ": " : "", (int)result->text.len, result->text.bytes);
	if (passing && !sub->waited_for) {
		sub->retry_ns = r->now_ns + RENEW_MS * RH_NS_PER_MS;
		sub_settle(r, sub, RHC_SUB_WANTED);
	} else {
		sub_settle(r, sub, RHC_SUB_REFUSED);
	}
}

void rhc_suback_take(struct rhumb *r, uint8_t type, const struct rh_suback *m)
{
	struct rhc_request *q = &r->subs.request;
	uint8_t asked = type == RH_RECORD_SUBACK ? RH_RECORD_SUBSCRIBE : RH_RECORD_UNSUBSCRIBE;
	struct rh_sub_result result;
	size_t at = 0;

	/* Answers come twice when requests were repeated. */
	if (q->retry.due_ns == RHC_NEVER || m->request != q->id || asked != q->type)
		return;
	if (m->count != q->count) {
		r->stats.bad_datagrams++;
		return;
	}
	q->retry.due_ns = RHC_NEVER;
	for (uint16_t i = 0; i < q->count && rh_sub_result_next(m, &at, &result); i++)
		if (q->subs[i])
			result_take(r, q->subs[i], &result);
	q->count = 0;
}

/* What the blocking call waits for is marked: no look-up of thousands of texts every turn. */
static bool all_settled(const struct rhumb *r, const void *arg)
{
	(void)arg;
	for (size_t i = 0; i < r->subs.count; i++) {
		const struct rhc_sub *sub = r->subs.list[i];

		if (sub->waited_for && (sub->state == RHC_SUB_WANTED || sub->state == RHC_SUB_ASKED))
			return false;
	}
	return true;
}

static int sub_want(struct rhumb *r, const struct rhumb_subscription *asked)
{
	struct rhc_sub *sub = asked->filter ? sub_find(r, asked) : NULL;
	int err;

	/* On its way out, and wanted again: what is outstanding is answered first, then it is asked for anew. */
	if (sub && (sub->state == RHC_SUB_LEAVING || sub->state == RHC_SUB_LEFT))
		sub_settle(r, sub, RHC_SUB_WANTED);
	if (!sub) {
		err = sub_check(r, asked);
		if (err < 0)
			return err;
		sub = sub_add(r, asked);
		if (!sub)
			return rh_error_set(&r->error, ENOMEM, "out of memory");
	}
	sub->waited_for = true;
	return 0;
}

/* Does the outstanding request repeat @sub? Then it must stay until the answer. */
static bool request_holds(const struct rhumb *r, const struct rhc_sub *sub)
{
	const struct rhc_request *q = &r->subs.request;

	for (uint16_t i = 0; q->retry.due_ns != RHC_NEVER && i < q->count; i++)
		if (q->subs[i] == sub)
			return true;
	return false;
}

/* What became of one entry; one that did not become active is forgotten, at the router too. */
static int sub_outcome(struct rhumb *r, struct rhumb_subscription *asked, int waited)
{
	struct rhc_sub *sub = sub_find(r, asked);

	if (!sub)
		return -ECONNRESET;
	sub->waited_for = false;
	if (sub->state == RHC_SUB_ACTIVE) {
		asked->price = (struct rhumb_price){
			sub->price.every_cycles, sub->price.match_cycles, sub->price.bytes};
		if (sub->dear)
			(void)snprintf(asked->dear, sizeof(asked->dear), "%s", sub->dear);
		return 0;
	}
	if (sub->state == RHC_SUB_REFUSED) {
		sub_remove(r, sub);
		return -EINVAL;
	}
	/* It may yet become active there. */
	if (sub->state == RHC_SUB_ASKED || request_holds(r, sub))
		sub_settle(r, sub, RHC_SUB_LEAVING);
	else
		sub_remove(r, sub);
	return waited < 0 ? waited : -ETIMEDOUT;
}

/* No expression may be said in two ways. */
static void asked_tidy(struct rhumb_subscription *asked)
{
	if (asked->regex && !*asked->regex)
		asked->regex = NULL;
}

int rhumb_subscribe_many(struct rhumb *r, struct rhumb_subscription *list, size_t count,
	rhumb_event_cb cb, void *arg, int timeout_ms)
{
	int err = 0, first = 0;

	if (r->in_call)
		return rh_error_set(&r->error, EBUSY, "subscribe is not for the event callback");
	if (r->state == RHC_IDLE)
		return rh_error_set(&r->error, ENOTCONN, "not connected: rhumb_connect first");
	r->subs.cb = cb;
	r->subs.arg = arg;
	for (size_t i = 0; i < count; i++) {
		asked_tidy(&list[i]);
		list[i].price = (struct rhumb_price){0};
		list[i].dear[0] = '\0';
		list[i].result = sub_want(r, &list[i]);
	}
	err = rhc_run(r, timeout_ms, all_settled, NULL);
	for (size_t i = 0; i < count; i++) {
		if (list[i].result == 0)
			list[i].result = sub_outcome(r, &list[i], err);
		if (list[i].result < 0 && first == 0)
			first = list[i].result;
	}
	return first;
}

int rhumb_subscribe(struct rhumb *r, const char *filter, const char *regex, rhumb_event_cb cb,
	void *arg, int timeout_ms)
{
	struct rhumb_subscription one = {.filter = filter, .regex = regex};

	return rhumb_subscribe_many(r, &one, 1, cb, arg, timeout_ms);
}

static bool all_gone(const struct rhumb *r, const void *arg)
{
	(void)arg;
	for (size_t i = 0; i < r->subs.count; i++)
		if (r->subs.list[i]->waited_for)
			return false;
	return true;
}

static int sub_leave(struct rhumb *r, const struct rhumb_subscription *asked)
{
	struct rhc_sub *sub = asked->filter ? sub_find(r, asked) : NULL;

	if (!sub)
		return rh_error_set(&r->error, ENOENT, "%s is not subscribed",
			asked->filter ? asked->filter : "no filter");
	if (r->state == RHC_IDLE) {
		sub_remove(r, sub);
		return 0;
	}
	sub->waited_for = true;
	if (sub->state != RHC_SUB_LEAVING && sub->state != RHC_SUB_LEFT)
		sub_settle(r, sub, RHC_SUB_LEAVING);
	return 0;
}

/* What is still there stays on its way out. */
static int leave_outcome(struct rhumb *r, const struct rhumb_subscription *asked, int waited)
{
	struct rhc_sub *sub = sub_find(r, asked);

	if (!sub)
		return 0;
	sub->waited_for = false;
	return waited < 0 ? waited : -ETIMEDOUT;
}

int rhumb_unsubscribe_many(struct rhumb *r, struct rhumb_subscription *list, size_t count, int timeout_ms)
{
	int err = 0, first = 0;

	if (r->in_call)
		return rh_error_set(&r->error, EBUSY, "unsubscribe is not for the event callback");
	for (size_t i = 0; i < count; i++) {
		asked_tidy(&list[i]);
		list[i].result = sub_leave(r, &list[i]);
	}
	if (r->state != RHC_IDLE)
		err = rhc_run(r, timeout_ms, all_gone, NULL);
	for (size_t i = 0; i < count; i++) {
		if (list[i].result == 0)
			list[i].result = leave_outcome(r, &list[i], err);
		if (list[i].result < 0 && first == 0)
			first = list[i].result;
	}
	return first ? first : err;
}

int rhumb_unsubscribe(struct rhumb *r, const char *filter, const char *regex, int timeout_ms)
{
	struct rhumb_subscription one = {.filter = filter, .regex = regex};

	return rhumb_unsubscribe_many(r, &one, 1, timeout_ms);
}

#include "controlplane/subs/subs_priv.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Open requests of all sessions together; beyond it clients repeat themselves later. */
#define OPEN_BYTES_MOST (256u << 20)

void cp_request_free(struct cp_request *r)
{
	r->subs->open_bytes -= r->bytes;
	free(r->entries);
	free(r->outcomes);
	free(r->changes);
	free(r->texts);
	free(r);
}

/* Longer is refused by the parser, which needs to see no more than that. */
static uint16_t filter_kept(const struct rh_sub_entry *entry)
{
	return entry->filter.len > RH_FILTER_MAX ? RH_FILTER_MAX + 1 : entry->filter.len;
}

/* By as much the canonical form is longer at most. */
#define CANON_MORE (RH_CANON_MAX - RH_FILTER_MAX)

static size_t texts_size(const struct rh_sub_entry *entries, uint16_t count)
{
	size_t size = 1;

	for (uint16_t i = 0; i < count; i++)
		size += filter_kept(&entries[i]) + CANON_MORE + (size_t)entries[i].content.len;
	return size;
}

static void entries_copy(struct cp_request *r, const struct rh_sub_entry *entries)
{
	char *text = r->texts;
	struct cp_entry *e;

	for (uint16_t i = 0; i < r->count; i++) {
		e = &r->entries[i];
		e->waiter = (struct cp_waiter){.request = r, .entry = i};
		e->content_kind = entries[i].content_kind;
		e->dialect = entries[i].dialect;
		e->filter = text;
		e->filter_len = filter_kept(&entries[i]);
		e->content = text + e->filter_len + CANON_MORE;
		e->content_len = entries[i].content.len;
		if (e->filter_len)
			memcpy(e->filter, entries[i].filter.bytes, e->filter_len);
		if (e->content_len)
			memcpy(e->content, entries[i].content.bytes, e->content_len);
		text = e->content + e->content_len;
	}
}

/* Of what @s has, as much as goes at once. */
static uint32_t part_of(const struct cp_subs_session *s)
{
	uint32_t count = s && s->count ? s->count : 1;

	return count < CP_DROPS_A_TURN ? count : CP_DROPS_A_TURN;
}

struct cp_request *cp_request_create(struct cp_subs *subs, enum cp_request_kind kind,
	dp_session_id_t slot, uint16_t tenant, const struct rh_sub_entry *entries, uint16_t count)
{
	struct cp_subs_session *s = slot < DP_LIMIT_SESSIONS ? subs->sessions[slot] : NULL;
	size_t bytes = sizeof(struct cp_request) + texts_size(entries, count) +
		       count * (sizeof(struct cp_entry) + sizeof(struct cp_sub_outcome) +
				       sizeof(struct cp_change));
	struct cp_request *r;

	/* To drop a session is never put off. */
	if (kind != CP_REQUEST_DROP && subs->open_bytes + bytes > OPEN_BYTES_MOST)
		return NULL;
	r = calloc(1, sizeof(*r));
	if (!r)
		return NULL;
	r->bytes = bytes;
	subs->open_bytes += bytes;
	r->builder.kind = CP_BUILDER_CHANGES;
	r->subs = subs;
	r->kind = kind;
	r->slot = slot;
	r->tenant = tenant;
	r->count = count;
	r->change_count = count;
	r->change_room = kind == CP_REQUEST_DROP ? part_of(s) : count;
	r->entries = calloc((size_t)count + 1, sizeof(*r->entries));
	r->outcomes = calloc((size_t)count + 1, sizeof(*r->outcomes));
	r->changes = calloc((size_t)r->change_room + 1, sizeof(*r->changes));
	r->texts = malloc(texts_size(entries, count));
	if (!r->entries || !r->outcomes || !r->changes || !r->texts) {
		cp_request_free(r);
		return NULL;
	}
	entries_copy(r, entries);
	return r;
}

static void filter_start(struct cp_entry *e, struct cp_sub_outcome *out)
{
	struct rh_filter filter;
	struct rh_error err;
	int ret;

	ret = rh_filter_parse(e->dialect, e->filter, e->filter_len, &filter, &err);
	if (ret == 0)
		ret = rh_filter_is_unshared(&filter, &err);
	if (ret < 0) {
		/* Dialects that are not known yet are a later version's. */
		bool later = ret == -ENOTSUP || e->dialect >= RH_DIALECT_COUNT;

		cp_outcome_set(out, later ? RH_SUB_UNSUPPORTED : RH_SUB_INVALID_FILTER, "%s",
			err.text);
		return;
	}
	assert(filter.len <= e->filter_len + CANON_MORE);
	memcpy(e->filter, filter.canon, filter.len);
	e->filter_len = filter.len;
	e->except = filter.except;
}

static void content_check(const struct cp_entry *e, struct cp_sub_outcome *out)
{
	if (e->content_kind == RH_CONTENT_NONE)
		return;
	if (e->except)
		cp_outcome_set(out, RH_SUB_UNSUPPORTED,
			"an exception (!) with a content expression is not supported yet: leave "
			"the expression out, and all that the filter matches is excepted");
	else if (e->content_kind == RH_CONTENT_CESQL)
		cp_outcome_set(out, RH_SUB_UNSUPPORTED,
			"CESQL expressions are not supported yet: use a payload regular expression "
			"(kind %d)",
			RH_CONTENT_PAYLOAD_REGEX);
	else if (e->content_kind != RH_CONTENT_PAYLOAD_REGEX)
		cp_outcome_set(out, RH_SUB_UNSUPPORTED,
			"content kind %u is not known: use 0 (none) or %d (payload regular "
			"expression)",
			e->content_kind, RH_CONTENT_PAYLOAD_REGEX);
	else if (!e->content_len)
		cp_outcome_set(out, RH_SUB_INVALID_CONTENT,
			"pattern is empty: give a regular expression or none");
	else if (e->content_len > RH_CONTENT_MAX)
		cp_outcome_set(out, RH_SUB_INVALID_CONTENT, "pattern is %u bytes long: use 1 to %d",
			e->content_len, RH_CONTENT_MAX);
}

static void pattern_start(struct cp_request *r, struct cp_entry *e, struct cp_sub_outcome *out)
{
	struct cp_tenant *t = cp_tenant_get(r->subs, r->tenant);
	bool wait = false;

	if (!t) {
		cp_outcome_set(out, RH_SUB_INTERNAL, CP_TEXT_NO_MEMORY);
		return;
	}
	if (r->kind == CP_REQUEST_DEL) {
		e->pattern = cp_pattern_find(t, e->content, e->content_len);
		return;
	}
	e->pattern = cp_pattern_get(t, e->content, e->content_len, &e->waiter, &wait, out);
	r->waiting += wait;
}

static void request_start(struct cp_request *r)
{
	r->started = true;
	for (uint16_t i = 0; i < r->count && r->kind != CP_REQUEST_DROP; i++) {
		filter_start(&r->entries[i], &r->outcomes[i]);
		if (!r->outcomes[i].code)
			content_check(&r->entries[i], &r->outcomes[i]);
		if (!r->outcomes[i].code && r->entries[i].content_kind)
			pattern_start(r, &r->entries[i], &r->outcomes[i]);
	}
}

void cp_change_set(
	struct cp_subs *subs, struct cp_change *change, enum cp_change_kind kind, uint32_t ref)
{
	change->kind = (uint8_t)kind;
	if (cp_ref_is_live(ref)) {
		change->id = cp_ref_sub(ref);
		return;
	}
	change->adding = cp_ref_adding(&subs->records, ref);
	change->adding->changes++;
}

static struct cp_sub_key key_of(const struct cp_request *r, const struct cp_entry *e)
{
	return (struct cp_sub_key){.filter = e->filter,
		.len = e->filter_len,
		.slot = r->slot,
		.pattern = e->pattern ? e->pattern->id : 0,
		.except = e->except};
}

/* The entry's reference to its pattern goes to the new subscription. */
static void add_new(struct cp_request *r, struct cp_subs_session *s, uint16_t i)
{
	struct cp_subs *subs = r->subs;
	struct cp_entry *e = &r->entries[i];
	struct cp_sub_key key = key_of(r, e);
	struct cp_adding *a = cp_registry_add(subs, s, r->tenant, &key, e->pattern);

	if (!a) {
		cp_outcome_set(&r->outcomes[i], RH_SUB_INTERNAL, CP_TEXT_NO_MEMORY);
		return;
	}
	r->changes[i].id = key.pattern;
	e->pattern = NULL;
	cp_change_set(subs, &r->changes[i], CP_CHANGE_ADD, cp_ref_of_adding(&subs->records, a));
}

static void add_entry(struct cp_request *r, struct cp_subs_session *s, uint16_t i)
{
	struct cp_subs *subs = r->subs;
	struct cp_entry *e = &r->entries[i];
	struct cp_sub_key key = key_of(r, e);
	uint32_t ref = cp_registry_find(subs, &key);

	if (ref) {
		cp_change_set(subs, &r->changes[i],
			cp_ref_is_live(ref) ? CP_CHANGE_PRICE : CP_CHANGE_KEEP, ref);
	} else if (s->count >= subs->subs_per_session) {
		subs->stats.over_limit++;
		cp_outcome_set(&r->outcomes[i], RH_SUB_LIMIT,
			"this session has its %u subscriptions: unsubscribe some",
			subs->subs_per_session);
	} else {
		add_new(r, s, i);
	}
	if (e->pattern)
		cp_pattern_put(e->pattern);
	e->pattern = NULL;
}

static void del_entry(struct cp_request *r, struct cp_subs_session *s, uint16_t i)
{
	struct cp_entry *e = &r->entries[i];
	struct cp_sub_key key = key_of(r, e);
	uint32_t ref = 0;

	/* A pattern that was refused has no number, and no subscription. */
	if (key.pattern || !e->content_kind)
		ref = cp_registry_find(r->subs, &key);
	if (!ref) {
		cp_outcome_set(&r->outcomes[i], RH_SUB_NOT_SUBSCRIBED,
			"this session has no %s with that filter%s",
			e->except ? "exception" : "subscription",
			e->content_kind ? " and pattern" : "");
		return;
	}
	cp_change_set(r->subs, &r->changes[i], CP_CHANGE_DEL, ref);
	cp_registry_remove(r->subs, s, ref);
}

/* Enter it in the registry and send it to the builder, also when nothing changes: what it relies on
 * may be under way. */
static void request_dispatch(struct cp_request *r, struct cp_subs_session *s)
{
	for (uint16_t i = 0; i < r->count; i++) {
		if (r->outcomes[i].code)
			continue;
		if (r->kind == CP_REQUEST_ADD)
			add_entry(r, s, i);
		else
			del_entry(r, s, i);
	}
	cp_lane_push(&r->subs->builder, &r->builder.job);
}

void cp_session_advance(struct cp_subs *subs, struct cp_subs_session *s)
{
	struct cp_request *r;

	while ((r = s->head)) {
		if (!r->started)
			request_start(r);
		if (r->waiting || r->under_way)
			return;
		if (r->kind == CP_REQUEST_DROP) {
			cp_drop_wait(subs, r);
			return;
		}
		s->head = r->next;
		request_dispatch(r, s);
	}
	cp_session_trim(subs, s);
}

/* The session is gone: what it still asked for is not done. */
static void cancel(struct cp_request *r)
{
	struct cp_entry *e;

	for (uint16_t i = 0; i < r->count; i++) {
		e = &r->entries[i];
		cp_waiter_remove(&e->waiter);
		if (e->pattern && r->kind == CP_REQUEST_ADD)
			cp_pattern_put(e->pattern);
		e->pattern = NULL;
		cp_outcome_set(&r->outcomes[i], RH_SUB_INTERNAL,
			"the session was closed before it was done");
	}
	r->started = true;
	r->waiting = 0;
}

void cp_request_push(struct cp_subs *subs, struct cp_request *r)
{
	struct cp_subs_session *s = subs->sessions[r->slot];

	subs->stats.requests++;
	for (struct cp_request *q = s->head; q && r->kind == CP_REQUEST_DROP; q = q->next)
		cancel(q);
	r->next = NULL;
	if (s->head)
		s->tail->next = r;
	else
		s->head = r;
	s->tail = r;
	/* Not from inside the advance that waits for a pattern: only the head runs. */
	cp_session_advance(subs, s);
	cp_drops_run(subs);
}

void cp_request_resolved(struct cp_request *r, uint16_t entry, const struct cp_sub_outcome *outcome)
{
	struct cp_subs *subs = r->subs;

	if (outcome) {
		r->outcomes[entry] = *outcome;
		r->entries[entry].pattern = NULL;
	}
	if (--r->waiting == 0)
		cp_session_advance(subs, subs->sessions[r->slot]);
}

#include "controlplane/subs/subs_priv.h"

#include <stdlib.h>
#include <string.h>

void cp_request_free(struct cp_request *r)
{
	r->subs->open_bytes -= r->bytes;
	for (uint16_t i = 0; i < r->count && r->entries; i++)
		cp_entry_fini(&r->entries[i]);
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

static size_t texts_size(const struct rh_sub_entry *entries, uint16_t count)
{
	size_t size = 1;

	for (uint16_t i = 0; i < count; i++)
		size += filter_kept(&entries[i]) + CP_CANON_MORE + (size_t)entries[i].content.len;
	return size;
}

static void entries_copy(struct cp_request *r, const struct rh_sub_entry *entries)
{
	char *text = r->texts;
	struct cp_entry *e;

	for (uint16_t i = 0; i < r->count; i++) {
		e = &r->entries[i];
		e->content_kind = entries[i].content_kind;
		e->dialect = entries[i].dialect;
		e->filter = text;
		e->filter_len = filter_kept(&entries[i]);
		e->content = text + e->filter_len + CP_CANON_MORE;
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
	if (kind != CP_REQUEST_DROP && subs->open_bytes + bytes > CP_OPEN_BYTES_MOST)
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

static void request_start(struct cp_request *r)
{
	r->started = true;
	/* One is this function's: no entry ends the wait before all have begun. */
	r->waiting++;
	for (uint16_t i = 0; i < r->count && r->kind != CP_REQUEST_DROP; i++)
		cp_entry_start(r, i);
	r->waiting--;
}

/* Enter it in the registry and send it to the builder, also when nothing changes: what it relies on
 * may be under way. */
static void request_dispatch(struct cp_request *r, struct cp_subs_session *s)
{
	for (uint16_t i = 0; i < r->count; i++) {
		if (r->outcomes[i].code)
			continue;
		if (r->kind == CP_REQUEST_ADD)
			cp_entry_add(r, s, i);
		else
			cp_entry_del(r, s, i);
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
	for (uint16_t i = 0; i < r->count; i++) {
		cp_entry_release(r, i);
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

void cp_request_decided(struct cp_request *r)
{
	if (--r->waiting == 0)
		cp_session_advance(r->subs, r->subs->sessions[r->slot]);
}

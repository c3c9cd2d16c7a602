#include "controlplane/subs/subs_priv.h"

#include "dataplane/base/clock.h"
#include "dataplane/base/hash.h"
#include "dataplane/base/log.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define BY_ID_LEAST 1024

struct cp_subs_session *cp_session_get(struct cp_subs *subs, dp_session_id_t slot)
{
	if (slot >= DP_LIMIT_SESSIONS)
		return NULL;
	if (!subs->sessions[slot]) {
		subs->sessions[slot] = calloc(1, sizeof(struct cp_subs_session));
		if (subs->sessions[slot])
			subs->sessions[slot]->slot = slot;
	}
	return subs->sessions[slot];
}

void cp_session_trim(struct cp_subs *subs, struct cp_subs_session *s)
{
	if (s->first || s->head)
		return;
	subs->sessions[s->slot] = NULL;
	free(s);
}

static uint64_t key_hash(const struct cp_subs *subs, dp_session_id_t slot, const char *filter,
	size_t len, const struct cp_pattern *pattern)
{
	uint64_t head[2] = {slot, (uintptr_t)pattern};

	return rh_hash(filter, len, rh_hash(head, sizeof(head), subs->seed));
}

struct cp_sub *cp_registry_find(const struct cp_subs *subs, dp_session_id_t slot,
	const char *filter, size_t len, const struct cp_pattern *pattern)
{
	uint64_t hash = key_hash(subs, slot, filter, len, pattern);
	struct cp_sub *sub;

	for (struct rh_hnode *n = rh_htable_find(&subs->subs, hash); n;
		n = rh_htable_next(n, hash)) {
		sub = rh_container(n, struct cp_sub, node);
		if (sub->slot == slot && sub->pattern == pattern && sub->len == len &&
			!memcmp(sub->filter, filter, len))
			return sub;
	}
	return NULL;
}

struct cp_sub *cp_registry_add(struct cp_subs *subs, struct cp_subs_session *s, uint16_t tenant,
	const char *filter, size_t len, struct cp_pattern *pattern)
{
	struct cp_sub *sub = calloc(1, sizeof(*sub) + len + 1);

	if (!sub)
		return NULL;
	sub->session = s;
	sub->pattern = pattern;
	sub->slot = s->slot;
	sub->tenant = tenant;
	sub->table_id = sub->id = DP_SUB_NONE;
	sub->since_wall_ns = rh_clock_wall_ns();
	sub->len = (uint16_t)len;
	memcpy(sub->filter, filter, len);
	sub->next = s->first;
	sub->prev = &s->first;
	if (s->first)
		s->first->prev = &sub->next;
	s->first = sub;
	s->count++;
	rh_htable_insert(&subs->subs, &sub->node, key_hash(subs, s->slot, filter, len, pattern));
	subs->stats.subscriptions++;
	return sub;
}

static void free_when_done(struct cp_sub *sub)
{
	if (sub->removed && !sub->changes)
		free(sub);
}

void cp_registry_remove(struct cp_subs *subs, struct cp_sub *sub)
{
	rh_htable_remove(&subs->subs, &sub->node);
	*sub->prev = sub->next;
	if (sub->next)
		sub->next->prev = sub->prev;
	sub->session->count--;
	sub->session = NULL;
	sub->removed = true;
	subs->stats.subscriptions--;
	if (sub->pattern)
		cp_pattern_put(sub->pattern);
	sub->pattern = NULL;
	free_when_done(sub);
}

static void by_id_set(struct cp_subs *subs, dp_sub_id_t id, struct cp_sub *sub)
{
	uint32_t room = (uint32_t)rh_pow2_ceil((uint64_t)id + 1);
	struct cp_sub **more;

	if (id >= subs->by_id_room) {
		room = room < BY_ID_LEAST ? BY_ID_LEAST : room;
		more = realloc(subs->by_id, room * sizeof(*more));
		if (!more) {
			rh_log_warn(SUBS,
				"no memory to list subscription %u: it works, but is not shown",
				id);
			return;
		}
		memset(more + subs->by_id_room, 0, (room - subs->by_id_room) * sizeof(*more));
		subs->by_id = more;
		subs->by_id_room = room;
	}
	subs->by_id[id] = sub;
	subs->by_id_most = id >= subs->by_id_most ? id + 1 : subs->by_id_most;
}

static void added(struct cp_subs *subs, struct cp_change *change)
{
	struct cp_sub *sub = change->sub;
	struct cp_subs_session *s = sub->session;

	if (change->result == 0) {
		sub->id = change->id;
		by_id_set(subs, sub->id, sub);
	} else if (!sub->removed) {
		/* The change is not counted down yet, so the record survives this. */
		cp_registry_remove(subs, sub);
		cp_session_trim(subs, s);
	}
}

void cp_registry_change_done(struct cp_subs *subs, struct cp_change *change)
{
	struct cp_sub *sub = change->sub;

	if (change->kind == CP_CHANGE_NONE)
		return;
	if (change->kind == CP_CHANGE_ADD)
		added(subs, change);
	if (change->kind == CP_CHANGE_DEL && sub->id < subs->by_id_most &&
		subs->by_id[sub->id] == sub)
		subs->by_id[sub->id] = NULL;
	sub->changes--;
	free_when_done(sub);
}

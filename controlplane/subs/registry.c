/*
 * Subscriptions by session and by what they ask for. What a live one asks for stands in the table's
 * slot, which nobody changes before the deletion that this loop sends; what the builder has yet to
 * answer for stands in struct cp_adding.
 */
#include "controlplane/subs/subs_priv.h"

#include "dataplane/base/clock.h"
#include "dataplane/base/hash.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

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

static uint64_t key_hash(const struct cp_subs *subs, const struct cp_sub_key *key)
{
	uint32_t head[2] = {key->slot, key->content << 1 | key->except};

	return rh_hash(key->filter, key->len, rh_hash(head, sizeof(head), subs->seed));
}

static struct cp_sub_key key_of_live(const struct cp_subs *subs, uint32_t ref)
{
	struct dp_sub_info info;
	int ret = subs->ops->sub_info(subs->table, cp_ref_sub(ref), &info);

	assert(ret == 0);
	if (ret < 0)
		return (struct cp_sub_key){.filter = ""};
	return (struct cp_sub_key){.filter = info.filter,
		.len = info.len,
		.slot = info.session,
		.content = info.content,
		.except = info.except};
}

static struct cp_sub_key key_of_adding(const struct cp_adding *a)
{
	return (struct cp_sub_key){.filter = a->filter,
		.len = a->len,
		.slot = a->slot,
		.content = a->content ? a->content->id : 0,
		.except = a->except};
}

static struct cp_sub_key key_of(const struct cp_subs *subs, uint32_t ref)
{
	return cp_ref_is_live(ref) ? key_of_live(subs, ref)
				   : key_of_adding(cp_ref_adding(&subs->records, ref));
}

static uint64_t ref_hash(void *arg, uint32_t ref)
{
	const struct cp_subs *subs = arg;
	struct cp_sub_key key;

	if (!cp_ref_is_live(ref))
		return cp_ref_adding(&subs->records, ref)->hash;
	key = key_of_live(subs, ref);
	return key_hash(subs, &key);
}

int cp_registry_init(struct cp_subs *subs)
{
	int ret = cp_records_init(&subs->records);

	if (ret == 0)
		ret = cp_contents_init(&subs->contents, rh_random_seed());
	return ret < 0 ? ret : cp_keys_init(&subs->keys, ref_hash, subs);
}

void cp_registry_fini(struct cp_subs *subs)
{
	cp_records_fini(&subs->records);
	cp_keys_fini(&subs->keys);
	cp_contents_fini(&subs->contents);
}

struct search {
	const struct cp_subs *subs;
	const struct cp_sub_key *key;
};

static bool is_same(const void *arg, uint32_t ref)
{
	const struct search *search = arg;
	const struct cp_sub_key *want = search->key;
	struct cp_sub_key key = key_of(search->subs, ref);

	return key.slot == want->slot && key.content == want->content &&
	       key.except == want->except && key.len == want->len &&
	       !memcmp(key.filter, want->filter, key.len);
}

uint32_t cp_registry_find(const struct cp_subs *subs, const struct cp_sub_key *key)
{
	struct search search = {subs, key};

	return cp_keys_find(&subs->keys, key_hash(subs, key), is_same, &search);
}

static struct cp_record *record_of(const struct cp_subs *subs, uint32_t ref)
{
	return cp_record_at(&subs->records, ref);
}

static void list_push(struct cp_subs *subs, struct cp_subs_session *s, uint32_t ref)
{
	struct cp_record *record = record_of(subs, ref);

	record->prev = 0;
	record->next = s->first;
	if (s->first)
		record_of(subs, s->first)->prev = ref;
	s->first = ref;
}

/* The neighbours of @record take @ref for what is between them. */
static void list_tell(
	struct cp_subs *subs, struct cp_subs_session *s, const struct cp_record *record, uint32_t ref)
{
	if (record->prev)
		record_of(subs, record->prev)->next = ref;
	else
		s->first = ref;
	if (record->next)
		record_of(subs, record->next)->prev = ref;
}

static void list_remove(struct cp_subs *subs, struct cp_subs_session *s, uint32_t ref)
{
	const struct cp_record *record = record_of(subs, ref);
	uint32_t next = record->next, prev = record->prev;

	if (prev)
		record_of(subs, prev)->next = next;
	else
		s->first = next;
	if (next)
		record_of(subs, next)->prev = prev;
}

struct cp_adding *cp_registry_add(struct cp_subs *subs, struct cp_subs_session *s, uint16_t tenant,
	const struct cp_sub_key *key, struct cp_content *content)
{
	struct cp_adding *a = cp_adding_take(&subs->records);

	if (!a)
		return NULL;
	a->content = content;
	a->filter = key->filter;
	a->len = key->len;
	a->except = key->except;
	a->slot = key->slot;
	a->tenant = tenant;
	a->hash = key_hash(subs, key);
	cp_record_set_since_ms(&a->record, rh_clock_wall_ns() / RH_NS_PER_MS);
	if (cp_keys_insert(&subs->keys, a->hash, cp_ref_of_adding(&subs->records, a)) < 0) {
		cp_adding_give(&subs->records, a);
		return NULL;
	}
	list_push(subs, s, cp_ref_of_adding(&subs->records, a));
	s->count++;
	subs->stats.subscriptions++;
	return a;
}

static void give_when_done(struct cp_subs *subs, struct cp_adding *a)
{
	if (a->settled && !a->changes)
		cp_adding_give(&subs->records, a);
}

struct cp_content *cp_registry_content(const struct cp_subs *subs, const struct dp_sub_info *info)
{
	return info->content ? cp_content_at(&subs->contents, info->content) : NULL;
}

static void adding_forget(struct cp_subs *subs, struct cp_adding *a)
{
	/* The builder may yet come to add it: what it reads stays. */
	if (a->content)
		cp_content_put(subs, a->content);
	a->content = NULL;
	a->settled = true;
	give_when_done(subs, a);
}

static void live_forget(struct cp_subs *subs, uint32_t ref)
{
	struct dp_sub_info info;
	struct cp_content *content = NULL;

	if (subs->ops->sub_info(subs->table, cp_ref_sub(ref), &info) == 0)
		content = cp_registry_content(subs, &info);
	cp_records_give(&subs->records, cp_ref_sub(ref));
	if (content)
		cp_content_put(subs, content);
}

void cp_registry_remove(struct cp_subs *subs, struct cp_subs_session *s, uint32_t ref)
{
	cp_keys_remove(&subs->keys, ref_hash(subs, ref), ref);
	list_remove(subs, s, ref);
	s->count--;
	subs->stats.subscriptions--;
	if (cp_ref_is_live(ref))
		live_forget(subs, ref);
	else
		adding_forget(subs, cp_ref_adding(&subs->records, ref));
}

/* It stands in the table now, so it is known by the table's number. */
static void settle(struct cp_subs *subs, struct cp_adding *a, dp_sub_id_t sub)
{
	uint32_t ref = cp_ref_of_live(sub);

	assert(!cp_records_has(&subs->records, sub));
	cp_records_take(&subs->records, sub, &a->record);
	list_tell(subs, subs->sessions[a->slot], &a->record, ref);
	cp_keys_replace(&subs->keys, a->hash, cp_ref_of_adding(&subs->records, a), ref);
	a->settled = true;
}

static void added(struct cp_subs *subs, const struct cp_change *change)
{
	struct cp_adding *a = change->adding;
	struct cp_subs_session *s = subs->sessions[a->slot];

	if (a->settled)
		return;
	if (change->result == 0) {
		settle(subs, a, change->id);
		return;
	}
	/* The change is not counted down yet, so it survives this. */
	cp_registry_remove(subs, s, cp_ref_of_adding(&subs->records, a));
	cp_session_trim(subs, s);
}

void cp_registry_change_drop(struct cp_subs *subs, const struct cp_change *change)
{
	if (change->kind == CP_CHANGE_NONE || !change->adding)
		return;
	change->adding->changes--;
	give_when_done(subs, change->adding);
}

void cp_registry_change_done(struct cp_subs *subs, const struct cp_change *change)
{
	if (change->kind == CP_CHANGE_ADD)
		added(subs, change);
	cp_registry_change_drop(subs, change);
}

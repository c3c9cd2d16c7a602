#include "dataplane/match/access.h"
#include "dataplane/match/cond.h"

#include <errno.h>
#include <string.h>

/* Expected to be looked at in vain: those with the key, and this one, by powers of two as the key narrows less. */
#define SCORE(listed, rank) (((uint64_t)(listed) + 1) << (2 * (rank)))

static struct dp_list *list_find(const struct dp_contents *contents, uint64_t key, uint64_t **word)
{
	*word = dp_words_find(&contents->lists, key);
	return *word ? (struct dp_list *)dp_slot_keyed(**word) : NULL;
}

static uint64_t key_of(const struct dp_filter *filter, const struct dp_access_key *key)
{
	return dp_way_key(dp_way_salt(filter->key, key->attribute, key->how, key->param), key->value);
}

static uint32_t listed(const struct dp_list *list)
{
	if (!list || dp_set_is_alone(list->set))
		return list != NULL;
	return list->set->count;
}

static struct dp_way *way_find(struct dp_access *access, const struct dp_access_key *key)
{
	for (uint32_t i = access ? dp_access_first(access, key->attribute) : 0;
		access && i < access->ways && access->way[i].attribute == key->attribute; i++)
		if (access->way[i].how == key->how && access->way[i].param == key->param)
			return &access->way[i];
	return NULL;
}

/* The choice with the least expected work; returns how many keys, 0 for none, with *@first, the first of them. */
static uint32_t choose(const struct dp_contents *contents, const struct dp_cond *cond, struct dp_access *access, uint32_t *first)
{
	const struct dp_access_key *key = dp_expression_keys(cond->expression);
	uint32_t begin = 0, count = 0, ways = access ? access->ways : 0;
	uint64_t best = UINT64_MAX, score = 0, *word;

	for (uint32_t i = 0; i < cond->expression->keys; i++) {
		score += SCORE(listed(list_find(contents, key_of(cond->filter, &key[i]), &word)), key[i].rank);
		ways += !way_find(access, &key[i]);
		if (!key[i].last)
			continue;
		if (score < best && ways <= DP_ACCESS_WAYS) {
			best = score;
			*first = begin;
			count = i + 1 - begin;
		}
		begin = i + 1;
		score = 0;
		ways = access ? access->ways : 0;
	}
	return count;
}

/* @access with one more way, by ascending attribute. NULL: no memory. */
static struct dp_access *access_with(struct dp_memory *memory, const struct dp_access *access, const struct dp_filter *filter,
	const struct dp_access_key *key)
{
	uint32_t ways = access ? access->ways : 0, at = access ? dp_access_first(access, key->attribute) : 0;
	struct dp_access *next = dp_memory_alloc(memory, sizeof(*next) + (ways + 1) * sizeof(next->way[0]));

	if (!next)
		return NULL;
	next->ways = ways + 1;
	if (ways) {
		memcpy(next->way, access->way, at * sizeof(next->way[0]));
		memcpy(next->way + at + 1, access->way + at, (ways - at) * sizeof(next->way[0]));
	}
	next->way[at] = (struct dp_way){.attribute = key->attribute,
		.salt = dp_way_salt(filter->key, key->attribute, key->how, key->param),
		.how = key->how,
		.param = key->param};
	return next;
}

static int way_take(struct dp_memory *memory, struct dp_filter *filter, const struct dp_access_key *key)
{
	struct dp_more *more = dp_set_more(filter->set);
	struct dp_access *old = more->access, *next;

	if (!way_find(old, key)) {
		next = access_with(memory, old, filter, key);
		if (!next)
			return -ENOMEM;
		rh_rcu_assign(more->access, next);
		dp_memory_retire(memory, old);
	}
	way_find(more->access, key)->refs++;
	return 0;
}

/* Without a way that no key needs. Memory for a shorter copy may be missing: then it stays, and costs a probe. */
static void way_give(struct dp_memory *memory, struct dp_filter *filter, const struct dp_access_key *key)
{
	struct dp_more *more = dp_set_more(filter->set);
	struct dp_access *old = more->access, *next = NULL;
	struct dp_way *way = way_find(old, key);
	uint32_t at = (uint32_t)(way - old->way), used = 0;

	if (--way->refs)
		return;
	for (uint32_t i = 0; i < old->ways; i++)
		used += old->way[i].refs != 0;
	if (used) {
		next = dp_memory_alloc(memory, sizeof(*next) + (old->ways - 1) * sizeof(next->way[0]));
		if (!next)
			return;
		next->ways = old->ways - 1;
		memcpy(next->way, old->way, at * sizeof(next->way[0]));
		memcpy(next->way + at, old->way + at + 1, (next->ways - at) * sizeof(next->way[0]));
	}
	rh_rcu_assign(more->access, next);
	dp_memory_retire(memory, old);
}

static struct dp_list *list_make(struct dp_contents *contents, struct dp_memory *memory, uint64_t key)
{
	struct dp_list *list = dp_memory_alloc(memory, sizeof(*list));

	if (!list)
		return NULL;
	list->key = key;
	if (dp_words_reserve(memory, &contents->lists, key)) {
		dp_memory_free(memory, list);
		return NULL;
	}
	return list;
}

static int list_add(struct dp_contents *contents, struct dp_memory *memory, const struct dp_cond *cond, struct dp_place *place)
{
	struct dp_receiver member = dp_cond_member(cond);
	uint64_t *word;
	struct dp_list *list = list_find(contents, place->key, &word);

	if (list)
		return dp_members_add(memory, &list->set, &member, &place->pos);
	list = list_make(contents, memory, place->key);
	if (!list)
		return -ENOMEM;
	/* Alone, which needs no memory, and then findable. */
	(void)dp_members_add(memory, &list->set, &member, &place->pos);
	dp_words_put(&contents->lists, (struct dp_keyed *)list);
	return 0;
}

static struct dp_place *place_of(const struct dp_cond *cond, uint64_t key)
{
	for (uint32_t i = 0; i < cond->places->count; i++)
		if (cond->places->place[i].key == key)
			return &cond->places->place[i];
	return NULL;
}

static void list_del(struct dp_contents *contents, struct dp_memory *memory, const struct dp_place *place)
{
	struct dp_receiver moved;
	uint64_t *word;
	struct dp_list *list = list_find(contents, place->key, &word);

	dp_members_del(memory, &list->set, place->pos, &moved);
	if (moved.session != DP_SESSION_NONE)
		place_of(dp_member_cond(&moved), place->key)->pos = place->pos;
	if (list->set)
		return;
	dp_words_remove(memory, &contents->lists, word, place->key);
	dp_memory_retire(memory, list);
}

/* The last @count of its places go. */
static void leave(struct dp_contents *contents, struct dp_memory *memory, struct dp_cond *cond, uint32_t count)
{
	const struct dp_access_key *key = dp_expression_keys(cond->expression);

	for (uint32_t i = 0; i < count; i++) {
		struct dp_place *place = &cond->places->place[--cond->places->count];

		list_del(contents, memory, place);
		way_give(memory, cond->filter, &key[place->choice]);
	}
}

static int enter(struct dp_contents *contents, struct dp_memory *memory, struct dp_cond *cond, uint8_t choice)
{
	const struct dp_access_key *key = &dp_expression_keys(cond->expression)[choice];
	struct dp_place *place = &cond->places->place[cond->places->count];
	int ret;

	*place = (struct dp_place){.key = key_of(cond->filter, key), .choice = choice};
	/* Two keys of it may fall together. */
	if (place_of(cond, place->key))
		return 0;
	ret = way_take(memory, cond->filter, key);
	if (ret)
		return ret;
	ret = list_add(contents, memory, cond, place);
	if (ret)
		way_give(memory, cond->filter, key);
	else
		cond->places->count++;
	return ret;
}

int dp_access_place(struct dp_contents *contents, struct dp_memory *memory, struct dp_cond *cond, bool *placed)
{
	uint32_t first = 0, count = choose(contents, cond, dp_set_more(cond->filter->set)->access, &first);
	int ret = 0;

	*placed = count != 0;
	if (!count)
		return 0;
	cond->places = dp_memory_alloc(memory, sizeof(*cond->places) + count * sizeof(cond->places->place[0]));
	if (!cond->places)
		return -ENOMEM;
	for (uint32_t i = 0; ret == 0 && i < count; i++)
		ret = enter(contents, memory, cond, (uint8_t)(first + i));
	if (ret)
		dp_access_unplace(contents, memory, cond);
	return ret;
}

void dp_access_unplace(struct dp_contents *contents, struct dp_memory *memory, struct dp_cond *cond)
{
	leave(contents, memory, cond, cond->places->count);
	dp_memory_free(memory, cond->places);
	cond->places = NULL;
}

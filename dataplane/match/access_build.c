#include "dataplane/match/access.h"
#include "dataplane/match/cond.h"
#include "dataplane/match/operand.h"
#include "dataplane/match/table_priv.h"

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
	return dp_way_key(dp_way_salt(filter->key, key->name, key->how, key->param), key->value);
}

static struct dp_ways *ways_find(
	const struct dp_contents *contents, const struct dp_filter *filter, const struct dp_atom *name, uint64_t **word)
{
	*word = dp_words_find(&contents->ways, dp_ways_key(filter->key, name));
	return *word ? (struct dp_ways *)dp_slot_keyed(**word) : NULL;
}

static struct dp_way *way_find(struct dp_ways *ways, const struct dp_access_key *key)
{
	for (uint32_t i = 0; ways && i < ways->count; i++)
		if (ways->way[i].how == key->how && ways->way[i].param == key->param)
			return &ways->way[i];
	return NULL;
}

/* What keeps a key from being used: by chance something else has its hash, or there is no room for its way. */
static bool is_barred(const struct dp_contents *contents, const struct dp_filter *filter, const struct dp_access_key *key,
	const struct dp_list *list)
{
	uint64_t *word;
	struct dp_ways *ways;

	if (list && !dp_list_is(list, filter, key->name, key->value, key->how, key->param))
		return true;
	ways = key->name ? ways_find(contents, filter, key->name, &word) : NULL;
	if (!ways)
		return false;
	return ways->filter != filter || ways->name != key->name ||
	       (ways->count >= DP_ACCESS_WAYS && !way_find(ways, key));
}

/* Of one key; UINT64_MAX: it cannot be used. */
static uint64_t score_of(const struct dp_contents *contents, const struct dp_filter *filter, const struct dp_access_key *key)
{
	uint64_t *word;
	const struct dp_list *list = list_find(contents, key_of(filter, key), &word);

	return is_barred(contents, filter, key, list) ? UINT64_MAX : SCORE(list ? list->set->count : 0, key->rank);
}

/* The choice with the least expected work; returns how many keys, 0 for none, with *@first, the first of them. */
static uint32_t choose(const struct dp_contents *contents, const struct dp_cond *cond, uint32_t *first)
{
	const struct dp_access_key *key = dp_expression_keys(cond->expression);
	uint32_t begin = 0, count = 0;
	uint64_t best = UINT64_MAX, score = 0;

	for (uint32_t i = 0; i < cond->expression->keys; i++) {
		uint64_t one = score_of(contents, cond->filter, &key[i]);

		score = one == UINT64_MAX || score == UINT64_MAX ? UINT64_MAX : score + one;
		if (!key[i].last)
			continue;
		if (score < best) {
			best = score;
			*first = begin;
			count = i + 1 - begin;
		}
		begin = i + 1;
		score = 0;
	}
	return count;
}

/* @ways, or those of nothing, with room for @count; what is there is copied. NULL: no memory. */
static struct dp_ways *ways_copy(struct dp_memory *memory, const struct dp_ways *ways, const struct dp_filter *filter,
	const struct dp_atom *name, uint32_t count)
{
	struct dp_ways *next = dp_memory_alloc(memory, sizeof(*next) + count * sizeof(next->way[0]));

	if (!next)
		return NULL;
	next->key = dp_ways_key(filter->key, name);
	next->filter = filter;
	next->name = name;
	next->count = count;
	if (ways)
		memcpy(next->way, ways->way, (ways->count < count ? ways->count : count) * sizeof(next->way[0]));
	return next;
}

static int ways_put(struct dp_contents *contents, struct dp_memory *memory, struct dp_ways *old, uint64_t *word, struct dp_ways *next)
{
	if (old) {
		dp_words_replace(word, (struct dp_keyed *)next);
		dp_memory_retire(memory, old);
		return 0;
	}
	if (dp_words_reserve(memory, &contents->ways, next->key)) {
		dp_memory_free(memory, next);
		return -ENOMEM;
	}
	dp_words_put(&contents->ways, (struct dp_keyed *)next);
	return 0;
}

/* To look at the payload there is one way only, which stands nowhere. */
static int way_take(struct dp_contents *contents, struct dp_memory *memory, const struct dp_filter *filter,
	const struct dp_access_key *key)
{
	uint64_t *word;
	struct dp_ways *old = key->name ? ways_find(contents, filter, key->name, &word) : NULL, *next;
	struct dp_way *way = way_find(old, key);
	uint32_t count = old ? old->count : 0;

	if (!key->name)
		return 0;
	/* Another key of the choice has made it: by chance they have one hash. */
	if (old && (old->filter != filter || old->name != key->name))
		return -EEXIST;
	if (way) {
		way->refs++;
		return 0;
	}
	next = ways_copy(memory, old, filter, key->name, count + 1);
	if (!next)
		return -ENOMEM;
	next->way[count] = (struct dp_way){.salt = dp_way_salt(filter->key, key->name, key->how, key->param),
		.refs = 1,
		.how = key->how,
		.param = key->param};
	return ways_put(contents, memory, old, word, next);
}

/* Without a way that no key needs. Memory for a shorter copy may be missing: then it stays, and costs a probe. */
static void way_give(struct dp_contents *contents, struct dp_memory *memory, const struct dp_filter *filter,
	const struct dp_access_key *key)
{
	uint64_t *word;
	struct dp_ways *old, *next;
	struct dp_way *way;
	uint32_t used = 0;

	if (!key->name)
		return;
	old = ways_find(contents, filter, key->name, &word);
	way = way_find(old, key);
	way->refs--;
	for (uint32_t i = 0; i < old->count; i++)
		used += old->way[i].refs != 0;
	if (!used) {
		dp_words_remove(memory, &contents->ways, word, old->key);
		dp_memory_retire(memory, old);
		return;
	}
	if (way->refs)
		return;
	next = ways_copy(memory, old, filter, key->name, old->count - 1);
	if (!next)
		return;
	if (way != &old->way[old->count - 1])
		next->way[way - old->way] = old->way[old->count - 1];
	(void)ways_put(contents, memory, old, word, next);
}

static struct dp_list *list_make(
	struct dp_memory *memory, uint64_t hash, const struct dp_filter *filter, const struct dp_access_key *key)
{
	struct dp_list *list = dp_memory_alloc(memory, sizeof(*list));

	if (!list)
		return NULL;
	list->key = hash;
	list->filter = filter;
	list->name = key->name;
	list->value = key->value;
	list->how = key->how;
	list->param = key->param;
	return list;
}

/* With its record in it before it can be found. */
static int list_begin(struct dp_contents *contents, struct dp_memory *memory, struct dp_list *list, const struct dp_record *record,
	uint32_t *pos)
{
	int ret = list ? dp_items_add(memory, &list->set, sizeof(*record), record, pos) : -ENOMEM;

	if (ret == 0 && dp_words_reserve(memory, &contents->lists, list->key) == 0) {
		dp_words_put(&contents->lists, (struct dp_keyed *)list);
		return 0;
	}
	if (list)
		dp_items_free(memory, sizeof(*record), list->set);
	dp_memory_free(memory, list);
	return -ENOMEM;
}

static uint64_t target_of(const struct dp_cond *cond, bool sure)
{
	if (!sure)
		return (uintptr_t)cond;
	return dp_set_is_alone(cond->set) ? (uintptr_t)cond->set : (uintptr_t)cond | DP_RECORD_SURE;
}

static struct dp_record record_of(const struct dp_cond *cond, const struct dp_access_key *key)
{
	const struct dp_expression *expression = cond->expression;
	struct dp_record record;
	bool sure;

	record.test = dp_operands_left(dp_expression_operands(expression), expression->operands, key, &sure);
	record.target = target_of(cond, sure);
	return record;
}

static int list_add(struct dp_contents *contents, struct dp_memory *memory, const struct dp_cond *cond,
	const struct dp_access_key *key, struct dp_place *place)
{
	struct dp_record record = record_of(cond, key);
	uint64_t *word;
	struct dp_list *list = list_find(contents, place->key, &word);

	if (list)
		return dp_items_add(memory, &list->set, sizeof(record), &record, &place->pos);
	list = list_make(memory, place->key, cond->filter, key);
	return list_begin(contents, memory, list, &record, &place->pos);
}

static struct dp_place *place_of(const struct dp_cond *cond, uint64_t key)
{
	for (uint32_t i = 0; i < cond->places->count; i++)
		if (cond->places->place[i].key == key)
			return &cond->places->place[i];
	return NULL;
}

/* Whose record it is. */
static const struct dp_cond *cond_of(const struct dp_contents *contents, const struct dp_record *record)
{
	if (record->target & DP_SET_ALONE)
		return dp_slot_cond_of(&contents->slot[dp_alone_receiver((const struct dp_set *)(uintptr_t)record->target).sub]);
	return (const struct dp_cond *)(uintptr_t)(record->target & ~DP_RECORD_SURE);
}

static struct dp_record *record_at(struct dp_set *set, uint32_t pos)
{
	return dp_item_at(set, sizeof(struct dp_record), pos);
}

static void list_del(struct dp_contents *contents, struct dp_memory *memory, const struct dp_place *place)
{
	uint64_t *word;
	struct dp_list *list = list_find(contents, place->key, &word);
	struct dp_record *record = record_at(list->set, place->pos), last = *record_at(list->set, list->set->count - 1);
	enum dp_item_gone gone = dp_items_del(memory, &list->set, sizeof(*record), place->pos);

	if (gone == DP_ITEM_HOLE)
		rh_store_relaxed(&record->test, DP_TEST_NEVER);
	/* A hole that moves is nobody's. */
	if (gone == DP_ITEM_REPLACED && last.test != DP_TEST_NEVER)
		place_of(cond_of(contents, &last), place->key)->pos = place->pos;
	if (list->set)
		return;
	dp_words_remove(memory, &contents->lists, word, place->key);
	dp_memory_retire(memory, list);
}

/* How many keys of a filter's conditions are of attributes, of the payload. */
static void count_keyed(const struct dp_filter *filter, const struct dp_access_key *key, uint32_t step)
{
	struct dp_more *more = dp_set_more(filter->set);
	uint32_t *keyed = key->name ? &more->attribute_keys : &more->pattern_keys;

	rh_store_relaxed(keyed, *keyed + step);
}

/* The last @count of its places go. */
static void leave(struct dp_contents *contents, struct dp_memory *memory, struct dp_cond *cond, uint32_t count)
{
	const struct dp_access_key *key = dp_expression_keys(cond->expression);

	for (uint32_t i = 0; i < count; i++) {
		struct dp_place *place = &cond->places->place[cond->places->count - 1];

		list_del(contents, memory, place);
		way_give(contents, memory, cond->filter, &key[place->choice]);
		count_keyed(cond->filter, &key[place->choice], UINT32_MAX);
		cond->places->count--;
	}
}

static int enter(struct dp_contents *contents, struct dp_memory *memory, struct dp_cond *cond, uint8_t choice)
{
	const struct dp_access_key *key = &dp_expression_keys(cond->expression)[choice];
	struct dp_place *place = &cond->places->place[cond->places->count];
	int ret;

	*place = (struct dp_place){.key = key_of(cond->filter, key), .choice = choice};
	/* Another of its keys by chance has this one's hash. */
	if (place_of(cond, place->key))
		return -EEXIST;
	ret = way_take(contents, memory, cond->filter, key);
	if (ret)
		return ret;
	ret = list_add(contents, memory, cond, key, place);
	if (ret) {
		way_give(contents, memory, cond->filter, key);
		return ret;
	}
	count_keyed(cond->filter, key, 1);
	cond->places->count++;
	return 0;
}

int dp_access_place(struct dp_contents *contents, struct dp_memory *memory, struct dp_cond *cond, bool *placed)
{
	uint32_t first = 0, count = choose(contents, cond, &first);
	int ret = 0;

	*placed = count != 0;
	if (!count)
		return 0;
	cond->places = dp_memory_alloc(memory, sizeof(*cond->places) + count * sizeof(cond->places->place[0]));
	if (!cond->places)
		return -ENOMEM;
	for (uint32_t i = 0; ret == 0 && i < count; i++)
		ret = enter(contents, memory, cond, (uint8_t)(first + i));
	if (ret == 0)
		return 0;
	dp_access_unplace(contents, memory, cond);
	*placed = false;
	return ret == -EEXIST ? 0 : ret;
}

void dp_access_unplace(struct dp_contents *contents, struct dp_memory *memory, struct dp_cond *cond)
{
	leave(contents, memory, cond, cond->places->count);
	dp_memory_free(memory, cond->places);
	cond->places = NULL;
}

void dp_access_retarget(const struct dp_contents *contents, const struct dp_cond *cond)
{
	for (uint32_t i = 0; cond->places && i < cond->places->count; i++) {
		const struct dp_place *place = &cond->places->place[i];
		uint64_t *word;
		struct dp_list *list = list_find(contents, place->key, &word);
		struct dp_record *record = record_at(list->set, place->pos);
		bool sure = record->target & (DP_SET_ALONE | DP_RECORD_SURE);

		rh_store_release(&record->target, target_of(cond, sure));
	}
}

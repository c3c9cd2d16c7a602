#include "dataplane/match/access.h"

#include "dataplane/match/cond.h"
#include "dataplane/match/judge.h"

/* What is being looked for, and for whom. */
struct asking {
	const struct dp_contents *contents;
	struct dp_access_batch *batch;
	const struct dp_filter *filter;
	struct dp_judge *judge;
	const struct dp_facts *facts;
	dp_access_visit visit;
	void *arg;
};

/* Records are read before: with one that asks about a string that is younger than the facts comes the number of strings made. */
static void targets_visit(struct asking *a)
{
	bool sure = rh_load_relaxed(&a->contents->atoms.strings_made) == a->facts->strings_made;

	a->visit(a->arg, a->batch->target, a->batch->targets, sure);
	a->batch->targets = 0;
}

/* Those of @count records whose test is passed. No branch depends on it: half of them are, at random. */
static void records_pass(struct asking *a, const struct dp_record *record, uint32_t count)
{
	struct dp_access_batch *batch = a->batch;
	const struct dp_facts *facts = a->facts;
	uint64_t *target = batch->target;
	uint32_t targets = batch->targets;

	for (uint32_t i = 0; i < count; i++) {
		target[targets] = rh_load_acquire(&record[i].target);
		targets += dp_facts_pass(facts, rh_load_relaxed(&record[i].test));
	}
	batch->targets = targets;
	if (targets >= DP_ACCESS_TARGETS)
		targets_visit(a);
}

static inline bool list_is(const struct asking *a, const struct dp_list *list, const struct dp_access_ask *ask)
{
	return dp_list_is(list, a->filter, ask->name, ask->value, ask->how, ask->param);
}

/* Asks for what seems to be the lists of the keys, which go to the front. */
static uint32_t lists_prefetch(const struct asking *a)
{
	struct dp_access_batch *batch = a->batch;
	uint32_t found = 0;

	for (uint32_t i = 0; i < batch->asks; i++) {
		const struct dp_access_ask *ask = &batch->ask[i];
		bool maybe;
		const struct dp_keyed *list = dp_bucket_peek(ask->bucket, ask->key, &maybe);

		rh_prefetch(list);
		batch->list[found] = (const struct dp_list *)list;
		batch->ask[found] = *ask;
		found += maybe;
	}
	return found;
}

/* The list of key number @i; NULL: it has none. */
static const struct dp_list *list_of(const struct asking *a, uint32_t i)
{
	const struct dp_access_ask *ask = &a->batch->ask[i];
	const struct dp_list *list = a->batch->list[i];

	if (rh_likely(list && list_is(a, list, ask)))
		return list;
	/* Another one with the same tag was met, or one that has gone. */
	list = (const struct dp_list *)dp_words_get(&a->contents->lists, ask->key);
	return list && list_is(a, list, ask) ? list : NULL;
}

static uint32_t sets_find(const struct asking *a, uint32_t asks)
{
	struct dp_access_batch *batch = a->batch;
	uint32_t sets = 0;

	for (uint32_t i = 0; i < asks; i++) {
		const struct dp_list *list = list_of(a, i);
		const struct dp_set *set = list ? rh_rcu_deref(list->set) : NULL;

		rh_prefetch(set);
		batch->set[sets] = set;
		sets += set != NULL;
	}
	return sets;
}

static inline __attribute__((always_inline)) void lines_prefetch(const void *from, size_t bytes)
{
	for (size_t at = 0; at < bytes; at += RH_CACHE_LINE)
		rh_prefetch((const char *)from + at);
}

static inline uint32_t chunks_of(uint32_t records)
{
	return dp_items_chunks(sizeof(struct dp_record), records);
}

static inline uint32_t chunk_records(uint32_t records, uint32_t chunk)
{
	return dp_items_of_chunk(sizeof(struct dp_record), records, chunk);
}

/*
 * All of their records: a level at a time, so that as many lines as can be are on their way at once. Inlined: gcc leaves out calls of a
 * function that does nothing but ask for lines.
 */
static inline __attribute__((always_inline)) void sets_prefetch(const struct dp_access_batch *batch, uint32_t sets)
{
	for (uint32_t i = 0; i < sets; i++) {
		uint32_t count = batch->set[i]->count, chunks = chunks_of(count);

		lines_prefetch(batch->set[i]->record,
			chunks ? chunks * sizeof(struct dp_chunk *) : count * sizeof(struct dp_record));
	}
	for (uint32_t i = 0; i < sets; i++) {
		uint32_t count = batch->set[i]->count, chunks = chunks_of(count);

		for (uint32_t c = 0; c < chunks; c++)
			lines_prefetch(
				batch->set[i]->chunk[c]->record, chunk_records(count, c) * sizeof(struct dp_record));
	}
}

static void set_pass(struct asking *a, const struct dp_set *set)
{
	uint32_t chunks = chunks_of(set->count);

	if (rh_likely(!chunks)) {
		records_pass(a, set->record, set->count);
		return;
	}
	for (uint32_t c = 0; c < chunks; c++)
		records_pass(a, set->chunk[c]->record, chunk_records(set->count, c));
}

static void asks_visit(struct asking *a)
{
	uint32_t sets = sets_find(a, lists_prefetch(a));

	if (sets)
		a->facts = dp_judge_facts(a->judge);
	sets_prefetch(a->batch, sets);
	for (uint32_t i = 0; i < sets; i++)
		set_pass(a, a->batch->set[i]);
	a->batch->asks = 0;
}

static inline void ask_add(struct asking *a, const struct dp_atom *name, const struct dp_way *way, uint64_t value)
{
	struct dp_access_batch *batch = a->batch;
	uint64_t key = dp_way_key(way->salt, value);
	const uint64_t *bucket = dp_words_bucket(&a->contents->lists, key);

	if (batch->asks == DP_ACCESS_BATCH)
		asks_visit(a);
	rh_prefetch(bucket);
	batch->ask[batch->asks++] = (struct dp_access_ask){key, value, bucket, name, way->how, way->param};
}

/* The first @size bytes of @bytes, as dp_access_part has them. */
static uint64_t bytes_first(uint64_t bytes, uint32_t size)
{
	return bytes & (~0ULL >> (64 - 8 * size));
}

/* @size bytes, at most DP_ACCESS_WHOLE, from @at on. No byte but the text's is read. */
static uint64_t bytes_at(const struct dp_fact *fact, uint32_t at, uint32_t size)
{
	uint64_t bytes;

	if (fact->text.size <= sizeof(bytes))
		return bytes_first(fact->first >> 8 * at, size);
	if (at + sizeof(bytes) > fact->text.size)
		return bytes_first(fact->last >> 8 * (at + sizeof(bytes) - fact->text.size), size);
	memcpy(&bytes, fact->text.bytes + at, sizeof(bytes));
	return bytes_first(bytes, size);
}

/* First, last or any bytes of a text. */
static void bytes_add(struct asking *a, const struct dp_way *way, const struct dp_fact *fact)
{
	uint32_t size = way->param, last = fact->text.size - size;

	if (fact->text.size < size)
		return;
	if (size > DP_ACCESS_WHOLE)
		ask_add(a, fact->name, way,
			dp_access_bytes(a->contents->seed,
				fact->text.bytes + (way->how == DP_ACCESS_SUFFIX ? last : 0), size));
	else if (way->how != DP_ACCESS_PART)
		ask_add(a, fact->name, way, bytes_at(fact, way->how == DP_ACCESS_SUFFIX ? last : 0, size));
	else
		for (uint32_t i = 0; i <= last; i++)
			ask_add(a, fact->name, way, bytes_at(fact, i, size));
}

/* The keys of fact number @at as @way looks at it. */
static void way_add(struct asking *a, const struct dp_way *way, uint32_t at)
{
	const struct dp_fact *fact = &a->facts->fact[at];
	uint64_t value = dp_facts_value(a->facts, at, dp_access_fact((enum dp_access_how)way->how));

	if (value == DP_FACT_NONE)
		return;
	if (way->how >= DP_ACCESS_PREFIX && way->how <= DP_ACCESS_PART)
		bytes_add(a, way, fact);
	else if (way->how == DP_ACCESS_INTEGER)
		ask_add(a, fact->name, way, dp_access_integer(value, way->param));
	/* Nobody asks for a string that is no atom. */
	else if (way->how != DP_ACCESS_STRING || value)
		ask_add(a, fact->name, way, value);
}

static const struct dp_ways *ways_of(const struct asking *a, const struct dp_atom *name)
{
	const struct dp_ways *ways =
		(const struct dp_ways *)dp_words_get(&a->contents->ways, dp_ways_key(a->filter->key, name));

	return ways && ways->filter == a->filter && ways->name == name ? ways : NULL;
}

/* Keys of its attributes. */
static void attributes_add(struct asking *a)
{
	a->facts = dp_judge_facts(a->judge);
	for (uint32_t i = 0; i < a->facts->count; i++)
		dp_words_prefetch(&a->contents->ways, dp_ways_key(a->filter->key, a->facts->fact[i].name));
	for (uint32_t i = 0; i < a->facts->count; i++)
		dp_words_prefetch_object(&a->contents->ways, dp_ways_key(a->filter->key, a->facts->fact[i].name));
	for (uint32_t i = 0; i < a->facts->count; i++) {
		const struct dp_ways *ways = ways_of(a, a->facts->fact[i].name);

		for (uint32_t w = 0; ways && w < ways->count; w++)
			way_add(a, &ways->way[w], i);
	}
}

/* Keys of the patterns in its payload. */
static void patterns_add(struct asking *a)
{
	const struct dp_matched *matched = dp_judge_patterns(a->judge);
	struct dp_way way = {.how = DP_ACCESS_PATTERN};

	if (!matched || !matched->count)
		return;
	way.salt = dp_way_salt(a->filter->key, NULL, way.how, way.param);
	for (uint32_t i = 0; i < matched->count; i++)
		ask_add(a, NULL, &way, matched->id[i]);
}

void dp_access_each(const struct dp_contents *contents, struct dp_access_batch *batch, const struct dp_filter *filter,
	struct dp_judge *judge, dp_access_visit visit, void *arg)
{
	struct asking a = {contents, batch, filter, judge, NULL, visit, arg};
	uint32_t by = dp_filter_keyed_by(filter);

	batch->asks = batch->targets = 0;
	if (by & DP_KEYED_PATTERNS)
		patterns_add(&a);
	if (by & DP_KEYED_ATTRIBUTES)
		attributes_add(&a);
	if (batch->asks)
		asks_visit(&a);
	if (batch->targets)
		targets_visit(&a);
}

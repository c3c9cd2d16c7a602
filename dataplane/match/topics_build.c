/*
 * What a worker remembers of topics, read from outside: rows of cache entries and records.
 *
 * A row is all that the worker has of a topic, its entry and its record together, which must not
 * move between the two looks. Counts move from an entry to a record only while the entry's seq is
 * odd, and every change of a record makes its seq odd: what was looked at first and has the same
 * even seq afterwards gave nothing away meanwhile.
 */

#include "dataplane/api/topics.h"
#include "dataplane/base/clock.h"
#include "dataplane/base/pages.h"
#include "dataplane/match/match_priv.h"

#include <errno.h>

/* A place that its worker writes again and again is given up for this pass. */
#define TRIES 4

int dp_topics_init(struct dp_topics *topics, uint32_t id_mask, uint32_t stamp)
{
	*topics =
		(struct dp_topics){.id_mask = id_mask, .started = stamp, .dice = stamp, .skip = 1};
	topics->memory = rh_pages_reserve(sizeof(*topics->memory));
	return topics->memory ? 0 : -ENOMEM;
}

void dp_topics_fini(struct dp_topics *topics)
{
	rh_pages_release(topics->memory, sizeof(*topics->memory));
}

static void load_words(void *to, const void *from, size_t bytes)
{
	const uint32_t *src = from;
	uint32_t *dst = to;

	for (size_t i = 0; i < (bytes + 3) / 4; i++)
		dst[i] = rh_load_relaxed(&src[i]);
}

/* Whose a place is, and what it counts. */
struct seen {
	uint16_t tenant, profile, topic_len;
	uint32_t since, last, receivers;
	uint64_t events, bytes;
	char topic[RH_TOPIC_MAX + 4] __attribute__((aligned(4)));
};

enum look { LOOK_NOTHING, LOOK_SEEN, LOOK_TORN };

static bool text_of(
	const struct dp_cache *cache, const struct dp_entry *entry, size_t len, struct seen *seen)
{
	uint32_t block = rh_load_relaxed(&entry->block);
	const void *text = entry->topic;

	if (len > DP_CACHE_TOPIC_BYTES) {
		/* Length and block of a torn entry may belong to different topics. */
		if ((uint64_t)block * DP_SLAB_BLOCK_MIN + len >
			(uint64_t)cache->slab.units * DP_SLAB_BLOCK_MIN)
			return false;
		text = dp_slab_at(&cache->slab, block);
	}
	load_words(seen->topic, text, len);
	return true;
}

static enum look entry_read(const struct dp_cache *cache, const struct dp_entry *entry,
	struct seen *seen, uint32_t *seq)
{
	*seq = rh_load_acquire(&entry->seq);
	if (*seq & 1)
		return LOOK_TORN;
	if (!rh_load_relaxed(&entry->used))
		return LOOK_NOTHING;
	seen->topic_len = rh_load_relaxed(&entry->topic_len);
	if (seen->topic_len > RH_TOPIC_MAX || !text_of(cache, entry, seen->topic_len, seen))
		return LOOK_TORN;
	seen->tenant = rh_load_relaxed(&entry->tenant);
	seen->profile = rh_load_relaxed(&entry->profile);
	seen->receivers = rh_load_relaxed(&entry->count);
	seen->events = rh_load_relaxed(&entry->events);
	seen->bytes = rh_load_relaxed(&entry->bytes);
	seen->since = rh_load_relaxed(&entry->since);
	seen->last = dp_look_stamp(rh_load_relaxed(&entry->look));
	return LOOK_SEEN;
}

static enum look record_read(
	const struct dp_topic_record *record, struct seen *seen, uint64_t *id, uint32_t *seq)
{
	*seq = rh_load_acquire(&record->seq);
	if (*seq & 1)
		return LOOK_TORN;
	seen->topic_len = rh_load_relaxed(&record->topic_len);
	if (!seen->topic_len)
		return LOOK_NOTHING;
	if (seen->topic_len > RH_TOPIC_MAX)
		return LOOK_TORN;
	load_words(seen->topic, record->topic, seen->topic_len);
	*id = rh_load_relaxed(&record->id);
	seen->tenant = rh_load_relaxed(&record->tenant);
	seen->profile = rh_load_relaxed(&record->profile);
	seen->receivers = rh_load_relaxed(&record->receivers);
	seen->events = rh_load_relaxed(&record->events);
	seen->bytes = rh_load_relaxed(&record->bytes);
	seen->since = rh_load_relaxed(&record->since);
	seen->last = rh_load_relaxed(&record->last);
	return LOOK_SEEN;
}

/* Nothing was written since @before; all reads above come first. Pairs with the fences of the
 * writers. */
static bool still(const uint32_t *seq, uint32_t before)
{
	rh_fence_acquire();
	return rh_load_relaxed(seq) == before;
}

static bool same_topic(const struct seen *a, const struct seen *b)
{
	return a->topic_len == b->topic_len && a->tenant == b->tenant && a->profile == b->profile &&
	       memcmp(a->topic, b->topic, a->topic_len) == 0;
}

/* The record of @of's topic. */
static enum look record_look(
	const struct dp_topics *topics, uint64_t id, const struct seen *of, struct seen *out)
{
	uint64_t mixed = dp_topic_mix(id), other;
	uint32_t s = dp_topic_set_of(mixed), seq;

	for (unsigned way = 0; way < DP_TOPIC_WAYS; way++) {
		const struct dp_topic_record *record =
			&topics->memory->record[s * DP_TOPIC_WAYS + way];
		enum look look;

		if (rh_load_acquire(&topics->memory->set[s].tag[way]) != dp_topic_tag(mixed))
			continue;
		look = record_read(record, out, &other, &seq);
		if (look == LOOK_TORN || !still(&record->seq, seq))
			return LOOK_TORN;
		if (look == LOOK_SEEN && same_topic(of, out))
			return LOOK_SEEN;
	}
	return LOOK_NOTHING;
}

/* The entry of @of's topic. */
static enum look entry_look(
	const struct dp_cache *cache, uint64_t id, const struct seen *of, struct seen *out)
{
	uint32_t place = (uint32_t)id & cache->mask, seq;

	if (!cache->bucket)
		return LOOK_NOTHING;
	for (unsigned way = 0; way < DP_CACHE_WAYS; way++) {
		const struct dp_entry *entry = &cache->entry[(size_t)place * DP_CACHE_WAYS + way];
		enum look look;

		if (rh_load_relaxed(&cache->bucket[place].tag[way]) != (uint32_t)(id >> 32))
			continue;
		look = entry_read(cache, entry, out, &seq);
		if (look == LOOK_TORN || !still(&entry->seq, seq))
			return LOOK_TORN;
		if (look == LOOK_SEEN && same_topic(of, out))
			return LOOK_SEEN;
	}
	return LOOK_NOTHING;
}

/* A stamp that is not ahead of the TSC as a time. */
static uint64_t time_of(uint32_t stamp, uint64_t now_tsc)
{
	uint32_t ago = (uint32_t)(now_tsc >> DP_TOPIC_STAMP_SHIFT) - stamp;

	return ((now_tsc >> DP_TOPIC_STAMP_SHIFT) - ago) << DP_TOPIC_STAMP_SHIFT;
}

static void row_fill(struct dp_topic_row *row, const struct seen *a, const struct seen *b,
	const struct seen *newest, const struct seen *oldest)
{
	memcpy(row->topic, a->topic, a->topic_len);
	row->topic[a->topic_len] = '\0';
	row->topic_len = a->topic_len;
	row->tenant = a->tenant;
	row->profile = a->profile;
	row->receivers = newest->receivers;
	row->events = a->events + (b ? b->events : 0);
	row->bytes = a->bytes + (b ? b->bytes : 0);
	row->read_tsc = rh_tsc();
	row->since_tsc = time_of(oldest->since, row->read_tsc);
	row->last_tsc = time_of(newest->last, row->read_tsc);
}

/* A record is older than an entry of its topic, and has all that came between. */
static enum look row_of_entry(const struct dp_match *match, uint64_t at, struct dp_topic_row *row)
{
	const struct dp_cache *cache = &match->cache;
	const struct dp_entry *entry = &cache->entry[at];
	uint64_t place = at / DP_CACHE_WAYS, tag;
	struct seen first, second;
	enum look look, other;
	uint32_t seq;

	look = entry_read(cache, entry, &first, &seq);
	if (look != LOOK_SEEN)
		return look;
	tag = rh_load_relaxed(&cache->bucket[place].tag[at % DP_CACHE_WAYS]);
	other = record_look(&cache->topics, tag << 32 | place, &first, &second);
	if (other == LOOK_TORN || !still(&entry->seq, seq))
		return LOOK_TORN;
	if (other == LOOK_SEEN)
		row_fill(row, &first, &second, first.events ? &first : &second, &second);
	else
		row_fill(row, &first, NULL, &first, &first);
	return row->events ? LOOK_SEEN : LOOK_NOTHING;
}

/* @alone: only if its topic has no entry. */
static enum look row_of_record(
	const struct dp_match *match, uint64_t at, bool alone, struct dp_topic_row *row)
{
	const struct dp_cache *cache = &match->cache;
	const struct dp_topic_record *record = &cache->topics.memory->record[at];
	struct seen first, second;
	enum look look, other;
	uint64_t id = 0;
	uint32_t seq;

	look = record_read(record, &first, &id, &seq);
	if (look != LOOK_SEEN)
		return look;
	other = entry_look(cache, id, &first, &second);
	if (other == LOOK_TORN || !still(&record->seq, seq))
		return LOOK_TORN;
	if (other == LOOK_SEEN && alone)
		return LOOK_NOTHING;
	if (other == LOOK_SEEN)
		row_fill(row, &first, &second, second.events ? &second : &first, &first);
	else
		row_fill(row, &first, NULL, &first, &first);
	return LOOK_SEEN;
}

static uint64_t entries_of(const struct dp_cache *cache)
{
	return cache->bucket ? ((uint64_t)cache->mask + 1) * DP_CACHE_WAYS : 0;
}

uint64_t dp_match_topics_places(const struct dp_match *match)
{
	return entries_of(&match->cache) + DP_TOPIC_RECORDS;
}

typedef void (*row_cb)(void *arg, const struct dp_topic_row *row);

/* How many rows were left out. */
static uint64_t scan(
	const struct dp_match *match, uint64_t from, uint64_t to, bool once, row_cb cb, void *arg)
{
	uint64_t entries = entries_of(&match->cache);
	struct dp_topic_row row = {.worker = match->worker};
	uint64_t torn = 0;

	for (uint64_t at = from; at < to && at < entries + DP_TOPIC_RECORDS; at++) {
		enum look look = LOOK_TORN;

		for (unsigned i = 0; i < TRIES && look == LOOK_TORN; i++)
			look = at < entries ? row_of_entry(match, at, &row)
					    : row_of_record(match, at - entries, once, &row);
		if (look == LOOK_SEEN)
			cb(arg, &row);
		torn += look == LOOK_TORN;
	}
	return torn;
}

uint64_t dp_match_topics_scan(
	const struct dp_match *match, uint64_t from, uint64_t to, row_cb cb, void *arg)
{
	return scan(match, from, to, false, cb, arg);
}

void dp_match_topics_each(const struct dp_match *match, row_cb cb, void *arg)
{
	(void)scan(match, 0, dp_match_topics_places(match), true, cb, arg);
}

uint64_t dp_match_topic_missed(
	const struct dp_match *match, uint16_t tenant, const char *topic, size_t len)
{
	const struct dp_topics *topics = &match->cache.topics;
	struct dp_match_key key = {.topic = topic, .topic_len = (uint16_t)len, .tenant = tenant};
	uint16_t most = rh_load_relaxed(&topics->profile_most);
	uint64_t sum = 0;

	for (uint32_t profile = 0; profile <= most; profile++) {
		uint64_t mixed, least = UINT64_MAX;

		key.profile = (uint16_t)profile;
		mixed = dp_topic_mix(dp_topic_id(topics, dp_match_key_hash(match, &key)));
		for (unsigned row = 0; row < DP_TOPIC_ROWS; row++) {
			uint64_t count = rh_load_relaxed(
				&topics->memory->sketch[row][dp_topic_column(mixed, row)]);

			least = count < least ? count : least;
		}
		sum += least;
	}
	return sum;
}

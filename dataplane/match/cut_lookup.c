#include "dataplane/match/cut.h"

#include "dataplane/base/rcu.h"
#include "dataplane/base/utf8.h"

#ifdef __AVX2__
#include <immintrin.h>
#endif

/* The smallest page there is. */
#define PAGE_BYTES 4096

/*
 * May what lies before and behind the topic be read, whatever it is? In the pages of its first and its last byte it may: a copy, written in
 * pieces and then read as one, waits for the pieces. Sanitizers want no byte read that is not the topic's.
 */
static inline bool is_padded(const char *text, size_t len)
{
#if defined(__SANITIZE_ADDRESS__) || defined(RH_RCU_TSAN)
	(void)text;
	(void)len;
	return false;
#else
	return ((uintptr_t)text & (PAGE_BYTES - 1)) >= DP_TEXT_BEFORE &&
	       ((uintptr_t)(text + len - 1) & (PAGE_BYTES - 1)) < PAGE_BYTES - DP_CUT_PAD;
#endif
}

/* By the plain parser: for a topic of many levels, and for machines without the other. */
static bool levels_parse(struct dp_cut *cut, const struct dp_secret *secret, size_t len)
{
	struct rh_topic *topic = &cut->topic;

	if (rh_topic_parse(topic->text, len, topic, NULL) != 0)
		return false;
	for (uint32_t i = 0; i < topic->levels && i < DP_KEY_LEVELS; i++)
		cut->hash[i] = dp_level_hash(secret, i, topic->text + topic->start[i], topic->size[i]);
	return true;
}

#ifdef __AVX2__

/* What stands where among BLOCK bytes. */
#define BLOCK 64
struct marks {
	uint64_t slash, special, high;
};
static_assert(BLOCK <= DP_CUT_PAD, "a topic's last block may be read");

/*
 * In place n the byte that is special and has n as its lower half: U+0000, '#', '+', '/'; else one that has another lower half. A byte from
 * 0x80 on looks up 0.
 */
#define OTHER 0x0f
static const uint8_t specials[32] rh_cache_aligned = {
	0, OTHER, OTHER, '#', OTHER, OTHER, OTHER, OTHER, OTHER, OTHER, OTHER, '+', OTHER, OTHER, OTHER, '/',
	0, OTHER, OTHER, '#', OTHER, OTHER, OTHER, OTHER, OTHER, OTHER, OTHER, '+', OTHER, OTHER, OTHER, '/'};

static inline uint64_t signs_of(__m256i low, __m256i high)
{
	return (uint32_t)_mm256_movemask_epi8(low) | (uint64_t)(uint32_t)_mm256_movemask_epi8(high) << 32;
}

static inline struct marks marks_of(const char *bytes)
{
	__m256i low = _mm256_loadu_si256((const __m256i *)bytes);
	__m256i high = _mm256_loadu_si256((const __m256i *)bytes + 1);
	__m256i slash = _mm256_set1_epi8('/'), special = _mm256_load_si256((const __m256i *)specials);

	return (struct marks){
		signs_of(_mm256_cmpeq_epi8(low, slash), _mm256_cmpeq_epi8(high, slash)),
		signs_of(_mm256_cmpeq_epi8(low, _mm256_shuffle_epi8(special, low)),
			_mm256_cmpeq_epi8(high, _mm256_shuffle_epi8(special, high))),
		signs_of(low, high)};
}

/* What blocks_cut leaves out, which is faster without calls: hashes of long levels, and whether the text is UTF-8. */
static __attribute__((noinline)) bool rest_cut(struct dp_cut *cut, const struct dp_secret *secret)
{
	const struct rh_topic *topic = &cut->topic;

	for (uint32_t i = 0; i < topic->levels; i++)
		if (topic->size[i] > DP_KEY_READ)
			cut->hash[i] = dp_level_hash(
				secret, i, topic->text + topic->start[i], topic->size[i]);
	return rh_utf8_valid((const uint8_t *)topic->text, topic->len, NULL);
}

/* @is_short: known to be less than a block, which most are. */
static inline __attribute__((always_inline)) bool blocks_cut(
	struct dp_cut *cut, const struct dp_secret *secret, size_t len, bool is_short)
{
	const char *text = cut->topic.text;
	size_t levels = 0, start = 0;
	uint64_t rest = 0;

	/* Up to the byte behind the last, which ends the last level. */
	for (size_t at = 0; at <= len; at += BLOCK) {
		struct marks marks = marks_of(text + at);
		size_t left = is_short || len - at < BLOCK ? len - at : BLOCK;
		uint64_t inside = _bzhi_u64(UINT64_MAX, (uint32_t)left);
		uint64_t ends = (marks.slash & inside) | (inside + 1);

		if (rh_unlikely((marks.special ^ marks.slash) & inside))
			return false;
		cut->topic.levels = (uint16_t)(levels + (size_t)__builtin_popcountll(ends));
		if (!is_short && cut->topic.levels > DP_KEY_LEVELS)
			return levels_parse(cut, secret, len);
		rest |= marks.high & inside;
		for (; ends; ends &= ends - 1, levels++) {
			size_t end = at + (size_t)__builtin_ctzll(ends), size = end - start;

			cut->topic.start[levels] = (uint16_t)start;
			cut->topic.size[levels] = (uint16_t)size;
			if (rh_likely(size <= DP_KEY_READ))
				cut->hash[levels] = dp_short_level_hash(secret, levels, text + start, size);
			else
				rest = 1;
			start = end + 1;
		}
		if (is_short)
			break;
	}
	return rh_likely(!rest) || rest_cut(cut, secret);
}

static __attribute__((noinline)) bool levels_cut(struct dp_cut *cut, const struct dp_secret *secret, size_t len)
{
	return blocks_cut(cut, secret, len, false);
}

static inline bool usual_cut(struct dp_cut *cut, const struct dp_secret *secret, size_t len)
{
	return rh_likely(len < BLOCK) ? blocks_cut(cut, secret, len, true)
				      : levels_cut(cut, secret, len);
}

#else
#define levels_cut levels_parse
#define usual_cut  levels_parse
#endif

static __attribute__((noinline)) bool copy_cut(
	struct dp_cut *cut, const struct dp_secret *secret, const char *text, size_t len)
{
	cut->topic.text = memcpy(cut->text, text, len);
	return levels_cut(cut, secret, len);
}

static inline bool cut_make(struct dp_cut *cut, const struct dp_secret *secret, const char *text, size_t len)
{
	if (len == 0 || len > RH_TOPIC_MAX)
		return false;
	cut->topic.len = (uint16_t)len;
	if (rh_unlikely(!is_padded(text, len)))
		return copy_cut(cut, secret, text, len);
	cut->topic.text = text;
	return usual_cut(cut, secret, len);
}

bool dp_cut_make(struct dp_cut *cut, const struct dp_secret *secret, const char *text, size_t len)
{
	return cut_make(cut, secret, text, len);
}

uint64_t dp_cut_burst(struct dp_cut *cut, const struct dp_secret *secret, struct dp_match_keys keys,
	const uint8_t *event, uint32_t count)
{
	uint64_t refused = 0;

	for (uint32_t n = 0; n < count; n++) {
		const struct dp_match_key *key = dp_match_key_at(keys, event[n]);

		if (rh_unlikely(!cut_make(&cut[n], secret, key->topic, key->topic_len)))
			refused |= 1ULL << n;
	}
	return refused;
}

#include "dataplane/match/cut.h"

#include "dataplane/base/utf8.h"

#ifdef __AVX2__
#include <immintrin.h>
#endif

/* The smallest page there is. */
#define PAGE_BYTES 4096

/*
 * May what lies behind the topic be read, whatever it is? In the page of its last byte it may: a copy, written in pieces and then read
 * as one, waits for the pieces. Sanitizers want no byte read that is not the topic's.
 */
static inline bool is_padded(const char *text, size_t len)
{
#if defined(__SANITIZE_ADDRESS__) || defined(RH_RCU_TSAN)
	(void)text;
	(void)len;
	return false;
#else
	return ((uintptr_t)(text + len - 1) & (PAGE_BYTES - 1)) < PAGE_BYTES - DP_CUT_PAD;
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

/* What stands where among 32 bytes. */
struct marks {
	uint32_t slash, special, high;
};

/*
 * In place n the byte that is special and has n as its lower half: U+0000, '#', '+', '/'; else one that has another lower half. A byte from
 * 0x80 on looks up 0.
 */
#define OTHER 0x0f
static const uint8_t specials[32] rh_cache_aligned = {
	0, OTHER, OTHER, '#', OTHER, OTHER, OTHER, OTHER, OTHER, OTHER, OTHER, '+', OTHER, OTHER, OTHER, '/',
	0, OTHER, OTHER, '#', OTHER, OTHER, OTHER, OTHER, OTHER, OTHER, OTHER, '+', OTHER, OTHER, OTHER, '/'};

static inline struct marks marks_of(const char *bytes)
{
	__m256i v = _mm256_loadu_si256((const __m256i *)bytes);
	__m256i special = _mm256_shuffle_epi8(_mm256_load_si256((const __m256i *)specials), v);

	return (struct marks){
		(uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(v, _mm256_set1_epi8('/'))),
		(uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(v, special)),
		(uint32_t)_mm256_movemask_epi8(v)};
}

static inline void level_add(struct dp_cut *cut, const struct dp_secret *secret, uint32_t at,
	uint32_t start, uint32_t end)
{
	cut->topic.start[at] = (uint16_t)start;
	cut->topic.size[at] = (uint16_t)(end - start);
	cut->hash[at] = dp_level_hash(secret, at, cut->topic.text + start, end - start);
}

static inline bool levels_cut(struct dp_cut *cut, const struct dp_secret *secret, size_t len)
{
	const char *text = cut->topic.text;
	uint32_t levels = 0, start = 0, high = 0;

	for (uint32_t at = 0; at < len; at += 32) {
		struct marks marks = marks_of(text + at);
		uint32_t inside = _bzhi_u32(UINT32_MAX, len - at < 32 ? (uint32_t)(len - at) : 32);
		uint32_t slash = marks.slash & inside;

		if (rh_unlikely((marks.special ^ marks.slash) & inside))
			return false;
		if (rh_unlikely(levels + 32 >= DP_KEY_LEVELS) &&
			levels + (uint32_t)__builtin_popcount(slash) >= DP_KEY_LEVELS)
			return levels_parse(cut, secret, len);
		high |= marks.high & inside;
		for (; slash; slash &= slash - 1) {
			uint32_t end = at + (uint32_t)__builtin_ctz(slash);

			level_add(cut, secret, levels++, start, end);
			start = end + 1;
		}
	}
	level_add(cut, secret, levels++, start, (uint32_t)len);
	cut->topic.levels = (uint16_t)levels;
	return rh_likely(!high) || rh_utf8_valid((const uint8_t *)text, len, NULL);
}

#else
#define levels_cut levels_parse
#endif

bool dp_cut_make(struct dp_cut *cut, const struct dp_secret *secret, const char *text, size_t len)
{
	if (len == 0 || len > RH_TOPIC_MAX)
		return false;
	cut->topic.text = rh_likely(is_padded(text, len)) ? text : memcpy(cut->text, text, len);
	cut->topic.len = (uint16_t)len;
	return levels_cut(cut, secret, len);
}

#include "dataplane/match/cut.h"

#include "dataplane/base/utf8.h"

#ifdef __AVX2__
#include <immintrin.h>
#endif

static void hash_levels(struct dp_cut *cut, const struct dp_secret *secret)
{
	const struct rh_topic *topic = &cut->topic;
	uint32_t levels = topic->levels < DP_KEY_LEVELS ? topic->levels : DP_KEY_LEVELS;

	for (uint32_t i = 0; i < levels; i++)
		cut->hash[i] = dp_level_hash(
			secret, i, topic->text + topic->start[i], topic->size[i]);
}

#ifdef __AVX2__

/* What stands where among 32 bytes. */
struct marks {
	uint32_t slash, never, high;
};

static inline struct marks marks_of(const char *bytes)
{
	__m256i v = _mm256_loadu_si256((const __m256i *)bytes);
	__m256i never = _mm256_or_si256(_mm256_cmpeq_epi8(v, _mm256_setzero_si256()),
		_mm256_or_si256(_mm256_cmpeq_epi8(v, _mm256_set1_epi8('+')),
			_mm256_cmpeq_epi8(v, _mm256_set1_epi8('#'))));

	return (struct marks){
		(uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(v, _mm256_set1_epi8('/'))),
		(uint32_t)_mm256_movemask_epi8(never), (uint32_t)_mm256_movemask_epi8(v)};
}

static bool levels_cut(struct dp_cut *cut, size_t len)
{
	struct rh_topic *topic = &cut->topic;
	uint32_t levels = 0, start = 0, high = 0;

	for (uint32_t at = 0; at < len; at += 32) {
		struct marks marks = marks_of(cut->text + at);
		uint32_t inside = len - at < 32 ? (1U << (len - at)) - 1 : UINT32_MAX;

		if (marks.never & inside)
			return false;
		high |= marks.high & inside;
		for (uint32_t slash = marks.slash & inside; slash; slash &= slash - 1) {
			uint32_t end = at + (uint32_t)__builtin_ctz(slash);

			if (levels == RH_LEVELS_MAX - 1)
				return false;
			topic->start[levels] = (uint16_t)start;
			topic->size[levels++] = (uint16_t)(end - start);
			start = end + 1;
		}
	}
	topic->start[levels] = (uint16_t)start;
	topic->size[levels++] = (uint16_t)(len - start);
	topic->levels = (uint16_t)levels;
	return !high || rh_utf8_valid((const uint8_t *)cut->text, len, NULL);
}

#else

static bool levels_cut(struct dp_cut *cut, size_t len)
{
	return rh_topic_parse(cut->text, len, &cut->topic, NULL) == 0;
}

#endif

bool dp_cut_make(struct dp_cut *cut, const struct dp_secret *secret, const char *text, size_t len)
{
	if (len == 0 || len > RH_TOPIC_MAX)
		return false;
	memcpy(cut->text, text, len);
	cut->topic.text = cut->text;
	cut->topic.len = (uint16_t)len;
	if (!levels_cut(cut, len))
		return false;
	hash_levels(cut, secret);
	return true;
}

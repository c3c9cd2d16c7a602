#pragma once

/* The check of attributes as nearly all are: core ones of plain text. Inline: once an event. */

#include "dataplane/base/compiler.h"
#include "dataplane/frame/bytes.h"
#include "dataplane/frame/status.h"
#include "dataplane/frame/wire.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __AVX2__
#include <immintrin.h>
#endif

#define RH_ATTRIBUTE_KEY_MASK	0x1f
#define RH_ATTRIBUTE_TYPE_SHIFT 5
#define RH_ATTRIBUTE_CORE_HEAD	3 /* key and type, length of the value */

/* The fixed part of a PUBLISH stands in front of its attributes: so many bytes before the end of a value can be read at once. */
#define RH_ATTRIBUTE_WINDOW 32
_Static_assert(RH_ATTRIBUTE_WINDOW <= RH_PUBLISH_HDR, "what is read before a value is in its record");

/* The check of everything there may be, behind a core attribute with key @before_key, or from the start. Ctx: any. */
enum rh_frame_error rh_attributes_check_slowly(const uint8_t *attributes, size_t len, uint8_t before_key);

/* How many of the RH_ATTRIBUTE_WINDOW bytes before @end are plain, from behind: ASCII without U+0000. All of them are readable. */
static inline uint32_t rh_plain_before(const uint8_t *end)
{
#ifdef __AVX2__
	__m256i bytes = _mm256_loadu_si256((const __m256i *)(const void *)(end - RH_ATTRIBUTE_WINDOW));
	/* Signed: what is not ASCII is below 0. */
	__m256i other = _mm256_cmpgt_epi8(_mm256_set1_epi8(1), bytes);

	return _lzcnt_u32((uint32_t)_mm256_movemask_epi8(other));
#else
	uint32_t plain = 0;

	while (plain < RH_ATTRIBUTE_WINDOW && (int8_t)end[-1 - (int)plain] > 0)
		plain++;
	return plain;
#endif
}

/* Is the value of @len bytes before @end plain? Most are shorter than a window: one look, whatever their length. */
static inline bool rh_value_is_plain(const uint8_t *end, uint32_t len)
{
	uint32_t plain = rh_plain_before(end);

	while (rh_unlikely(plain < len)) {
		if (plain < RH_ATTRIBUTE_WINDOW)
			return false;
		end -= RH_ATTRIBUTE_WINDOW;
		len -= RH_ATTRIBUTE_WINDOW;
		plain = rh_plain_before(end);
	}
	return true;
}

/*
 * Attributes: structure, names, UTF-8 values, strictly ascending, so that none is there twice. Core ones of plain text one after the other; from the
 * first of another kind on, the slow check. RH_PUBLISH_HDR bytes in front of them are readable, as in a record. Ctx: any.
 */
static inline enum rh_frame_error rh_attributes_check(const uint8_t *attributes, size_t len)
{
	const uint8_t *end = attributes + len, *last = end - RH_ATTRIBUTE_CORE_HEAD;
	uint32_t before = RH_ATTR_EXTENSION;

	while (attributes <= last) {
		uint32_t head = attributes[0], value;
		const uint8_t *next;

		if (rh_unlikely(head >= RH_ATTR_TYPE_COUNT << RH_ATTRIBUTE_TYPE_SHIFT))
			break;
		value = rh_load_be16(attributes + 1);
		next = attributes + RH_ATTRIBUTE_CORE_HEAD + value;
		head &= RH_ATTRIBUTE_KEY_MASK;
		if (rh_unlikely(next > end) || !rh_value_is_plain(next, value) || rh_unlikely(head <= before))
			break;
		before = head;
		attributes = next;
	}
	/* Keys ascend: if one is unknown, the last is. */
	if (rh_unlikely(before >= RH_ATTR_KEY_COUNT))
		return RH_FRAME_ATTRIBUTE;
	if (rh_likely(attributes == end))
		return RH_FRAME_OK;
	return rh_attributes_check_slowly(attributes, (size_t)(end - attributes), (uint8_t)before);
}

/* BODIES: bodies_built or bodies_plain. */

#include "tests/unit/dataplane/node/bodies.h"

#include "dataplane/frame/attribute.h"
#include "dataplane/match/group.h"
#include "dataplane/match/key.h"
#include "dataplane/match/text.h"
#include "dataplane/match/ways.h"
#include "dataplane/node/usual.h"

static bool usual_head(uint16_t udp_port, const uint8_t *frame, uint16_t len)
{
	struct dp_usual usual = dp_usual_to(udp_port, NULL);

	return dp_usual_head(&usual, frame, len);
}

static uint32_t bucket_places(const uint64_t *bucket, uint64_t tag)
{
	uint32_t places = 0;

	for (uint32_t tagged = dp_bucket_tagged(bucket, tag); tagged; tagged &= tagged - 1)
		places |= 1u << (dp_bucket_word(bucket, tagged) - bucket);
	return places;
}

static uint32_t group_places(const uint64_t *const *bucket, const uint64_t *tag)
{
	struct dp_search_group group;
	uint32_t places = 0;

	memcpy(group.tag, tag, sizeof(group.tag));
	memcpy(group.bucket, bucket, sizeof(group.bucket));
	for (uint32_t tagged = dp_group_tagged(&group); tagged; tagged &= tagged - 1)
		places |= 1u << dp_group_place(tagged);
	return places;
}

const struct bodies BODIES = {
#ifdef __AVX2__
	.avx2 = true,
#endif
#ifdef __SSE4_1__
	.sse4 = true,
#endif
#ifdef __BMI2__
	.bmi2 = true,
#endif
	.usual_head = usual_head,
	.plain_before = rh_plain_before,
	.ways_with = dp_ways_with,
	.ways_least = dp_ways_least,
	.key_fold = dp_key_fold,
	.text_equal = dp_text_equal,
	.text_ends_equal = dp_text_ends_equal,
	.bucket_places = bucket_places,
	.group_places = group_places,
};

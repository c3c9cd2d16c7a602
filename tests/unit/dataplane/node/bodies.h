#pragma once

/*
 * What has a body by instruction set and a plain one. bodies.c is compiled twice: as the build is, and without those instructions.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bodies {
	bool avx2, sse4, bmi2; /* what it was compiled for */
	/* usual.h, attribute.h. */
	bool (*usual_head)(uint16_t udp_port, const uint8_t *frame, uint16_t len);
	uint32_t (*plain_before)(const uint8_t *end);
	/* ways.h, key.h, text.h. */
	unsigned (*ways_with)(const uint32_t *words, uint32_t word);
	uint32_t (*ways_least)(const uint32_t *words);
	uint64_t (*key_fold)(uint64_t x, uint64_t y);
	bool (*text_equal)(const char *a, const char *b, size_t len);
	bool (*text_ends_equal)(const char *a_end, const char *b_end, size_t len);
	/* words.h, group.h: a bit for each word that has its tag, by place. A group has four buckets. */
	uint32_t (*bucket_places)(const uint64_t *bucket, uint64_t tag);
	uint32_t (*group_places)(const uint64_t *const *bucket, const uint64_t *tag);
};

extern const struct bodies bodies_built, bodies_plain;

#include "tests/unit/dataplane/match/flood_sets.h"

#include "dataplane/base/compiler.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TENANTS 1000
#define BITS	16

/* One or the other of @two, a bit of @i each. */
static size_t bits_text(uint32_t i, const char *two, const char *between, char *out)
{
	size_t len = 0;

	for (unsigned k = 0; k < BITS; k++)
		len += (size_t)sprintf(out + len, "%s%c", k ? between : "", two[i >> k & 1]);
	return len;
}

static size_t one_level_text(uint32_t i, char *out)
{
	return bits_text(i, "aq", "", out);
}

static size_t many_levels_text(uint32_t i, char *out)
{
	return bits_text(i, "aq", "/", out);
}

static size_t empty_levels_text(uint32_t i, char *out)
{
	size_t len = 0;

	for (unsigned k = 0; k < BITS; k++)
		len += (size_t)sprintf(out + len, "%s%s", k ? "/" : "", i >> k & 1 ? "a" : "");
	return len;
}

/* The @i-th permutation of eight levels. */
static size_t permuted_text(uint32_t i, char *out)
{
	char left[] = "abcdefgh";
	size_t len = 0;

	for (uint32_t k = 8; k > 0; k--, i /= k + 1) {
		uint32_t pick = i % k;

		len += (size_t)sprintf(out + len, "%s%c", len ? "/" : "", left[pick]);
		memmove(left + pick, left + pick + 1, 8 - pick);
	}
	return len;
}

static size_t swapped_text(uint32_t i, char *out)
{
	return (size_t)sprintf(out, "w%02x/w%02x", i & 255, i >> 8);
}

/* One word wherever a level is literal. */
static size_t masks_text(uint32_t i, char *out)
{
	uint32_t mask = i % 511 + 1;
	size_t len = 0;

	for (unsigned k = 0; k < 9; k++) {
		len += (size_t)sprintf(out + len, "%s", k ? "/" : "");
		len += (size_t)(mask >> k & 1 ? sprintf(out + len, "v%u", i / 511)
					      : sprintf(out + len, "+"));
	}
	return len;
}

static size_t prefix_text(uint32_t i, char *out)
{
	memset(out, 'p', 900);
	return 900 + (size_t)sprintf(out + 900, "%05u", i);
}

static size_t deep_text(uint32_t i, char *out)
{
	for (unsigned k = 0; k < 60; k++)
		memcpy(out + (size_t)2 * k, "a/", 2);
	return 120 + (size_t)sprintf(out + 120, "%05u", i);
}

static size_t lengths_text(uint32_t i, char *out)
{
	uint32_t first = i & 255, second = i >> 8;

	memset(out, 'a', first + 1 + second);
	out[first] = '/';
	out[first + 1 + second] = '\0';
	return first + 1 + second;
}

static size_t second_half_text(uint32_t i, char *out)
{
	return (size_t)sprintf(out, "aaaaaaaa%08x", i);
}

static size_t numbers_text(uint32_t i, char *out)
{
	return (size_t)sprintf(out, "dev-%06u/temp", i);
}

static size_t letters_text(uint32_t i, char *out)
{
	return (size_t)sprintf(
		out, "%c/%c/%c", '0' + i % 40, '0' + i / 40 % 40, '0' + i / 1600 % 40);
}

static size_t tenants_text(uint32_t i, char *out)
{
	return (size_t)sprintf(out, "t/%u", i / TENANTS);
}

static size_t begins_text(uint32_t i, char *out)
{
	return (size_t)sprintf(out, "a/b%05u*", i);
}

static size_t ends_text(uint32_t i, char *out)
{
	return (size_t)sprintf(out, "a/**/b%05u", i);
}

/* Hashes without a secret: two words that are equal under one are so for everybody. */

static uint32_t fnv(const char *word)
{
	uint32_t hash = 2166136261u;

	for (unsigned i = 0; i < FLOOD_TWIN_LEN; i++)
		hash = (hash ^ (uint8_t)word[i]) * 16777619u;
	return hash;
}

static uint32_t crc(const char *word)
{
	uint32_t left = ~0u;

	for (unsigned i = 0; i < FLOOD_TWIN_LEN; i++) {
		left ^= (uint8_t)word[i];
		for (unsigned bit = 0; bit < 8; bit++)
			left = left >> 1 ^ (left & 1 ? 0x82f63b78u : 0);
	}
	return left;
}

static uint32_t xxh32(const char *word)
{
	return XXH32(word, FLOOD_TWIN_LEN, 0);
}

static uint32_t xxh3(const char *word)
{
	return (uint32_t)XXH3_64bits(word, FLOOD_TWIN_LEN);
}

static uint32_t (*const known[])(const char *word) = {fnv, crc, xxh32, xxh3};

static char twins[RH_ARRAY_LEN(known)][2][FLOOD_TWIN_LEN + 1];

static void word_of(uint32_t i, char *out)
{
	uint64_t bits = i * 0x9e3779b97f4a7c15ULL;

	for (unsigned k = 0; k < FLOOD_TWIN_LEN; k++, bits >>= 8)
		out[k] = (char)('0' + (bits & 63));
	out[FLOOD_TWIN_LEN] = '\0';
}

/* By birthday: among 2^20 words a hundred pairs are equal in 32 bits. */
static void twins_find(unsigned which)
{
	enum { WORDS = 1 << 20, SLOTS = 1 << 22 };
	uint32_t *slot = calloc(SLOTS, sizeof(*slot));
	char word[FLOOD_TWIN_LEN + 1], other[FLOOD_TWIN_LEN + 1];

	for (uint32_t i = 1; slot && i <= WORDS; i++) {
		uint32_t hash, at;

		word_of(i, word);
		hash = known[which](word);
		for (at = hash % SLOTS; slot[at]; at = (at + 1) % SLOTS) {
			word_of(slot[at], other);
			if (known[which](other) != hash)
				continue;
			memcpy(twins[which][0], word, sizeof(word));
			memcpy(twins[which][1], other, sizeof(other));
			free(slot);
			return;
		}
		slot[at] = i;
	}
	abort();
}

/* Fourteen levels, each one of two that are equal under a hash without a secret. */
static size_t twins_text(uint32_t i, char *out)
{
	unsigned which = i % RH_ARRAY_LEN(known);
	size_t len = 0;

	if (!twins[which][0][0])
		twins_find(which);
	i /= RH_ARRAY_LEN(known);
	for (unsigned k = 0; k < 14; k++)
		len += (size_t)sprintf(out + len, "%s%s", k ? "/" : "", twins[which][i >> k & 1]);
	return len;
}

#define MQTT RH_DIALECT_MQTT
const struct flood_set flood_sets[] = {
	{"bits of one level", FLOOD_FILTERS, one_level_text, MQTT, 0, true},
	{"a bit in each of sixteen levels", FLOOD_FILTERS, many_levels_text, MQTT, 0, true},
	{"levels that are empty or not", FLOOD_FILTERS, empty_levels_text, MQTT, 0, true},
	{"permutations of eight levels", 40320, permuted_text, MQTT, 0, true},
	{"two levels, swapped", FLOOD_FILTERS, swapped_text, MQTT, 0, true},
	{"one word at every set of levels", 511 * 128, masks_text, MQTT, 0, false},
	{"a long common prefix", FLOOD_FILTERS, prefix_text, MQTT, 0, true},
	{"sixty common levels", FLOOD_FILTERS, deep_text, MQTT, 0, true},
	{"levels of one letter by length", FLOOD_FILTERS, lengths_text, MQTT, 0, true},
	{"bytes behind the eighth", FLOOD_FILTERS, second_half_text, MQTT, 0, true},
	{"numbers", FLOOD_FILTERS, numbers_text, MQTT, 0, true},
	{"levels of one letter", 40 * 40 * 40, letters_text, MQTT, 0, true},
	{"equal under hashes without a secret", FLOOD_FILTERS, twins_text, MQTT, 0, true},
	{"the same in a thousand tenants", 65 * TENANTS, tenants_text, MQTT, TENANTS, true},
	{"beginnings of a level", FLOOD_FILTERS, begins_text, RH_DIALECT_SOLACE, 0, false},
	{"last levels", FLOOD_FILTERS, ends_text, RH_DIALECT_ZENOH, 0, false},
};
const uint32_t flood_set_count = RH_ARRAY_LEN(flood_sets);

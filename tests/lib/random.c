#include "tests/lib/random.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

void rnd_seed(struct rnd *rnd, uint64_t seed)
{
	rnd->state = seed;
}

void rnd_init(struct rnd *rnd, const char *what)
{
	const char *given = getenv("RHUMB_SEED");
	uint64_t seed = 1;

	if (given)
		seed = strtoull(given, NULL, 10);
	else if (getrandom(&seed, sizeof(seed), 0) != (ssize_t)sizeof(seed))
		seed = (uint64_t)(uintptr_t)&seed;
	(void)fprintf(
		stderr, "%s: seed %llu (repeat with RHUMB_SEED)\n", what, (unsigned long long)seed);
	rnd_seed(rnd, seed);
}

/* splitmix64, public domain algorithm by Steele, Lea and Flood. */
uint64_t rnd_u64(struct rnd *rnd)
{
	uint64_t z = (rnd->state += 0x9e3779b97f4a7c15ULL);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
	return z ^ (z >> 31);
}

uint32_t rnd_below(struct rnd *rnd, uint32_t bound)
{
	return (uint32_t)(((rnd_u64(rnd) >> 32) * bound) >> 32);
}

size_t rnd_cases(size_t usual, size_t longer)
{
	const char *asked = getenv("RHUMB_LONG");

	return asked && asked[0] == '1' ? longer : usual;
}

static const char *pick_level(struct rnd *rnd, bool first, bool last, bool wildcards)
{
	static const char *const words[] = {"", "a", "b", "ab", "a", "\xc3\xa9", "$x", "$"};
	uint32_t dice = rnd_below(rnd, 16);

	if (wildcards && dice < 4)
		return "+";
	if (wildcards && last && dice < 8)
		return "#";
	if (first && dice == 15)
		return "$SYS";
	return words[rnd_below(rnd, sizeof(words) / sizeof(words[0]))];
}

/* Put one byte that is likely wrong somewhere. */
static void spoil(struct rnd *rnd, char *text, size_t len)
{
	static const char bytes[] = "+#/\0\xff\xc3$";

	text[rnd_below(rnd, (uint32_t)len)] = bytes[rnd_below(rnd, sizeof(bytes) - 1)];
}

size_t rnd_topic_text(
	struct rnd *rnd, unsigned levels_max, bool wildcards, unsigned bad_percent, char *out)
{
	unsigned levels = 1 + rnd_below(rnd, levels_max);
	size_t len = 0;

	for (unsigned i = 0; i < levels; i++) {
		const char *level = pick_level(rnd, i == 0, i + 1 == levels, wildcards);
		size_t size = strlen(level);

		if (i)
			out[len++] = '/';
		memcpy(out + len, level, size);
		len += size;
	}
	if (len == 0)
		out[len++] = 'a';
	if (rnd_below(rnd, 100) < bad_percent)
		spoil(rnd, out, len);
	return len;
}

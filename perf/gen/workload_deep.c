#include "perf/gen/workload_deep.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define DEPTH 6
#define MASKS (1u << DEPTH)
#define WORDS 4 /* of a level, but for the one that tells filters apart */

/* Which levels of a filter are wildcards: bit i of plus, level i; tail: a # after `levels` levels. */
struct shape {
	uint8_t levels, plus;
	bool tail;
};

/* Shapes with a literal level: masks over all six levels, then masks over one to five levels with a # behind. */
#define PLAIN_SHAPES (MASKS - 1)
#define TAIL_SHAPES  57 /* 1 + 3 + 7 + 15 + 31 */
#define SHAPES	     (PLAIN_SHAPES + TAIL_SHAPES)
/* Without: six times +, and a # behind zero to five times +. */
#define ALL_WILD (1 + DEPTH)

static struct shape shape_literal(uint32_t k)
{
	uint8_t levels = 1;

	if (k < PLAIN_SHAPES)
		return (struct shape){DEPTH, (uint8_t)k, false};
	for (k -= PLAIN_SHAPES; k >= (1u << levels) - 1; levels++)
		k -= (1u << levels) - 1;
	return (struct shape){levels, (uint8_t)k, true};
}

static struct shape shape_wild(uint32_t k)
{
	uint8_t levels = k ? (uint8_t)(k - 1) : DEPTH;

	return (struct shape){levels, (uint8_t)((1u << levels) - 1), k != 0};
}

/* The last literal level. */
static uint32_t own_level(struct shape s)
{
	uint32_t at = s.levels - 1u;

	while (at && s.plus >> at & 1)
		at--;
	return at;
}

struct text {
	char *at;
	uint32_t len;
};

static void level_add(struct text *t, const char *word, bool number, uint32_t n)
{
	const char *slash = t->len ? "/" : "";
	size_t room = WORKLOAD_TEXT_MAX - t->len;
	int len = number ? snprintf(t->at + t->len, room, "%s%s%u", slash, word, n)
			 : snprintf(t->at + t->len, room, "%s%s", slash, word);

	t->len += (uint32_t)len;
}

/* Filter or, with @topic, the topic of filter @n that has shape @s among @shapes: wildcards become words that other filters have too. */
static uint32_t shaped(struct shape s, uint32_t n, uint32_t shapes, bool topic, char *out)
{
	uint32_t own = own_level(s), row = n / shapes, levels = topic ? DEPTH : s.levels;
	struct text t = {out, 0};

	for (uint32_t i = 0; i < levels; i++) {
		if (!topic && s.plus >> i & 1)
			level_add(&t, "+", false, 0);
		else if (i == own)
			level_add(&t, "x", true, n);
		else
			level_add(&t, "v", true, row >> 2 * i & (WORDS - 1));
	}
	if (!topic && s.tail)
		level_add(&t, "#", false, 0);
	return t.len;
}

static uint32_t wild(struct shape s, char *out)
{
	struct text t = {out, 0};

	for (uint32_t i = 0; i < s.levels; i++)
		level_add(&t, "+", false, 0);
	if (s.tail)
		level_add(&t, "#", false, 0);
	return t.len;
}

/* Six levels that all topics have, masked by @plus, then @last. */
static uint32_t hostile(uint32_t plus, const char *last, bool number, uint32_t n, char *out)
{
	static const char *const common[DEPTH] = {"a", "b", "c", "d", "e", "f"};
	struct text t = {out, 0};

	for (uint32_t i = 0; i < DEPTH; i++)
		level_add(&t, plus >> i & 1 ? "+" : common[i], false, 0);
	level_add(&t, last, number, n);
	return t.len;
}

/* Of ten filters four are exact, one ends in #, five have one or two levels +. */
static uint32_t mixed(uint32_t n, bool topic, char *out)
{
	static const uint8_t plus[10] = {0, 0, 0, 0, 1 << 0, 1 << 1, 1 << 2 | 1 << 3, 1 << 5, 1 << 3 | 1 << 5, 0};
	const uint32_t kind = n % 10, row = n / 10;
	uint32_t len = 0;
	char level[DEPTH][16];

	(void)snprintf(level[0], sizeof(level[0]), "region-%u", row % 10);
	(void)snprintf(level[1], sizeof(level[1]), "site-%03u", row % 1000);
	(void)snprintf(level[2], sizeof(level[2]), "line-%02u", row % 32);
	(void)snprintf(level[3], sizeof(level[3]), "c%u", row % 8);
	(void)snprintf(level[4], sizeof(level[4]), "m%07u", n);
	(void)snprintf(level[5], sizeof(level[5]), "%s", row % 2 ? "humidity" : "temp");
	for (uint32_t i = 0; i < DEPTH; i++)
		if (!topic && plus[kind] >> i & 1)
			(void)snprintf(level[i], sizeof(level[i]), "+");
	if (!topic && kind == 9)
		(void)snprintf(level[5], sizeof(level[5]), "#");
	for (uint32_t i = 0; i < DEPTH; i++)
		len += (uint32_t)snprintf(out + len, WORKLOAD_TEXT_MAX - len, "%s%s", i ? "/" : "", level[i]);
	return len;
}

uint32_t workload_deep_catch_all(enum workload_family family)
{
	switch (family) {
	case WORKLOAD_SHAPES: return ALL_WILD;
	case WORKLOAD_HOSTILE: return MASKS;
	default: return 0;
	}
}

static uint32_t text(enum workload_family family, uint32_t n, bool topic, char *out)
{
	static const struct shape exact = {DEPTH, 0, false};

	switch (family) {
	case WORKLOAD_EXACT: return shaped(exact, n, SHAPES, topic, out);
	case WORKLOAD_SHAPES: return shaped(shape_literal(n % SHAPES), n, SHAPES, topic, out);
	case WORKLOAD_HOSTILE: return hostile(topic ? 0 : n % MASKS, "x", true, n, out);
	default: return mixed(n, topic, out);
	}
}

uint32_t workload_deep_filter(enum workload_family family, uint32_t f, char *out)
{
	uint32_t first = workload_deep_catch_all(family);

	if (f >= first)
		return text(family, f - first, false, out);
	return family == WORKLOAD_SHAPES ? wild(shape_wild(f), out) : hostile(f, "#", false, 0, out);
}

uint32_t workload_deep_topic(enum workload_family family, uint32_t n, char *out)
{
	return text(family, n, true, out);
}

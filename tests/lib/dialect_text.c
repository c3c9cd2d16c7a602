#include "tests/lib/dialect_text.h"

#include <stdio.h>

#define DEEP	70 /* levels: beyond those that a key takes in */
#define SHALLOW 6
#define WORDS	8

static const struct {
	char separator;
	const char *wild[8]; /* some twice: oftener */
} dialects[REF_DIALECT_COUNT] = {
	[REF_MQTT] = {'/', {"+", "+", "#", "+", "+", "+", "#", "+"}},
	[REF_SOLACE] = {'/', {"*", "a*", ">", "ab*", "*", "b*", ">", "*"}},
	[REF_NATS] = {'.', {"*", "*", ">", "*", "*", "*", ">", "*"}},
	[REF_ZENOH] = {'/', {"*", "**", "a$*", "$*b", "a$*b", "**", "*", "$*a$*"}},
	[REF_AMQP] = {'.', {"*", "#", "*", "#", "*", "#", "*", "*"}},
};

static const char *const words[WORDS] = {"a", "b", "ab", "aab", "abb", "ba", "@a", "$a"};

size_t dialect_filter_text(struct rnd *rnd, enum ref_dialect dialect, char *out)
{
	unsigned levels =
		rnd_below(rnd, 40) ? 1 + rnd_below(rnd, SHALLOW) : DEEP - rnd_below(rnd, 4);
	size_t len = 0;

	for (unsigned i = 0; i < levels; i++) {
		bool wild = rnd_below(rnd, levels > SHALLOW ? 30 : 3) == 0;
		const char *level = wild ? dialects[dialect].wild[rnd_below(rnd, 8)]
					 : words[levels > SHALLOW ? 0 : rnd_below(rnd, WORDS)];

		len += (size_t)sprintf(out + len, "%s%s",
			i ? (char[]){dialects[dialect].separator, 0} : "", level);
	}
	return len;
}

size_t dialect_topic_text(struct rnd *rnd, char *out)
{
	unsigned levels =
		rnd_below(rnd, 20) ? 1 + rnd_below(rnd, SHALLOW) : DEEP - rnd_below(rnd, 4);
	size_t len = 0;

	for (unsigned i = 0; i < levels; i++) {
		bool plain = levels > SHALLOW && rnd_below(rnd, 60);
		const char *level = words[plain ? 0 : rnd_below(rnd, WORDS)];

		len += (size_t)sprintf(out + len, "%s%s", i ? "/" : "", level);
	}
	return len;
}

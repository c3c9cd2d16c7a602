#include "perf/gen/pattern_set.h"

#include <errno.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LITERAL_BYTES 8
#define SYLLABLES     80
/* Prime to 80 * 80 * 80, so that the first so many literals are distinct. */
#define STEP	      48271u
#define BUCKETS	      65536u
#define PAYLOAD_MAX   65536

static uint32_t hash(const uint8_t *at)
{
	uint32_t begin;

	memcpy(&begin, at, sizeof(begin));
	return begin * 2654435761u >> 16;
}

static char *syllable(char *at, uint32_t n)
{
	static const char consonants[] = "bdfgjklmnpqrtvxz", vowels[] = "aeiou";

	*at++ = consonants[n / 5 % 16];
	*at++ = vowels[n % 5];
	return at;
}

/* Three syllables and two digits: no word has those. */
static void literal(uint32_t i, char out[LITERAL_BYTES + 1])
{
	uint32_t x = i * STEP % (SYLLABLES * SYLLABLES * SYLLABLES);
	char *at = syllable(out, x % SYLLABLES);

	at = syllable(at, x / SYLLABLES % SYLLABLES);
	at = syllable(at, x / SYLLABLES / SYLLABLES);
	*at++ = (char)('0' + i % 10);
	*at++ = (char)('0' + i / 10 % 10);
	*at = '\0';
}

static void bucket_add(struct pattern_set *set, uint32_t i)
{
	char text[LITERAL_BYTES + 1];
	uint32_t b;

	literal(i, text);
	b = hash((const uint8_t *)text);
	set->next[i] = set->first[b];
	set->first[b] = i;
}

int pattern_set_init(struct pattern_set *set, enum pattern_kind kind, uint32_t count)
{
	if (count > PATTERN_COUNT_MAX)
		return -EINVAL;
	*set = (struct pattern_set){.kind = kind, .count = count, .first = malloc(BUCKETS * sizeof(*set->first)), .next = calloc(count + 1, sizeof(*set->next))};
	if (!set->first || !set->next) {
		pattern_set_fini(set);
		return -ENOMEM;
	}
	memset(set->first, 0xff, BUCKETS * sizeof(*set->first));
	for (uint32_t i = 0; i < count; i++)
		bucket_add(set, i);
	return 0;
}

void pattern_set_fini(struct pattern_set *set)
{
	free(set->first);
	free(set->next);
	memset(set, 0, sizeof(*set));
}

uint32_t pattern_set_text(const struct pattern_set *set, uint32_t i, char out[PATTERN_TEXT_MAX])
{
	static const char *const tails[] = {"-[0-9]{1,3}\\.[0-9]{1,2}", "_(error|fatal|warn)[: ]", "/[a-z]{2,8}=[0-9]{2}", "(-[0-9]{2}){2}z"};
	char text[LITERAL_BYTES + 1];

	literal(i, text);
	return (uint32_t)snprintf(out, PATTERN_TEXT_MAX, "%s%s", text, set->kind == PATTERN_REGEX ? tails[i % 4] : "");
}

uint32_t pattern_set_occurrence(const struct pattern_set *set, uint32_t i, bool near, struct perf_random *rnd, char out[PATTERN_TEXT_MAX])
{
	unsigned a = (unsigned)perf_random_below(rnd, 100), b = (unsigned)perf_random_below(rnd, 100);
	char text[LITERAL_BYTES + 1];

	literal(i, text);
	if (set->kind == PATTERN_LITERAL)
		return (uint32_t)snprintf(out, PATTERN_TEXT_MAX, "%.*s%s", near ? LITERAL_BYTES - 1 : LITERAL_BYTES, text, near ? " " : "");
	if (near)
		return (uint32_t)snprintf(out, PATTERN_TEXT_MAX, "%s+%u", text, a);
	switch (i % 4) {
	case 0: return (uint32_t)snprintf(out, PATTERN_TEXT_MAX, "%s-%u.%u", text, a, b);
	case 1: return (uint32_t)snprintf(out, PATTERN_TEXT_MAX, "%s_%s:", text, a < 50 ? "error" : "warn");
	case 2: return (uint32_t)snprintf(out, PATTERN_TEXT_MAX, "%s/%s=%02u", text, a < 50 ? "size" : "retries", b);
	default: return (uint32_t)snprintf(out, PATTERN_TEXT_MAX, "%s-%02u-%02uz", text, a, b);
	}
}

/* @payload is terminated. */
static bool occurs(const struct pattern_set *set, uint32_t i, const char *payload)
{
	char text[PATTERN_TEXT_MAX];
	regex_t regex;
	bool found;

	(void)pattern_set_text(set, i, text);
	if (regcomp(&regex, text, REG_EXTENDED | REG_NOSUB) != 0)
		return false;
	found = regexec(&regex, payload, 0, NULL, 0) == 0;
	regfree(&regex);
	return found;
}

static bool stands_in(uint32_t i, const uint32_t *list, uint32_t count)
{
	for (uint32_t k = 0; k < count; k++)
		if (list[k] == i)
			return true;
	return false;
}

uint32_t pattern_set_find(const struct pattern_set *set, const uint8_t *payload, size_t len, uint32_t *out, uint32_t room)
{
	static char terminated[PAYLOAD_MAX + 1];
	char text[LITERAL_BYTES + 1];
	uint32_t count = 0;

	len = len < PAYLOAD_MAX ? len : PAYLOAD_MAX;
	memcpy(terminated, payload, len);
	terminated[len] = '\0';
	for (size_t at = 0; at + LITERAL_BYTES <= len; at++)
		for (uint32_t i = set->first[hash(payload + at)]; i != UINT32_MAX; i = set->next[i]) {
			literal(i, text);
			if (memcmp(text, payload + at, LITERAL_BYTES) != 0 || stands_in(i, out, count < room ? count : room) || !occurs(set, i, terminated))
				continue;
			if (count < room)
				out[count] = i;
			count++;
		}
	return count;
}

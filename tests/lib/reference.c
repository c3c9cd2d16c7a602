#include "tests/lib/reference.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REF_TEXT_MAX  1024
#define REF_LEVEL_MAX 128

struct ref_sub {
	char *filter;
	size_t len;
	uint32_t session, pattern;
	uint16_t tenant;
	bool live;
	bool except;
};

struct ref_set {
	struct ref_sub *subs;
	size_t count, room;
	size_t gone; /* of them, not live */
};

static void *must(void *memory)
{
	if (!memory) {
		(void)fprintf(stderr, "reference: out of memory\n");
		abort();
	}
	return memory;
}

/* Decode one code point the long way (RFC 3629); 0 when ill-formed, else bytes used. */
static size_t decode(const unsigned char *p, size_t left, uint32_t *code)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	size_t n = 0;

	if (p[0] < 0x80) {
		*code = p[0];
		return 1;
	}
	if ((p[0] & 0xe0) == 0xc0)
		n = 2;
	else if ((p[0] & 0xf0) == 0xe0)
		n = 3;
	else if ((p[0] & 0xf8) == 0xf0)
		n = 4;
	if (n == 0 || n > left)
		return 0;
	*code = p[0] & (0x7fu >> n);
	for (size_t i = 1; i < n; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		*code = (*code << 6) | (p[i] & 0x3fu);
	}
	if (*code < least[n] || *code > 0x10ffff || (*code >= 0xd800 && *code <= 0xdfff))
		return 0;
	return n;
}

bool ref_text_valid(const char *text, size_t len)
{
	size_t i = 0;

	while (i < len) {
		uint32_t code = 0;
		size_t n = decode((const unsigned char *)text + i, len - i, &code);

		if (n == 0 || code == 0)
			return false;
		i += n;
	}
	return true;
}

static bool text_valid(const char *text, size_t len)
{
	size_t levels = 1;

	if (len < 1 || len > REF_TEXT_MAX || !ref_text_valid(text, len))
		return false;
	for (size_t i = 0; i < len; i++)
		levels += text[i] == '/';
	return levels <= REF_LEVEL_MAX;
}

bool ref_topic_valid(const char *topic, size_t len)
{
	return text_valid(topic, len) && !memchr(topic, '+', len) && !memchr(topic, '#', len);
}

/* A wildcard must have a separator or an end on both sides, and '#' an end on its right. */
static bool wildcard_placed(const char *filter, size_t len, size_t i)
{
	if (i > 0 && filter[i - 1] != '/')
		return false;
	if (filter[i] == '#')
		return i + 1 == len;
	return i + 1 == len || filter[i + 1] == '/';
}

bool ref_filter_valid(const char *filter, size_t len)
{
	if (!text_valid(filter, len))
		return false;
	if (filter[0] == '!')
		return false;
	if (len >= 7 && (!memcmp(filter, "$share/", 7) || !memcmp(filter, "$queue/", 7)))
		return false;
	for (size_t i = 0; i < len; i++)
		if ((filter[i] == '+' || filter[i] == '#') && !wildcard_placed(filter, len, i))
			return false;
	return true;
}

static size_t level_len(const char *text, size_t len)
{
	const char *end = len ? memchr(text, '/', len) : NULL;

	return end ? (size_t)(end - text) : len;
}

/*
 * @topic NULL: its levels are used up, which is not the same as one empty level left.
 * @filter likewise.
 */
static bool match_rest(const char *filter, size_t flen, const char *topic, size_t tlen)
{
	size_t f, t;

	if (!filter)
		return !topic;
	f = level_len(filter, flen);
	if (f == 1 && filter[0] == '#')
		return true;
	if (!topic)
		return false;
	t = level_len(topic, tlen);
	if (!(f == 1 && filter[0] == '+') && !(f == t && memcmp(filter, topic, f) == 0))
		return false;
	return match_rest(f < flen ? filter + f + 1 : NULL, f < flen ? flen - f - 1 : 0,
		t < tlen ? topic + t + 1 : NULL, t < tlen ? tlen - t - 1 : 0);
}

bool ref_matches(const char *filter, size_t filter_len, const char *topic, size_t topic_len)
{
	if (topic[0] == '$' && (filter[0] == '+' || filter[0] == '#'))
		return false;
	return match_rest(filter, filter_len, topic, topic_len);
}

struct ref_set *ref_set_create(void)
{
	return must(calloc(1, sizeof(struct ref_set)));
}

void ref_set_destroy(struct ref_set *set)
{
	for (size_t i = 0; set && i < set->count; i++)
		free(set->subs[i].filter);
	if (set)
		free(set->subs);
	free(set);
}

/* Place for one more: one that is gone, if there is any. */
static size_t take_place(struct ref_set *set)
{
	size_t i = 0;

	if (set->gone) {
		while (set->subs[i].live)
			i++;
		set->gone--;
		return i;
	}
	if (set->count == set->room) {
		set->room = set->room ? set->room * 2 : 64;
		set->subs = must(realloc(set->subs, set->room * sizeof(*set->subs)));
	}
	return set->count++;
}

size_t ref_set_add(struct ref_set *set, uint16_t tenant, const char *filter, size_t len,
	uint32_t session, uint32_t pattern)
{
	char *copy = must(malloc(len + 1));
	size_t at = take_place(set);

	memcpy(copy, filter, len);
	copy[len] = '\0';
	set->subs[at] = (struct ref_sub){copy, len, session, pattern, tenant, true, false};
	return at;
}

void ref_set_del(struct ref_set *set, size_t handle)
{
	free(set->subs[handle].filter);
	set->subs[handle] = (struct ref_sub){0};
	set->gone++;
}

void ref_set_except(struct ref_set *set, size_t handle)
{
	set->subs[handle].except = true;
}

/* Insert into a sorted list without repetition; only the first @room are kept. */
static size_t insert_once(uint32_t *list, size_t count, size_t room, uint32_t value)
{
	size_t at = 0;

	while (at < count && list[at] < value)
		at++;
	if ((at < count && list[at] == value) || count == room)
		return count;
	memmove(list + at + 1, list + at, (count - at) * sizeof(*list));
	list[at] = value;
	return count + 1;
}

static bool asks_for(const struct ref_sub *sub, uint16_t tenant, const char *topic, size_t len)
{
	return sub->live && sub->tenant == tenant && ref_matches(sub->filter, sub->len, topic, len);
}

static bool is_excepted(const struct ref_set *set, uint32_t session, uint16_t tenant,
	const char *topic, size_t len)
{
	for (size_t i = 0; i < set->count; i++)
		if (set->subs[i].except && set->subs[i].session == session &&
			asks_for(&set->subs[i], tenant, topic, len))
			return true;
	return false;
}

size_t ref_set_receivers(const struct ref_set *set, uint16_t tenant, const char *topic, size_t len,
	ref_verdict verdict, void *arg, uint32_t *out, size_t room)
{
	size_t count = 0;

	for (size_t i = 0; i < set->count; i++) {
		const struct ref_sub *sub = &set->subs[i];

		if (sub->except || !asks_for(sub, tenant, topic, len) ||
			is_excepted(set, sub->session, tenant, topic, len))
			continue;
		if (sub->pattern && !verdict(arg, sub->pattern))
			continue;
		count = insert_once(out, count, room, sub->session);
	}
	return count;
}

/* The canonical form: written from tokens in any order, and read back. */

#include "dataplane/base/utf8.h"
#include "dataplane/filter/filter_priv.h"

#include <errno.h>
#include <string.h>

/* A last TAIL1 is two tokens and an amqp '#.' three while they are put in order. */
#define LIST_MAX (RH_LEVELS_MAX + 2)

static const uint8_t canon_byte[RH_TOKEN_KIND_COUNT] = {
	[RH_TOKEN_ONE] = RH_CANON_ONE,
	[RH_TOKEN_TAIL0] = RH_CANON_TAIL0,
	[RH_TOKEN_TAIL1] = RH_CANON_TAIL1,
	[RH_TOKEN_ANY] = RH_CANON_ANY,
};

struct list {
	size_t count;
	struct rh_token token[LIST_MAX];
};

static void push(struct rh_raw *raw, enum rh_token_kind kind, size_t start, size_t size)
{
	raw->token[raw->tokens++] = (struct rh_token){
		.kind = kind,
		.start = (uint16_t)start,
		.size = (uint16_t)size,
	};
}

void rh_raw_wild(struct rh_raw *raw, enum rh_token_kind kind)
{
	push(raw, kind, raw->used, 0);
}

void rh_raw_level(struct rh_raw *raw, const char *glob, size_t size)
{
	size_t start = raw->used, stars = 0, n = 0;
	char *out = raw->bytes + start;

	for (size_t i = 0; i < size; i++) {
		if (rh_is_star(glob[i]) && n && rh_is_star(out[n - 1]))
			continue;
		stars += rh_is_star(glob[i]);
		out[n++] = glob[i];
	}
	raw->used = (uint16_t)(start + n);
	if (stars == 0)
		push(raw, RH_TOKEN_LIT, start, n);
	else if (n == 1)
		push(raw, RH_TOKEN_ONE, start, 0);
	else if (stars == 1 && rh_is_star(out[n - 1]))
		push(raw, RH_TOKEN_PREFIX, start, n - 1);
	else
		push(raw, RH_TOKEN_SUB, start, n);
}

static void list_add(struct list *list, uint8_t kind)
{
	list->token[list->count++] = (struct rh_token){.kind = kind};
}

/* Of a run of ONE and ANY first all ONE, then one ANY. */
static void order(const struct rh_raw *raw, struct list *list)
{
	bool any = false;

	list->count = 0;
	for (size_t i = 0; i < raw->tokens; i++) {
		uint8_t kind = raw->token[i].kind;

		if (kind == RH_TOKEN_ONE || kind == RH_TOKEN_TAIL1)
			list_add(list, RH_TOKEN_ONE);
		any |= rh_token_is_gap(kind);
		if (kind == RH_TOKEN_ONE || rh_token_is_gap(kind))
			continue;
		if (any)
			list_add(list, RH_TOKEN_ANY);
		any = false;
		list->token[list->count++] = raw->token[i];
	}
	if (any)
		list_add(list, RH_TOKEN_ANY);
}

static void close_tail(struct list *list)
{
	struct rh_token *last = list->token + list->count - 1;

	if (list->count == 0 || last->kind != RH_TOKEN_ANY)
		return;
	last->kind = RH_TOKEN_TAIL0;
	if (list->count == 1 || last[-1].kind != RH_TOKEN_ONE)
		return;
	last[-1].kind = RH_TOKEN_TAIL1;
	list->count--;
}

static bool is_empty_level(const struct rh_token *token)
{
	return token->kind == RH_TOKEN_LIT && token->size == 0;
}

/* No topic is one empty level: where an empty level and a gap are all there is, the gap holds at
 * least one. */
static void widen_empty(struct list *list)
{
	struct rh_token *token = list->token;

	if (list->count != 2)
		return;
	if (is_empty_level(&token[0]) && token[1].kind == RH_TOKEN_TAIL0) {
		token[1].kind = RH_TOKEN_TAIL1;
	} else if (token[0].kind == RH_TOKEN_ANY && is_empty_level(&token[1])) {
		token[2] = token[1];
		token[1] = token[0];
		token[0] = (struct rh_token){.kind = RH_TOKEN_ONE};
		list->count = 3;
	}
}

/* Could it match a level whatever that begins with? */
static bool is_open(const struct rh_raw *raw, const struct rh_token *token)
{
	if (token->kind == RH_TOKEN_LIT || token->kind == RH_TOKEN_PREFIX)
		return false;
	return token->kind != RH_TOKEN_SUB || rh_is_star(raw->bytes[token->start]);
}

static void mark(const struct rh_raw *raw, struct list *list, bool hides_dollar, bool verbatim_at,
	struct rh_filter *out)
{
	bool open = false;

	for (size_t i = 0; i < list->count; i++)
		open |= is_open(raw, &list->token[i]);
	out->verbatim_at = verbatim_at && open;
	out->hides_dollar = hides_dollar && list->count && is_open(raw, list->token);
	/* Both dialects with a mark have no topic without levels. */
	if ((out->verbatim_at || out->hides_dollar) && list->count == 1 &&
		list->token[0].kind == RH_TOKEN_TAIL1)
		list->token[0].kind = RH_TOKEN_TAIL0;
}

static void write_token(
	const struct rh_raw *raw, const struct rh_token *from, struct rh_filter *out)
{
	struct rh_token *token = &out->token[out->tokens++];

	*token = (struct rh_token){.kind = from->kind, .start = out->len, .size = from->size};
	if (canon_byte[from->kind])
		out->canon[out->len++] = (char)canon_byte[from->kind];
	memcpy(out->canon + out->len, raw->bytes + from->start, from->size);
	out->len += from->size;
	if (from->kind == RH_TOKEN_PREFIX)
		out->canon[out->len++] = (char)RH_CANON_STAR;
}

void rh_canon_write(
	const struct rh_raw *raw, bool hides_dollar, bool verbatim_at, struct rh_filter *out)
{
	struct list list;

	order(raw, &list);
	close_tail(&list);
	widen_empty(&list);
	mark(raw, &list, hides_dollar, verbatim_at, out);
	out->len = out->tokens = 0;
	if (out->hides_dollar)
		out->canon[out->len++] = (char)RH_CANON_DOLLAR;
	if (out->verbatim_at)
		out->canon[out->len++] = (char)RH_CANON_AT;
	for (size_t i = 0; i < list.count; i++) {
		if (i)
			out->canon[out->len++] = '/';
		write_token(raw, &list.token[i], out);
	}
	out->canon[out->len] = '\0';
}

static int read_level(const char *text, size_t size, struct rh_raw *raw)
{
	size_t run = 0;

	for (unsigned kind = 0; size == 1 && kind < RH_TOKEN_KIND_COUNT; kind++) {
		if (canon_byte[kind] && (uint8_t)text[0] == canon_byte[kind]) {
			rh_raw_wild(raw, kind);
			return 0;
		}
	}
	for (size_t i = 0; i <= size; i++) {
		if (i < size && !rh_is_star(text[i]))
			continue;
		if (i > run && !rh_utf8_valid((const uint8_t *)text + run, i - run, NULL))
			return -EINVAL;
		run = i + 1;
	}
	rh_raw_level(raw, text, size);
	return 0;
}

static bool take_mark(const char **text, size_t *len, uint8_t byte)
{
	bool there = *len && (uint8_t)(*text)[0] == byte;

	*text += there;
	*len -= there;
	return there;
}

int rh_filter_from_canon(const void *canon, size_t len, struct rh_filter *out)
{
	const char *text = canon;
	size_t left = len, start = 0;
	struct rh_raw raw = {.tokens = 0, .used = 0};
	bool dollar, at;

	if (len > RH_CANON_MAX)
		return -EINVAL;
	dollar = take_mark(&text, &left, RH_CANON_DOLLAR);
	at = take_mark(&text, &left, RH_CANON_AT);
	for (size_t i = 0; left && i <= left; i++) {
		if (i < left && text[i] != '/')
			continue;
		if (raw.tokens == RH_LEVELS_MAX || read_level(text + start, i - start, &raw))
			return -EINVAL;
		start = i + 1;
	}
	out->except = out->grouped = false;
	out->group_len = 0;
	out->group[0] = '\0';
	rh_canon_write(&raw, dollar, at, out);
	return out->len == len && (len == 0 || memcmp(out->canon, canon, len) == 0) ? 0 : -EINVAL;
}

#include "dataplane/cesql/pointer.h"

#include <string.h>

const char *cesql_pointer_check(struct rh_cesql_text pointer, size_t *where)
{
	unsigned levels = 0;

	*where = 0;
	if (pointer.size && pointer.bytes[0] != '/')
		return "a JSON pointer begins with '/', or is empty for the whole payload";
	for (uint32_t i = 0; i < pointer.size; i++) {
		*where = i;
		if (pointer.bytes[i] == '/' && ++levels > JSON_DEPTH_MAX)
			return "the JSON pointer goes deeper than the 64 levels that a payload may have";
		if (pointer.bytes[i] == '~' && (i + 1 == pointer.size || (pointer.bytes[i + 1] != '0' && pointer.bytes[i + 1] != '1')))
			return "'~' in a JSON pointer is written ~0, and '/' within a name ~1";
	}
	return NULL;
}

/*
 * A search. Of the open containers the outermost .level are on the way; .token is what the pointer has for a child of the last of
 * them. A value is the one that is looked for when as many are on the way to it as the pointer has tokens.
 */
struct search {
	struct json json;
	struct rh_cesql_text pointer, token;
	uint32_t tokens, level;
	uint32_t index; /* of the next element, where the last container on the way is an array */
	uint64_t seen;	/* a bit for each level, from 1: the child was there */
	bool child;	/* the value that comes is it */
	bool found;
	const char *why;
};

static void level_set(struct search *s, uint32_t level)
{
	uint32_t at = 0, end;

	s->level = level;
	s->index = 0;
	if (level == 0)
		return;
	/* Behind the slash of that number; levels change rarely. */
	for (uint32_t left = level; left; at++)
		left -= s->pointer.bytes[at] == '/';
	for (end = at; end < s->pointer.size && s->pointer.bytes[end] != '/';)
		end++;
	s->token = (struct rh_cesql_text){s->pointer.bytes + at, end - at};
}

static uint64_t level_bit(const struct search *s)
{
	return 1ULL << (s->level - 1);
}

/* The byte at *@i of the token, unescaped. */
static char token_byte(const struct search *s, uint32_t *i)
{
	char c = s->token.bytes[(*i)++];

	if (c != '~')
		return c;
	return s->token.bytes[(*i)++] == '0' ? '~' : '/';
}

static bool is_name(const struct search *s, const struct json_piece *name)
{
	const char *string = s->json.bytes + name->at;
	uint32_t at = 0, i = 0;
	char bytes[4];

	if (!name->escaped && name->size > s->token.size)
		return false;
	while (i < name->size) {
		unsigned size = cesql_json_decode(string, &i, bytes);

		for (unsigned k = 0; k < size; k++)
			if (at == s->token.size || token_byte(s, &at) != bytes[k])
				return false;
	}
	return at == s->token.size;
}

/* Without zeros in front; no array of a payload has 10 digits of elements. */
static bool is_index(const struct search *s, uint32_t index)
{
	uint32_t value = 0;

	if (!s->token.size || s->token.size > 9 || (s->token.bytes[0] == '0' && s->token.size > 1))
		return false;
	for (uint32_t i = 0; i < s->token.size; i++) {
		if (s->token.bytes[i] < '0' || s->token.bytes[i] > '9')
			return false;
		value = value * 10 + (uint32_t)(s->token.bytes[i] - '0');
	}
	return value == index;
}

static void take_name(struct search *s, struct json_piece name)
{
	if (!s->level || s->json.depth != s->level || !is_name(s, &name))
		return;
	if (s->seen & level_bit(s))
		s->why = "a name on the way stands twice in one object";
	s->child = true;
	s->seen |= level_bit(s);
}

/* The next element of the array that is last on the way. */
static void take_element(struct search *s)
{
	if (s->seen & level_bit(s) || !is_index(s, s->index++))
		return;
	s->child = true;
	s->seen |= level_bit(s);
}

static void take_value(struct search *s, struct json_piece value, struct json_piece *out)
{
	bool opens = value.kind == PIECE_OBJECT || value.kind == PIECE_ARRAY;

	if (s->level && s->json.depth - opens == s->level && !(s->json.objects >> opens & 1))
		take_element(s);
	if (!s->child)
		return;
	s->child = false;
	if (s->level < s->tokens) {
		/* No way leads on from a string. */
		if (opens)
			level_set(s, s->level + 1);
		return;
	}
	s->found = true;
	*out = value;
	if (opens)
		s->why = "an object or array stands there: only strings, integers and truth values can be compared";
}

static void take(struct search *s, struct json_piece piece, struct json_piece *out)
{
	switch (piece.kind) {
	case PIECE_NAME:
		take_name(s, piece);
		break;
	case PIECE_OBJECT_END:
	case PIECE_ARRAY_END:
		if (s->json.depth < s->level)
			level_set(s, s->level - 1);
		break;
	default:
		take_value(s, piece, out);
	}
}

const char *cesql_pointer_find(struct rh_cesql_text pointer, struct rh_cesql_text payload, struct json_piece *out)
{
	struct search s = {.pointer = pointer, .child = true};
	struct json_piece piece;

	for (uint32_t i = 0; i < pointer.size; i++)
		s.tokens += pointer.bytes[i] == '/';
	cesql_json_init(&s.json, payload.bytes, payload.size);
	while ((piece = cesql_json_next(&s.json)).kind > PIECE_BAD)
		take(&s, piece, out);
	if (piece.kind == PIECE_BAD)
		return "the payload is no JSON";
	if (s.why)
		return s.why;
	return s.found ? NULL : "the payload has no such value";
}

#include "tests/lib/slow_regex.h"

#include <ctype.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum kind { BYTES, BEGIN, END, END_OR_LINE, CHAIN, CHOICE, REPEAT };

struct node {
	enum kind kind;
	bool set[256];
	struct node *a, *b; /* CHAIN, CHOICE; REPEAT has a */
	unsigned least, most;
};

struct text {
	const char *bytes;
	size_t len;
};

static struct node *choice(const char **re);

static struct node *make(enum kind kind, struct node *a, struct node *b)
{
	struct node *node = calloc(1, sizeof(*node));

	node->kind = kind;
	node->a = a;
	node->b = b;
	return node;
}

static _Noreturn void unknown(const char *re)
{
	fprintf(stderr, "slow_regex does not know: %s\n", re);
	abort();
}

static bool in_class(char letter, int c)
{
	switch (tolower(letter)) {
	case 'd':
		return isdigit(c);
	case 'w':
		return isalnum(c) || c == '_';
	default:
		return isspace(c);
	}
}

/* The escape behind a backslash, into @set. */
static void escape(const char **re, bool *set)
{
	char c = *(*re)++;
	unsigned value;

	if (c == 'x') {
		if (sscanf(*re, "%2x", &value) != 1)
			unknown(*re);
		*re += 2;
		set[value] = true;
	} else if (strchr("dwsDWS", c)) {
		for (int i = 0; i < 256; i++)
			set[i] |= (i < 128 && in_class(c, i)) == (bool)islower(c);
	} else if (isalnum((unsigned char)c) && !strchr("nt", c)) {
		unknown(*re - 1);
	} else {
		set[(unsigned char)(c == 'n' ? '\n' : c == 't' ? '\t' : c)] = true;
	}
}

static struct node *class(const char **re)
{
	struct node *node = make(BYTES, NULL, NULL);
	bool negated = **re == '^';

	*re += negated;
	for (bool first = true; first || **re != ']'; first = false) {
		bool low[256] = {false}, high[256] = {false};
		int from = 0, to = 255;

		if (**re == '\\')
			(*re)++, escape(re, low);
		else
			low[(unsigned char)*(*re)++] = true;
		for (int i = 0; i < 256; i++)
			node->set[i] |= low[i];
		if (**re != '-' || (*re)[1] == ']')
			continue;
		(*re)++;
		if (**re == '\\')
			(*re)++, escape(re, high);
		else
			high[(unsigned char)*(*re)++] = true;
		while (!low[from])
			from++;
		while (!high[to])
			to--;
		for (; from <= to; from++)
			node->set[from] = true;
	}
	(*re)++;
	for (int i = 0; i < 256; i++)
		node->set[i] ^= negated;
	return node;
}

static struct node *atom(const char **re)
{
	struct node *node;
	char c = *(*re)++;

	if (c == '(') {
		if (**re == '?')
			*re += (*re)[1] == ':' ? 2 : (unknown(*re), 0);
		node = choice(re);
		if (*(*re)++ != ')')
			unknown(*re - 1);
		return node;
	}
	if (c == '[')
		return class(re);
	if (c == '^' || (c == '\\' && **re == 'A'))
		return *re += c == '\\', make(BEGIN, NULL, NULL);
	if (c == '\\' && **re == 'z')
		return (*re)++, make(END, NULL, NULL);
	if (c == '$')
		return make(END_OR_LINE, NULL, NULL);
	node = make(BYTES, NULL, NULL);
	if (c == '.')
		memset(node->set, true, sizeof(node->set));
	else if (c == '\\')
		escape(re, node->set);
	else
		node->set[(unsigned char)c] = true;
	return node;
}

static struct node *repeat(const char **re)
{
	struct node *node = atom(re);

	while (**re && strchr("*+?{", **re)) {
		char c = *(*re)++, *end;

		node = make(REPEAT, node, NULL);
		node->least = c == '+';
		node->most = c == '?' ? 1 : UINT32_MAX;
		if (c == '{') {
			node->least = node->most = (unsigned)strtoul(*re, &end, 10);
			if (*end == ',')
				node->most = end[1] == '}' ? UINT32_MAX : (unsigned)strtoul(end + 1, &end, 10);
			*re = strchr(end, '}') + 1;
		}
		*re += **re == '?';
	}
	return node;
}

static struct node *chain(const char **re)
{
	struct node *node = NULL;

	while (**re && **re != '|' && **re != ')')
		node = node ? make(CHAIN, node, repeat(re)) : repeat(re);
	if (node)
		return node;
	/* Nothing: none of anything. */
	return make(REPEAT, make(BYTES, NULL, NULL), NULL);
}

static struct node *choice(const char **re)
{
	struct node *node = chain(re);

	while (**re == '|') {
		(*re)++;
		node = make(CHOICE, node, chain(re));
	}
	return node;
}

static void destroy(struct node *node)
{
	if (!node)
		return;
	destroy(node->a);
	destroy(node->b);
	free(node);
}

/* Where @node may end when it begins at one of @from; both have len + 1 places. */
static void ends(const struct node *node, struct text text, const bool *from, bool *to);

static void ends_repeat(const struct node *node, struct text text, const bool *from, bool *to)
{
	bool *now = malloc(text.len + 1), *next = malloc(text.len + 1);

	memcpy(now, from, text.len + 1);
	memset(to, false, text.len + 1);
	/* Beyond len + least times nothing new can come. */
	for (size_t times = 0; times <= node->most && times <= text.len + node->least; times++) {
		for (size_t i = 0; times >= node->least && i <= text.len; i++)
			to[i] |= now[i];
		ends(node->a, text, now, next);
		memcpy(now, next, text.len + 1);
	}
	free(now);
	free(next);
}

static void ends(const struct node *node, struct text text, const bool *from, bool *to)
{
	bool *between;

	switch (node->kind) {
	case BYTES:
		to[0] = false;
		for (size_t i = 0; i < text.len; i++)
			to[i + 1] = from[i] && node->set[(unsigned char)text.bytes[i]];
		return;
	case BEGIN:
		memset(to, false, text.len + 1);
		to[0] = from[0];
		return;
	case END:
	case END_OR_LINE:
		memset(to, false, text.len + 1);
		to[text.len] = from[text.len];
		if (node->kind == END_OR_LINE && text.len && text.bytes[text.len - 1] == '\n')
			to[text.len - 1] = from[text.len - 1];
		return;
	case REPEAT:
		ends_repeat(node, text, from, to);
		return;
	case CHAIN:
	case CHOICE:
		between = malloc(text.len + 1);
		ends(node->a, text, from, between);
		ends(node->b, text, node->kind == CHAIN ? between : from, to);
		for (size_t i = 0; node->kind == CHOICE && i <= text.len; i++)
			to[i] |= between[i];
		free(between);
		return;
	}
}

bool slow_regex_in(const char *regex, const char *text, size_t len)
{
	const char *re = regex;
	struct node *node = choice(&re);
	bool *from = malloc(len + 1), *to = malloc(len + 1), found = false;

	if (*re)
		unknown(re);
	memset(from, true, len + 1);
	ends(node, (struct text){text, len}, from, to);
	for (size_t i = 0; i <= len; i++)
		found |= to[i];
	free(from);
	free(to);
	destroy(node);
	return found;
}

#include "tools/hsc/tree.h"

#include "tools/hsc/byte_set.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* A byte makes at most a set, its repeat, and with a group a sequence and a choice. */
#define NODES_A_BYTE  4
#define REPEAT_NO_END UINT32_MAX

struct parser {
	struct hsc_tree *tree;
	const char *at;
	bool quoted; /* between \Q and \E */
};

static uint32_t node_add(struct parser *p, enum hsc_node_kind kind)
{
	uint32_t i = p->tree->count++;

	p->tree->nodes[i] = (struct hsc_node){
		.kind = kind, .first = HSC_NODE_NONE, .next = HSC_NODE_NONE, .min = 1, .max = 1};
	return i;
}

static uint32_t set_add(struct parser *p, const struct hsc_byte_set *set)
{
	uint32_t i = node_add(p, HSC_NODE_SET);
	struct hsc_node *node = &p->tree->nodes[i];

	memcpy(node->set, set->bits, sizeof(node->set));
	node->count = hsc_byte_set_count(set);
	if (!node->count)
		node->kind = HSC_NODE_EMPTY;
	return i;
}

static uint32_t literal_add(struct parser *p, uint8_t byte)
{
	struct hsc_byte_set set = {0};

	hsc_byte_set_add(&set, byte);
	return set_add(p, &set);
}

static void child_add(struct parser *p, uint32_t parent, uint32_t *last, uint32_t child)
{
	struct hsc_node *nodes = p->tree->nodes;

	if (*last == HSC_NODE_NONE)
		nodes[parent].first = child;
	else
		nodes[*last].next = child;
	nodes[parent].count++;
	*last = child;
}

static uint32_t parse_alt(struct parser *p);

/* Behind "(?": names, flags, comments. True when a group's body follows. */
static bool group_head(struct parser *p)
{
	const char *end;

	if (*p->at == '#') {
		end = strchr(p->at, ')');
		p->at = end ? end : p->at + strlen(p->at);
		return false;
	}
	while (isalpha((unsigned char)*p->at) || *p->at == '-' || *p->at == '^')
		p->at++;
	if (*p->at == '<' || *p->at == '\'') {
		end = strchr(p->at + 1, *p->at == '<' ? '>' : '\'');
		p->at = end ? end + 1 : p->at + 1;
		return true;
	}
	if (*p->at == ')')
		return false;
	p->at += *p->at != 0;
	return true;
}

static uint32_t parse_group(struct parser *p)
{
	bool body = true;
	uint32_t i;

	if (*p->at == '?') {
		p->at++;
		body = group_head(p);
	}
	i = body ? parse_alt(p) : node_add(p, HSC_NODE_EMPTY);
	p->at += *p->at == ')';
	return i;
}

static uint32_t parse_escape(struct parser *p)
{
	struct hsc_byte_set set = {0};

	if (*p->at == 'Q' || *p->at == 'E') {
		p->quoted = *p->at++ == 'Q';
		return node_add(p, HSC_NODE_EMPTY);
	}
	if (*p->at && strchr("bBAzZGK", *p->at)) {
		p->at++;
		return node_add(p, HSC_NODE_EMPTY);
	}
	p->at = hsc_byte_set_escape(&set, p->at);
	return set_add(p, &set);
}

static uint32_t parse_atom(struct parser *p)
{
	struct hsc_byte_set set = {0};
	char c = *p->at++;

	if (p->quoted && !(c == '\\' && *p->at == 'E'))
		return literal_add(p, (uint8_t)c);
	switch (c) {
	case '(':
		return parse_group(p);
	case '[':
		p->at = hsc_byte_set_class(&set, p->at);
		return set_add(p, &set);
	case '\\':
		return parse_escape(p);
	case '.':
		hsc_byte_set_invert(&set);
		return set_add(p, &set);
	case '^':
	case '$':
		return node_add(p, HSC_NODE_EMPTY);
	default:
		return literal_add(p, (uint8_t)c);
	}
}

/* "{m}", "{m,}", "{m,n}"; anything else is literal. */
static bool parse_bounds(struct parser *p, uint32_t *min, uint32_t *max)
{
	const char *at = p->at + 1;
	char *end;

	if (!isdigit((unsigned char)*at))
		return false;
	*min = *max = (uint32_t)strtoul(at, &end, 10);
	if (*end == ',') {
		at = end + 1;
		*max = isdigit((unsigned char)*at) ? (uint32_t)strtoul(at, &end, 10)
						   : REPEAT_NO_END;
		end = *max == REPEAT_NO_END ? (char *)(uintptr_t)at : end;
	}
	if (*end != '}')
		return false;
	p->at = end + 1;
	return true;
}

static bool parse_quantifier(struct parser *p, uint32_t *min, uint32_t *max)
{
	char c = *p->at;

	if (p->quoted || (c != '*' && c != '+' && c != '?' && c != '{'))
		return false;
	if (c == '{')
		return parse_bounds(p, min, max);
	*min = c == '+';
	*max = c == '?' ? 1 : REPEAT_NO_END;
	p->at++;
	return true;
}

static uint32_t parse_repeat(struct parser *p)
{
	uint32_t atom = parse_atom(p), min, max, repeat, last = HSC_NODE_NONE;

	if (!parse_quantifier(p, &min, &max))
		return atom;
	p->at += *p->at == '?';
	repeat = node_add(p, HSC_NODE_REPEAT);
	child_add(p, repeat, &last, atom);
	p->tree->nodes[repeat].min = min;
	p->tree->nodes[repeat].max = max;
	return repeat;
}

static uint32_t parse_cat(struct parser *p)
{
	uint32_t cat = node_add(p, HSC_NODE_CAT), last = HSC_NODE_NONE;

	while (*p->at && (p->quoted || (*p->at != '|' && *p->at != ')')))
		child_add(p, cat, &last, parse_repeat(p));
	if (p->tree->nodes[cat].count == 1)
		return last;
	return cat;
}

static uint32_t parse_alt(struct parser *p)
{
	uint32_t first = parse_cat(p), last = HSC_NODE_NONE, alt;

	if (*p->at != '|')
		return first;
	alt = node_add(p, HSC_NODE_ALT);
	child_add(p, alt, &last, first);
	while (*p->at == '|') {
		p->at++;
		child_add(p, alt, &last, parse_cat(p));
	}
	return alt;
}

int hsc_tree_parse(const char *pattern, struct hsc_tree *out)
{
	struct parser p = {.tree = out, .at = pattern};

	*out = (struct hsc_tree){.room = (uint32_t)(strlen(pattern) + 2) * NODES_A_BYTE};
	out->nodes = malloc(out->room * sizeof(*out->nodes));
	if (!out->nodes)
		return -ENOMEM;
	out->root = parse_alt(&p);
	return 0;
}

void hsc_tree_fini(struct hsc_tree *tree)
{
	free(tree->nodes);
}

uint8_t hsc_node_member(const struct hsc_node *node, uint32_t n)
{
	for (unsigned word = 0; word < 4; word++) {
		uint64_t bits = node->set[word];
		uint32_t here = (uint32_t)__builtin_popcountll(bits);

		if (n >= here) {
			n -= here;
			continue;
		}
		while (n--)
			bits &= bits - 1;
		return (uint8_t)(word * 64 + (unsigned)__builtin_ctzll(bits));
	}
	return 0;
}

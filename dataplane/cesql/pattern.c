/*
 * What is asked of the payload, and the patterns: which uses may be, and the regular expressions of those that Hyperscan is to
 * find. Those have no flag of UTF-8: whoever evaluates LIKE looks at the payload's encoding itself.
 */

#include "dataplane/cesql/pattern.h"

#include "dataplane/base/utf8.h"
#include "dataplane/cesql/function.h"
#include "dataplane/cesql/like.h"
#include "dataplane/cesql/literal.h"
#include "dataplane/cesql/pointer.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static bool is_call(const struct rh_cesql_node *node, enum rh_cesql_function function)
{
	return node->kind == RH_CESQL_CALL && node->function == function;
}

bool rh_cesql_is_json(const struct rh_cesql_node *node)
{
	return is_call(node, CESQL_JSON);
}

static bool is_search(const struct rh_cesql_node *node)
{
	return is_call(node, CESQL_MATCHES) || is_call(node, CESQL_CONTAINS);
}

/* The byte of the text where byte @offset of the literal at @at stands. */
static size_t byte_of_literal(const struct parser *p, size_t at, size_t offset)
{
	char quote = p->text[at++];

	for (; offset; offset--, at++)
		at += p->text[at] == '\\' && p->text[at + 1] == quote;
	return at;
}

static int check_search(struct parser *p, const struct rh_cesql_node *node, const struct rh_cesql_node *text)
{
	const char *name = cesql_functions[node->function].name;

	if (node->function == CESQL_MATCHES && !text->size)
		return cesql_refuse(p, text->at, EINVAL, "the regular expression is empty: EXISTS or TRUE asks for nothing");
	if (node->function == CESQL_MATCHES && text->size > 1 && memcmp(p->tree->text + text->start, "(*", 2) == 0)
		return cesql_refuse(p, text->at, EINVAL, "the regular expression begins with a control verb: payloads are bytes, write \\xHH for others than ASCII");
	if (node->function == CESQL_CONTAINS && text->size > CESQL_CONTAINS_MAX)
		return cesql_refuse(p, text->at, E2BIG, "the text has %u bytes: %s takes at most %d", text->size, name,
			CESQL_CONTAINS_MAX);
	return 0;
}

static int check_json(struct parser *p, const struct rh_cesql_node *text)
{
	size_t where;
	const char *why = cesql_pointer_check((struct rh_cesql_text){p->tree->text + text->start, text->size}, &where);

	return why ? cesql_refuse(p, byte_of_literal(p, text->at, where), EINVAL, "%s", why) : 0;
}

int cesql_pattern_check(struct parser *p, node_id id)
{
	const struct rh_cesql_node *node = &p->tree->node[id], *about, *text;
	const char *name = cesql_functions[node->function].name;

	if (!is_search(node) && !rh_cesql_is_json(node))
		return 0;
	about = &p->tree->node[node->first];
	text = &p->tree->node[about->next];
	if (is_search(node) && about->kind != RH_CESQL_PAYLOAD && about->kind != RH_CESQL_NAME)
		return cesql_refuse(p, about->at, EINVAL, "%s looks into payload or an attribute: one of their names stands first", name);
	if (!is_search(node) && about->kind != RH_CESQL_PAYLOAD)
		return cesql_refuse(p, about->at, EINVAL, "JSON looks into payload alone: JSON(payload, '/name')");
	if (text->kind != RH_CESQL_STRING)
		return cesql_refuse(p, text->at, EINVAL, "%s takes a literal in quotes second, known before any event", name);
	return is_search(node) ? check_search(p, node, text) : check_json(p, text);
}

static bool may_ask(const struct rh_cesql_node *node)
{
	return node->kind == RH_CESQL_LIKE || is_search(node) || rh_cesql_is_json(node);
}

int cesql_payload_check(struct parser *p, node_id id, bool allowed)
{
	const struct rh_cesql_node *node = &p->tree->node[id];
	int rc = 0;

	if (node->kind == RH_CESQL_PAYLOAD && !allowed)
		return cesql_refuse(p, node->at, EINVAL,
			"payload is no attribute: write payload LIKE '...', MATCHES(payload, '...'), CONTAINS(payload, '...') or JSON(payload, '/...')");
	allowed = may_ask(node);
	for (id = node->first; rc == 0 && id != RH_CESQL_NONE; id = p->tree->node[id].next)
		rc = cesql_payload_check(p, id, allowed);
	return rc;
}

enum cesql_search cesql_search_of(const struct rh_cesql_tree *tree, const struct rh_cesql_node *node)
{
	const char *text = tree->text + node->start;

	if (node->kind == RH_CESQL_LIKE && tree->node[node->first].kind == RH_CESQL_PAYLOAD) {
		if (!node->size)
			return SEARCH_EMPTY;
		for (size_t i = 0; i < node->size; i++)
			if (text[i] != '%')
				return SEARCH_LIKE;
		return SEARCH_TEXT;
	}
	if (!is_search(node))
		return SEARCH_NONE;
	return tree->node[tree->node[node->first].next].size ? SEARCH_PATTERN : SEARCH_ALWAYS;
}

static bool needs_pattern(const struct rh_cesql_tree *tree, uint16_t id)
{
	enum cesql_search search = cesql_search_of(tree, &tree->node[id]);

	return search == SEARCH_LIKE || search == SEARCH_PATTERN;
}

uint32_t cesql_pattern_number(const struct rh_cesql_tree *tree, uint16_t id)
{
	uint32_t number = 0;

	while (id--)
		number += needs_pattern(tree, id);
	return number;
}

bool rh_cesql_pattern_order(const struct rh_cesql_tree *tree, uint16_t id, uint32_t *out)
{
	*out = cesql_pattern_number(tree, id);
	return needs_pattern(tree, id);
}

static void put(struct rh_cesql_pattern *out, const char *text)
{
	size_t size = strlen(text);

	memcpy(out->regex + out->size, text, size);
	out->size += (uint16_t)size;
}

static bool is_plain(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

static void put_byte(struct rh_cesql_pattern *out, char c)
{
	char text[8] = {c};

	if (!is_plain(c))
		(void)snprintf(text, sizeof(text), "\\x%02x", (uint8_t)c);
	put(out, text);
}

/* A character of well-formed UTF-8, which is what LIKE is asked of alone: a first byte and all that go on with it. */
#define CHARACTER "[^\\x80-\\xbf][\\x80-\\xbf]*"

static void put_characters(struct rh_cesql_pattern *out, unsigned count)
{
	char text[64];

	if (count == 0)
		return;
	(void)snprintf(text, sizeof(text), count == 1 ? CHARACTER : "(?:" CHARACTER "){%u}", count);
	put(out, text);
}

/*
 * Between two bytes, or a byte and an end, stand so many '_', and a '%' or none: a gap. At an end a '%' takes the anchor away, and
 * with it all that it would have matched: '%x%' is x.
 */
static void put_like(struct rh_cesql_pattern *out, const char *pattern, size_t size)
{
	bool begun = false, run = false;
	unsigned characters = 0;
	enum like_item item;
	uint8_t byte;

	for (size_t i = 0; (item = cesql_like_item(pattern, size, &i, &byte)) != LIKE_END;) {
		run = run || item == LIKE_RUN;
		characters += item == LIKE_ANY;
		if (item != LIKE_BYTE)
			continue;
		put(out, !begun && !run ? "\\A" : "");
		put_characters(out, characters);
		put(out, begun && run ? ".*" : "");
		put_byte(out, (char)byte);
		begun = true;
		run = false;
		characters = 0;
	}
	put(out, !begun && !run ? "\\A" : "");
	put_characters(out, characters);
	put(out, run ? "" : "\\z");
}

static void put_search(struct rh_cesql_pattern *out, const struct rh_cesql_tree *tree, const struct rh_cesql_node *node)
{
	const struct rh_cesql_node *text = &tree->node[tree->node[node->first].next];

	if (node->function == CESQL_MATCHES) {
		memcpy(out->regex, tree->text + text->start, text->size);
		out->size = text->size;
		return;
	}
	for (size_t i = 0; i < text->size; i++)
		put_byte(out, tree->text[text->start + i]);
}

bool rh_cesql_pattern_next(const struct rh_cesql_tree *tree, uint16_t *node, struct rh_cesql_pattern *out)
{
	uint16_t id = *node == RH_CESQL_NONE ? 0 : (uint16_t)(*node + 1);
	const struct rh_cesql_node *found, *about;

	while (id < tree->nodes && !needs_pattern(tree, id))
		id++;
	if (id >= tree->nodes)
		return false;
	*node = id;
	found = &tree->node[id];
	about = &tree->node[found->first];
	out->of_payload = about->kind == RH_CESQL_PAYLOAD;
	out->name = out->of_payload ? NULL : tree->text + about->start;
	out->name_size = about->size;
	out->size = 0;
	if (found->kind == RH_CESQL_LIKE)
		put_like(out, tree->text + found->start, found->size);
	else
		put_search(out, tree, found);
	out->regex[out->size] = '\0';
	return true;
}

static int regex_add(struct parser *p)
{
	node_id call, payload, text;
	struct rh_cesql_tree *tree = p->tree;
	size_t bad;
	int rc;

	if (p->len > RH_CESQL_TEXT_MAX)
		return cesql_refuse(p, RH_CESQL_TEXT_MAX, E2BIG, "the regular expression has %zu bytes: at most %d are taken",
			p->len, RH_CESQL_TEXT_MAX);
	if (!rh_utf8_valid((const uint8_t *)p->text, p->len, &bad))
		return cesql_refuse(p, bad, EINVAL, "the byte 0x%02x is no UTF-8, or zero: write it as \\x%02x", (uint8_t)p->text[bad],
			(uint8_t)p->text[bad]);
	if (!p->len || !cesql_literal_quote(p->text, p->len))
		return cesql_refuse(p, 0, EINVAL, p->len ? "the regular expression ends with a backslash, or has \\' and \\\": write \\x27 for \\'"
							 : "the regular expression is empty");
	rc = cesql_node_add(p, RH_CESQL_CALL, 0, &call);
	if (rc == 0)
		rc = cesql_node_add(p, RH_CESQL_PAYLOAD, 0, &payload);
	if (rc == 0)
		rc = cesql_node_add(p, RH_CESQL_STRING, 0, &text);
	if (rc < 0)
		return rc;
	tree->node[call].function = CESQL_MATCHES;
	tree->node[text].size = tree->used = (uint16_t)p->len;
	memcpy(tree->text, p->text, p->len);
	tree->root = call;
	rc = cesql_child_add(p, call, RH_CESQL_NONE, payload);
	return rc < 0 ? rc : cesql_child_add(p, call, payload, text);
}

int rh_cesql_from_regex(const char *regex, size_t len, struct rh_cesql_tree *out, size_t *where, struct rh_error *err)
{
	struct parser p = {.text = regex, .len = len, .tree = out, .err = err, .what = "pattern"};
	int rc;

	out->nodes = 0;
	out->used = 0;
	rc = regex_add(&p);
	if (rc < 0 && where)
		*where = p.where;
	return rc;
}

#include "dataplane/cesql/tree.h"

#include "dataplane/cesql/function.h"
#include "dataplane/cesql/literal.h"
#include "dataplane/cesql/predicates.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

struct out {
	char *text;
	size_t room, len;
	uint16_t wanted; /* a node, whose place is taken down */
	size_t from, to;
};

static const char *const operators[RH_CESQL_KIND_COUNT] = {[RH_CESQL_MULTIPLY] = "*",
	[RH_CESQL_DIVIDE] = "/",
	[RH_CESQL_REMAINDER] = "%",
	[RH_CESQL_ADD] = "+",
	[RH_CESQL_SUBTRACT] = "-",
	[RH_CESQL_EQUAL] = "=",
	[RH_CESQL_LESS] = "<",
	[RH_CESQL_LESS_EQUAL] = "<=",
	[RH_CESQL_GREATER] = ">",
	[RH_CESQL_GREATER_EQUAL] = ">=",
	[RH_CESQL_AND] = "AND",
	[RH_CESQL_OR] = "OR",
	[RH_CESQL_XOR] = "XOR"};

static void put_bytes(struct out *out, const char *bytes, size_t size)
{
	if (out->len + size < out->room)
		memcpy(out->text + out->len, bytes, size);
	out->len += size;
}

static void put(struct out *out, const char *text)
{
	put_bytes(out, text, strlen(text));
}

/* What was read as a literal can be written as one, and nothing else stands in a tree. */
static void put_string(struct out *out, const char *bytes, size_t size)
{
	char quote = cesql_literal_quote(bytes, size);

	put_bytes(out, &quote, 1);
	for (size_t i = 0; i < size; i++) {
		if (bytes[i] == quote)
			put(out, "\\");
		put_bytes(out, bytes + i, 1);
	}
	put_bytes(out, &quote, 1);
}

static void put_node(struct out *out, const struct rh_cesql_tree *tree, uint16_t id);

/* The nodes from @id on. */
static void put_list(struct out *out, const struct rh_cesql_tree *tree, uint16_t id, const char *between)
{
	for (const char *before = ""; id != RH_CESQL_NONE; before = between, id = tree->node[id].next) {
		put(out, before);
		put_node(out, tree, id);
	}
}

static void put_infix(struct out *out, const struct rh_cesql_tree *tree, const struct rh_cesql_node *node)
{
	char between[8];

	(void)snprintf(between, sizeof(between), " %s%s ", node->negated ? "!" : "", operators[node->kind]);
	put(out, "(");
	put_list(out, tree, node->first, between);
	put(out, ")");
}

static void put_prefix(struct out *out, const struct rh_cesql_tree *tree, const struct rh_cesql_node *node,
	const char *sign)
{
	put(out, sign);
	put_list(out, tree, node->first, "");
	put(out, ")");
}

static void put_like(struct out *out, const struct rh_cesql_tree *tree, const struct rh_cesql_node *node)
{
	put(out, "(");
	put_node(out, tree, node->first);
	put(out, node->negated ? " NOT LIKE " : " LIKE ");
	put_string(out, tree->text + node->start, node->size);
	put(out, ")");
}

static void put_in(struct out *out, const struct rh_cesql_tree *tree, const struct rh_cesql_node *node)
{
	put(out, "(");
	put_node(out, tree, node->first);
	put(out, node->negated ? " NOT IN (" : " IN (");
	put_list(out, tree, tree->node[node->first].next, ", ");
	put(out, "))");
}

static void put_integer(struct out *out, int32_t integer)
{
	char text[16];

	(void)snprintf(text, sizeof(text), "%d", integer);
	put(out, text);
}

static void put_what(struct out *out, const struct rh_cesql_tree *tree, uint16_t id)
{
	const struct rh_cesql_node *node = &tree->node[id];

	switch ((enum rh_cesql_kind)node->kind) {
	case RH_CESQL_BOOLEAN:
		put(out, node->integer ? "TRUE" : "FALSE");
		break;
	case RH_CESQL_INTEGER:
		put_integer(out, node->integer);
		break;
	case RH_CESQL_STRING:
		put_string(out, tree->text + node->start, node->size);
		break;
	case RH_CESQL_PAYLOAD:
		put(out, "payload");
		break;
	case RH_CESQL_EXISTS:
		put(out, "EXISTS ");
		__attribute__((fallthrough));
	case RH_CESQL_NAME:
		put_bytes(out, tree->text + node->start, node->size);
		break;
	case RH_CESQL_CALL:
		put(out, cesql_functions[node->function].name);
		put(out, "(");
		put_list(out, tree, node->first, ", ");
		put(out, ")");
		break;
	case RH_CESQL_NOT:
		put_prefix(out, tree, node, "(NOT ");
		break;
	case RH_CESQL_HOLDS:
		put_prefix(out, tree, node, "HOLDS(");
		break;
	case RH_CESQL_MINUS:
		/* The blank keeps it apart from a literal's sign. */
		put_prefix(out, tree, node, "(- ");
		break;
	case RH_CESQL_LIKE:
		put_like(out, tree, node);
		break;
	case RH_CESQL_IN:
		put_in(out, tree, node);
		break;
	default:
		put_infix(out, tree, node);
	}
}

static void put_node(struct out *out, const struct rh_cesql_tree *tree, uint16_t id)
{
	size_t from = out->len;

	put_what(out, tree, id);
	if (id == out->wanted) {
		out->from = from;
		out->to = out->len;
	}
}

void cesql_print_place(const struct rh_cesql_tree *tree, uint16_t id, size_t *from, size_t *to)
{
	struct out out = {.wanted = id};

	put_node(&out, tree, tree->root);
	*from = out.from;
	*to = out.to;
}

int rh_cesql_print(const struct rh_cesql_tree *tree, char *out, size_t room)
{
	struct out to = {.text = out, .room = room, .wanted = RH_CESQL_NONE};

	put_node(&to, tree, tree->root);
	if (to.len >= room)
		return -EMSGSIZE;
	out[to.len] = '\0';
	return (int)to.len;
}

#pragma once

/*
 * CESQL 1.0 expressions (cloudevents/spec, cesql/spec.md) as trees: parse, canonical text, predicates.
 * What we do where that text and its published grammar disagree: docs/filters.md.
 *
 * A tree is one block without pointers, the caller's; it may be copied and outlives the text.
 */

#include "dataplane/base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes of an expression. */
#define RH_CESQL_TEXT_MAX 4096
/* Any tree of that text is far smaller; 24 KiB of nodes. */
#define RH_CESQL_NODES_MAX 1024
/* Operators and calls within each other: bounds the stack of whoever walks a tree. */
#define RH_CESQL_DEPTH_MAX 32
/* Likewise with parentheses in a text; a canonical one has at most two for each operator. */
#define RH_CESQL_NESTING_MAX (2 * RH_CESQL_DEPTH_MAX)
/* Bytes of an attribute's name; CloudEvents recommends 20. */
#define RH_CESQL_NAME_MAX 64
/* Arguments of one call. */
#define RH_CESQL_ARGUMENTS_MAX 32
/* Bytes of a LIKE pattern: four words of states (like.h). */
#define RH_CESQL_LIKE_MAX 255
/* Any canonical text: quotes and parentheses at most triple an expression, what filters in JSON do not spell out the rest. */
#define RH_CESQL_PRINT_MAX (6 * RH_CESQL_TEXT_MAX)
/* Bytes of a regular expression made for a node, with a zero behind. */
#define RH_CESQL_REGEX_MAX (RH_CESQL_TEXT_MAX + 1)
/* Bytes of filters in JSON. */
#define RH_CESQL_FILTERS_MAX 16384

enum rh_cesql_kind {
	RH_CESQL_BOOLEAN,
	RH_CESQL_INTEGER,
	RH_CESQL_STRING,
	RH_CESQL_NAME, /* an attribute's */
	RH_CESQL_PAYLOAD, /* ours: of LIKE, MATCHES, CONTAINS and JSON the first child, and nothing else's */
	RH_CESQL_EXISTS,
	RH_CESQL_CALL,
	RH_CESQL_NOT,
	RH_CESQL_HOLDS, /* ours: is the child true (when cast to Boolean)? An error is none, but false */
	RH_CESQL_MINUS,
	RH_CESQL_LIKE,
	RH_CESQL_IN, /* the first child in the others */
	RH_CESQL_MULTIPLY,
	RH_CESQL_DIVIDE,
	RH_CESQL_REMAINDER,
	RH_CESQL_ADD,
	RH_CESQL_SUBTRACT,
	RH_CESQL_EQUAL,
	RH_CESQL_LESS,
	RH_CESQL_LESS_EQUAL,
	RH_CESQL_GREATER,
	RH_CESQL_GREATER_EQUAL,
	RH_CESQL_AND, /* two or more children, as OR and XOR */
	RH_CESQL_OR,
	RH_CESQL_XOR,
	RH_CESQL_KIND_COUNT
};

#define RH_CESQL_NONE UINT16_MAX

struct rh_cesql_node {
	uint8_t kind;	  /* enum rh_cesql_kind */
	uint8_t function; /* CALL: enum rh_cesql_function */
	uint8_t height;	  /* 1 for a leaf */
	bool negated;	  /* EQUAL written as != or <>, NOT LIKE, NOT IN */
	uint16_t at;	  /* byte of the text where its operator, name or literal stands */
	uint16_t first, next, children;
	uint16_t start, size; /* bytes of STRING, NAME, EXISTS and of LIKE's pattern, in text */
	int32_t integer;      /* of INTEGER; 0 or 1 of BOOLEAN */
};

struct rh_cesql_tree {
	uint16_t nodes, used, root;
	struct rh_cesql_node node[RH_CESQL_NODES_MAX];
	char text[RH_CESQL_TEXT_MAX]; /* values of strings and names, one behind the other */
};

/*
 * Parse @text. -EINVAL for what is no expression, -ENOSYS for a function that does not exist (CESQL's
 * MissingFunctionError), -E2BIG beyond a limit; *@where (may be NULL) is then the byte from 0, and @err (may be
 * NULL) says what stands there and what would be right. After a refusal *@out is undefined.
 *
 * Ctx: any but worker; no allocation, some 80 KiB of stack at most.
 */
int rh_cesql_parse(const char *text, size_t len, struct rh_cesql_tree *out, size_t *where, struct rh_error *err);

/*
 * Filters of the CloudEvents Subscriptions API (subscriptions/spec.md section 3.2.4), in JSON, as a tree: an array of filters, which
 * must all hold, or one filter; the dialects exact, prefix, suffix, all, any, not and sql. An attribute that is missing, and sql that
 * has an error or is not Boolean, are false there, so that their `not` is true. Refusals are those of rh_cesql_parse and name a byte
 * of the JSON, as .at of the nodes does. Texts of the tree may be such as its canonical text exceeds RH_CESQL_TEXT_MAX.
 *
 * Ctx: any but worker; no allocation, some 100 KiB of stack at most.
 */
int rh_cesql_from_json(const char *json, size_t len, struct rh_cesql_tree *out, size_t *where, struct rh_error *err);

/*
 * The canonical text of a tree, with all parentheses, terminated; it parses to an equal tree. Returns its length, or
 * -EMSGSIZE when @room is too small: RH_CESQL_PRINT_MAX never is. Ctx: any; no allocation.
 */
int rh_cesql_print(const struct rh_cesql_tree *tree, char *out, size_t room);

/*
 * MATCHES(payload, '@regex'), as a tree: @regex is bytes for Hyperscan, in UTF-8 without a zero byte. Refusals as those of rh_cesql_parse,
 * but that "pattern: at" is in front; whether Hyperscan takes it is not known here. Ctx: any but worker.
 */
int rh_cesql_from_regex(const char *regex, size_t len, struct rh_cesql_tree *out, size_t *where, struct rh_error *err);

/* Is it JSON(payload, ...), whose type depends on the event? */
bool rh_cesql_is_json(const struct rh_cesql_node *node);

/* What a node asks Hyperscan for: is @regex, with DOTALL and without UTF8, anywhere in a payload or in an attribute as a string? */
struct rh_cesql_pattern {
	bool of_payload;
	const char *name; /* the attribute's, in the tree; not terminated */
	uint16_t name_size;
	uint16_t size;
	char regex[RH_CESQL_REGEX_MAX]; /* terminated; no zero byte within, not empty */
};

/*
 * The next node of @tree behind *@node (RH_CESQL_NONE: the first) that needs a pattern: MATCHES, CONTAINS, and LIKE of payload, but
 * for those that the empty string or any string fulfils. False behind the last. Their order is the numbers that programs have for
 * them. Of LIKE the pattern is right for payloads in UTF-8; that the payload is, the program finds out. Ctx: any.
 */
bool rh_cesql_pattern_next(const struct rh_cesql_tree *tree, uint16_t *node, struct rh_cesql_pattern *out);
/* Where the node @id is in that order, from 0; false: it needs no pattern. Ctx: any. */
bool rh_cesql_pattern_order(const struct rh_cesql_tree *tree, uint16_t id, uint32_t *out);

/*
 * How many distinct predicates a tree has: what is left when AND, OR, XOR, NOT and HOLDS are taken off. Those that differ
 * by a negation alone are one, literals are none. Ctx: any.
 */
unsigned rh_cesql_predicates(const struct rh_cesql_tree *tree);

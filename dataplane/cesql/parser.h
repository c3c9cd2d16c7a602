#pragma once

/* What the files of the parser share: tokens in hand, refusals, and nodes under way. Private to the room. */

#include "dataplane/cesql/lex.h"

typedef uint16_t node_id;

struct parser {
	const char *text;
	size_t len;
	struct token token, last; /* the one to read, and the one before; last.size 0 at the start */
	unsigned depth;
	struct rh_cesql_tree *tree;
	size_t where; /* of a refusal */
	struct rh_error *err;
	const char *what;     /* the language, in front of a sentence */
	const uint16_t *from; /* for each byte of the text its byte in what the user wrote; NULL: the same */
};

/* Names what events carry; an attribute of this name cannot be asked for. */
#define CESQL_PAYLOAD "payload"

/* Bytes of a token that a sentence shows. */
#define SHOWN_MAX 24

struct shown {
	char text[SHOWN_MAX + 8];
};

/* 'text', cut between characters, or what stands for it. */
struct shown cesql_show(const struct parser *p, struct token token);
/* Both return what a refused parse function returns: a negative errno, the sentence is written. */
int cesql_refuse(struct parser *p, size_t at, int errnum, const char *fmt, ...) rh_printf(4, 5);
/* "expected @what after 'Y', found 'Z'" */
int cesql_expected(struct parser *p, const char *what);

void cesql_advance(struct parser *p);
/* Behind the token if it is one of @kind. */
bool cesql_take(struct parser *p, enum token_kind kind);
int cesql_need(struct parser *p, enum token_kind kind, const char *what);

/* Each of these, and each parse function, returns 0 and the node in *@out, or refuses. */
int cesql_node_add(struct parser *p, enum rh_cesql_kind kind, size_t at, node_id *out);
/* @parse one level further down. */
int cesql_deeper(struct parser *p, int (*parse)(struct parser *, node_id *), node_id *out);
/* Append @child behind @last (RH_CESQL_NONE: as the first). */
int cesql_child_add(struct parser *p, node_id parent, node_id last, node_id child);
/* The string in hand becomes the text of a node. */
void cesql_string_add(struct parser *p, node_id id);

/* The whole text. */
int cesql_parse_text(struct parser *p, node_id *out);
int cesql_parse_expression(struct parser *p, node_id *out);
/* A literal, a name, a call, EXISTS or parentheses. */
int cesql_parse_primary(struct parser *p, node_id *out);
/* The digits in hand with @sign in front of them. */
int cesql_parse_integer(struct parser *p, int sign, size_t at, node_id *out);
/* "( e, e, ... )" as children of @parent behind @last. */
int cesql_parse_list(struct parser *p, node_id parent, node_id last, bool may_be_empty);

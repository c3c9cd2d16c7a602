#pragma once

/*
 * CESQL again, written apart from dataplane/cesql: random expressions as trees of their own, their text, and a naive
 * recursive evaluator over code points with a backtracking LIKE.
 */

#include "dataplane/cesql/value.h"
#include "tests/lib/random.h"

#define REF_KIDS_MAX 4
#define REF_TEXT_MAX 8192

/* @op is the operator's or function's name in upper case; "lit", "name" and "EXISTS" are leaves. */
struct ref_expr {
	const char *op;
	bool call, negated; /* a function; NOT LIKE, NOT IN */
	unsigned kids;
	struct ref_expr *kid[REF_KIDS_MAX];
	enum rh_cesql_type type; /* of a literal */
	int32_t integer;	 /* of an integer or Boolean literal */
	char text[32];		 /* of a string literal, a name, and LIKE's pattern */
};

/* Shall random expressions ask for the payload, and by patterns? Not at first. Of such calls kid[0] is "payload" or a name. */
extern bool ref_asks_payload;

struct ref_value {
	enum rh_cesql_type type;
	int32_t integer; /* also of a Boolean */
	char text[REF_TEXT_MAX];
	const char *error; /* NULL or the name of CESQL */
};

/* The caller's, by ref_expr_free. */
struct ref_expr *ref_expr_random(struct rnd *rnd, unsigned depth);
void ref_expr_free(struct ref_expr *expr);
/* Text with blanks, letters' case, quotes and needless parentheses at random; -1 when @room is too small. */
int ref_expr_text(struct rnd *rnd, const struct ref_expr *expr, char *out, size_t room);
/* LIKE over whole strings; both are UTF-8. */
bool ref_like(const char *pattern, const char *text);
/* Well-formed, without U+0000? */
bool ref_is_utf8(const char *bytes, size_t size);
void ref_expr_value(const struct ref_expr *expr, const struct rh_cesql_event *event, struct ref_value *out);

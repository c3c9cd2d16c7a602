#include "tests/lib/cesql_reference.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PICK(rnd, list) ((list)[rnd_below(rnd, sizeof(list) / sizeof((list)[0]))])

static const char *const characters[] = {"a", "b", "A", "\u00e9", "\u00c9", "\u20ac", "\U0001f600", " ", "\u00a0", "%", "_", "'", "\"", "1", "-"};
static const char *const names[] = {"id", "hop", "low", "urgent", "sequence", "subject", "empty", "nothere", "type"};
static const char *const words[] = {"true", "FALSE", "12", "-7", "+3", "2147483648", "-2147483648", "", "x", "tRUE"};
static const int32_t integers[] = {0, 1, -1, 2, 3, -5, 10, 46341, INT32_MAX, INT32_MIN};
static const char *const binaries[] = {"*", "/", "%", "+", "-", "=", "=", "!=", "<>", "<", "<=", ">", ">=", "AND", "OR", "XOR"};

static const struct {
	const char *name;
	unsigned least, most;
} functions[] = {{"ABS", 1, 1}, {"BOOL", 1, 1}, {"CONCAT", 0, 4}, {"CONCAT_WS", 1, 4}, {"HOLDS", 1, 1}, {"INT", 1, 1}, {"LEFT", 2, 2}, {"LENGTH", 1, 1},
	{"LOWER", 1, 1}, {"RIGHT", 2, 2}, {"STRING", 1, 1}, {"SUBSTRING", 2, 3}, {"TRIM", 1, 1}, {"UPPER", 1, 1}};

static void random_text(struct rnd *rnd, char *out)
{
	out[0] = '\0';
	for (unsigned n = rnd_below(rnd, 7); n; n--)
		strcat(out, PICK(rnd, characters));
}

static struct ref_expr *leaf(struct rnd *rnd)
{
	struct ref_expr *expr = calloc(1, sizeof(*expr));

	expr->op = "lit";
	switch (rnd_below(rnd, 6)) {
	case 0:
		expr->integer = (int32_t)rnd_below(rnd, 2);
		break;
	case 1:
		expr->type = RH_CESQL_TYPE_INTEGER;
		expr->integer = PICK(rnd, integers);
		break;
	case 2:
		expr->type = RH_CESQL_TYPE_STRING;
		random_text(rnd, expr->text);
		break;
	case 3:
		expr->type = RH_CESQL_TYPE_STRING;
		strcpy(expr->text, PICK(rnd, words));
		break;
	default:
		expr->op = rnd_below(rnd, 4) ? "name" : "EXISTS";
		strcpy(expr->text, PICK(rnd, names));
	}
	return expr;
}

static void kids_add(struct rnd *rnd, struct ref_expr *expr, unsigned count, unsigned depth)
{
	while (count--)
		expr->kid[expr->kids++] = ref_expr_random(rnd, depth - 1);
}

/* Patterns like the values: pieces of a random text with wildcards and escapes between them. */
static void random_pattern(struct rnd *rnd, char *out)
{
	static const char *const pieces[] = {"%", "%", "_", "\\%", "\\_", "a", "b", "\u00e9", "\u20ac", "1", "e", "'"};

	out[0] = '\0';
	for (unsigned n = rnd_below(rnd, 7); n; n--)
		strcat(out, PICK(rnd, pieces));
}

/* A text, and a pattern made of it: each character is itself, any, a run, or gone. */
static void like_near(struct rnd *rnd, struct ref_expr *expr, struct ref_expr *text)
{
	static const char *const near[] = {"a", "\u00e9", "\u00e8", "\u20ac", "\U0001f600"}, *const wild[] = {"_", "%", "_", "__", ""};

	text->op = "lit";
	text->type = RH_CESQL_TYPE_STRING;
	for (unsigned n = rnd_below(rnd, 6); n; n--) {
		const char *character = PICK(rnd, near);

		strcat(text->text, character);
		strcat(expr->text, rnd_below(rnd, 2) ? character : PICK(rnd, wild));
	}
	expr->kid[expr->kids++] = text;
}

static void like_make(struct rnd *rnd, struct ref_expr *expr, unsigned depth)
{
	expr->op = "LIKE";
	expr->negated = rnd_below(rnd, 2);
	if (rnd_below(rnd, 2)) {
		like_near(rnd, expr, calloc(1, sizeof(*expr)));
		return;
	}
	random_pattern(rnd, expr->text);
	kids_add(rnd, expr, 1, depth);
}

bool ref_asks_payload;

static const char *const regexes[] = {"a", "^a", "a.b", "[0-9]+x", "b$", "1\\z", "\\d\\d", "a|\\xc3", "(?:ab)+", "\\A\\x7b", "[^a-z\"]{2}", "e.{1,3}e", "A1"};
static const char *const pointers[] = {"", "/a", "/b", "/a/0", "/a/1", "/b/a", "/\u00e9", "/a~1b", "/x"};

/* LIKE of payload, MATCHES, CONTAINS or JSON. */
static void search_make(struct rnd *rnd, struct ref_expr *expr)
{
	static const char *const ops[] = {"LIKE", "MATCHES", "CONTAINS", "JSON"};
	struct ref_expr *about = calloc(1, sizeof(*about));
	unsigned op = rnd_below(rnd, 4);

	about->op = op == 0 || op == 3 || rnd_below(rnd, 3) ? "payload" : "name";
	strcpy(about->text, *about->op == 'p' ? "payload" : PICK(rnd, names));
	expr->op = ops[op];
	expr->call = op != 0;
	expr->kid[expr->kids++] = about;
	expr->negated = op == 0 && rnd_below(rnd, 2);
	if (op == 0)
		random_pattern(rnd, expr->text);
	else if (op == 1)
		strcpy(expr->text, PICK(rnd, regexes));
	else if (op == 2)
		random_text(rnd, expr->text);
	else
		strcpy(expr->text, PICK(rnd, pointers));
}

static void call_make(struct rnd *rnd, struct ref_expr *expr, unsigned depth)
{
	unsigned i = rnd_below(rnd, sizeof(functions) / sizeof(functions[0]));

	expr->op = functions[i].name;
	expr->call = true;
	kids_add(rnd, expr, functions[i].least + rnd_below(rnd, functions[i].most - functions[i].least + 1), depth);
}

struct ref_expr *ref_expr_random(struct rnd *rnd, unsigned depth)
{
	struct ref_expr *expr;

	if (depth == 0 || rnd_below(rnd, 6) == 0)
		return leaf(rnd);
	expr = calloc(1, sizeof(*expr));
	if (ref_asks_payload && rnd_below(rnd, 3) == 0) {
		search_make(rnd, expr);
		return expr;
	}
	switch (rnd_below(rnd, 10)) {
	case 0:
		expr->op = rnd_below(rnd, 2) ? "NOT" : "NEG";
		kids_add(rnd, expr, 1, depth);
		break;
	case 1:
		like_make(rnd, expr, depth);
		break;
	case 2:
		expr->op = "IN";
		expr->negated = rnd_below(rnd, 2);
		kids_add(rnd, expr, 2 + rnd_below(rnd, REF_KIDS_MAX - 1), depth);
		break;
	case 3:
	case 4:
	case 5:
		call_make(rnd, expr, depth);
		break;
	default:
		expr->op = PICK(rnd, binaries);
		kids_add(rnd, expr, 2, depth);
	}
	return expr;
}

void ref_expr_free(struct ref_expr *expr)
{
	for (unsigned i = 0; i < expr->kids; i++)
		ref_expr_free(expr->kid[i]);
	free(expr);
}

/* How tightly an expression holds together; a literal most of all. */
static int tightness(const struct ref_expr *expr)
{
	static const char *const levels[] = {" AND OR XOR ", " = != <> < <= > >= ", " + - ", " * / % ", " LIKE IN ", " NOT NEG "};
	char op[16];

	(void)snprintf(op, sizeof(op), " %s ", expr->op);
	for (int i = 0; i < 6; i++)
		if (strstr(levels[i], op))
			return i;
	return 6;
}

/* A word in the case it likes, with a blank on either side. */
static void put_word(struct rnd *rnd, FILE *to, const char *word)
{
	fputc(' ', to);
	for (; *word; word++)
		fputc(rnd_below(rnd, 2) ? tolower(*word) : *word, to);
	fputc(' ', to);
}

static void put_string(struct rnd *rnd, FILE *to, const char *text)
{
	char quote = rnd_below(rnd, 2) ? '\'' : '"';

	fputc(quote, to);
	for (; *text; text++)
		fprintf(to, *text == quote ? "\\%c" : "%c", *text);
	fputc(quote, to);
}

static void put_leaf(struct rnd *rnd, FILE *to, const struct ref_expr *expr)
{
	if (strcmp(expr->op, "EXISTS") == 0)
		put_word(rnd, to, expr->op);
	if (strcmp(expr->op, "lit") != 0)
		put_word(rnd, to, expr->text); /* payload, too */
	else if (expr->type == RH_CESQL_TYPE_BOOLEAN)
		put_word(rnd, to, expr->integer ? "TRUE" : "FALSE");
	else if (expr->type == RH_CESQL_TYPE_INTEGER)
		fprintf(to, "%s%d", expr->integer > 0 && rnd_below(rnd, 4) == 0 ? " +" : " ", expr->integer);
	else
		put_string(rnd, to, expr->text);
}

static void put_expr(struct rnd *rnd, FILE *to, const struct ref_expr *expr, bool closed);

static void put_kids(struct rnd *rnd, FILE *to, const struct ref_expr *expr, unsigned from)
{
	fputc('(', to);
	for (unsigned i = from; i < expr->kids; i++) {
		if (i > from)
			fputc(',', to);
		put_expr(rnd, to, expr->kid[i], false);
	}
	fputc(')', to);
}

/* Searches have a literal behind the one that is an expression. */
static void put_arguments(struct rnd *rnd, FILE *to, const struct ref_expr *expr)
{
	if (strcmp(expr->op, "MATCHES") != 0 && strcmp(expr->op, "CONTAINS") != 0 && strcmp(expr->op, "JSON") != 0) {
		put_kids(rnd, to, expr, 0);
		return;
	}
	fputc('(', to);
	put_expr(rnd, to, expr->kid[0], false);
	fputc(',', to);
	put_string(rnd, to, expr->text);
	fputc(')', to);
}

static void put_postfix(struct rnd *rnd, FILE *to, const struct ref_expr *expr)
{
	put_expr(rnd, to, expr->kid[0], tightness(expr->kid[0]) < tightness(expr));
	if (expr->negated)
		put_word(rnd, to, "NOT");
	put_word(rnd, to, expr->op);
	if (strcmp(expr->op, "LIKE") == 0)
		put_string(rnd, to, expr->text);
	else
		put_kids(rnd, to, expr, 1);
}

/* On its left a chain of the same operator needs no parentheses, one of another operator of logic does. */
static void put_binary(struct rnd *rnd, FILE *to, const struct ref_expr *expr)
{
	int mine = tightness(expr), left = tightness(expr->kid[0]), right = tightness(expr->kid[1]);
	bool mixed = mine == 0 && left == 0 && strcmp(expr->op, expr->kid[0]->op) != 0;

	put_expr(rnd, to, expr->kid[0], left < mine || mixed);
	put_word(rnd, to, expr->op);
	put_expr(rnd, to, expr->kid[1], right <= mine);
}

/* @closed: parentheses are needed. */
static void put_expr(struct rnd *rnd, FILE *to, const struct ref_expr *expr, bool closed)
{
	closed = closed || rnd_below(rnd, 8) == 0;
	fputs(closed ? "( " : "", to);
	if (expr->call) {
		put_word(rnd, to, expr->op);
		put_arguments(rnd, to, expr);
	} else if (expr->kids == 0) {
		put_leaf(rnd, to, expr);
	} else if (tightness(expr) == 5) {
		put_word(rnd, to, strcmp(expr->op, "NEG") == 0 ? "-" : "NOT");
		put_expr(rnd, to, expr->kid[0], tightness(expr->kid[0]) < 5);
	} else if (tightness(expr) == 4) {
		put_postfix(rnd, to, expr);
	} else {
		put_binary(rnd, to, expr);
	}
	fputs(closed ? " )" : "", to);
}

int ref_expr_text(struct rnd *rnd, const struct ref_expr *expr, char *out, size_t room)
{
	FILE *to = fmemopen(out, room, "w");
	long size;

	put_expr(rnd, to, expr, false);
	size = ftell(to);
	return fclose(to) == 0 && size >= 0 && (size_t)size + 1 < room ? (int)size : -1;
}

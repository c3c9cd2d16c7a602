#include "tests/lib/cesql_reference.h"

#include "tests/lib/slow_regex.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define B RH_CESQL_TYPE_BOOLEAN
#define I RH_CESQL_TYPE_INTEGER
#define S RH_CESQL_TYPE_STRING

typedef struct ref_value value;

#define PAYLOAD_MOST 512

static bool is(const struct ref_expr *expr, const char *ops)
{
	char op[16];

	(void)snprintf(op, sizeof(op), " %s ", expr->op);
	return strstr(ops, op) != NULL;
}

static value nothing(enum rh_cesql_type type, const char *error)
{
	return (value){.type = type, .error = error};
}

static value number(enum rh_cesql_type type, int64_t integer)
{
	if (integer < INT32_MIN || integer > INT32_MAX)
		return nothing(type, "MathError");
	return (value){.type = type, .integer = (int32_t)integer};
}

/* Bytes of the first @n characters. */
static size_t bytes_of(const char *text, int64_t n)
{
	size_t i = 0;

	for (; text[i] && n > 0; n--)
		for (i++; (text[i] & 0xc0) == 0x80; i++)
			;
	return i;
}

static int64_t characters_of(const char *text)
{
	int64_t n = 0;

	for (; *text; text += bytes_of(text, 1))
		n++;
	return n;
}

static value cast(value from, enum rh_cesql_type to)
{
	char *end = from.text;
	long long integer;

	if (from.type == to)
		return from;
	if (to == S) {
		value out = {.type = S};

		if (from.type == B)
			(void)strcpy(out.text, from.integer ? "true" : "false");
		else
			(void)sprintf(out.text, "%d", from.integer);
		return out;
	}
	if (from.type != S)
		return number(to, to == B ? from.integer != 0 : from.integer);
	if (to == B && strcasecmp(from.text, "true") != 0 && strcasecmp(from.text, "false") != 0)
		return nothing(B, "CastError");
	if (to == B)
		return number(B, strcasecmp(from.text, "true") == 0);
	integer = strtoll(from.text, &end, 10);
	if (end == from.text || *end || strchr(" \t\n\v\f\r", from.text[0]) || integer < INT32_MIN || integer > INT32_MAX)
		return nothing(I, "CastError");
	return number(I, integer);
}

bool ref_like(const char *pattern, const char *text)
{
	size_t n;

	if (!*pattern)
		return !*text;
	if (*pattern == '%') {
		for (;; text += bytes_of(text, 1)) {
			if (ref_like(pattern + 1, text))
				return true;
			if (!*text)
				return false;
		}
	}
	if (!*text)
		return false;
	if (*pattern == '_')
		return ref_like(pattern + 1, text + bytes_of(text, 1));
	if (pattern[0] == '\\' && (pattern[1] == '%' || pattern[1] == '_'))
		pattern++;
	n = bytes_of(pattern, 1);
	return n == bytes_of(text, 1) && memcmp(pattern, text, n) == 0 && ref_like(pattern + n, text + n);
}

static bool equal(const value *a, const value *b)
{
	return a->type == S ? strcmp(a->text, b->text) == 0 : a->integer == b->integer;
}

static value arithmetic(const char *op, int64_t x, int64_t y)
{
	if ((*op == '/' || *op == '%') && y == 0)
		return nothing(I, "MathError");
	switch (*op) {
	case '*':
		return number(I, x * y);
	case '/':
		return number(I, x / y);
	case '%':
		return number(I, x % y);
	case '+':
		return number(I, x + y);
	default:
		return number(I, x - y);
	}
}

static bool ordered(const char *op, int32_t x, int32_t y)
{
	bool or_equal = op[1] == '=';

	return (x == y && or_equal) || (*op == '<' ? x < y : x > y);
}

static value text_value(const char *bytes, size_t size)
{
	value out = {.type = S};

	memcpy(out.text, bytes, size);
	return out;
}

static value part(const char *op, const char *text, int64_t n)
{
	int64_t length = characters_of(text);
	size_t all = strlen(text), cut;
	value out;

	if (n < 0 || n > length) {
		out = text_value(text, all);
		out.error = n < 0 ? "FunctionEvaluationError" : NULL;
		return out;
	}
	cut = bytes_of(text, strcmp(op, "LEFT") == 0 ? n : length - n);
	return strcmp(op, "LEFT") == 0 ? text_value(text, cut) : text_value(text + cut, all - cut);
}

static value substring(const char *text, int64_t from, int64_t count)
{
	int64_t length = characters_of(text);

	if (from > length || -from > length || count < 0)
		return nothing(S, "FunctionEvaluationError");
	if (from == 0)
		return nothing(S, NULL);
	text += bytes_of(text, from > 0 ? from - 1 : length + from);
	return text_value(text, bytes_of(text, count));
}

/* Of the letters that the random texts and the event have. */
static value in_case(const char *text, bool upper)
{
	value out = text_value(text, strlen(text));
	static const char *const accents[] = {"\u00e9", "\u00c9"};

	for (char *c = out.text; *c; c += bytes_of(c, 1)) {
		if (strncmp(c, accents[!upper], 2) == 0)
			memcpy(c, accents[upper], 2);
		else if (upper ? *c >= 'a' && *c <= 'z' : *c >= 'A' && *c <= 'Z')
			*c = (char)(*c ^ 0x20);
	}
	return out;
}

static value trimmed(const char *text)
{
	size_t size;

	while (*text == ' ' || strncmp(text, "\u00a0", 2) == 0)
		text += bytes_of(text, 1);
	for (size = strlen(text); size;) {
		if (text[size - 1] == ' ')
			size--;
		else if (size > 1 && strncmp(text + size - 2, "\u00a0", 2) == 0)
			size -= 2;
		else
			break;
	}
	return text_value(text, size);
}

static enum rh_cesql_type type_of(const struct ref_expr *expr)
{
	if (is(expr, " lit "))
		return expr->type;
	if (is(expr, " * / % + - NEG ABS INT LENGTH "))
		return I;
	return expr->call && !is(expr, " BOOL HOLDS MATCHES CONTAINS JSON ") ? S : B;
}

static value called(const char *op, const value *arg, unsigned count)
{
	value out = {.type = S};

	if (strcmp(op, "ABS") == 0 && arg[0].integer == INT32_MIN)
		return (value){.type = I, .integer = INT32_MAX, .error = "MathError"};
	if (strcmp(op, "ABS") == 0)
		return number(I, llabs(arg[0].integer));
	if (strcmp(op, "LENGTH") == 0)
		return number(I, characters_of(arg[0].text));
	if (strcmp(op, "LEFT") == 0 || strcmp(op, "RIGHT") == 0)
		return part(op, arg[0].text, arg[1].integer);
	if (strcmp(op, "SUBSTRING") == 0)
		return substring(arg[0].text, arg[1].integer, count == 3 ? arg[2].integer : INT32_MAX);
	if (strcmp(op, "LOWER") == 0 || strcmp(op, "UPPER") == 0)
		return in_case(arg[0].text, *op == 'U');
	if (strcmp(op, "TRIM") == 0)
		return trimmed(arg[0].text);
	if (strncmp(op, "CONCAT", 6) != 0)
		return arg[0];
	for (unsigned i = op[6] != '\0'; i < count; i++) {
		if (op[6] && i > 1)
			strcat(out.text, arg[0].text);
		strcat(out.text, arg[i].text);
	}
	return out;
}

static value call(const struct ref_expr *expr, const value *arg)
{
	value cast_arg[REF_KIDS_MAX];

	for (unsigned i = 0; i < expr->kids; i++) {
		bool integer = is(expr, " ABS INT ") || (i && is(expr, " LEFT RIGHT SUBSTRING "));

		cast_arg[i] = cast(arg[i], is(expr, " BOOL ") ? B : integer ? I : S);
		if (cast_arg[i].error)
			return nothing(type_of(expr), cast_arg[i].error);
	}
	return called(expr->op, cast_arg, expr->kids);
}

static value in_set(const struct ref_expr *expr, const value *arg)
{
	bool found = false;

	for (unsigned i = 1; i < expr->kids; i++) {
		value element = cast(arg[i], arg[0].type);

		if (element.error)
			return nothing(B, element.error);
		found = found || equal(&element, &arg[0]);
	}
	return number(B, found != expr->negated);
}

static value binary(const struct ref_expr *expr, value x, value y)
{
	bool same = is(expr, " = != <> ");
	enum rh_cesql_type type = same ? y.type : is(expr, " AND OR XOR ") ? B : I;

	x = cast(x, type);
	y = cast(y, type);
	if (x.error || y.error)
		return nothing(type_of(expr), x.error ? x.error : y.error);
	if (same)
		return number(B, equal(&x, &y) == (*expr->op == '='));
	if (is(expr, " < <= > >= "))
		return number(B, ordered(expr->op, x.integer, y.integer));
	if (is(expr, " XOR "))
		return number(B, x.integer != y.integer);
	if (type == B)
		return number(B, is(expr, " AND ") ? x.integer && y.integer : x.integer || y.integer);
	return arithmetic(expr->op, x.integer, y.integer);
}

static value applied(const struct ref_expr *expr, const value *arg)
{
	value x = arg[0];

	if (expr->call)
		return call(expr, arg);
	if (is(expr, " IN "))
		return in_set(expr, arg);
	if (expr->kids == 2)
		return binary(expr, arg[0], arg[1]);
	x = cast(x, is(expr, " NOT ") ? B : is(expr, " NEG ") ? I : S);
	if (x.error)
		return nothing(type_of(expr), x.error);
	if (is(expr, " LIKE "))
		return number(B, ref_like(expr->text, x.text) != expr->negated);
	return is(expr, " NOT ") ? number(B, !x.integer) : number(I, -(int64_t)x.integer);
}

static value leaf(const struct ref_expr *expr, const struct rh_cesql_event *event)
{
	value out = {.type = expr->type, .integer = expr->integer};
	bool exists = is(expr, " EXISTS ");

	strcpy(out.text, expr->text);
	if (is(expr, " lit "))
		return out;
	for (size_t i = 0; i < event->count; i++) {
		const struct rh_cesql_attribute *attribute = &event->attribute[i];

		if (strlen(expr->text) != attribute->name.size || memcmp(expr->text, attribute->name.bytes, attribute->name.size) != 0)
			continue;
		if (exists)
			return number(B, true);
		if (attribute->value.type == S)
			return text_value(attribute->value.text.bytes, attribute->value.text.size);
		return number(attribute->value.type, attribute->value.type == B ? attribute->value.boolean : attribute->value.integer);
	}
	return exists ? number(B, false) : nothing(B, "MissingAttributeError");
}

static json_t *json_at(json_t *json, const char *pointer)
{
	char token[64], *to, *end;

	if (!*pointer)
		return json;
	for (to = token, pointer++; *pointer && *pointer != '/'; pointer++)
		*to++ = *pointer == '~' ? (*++pointer == '0' ? '~' : '/') : *pointer;
	*to = '\0';
	if (json_is_object(json))
		json = json_object_get(json, token);
	else if (json_is_array(json) && token[0] >= '0' && token[0] <= '9' && (token[0] != '0' || !token[1]))
		json = json_array_get(json, strtoul(token, &end, 10));
	else
		return NULL;
	return json ? json_at(json, pointer) : NULL;
}

/* A byte of zero is nowhere in JSON (RFC 8259, sections 2 and 7); jansson takes it for the end of the text. */
static json_t *json_read(struct rh_cesql_text payload)
{
	return memchr(payload.bytes, 0, payload.size) ? NULL : json_loadb(payload.bytes, payload.size, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
}

/* Payloads of such tests have no name twice, and no number that jansson does not take. */
static value json_value(const char *pointer, struct rh_cesql_text payload)
{
	json_t *whole = json_read(payload), *json = whole ? json_at(whole, pointer) : NULL;
	value out = nothing(B, "FunctionEvaluationError");

	if (json_is_string(json) && !memchr(json_string_value(json), 0, json_string_length(json)))
		out = text_value(json_string_value(json), json_string_length(json));
	else if (json_is_boolean(json))
		out = number(B, json_is_true(json));
	else if (json_is_integer(json) && json_integer_value(json) >= INT32_MIN && json_integer_value(json) <= INT32_MAX)
		out = number(I, json_integer_value(json));
	json_decref(whole);
	return out;
}

static value search(const struct ref_expr *expr, const struct rh_cesql_event *event)
{
	struct rh_cesql_text text = event->payload;
	value x;

	if (is(expr, " JSON "))
		return json_value(expr->text, text);
	if (!is(expr->kid[0], " payload ")) {
		x = leaf(expr->kid[0], event);
		if (x.error)
			return nothing(B, x.error);
		x = cast(x, S);
		text = (struct rh_cesql_text){x.text, (uint32_t)strlen(x.text)};
	}
	if (is(expr, " LIKE ")) {
		char payload[PAYLOAD_MOST + 1] = "";

		memcpy(payload, text.bytes, text.size);
		return number(B, (ref_is_utf8(payload, text.size) && ref_like(expr->text, payload)) != expr->negated);
	}
	if (is(expr, " CONTAINS "))
		return number(B, memmem(text.bytes, text.size, expr->text, strlen(expr->text)) != NULL);
	return number(B, slow_regex_in(expr->text, text.bytes, text.size));
}

void ref_expr_value(const struct ref_expr *expr, const struct rh_cesql_event *event, struct ref_value *out)
{
	value *arg;

	if (expr->kids == 0) {
		if (expr->call)
			*out = called(expr->op, NULL, 0);
		else
			*out = leaf(expr, event);
		return;
	}
	if (is(expr, " MATCHES CONTAINS JSON ") || is(expr->kid[0], " payload ")) {
		*out = search(expr, event);
		return;
	}
	arg = calloc(REF_KIDS_MAX, sizeof(*arg));
	for (unsigned i = 0; i < expr->kids; i++) {
		value now;

		ref_expr_value(expr->kid[i], event, &arg[i]);
		/* Operands of logic and elements of a set are cast one by one, all others when the last is known. */
		if (is(expr, " HOLDS ")) {
			now = arg[0].error ? arg[0] : cast(arg[0], B);
			*out = number(B, !now.error && now.integer);
			goto out_free_arg;
		}
		now = is(expr, " AND OR ") ? cast(arg[i], B) : is(expr, " IN ") ? cast(arg[i], arg[0].type) : arg[i];
		if (arg[i].error || now.error) {
			*out = nothing(type_of(expr), arg[i].error ? arg[i].error : now.error);
			goto out_free_arg;
		}
		if (is(expr, " AND OR ") && (now.integer != 0) == is(expr, " OR ")) {
			*out = now;
			goto out_free_arg;
		}
	}
	*out = applied(expr, arg);
out_free_arg:
	free(arg);
}

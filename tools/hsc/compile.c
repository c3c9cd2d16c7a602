#include "tools/hsc/hsc_priv.h"

#include "dataplane/base/utf8.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * DOTALL: a payload's line ends are bytes like others. SINGLEMATCH: one hit decides. Never
 * ALLOWEMPTY: such a pattern selects every event. No UTF8: payloads are bytes, and scanning
 * ill-formed text in that mode is undefined.
 */
#define FLAGS (HS_FLAG_DOTALL | HS_FLAG_SINGLEMATCH)
#define EMPTY_TEXT                                                                                 \
	"matches the empty payload, so it would select every event: require at least one byte"
#define MEMORY_TEXT "needs more memory to compile than the %u MB allowed: write it narrower"

void hsc_reply_text(struct hsc_reply *reply, enum hsc_status status, const char *fmt, ...)
{
	char text[HSC_TEXT_MAX + 1];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	reply->status = status;
	free(reply->body);
	reply->body = (uint8_t *)strdup(text);
	reply->len = reply->body ? strlen(text) : 0;
}

/* Hyperscan's own message, with the pattern's id where it stands in a set. */
static void refuse(const struct hsc_limits *limits, const hs_compile_error_t *error,
	const struct hsc_pattern *patterns, struct hsc_reply *reply)
{
	const char *message = error ? error->message : "no message";
	int at = error ? error->expression : -1;

	if (strstr(message, "ALLOWEMPTY"))
		hsc_reply_text(reply, HSC_INVALID, EMPTY_TEXT);
	else if (strstr(message, "allocate memory"))
		hsc_reply_text(reply, HSC_TOO_DEAR, MEMORY_TEXT, limits->memory_mb);
	else if (strstr(message, "too large") || strstr(message, "too complex"))
		hsc_reply_text(reply, HSC_TOO_DEAR, "%s Write it narrower", message);
	else if (patterns && at >= 0)
		hsc_reply_text(reply, HSC_INVALID, "pattern %u: %s", patterns[at].id, message);
	else
		hsc_reply_text(reply, HSC_INVALID, "%s", message);
}

/* What Hyperscan would take but we do not. */
static bool written_wrong(const char *bytes, size_t len, struct hsc_reply *reply)
{
	const char *zero = memchr(bytes, 0, len);
	size_t where = 0;

	if (!len || len > HSC_PATTERN_MAX)
		hsc_reply_text(
			reply, HSC_INVALID, "is %zu bytes long: use 1 to %u", len, HSC_PATTERN_MAX);
	else if (zero)
		hsc_reply_text(reply, HSC_INVALID, "holds a zero byte at %zu: write it as \\x00",
			(size_t)(zero - bytes));
	else if (!rh_utf8_valid((const uint8_t *)bytes, len, &where))
		hsc_reply_text(
			reply, HSC_INVALID, "is not UTF-8 at %zu: write that byte as \\xHH", where);
	else if (len >= 2 && bytes[0] == '(' && bytes[1] == '*')
		hsc_reply_text(reply, HSC_INVALID,
			"begins with a control verb (at 0): payloads are bytes, write \\xHH for "
			"others than ASCII");
	else
		return false;
	return true;
}

#define ADVICE ": begin it with a rare literal, avoid .* and wide repeats"

static bool too_much(
	const struct hsc_limits *limits, const struct hsc_cost *cost, struct hsc_reply *reply)
{
	if (cost->database_bytes <= limits->pattern_kb * 1024)
		return hsc_too_dear(cost, limits->cycles_per_byte, ADVICE, reply);
	hsc_reply_text(reply, HSC_TOO_DEAR,
		"compiles to %u KB, more than the %u KB allowed: write it narrower",
		cost->database_bytes / 1024, limits->pattern_kb);
	return true;
}

static void reply_ok(
	struct hsc_reply *reply, const struct hsc_cost *cost, const char *bytes, size_t len)
{
	uint8_t *body = malloc(HSC_COST + len);

	if (!body) {
		hsc_reply_text(reply, HSC_INTERNAL, "no memory for the reply");
		return;
	}
	hsc_cost_encode(body, cost);
	if (len)
		memcpy(body + HSC_COST, bytes, len);
	*reply = (struct hsc_reply){HSC_OK, body, HSC_COST + len};
}

static void reply_serialized(const struct hsc_limits *limits, const hs_database_t *db,
	const struct hsc_cost *cost, struct hsc_reply *reply)
{
	char *bytes = NULL;
	size_t len;

	if (hs_serialize_database(db, &bytes, &len) != HS_SUCCESS)
		hsc_reply_text(reply, HSC_TOO_DEAR, MEMORY_TEXT, limits->memory_mb);
	else if (len > (size_t)limits->set_mb << 20 || len > HSC_BODY_MAX - HSC_COST)
		hsc_reply_text(reply, HSC_TOO_DEAR,
			"brings the tenant's patterns to %zu MB, more than the %u MB allowed",
			len >> 20, limits->set_mb);
	else
		reply_ok(reply, cost, bytes, len);
	free(bytes);
}

static void check_database(const struct hsc_limits *limits, const hs_database_t *db,
	const char *pattern, const struct hsc_payloads *payloads, struct hsc_reply *reply)
{
	struct hsc_cost cost;
	int empty = hsc_matches_empty(db);

	if (empty > 0)
		hsc_reply_text(reply, HSC_INVALID, EMPTY_TEXT);
	else if (empty < 0 || !hsc_price(db, &pattern, 1, payloads, limits->cycles_per_byte, &cost))
		hsc_reply_text(reply, HSC_TOO_DEAR, MEMORY_TEXT, limits->memory_mb);
	else if (!too_much(limits, &cost, reply))
		reply_serialized(limits, db, &cost, reply);
}

static void check_pattern(const struct hsc_limits *limits, const struct hsc_pattern *pattern,
	const struct hsc_payloads *payloads, struct hsc_reply *reply)
{
	hs_compile_error_t *error = NULL;
	hs_database_t *db = NULL;
	char text[HSC_PATTERN_MAX + 1];
	const char *one = text;
	unsigned flags = FLAGS, id = pattern->id;

	if (written_wrong(pattern->bytes, pattern->len, reply))
		return;
	memcpy(text, pattern->bytes, pattern->len);
	text[pattern->len] = 0;
	if (hs_compile_multi(&one, &flags, &id, 1, HS_MODE_BLOCK, NULL, &db, &error) == HS_SUCCESS)
		check_database(limits, db, text, payloads, reply);
	else
		refuse(limits, error, NULL, reply);
	(void)hs_free_compile_error(error);
	(void)hs_free_database(db);
}

void hsc_check(
	const struct hsc_limits *limits, const uint8_t *body, size_t len, struct hsc_reply *reply)
{
	struct hsc_payloads payloads;
	struct hsc_pattern pattern;

	if (hsc_payloads_parse(body, len, &payloads) < 0 ||
		hsc_check_parse(body + payloads.size, len - payloads.size, &pattern) < 0)
		hsc_reply_text(reply, HSC_BAD_REQUEST,
			"malformed pattern, see controlplane/api/hsc.h");
	else
		check_pattern(limits, &pattern, &payloads, reply);
}

struct set_arrays {
	struct hsc_pattern *patterns;
	char **texts;
	unsigned *flags, *ids;
	uint32_t count;
};

static void arrays_fini(struct set_arrays *a)
{
	for (uint32_t i = 0; a->texts && i < a->count; i++)
		free(a->texts[i]);
	free(a->patterns);
	free(a->texts);
	free(a->flags);
	free(a->ids);
}

static bool arrays_init(struct set_arrays *a, const struct hsc_set *set)
{
	size_t offset = 0;

	*a = (struct set_arrays){.count = set->count};
	a->patterns = calloc(set->count, sizeof(*a->patterns));
	a->texts = calloc(set->count, sizeof(*a->texts));
	a->flags = calloc(set->count, sizeof(*a->flags));
	a->ids = calloc(set->count, sizeof(*a->ids));
	if (!a->patterns || !a->texts || !a->flags || !a->ids)
		return false;
	for (uint32_t i = 0; i < set->count && hsc_set_next(set, &offset, &a->patterns[i]); i++) {
		a->texts[i] = strndup(a->patterns[i].bytes, a->patterns[i].len);
		a->flags[i] = FLAGS;
		a->ids[i] = a->patterns[i].id;
		if (!a->texts[i])
			return false;
	}
	return true;
}

static void reply_database(const struct hsc_limits *limits, const hs_database_t *db,
	const struct set_arrays *a, const struct hsc_payloads *payloads, struct hsc_reply *reply)
{
	struct hsc_cost cost;

	if (!hsc_price(db, (const char *const *)a->texts, a->count, payloads,
		    limits->set_cycles_per_byte, &cost))
		hsc_reply_text(reply, HSC_TOO_DEAR, MEMORY_TEXT, limits->memory_mb);
	else if (!hsc_too_dear(&cost, limits->set_cycles_per_byte, "", reply))
		reply_serialized(limits, db, &cost, reply);
}

static void compile_arrays(const struct hsc_limits *limits, const struct set_arrays *a,
	const struct hsc_payloads *payloads, struct hsc_reply *reply)
{
	hs_compile_error_t *error = NULL;
	hs_database_t *db = NULL;

	for (uint32_t i = 0; i < a->count; i++) {
		if (written_wrong(a->patterns[i].bytes, a->patterns[i].len, reply))
			return;
	}
	if (hs_compile_multi((const char *const *)a->texts, a->flags, a->ids, a->count,
		    HS_MODE_BLOCK, NULL, &db, &error) == HS_SUCCESS)
		reply_database(limits, db, a, payloads, reply);
	else
		refuse(limits, error, a->patterns, reply);
	(void)hs_free_compile_error(error);
	(void)hs_free_database(db);
}

void hsc_compile(
	const struct hsc_limits *limits, const uint8_t *body, size_t len, struct hsc_reply *reply)
{
	struct hsc_payloads payloads;
	struct set_arrays arrays;
	struct hsc_set set;

	if (hsc_payloads_parse(body, len, &payloads) < 0 ||
		hsc_set_parse(body + payloads.size, len - payloads.size, &set) < 0) {
		hsc_reply_text(reply, HSC_BAD_REQUEST,
			"malformed set of patterns, see controlplane/api/hsc.h");
		return;
	}
	if (arrays_init(&arrays, &set))
		compile_arrays(limits, &arrays, &payloads, reply);
	else
		hsc_reply_text(reply, HSC_TOO_DEAR, MEMORY_TEXT, limits->memory_mb);
	arrays_fini(&arrays);
}

#include "perf/gen/ssbg.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define NAME_EXPONENT  0.5
#define VALUE_EXPONENT 1.0
/* Filters and events draw from streams of their own. */
#define FILTERS	       0x9e3779b97f4a7c15ULL
#define EVENTS	       0xc2b2ae3d27d4eb4fULL
#define SYLLABLES      80
#define STEP	       48271u /* prime to 80^3: the first so many words are distinct */

struct weight {
	enum ssbg_op op;
	uint8_t percent;
};

static const struct weight integer_ops[] = {{SSBG_EQUAL, 55}, {SSBG_LESS, 15}, {SSBG_GREATER, 15}, {SSBG_LESS_EQUAL, 5}, {SSBG_GREATER_EQUAL, 5}, {SSBG_NOT_EQUAL, 3},
	{SSBG_EXISTS, 2}};
static const struct weight string_ops[] = {{SSBG_EQUAL, 50}, {SSBG_PREFIX, 15}, {SSBG_SUFFIX, 12}, {SSBG_SUBSTRING, 15}, {SSBG_NOT_EQUAL, 4}, {SSBG_EXISTS, 4}};
static const struct weight boolean_ops[] = {{SSBG_EQUAL, 95}, {SSBG_EXISTS, 5}};
static const struct weight *const ops[] = {[SSBG_INTEGER] = integer_ops, [SSBG_STRING] = string_ops, [SSBG_BOOLEAN] = boolean_ops};

int ssbg_init(struct ssbg *s, const struct ssbg_spec *spec, struct rh_error *err)
{
	memset(s, 0, sizeof(*s));
	s->spec = *spec;
	if (spec->names < SSBG_ATTRIBUTES_MAX || spec->names > SSBG_NAMES_MAX || !spec->values || spec->values > SSBG_VALUES_MAX)
		return rh_error_set(err, EINVAL, "ssbg: %u names and %u values: %d to %d, and 1 to %d", spec->names, spec->values, SSBG_ATTRIBUTES_MAX, SSBG_NAMES_MAX,
			SSBG_VALUES_MAX);
	if (perf_zipf_init(&s->name, spec->names, NAME_EXPONENT) == 0 && perf_zipf_init(&s->value, spec->values, VALUE_EXPONENT) == 0)
		return 0;
	ssbg_fini(s);
	return rh_error_set(err, ENOMEM, "ssbg: no memory");
}

void ssbg_fini(struct ssbg *s)
{
	perf_zipf_fini(&s->name);
	perf_zipf_fini(&s->value);
}

/* Neighbours in popularity have different types. */
static enum ssbg_type type_of(uint32_t name)
{
	uint32_t x = name * 7 % 20;

	return x < 9 ? SSBG_INTEGER : x < 18 ? SSBG_STRING : SSBG_BOOLEAN;
}

static uint8_t word(uint32_t n, char out[SSBG_WORD_MAX + 1])
{
	static const char consonants[] = "bdfgjklmnpqrtvxz", vowels[] = "aeiou";
	uint32_t x = n * STEP % (SYLLABLES * SYLLABLES * SYLLABLES);
	uint8_t at = 0;

	for (int i = 0; i < 3; i++, x /= SYLLABLES) {
		out[at++] = consonants[x % SYLLABLES / 5];
		out[at++] = vowels[x % 5];
	}
	out[at] = '\0';
	return at;
}

/* Popular integers lie anywhere in the range. */
static void value_draw(const struct ssbg *s, struct perf_random *rnd, uint32_t name, struct ssbg_value *out)
{
	uint32_t rank = (uint32_t)perf_zipf_rank(&s->value, rnd);

	*out = (struct ssbg_value){.type = (uint8_t)type_of(name)};
	if (out->type == SSBG_STRING)
		out->size = word(rank, out->text);
	else if (out->type == SSBG_INTEGER)
		out->integer = (int32_t)((uint64_t)rank * 7919 % s->spec.values);
	else
		out->integer = (int32_t)perf_random_below(rnd, 2);
}

static enum ssbg_op op_draw(struct perf_random *rnd, uint32_t name)
{
	const struct weight *w = ops[type_of(name)];
	uint64_t x = perf_random_below(rnd, 100);

	while (x >= w->percent)
		x -= (w++)->percent;
	return w->op;
}

/* A part of the word in @v becomes its text. */
static void part_take(struct perf_random *rnd, enum ssbg_op op, struct ssbg_value *v)
{
	uint8_t size = (uint8_t)(SSBG_PART_MIN + perf_random_below(rnd, SSBG_PART_MAX - SSBG_PART_MIN + 1));
	uint8_t from = 0;

	if (op == SSBG_SUFFIX)
		from = (uint8_t)(v->size - size);
	else if (op == SSBG_SUBSTRING)
		from = (uint8_t)perf_random_below(rnd, v->size - size + 1u);
	memmove(v->text, v->text + from, size);
	memset(v->text + size, 0, sizeof(v->text) - size);
	v->size = size;
}

static void constraint_draw(const struct ssbg *s, struct perf_random *rnd, struct ssbg_constraint *c)
{
	memset(c, 0, sizeof(*c));
	c->name = (uint16_t)perf_zipf_rank(&s->name, rnd);
	c->op = (uint8_t)op_draw(rnd, c->name);
	value_draw(s, rnd, c->name, &c->value);
	if (c->op >= SSBG_PREFIX && c->op <= SSBG_SUBSTRING)
		part_take(rnd, (enum ssbg_op)c->op, &c->value);
}

uint32_t ssbg_filter(const struct ssbg *s, uint32_t f, struct ssbg_constraint out[SSBG_CONSTRAINTS_MAX])
{
	struct perf_random rnd;
	uint32_t count;

	perf_random_init(&rnd, (s->spec.seed + f) * FILTERS);
	count = 1 + (uint32_t)perf_random_below(&rnd, SSBG_CONSTRAINTS_MAX);
	for (uint32_t i = 0; i < count; i++)
		constraint_draw(s, &rnd, &out[i]);
	return count;
}

static bool has_name(const struct ssbg_attribute *list, uint32_t count, uint32_t name)
{
	for (uint32_t i = 0; i < count; i++)
		if (list[i].name == name)
			return true;
	return false;
}

uint32_t ssbg_event(const struct ssbg *s, uint32_t e, struct ssbg_attribute out[SSBG_ATTRIBUTES_MAX])
{
	struct perf_random rnd;
	uint32_t count, n = 0;

	perf_random_init(&rnd, (s->spec.seed + e) * EVENTS);
	count = 1 + (uint32_t)perf_random_below(&rnd, SSBG_ATTRIBUTES_MAX);
	while (n < count) {
		uint32_t name = (uint32_t)perf_zipf_rank(&s->name, &rnd);

		if (has_name(out, n, name))
			continue;
		out[n].name = (uint16_t)name;
		value_draw(s, &rnd, name, &out[n++].value);
	}
	return count;
}

uint32_t ssbg_name(uint32_t n, char out[SSBG_NAME_MAX])
{
	return (uint32_t)snprintf(out, SSBG_NAME_MAX, "a%u", n % SSBG_NAMES_MAX);
}

static int literal_text(const struct ssbg_constraint *c, char *out, size_t room)
{
	static const char *const before[SSBG_OP_COUNT] = {[SSBG_SUFFIX] = "%", [SSBG_SUBSTRING] = "%"}, *const behind[SSBG_OP_COUNT] = {[SSBG_PREFIX] = "%", [SSBG_SUBSTRING] = "%"};

	if (c->value.type == SSBG_INTEGER)
		return snprintf(out, room, "%d", c->value.integer);
	if (c->value.type == SSBG_BOOLEAN)
		return snprintf(out, room, "%s", c->value.integer ? "TRUE" : "FALSE");
	return snprintf(out, room, "'%s%.*s%s'", before[c->op] ? before[c->op] : "", c->value.size, c->value.text, behind[c->op] ? behind[c->op] : "");
}

static int constraint_text(const struct ssbg_constraint *c, char *out, size_t room)
{
	static const char *const names[SSBG_OP_COUNT] = {"=", "!=", "<", ">", "<=", ">=", "LIKE", "LIKE", "LIKE", NULL};
	char name[SSBG_NAME_MAX], literal[32];

	(void)ssbg_name(c->name, name);
	if (c->op == SSBG_EXISTS)
		return snprintf(out, room, "EXISTS %s", name);
	(void)literal_text(c, literal, sizeof(literal));
	return snprintf(out, room, "%s %s %s", name, names[c->op], literal);
}

uint32_t ssbg_filter_text(const struct ssbg *s, uint32_t f, char out[SSBG_TEXT_MAX])
{
	struct ssbg_constraint c[SSBG_CONSTRAINTS_MAX];
	uint32_t count = ssbg_filter(s, f, c), at = 0;

	for (uint32_t i = 0; i < count; i++) {
		at += (uint32_t)snprintf(out + at, SSBG_TEXT_MAX - at, "%s", i ? " AND " : "");
		at += (uint32_t)constraint_text(&c[i], out + at, SSBG_TEXT_MAX - at);
	}
	return at;
}

static bool string_holds(enum ssbg_op op, const struct ssbg_value *wanted, const struct ssbg_value *v)
{
	uint8_t n = wanted->size;
	bool same = v->size == n && memcmp(v->text, wanted->text, n) == 0;

	switch (op) {
	case SSBG_EQUAL: return same;
	case SSBG_NOT_EQUAL: return !same;
	case SSBG_PREFIX: return v->size >= n && memcmp(v->text, wanted->text, n) == 0;
	case SSBG_SUFFIX: return v->size >= n && memcmp(v->text + v->size - n, wanted->text, n) == 0;
	default: return memmem(v->text, v->size, wanted->text, n) != NULL;
	}
}

static bool integer_holds(enum ssbg_op op, int32_t wanted, int32_t v)
{
	switch (op) {
	case SSBG_EQUAL: return v == wanted;
	case SSBG_NOT_EQUAL: return v != wanted;
	case SSBG_LESS: return v < wanted;
	case SSBG_GREATER: return v > wanted;
	case SSBG_LESS_EQUAL: return v <= wanted;
	default: return v >= wanted;
	}
}

static bool holds(const struct ssbg_constraint *c, const struct ssbg_value *v)
{
	if (c->op == SSBG_EXISTS)
		return true;
	if (v->type == SSBG_STRING)
		return string_holds((enum ssbg_op)c->op, &c->value, v);
	return integer_holds((enum ssbg_op)c->op, c->value.integer, v->integer);
}

bool ssbg_matches(const struct ssbg_constraint *constraints, uint32_t count, const struct ssbg_attribute *attributes, uint32_t attribute_count)
{
	for (uint32_t i = 0; i < count; i++) {
		uint32_t k = 0;

		while (k < attribute_count && attributes[k].name != constraints[i].name)
			k++;
		if (k == attribute_count || !holds(&constraints[i], &attributes[k].value))
			return false;
	}
	return true;
}

#include "perf/bench/counting.h"

#include "dataplane/base/compiler.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define VALUE_BITS  48
#define CLASS_BITS  2
#define CLASSES	    (1u << CLASS_BITS)
#define LISTED_OPS  6
/* A counter: serial of the event, how often counted, how many constraints. */
#define SIZE_MASK   7u
#define ONE	    8u
#define SERIAL_SHIFT 6
#define SERIALS	    1024u

_Static_assert(SSBG_CONSTRAINTS_MAX <= SIZE_MASK, "size and count have three bits each");
_Static_assert(SSBG_NAMES_MAX <= 1 << (64 - VALUE_BITS - CLASS_BITS), "name, class and value are one key");

/* One filter on a constraint's list. */
struct posting {
	uint32_t filter;
	uint32_t names; /* Bloom filter of the names it asks for */
};

/* A constraint that is looked up by value. */
struct place {
	uint64_t key; /* 0: free */
	uint32_t first, count;
};

/* Constraints of one name and operator, by value. */
struct listed {
	uint32_t first, count;
};

struct counting {
	uint32_t filters, sessions, names;
	uint32_t places; /* power of two */
	struct place *place;
	struct posting *posting;
	struct listed *listed; /* [name][op] */
	int64_t *listed_value; /* of listed_posting */
	struct posting *listed_posting;
	uint32_t postings, listed_postings;
	uint16_t *counter;
	uint32_t *stamp; /* of sessions */
	uint32_t serial, stamp_serial, matched, touched;
};

/* Operators with a value to look up; the others are listed. */
static int class_of(enum ssbg_op op)
{
	switch (op) {
	case SSBG_EQUAL: return 0;
	case SSBG_PREFIX: return 1;
	case SSBG_SUFFIX: return 2;
	case SSBG_SUBSTRING: return 3;
	default: return -1;
	}
}

static uint32_t listed_op(enum ssbg_op op)
{
	switch (op) {
	case SSBG_LESS: return 0;
	case SSBG_GREATER: return 1;
	case SSBG_LESS_EQUAL: return 2;
	case SSBG_GREATER_EQUAL: return 3;
	case SSBG_NOT_EQUAL: return 4;
	default: return 5;
	}
}

/* Letters, or a number; letters are never 0, so that lengths differ too. */
static uint64_t bits_of(const char *text, uint32_t size)
{
	uint64_t bits = 0;

	memcpy(&bits, text, size);
	return bits;
}

static uint64_t value_bits(const struct ssbg_value *v)
{
	return v->type == SSBG_STRING ? bits_of(v->text, v->size) : (uint32_t)v->integer;
}

/* Not 0: names count from 1 here. */
static uint64_t key_of(uint32_t name, uint32_t class, uint64_t bits)
{
	return ((uint64_t)(name + 1) << CLASS_BITS | class) << VALUE_BITS | bits;
}

static struct place *place_at(const struct counting *c, uint64_t key)
{
	uint32_t at = (uint32_t)((key * 0x9e3779b97f4a7c15ULL) >> 32) & (c->places - 1);

	while (c->place[at].key && c->place[at].key != key)
		at = (at + 1) & (c->places - 1);
	return &c->place[at];
}

static uint32_t name_bit(uint32_t name)
{
	return 1u << (name * 2654435761u >> 27);
}

static struct listed *listed_at(const struct counting *c, uint32_t name, enum ssbg_op op)
{
	return &c->listed[name * LISTED_OPS + listed_op(op)];
}

typedef void (*constraint_do)(struct counting *c, const struct ssbg_constraint *constraint, struct posting posting);

static void filters_each(struct counting *c, const struct ssbg *s, constraint_do what)
{
	for (uint32_t f = 0; f < c->filters; f++) {
		struct ssbg_constraint list[SSBG_CONSTRAINTS_MAX];
		uint32_t count = ssbg_filter(s, f, list);
		struct posting posting = {.filter = f};

		c->counter[f] = (uint16_t)count;
		for (uint32_t i = 0; i < count; i++)
			posting.names |= name_bit(list[i].name);
		for (uint32_t i = 0; i < count; i++)
			what(c, &list[i], posting);
	}
}

static void constraint_count(struct counting *c, const struct ssbg_constraint *constraint, struct posting posting)
{
	int class = class_of((enum ssbg_op)constraint->op);

	(void)posting;
	if (class < 0) {
		listed_at(c, constraint->name, (enum ssbg_op)constraint->op)->count++;
		c->listed_postings++;
		return;
	}
	uint64_t key = key_of(constraint->name, (uint32_t)class, value_bits(&constraint->value));
	struct place *place = place_at(c, key);

	place->key = key;
	place->count++;
	c->postings++;
}

/* Lists one behind the other; each is filled from its first. */
static void lists_place(struct counting *c)
{
	uint32_t at = 0;

	for (uint32_t i = 0; i < c->places; i++) {
		c->place[i].first = at;
		at += c->place[i].count;
		c->place[i].count = 0;
	}
	at = 0;
	for (uint32_t i = 0; i < c->names * LISTED_OPS; i++) {
		c->listed[i].first = at;
		at += c->listed[i].count;
		c->listed[i].count = 0;
	}
}

static void constraint_put(struct counting *c, const struct ssbg_constraint *constraint, struct posting posting)
{
	int class = class_of((enum ssbg_op)constraint->op);

	if (class < 0) {
		struct listed *listed = listed_at(c, constraint->name, (enum ssbg_op)constraint->op);
		uint32_t at = listed->first + listed->count++;

		c->listed_value[at] = constraint->value.type == SSBG_STRING ? (int64_t)value_bits(&constraint->value) : constraint->value.integer;
		c->listed_posting[at] = posting;
		return;
	}
	struct place *place = place_at(c, key_of(constraint->name, (uint32_t)class, value_bits(&constraint->value)));

	c->posting[place->first + place->count++] = posting;
}

struct pair {
	int64_t value;
	struct posting posting;
};

static int by_value(const void *a, const void *b)
{
	const struct pair *x = a, *y = b;

	return (x->value > y->value) - (x->value < y->value);
}

static void listed_sort(struct counting *c, const struct listed *listed, struct pair *room)
{
	for (uint32_t i = 0; i < listed->count; i++)
		room[i] = (struct pair){c->listed_value[listed->first + i], c->listed_posting[listed->first + i]};
	qsort(room, listed->count, sizeof(*room), by_value);
	for (uint32_t i = 0; i < listed->count; i++) {
		c->listed_value[listed->first + i] = room[i].value;
		c->listed_posting[listed->first + i] = room[i].posting;
	}
}

static int lists_fill(struct counting *c, const struct ssbg *s)
{
	struct pair *room = calloc(c->listed_postings + 1u, sizeof(*room));

	c->posting = calloc(c->postings + 1u, sizeof(*c->posting));
	c->listed_value = calloc(c->listed_postings + 1u, sizeof(*c->listed_value));
	c->listed_posting = calloc(c->listed_postings + 1u, sizeof(*c->listed_posting));
	if (room && c->posting && c->listed_value && c->listed_posting) {
		lists_place(c);
		filters_each(c, s, constraint_put);
		for (uint32_t i = 0; i < c->names * LISTED_OPS; i++)
			listed_sort(c, &c->listed[i], room);
	}
	free(room);
	return room && c->posting && c->listed_value && c->listed_posting ? 0 : -ENOMEM;
}

int counting_create(const struct ssbg *s, uint32_t filters, uint32_t sessions, struct counting **out, struct rh_error *err)
{
	struct counting *c = calloc(1, sizeof(*c));
	int ret = -ENOMEM;

	if (!filters || !sessions || filters > UINT32_MAX / 8) {
		free(c);
		return rh_error_set(err, EINVAL, "counting: %u filters of %u sessions: at least one each", filters, sessions);
	}
	if (!c)
		return rh_error_set(err, ENOMEM, "counting: no memory");
	*c = (struct counting){.filters = filters, .sessions = sessions, .names = s->spec.names, .places = 1024};
	/* Three constraints a filter on average, four of five of them here: half full at the most. */
	while (c->places < filters * 4)
		c->places *= 2;
	c->place = calloc(c->places, sizeof(*c->place));
	c->listed = calloc((size_t)c->names * LISTED_OPS, sizeof(*c->listed));
	c->counter = calloc(filters, sizeof(*c->counter));
	c->stamp = calloc(sessions, sizeof(*c->stamp));
	if (c->place && c->listed && c->counter && c->stamp) {
		filters_each(c, s, constraint_count);
		ret = lists_fill(c, s);
	}
	if (ret) {
		counting_destroy(c);
		return rh_error_set(err, ENOMEM, "counting: no memory for %u filters", filters);
	}
	*out = c;
	return 0;
}

void counting_destroy(struct counting *c)
{
	if (!c)
		return;
	free(c->place);
	free(c->posting);
	free(c->listed);
	free(c->listed_value);
	free(c->listed_posting);
	free(c->counter);
	free(c->stamp);
	free(c);
}

/* What the lists of one event need. */
struct run {
	struct counting *c;
	uint32_t serial, absent; /* names that the event has not */
	uint32_t *out;
	uint32_t count;
};

static void session_take(struct run *run, uint32_t filter)
{
	struct counting *c = run->c;
	uint32_t session = filter % c->sessions;

	c->matched++;
	if (c->stamp[session] == c->stamp_serial)
		return;
	c->stamp[session] = c->stamp_serial;
	run->out[run->count++] = session;
}

static inline __attribute__((always_inline)) void count_each(struct run *run, bool pruned, const struct posting *list, uint32_t n)
{
	uint16_t *counter = run->c->counter;
	uint32_t touched = 0;

	for (uint32_t i = 0; i < n; i++) {
		uint32_t x;

		if (pruned && (list[i].names & run->absent))
			continue;
		x = counter[list[i].filter];
		if (x >> SERIAL_SHIFT != run->serial)
			x = run->serial << SERIAL_SHIFT | (x & SIZE_MASK);
		x += ONE;
		counter[list[i].filter] = (uint16_t)x;
		touched++;
		if (rh_unlikely((x >> 3 & SIZE_MASK) == (x & SIZE_MASK)))
			session_take(run, list[i].filter);
	}
	run->c->touched += touched;
}

static inline __attribute__((always_inline)) void count_key(struct run *run, bool pruned, uint64_t key)
{
	const struct place *place = place_at(run->c, key);

	count_each(run, pruned, run->c->posting + place->first, place->count);
}

/* First of the sorted values that is not below @value. */
static uint32_t lower(const int64_t *values, uint32_t n, int64_t value)
{
	uint32_t lo = 0, hi = n;

	while (lo < hi) {
		uint32_t mid = (lo + hi) / 2;

		if (values[mid] < value)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

static inline __attribute__((always_inline)) void count_listed(struct run *run, bool pruned, uint32_t name, enum ssbg_op op, int64_t value)
{
	const struct listed *l = listed_at(run->c, name, op);
	const struct posting *list = run->c->listed_posting + l->first;
	const int64_t *values = run->c->listed_value + l->first;
	uint32_t below = 0, upto = 0;

	if (!l->count)
		return;
	if (op != SSBG_EXISTS) {
		below = lower(values, l->count, value);
		upto = lower(values, l->count, value + 1);
	}
	switch (op) {
	case SSBG_LESS: count_each(run, pruned, list + upto, l->count - upto); break;
	case SSBG_LESS_EQUAL: count_each(run, pruned, list + below, l->count - below); break;
	case SSBG_GREATER: count_each(run, pruned, list, below); break;
	case SSBG_GREATER_EQUAL: count_each(run, pruned, list, upto); break;
	case SSBG_NOT_EQUAL:
		count_each(run, pruned, list, below);
		count_each(run, pruned, list + upto, l->count - upto);
		break;
	default: count_each(run, pruned, list, l->count); break;
	}
}

/* Has @v the @size bytes at @at before, too? */
static bool stands_before(const struct ssbg_value *v, uint32_t at, uint32_t size)
{
	for (uint32_t i = 0; i < at; i++)
		if (memcmp(v->text + i, v->text + at, size) == 0)
			return true;
	return false;
}

static inline __attribute__((always_inline)) void count_parts(struct run *run, bool pruned, uint32_t name, const struct ssbg_value *v)
{
	for (uint32_t size = SSBG_PART_MIN; size <= SSBG_PART_MAX && size <= v->size; size++) {
		count_key(run, pruned, key_of(name, 1, bits_of(v->text, size)));
		count_key(run, pruned, key_of(name, 2, bits_of(v->text + v->size - size, size)));
		for (uint32_t at = 0; at + size <= v->size; at++)
			if (!stands_before(v, at, size))
				count_key(run, pruned, key_of(name, 3, bits_of(v->text + at, size)));
	}
}

static inline __attribute__((always_inline)) void count_attribute(struct run *run, bool pruned, const struct ssbg_attribute *a)
{
	int64_t value = a->value.type == SSBG_STRING ? (int64_t)value_bits(&a->value) : a->value.integer;

	count_key(run, pruned, key_of(a->name, 0, value_bits(&a->value)));
	count_listed(run, pruned, a->name, SSBG_EXISTS, 0);
	if (a->value.type != SSBG_BOOLEAN)
		count_listed(run, pruned, a->name, SSBG_NOT_EQUAL, value);
	if (a->value.type == SSBG_STRING)
		count_parts(run, pruned, a->name, &a->value);
	if (a->value.type != SSBG_INTEGER)
		return;
	for (int op = SSBG_LESS; op <= SSBG_GREATER_EQUAL; op++)
		count_listed(run, pruned, a->name, (enum ssbg_op)op, value);
}

/* Counters of earlier events are told by their serial. */
static void serial_next(struct counting *c)
{
	c->stamp_serial++;
	if (++c->serial < SERIALS)
		return;
	for (uint32_t f = 0; f < c->filters; f++)
		c->counter[f] &= SIZE_MASK;
	c->serial = 1;
}

static __attribute__((noinline)) void match_plain(struct run *run, const struct ssbg_attribute *attributes, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		count_attribute(run, false, &attributes[i]);
}

static __attribute__((noinline)) void match_pruned(struct run *run, const struct ssbg_attribute *attributes, uint32_t count)
{
	uint32_t present = 0;

	for (uint32_t i = 0; i < count; i++)
		present |= name_bit(attributes[i].name);
	run->absent = ~present;
	for (uint32_t i = 0; i < count; i++)
		count_attribute(run, true, &attributes[i]);
}

uint32_t counting_match(struct counting *c, enum counting_variant variant, const struct ssbg_attribute *attributes, uint32_t count, uint32_t *out)
{
	struct run run = {.c = c, .out = out};

	serial_next(c);
	run.serial = c->serial;
	c->matched = c->touched = 0;
	if (variant == COUNTING_PRUNED)
		match_pruned(&run, attributes, count);
	else
		match_plain(&run, attributes, count);
	return run.count;
}

uint32_t counting_matched(const struct counting *c)
{
	return c->matched;
}

uint32_t counting_touched(const struct counting *c)
{
	return c->touched;
}

uint64_t counting_bytes(const struct counting *c)
{
	return (uint64_t)c->places * sizeof(*c->place) + (uint64_t)c->postings * sizeof(*c->posting) + (uint64_t)c->listed_postings * (sizeof(*c->listed_value) + sizeof(*c->listed_posting)) +
	       (uint64_t)c->names * LISTED_OPS * sizeof(*c->listed) + (uint64_t)c->filters * sizeof(*c->counter) + (uint64_t)c->sessions * sizeof(*c->stamp);
}

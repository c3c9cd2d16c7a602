#pragma once

/*
 * What an event says about the attributes that content asks for, as numbers: so one word, a test, asks it one thing, and the
 * answer needs no branch. A test holds the number of a name, in which type its value is taken, which outcomes of a comparison
 * are right, and what it is compared with. One thread's.
 */

#include "dataplane/base/atomic.h"
#include "dataplane/cesql/program.h"
#include "dataplane/frame/wire.h"
#include "dataplane/match/atom.h"

/* The shortest attribute: key, length and name of an extension, length of no value. */
#define DP_ATTRIBUTES_MAX (RH_ATTRIBUTES_MAX / 5 + 1)

/* In which type an attribute is taken: cast to it, as a comparison with such a literal does (CESQL section 3.4.5). */
enum dp_fact_kind {
	DP_FACT_THERE, /* it is there: 0 */
	DP_FACT_INTEGER, /* from 0 for INT32_MIN */
	DP_FACT_BOOLEAN,
	DP_FACT_STRING, /* address of the atom with these bytes, in steps of 8; 0: nobody asks for them */
	DP_FACT_KINDS
};

/* Outcomes of value against constant; there is none where the attribute is missing, or cannot be cast. */
#define DP_TEST_LESS	1U
#define DP_TEST_EQUAL	2U
#define DP_TEST_GREATER 4U

/* Number of the name (12 bits), kind (2), right outcomes (3, and a zero for none), constant: an address in steps of 8. */
#define DP_TEST_CONSTANT_BITS 44
#define DP_TEST_ABOUT_SHIFT   50
#define DP_TEST(number, kind, outcomes, constant)                                                                              \
	(((uint64_t)(number) << 2 | (uint64_t)(kind)) << DP_TEST_ABOUT_SHIFT |                                                 \
		(uint64_t)(outcomes) << DP_TEST_CONSTANT_BITS | (uint64_t)(constant))
#define DP_TEST_NUMBER(test) ((uint32_t)((test) >> (DP_TEST_ABOUT_SHIFT + 2)))
#define DP_TEST_NEVER	     0ULL
#define DP_TEST_ALWAYS	     DP_TEST(0, DP_FACT_THERE, DP_TEST_EQUAL, 0)
_Static_assert(DP_ATOM_NUMBERS == 1 << 12 && DP_FACT_KINDS == 4, "twelve bits and two");

/* An attribute that content asks for. */
struct dp_fact {
	const struct dp_atom *name;
	/* Of STRING: where it is, its first and its last eight bytes (of a shorter one all, and zeros), the first lowest. */
	struct rh_cesql_text text;
	uint64_t first, last;
	char made[12]; /* text that an integer became */
	uint16_t number; /* the name's */
};
/* Above all others. */
#define DP_FACT_NONE (1ULL << 63)

/* Values of no attribute, in steps of values. */
#define DP_FACT_MISSING 0
#define DP_FACT_ALWAYS	1 /* what name 0 is */
#define DP_FACT_FIRST	2

struct dp_facts {
	uint32_t count;
	uint64_t strings_made; /* dp_atoms.strings_made before they were read: of a younger string they do not know that it is the event's */
	/* Of names' numbers: where their values are; DP_FACT_MISSING. */
	uint16_t place[DP_ATOM_NUMBERS][DP_FACT_KINDS];
	uint64_t value[DP_FACT_FIRST + DP_ATTRIBUTES_MAX * DP_FACT_KINDS]; /* DP_FACT_NONE */
	struct dp_fact fact[DP_ATTRIBUTES_MAX];
};

static inline uint64_t dp_fact_integer(int32_t integer)
{
	return (uint64_t)((int64_t)integer - INT32_MIN);
}

/* Of a string, or of a test's constant. */
static inline uint64_t dp_fact_atom(const struct dp_atom *atom)
{
	return (uintptr_t)atom >> 3;
}

/* Of fact number @at; DP_FACT_NONE. */
static inline uint64_t dp_facts_value(const struct dp_facts *facts, uint32_t at, enum dp_fact_kind kind)
{
	return facts->value[DP_FACT_FIRST + at * DP_FACT_KINDS + kind];
}

/* Up to eight bytes, the first lowest. Two loads may overlap: they agree. */
static inline uint64_t dp_fact_bytes(const char *bytes, uint32_t size)
{
	uint32_t low, high;
	uint64_t all = 0;

	if (size >= sizeof(all)) {
		memcpy(&all, bytes, sizeof(all));
		return all;
	}
	if (size >= sizeof(low)) {
		memcpy(&low, bytes, sizeof(low));
		memcpy(&high, bytes + size - sizeof(high), sizeof(high));
		return low | (uint64_t)high << 8 * (size - sizeof(high));
	}
	for (uint32_t i = 0; i < size; i++)
		all |= (uint64_t)(uint8_t)bytes[i] << 8 * i;
	return all;
}

/* 1 or 0. Ctx: under RCU, facts are the event's. */
static inline uint32_t dp_facts_pass(const struct dp_facts *facts, uint64_t test)
{
	uint64_t value = facts->value[(&facts->place[0][0])[test >> DP_TEST_ABOUT_SHIFT]];
	uint64_t constant = test & ((1ULL << DP_TEST_CONSTANT_BITS) - 1);
	uint32_t outcome = (value >= constant) + (value > constant) + (uint32_t)(value >> 63);

	return (uint32_t)(test >> DP_TEST_CONSTANT_BITS) >> outcome & 1;
}

/* Before the first event. */
void dp_facts_init(struct dp_facts *facts);
/* Nothing is known any more. */
void dp_facts_clear(struct dp_facts *facts);
/*
 * Those of an event's @count attributes that content asks for; @hash are their names' with the contents' @seed. Ctx: under RCU;
 * after dp_facts_clear.
 */
void dp_facts_read(struct dp_facts *facts, const struct dp_atoms *atoms, uint64_t seed, const struct rh_cesql_attribute *attribute,
	const uint64_t *hash, size_t count, struct rh_cesql_scratch *scratch);

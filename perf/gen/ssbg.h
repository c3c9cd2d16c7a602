#pragma once

/*
 * Filters over attributes and events with attributes in the manner of SSBG, the generator of Siena's authors: filters of 1 to 5 constraints, events of 1 to 10 attributes, names, types, operators and
 * values each from a distribution of their own, an attribute's type the same wherever its name is used. Filter f and event e follow from the seed alone; nothing is kept.
 *
 * Types: 45 % of the names are integers, 45 % strings, 10 % Booleans. Operators in percent, integers: = 55, < 15, > 15, <= 5, >= 5, != 3, there at all 2; strings: = 50, prefix 15, suffix 12,
 * substring 15, != 4, there at all 4; Booleans: = 95, there at all 5. Names by Zipf(0.5), values by Zipf(1.0).
 */

#include "dataplane/base/error.h"
#include "perf/gen/zipf.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SSBG_CONSTRAINTS_MAX 5
#define SSBG_ATTRIBUTES_MAX  10
#define SSBG_NAMES_MAX	     10000
#define SSBG_VALUES_MAX	     10000
#define SSBG_WORD_MAX	     8	 /* bytes of a string value */
#define SSBG_PART_MIN	     2	 /* bytes of a prefix, suffix or substring */
#define SSBG_PART_MAX	     4
#define SSBG_NAME_MAX	     8
#define SSBG_TEXT_MAX	     256 /* of a filter */

enum ssbg_type { SSBG_INTEGER, SSBG_STRING, SSBG_BOOLEAN };

enum ssbg_op {
	SSBG_EQUAL,
	SSBG_NOT_EQUAL,
	SSBG_LESS,
	SSBG_GREATER,
	SSBG_LESS_EQUAL,
	SSBG_GREATER_EQUAL,
	SSBG_PREFIX,
	SSBG_SUFFIX,
	SSBG_SUBSTRING,
	SSBG_EXISTS,
	SSBG_OP_COUNT
};

struct ssbg_spec {
	uint32_t names, values;
	uint64_t seed;
};

struct ssbg {
	struct ssbg_spec spec;
	struct perf_zipf name, value;
};

/* A value, of a constraint or of an attribute; of a string @size bytes of @text, else @integer (a Boolean: 0 or 1). */
struct ssbg_value {
	int32_t integer;
	uint8_t type; /* enum ssbg_type */
	uint8_t size;
	char text[SSBG_WORD_MAX + 2];
};

struct ssbg_constraint {
	uint16_t name;
	uint8_t op; /* enum ssbg_op */
	struct ssbg_value value;
};

struct ssbg_attribute {
	uint16_t name;
	struct ssbg_value value;
};

/* 0, -EINVAL with a sentence beyond the bounds above (one name is too few for an event's), -ENOMEM. */
int ssbg_init(struct ssbg *s, const struct ssbg_spec *spec, struct rh_error *err);
void ssbg_fini(struct ssbg *s);

/* Constraints of filter @f; returns how many. */
uint32_t ssbg_filter(const struct ssbg *s, uint32_t f, struct ssbg_constraint out[SSBG_CONSTRAINTS_MAX]);
/* Attributes of event @e, no name twice; returns how many. */
uint32_t ssbg_event(const struct ssbg *s, uint32_t e, struct ssbg_attribute out[SSBG_ATTRIBUTES_MAX]);
/* Filter @f in CESQL, terminated; returns its length. */
uint32_t ssbg_filter_text(const struct ssbg *s, uint32_t f, char out[SSBG_TEXT_MAX]);
/* Name @n as attributes and CESQL have it, terminated; returns its length. */
uint32_t ssbg_name(uint32_t n, char out[SSBG_NAME_MAX]);
/* Is every one of the constraints met by the attribute of its name? Slow and plain: the reference. */
bool ssbg_matches(const struct ssbg_constraint *constraints, uint32_t count, const struct ssbg_attribute *attributes, uint32_t attribute_count);

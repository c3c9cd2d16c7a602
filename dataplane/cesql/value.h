#pragma once

/* Values of CESQL (section 3.1), and the attributes of an event. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* In the order of RH_CESQL_BOOLEAN, RH_CESQL_INTEGER and RH_CESQL_STRING of tree.h. */
enum rh_cesql_type { RH_CESQL_TYPE_BOOLEAN, RH_CESQL_TYPE_INTEGER, RH_CESQL_TYPE_STRING, RH_CESQL_TYPE_COUNT };

/* UTF-8 without U+0000; not terminated. */
struct rh_cesql_text {
	const char *bytes;
	uint32_t size;
};

static inline bool rh_cesql_texts_equal(struct rh_cesql_text a, struct rh_cesql_text b)
{
	return a.size == b.size && memcmp(a.bytes, b.bytes, a.size) == 0;
}

struct rh_cesql_value {
	enum rh_cesql_type type;
	union {
		bool boolean;
		int32_t integer;
		struct rh_cesql_text text;
	};
};

/* Both are of one type. */
static inline bool rh_cesql_values_equal(const struct rh_cesql_value *a, const struct rh_cesql_value *b)
{
	if (a->type == RH_CESQL_TYPE_STRING)
		return rh_cesql_texts_equal(a->text, b->text);
	return a->type == RH_CESQL_TYPE_INTEGER ? a->integer == b->integer : a->boolean == b->boolean;
}

/* The caller's, like the event; the value is true UTF-8 (rh_utf8_valid), the name [a-z0-9]+. */
struct rh_cesql_attribute {
	struct rh_cesql_text name;
	struct rh_cesql_value value;
};

struct rh_cesql_known;

struct rh_cesql_event {
	const struct rh_cesql_attribute *attribute;
	size_t count;
	/* What JSON and LIKE of payload read. */
	struct rh_cesql_text payload; /* any bytes */
	struct rh_cesql_known *known; /* known.h; NULL: nothing is remembered of it */
	/*
	 * Is the program's pattern of this number in @text: the payload, or an attribute as a string? 1 yes, 0 no, negative: that cannot be
	 * said, an error. NULL: of none.
	 */
	int (*matches)(void *arg, uint32_t pattern, struct rh_cesql_text text);
	void *arg;
};

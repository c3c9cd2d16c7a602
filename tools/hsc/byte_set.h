#pragma once

/* A set of bytes, and how a pattern writes one: classes and escapes. Ctx of everything: any. */

#include <stdint.h>

struct hsc_byte_set {
	uint64_t bits[4];
};

void hsc_byte_set_add(struct hsc_byte_set *set, uint8_t byte);
void hsc_byte_set_invert(struct hsc_byte_set *set);
uint32_t hsc_byte_set_count(const struct hsc_byte_set *set);
/* @at stands behind the backslash; returns what follows. */
const char *hsc_byte_set_escape(struct hsc_byte_set *set, const char *at);
/* @at stands behind the bracket; returns what follows its end. */
const char *hsc_byte_set_class(struct hsc_byte_set *set, const char *at);

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Is @bytes well-formed UTF-8 (RFC 3629: no surrogates, no overlong forms, at most U+10FFFF) without U+0000?
 * U+0000 is refused because MQTT [MQTT-1.5.4-2] and CloudEvents strings exclude it.
 *
 * Ctx: any. *@where (may be NULL) gets the offset of the first bad byte on failure.
 */
bool rh_utf8_valid(const uint8_t *bytes, size_t len, size_t *where);

#pragma once

/*
 * A published topic, cut into levels: a list of (offset, length) over the native text. Native text
 * is an MQTT topic name: levels between '/', which may be empty, at most RH_TOPIC_MAX bytes and
 * RH_LEVELS_MAX levels.
 */

#include "dataplane/base/error.h"
#include "dataplane/base/topic_limits.h"
#include "dataplane/filter/dialect.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct rh_topic {
	const char *text;
	uint16_t len;
	uint16_t levels; /* 0 only for the empty key of amqp */
	uint16_t start[RH_LEVELS_MAX];
	uint16_t size[RH_LEVELS_MAX];
};

/*
 * Check and cut a published topic (MQTT 5.0 section 4.7.3): at least one byte, well-formed UTF-8
 * without U+0000, no wildcard character, within the limits. @out keeps pointers into @text.
 *
 * Ctx: any; no allocation. 0 or -EINVAL with position and reason in @err (may be NULL); *@out is
 * then undefined.
 */
int rh_topic_parse(const char *text, size_t len, struct rh_topic *out, struct rh_error *err);

/*
 * Check and cut a topic written in @dialect, by that dialect's rules for published names. Levels
 * that are separated by '.' are rewritten with '/' into @buffer (RH_TOPIC_MAX + 1 bytes), which
 * @out then points into; else it points into @text. A level that holds '/' has no native image and
 * is refused. Only mqtt's topics are sure to fit the wire: other dialects have '+' and '#' as plain
 * characters, and amqp an empty key, which has no levels.
 *
 * Ctx: any; no allocation. 0 or -EINVAL with position and reason in @err (may be NULL).
 */
int rh_topic_parse_dialect(enum rh_dialect dialect, const char *text, size_t len, char *buffer,
	struct rh_topic *out, struct rh_error *err);

/*
 * Percent-encode what a topic level cannot hold (docs/filters.md): '%', '/', '+', '#', U+0000-001F
 * and U+007F become %XX, ill-formed UTF-8 bytes likewise. The one rule used by every publisher of
 * ours. Returns the length written without the terminating zero, or -EMSGSIZE. Ctx: any.
 */
int rh_topic_encode_level(const void *bytes, size_t len, char *out, size_t room);

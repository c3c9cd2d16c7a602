#pragma once

/*
 * A slow reference for the filters of every dialect, written from the dialects' own texts alone: it
 * works on the text of a filter, recursively, without tokens or canonical bytes, and shares no code
 * with the dataplane. Not for hostile input: many '**' take exponential time.
 *
 * Topics are native text, levels between '/'; the empty text is the topic of no level, which only
 * amqp has. Dialects are the wire's numbers. Ctx of everything: any.
 */

#include <stdbool.h>
#include <stddef.h>

enum ref_dialect { REF_MQTT, REF_SOLACE, REF_NATS, REF_ZENOH, REF_AMQP, REF_DIALECT_COUNT };

/* Groups and exceptions are not valid here. */
bool ref_dialect_filter_valid(enum ref_dialect dialect, const char *filter, size_t len);
/* Both must be valid. */
bool ref_dialect_matches(enum ref_dialect dialect, const char *filter, size_t filter_len,
	const char *topic, size_t topic_len);

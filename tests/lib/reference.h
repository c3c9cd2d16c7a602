#pragma once

/*
 * A slow reference for matching, written from the MQTT specification alone: its own splitting, its
 * own UTF-8, no code of the dataplane. It is the judge of unit tests and of perf; speed is no
 * concern here.
 *
 * Ctx of everything: any one thread at a time. Out of memory ends the process: these are tests.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* UTF-8 (RFC 3629) without U+0000. */
bool ref_text_valid(const char *text, size_t len);
/* MQTT 5.0 section 4.7.3, with the product's limits (1024 bytes, 128 levels). */
bool ref_topic_valid(const char *topic, size_t len);
/* Section 4.7.1; shared subscriptions and exceptions are not valid here. */
bool ref_filter_valid(const char *filter, size_t len);
/* Both must be valid. Section 4.7.1 to 4.7.3, [MQTT-4.7.2-1]. */
bool ref_matches(const char *filter, size_t filter_len, const char *topic, size_t topic_len);

/* A set of subscriptions: who gets an event, once each. */
struct ref_set;
struct ref_set *ref_set_create(void);
void ref_set_destroy(struct ref_set *set);
/* @pattern 0: no content expression. @filter is copied. Returns a handle. */
size_t ref_set_add(struct ref_set *set, uint16_t tenant, const char *filter, size_t len,
	uint32_t session, uint32_t pattern);
/* It subtracts from its session's others, whatever the payload, instead of asking for events. */
void ref_set_except(struct ref_set *set, size_t handle);
/* Its handle may be given again. */
void ref_set_del(struct ref_set *set, size_t handle);

/* Does the event's payload satisfy @pattern? */
typedef bool (*ref_verdict)(void *arg, uint32_t pattern);
/*
 * The sessions that get exactly one copy, ascending. @out has room for @room; returns how many
 * there are. @verdict may be NULL when no subscription has a pattern.
 */
size_t ref_set_receivers(const struct ref_set *set, uint16_t tenant, const char *topic, size_t len,
	ref_verdict verdict, void *arg, uint32_t *out, size_t room);

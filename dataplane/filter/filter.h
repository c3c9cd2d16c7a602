#pragma once

/*
 * Topic filters in the one internal form that every dialect converts to (docs/filters.md): a list
 * of tokens. MQTT uses LIT, ONE and TAIL0; the other kinds exist for the dialects that come next
 * and are handled by matching from the start.
 */

#include "dataplane/base/error.h"
#include "dataplane/filter/topic.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum rh_dialect { RH_DIALECT_MQTT = 0, RH_DIALECT_COUNT };

enum rh_token_kind {
	RH_TOKEN_LIT,	/* exactly this level */
	RH_TOKEN_ONE,	/* any one level, also an empty one */
	RH_TOKEN_TAIL0, /* this level and all below; zero or more levels; last token */
	RH_TOKEN_KIND_COUNT
};

struct rh_token {
	uint8_t kind;	/* enum rh_token_kind */
	uint16_t start; /* of a LIT, into text */
	uint16_t size;
};

struct rh_filter {
	char text[RH_FILTER_MAX +
		  1]; /* canonical native text, terminated; equal text = equal filter */
	uint16_t len;
	uint16_t tokens;
	bool hides_dollar; /* first token is a wildcard: does not match topics that start with '$'
			      [MQTT-4.7.2-1] */
	struct rh_token token[RH_LEVELS_MAX + 1];
};

/*
 * Parse and check a filter. MQTT 3.1.1 and 5.0 section 4.7. `$share/` and `$queue/` are refused
 * with -ENOTSUP (shared subscriptions come later and must not be taken as plain); everything else
 * wrong is -EINVAL. @err names position, what is wrong and what would be right, in one line.
 *
 * Ctx: any; no allocation. After a refusal *@out is undefined.
 */
int rh_filter_parse(enum rh_dialect dialect, const char *text, size_t len, struct rh_filter *out,
	struct rh_error *err);

/* Does @filter match @topic? Plain and exact; the workers' index is tested against a reference, not
 * against this. Ctx: any. */
bool rh_filter_matches(const struct rh_filter *filter, const struct rh_topic *topic);

/*
 * Why @filter does not match @topic, as one sentence for people; false, and @out untouched, when it does match.
 * @out is always terminated; 160 bytes hold any sentence, long levels are cut. Ctx: any; no allocation.
 */
bool rh_filter_why_not(
	const struct rh_filter *filter, const struct rh_topic *topic, char *out, size_t room);

/* -ENOENT when unknown. */
int rh_dialect_from_name(const char *name, enum rh_dialect *out);
const char *rh_dialect_name(enum rh_dialect dialect);

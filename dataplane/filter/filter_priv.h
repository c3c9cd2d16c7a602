#pragma once

/*
 * What every dialect of the filter room shares.
 */

#include "dataplane/filter/filter.h"

/* Append a token; the caller has checked that a slot is free. */
static inline void rh_filter_push(
	struct rh_filter *filter, enum rh_token_kind kind, size_t start, size_t size)
{
	filter->token[filter->tokens++] = (struct rh_token){
		.kind = (uint8_t)kind,
		.start = (uint16_t)start,
		.size = (uint16_t)size,
	};
}

/* Does level @i of @topic fit token @i of @filter? Both have it. */
bool rh_filter_level_fits(const struct rh_filter *filter, const struct rh_topic *topic, size_t i);

/* rh_filter_parse of RH_DIALECT_MQTT. */
/* Does level @i of @topic fit token @i of @filter? Both have it. */
bool rh_filter_level_fits(const struct rh_filter *filter, const struct rh_topic *topic, size_t i);

int rh_filter_parse_mqtt(const char *text, size_t len, struct rh_filter *out, struct rh_error *err);

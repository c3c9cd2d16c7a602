#pragma once

/*
 * What rhumb-perf-typed measures: the same filters over attributes as CESQL contents of the router's table and in the counting matcher, and events for both.
 */

#include "perf/bench/counting.h"

#include "dataplane/match/match_lookup.h"

#define TYPED_BURST	 32 /* events that the worker matches at once */
#define TYPED_ATTRIBUTES 512 /* bytes of an event's attributes on the wire; ten of them take half */

struct typed_options {
	uint32_t filters, sessions, events, names, values, windows;
	uint32_t core;
	double seconds;	      /* of a window, and of the check */
	uint64_t seed;
};

struct typed_event {
	struct ssbg_attribute attribute[SSBG_ATTRIBUTES_MAX];
	uint32_t count;
	uint16_t wire_len;
	uint8_t margin[64]; /* readable in front of the bytes, as in a record */
	uint8_t wire[TYPED_ATTRIBUTES];
};

struct typed {
	struct typed_options opt;
	struct ssbg ssbg;
	struct counting *counting;
	struct dp_table *table;
	struct dp_match *match;
	struct typed_event *events;
	uint32_t checked; /* events that were, a multiple of TYPED_BURST: only those are timed */
	uint32_t naive;	  /* of them, against the reference that looks at every filter */
	uint64_t matched, receivers; /* of the checked events: filters and sessions */
	uint32_t *out;		     /* sessions */
	double rhumb_seconds, counting_seconds; /* to build */
};

/* 0 or a negative errno with a sentence; typed_fini accepts what was half made. Ctx: an RCU reader that is online. */
int typed_init(struct typed *t, const struct typed_options *opt, struct rh_error *err);
void typed_fini(struct typed *t);

/*
 * Event after event, until the time of a window is over: the sessions that the router's matcher finds are those of both counting matchers, and for the first ones those of the reference.
 * 0 or -EINVAL with the first event that differs.
 */
int typed_check(struct typed *t, struct rh_error *err);
/* Events @first to @first + TYPED_BURST - 1 through the router's matcher. */
void typed_match(struct typed *t, uint32_t first, struct dp_match_result *results);

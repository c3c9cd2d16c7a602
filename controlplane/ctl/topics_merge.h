#pragma once

/*
 * Topics of all workers put together, pass by pass, with the rates between two passes. Ctx of
 * everything: control loop.
 */

#include "dataplane/api/topics.h"
#include "dataplane/base/htable.h"

#include <stdbool.h>

/* More topics than this are counted, not kept: some 40 MB. */
#define CTL_TOPICS_MAX 262144u

struct ctl_topic {
	struct rh_hnode node;
	uint32_t pass; /* the last that had it */
	uint16_t tenant, topic_len;
	/* A source is a worker and a profile. A pass gives the rows of one after the other; of two
	 * rows of a source the later one counts. */
	uint32_t source;
	uint32_t sources;
	uint32_t worker; /* of the source with the most events */
	uint32_t receivers;
	uint64_t source_events, source_bytes, most_events;
	uint64_t events, bytes; /* of all sources */
	uint64_t since_tsc;	/* the latest of the sources */
	uint64_t last_tsc;
	uint64_t read_tsc;
	/* the pass before */
	uint64_t was_events, was_bytes, was_tsc;
	double events_per_s, bytes_per_s;
	char topic[];
};

struct ctl_merge {
	struct rh_htable table;
	uint64_t seed;
	uint64_t tsc_hz;
	uint32_t pass;
	uint64_t began_tsc, before_tsc; /* this pass, the one before */
	uint64_t torn;			/* rows of this pass that could not be read */
	uint64_t left_out;		/* rows beyond CTL_TOPICS_MAX, or without memory */
};

/* @tsc_hz: as rh_tsc_hz. -ENOMEM. */
int ctl_merge_init(struct ctl_merge *merge, uint64_t tsc_hz);
/* Accepts a zeroed one. */
void ctl_merge_fini(struct ctl_merge *merge);

void ctl_merge_begin(struct ctl_merge *merge, uint64_t now_tsc);
/* A dp_topic_cb. */
void ctl_merge_row(void *merge, const struct dp_topic_row *row);
/* Forgets what had no row in this pass, and makes rates. */
void ctl_merge_end(struct ctl_merge *merge);

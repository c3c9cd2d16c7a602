#pragma once

/*
 * What rhumb-perf-hostile measures: two lanes of the same shape, workload and hostile datagrams; the hostile tenant of lane 0 has content subscriptions, that of lane 1 has none. One thread is worker of both
 * lanes and builder, as in content.h.
 */

#include "perf/bench/path.h"

#include "dataplane/frame/event.h"

#include <hs/hs.h>

#define HOSTILE_TENANT	      8	    /* of lane 0, and the next one of lane 1; the others are below */
#define HOSTILE_EVENTS	      160   /* of a pass: more than duplicate suppression looks back */
#define HOSTILE_PAYLOAD	      RH_PAYLOAD_MAX
#define HOSTILE_SLICE	      1424  /* bytes of a fragment, so that a frame is full */
#define HOSTILE_BAITS_MAX     256
#define HOSTILE_BAIT_MAX      256
#define HOSTILE_BURST	      32

struct hostile_lane {
	dp_session_id_t publisher, subscriber;
	uint32_t wire, check;
};

struct hostile {
	struct path path;
	struct path_hooks hooks;
	struct hostile_lane lane[PATH_LANES];
	uint8_t *payload; /* the worst of those tried */
	char kind[64];	  /* how it was made */
	double cycles_per_byte; /* of bare hs_scan over it */
	uint64_t bare_hits;	/* patterns that hs_scan finds in it */
	void *serialized;
	size_t serialized_len;
	uint32_t patterns;
	char (*bait)[HOSTILE_BAIT_MAX];
	uint32_t baits;
	uint8_t *record; /* of the event under way */
	uint32_t record_len, fragments, hostile_datagrams;
	uint64_t got[PATH_LANES], refused[PATH_LANES]; /* copies of the hostile tenant, and events of it, in the end */
};

/* Files of --patterns, the worst payload, and @opt as this program wants it. 0 or a negative errno with a sentence. */
int hostile_options(struct hostile *h, const struct path_options *opt, struct path_options *out, struct rh_error *err);
/* After path_init: the hostile tenant's subscriptions on lane 0. Likewise. */
int hostile_subscribe(struct hostile *h, struct rh_error *err);
/* Path included; accepts what was half made. */
void hostile_fini(struct hostile *h);

/* The payload that takes hs_scan longest: every bait over and over, all of them by turns, prose, single letters. Sets payload, kind, cycles_per_byte. 0 or a negative errno with a sentence. */
int hostile_payload_find(struct hostile *h, struct rh_error *err);

/* Datagrams of a pass, the hostile ones included. */
static inline uint32_t hostile_datagrams(const struct hostile *h)
{
	return h->path.opt.workload.datagrams + h->hostile_datagrams;
}

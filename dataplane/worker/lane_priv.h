#pragma once

/*
 * The content lane: one thread for all workers, beside them, that matches the events of tenants whose content is beyond its share of a worker's core
 * (node/lane.h). Everything here is that thread's, unless a field says otherwise.
 *
 * Each tenant has a queue, first in, first out, over all workers. Served by deficit round robin in TSC cycles: a tenant's turn ends when it has used its quantum,
 * and what an event took beyond that is taken from its next turns. So a hundred cheap events do not wait behind a dear one of another tenant's more than once.
 */

#include "dataplane/node/lane.h"
#include "dataplane/worker/engine_priv.h"

#include <pthread.h>

#define DP_LANE_NONE UINT32_MAX

/* An event that waits for its tenant's turn. */
struct dp_lane_node {
	struct dp_lane_event event;
	uint32_t worker;
	uint32_t next;
};

struct dp_lane_queue {
	uint32_t head, tail; /* nodes */
	uint32_t next;	     /* tenant with the next turn */
	bool waits;	     /* in the round */
	int64_t deficit;     /* cycles it may still use; below 0: it has used its next turns' */
};

struct dp_lane {
	struct dp_engine *eng;
	struct dp_match *match;
	struct dp_lane_node *node; /* as many as may wait, of all workers */
	uint32_t node_count, node_free, node_fresh;
	uint32_t first, last; /* tenants with events, in turn */
	struct dp_lane_queue *queue; /* DP_LIMIT_TENANTS */
	/* Made, but its worker's ring had no room yet. */
	struct dp_lane_answer *answer;
	uint32_t answer_worker;
	bool answer_waits;

	int bell;	/* eventfd */
	uint32_t armed; /* the lane sets it before it sleeps until the bell, who rings clears it */
	pthread_t thread;  /* control */
	bool started;	   /* control */
	uint32_t stopping; /* release by control */
	uint32_t ended;	   /* release by the lane */
};

/* lane_serve.c. Ctx: the lane's thread; a test's or control's that is RCU-registered, while there is none. Returns whether there was work. */
bool dp_lane_poll_once(struct dp_lane *lane);
/* The next event that waits, of any tenant; false: none. Ctx: control, when neither workers nor lane run. */
bool dp_lane_take(struct dp_lane *lane, struct dp_lane_event *event, uint32_t *worker);

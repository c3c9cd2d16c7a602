#pragma once

/*
 * The workload of scenario `hot`, made from a seed: 100,000 topics with Zipf(1.0) popularity, 10,000 subscriptions, half of
 * them with wildcards, of which exactly one matches each topic; 64 publishers, 1,000 subscriber sessions with ten subscriptions each.
 *
 * Subscription s of the exact half asks for the one topic "plant/e<s>/line/a/temp"; one of the wildcard half asks
 * for a family of 19 topics in one of three shapes ("plant/w<s>/#", "plant/w<s>/+/<n>/temp" for all its topics, "+/v<s>/#").
 */

#include "perf/gen/zipf.h"

#include <stdbool.h>
#include <stdint.h>

#define WORKLOAD_TOPICS	       100000
#define WORKLOAD_SUBSCRIPTIONS 10000
#define WORKLOAD_PUBLISHERS    64
#define WORKLOAD_SUBSCRIBERS   1000
#define WORKLOAD_EVENTS	       16384 /* the reference forwarder sees a trace of the same length */
#define WORKLOAD_TEXT_MAX      48
#define WORKLOAD_NOBODY	       UINT32_MAX

struct workload {
	char (*topics)[WORKLOAD_TEXT_MAX];  /* WORKLOAD_TOPICS, by popularity */
	char (*filters)[WORKLOAD_TEXT_MAX]; /* WORKLOAD_SUBSCRIPTIONS; subscription s belongs to subscriber s % WORKLOAD_SUBSCRIBERS */
	uint32_t *event_topic;		    /* WORKLOAD_EVENTS; event e comes from publisher e % WORKLOAD_PUBLISHERS */
	uint64_t seed;
};

/*
 * The first event of each publisher goes to "plant/restart", which nobody asked for: when the trace repeats, duplicate
 * suppression spends exactly that one to see the numbering restart (docs/protocol.md), and every copy counter is passes times the
 * reference.
 */
static inline bool workload_is_restart(uint32_t event)
{
	return event < WORKLOAD_PUBLISHERS;
}

const char *workload_topic(const struct workload *w, uint32_t event);

/* 0 or -ENOMEM. */
int workload_init(struct workload *w, uint64_t seed);
void workload_fini(struct workload *w);

/*
 * What the reference matcher says: receiver[e] is the subscriber of event e, WORKLOAD_NOBODY for the restart events. Every other topic
 * must have exactly one: -EINVAL with the topic printed when the workload is wrong.
 */
int workload_reference(const struct workload *w, uint32_t *receiver);

#pragma once

/*
 * A workload made from a specification and a seed: topics with a popularity, subscriptions of which exactly one distinct filter
 * matches each topic (and those that match every topic, where there are any), so many subscribers of that filter, publishers and subscribers.
 *
 * Subscriptions come in groups of `copies` with the same filter and different subscribers. Distinct filter f of the exact ones asks for the one topic
 * "plant/e<f>/line/a/temp"; one of the wildcard ones asks for a family of topics in one of three shapes ("plant/w<f>/#",
 * "plant/w<f>/+/+/temp", "+/v<f>/#"). Texts are computed, not kept: ten million filters cost nothing here.
 *
 * With tenants, filter f, its topics and its subscriber belong to tenant f % tenants, a publisher to its number % tenants and sends topics
 * of its own tenant alone. Every tenant has the same texts, so that a leak from one into another would be counted.
 *
 * The other families (workload_deep.c) have six levels, one topic for each filter, and each level of a filter may be a wildcard.
 */

#include "dataplane/base/error.h"
#include "perf/gen/zipf.h"

#include <stdbool.h>
#include <stdint.h>

#define WORKLOAD_TEXT_MAX 48
#define WORKLOAD_NOBODY	  UINT32_MAX

enum workload_family {
	WORKLOAD_PLANT, /* the three shapes above */
	WORKLOAD_EXACT, /* six levels, no wildcard */
	WORKLOAD_SHAPES, /* every mask of + over six levels, and over one to five levels with a # behind */
	WORKLOAD_HOSTILE, /* every mask of + over the six levels that all topics have in common, each followed by #: all match everything */
	WORKLOAD_MIXED, /* filters of 40 bytes on average: 40 % exact, 50 % with +, 10 % with # */
	WORKLOAD_FAMILY_COUNT
};

struct workload_spec {
	enum workload_family family;
	uint32_t tenants; /* 0 and 1: one. More: whole numbers of everything for each, and one copy */
	uint32_t topics;	/* distinct; no fewer than distinct filters, and a whole number for each wildcard filter */
	double zipf;		/* exponent of popularity; 0: uniform */
	uint32_t subscriptions; /* a multiple of copies */
	uint32_t wildcards;	/* percent of the distinct filters */
	uint32_t copies;	/* receivers of each event, up to subscribers */
	uint32_t publishers, subscribers;
	uint32_t datagrams;	/* of the trace; a multiple of publishers */
	uint32_t events;	/* in one datagram */
	uint32_t burst; /* not 0: half of the topics have content, see workload_burst_kind; plant family, one tenant, an even number of topics */
	uint32_t lane;		/* 0 or 1: workloads of different lanes share no topic and no filter */
	uint64_t seed;
};

/* Scenario `hot`: 10,000 subscriptions, half with wildcards, one match each; the reference forwarder sees a trace of the same length. */
#define WORKLOAD_HOT                                                                               \
	((struct workload_spec){.topics = 100000, .zipf = 1.0, .subscriptions = 10000,             \
		.wildcards = 50, .copies = 1, .publishers = 64, .subscribers = 1000,               \
		.datagrams = 16384, .events = 1})

struct workload {
	struct workload_spec spec;
	uint32_t filters;	/* distinct */
	uint32_t exact;		/* of them, without wildcards: numbers 0 to exact - 1 */
	uint32_t family;	/* topics of each wildcard filter */
	uint32_t tenants;	/* at least 1 */
	uint32_t catch_all;	/* filters 0 to catch_all - 1 match every topic; the last subscriber has them and no other */
	uint32_t *by_rank;	/* topic number by popularity */
	uint32_t *event_topic;	/* of each event of the trace: topic number */
};

/* 0, -EINVAL with a sentence for a specification that cannot be, -ENOMEM. */
int workload_init(struct workload *w, const struct workload_spec *spec, struct rh_error *err);
/* Accepts what was half made. */
void workload_fini(struct workload *w);

/* Events of the trace: datagrams times events. */
static inline uint32_t workload_events(const struct workload *w)
{
	return w->spec.datagrams * w->spec.events;
}

/* Datagram d comes from publisher d % publishers. */
static inline uint32_t workload_publisher(const struct workload *w, uint32_t event)
{
	return event / w->spec.events % w->spec.publishers;
}

/* The sequence of @event among its publisher's events of one pass, from 1. */
static inline uint64_t workload_sequence(const struct workload *w, uint32_t event)
{
	uint32_t datagram = event / w->spec.events;

	return (uint64_t)(datagram / w->spec.publishers) * w->spec.events + event % w->spec.events + 1;
}

/*
 * The first event of each publisher goes to "plant/restart" or "$restart", which nobody asked for: when the trace repeats, duplicate
 * suppression spends exactly that one to see the numbering restart (docs/protocol.md), and every copy counter is passes times the
 * reference.
 */
static inline bool workload_is_restart(const struct workload *w, uint32_t event)
{
	return event % w->spec.events == 0 && event / w->spec.events < w->spec.publishers;
}

/*
 * With spec.burst, topics of odd number have "text" for their third level instead of "line": those with content, for which a filter ROOT/+/text/# (workload_content_filter) may ask beside the
 * others. Each run of so many events has topics with content alone, of both kinds by turns, without content alone, again of both kinds, and so on.
 */
enum workload_burst { WORKLOAD_BURST_CONTENT, WORKLOAD_BURST_BOTH, WORKLOAD_BURST_PLAIN, WORKLOAD_BURST_COUNT };

static inline enum workload_burst workload_burst_kind(const struct workload *w, uint32_t event)
{
	uint32_t turn = event / w->spec.burst % 4;

	return turn % 2 ? WORKLOAD_BURST_BOTH : turn ? WORKLOAD_BURST_PLAIN : WORKLOAD_BURST_CONTENT;
}

/* Does the topic of @event, which is no restart, have content? */
static inline bool workload_has_content(const struct workload *w, uint32_t event)
{
	return w->spec.burst && !workload_is_restart(w, event) && w->event_topic[event] % 2;
}

/* The filter that matches the topics with content, and no other, into @out (WORKLOAD_TEXT_MAX); returns its length. */
uint32_t workload_content_filter(const struct workload *w, char *out);
/* Text of @event's topic into @out (WORKLOAD_TEXT_MAX); returns its length. */
uint32_t workload_topic(const struct workload *w, uint32_t event, char *out);
/* Text of subscription @s, which belongs to workload_subscriber(w, s). */
uint32_t workload_filter(const struct workload *w, uint32_t s, char *out);
uint32_t workload_subscriber(const struct workload *w, uint32_t s);
uint32_t workload_tenant(const struct workload *w, uint32_t s);

/*
 * By construction: event @e is due to workload_copies(w, e) subscribers, the @k-th of them workload_receiver(w, e, k). No subscriber
 * stands twice.
 */
uint32_t workload_copies(const struct workload *w, uint32_t event);
uint32_t workload_receiver(const struct workload *w, uint32_t event, uint32_t k);

/*
 * Ask the reference matcher whether the construction holds: every distinct topic of the trace against every distinct filter, or as many topics,
 * spread over the trace, as @most comparisons allow (at least 16). *@topics: how many were asked for; *@all: that was every one.
 * 0, or -EINVAL with the topic and what was found.
 */
int workload_check(const struct workload *w, uint64_t most, uint32_t *topics, bool *all,
	struct rh_error *err);

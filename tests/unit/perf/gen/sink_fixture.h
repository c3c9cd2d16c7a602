#pragma once

/*
 * A small trace with classes, options, attributes and receivers, and a router that delivers copies
 * of it as docs/protocol.md 4.1 lets it: hop limit one less, its own tenant, time to live shorter,
 * length 0 where it came in fragments.
 */

#include "perf/gen/sink.h"
#include "perf/gen/stamp.h"
#include "tests/lib/random.h"

#define FIXTURE_PLACES	    24
#define FIXTURE_PUBLISHERS  3
#define FIXTURE_SUBSCRIBERS 10
#define FIXTURE_RECORD_MAX  700
#define FIXTURE_TTL_MS	    5000

struct fixture {
	struct place places[FIXTURE_PLACES];
	uint8_t records[FIXTURE_PLACES][FIXTURE_RECORD_MAX];
	uint32_t receivers[FIXTURE_PLACES][FIXTURE_SUBSCRIBERS];
	struct sink_spec spec;
	struct sink *sink;
};

/* Half of the places live for ever, half FIXTURE_TTL_MS. Place 0 has the receivers 1, 3, 5; place 1
 * nobody. */
void fixture_init(struct fixture *f, struct rnd *rnd, bool reflect);
void fixture_fini(struct fixture *f);

/* The record as it leaves for the router. */
void fixture_send(const struct fixture *f, const struct stamp *s, uint8_t *out);
/* As it comes to a subscriber, with what the router writes drawn from @rnd; as sent with reflect.
 */
void fixture_route(const struct fixture *f, struct rnd *rnd, const struct stamp *s, uint8_t *out);
bool fixture_receives(const struct fixture *f, uint32_t place, uint32_t subscriber);

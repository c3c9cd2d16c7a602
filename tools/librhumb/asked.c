/*
 * Which subscriptions are one. To the router they are when their filters have one canonical form (docs/filters.md), whatever they
 * were written in, so they are here: else one would be thought active that the other has ended. What cannot be parsed here a
 * later router may know; its text has to do.
 */
#include "tools/librhumb/rhumb_priv.h"

#include "dataplane/base/hash.h"
#include "dataplane/filter/filter.h"

#include <assert.h>
#include <string.h>

static_assert((int)RHUMB_MQTT == RH_DIALECT_MQTT && (int)RHUMB_SOLACE == RH_DIALECT_SOLACE &&
	(int)RHUMB_NATS == RH_DIALECT_NATS && (int)RHUMB_ZENOH == RH_DIALECT_ZENOH && (int)RHUMB_AMQP == RH_DIALECT_AMQP &&
	RH_DIALECT_COUNT == 5, "rhumb.h has the numbers of the wire");

static bool filter_of(const struct rhumb_subscription *asked, struct rh_filter *out)
{
	return rh_filter_parse((enum rh_dialect)asked->dialect, asked->filter, strlen(asked->filter), out, NULL) == 0 &&
		!out->grouped;
}

uint64_t rhc_asked_hash(const struct rhumb_subscription *asked)
{
	uint64_t seed = asked->regex ? rh_hash(asked->regex, strlen(asked->regex), 1) : 0;
	struct rh_filter filter;

	if (!filter_of(asked, &filter))
		return rh_hash(asked->filter, strlen(asked->filter), seed);
	return rh_hash(filter.canon, filter.len, seed ^ filter.except);
}

static bool same_text(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

bool rhc_asked_same(const struct rhumb_subscription *a, const struct rhumb_subscription *b)
{
	struct rh_filter f, g;

	if (!same_text(a->regex, b->regex))
		return false;
	if (a->dialect == b->dialect && strcmp(a->filter, b->filter) == 0)
		return true;
	return filter_of(a, &f) && filter_of(b, &g) && f.except == g.except && f.len == g.len &&
		memcmp(f.canon, g.canon, f.len) == 0;
}

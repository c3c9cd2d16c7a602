#pragma once

/*
 * Subscriptions as the dataplane sees them. The registry in controlplane/subs owns names and texts; this room turns
 * them into the topic index, the subscriber sets, the pattern database and the snapshot that workers load.
 *
 * One writer: everything but the readers below is Ctx: builder, RCU-registered and online. The builder reports a quiescent
 * state (rh_rcu_quiescent) after each publish and every few hundred updates: it keeps replaced sets alive like any reader.
 *
 * An update becomes effective by dp_table_publish, which raises the generation; an acknowledgement may go out when
 * dp_engine_seen(generation) says that every worker has loaded it (activation is not reclamation).
 */

#include "dataplane/api/limits.h"
#include "dataplane/base/error.h"
#include "dataplane/cesql/tree.h"
#include "dataplane/filter/filter.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct dp_samples;
struct dp_table;
typedef uint32_t dp_sub_id_t;	  /* slot of a subscription; reused after a grace period with another tag */
typedef uint32_t dp_session_id_t; /* slot of a session (not the wire's session number) */
typedef uint32_t dp_pattern_id_t; /* of a tenant's payload pattern, from 1 */
typedef uint32_t dp_content_id_t; /* of a content expression, from 1; 0: none */

#define DP_SUB_NONE UINT32_MAX

struct dp_table_conf {
	uint64_t seed;		/* 0: drawn at random; given only by tests that print it */
	uint32_t cache_entries; /* result cache of one worker; power of two; 0 switches it off */
	uint32_t max_workers;
};

int dp_table_create(const struct dp_table_conf *conf, struct dp_table **out, struct rh_error *err);
/* Ctx: builder, after every worker has stopped. Accepts NULL. */
void dp_table_destroy(struct dp_table *table);

/*
 * Add a subscription of @session in @tenant. @content was added by dp_table_content_add for that tenant. Not visible
 * to acknowledgements before the next publish, but a worker may use it at once: one filter is one atomic update.
 * 0, -ENOSPC (DP_LIMIT_SUBSCRIPTIONS), -ENOMEM. Ctx: builder.
 */
int dp_table_sub_add(struct dp_table *table, uint16_t tenant, const struct rh_filter *filter,
	dp_session_id_t session, dp_content_id_t content, dp_sub_id_t *out, struct rh_error *err);
/* After the next publish no worker finds it and queued copies for it alone are dropped as `unsubscribed`. -ENOENT. */
int dp_table_sub_del(struct dp_table *table, dp_sub_id_t sub);

/* What was added as a subscription. */
struct dp_sub_info {
	const char *filter; /* canonical bytes, the table's: until the caller's next quiescent state */
	uint16_t len;
	uint16_t tenant;
	bool except;
	dp_session_id_t session;
	dp_content_id_t content;
};
/*
 * Of one that dp_table_sub_add gave and that nobody has removed since. -ENOENT for a number that is free.
 * Ctx: any thread under RCU that learned of the addition by a hand-over from the builder.
 */
int dp_table_sub_info(const struct dp_table *table, dp_sub_id_t sub, struct dp_sub_info *out);

/*
 * What a subscription costs, in estimates (docs/topic-index.md, Prices): what would be saved if it went and all others
 * stayed.
 */
struct dp_sub_price {
	uint32_t every_cycles; /* for each event of its tenant whose topic has as many levels as it wants */
	uint32_t match_cycles; /* more for each event that it matches */
	uint32_t bytes;	       /* held by the table for it alone */
};
/* Of one that was added and not removed since. -ENOENT. Ctx: builder. */
int dp_table_sub_price(const struct dp_table *table, dp_sub_id_t sub, struct dp_sub_price *out);

/*
 * A tenant's payload patterns are those of all its tiers, each a database serialized by the compile helper (tools/hsc). This replaces one tier
 * (below DP_LIMIT_PATTERN_TIERS; @len 0: empties it) by a database for ids 1..@max_pattern and leaves the others as they are, shared and not copied; an
 * id may be in several. Allocates scratch for every worker before it is published. All changes since the last publish take effect together with the
 * next. @serialized is copied. 0, -EINVAL when Hyperscan refuses the bytes, -ENOMEM. Ctx: builder.
 */
int dp_table_patterns_set(struct dp_table *table, uint16_t tenant, uint32_t tier, const void *serialized, size_t len,
	uint32_t max_pattern, struct rh_error *err);

/*
 * What the published databases of @tenant cost together, scanned one after the other as workers do: 1/100 cycle a byte on @samples
 * (dataplane/base/typical.h). Takes some milliseconds where they are dear. 0, -ENOENT without databases or samples. Ctx: builder.
 */
int dp_table_patterns_cost(
	struct dp_table *table, uint16_t tenant, const struct dp_samples *samples, uint32_t *centicycles);

/*
 * From now on content @id, 1 to DP_LIMIT_CONTENTS, is the expression @tree, which is copied; @patterns has, for each
 * node that rh_cesql_pattern_next finds in it, the number of that pattern: dp_table_patterns_set has installed it, and it
 * keeps its meaning as long as the content exists. With a NULL @tree the content is @patterns[0] in the payload. Equal predicates of all expressions are one in the table. 0, -EINVAL, -EEXIST, -E2BIG,
 * -ENOMEM. Ctx: builder.
 */
int dp_table_content_add(struct dp_table *table, uint16_t tenant, dp_content_id_t id, const struct rh_cesql_tree *tree,
	const dp_pattern_id_t *patterns, struct rh_error *err);
/* The number may be given again at once. -ENOENT, -EBUSY while a subscription has it. Ctx: builder. */
int dp_table_content_del(struct dp_table *table, dp_content_id_t id);

/* Make all updates since the last call effective; returns the new generation. Never blocks. Ctx: builder. */
uint64_t dp_table_publish(struct dp_table *table);

/*
 * Take back, of what was removed and what no worker can still be looking at, so much that it takes a fraction of a millisecond. A publish
 * does it too; without one it is the caller's to go on, so that memory comes back when nothing changes any more. Ctx: builder.
 */
enum dp_collect {
	DP_COLLECT_DONE, /* nothing is left */
	DP_COLLECT_WAIT, /* the rest is with workers: in some milliseconds */
	DP_COLLECT_MORE, /* at once, if nothing else is to be done */
};
enum dp_collect dp_table_collect(struct dp_table *table);
/* Ctx: any. */
uint64_t dp_table_generation(const struct dp_table *table);

/* Version of the pattern engine; static. Ctx: any. */
const char *dp_table_hs_version(void);
/* What serialized databases are made for, as text that is equal only where they may be used: the pattern engine's version and the kind of
 * processor. Ctx: any. */
void dp_table_database_kind(char *out, size_t size);

struct dp_table_stats {
	uint64_t subscriptions, filters, shapes, sets, patterns;
	uint64_t bytes; /* held by index, sets and subscriptions */
	uint64_t updates, publishes;
};

/* Ctx: any. */
void dp_table_stats(const struct dp_table *table, struct dp_table_stats *out);

/*
 * Which subscriptions would get this event, why not, and what it costs: walks the live index slowly, beside the workers, and
 * evaluates expressions. Calls @cb for every subscription whose filter matches the topic. Cycles are estimates, of a topic that the
 * result cache does not know.
 *
 * Ctx: builder (it owns a scratch of its own). 0, -EINVAL for a topic that nobody may publish.
 */
enum dp_explain_verdict {
	DP_EXPLAIN_DELIVER,	    /* the copy for this session is due to this subscription */
	DP_EXPLAIN_SAME_SESSION,    /* matches, but another subscription of the session already makes the copy */
	DP_EXPLAIN_CONTENT_MISSED,  /* topic matches, the content expression does not */
	DP_EXPLAIN_CONTENT_UNKNOWN, /* topic matches, no payload or no attributes were given to decide */
	DP_EXPLAIN_EXCEPTS,	    /* an exception of the session that matches the topic */
	DP_EXPLAIN_EXCEPTED,	    /* matches, but an exception of the session takes the copy away */
};
struct dp_explain_row {
	dp_sub_id_t sub;
	dp_session_id_t session;
	dp_content_id_t content;
	enum dp_explain_verdict verdict;
	uint32_t cost_cycles; /* its filter, with the first row of each, or its place in the set; its copy */
};
struct dp_explain_cost {
	uint32_t shapes;   /* probed */
	uint32_t compared; /* filters, of these shapes and with the topic's key */
	uint32_t matched;  /* of them */
	uint32_t scans;	   /* of the payload: 0 or 1; without a payload, if it would be needed */
	uint32_t copies;
	uint32_t cycles; /* of all that, the topic itself included */
};
typedef void (*dp_explain_cb)(void *arg, const struct dp_explain_row *row);
struct dp_explain_event {
	const char *topic;
	const void *payload;	/* NULL: not known */
	const void *attributes; /* as rh_attribute_put makes them; NULL: not known */
	size_t topic_len, payload_len, attributes_len;
	uint16_t tenant;
};
int dp_table_explain(struct dp_table *table, const struct dp_explain_event *event, dp_explain_cb cb, void *arg,
	struct dp_explain_cost *cost, struct rh_error *err);

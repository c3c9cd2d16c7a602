#pragma once

/*
 * Three threads meet here. The control loop owns every structure below and decides; the builder
 * thread executes changes of the table in the order they were pushed and publishes once a batch;
 * the compiler threads talk each to a compile helper of its own. Jobs travel by pointer and belong to the thread
 * that holds them.
 *
 * A request of a session: waits for those before it -> its filters and expressions are parsed and
 * their patterns looked up -> waits until each pattern is installed or refused -> its changes go to
 * the builder -> published -> every worker loaded it -> answered. Sessions do not wait for each other, so
 * topic-only requests pass those that wait for a compilation.
 *
 * A pattern: CHECKING (alone, by the helper, which makes a database of it) -> READY -> COMPILING (on its way to the
 * table) -> INSTALLED; LEAVING: nobody used it when a merge began, so what the merge makes lacks it. Its number is
 * used again only after every worker left the last database that held it, because a subscription becomes visible to
 * workers before the databases beside it.
 *
 * Databases of a tenant are runs, one in each tier of its table (pattern_runs.c says which become one when). A run never
 * changes; a merge makes one of several and replaces them in one publish, so a pattern is always in at least
 * one run from when it is INSTALLED until it leaves. Who holds a run (a merge, the builder) has it marked busy.
 */

#include "controlplane/subs/builder.h"
#include "controlplane/subs/compiler.h"
#include "controlplane/subs/content.h"
#include "controlplane/subs/keys.h"
#include "controlplane/subs/lane.h"
#include "controlplane/subs/pattern.h"
#include "controlplane/subs/records.h"
#include "controlplane/subs/registry.h"
#include "controlplane/subs/request.h"
#include "controlplane/subs/store.h"
#include "controlplane/subs/subs.h"
#include "controlplane/subs/tenant.h"
#include "dataplane/api/engine.h"
#include "dataplane/api/samples.h"

/* What the registry needs of the dataplane, as in dataplane/api; tests give their own. */
struct cp_subs_ops {
	int (*sub_add)(struct dp_table *table, uint16_t tenant, const struct rh_filter *filter,
		dp_session_id_t session, dp_content_id_t content, dp_sub_id_t *out,
		struct rh_error *err);
	int (*sub_del)(struct dp_table *table, dp_sub_id_t sub);
	int (*sub_info)(
		const struct dp_table *table, dp_sub_id_t sub, struct dp_sub_info *out);
	int (*sub_price)(
		const struct dp_table *table, dp_sub_id_t sub, struct dp_sub_price *out);
	int (*content_add)(struct dp_table *table, uint16_t tenant, dp_content_id_t id,
		const struct rh_cesql_tree *tree, const dp_pattern_id_t *patterns,
		struct rh_error *err);
	int (*content_del)(struct dp_table *table, dp_content_id_t id);
	int (*patterns_set)(struct dp_table *table, uint16_t tenant, uint32_t tier,
		const void *serialized, size_t len, uint32_t max_pattern, struct rh_error *err);
	uint64_t (*publish)(struct dp_table *table);
	enum dp_collect (*collect)(struct dp_table *table);
	uint64_t (*generation)(const struct dp_table *table);
	void (*stats)(const struct dp_table *table, struct dp_table_stats *out);
	int (*explain)(struct dp_table *table, const struct dp_explain_event *event, dp_explain_cb cb,
		void *arg, struct dp_explain_cost *cost, struct rh_error *err);
	uint64_t (*seen)(const struct dp_engine *eng);
	void (*database_kind)(char *out, size_t size);
	/* All NULL: there are no samples. */
	int (*samples_want)(struct dp_table *table, uint16_t tenant);
	void (*samples_forget)(struct dp_table *table, uint16_t tenant);
	void (*samples_read)(const struct dp_table *table, uint16_t tenant, struct dp_samples *out);
	int (*patterns_cost)(struct dp_table *table, uint16_t tenant, const struct dp_samples *samples, uint32_t *centicycles);
};

int cp_subs_create_with(uv_loop_t *loop, const struct cp_subs_ops *ops, struct dp_table *table,
	struct dp_engine *eng, const struct cp_conf *conf, struct cp_subs **out,
	struct rh_error *err);

struct cp_subs {
	const struct cp_subs_ops *ops;
	struct dp_table *table;
	struct dp_engine *eng;
	uint64_t seed;
	uint32_t subs_per_session, patterns_max, contents_max;
	uint64_t content_bytes_max; /* of a tenant */
	struct cp_tenant *tenants[DP_LIMIT_TENANTS];
	struct cp_subs_session *sessions[DP_LIMIT_SESSIONS];
	struct cp_records records;
	struct cp_keys keys; /* of all that are in the registry */
	struct cp_contents contents;
	struct cp_request *ack_head, *ack_tail; /* published, not yet loaded by every worker */
	struct cp_request *drop_head, *drop_tail; /* drops that wait for their turn */
	uint32_t drop_left; /* subscriptions that may yet be dropped in this turn of the loop */
	struct cp_lane builder;
	struct rh_cesql_tree tree; /* the builder's */
	struct cp_compiler compilers[CP_COMPILER_COUNT];
	uint32_t small_us;     /* up to here a pattern alone is small and not counted */
	uint32_t long_us_most; /* compile_us of a tenant */
	uint32_t centicycles_most; /* of a tenant's runs together */
	struct cp_store store;
	uint64_t quiet_ns; /* without a change, before all runs become one */
	size_t open_bytes; /* held by requests */
	struct cp_subs_stats stats;
	uv_async_t wake;
	uv_timer_t acks;
	uv_timer_t tidy; /* runs, while some tenant's may become one later */
	uv_timer_t sampling; /* while some tenant's payloads are sampled */
	uint32_t sampling_next; /* tenant whose turn to be measured is next */
	struct dp_samples *samples; /* on their way to a job */
	unsigned handles; /* not yet closed */
	bool closing;
};

#include "tests/unit/controlplane/subs/table_fixture.h"

#include "dataplane/base/rcu.h"

#include <criterion/criterion.h>

struct dp_table *table;
struct dp_match *match;

/* The worker loads a generation when it is asked for it. */
static uint64_t seen_now(const struct dp_engine *eng)
{
	(void)eng;
	return dp_match_begin(match);
}

static const struct cp_subs_ops ops = {dp_table_sub_add, dp_table_sub_del, dp_table_sub_info,
	dp_table_sub_price, dp_table_content_add, dp_table_content_del, dp_table_patterns_set, dp_table_publish, dp_table_collect,
	dp_table_generation, dp_table_stats, dp_table_explain, seen_now, dp_table_database_kind,
	dp_samples_want, dp_samples_forget, dp_samples_read, dp_table_patterns_cost};

void table_fixture_start(void)
{
	struct dp_table_conf table_conf = {.cache_entries = 1024, .max_workers = 1};
	struct rh_error err;

	rh_rcu_register();
	cr_assert_eq(dp_table_create(&table_conf, &table, &err), 0, "%s", err.text);
	cr_assert_eq(dp_match_create(table, 0, &match), 0);
	fixture_start_with(&ops, table);
}

void table_fixture_stop(void)
{
	fixture_stop();
	dp_match_destroy(match);
	dp_table_destroy(table);
	rh_rcu_barrier();
	rh_rcu_unregister();
}

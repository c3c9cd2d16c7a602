/*
 * The registry on the real dataplane. A file of its own, so that tests with a table of their own
 * need not link it.
 */
#include "controlplane/subs/subs_priv.h"

static const struct cp_subs_ops ops = {
	.sub_add = dp_table_sub_add,
	.sub_del = dp_table_sub_del,
	.sub_info = dp_table_sub_info,
	.sub_price = dp_table_sub_price,
	.content_add = dp_table_content_add,
	.content_del = dp_table_content_del,
	.patterns_set = dp_table_patterns_set,
	.publish = dp_table_publish,
	.collect = dp_table_collect,
	.generation = dp_table_generation,
	.stats = dp_table_stats,
	.explain = dp_table_explain,
	.seen = dp_engine_seen,
	.database_kind = dp_table_database_kind,
	.samples_want = dp_samples_want,
	.samples_forget = dp_samples_forget,
	.samples_read = dp_samples_read,
	.patterns_cost = dp_table_patterns_cost,
};

int cp_subs_create(uv_loop_t *loop, struct dp_table *table, struct dp_engine *eng,
	const struct cp_conf *conf, struct cp_subs **out, struct rh_error *err)
{
	return cp_subs_create_with(loop, &ops, table, eng, conf, out, err);
}

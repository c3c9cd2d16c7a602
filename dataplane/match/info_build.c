#include "dataplane/match/table_priv.h"

#include <errno.h>

int dp_table_sub_info(const struct dp_table *table, dp_sub_id_t sub, struct dp_sub_info *out)
{
	const struct dp_slot *slot = dp_slot_at(table, sub);

	if (!slot || !rh_load_acquire(&slot->tag))
		return -ENOENT;
	*out = (struct dp_sub_info){.filter = dp_filter_canon(slot->filter),
		.len = slot->filter->len,
		.tenant = slot->filter->tenant,
		.except = slot->kind == DP_SET_EXCEPT,
		.session = slot->session,
		.pattern = slot->pattern};
	return 0;
}

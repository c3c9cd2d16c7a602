#include "dataplane/match/table_priv.h"

#include <errno.h>

int dp_table_sub_info(const struct dp_table *table, dp_sub_id_t sub, struct dp_sub_info *out)
{
	const struct dp_slot *slot = dp_slot_at(table, sub);
	const struct dp_filter *filter;

	if (!slot || !rh_load_acquire(&slot->tag))
		return -ENOENT;
	filter = dp_slot_filter_of(slot);
	*out = (struct dp_sub_info){.filter = dp_filter_canon(filter),
		.len = filter->len,
		.tenant = filter->tenant,
		.except = slot->kind == DP_SET_EXCEPT,
		.session = slot->session,
		.content = dp_slot_content_of(slot)};
	return 0;
}

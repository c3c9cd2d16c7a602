#include "controlplane/subs/records.h"

#include <errno.h>
#include <string.h>

#define LIVE_BYTES   ((size_t)DP_LIMIT_SUBSCRIPTIONS * sizeof(struct cp_record))
#define ADDING_BYTES ((size_t)CP_ADDING_MOST * sizeof(struct cp_adding))
/* Kept although nobody uses them: so many come and go all the time. */
#define ADDING_KEPT 4096u

int cp_records_init(struct cp_records *records)
{
	*records = (struct cp_records){0};
	records->live = rh_pages_reserve_sparse(LIVE_BYTES);
	records->adding = rh_pages_reserve_sparse(ADDING_BYTES);
	if (records->live && records->adding)
		return 0;
	cp_records_fini(records);
	return -ENOMEM;
}

void cp_records_fini(struct cp_records *records)
{
	rh_pages_release(records->live, LIVE_BYTES);
	rh_pages_release(records->adding, ADDING_BYTES);
	records->live = NULL;
	records->adding = NULL;
}

void cp_records_take(struct cp_records *records, dp_sub_id_t sub, const struct cp_record *from)
{
	if (records->used[sub / CP_RECORDS_CHUNK]++ == 0)
		records->chunks++;
	records->live[sub] = *from;
}

void cp_records_give(struct cp_records *records, dp_sub_id_t sub)
{
	uint32_t chunk = sub / CP_RECORDS_CHUNK;

	records->live[sub] = (struct cp_record){0};
	if (--records->used[chunk])
		return;
	records->chunks--;
	rh_pages_discard(&records->live[chunk * CP_RECORDS_CHUNK],
		CP_RECORDS_CHUNK * sizeof(struct cp_record));
}

struct cp_adding *cp_adding_take(struct cp_records *records)
{
	struct cp_adding *adding;

	if (records->adding_free) {
		adding = &records->adding[records->adding_free - 1];
		records->adding_free = adding->changes;
	} else if (records->adding_fresh < CP_ADDING_MOST) {
		adding = &records->adding[records->adding_fresh++];
	} else {
		return NULL;
	}
	records->adding_used++;
	*adding = (struct cp_adding){.table_id = DP_SUB_NONE};
	return adding;
}

void cp_adding_give(struct cp_records *records, struct cp_adding *adding)
{
	adding->changes = records->adding_free;
	records->adding_free = (uint32_t)(adding - records->adding) + 1;
	if (--records->adding_used || records->adding_fresh <= ADDING_KEPT)
		return;
	rh_pages_discard(records->adding, (size_t)records->adding_fresh * sizeof(*adding) / RH_PAGE *
						  RH_PAGE);
	records->adding_fresh = records->adding_free = 0;
}

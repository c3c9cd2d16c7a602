/* A list that is short enough to be made at once (at most some thousand rows) and still too long
 * for one reply. */

#include "controlplane/ctl/array.h"

static json_t *row_of(struct ctl_call *call, void *rows, uint32_t index)
{
	(void)call;
	return json_incref(json_array_get(rows, index));
}

static void free_rows(void *rows)
{
	json_decref(rows);
}

void ctl_reply_array(struct ctl_call *call, const char *key, json_t *rows, json_t *head)
{
	ctl_reply_list(call, &(struct ctl_list){.key = key,
				     .head = head,
				     .count = (uint32_t)json_array_size(rows),
				     .rows = rows,
				     .row = row_of,
				     .free_rows = free_rows});
}

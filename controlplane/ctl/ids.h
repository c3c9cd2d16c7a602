#pragma once

/* A growing list of slot ids: what a long answer remembers between its parts, so that a row costs
 * four bytes until it is written. */

#include <stdbool.h>
#include <stdint.h>

struct ctl_ids {
	uint32_t count, room;
	uint32_t *id;
};

/* false: out of memory. */
bool ctl_ids_add(struct ctl_ids *ids, uint32_t id);
/* A free_rows for struct ctl_list. */
void ctl_ids_free(void *ids);

#include "controlplane/ctl/ids.h"

#include <stdlib.h>

#define FIRST_ROOM 256

bool ctl_ids_add(struct ctl_ids *ids, uint32_t id)
{
	if (ids->count == ids->room) {
		uint32_t room = ids->room == 0 ? FIRST_ROOM : ids->room * 2;
		uint32_t *grown = realloc(ids->id, room * sizeof(*grown));

		if (grown == NULL)
			return false;
		ids->id = grown;
		ids->room = room;
	}
	ids->id[ids->count++] = id;
	return true;
}

void ctl_ids_free(void *arg)
{
	struct ctl_ids *ids = arg;

	if (ids != NULL)
		free(ids->id);
	free(ids);
}

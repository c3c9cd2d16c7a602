#include "dataplane/api/session.h"

#include "dataplane/base/rcu.h"
#include "dataplane/worker/engine_priv.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static void entry_free_cb(struct rh_rcu_head *head)
{
	free(caa_container_of(head, struct dp_alias_entry, rcu));
}

static struct dp_alias_entry *entry_create(const char *topic, uint16_t len)
{
	struct dp_alias_entry *entry = malloc(sizeof(*entry) + len);

	if (!entry)
		return NULL;
	entry->len = len;
	memcpy(entry->topic, topic, len);
	return entry;
}

static struct dp_aliases *aliases_get(struct dp_session *slot)
{
	if (!slot->aliases) {
		struct dp_aliases *made = calloc(1, sizeof(*made));

		if (made)
			rh_rcu_assign(slot->aliases, made);
	}
	return slot->aliases;
}

int dp_session_alias(struct dp_engine *eng, dp_session_id_t id, uint16_t alias, const char *topic,
	uint16_t len, uint64_t *generation)
{
	struct dp_alias_entry *next = NULL, *old;
	struct dp_aliases *aliases;

	if (!alias || alias > RH_ALIAS_MAX || len > RH_TOPIC_MAX)
		return -EINVAL;
	if (id >= eng->slot_fresh || eng->tables.slots[id].state != DP_SLOT_OPEN)
		return -ENOENT;
	aliases = aliases_get(&eng->tables.slots[id]);
	if (!aliases)
		return -ENOMEM;
	if (len) {
		next = entry_create(topic, len);
		if (!next)
			return -ENOMEM;
	}
	old = aliases->entry[alias];
	if (!old && !next)
		return -ENOENT;
	rh_rcu_assign(aliases->entry[alias], next);
	if (old)
		rh_rcu_call(&old->rcu, entry_free_cb);
	/*
	 * The pointer is what counts, and only the owner reads it. The acknowledgement leaves through a ring to a worker, so any event
	 * sent because of it arrives after this store: no further generation has to be waited for.
	 */
	*generation = dp_table_generation(eng->conf.table);
	return 0;
}

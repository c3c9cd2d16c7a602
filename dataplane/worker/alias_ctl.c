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

/* Memory for aliases of all sessions, out of one budget; NULL when it is spent. */
static void *take(struct dp_engine *eng, size_t bytes)
{
	uint64_t used = rh_fetch_add_relaxed(&eng->tables.alias_bytes, bytes);
	void *memory = used + bytes <= DP_LIMIT_ALIAS_BYTES ? calloc(1, bytes) : NULL;

	if (!memory)
		(void)rh_fetch_add_relaxed(&eng->tables.alias_bytes, -(uint64_t)bytes);
	return memory;
}

static size_t entry_bytes(uint16_t len)
{
	return sizeof(struct dp_alias_entry) + len;
}

static int entry_set(struct dp_engine *eng, struct dp_aliases *aliases, uint16_t alias,
	const char *topic, uint16_t len)
{
	struct dp_alias_entry *old = aliases->entry[alias], *entry;

	/* A number in use keeps its topic: events under way must not change theirs. */
	if (old)
		return old->len == len && memcmp(old->topic, topic, len) == 0 ? 0 : -EEXIST;
	entry = take(eng, entry_bytes(len));
	if (!entry)
		return -ENOSPC;
	entry->len = len;
	memcpy(entry->topic, topic, len);
	rh_rcu_assign(aliases->entry[alias], entry);
	return 0;
}

static int entry_forget(struct dp_engine *eng, struct dp_aliases *aliases, uint16_t alias)
{
	struct dp_alias_entry *old = aliases->entry[alias];

	if (!old)
		return -ENOENT;
	rh_rcu_assign(aliases->entry[alias], NULL);
	(void)rh_fetch_add_relaxed(&eng->tables.alias_bytes, -(uint64_t)entry_bytes(old->len));
	rh_rcu_call(&old->rcu, entry_free_cb);
	return 0;
}

static struct dp_aliases *aliases_get(struct dp_engine *eng, struct dp_session *slot)
{
	struct dp_aliases *made;

	if (slot->aliases)
		return slot->aliases;
	made = take(eng, sizeof(*made));
	if (!made)
		return NULL;
	made->budget = &eng->tables.alias_bytes;
	rh_rcu_assign(slot->aliases, made);
	return made;
}

void dp_aliases_free(struct dp_session *slot)
{
	struct dp_aliases *aliases = slot->aliases;
	uint64_t bytes = sizeof(*aliases);

	if (!aliases)
		return;
	for (unsigned i = 1; i <= RH_ALIAS_MAX; i++) {
		bytes += aliases->entry[i] ? entry_bytes(aliases->entry[i]->len) : 0;
		free(aliases->entry[i]);
	}
	(void)rh_fetch_add_relaxed(aliases->budget, -bytes);
	free(aliases);
	slot->aliases = NULL;
}

int dp_session_alias(struct dp_engine *eng, dp_session_id_t id, uint16_t alias, const char *topic,
	uint16_t len, uint64_t *generation)
{
	struct dp_aliases *aliases;
	int ret = 0;

	if (!alias || alias > RH_ALIAS_MAX || len > RH_TOPIC_MAX)
		return -EINVAL;
	if (id >= eng->slot_fresh || eng->tables.slots[id].state != DP_SLOT_OPEN)
		return -ESRCH;
	aliases = aliases_get(eng, &eng->tables.slots[id]);
	if (!aliases)
		return -ENOSPC;
	if (len)
		ret = entry_set(eng, aliases, alias, topic, len);
	else
		ret = entry_forget(eng, aliases, alias);
	if (ret)
		return ret;
	/*
	 * The pointer is what counts, and only the owner reads it. The acknowledgement leaves through a ring to a worker, so any event
	 * sent because of it arrives after this store: no further generation has to be waited for.
	 */
	*generation = dp_table_generation(eng->conf.table);
	return 0;
}

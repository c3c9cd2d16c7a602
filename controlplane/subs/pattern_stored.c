/*
 * Patterns that were kept on disk come back before anybody asks for them. Nobody uses them yet, and who did is about to
 * come back too: so they stay for a while as if they were used, but count for no limit.
 */
#include "controlplane/subs/subs_priv.h"

#include "dataplane/base/clock.h"
#include "dataplane/base/log.h"

#include <stdlib.h>
#include <string.h>

/* Sessions that come back have asked again by then. */
#define KEEP_NS (300 * RH_NS_PER_S)

/* False: no memory, or two are equal. */
static bool patterns_make(struct cp_tenant *t, struct cp_set *set, const struct hsc_set *from)
{
	struct hsc_pattern pattern;
	size_t offset = 0;

	for (uint32_t i = 0; i < from->count; i++) {
		(void)hsc_set_next(from, &offset, &pattern);
		if (cp_pattern_find(t, pattern.bytes, pattern.len) ||
			!cp_pattern_stored(t, pattern.id, pattern.bytes, pattern.len))
			return false;
		cp_set_add(set, pattern.id, CP_PART_FRESH);
	}
	return true;
}

static uint8_t *copy_of(const uint8_t *bytes, size_t len)
{
	uint8_t *copy = malloc(len);

	if (copy)
		memcpy(copy, bytes, len);
	return copy;
}

static bool adopt(struct cp_tenant *t, struct cp_set *set, const struct cp_stored *stored)
{
	uint8_t *reply;

	if (!cp_set_alloc(t, set) || !patterns_make(t, set, &stored->set) || !cp_run_take(t, set))
		return false;
	reply = copy_of(stored->reply, stored->reply_len);
	if (reply && cp_set_install(t, set, reply, stored->reply_len))
		return true;
	free(reply);
	t->runs[set->run].busy = false;
	return false;
}

static void on_stored(void *arg, const struct cp_stored *stored)
{
	struct cp_subs *subs = arg;
	struct cp_tenant *t = cp_tenant_get(subs, stored->tenant);
	struct cp_set set = {.level = CP_LEVEL_NONE, .fresh = stored->set.count};
	struct hsc_cost cost;

	if (!t || hsc_cost_parse(stored->reply, stored->reply_len, &cost) < 0)
		return;
	set.centicycles = hsc_cost_centicycles(&cost);
	if (adopt(t, &set, stored)) {
		t->keep_until_ns = rh_clock_ns() + KEEP_NS;
		cp_samples_want(t);
		rh_log_info(SUBS, "tenant %u: %u compiled patterns taken from %s", t->id,
			stored->set.count, subs->store.dir);
		return;
	}
	for (uint32_t i = 0; i < set.member_count; i++)
		cp_pattern_release(t->by_id[set.members[i].id]);
	cp_set_free(&set);
	rh_log_warn(SUBS, "tenant %u: no memory for its kept patterns: they are compiled when they are asked for",
		t->id);
}

void cp_stored_adopt(struct cp_subs *subs)
{
	cp_store_each(&subs->store, on_stored, subs);
}

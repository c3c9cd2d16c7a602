/* Which patterns a set holds, and which leave with what it replaces. */
#include "controlplane/subs/subs_priv.h"

#include <stdlib.h>

void cp_set_free(struct cp_set *set)
{
	free(set->members);
	set->members = NULL;
}

void cp_set_add(struct cp_set *set, dp_pattern_id_t id, enum cp_part part)
{
	set->members[set->member_count++] = (struct cp_member){id, part};
	if (part == CP_PART_LEAVES)
		return;
	set->count++;
	set->max_pattern = id;
}

void cp_set_take_ready(struct cp_tenant *t, struct cp_set *set)
{
	uint32_t most = set->fresh < t->take_most ? set->fresh : t->take_most;
	struct cp_pattern *p;

	for (set->fresh = 0; set->fresh < most; set->fresh++) {
		p = t->ready_head;
		cp_ready_remove(p);
		p->state = CP_PATTERN_COMPILING;
		p->taken = true;
	}
}

void cp_set_choose(struct cp_tenant *t, struct cp_set *set)
{
	/* One on its own comes with its database: that will hold no other. */
	bool alone = set->level == CP_LEVEL_NONE, keeps = cp_tenant_keeps(t);
	struct cp_pattern *p;

	for (dp_pattern_id_t id = 1; id <= t->id_most; id++) {
		p = t->by_id[id];
		if (!p || !(p->taken || p->held & set->sources))
			continue;
		if (p->taken) {
			cp_set_add(set, id, CP_PART_FRESH);
			p->taken = false;
		} else if (!alone && (keeps || p->refs || p->held & ~set->sources)) {
			cp_set_add(set, id, CP_PART_KEPT);
		} else {
			cp_set_add(set, id, CP_PART_LEAVES);
			p->leaving |= set->sources;
			if (!(p->held & ~p->leaving))
				p->state = CP_PATTERN_LEAVING;
		}
	}
}

bool cp_set_alloc(struct cp_tenant *t, struct cp_set *set)
{
	size_t room = set->fresh + 1;

	for (uint64_t left = set->sources; left; left &= left - 1)
		room += t->runs[__builtin_ctzll(left)].count;
	set->members = malloc(room * sizeof(*set->members));
	return set->members != NULL;
}

uint8_t *cp_set_body(struct cp_tenant *t, const struct cp_set *set, size_t *len)
{
	struct hsc_pattern *chosen = malloc(set->count * sizeof(*chosen));
	const struct cp_pattern *p;
	uint8_t *body = NULL;
	uint32_t count = 0;

	for (uint32_t i = 0; chosen && i < set->member_count; i++) {
		if (set->members[i].part == CP_PART_LEAVES)
			continue;
		p = t->by_id[set->members[i].id];
		chosen[count++] = (struct hsc_pattern){p->id, p->len, p->text};
	}
	if (chosen) {
		*len = hsc_set_size(chosen, count);
		body = malloc(*len);
	}
	if (body)
		hsc_set_encode(body, chosen, count);
	free(chosen);
	return body;
}

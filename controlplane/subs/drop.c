/*
 * All subscriptions of a session, up to a million, leave in parts: what one turn of the loop may take
 * out of the registry goes to the builder, and the next part waits behind the other sessions' until
 * the builder is done with it. Requests of other sessions pass between the parts; those of the
 * session wait for the last.
 */
#include "controlplane/subs/subs_priv.h"

#include <string.h>

void cp_drop_wait(struct cp_subs *subs, struct cp_request *r)
{
	r->under_way = true;
	r->drop_next = NULL;
	if (subs->drop_head)
		subs->drop_tail->drop_next = r;
	else
		subs->drop_head = r;
	subs->drop_tail = r;
	/* The next turn has room again. */
	(void)uv_async_send(&subs->wake);
}

static void part_take(struct cp_request *r, struct cp_subs_session *s)
{
	struct cp_subs *subs = r->subs;

	memset(r->changes, 0, r->change_room * sizeof(*r->changes));
	r->change_count = 0;
	while (s->first && r->change_count < r->change_room) {
		uint32_t ref = s->first;

		cp_change_set(subs, &r->changes[r->change_count++], CP_CHANGE_DEL, ref);
		cp_registry_remove(subs, s, ref);
	}
	subs->drop_left -= r->change_count;
	r->last = !s->first;
}

static void part_run(struct cp_subs *subs, struct cp_request *r)
{
	struct cp_subs_session *s = subs->sessions[r->slot];
	bool last;

	part_take(r, s);
	last = r->last;
	if (last)
		s->head = r->next;
	cp_lane_push(&subs->builder, &r->builder.job);
	if (last)
		cp_session_advance(subs, s);
}

/* A part is not cut in two: in the next turn it fits. */
static bool part_fits(const struct cp_subs *subs, const struct cp_request *r)
{
	const struct cp_subs_session *s = subs->sessions[r->slot];

	return (s->count < r->change_room ? s->count : r->change_room) <= subs->drop_left;
}

void cp_drops_run(struct cp_subs *subs)
{
	struct cp_request *r;

	while ((r = subs->drop_head) && part_fits(subs, r)) {
		subs->drop_head = r->drop_next;
		part_run(subs, r);
	}
	if (subs->drop_head)
		(void)uv_async_send(&subs->wake);
}

void cp_drop_stop(struct cp_subs *subs, struct cp_request *r)
{
	if (r->kind == CP_REQUEST_DROP && !r->last)
		subs->sessions[r->slot]->head = r->next;
}

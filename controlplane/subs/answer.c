/*
 * The end of a request: what the builder said becomes the entries' outcomes, and they go out when
 * every worker has loaded the change.
 */
#include "controlplane/subs/subs_priv.h"

#include <errno.h>
#include <string.h>

/* The table's own words for what it is full of are the builder's, and the last refusal's only. */
static void outcome_of_change(struct cp_request *r, uint32_t i)
{
	struct cp_sub_outcome *out = &r->outcomes[i];
	int result = r->changes[i].result;
	bool first = r->changes[i].kind == CP_CHANGE_ADD; /* others rely on one that is counted */

	if (r->kind == CP_REQUEST_DROP || result == 0 || r->changes[i].kind == CP_CHANGE_NONE)
		return;
	out->price = (struct dp_sub_price){0};
	switch (result) {
	case -ENOSPC:
		r->subs->stats.table_full += first;
		cp_outcome_set(out, RH_SUB_LIMIT,
			"the router has its %u subscriptions: unsubscribe some",
			DP_LIMIT_SUBSCRIPTIONS);
		break;
	case -EMLINK:
		r->subs->stats.shapes_full += first;
		cp_outcome_set(out, RH_SUB_LIMIT,
			"this tenant's filters have their %u wildcard shapes, and this is another: put "
			"wildcards where its other filters have them",
			DP_LIMIT_SHAPES);
		break;
	case -E2BIG:
		r->subs->stats.same_key_full += first;
		cp_outcome_set(out, RH_SUB_LIMIT,
			"%u filters of this tenant differ from it only in what stands between two "
			"wildcards: use fewer, or make an earlier level differ",
			DP_LIMIT_SAME_KEY);
		break;
	case -EBADMSG:
		/* Whoever brought the expression knows more. */
		if (!out->code)
			cp_outcome_set(out, RH_SUB_INVALID_CONTENT,
				"the expression was refused just now: subscribe again to learn why");
		break;
	case -ENOMEM:
		cp_outcome_set(out, RH_SUB_INTERNAL, CP_TEXT_NO_MEMORY);
		break;
	default:
		cp_outcome_set(out, RH_SUB_INTERNAL, "the table refused it (%s): try again",
			strerror(-result));
	}
}

void cp_request_published(struct cp_subs *subs, struct cp_request *r)
{
	for (uint32_t i = 0; i < r->change_count; i++) {
		outcome_of_change(r, i);
		cp_registry_change_done(subs, &r->changes[i]);
	}
	if (r->kind == CP_REQUEST_DROP && !r->last) {
		cp_drop_wait(subs, r);
		return;
	}
	for (uint16_t i = 0; i < r->count; i++)
		subs->stats.refused += r->outcomes[i].code != RH_SUB_OK;
	r->next = NULL;
	if (subs->ack_head)
		subs->ack_tail->next = r;
	else
		subs->ack_head = r;
	subs->ack_tail = r;
}

static void on_timer(uv_timer_t *timer)
{
	cp_acks_run(timer->data);
}

void cp_acks_run(struct cp_subs *subs)
{
	uint64_t seen = subs->ops->seen(subs->eng);
	struct cp_request *r;

	while ((r = subs->ack_head) && r->builder.generation <= seen) {
		subs->ack_head = r->next;
		r->cb(r->arg, r->outcomes, r->count, r->builder.generation);
		cp_request_free(r);
	}
	if (!subs->ack_head)
		(void)uv_timer_stop(&subs->acks);
	else if (!uv_is_active((uv_handle_t *)&subs->acks))
		(void)uv_timer_start(&subs->acks, on_timer, 1, 1);
}

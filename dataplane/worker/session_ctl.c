/*
 * Opening and closing of sessions. A slot is filled while nobody knows it, then published by its state; closing runs through the
 * owner's command ring, which lets go of everything that names the slot, then through a grace period, because any worker may
 * have looked the slot up in its current burst.
 * Where the command ring is full, the owner is told at a later dp_sessions_reap: the next open or close, or the timer of control.
 */

#include "dataplane/api/session.h"

#include "dataplane/base/hash.h"
#include "dataplane/base/rcu.h"
#include "dataplane/node/encap.h"
#include "dataplane/worker/engine_priv.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Closing slots looked at in one call. */
#define REAP_BUDGET 64

static struct dp_session_cold *cold_of(const struct dp_engine *eng, uint32_t slot)
{
	return &eng->tables.cold[slot];
}

static void list_push(struct dp_engine *eng, struct dp_slot_list *list, uint32_t slot)
{
	cold_of(eng, slot)->next = DP_SLOT_NONE;
	if (list->head == DP_SLOT_NONE)
		list->head = slot;
	else
		cold_of(eng, list->tail)->next = slot;
	list->tail = slot;
	list->count++;
}

static uint32_t list_pop(struct dp_engine *eng, struct dp_slot_list *list)
{
	uint32_t slot = list->head;

	if (slot == DP_SLOT_NONE)
		return slot;
	list->head = cold_of(eng, slot)->next;
	list->count--;
	return slot;
}

/* Runs on the reclaim thread: nobody can hold the slot any more. */
static void slot_free_cb(struct rh_rcu_head *head)
{
	struct dp_session_cold *cold = caa_container_of(head, struct dp_session_cold, rcu);

	dp_aliases_free(cold->slot);
	/* Pairs with the load in closing_advance. */
	rh_store_release(&cold->slot->state, DP_SLOT_FREE);
}

/* Move a closing slot one step on; true when it is free. */
static bool closing_advance(struct dp_engine *eng, uint32_t index)
{
	struct dp_session_cold *cold = cold_of(eng, index);

	switch (rh_load_acquire(&cold->slot->state)) {
	case DP_SLOT_CLOSING:
		if (!cold->close_sent)
			cold->close_sent = dp_command_send(
				eng, cold->slot->owner, DP_COMMAND_CLOSE, index);
		return false;
	case DP_SLOT_RELEASED:
		if (!cold->grace_pending) {
			cold->grace_pending = 1;
			rh_rcu_call(&cold->rcu, slot_free_cb);
		}
		return false;
	default:
		return true;
	}
}

void dp_sessions_reap(struct dp_engine *eng)
{
	uint32_t n = eng->closing.count < REAP_BUDGET ? eng->closing.count : REAP_BUDGET;

	/* Nobody drains the rings of workers that do not run. */
	if (!eng->running)
		for (uint32_t w = 0; w < eng->conf.worker_count; w++)
			while (dp_commands_drain(eng->ctx[w]))
				;
	while (n--) {
		uint32_t slot = list_pop(eng, &eng->closing);

		list_push(eng, closing_advance(eng, slot) ? &eng->free : &eng->closing, slot);
	}
}

static uint32_t slot_take(struct dp_engine *eng)
{
	uint32_t slot;

	dp_sessions_reap(eng);
	slot = list_pop(eng, &eng->free);
	if (slot == DP_SLOT_NONE && eng->slot_fresh < eng->tables.slot_count)
		slot = eng->slot_fresh++;
	return slot;
}

static uint64_t draw(const struct dp_engine *eng, uint32_t slot, uint32_t what)
{
	const uint32_t key[2] = {slot, what};

	return eng->conf.session_seed ? rh_hash(key, sizeof(key), eng->conf.session_seed)
				      : rh_random_seed();
}

/* Another tag at each use, so that a number of an earlier session is not taken for this one. */
static void number_draw(struct dp_engine *eng, uint32_t index, struct dp_session *slot)
{
	struct dp_session_cold *cold = cold_of(eng, index);

	cold->tag = cold->tag ? cold->tag + 1 : (uint16_t)draw(eng, index, 0);
	cold->tag %= DP_SLOT_TAGS;
	if (!cold->tag)
		cold->tag = 1;
	slot->wire_id = (uint32_t)cold->tag << DP_SLOT_BITS | index;
	slot->check = (uint32_t)draw(eng, index, cold->tag);
	if (!slot->check)
		slot->check = 1;
}

/* Most have none: reading touches no page. */
static void drops_reset(struct dp_session_drops *drops)
{
	for (int i = 0; i < DP_DROP_COUNT; i++)
		if (drops->count[i])
			drops->count[i] = 0;
}

static void cold_reset(struct dp_engine *eng, uint32_t index, struct dp_session *slot)
{
	struct dp_session_cold *cold = cold_of(eng, index);
	uint16_t tag = cold->tag;

	memset(cold, 0, sizeof(*cold));
	drops_reset(&eng->tables.drops[index]);
	cold->tag = tag;
	cold->slot = slot;
	cold->next = DP_SLOT_NONE;
	cold->owner_full_base = dp_owner_full_sum(eng->ctx[0], index);
}

static void slot_fill(struct dp_session *slot, const struct dp_session_conf *conf)
{
	memset(slot, 0, sizeof(*slot));
	slot->owner = (uint16_t)conf->owner;
	slot->adjacency = conf->adjacency;
	slot->remote_port = conf->remote.port;
	slot->family = conf->remote.family;
	slot->tenant = conf->tenant;
	slot->profile = conf->profile;
	slot->max_datagram = conf->max_datagram;
	slot->incarnation = conf->incarnation;
	memcpy(slot->remote, conf->remote.bytes, sizeof(slot->remote));
	slot->queue_limit_bytes = conf->queue_bytes;
	slot->queue_ms = conf->queue_ms;
	slot->tx_packet_number = conf->first_packet_number ? conf->first_packet_number : 1;
	slot->tx_granted_events = conf->tx_credit_events;
	slot->tx_granted_bytes = conf->tx_credit_bytes;
	slot->rx_window_events = conf->rx_window_events;
	slot->rx_window_bytes = conf->rx_window_bytes;
	slot->rx_granted_events =
		conf->rx_window_events ? conf->rx_window_events : RH_CREDIT_UNLIMITED;
	slot->rx_granted_bytes = conf->rx_window_bytes ? conf->rx_window_bytes : RH_CREDIT_UNLIMITED;
	slot->last_rx_tsc = rh_tsc();
}

static int conf_check(const struct dp_engine *eng, const struct dp_session_conf *conf,
	struct rh_error *err)
{
	if (conf->owner >= eng->conf.worker_count)
		return rh_error_set(err, EINVAL, "session: worker %u does not exist", conf->owner);
	if ((conf->remote.family != 4 && conf->remote.family != 6) ||
		conf->remote.family != conf->local.family)
		return rh_error_set(err, EINVAL, "session: address families %u and %u: both 4 or both 6",
			conf->local.family, conf->remote.family);
	if (conf->max_datagram < RH_DATAGRAM_MIN_MAX)
		return rh_error_set(err, EINVAL, "session: largest datagram %u: at least %d",
			conf->max_datagram, RH_DATAGRAM_MIN_MAX);
	if (conf->adjacency >= DP_LIMIT_ADJACENCIES || !eng->tables.hops[conf->adjacency])
		return rh_error_set(err, EINVAL, "session: adjacency %u does not exist", conf->adjacency);
	return 0;
}

int dp_session_open(struct dp_engine *eng, const struct dp_session_conf *conf, dp_session_id_t *id,
	uint32_t *wire_id, uint32_t *check, struct rh_error *err)
{
	int ret = conf_check(eng, conf, err);
	struct dp_session *slot;
	uint32_t index;

	if (ret < 0)
		return ret;
	index = slot_take(eng);
	if (index == DP_SLOT_NONE)
		return rh_error_set(err, ENOSPC, "session: all %u slots are taken", eng->tables.slot_count);
	slot = &eng->tables.slots[index];
	slot_fill(slot, conf);
	cold_reset(eng, index, slot);
	number_draw(eng, index, slot);
	dp_template_build(slot, &conf->local, &conf->remote);
	if (!dp_command_send(eng, conf->owner, DP_COMMAND_OPEN, index)) {
		list_push(eng, &eng->free, index);
		return rh_error_set(err, EAGAIN, "session: worker %u has %d commands waiting", conf->owner,
			DP_LIMIT_COMMAND_RING);
	}
	*id = index;
	*wire_id = slot->wire_id;
	*check = slot->check;
	/* Publishes everything above to the workers. */
	rh_store_release(&slot->state, DP_SLOT_OPEN);
	return 0;
}

static struct dp_session *slot_open(const struct dp_engine *eng, dp_session_id_t id)
{
	if (id >= eng->slot_fresh || eng->tables.slots[id].state != DP_SLOT_OPEN)
		return NULL;
	return &eng->tables.slots[id];
}

int dp_session_close(struct dp_engine *eng, dp_session_id_t id)
{
	struct dp_session *slot = slot_open(eng, id);

	if (!slot)
		return -ENOENT;
	rh_store_release(&slot->state, DP_SLOT_CLOSING);
	list_push(eng, &eng->closing, id);
	(void)closing_advance(eng, id);
	dp_sessions_reap(eng);
	return 0;
}

int dp_session_set_adjacency(struct dp_engine *eng, dp_session_id_t id, dp_adj_id_t adj)
{
	struct dp_session *slot = slot_open(eng, id);

	if (!slot || adj >= DP_LIMIT_ADJACENCIES || !eng->tables.hops[adj])
		return -ENOENT;
	rh_store_relaxed(&slot->adjacency, adj);
	return 0;
}

int dp_session_stats(const struct dp_engine *eng, dp_session_id_t id, struct dp_session_stats *out)
{
	const struct dp_session *s;
	const struct dp_session_cold *cold;
	uint32_t state;

	if (id >= eng->tables.slot_count)
		return -ENOENT;
	s = &eng->tables.slots[id];
	state = rh_load_acquire(&s->state);
	if (state == DP_SLOT_FREE)
		return -ENOENT;
	cold = cold_of(eng, id);
	*out = (struct dp_session_stats){
		.rx_events = rh_load_relaxed(&s->rx_events),
		.rx_bytes = rh_load_relaxed(&s->rx_bytes),
		.rx_highest_sequence = rh_load_relaxed(&s->sequence.highest),
		.lost_before_router = rh_load_relaxed(&s->sequence.lost),
		.duplicates = rh_load_relaxed(&s->duplicates),
		.rx_granted_events = rh_load_relaxed(&s->rx_granted_events),
		.rx_granted_bytes = rh_load_relaxed(&s->rx_granted_bytes),
		.tx_events = rh_load_relaxed(&s->tx_events),
		.tx_bytes = rh_load_relaxed(&s->tx_bytes),
		.tx_granted_events = rh_load_relaxed(&s->tx_granted_events),
		.tx_granted_bytes = rh_load_relaxed(&s->tx_granted_bytes),
		.queued_events = rh_load_relaxed(&s->queue_count),
		.queued_bytes = rh_load_relaxed(&s->queue_bytes),
		.longest_queue_bytes = rh_load_relaxed(&cold->longest_queue_bytes),
		.last_rx_tsc = rh_load_relaxed(&s->last_rx_tsc),
		.protocol_error = rh_load_relaxed(&s->protocol_error),
		.protocol_reason = rh_load_relaxed(&s->protocol_reason),
	};
	for (int i = 0; i < DP_DROP_COUNT; i++)
		out->drops[i] = rh_load_relaxed(&eng->tables.drops[id].count[i]);
	out->drops[DP_DROP_OWNER_FULL] += dp_owner_full_sum(eng->ctx[0], id) - cold->owner_full_base;
	/* Every copy for it went out, waits, or was dropped with a reason. */
	out->copies_made = out->tx_events + out->queued_events;
	for (int i = 0; i < DP_DROP_COUNT; i++)
		if (dp_drop_level((enum dp_drop)i) == DP_DROP_COPY)
			out->copies_made += out->drops[i];
	return 0;
}

#pragma once

/*
 * What the stages work on: one context a worker, and the tables that all workers read.
 *
 * Everything in a context is the worker's own unless a field says otherwise; the rings at its end have one writer and one
 * reader each. Control writes a context only while its worker does not run.
 */

#include "dataplane/api/counters.h"
#include "dataplane/api/engine.h"
#include "dataplane/api/punt.h"
#include "dataplane/base/atomic.h"
#include "dataplane/base/clock.h"
#include "dataplane/base/compiler.h"
#include "dataplane/frame/datagram.h"
#include "dataplane/frame/event.h"
#include "dataplane/match/match_lookup.h"
#include "dataplane/node/bytering.h"
#include "dataplane/node/session_slot.h"
#include "dataplane/node/store.h"

#include <stdbool.h>
#include <stdint.h>

struct rte_mbuf;
struct rte_mempool;
struct rte_ring;

/* 32: a burst's events, keys and frames stay in the first-level cache; see docs/performance.md. */
#define DP_BURST 32
_Static_assert(DP_BURST <= DP_MATCH_BURST_MAX, "a burst is matched at once");

#define DP_TX_BACKLOG 1024 /* frames waiting for one transmit queue; power of two */
/* Above this many waiting frames copies go to their session's queue instead. */
#define DP_TX_BACKLOG_SOFT (DP_TX_BACKLOG / 2)
/*
 * With more frames waiting than four bursts the device is not keeping up: copies are then built in buffers of its own port, so that the
 * received ones go back to where they are needed.
 */
#define DP_TX_REUSE_WAITING (4 * DP_BURST)
#define DP_L2_MAX 16

#define DP_COPY_RING 4096 /* copies on their way to one other worker */
/* Copies lent to one other worker at one time: whoever gives back always finds room. */
#define DP_RETURN_RING (2 * DP_COPY_RING)

#define DP_HOP_NO_PORT DP_LIMIT_PORTS /* of a next hop that is not resolved: no worker has a queue there */

/* A next hop as workers use it; replaced as a whole, freed after a grace period. */
struct dp_hop {
	uint8_t l2[DP_L2_MAX]; /* destination, source, [802.1Q tag]; the EtherType is the session's (session_slot.h) */
	uint8_t l2_len;	       /* 12 or 16 */
	uint32_t port;	       /* or DP_HOP_NO_PORT */
	struct dp_adjacency conf;
	struct rh_rcu_head rcu;
};

/* Addresses of one port; replaced as a whole. */
struct dp_local_set {
	struct rh_rcu_head rcu;
	uint32_t count;
	struct dp_local address[];
};

/* Trace as switched on; replaced as a whole. NULL: off. */
struct dp_trace_conf {
	struct rh_rcu_head rcu;
	bool all;
	struct rh_filter filter;
};

/* Read by all workers, written by control. */
struct dp_tables {
	struct dp_session *slots;
	struct dp_session_cold *cold;
	struct dp_session_drops *drops;
	struct dp_session_queue *queues; /* a session's owner alone; its page is touched when the first copy waits */
	uint32_t slot_count;
	uint16_t udp_port;
	bool stage_timing;
	uint8_t draining; /* relaxed: new events are refused */
	uint64_t node_incarnation;
	struct dp_hop **hops;			      /* RCU pointers, DP_LIMIT_ADJACENCIES of them */
	struct dp_local_set *local[DP_LIMIT_PORTS];   /* RCU; NULL: the UDP port alone decides */
	uint8_t slow_path[DP_LIMIT_PORTS];	      /* relaxed; a tap twin takes what is not ours */
	struct dp_trace_conf *trace;		      /* RCU */
	uint64_t alias_bytes; /* of all sessions, up to DP_LIMIT_ALIAS_BYTES; control takes, the reclaim thread gives back */
};

/* One datagram for us, after classify. Pointers are into the frame. */
struct dp_packet {
	struct rte_mbuf *mbuf; /* NULL: handed on, as a datagram or as the copy of its event */
	const uint8_t *bytes; /* UDP payload */
	const uint8_t *ip;    /* header */
	struct dp_session *slot;
	struct dp_speaker speaker;
	uint32_t port;
	uint16_t len; /* of the UDP payload; the datagram header says the same */
	uint16_t vlan;
	uint8_t lane;
};

static inline const uint8_t *dp_packet_source(const struct dp_packet *p)
{
	return p->ip + (p->speaker.family == 4 ? 12 : 8);
}

/*
 * One event of a burst: what a later stage than parse reads of each, and no more, written once; the rest stands in the record. A burst of them takes
 * 2.9 KB of the first cache.
 */
struct dp_event {
	struct dp_match_key key; /* where matching reads it; its topic is resolved once the event is admitted */
	uint16_t alias;		 /* 0: its topic stands in the record */
	uint16_t open;		 /* the session's checks are not done; as wide as the alias, so that one store clears both */
	uint8_t hop_limit;	 /* as it came */
	const uint8_t *record;	 /* the PUBLISH record, RH_PUBLISH_HDR bytes and what follows */
	const uint8_t *end; /* of the record in its datagram, padding included; NULL unless it leaves as it came */
	struct dp_session *publisher;
	struct dp_packet *packet; /* whose frame ends with this event, or NULL */
	uint32_t record_len;	  /* without padding */
	dp_blob_id_t raw;  /* place of an event put together from fragments, or DP_BLOB_NONE */
	dp_blob_id_t blob; /* stored in outgoing form for queues and rings, or DP_BLOB_NONE */
};
_Static_assert(sizeof(struct dp_event) <= 96, "a burst of them is in the first cache beside its frames and sessions");

/* Begin @event, published by @slot, of what the codec says of it; what is left open is the session stage's to decide, and its topic if it has an alias. */
static inline void dp_event_begin(struct dp_event *event, struct dp_session *slot, const struct rh_event *view)
{
	*event = (struct dp_event){
		.key = {.topic = (const char *)view->topic,
			.topic_len = view->topic_len,
			.payload = view->payload,
			.payload_len = view->payload_len,
			.attributes = view->attributes,
			.attributes_len = view->attributes_len,
			.tenant = slot->tenant,
			.profile = slot->profile},
		.hop_limit = view->hop_limit,
		.open = true,
		.alias = view->alias,
		.record = view->record,
		.record_len = view->record_len,
		.publisher = slot,
		.raw = DP_BLOB_NONE,
		.blob = DP_BLOB_NONE,
	};
}

/* A frame that waits. While it does, more copies for its session may be put into it (append.h). */
struct dp_tx_meta {
	uint32_t slot; /* DP_SLOT_NONE: no copies of a session, or of one that is gone */
	uint32_t copies;       /* that end in it: whole ones, or the last slice of one */
	uint32_t record_bytes; /* of the copies that end in it */
	uint16_t frame_bytes;
	uint16_t l2_len; /* 0: slice of a cut copy, behind which nothing is put */
};

/* Of several of them. */
struct dp_tx_sum {
	uint32_t frame_bytes, record_bytes, copies;
};

/* A transmit queue and what waits for it. */
struct dp_txq {
	uint16_t ethdev, queue;
	bool usable;
	uint16_t mtu;
	uint32_t head, tail; /* running; tail - head frames wait */
	uint32_t mark;	     /* frames before it were built under an older generation */
	struct dp_tx_sum waits; /* of the waiting frames: mostly the device takes them all */
	uint64_t blocked_since_tsc; /* 0: moving */
	bool mid_copy; /* the device took slices of a copy whose others wait */
	struct rte_mempool *pool;
	struct rte_mbuf *frame[DP_TX_BACKLOG];
	struct dp_tx_meta meta[DP_TX_BACKLOG];
};

struct dp_rxq {
	uint16_t ethdev, queue;
	uint32_t port;
	bool check_in_software;
};

/* Why a copy is due, to see later whether it still is. */
struct dp_witness {
	dp_sub_id_t sub; /* a subscription of the session that asked for it */
	uint32_t sub_tag;
	uint32_t generation; /* that was loaded when it was matched; the lower half */
};

/* A copy on its way to its subscriber's owner. The bytes stay in the sender's store until the owner gave the reference back. */
struct dp_copy_message {
	dp_blob_id_t blob;
	dp_session_id_t slot;
	uint32_t wire_id; /* of the session when the copy was made: the slot may have changed hands since */
	struct dp_witness witness;
};

/* A copy waiting in its subscriber's queue; the next one is of the same class. */
struct dp_queue_node {
	uint64_t queued_tsc;
	dp_blob_id_t blob;
	uint32_t next;
	struct dp_witness witness;
};
#define DP_QUEUE_NONE  UINT32_MAX
#define DP_QUEUE_NODES (1u << 20)

struct dp_reassembly {
	struct dp_session *slot; /* NULL: free */
	uint64_t sequence;
	uint64_t started_tsc;
	uint32_t id;
	uint32_t total;
	uint32_t have; /* bytes */
	dp_blob_id_t blob;
	uint8_t lane;
	/* One bit for each 8 bytes of the record that arrived. */
	uint64_t units[(RH_EVENT_MAX / RH_WIRE_ALIGN + 64) / 64];
};

/* A place where frames per second are bounded. Burst: a tenth of a second. */
struct dp_rate {
	uint64_t cycles_per_token; /* 0: no bound */
	uint64_t depth_cycles;
	uint64_t full_tsc; /* when the bucket will be full again */
};

enum dp_punt_class { DP_PUNT_CLASS_KERNEL, DP_PUNT_CLASS_HELLO, DP_PUNT_CLASS_CONTROL, DP_PUNT_CLASS_UNKNOWN,
	DP_PUNT_CLASS_COUNT };

/* What lies in a punt ring: this head, then len bytes. */
struct dp_punt_head {
	uint32_t kind, port, len;
	struct dp_address local, remote;
	uint32_t wire_session;
	dp_session_id_t slot;
	uint16_t vlan;
	bool has_session;
};

struct dp_trace_ring; /* worker/trace.c */

struct dp_ctx {
	/* read-mostly */
	struct dp_tables *tables;
	struct dp_match *match;
	uint32_t worker;
	uint32_t worker_count;
	uint32_t rxq_count;
	uint64_t tsc_hz;
	uint64_t cycles_per_ms;
	uint64_t rx_left; /* datagrams that may still be received */
	struct dp_rxq rxq[DP_LIMIT_PORTS];
	struct dp_txq *txq[DP_LIMIT_PORTS + 1]; /* by port; NULL where this worker has no queue, and for DP_HOP_NO_PORT */
	bool lends[DP_LIMIT_PORTS]; /* by port: its buffers may wait in any transmit queue, see dp_pools_judge */
	struct dp_ctx *peer[DP_LIMIT_WORKERS]; /* itself among them */

	/* this burst */
	uint64_t now_tsc rh_cache_aligned;
	uint64_t stage_tsc;
	bool stage_idle; /* this round found nothing to do: its cycles are idle_cycles, of no stage */
	uint64_t housekeeping_tsc;
	uint32_t idle_rounds;
	bool was_busy;
	const struct dp_trace_conf *trace; /* loaded once a burst; NULL: off */
	uint32_t packet_count, event_count, credit_count;
	uint32_t datagram_events; /* of the last datagram: a guess for the next one */
	uint32_t way_turns; /* of the last burst (way.h): a guess for the next one */
	bool events_open; /* some of the events are not admitted yet: the session stage looks at each */
	bool events_hold; /* some of the events have places in the store */
	struct dp_packet packets[DP_BURST];
	struct dp_event events[DP_BURST + 1]; /* the last one is never filled: whoever looks at the next event may */
	struct dp_match_result results[DP_BURST];
	struct dp_session *credit_due[DP_BURST];
	uint32_t live_count;
	struct dp_event *live[DP_BURST]; /* those with receivers, whose results stand beside each other */
	uint32_t outbox_count[DP_LIMIT_WORKERS];
	struct dp_copy_message outbox[DP_LIMIT_WORKERS][DP_BURST];

	/* what waits */
	struct dp_store store;
	struct dp_queue_node *nodes;
	uint32_t node_free, node_fresh;
	uint32_t *ready; /* ring of slots whose queue may move; as long as there are slots */
	uint32_t ready_head, ready_tail, ready_mask;
	uint32_t *owned; /* slots this worker owns */
	uint32_t owned_count, owned_cursor;
	uint64_t queued_copies, queued_bytes;
	struct dp_reassembly *reassemblies; /* DP_LIMIT_REASSEMBLY_TOTAL */
	uint32_t reassembly_count, reassembly_cursor;
	uint32_t *owner_full; /* per slot of another worker: copies that found its owner's ring full; read by control */

	/* activation: what dp_engine_seen reads */
	uint64_t loaded_generation;
	uint64_t pending_generation; /* loaded, but frames built under the one before still wait; 0 none */
	uint64_t seen_generation rh_cache_aligned; /* release by the worker, acquire by any */
	uint64_t last_loop_tsc;			    /* relaxed */
	uint32_t running;			    /* release by the worker */

	struct dp_counters counters;

	/* the content lane, see lane.h; NULL: content has no bound */
	struct dp_budget *budget;
	struct rte_ring *lane_to;     /* struct dp_lane_event; the lane reads */
	struct dp_bytering lane_back; /* struct dp_lane_answer; the lane writes */
	uint32_t lane_waiting;	      /* events handed over and not back */
	uint64_t lane_bytes;	      /* their records */
	uint64_t lane_scans;	      /* of payloads, ever, for events of this worker */

	/* rings between workers: index is the other worker; [i] of mine is written by me and read by i */
	struct rte_ring *copies_to[DP_LIMIT_WORKERS];	/* struct dp_copy_message */
	struct rte_ring *returns_to[DP_LIMIT_WORKERS];	/* dp_blob_id_t of the other's store */
	struct rte_ring *datagrams_to[DP_LIMIT_WORKERS]; /* struct rte_mbuf *; origin in the mbuf's port */
	uint64_t copies_lent; /* messages whose reference has not come back */
	uint32_t lent_to[DP_LIMIT_WORKERS]; /* of those, by worker; at most DP_RETURN_RING */

	/* to and from control */
	struct dp_bytering punts;  /* worker writes */
	struct dp_bytering injects; /* control writes */
	struct dp_rate buckets[DP_PUNT_CLASS_COUNT];
	struct rte_ring *commands; /* control writes */
	struct dp_trace_ring *trace_ring;
};

/* Counters: single writer, relaxed. */
#define dp_count(ctx, field, n) rh_add_relaxed(&(ctx)->counters.field, (uint64_t)(n))

static inline void dp_drop_datagrams(struct dp_ctx *ctx, enum dp_drop reason, uint64_t n)
{
	rh_add_relaxed(&ctx->counters.drop_datagrams[reason], n);
}

static inline uint32_t dp_slot_index(const struct dp_ctx *ctx, const struct dp_session *slot)
{
	return (uint32_t)(slot - ctx->tables->slots);
}

/* Count an event of @slot's publisher as dropped. */
static inline void dp_drop_event(struct dp_ctx *ctx, const struct dp_session *slot, enum dp_drop reason)
{
	rh_add_relaxed(&ctx->counters.drop_events[reason], 1);
	rh_add_relaxed(&ctx->tables->drops[dp_slot_index(ctx, slot)].count[reason], 1);
}

/* Count @n copies for @slot, which this worker owns, as dropped. */
static inline void dp_drop_copies(
	struct dp_ctx *ctx, const struct dp_session *slot, enum dp_drop reason, uint32_t n)
{
	rh_add_relaxed(&ctx->counters.drop_copies[reason], n);
	rh_add_relaxed(&ctx->tables->drops[dp_slot_index(ctx, slot)].count[reason], n);
}

static inline void dp_drop_copy(struct dp_ctx *ctx, const struct dp_session *slot, enum dp_drop reason)
{
	dp_drop_copies(ctx, slot, reason, 1);
}

/* Count copies as dropped whose slot this worker may not own (any more): no attribution to a session. */
static inline void dp_drop_copies_unowned(struct dp_ctx *ctx, enum dp_drop reason, uint32_t n)
{
	rh_add_relaxed(&ctx->counters.drop_copies[reason], n);
}

/* Copies for @slot that found the ring to its owner full, at any worker, since start. Ctx: any. */
static inline uint64_t dp_owner_full_sum(const struct dp_ctx *ctx, uint32_t slot)
{
	uint64_t sum = 0;

	for (uint32_t w = 0; w < ctx->worker_count; w++)
		sum += rh_load_relaxed(&ctx->peer[w]->owner_full[slot]);
	return sum;
}

/* Charge the cycles from the last call on, until @now, to @stage. */
static inline void dp_stage_end_at(struct dp_ctx *ctx, enum dp_stage stage, uint64_t now)
{
	rh_add_relaxed(&ctx->counters.stage_cycles[stage], now - ctx->stage_tsc);
	ctx->stage_tsc = now;
}

/*
 * With stage timing: charge the cycles since the last call to @stage. A stage that had nothing to do is not ended: reading the clock would take longer, and what
 * little passed is the next one's.
 */
static inline void dp_stage_end(struct dp_ctx *ctx, enum dp_stage stage)
{
	if (rh_unlikely(ctx->tables->stage_timing) && !ctx->stage_idle)
		dp_stage_end_at(ctx, stage, rh_tsc());
}

#pragma once

/*
 * Sessions as workers see them. The control plane opens and closes them and owns their names; one worker, the owner,
 * holds credit, sequence window, queue and timers. Ctx of everything: control, unless said otherwise.
 */

#include "dataplane/api/adjacency.h"
#include "dataplane/api/drop.h"
#include "dataplane/api/table.h"
#include "dataplane/base/error.h"

#include <stdbool.h>
#include <stdint.h>

struct dp_engine;

struct dp_address {
	uint8_t family; /* 4 or 6 */
	uint8_t bytes[16];
	uint16_t port; /* UDP, host order */
};

struct dp_session_conf {
	struct dp_address local, remote; /* as the client sees them: local is the router */
	dp_adj_id_t adjacency;
	uint32_t owner; /* worker: the one that received the hello */
	uint16_t tenant;
	uint16_t profile;     /* policy profile; 0 for now */
	uint64_t incarnation; /* of the publisher */
	uint16_t max_datagram;
	uint64_t tx_credit_events, tx_credit_bytes; /* granted by the client, cumulative; RH_CREDIT_UNLIMITED */
	uint32_t rx_window_events, rx_window_bytes; /* granted to the client beyond what arrived; 0: unlimited */
	uint32_t queue_bytes;			    /* bound of the egress queue */
	uint32_t queue_ms;			    /* time bound of the egress queue */
	uint64_t first_packet_number;		    /* reserved by the control plane, so that none is used twice */
};

/*
 * 0 with the slot, the wire's session number (slot and a tag that changes at each reuse) and the session check;
 * -ENOSPC when all slots are taken. Ctx: control, as for close, set_adjacency and alias.
 */
int dp_session_open(struct dp_engine *eng, const struct dp_session_conf *conf, dp_session_id_t *slot,
	uint32_t *wire_id, uint32_t *check, struct rh_error *err);
/*
 * Close: from the owner's next burst on its events drop as `session_closed`, its queued copies as `subscriber_gone`; the slot is
 * reused after the owner let go and a grace period. Remove its subscriptions first (dp_table_sub_del, publish).
 */
int dp_session_close(struct dp_engine *eng, dp_session_id_t slot);
/*
 * Carry closings on: ask the owner again where its command ring was full, free what it let go. Open and close do it too; called
 * from a timer as well, no closing waits for the next client. Looks at 64 of them in turn.
 */
void dp_sessions_reap(struct dp_engine *eng);
/* Another next hop (route change). */
int dp_session_set_adjacency(struct dp_engine *eng, dp_session_id_t slot, dp_adj_id_t adj);
/*
 * Set (len > 0) or forget (len 0) a topic alias. Copied. Effective for events that a worker receives after its next burst
 * begins; *generation is what dp_engine_seen must reach before the acknowledgement. -EINVAL (number or length), -ENOENT (nothing to
 * forget), -EEXIST (the number has another topic: forget it first), -ENOSPC (DP_LIMIT_ALIAS_BYTES or memory), -ESRCH (no such session).
 */
int dp_session_alias(struct dp_engine *eng, dp_session_id_t slot, uint16_t alias, const char *topic,
	uint16_t len, uint64_t *generation);

/* Written by the owner worker, read relaxed. */
struct dp_session_stats {
	uint64_t rx_events, rx_bytes, rx_highest_sequence;
	uint64_t lost_before_router, duplicates;
	uint64_t rx_granted_events, rx_granted_bytes; /* as granted to the client */
	uint64_t copies_made;			      /* for this session, by any worker */
	uint64_t tx_events, tx_bytes;		      /* handed to transmit */
	uint64_t tx_granted_events, tx_granted_bytes;
	uint64_t queued_events, queued_bytes, longest_queue_bytes;
	uint64_t drops[DP_DROP_COUNT]; /* events it sent and copies for it, by reason */
	uint64_t last_rx_tsc;	       /* any datagram */
	bool protocol_error;	       /* the worker asks the control plane to close it */
	uint8_t protocol_reason;       /* enum rh_bye_reason */
};

/* Ctx: any. -ENOENT when the slot is free. */
int dp_session_stats(
	const struct dp_engine *eng, dp_session_id_t slot, struct dp_session_stats *out);

#pragma once

/*
 * A session as workers see it. 131,072 slots live in one array that is reserved at start and never moves; a session's number on the
 * wire is its slot and a tag that changes at each reuse.
 *
 * Lines of a slot, by who writes:
 *   identity, template   control, before the slot is opened (release store of state); adjacency and aliases at any time; lane_events and
 *                        reassemblies are the owner's
 *   tx, rx, rx_credit    the owner worker, while the slot is open; control before and after
 * A closing slot goes FREE -> OPEN (control) -> CLOSING (control) -> RELEASED (owner let go) -> FREE (after a grace period).
 */

#include "dataplane/api/session.h"
#include "dataplane/base/compiler.h"
#include "dataplane/base/rcu.h"
#include "dataplane/frame/wire.h"
#include "dataplane/node/sequence.h"

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#define DP_SLOT_BITS 17
#define DP_SLOT_TAGS (1u << (32 - DP_SLOT_BITS)) /* numbers of one slot, 0 among them */
#define DP_SLOT_MASK ((1u << DP_SLOT_BITS) - 1)
#define DP_SLOT_NONE UINT32_MAX
_Static_assert(DP_LIMIT_SESSIONS <= 1u << DP_SLOT_BITS, "a wire session number holds any slot");

enum dp_slot_state { DP_SLOT_FREE, DP_SLOT_OPEN, DP_SLOT_CLOSING, DP_SLOT_RELEASED };

/*
 * In front of every datagram to this client, from the EtherType on: IP, UDP, and with IPv4 the datagram header, which has no room
 * behind IPv6. See encap.h.
 */
#define DP_TEMPLATE_MAX 54

/* Replaced by control, freed after a grace period. */
struct dp_alias_entry {
	struct rh_rcu_head rcu;
	uint16_t len;
	char topic[];
};

/* Made with a session's first alias, freed with the slot. Entries are RCU pointers, index 0 unused. */
struct dp_aliases {
	uint64_t *budget; /* bytes taken by aliases of all sessions */
	struct dp_alias_entry *entry[RH_ALIAS_MAX + 1];
};

#define DP_CLASSES 8 /* of service, 7 the highest */

/* What waits for a session, oldest first, by class. Owner; counts only where queue_classes of the session says so. */
struct dp_session_queue {
	struct {
		uint32_t head, tail; /* node indexes */
	} class[DP_CLASSES];
} rh_cache_aligned;

_Static_assert(sizeof(struct dp_session_queue) == RH_CACHE_LINE, "one line, touched by who waits alone");

/* For which session a datagram speaks and where it comes from: compared as a whole, once a datagram (admit.h). */
struct dp_speaker {
	uint32_t wire_id;
	uint32_t check;
	uint16_t port;
	uint8_t family;
	uint8_t zero;
	uint8_t address[4]; /* all of an IPv4 address; where an IPv6 one begins */
};

struct dp_session {
	/* identity */
	union {
		struct dp_speaker speaker; /* of its datagrams */
		struct {
			uint32_t wire_id;
			uint32_t check;
			uint16_t remote_port;
			uint8_t family;
			uint8_t zero;
			uint8_t remote[16];
		};
	};
	uint16_t tenant, profile;
	uint64_t incarnation;
	struct dp_aliases *aliases; /* RCU; NULL without any */
	uint32_t queue_limit_bytes;
	uint32_t queue_ms;
	uint16_t lane_events;  /* owner: events it published that are in the content lane */
	uint16_t reassemblies; /* owner */

	/* template: with tx, all that a copy needs */
	uint8_t template[DP_TEMPLATE_MAX] rh_cache_aligned;
	uint16_t max_datagram;
	union {
		struct {
			dp_adj_id_t adjacency; /* control, relaxed */
			uint16_t owner;
			uint8_t template_len; /* of EtherType, IP and UDP */
			uint8_t state; /* enum dp_slot_state; release by control and owner, acquire by workers */
		};
		uint64_t way; /* the four at once; acquire by workers */
	};

	/* tx */
	uint64_t tx_packet_number rh_cache_aligned; /* the next one */
	uint64_t tx_events, tx_bytes;
	uint64_t tx_granted_events, tx_granted_bytes;
	uint32_t queue_classes; /* a bit for each class of which copies wait */
	uint64_t queue_bytes;
	uint32_t queue_count;
	uint32_t tx_open; /* owner: place behind its newest frame in the transmit queue, see append.h; stale when that has left */

	/* rx */
	struct dp_sequence sequence rh_cache_aligned;
	uint64_t rx_events;
	uint64_t rx_bytes;

	/* rx_credit */
	uint64_t rx_granted_events rh_cache_aligned;
	uint64_t rx_granted_bytes;
	uint64_t rx_lost_events, rx_lost_bytes; /* granted again although it never arrived (docs/protocol.md, Credit) */
	uint32_t rx_window_events, rx_window_bytes; /* 0: unlimited; control, before open */
	uint64_t last_rx_tsc;
	uint32_t duplicates;
	uint8_t credit_due; /* queued for the credit stage in this burst */
	uint8_t ready;	    /* queued for the egress stage */
	uint8_t protocol_error, protocol_reason;
	uint64_t queue_memory; /* owner: places of the store that its queue holds, bytes */
} rh_cache_aligned;

/* 5 lines: a stride of 320 bytes spreads the lines of one kind over every cache set. */
_Static_assert(sizeof(struct dp_session) == 5 * RH_CACHE_LINE, "one line a writer, see above");

_Static_assert(DP_LIMIT_WORKERS <= UINT16_MAX, "an owner has 16 bits");
_Static_assert(offsetof(struct dp_session, way) == 2 * RH_CACHE_LINE - sizeof(uint64_t), "in the template's line");
_Static_assert(offsetof(struct dp_session, adjacency) == offsetof(struct dp_session, way) && sizeof(dp_adj_id_t) == 4 &&
		       offsetof(struct dp_session, owner) == offsetof(struct dp_session, way) + 4 &&
		       offsetof(struct dp_session, template_len) == offsetof(struct dp_session, way) + 6 &&
		       offsetof(struct dp_session, state) == offsetof(struct dp_session, way) + 7,
	"see dp_way_of");

/* The way of an open session of worker @owner with a template of @template_len bytes, by next hop @adjacency (x86-64: the lower half). */
static inline uint64_t dp_way_of(dp_adj_id_t adjacency, uint32_t owner, uint8_t template_len)
{
	return (uint64_t)DP_SLOT_OPEN << 56 | (uint64_t)template_len << 48 | (uint64_t)owner << 32 | adjacency;
}

/* What it says of an open session of worker @owner, whatever its next hop and template are. */
#define DP_WAY_OPEN_MASK (UINT8_MAX * (1ULL << 56) | UINT16_MAX * (1ULL << 32))

static inline uint64_t dp_way_open(uint32_t owner)
{
	return dp_way_of(0, owner, 0);
}
_Static_assert(offsetof(struct dp_speaker, port) + offsetof(struct dp_session, speaker) == offsetof(struct dp_session, remote_port) &&
		       offsetof(struct dp_speaker, family) + offsetof(struct dp_session, speaker) == offsetof(struct dp_session, family) &&
		       offsetof(struct dp_speaker, address) + offsetof(struct dp_session, speaker) == offsetof(struct dp_session, remote),
	"a speaker begins like the identity of its session");

/* Fetch what a copy for @slot needs of it. */
static inline void dp_session_fetch(const struct dp_session *slot)
{
	rh_prefetch(slot->template);
	rh_prefetch(&slot->tx_packet_number);
}

/* What is written rarely. */
struct dp_session_cold {
	uint64_t longest_queue_bytes;  /* owner */
	uint64_t control_full_tsc;     /* owner: its own bucket of control records, see punt.c */
	uint64_t owner_full_base;      /* control: other workers' counts when the slot was opened */
	uint32_t owned_index;	       /* owner: place in its list */
	uint32_t fragment_id;	       /* owner: of the next copy that is cut */
	uint32_t next;		       /* control: lists of closing and free slots */
	uint16_t tag;		       /* control */
	uint8_t close_sent, grace_pending; /* control */
	struct dp_session *slot;
	struct rh_rcu_head rcu;
} rh_cache_aligned;

/* What was dropped, by reason; its page is touched with the first one. Owner; control before the slot is opened. */
struct dp_session_drops {
	uint64_t count[DP_DROP_COUNT];
};

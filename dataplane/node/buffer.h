#pragma once

/*
 * A buffer straight out of a worker's cache of a pool, for one frame: its fields as rte_pktmbuf_alloc leaves them, written at once. In its pool a buffer has no
 * next one, and that stays. Inline: once a copy. Ctx of everything: worker.
 */

#include "dataplane/node/encap.h"

#include <rte_mbuf.h>

/*
 * Where the records begin: on a line, so that no store of 32 bytes lies in two of them. In front of the headers at most a few bytes of headroom are missing.
 * Every pool has room for them (port/pool.c).
 */
#define DP_RECORDS_AT (RTE_PKTMBUF_HEADROOM + RH_CACHE_LINE)
_Static_assert(DP_RECORDS_AT % RH_CACHE_LINE == 0, "on a line");
_Static_assert(DP_RECORDS_AT >= DP_L2_MAX + DP_TEMPLATE_MAX, "with room for headers");

/* What a new frame says of struct rte_mbuf, from rearm_data on. */
typedef uint64_t dp_buffer_words __attribute__((vector_size(32), aligned(16), may_alias));
#define DP_BUFFER_WORDS_AT offsetof(struct rte_mbuf, rearm_data)
#define DP_BUFFER_HAS(field, at) (offsetof(struct rte_mbuf, field) == DP_BUFFER_WORDS_AT + (at))
_Static_assert(DP_BUFFER_HAS(data_off, 0) && DP_BUFFER_HAS(refcnt, 2) && DP_BUFFER_HAS(nb_segs, 4) && DP_BUFFER_HAS(port, 6) && DP_BUFFER_HAS(ol_flags, 8) &&
		       DP_BUFFER_HAS(packet_type, 16) && DP_BUFFER_HAS(pkt_len, 20) && DP_BUFFER_HAS(data_len, 24) && DP_BUFFER_HAS(vlan_tci, 26),
	"see dp_buffer_words_of");

/* One frame of @bytes from @data_off on; one reference, one segment, no port, nothing else. */
static inline dp_buffer_words dp_buffer_words_of(uint32_t data_off, uint32_t bytes)
{
	return (dp_buffer_words){(uint64_t)RTE_MBUF_PORT_INVALID << 48 | 1ULL << 32 | 1ULL << 16 | data_off, 0, (uint64_t)bytes << 32, bytes};
}

static inline dp_buffer_words *dp_buffer_words_in(struct rte_mbuf *m)
{
	return (dp_buffer_words *)((uint8_t *)m + DP_BUFFER_WORDS_AT);
}

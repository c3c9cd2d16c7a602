#pragma once

/*
 * A publisher's sequence window: duplicate suppression, gaps, and resynchronisation after a publisher restarted its
 * numbering (RFC 3550 appendix A.1). docs/protocol.md, "Event sequence".
 *
 *  - ahead of the highest: accepted at once; what was jumped over is a gap;
 *  - ahead by more than 2^32: nobody lost that many; the publisher numbers anew from there and the window restarts;
 *  - within the last 128 and not seen: a late arrival, taken off the gap again;
 *  - within the last 128 and seen: duplicate;
 *  - older: stale, unless it directly follows the last stale one: then the publisher numbers anew and the window restarts.
 */

#include "dataplane/api/limits.h"
#include "dataplane/base/atomic.h"
#include "dataplane/base/compiler.h"

#include <stdbool.h>
#include <stdint.h>

enum dp_sequence_verdict {
	DP_SEQUENCE_NEW,
	DP_SEQUENCE_RESYNC, /* new, and the window restarted here */
	DP_SEQUENCE_DUPLICATE,
	DP_SEQUENCE_STALE,
};

/* 48 bytes, written by the owner worker; highest and lost are read relaxed by anyone. All zero: nothing seen yet. */
struct dp_sequence {
	uint64_t highest; /* 0: nothing seen yet */
	uint64_t before;  /* numbering began behind it: what lies up to there was never counted as a gap */
	unsigned __int128 missing; /* bit i: highest - i was not seen; 0 where events come one after the other */
	uint64_t probe;	  /* last stale sequence + 1; 0 none */
	uint64_t lost;	  /* gaps not (yet) filled by late arrivals */
};

/*
 * What dp_sequence_accept would say, changing nothing; never a RESYNC: what would restart the window is STALE or NEW here.
 * Ctx: worker.
 */
enum dp_sequence_verdict dp_sequence_peek(const struct dp_sequence *s, uint64_t sequence);

/*
 * Take @sequence (from 1) in. @gap gets the change of the number of lost events: the events jumped over, -1 for a late arrival, else 0.
 * Ctx: worker.
 */
enum dp_sequence_verdict dp_sequence_accept(struct dp_sequence *s, uint64_t sequence, int64_t *gap);

/*
 * dp_sequence_accept for the event that directly follows the highest one, or is number 1 before all others: new, without a
 * gap, as nearly every event is. False: it is another one, nothing was changed. Inline: once an event. Ctx: worker.
 */
static inline bool dp_sequence_follow(struct dp_sequence *s, uint64_t sequence)
{
	uint64_t next = s->highest + 1;

	/* 0 follows nothing. */
	if (rh_unlikely(sequence != next || !next))
		return false;
	if (rh_unlikely((uint64_t)s->missing | (uint64_t)(s->missing >> 64) | s->probe)) {
		s->missing <<= 1;
		s->probe = 0;
	}
	rh_store_relaxed(&s->highest, next);
	return true;
}

#include "dataplane/node/sequence.h"

#define WINDOW DP_LIMIT_SEQUENCE_WINDOW
/* A longer jump ahead is no loss but another numbering. */
#define JUMP_MAX (1ULL << 32)
_Static_assert(WINDOW == 128, "missing has a bit for each of them");

static const unsigned __int128 one = 1;

static bool bit_get(const struct dp_sequence *s, uint64_t back)
{
	return !(s->missing >> back & 1);
}

static void bit_set(struct dp_sequence *s, uint64_t back)
{
	s->missing &= ~(one << back);
}

static void window_shift(struct dp_sequence *s, uint64_t by)
{
	s->missing = by < WINDOW ? s->missing << by | ((one << by) - 1) : ~(unsigned __int128)0;
}

static void window_start(struct dp_sequence *s, uint64_t sequence)
{
	s->before = sequence - 1;
	rh_store_relaxed(&s->highest, sequence);
	/* Before number 1 there is none. */
	s->missing = sequence > 1 ? ~one : 0;
	s->probe = 0;
}

static int64_t advance(struct dp_sequence *s, uint64_t sequence)
{
	uint64_t jump = sequence - s->highest;

	window_shift(s, jump);
	bit_set(s, 0);
	rh_store_relaxed(&s->highest, sequence);
	rh_add_relaxed(&s->lost, jump - 1);
	return (int64_t)(jump - 1);
}

enum dp_sequence_verdict dp_sequence_peek(const struct dp_sequence *s, uint64_t sequence)
{
	if (!s->highest || sequence > s->highest)
		return DP_SEQUENCE_NEW;
	if (s->highest - sequence >= WINDOW)
		return DP_SEQUENCE_STALE;
	return bit_get(s, s->highest - sequence) ? DP_SEQUENCE_DUPLICATE : DP_SEQUENCE_NEW;
}

static enum dp_sequence_verdict accept_stale(struct dp_sequence *s, uint64_t sequence)
{
	if (s->probe && sequence == s->probe) {
		window_start(s, sequence);
		return DP_SEQUENCE_RESYNC;
	}
	s->probe = sequence + 1;
	return DP_SEQUENCE_STALE;
}

static int64_t accept_late(struct dp_sequence *s, uint64_t sequence)
{
	bit_set(s, s->highest - sequence);
	/* Before the first one nothing was counted as lost, so nothing can be taken off. */
	if (sequence <= s->before || !s->lost)
		return 0;
	rh_add_relaxed(&s->lost, -1ULL);
	return -1;
}

enum dp_sequence_verdict dp_sequence_accept(struct dp_sequence *s, uint64_t sequence, int64_t *gap)
{
	enum dp_sequence_verdict verdict = dp_sequence_peek(s, sequence);

	*gap = 0;
	if (verdict == DP_SEQUENCE_DUPLICATE)
		return verdict;
	if (verdict == DP_SEQUENCE_STALE)
		return accept_stale(s, sequence);
	s->probe = 0;
	if (rh_unlikely(s->highest && sequence > s->highest && sequence - s->highest > JUMP_MAX)) {
		window_start(s, sequence);
		return DP_SEQUENCE_RESYNC;
	}
	if (rh_unlikely(!s->highest))
		window_start(s, sequence);
	else if (rh_likely(sequence > s->highest))
		*gap = advance(s, sequence);
	else
		*gap = accept_late(s, sequence);
	return DP_SEQUENCE_NEW;
}

#include "tools/librhumb/rhumb_priv.h"

/* xorshift64*: jitter needs no more. */
static uint64_t random_next(struct rhumb *r)
{
	r->random ^= r->random >> 12;
	r->random ^= r->random << 25;
	r->random ^= r->random >> 27;
	return r->random * 0x2545f4914f6cdd1dULL;
}

/* wait_ms from now, 80 to 120 % of it. */
static void backoff_arm(struct rhumb *r, struct rhc_backoff *b)
{
	uint64_t percent = 80 + random_next(r) % 41;

	b->due_ns = r->now_ns + b->wait_ms * RH_NS_PER_MS * percent / 100;
}

void rhc_backoff_start(struct rhumb *r, struct rhc_backoff *b)
{
	b->wait_ms = RHC_RETRY_FIRST_MS;
	backoff_arm(r, b);
}

void rhc_backoff_next(struct rhumb *r, struct rhc_backoff *b, uint32_t longest_ms)
{
	b->wait_ms = b->wait_ms * 2 < longest_ms ? b->wait_ms * 2 : longest_ms;
	backoff_arm(r, b);
}

#include "dataplane/api/trace.h"

#include "dataplane/base/rcu.h"
#include "dataplane/node/trace_write.h"
#include "dataplane/worker/engine_priv.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static void conf_free_cb(struct rh_rcu_head *head)
{
	free(caa_container_of(head, struct dp_trace_conf, rcu));
}

static void conf_swap(struct dp_engine *eng, struct dp_trace_conf *next)
{
	struct dp_trace_conf *old = eng->tables.trace;

	rh_rcu_assign(eng->tables.trace, next);
	if (old)
		rh_rcu_call(&old->rcu, conf_free_cb);
}

/* Made when first asked for; kept, because a worker may still write into it. */
static int rings_create(struct dp_engine *eng)
{
	for (uint32_t w = 0; w < eng->conf.worker_count; w++) {
		struct dp_ctx *ctx = eng->ctx[w];

		if (!ctx->trace_ring)
			ctx->trace_ring = calloc(1, sizeof(*ctx->trace_ring));
		if (!ctx->trace_ring)
			return -ENOMEM;
		eng->trace_base[w] = rh_load_acquire(&ctx->trace_ring->written);
	}
	return 0;
}

int dp_trace_start(struct dp_engine *eng, const struct rh_filter *filter)
{
	struct dp_trace_conf *next = calloc(1, sizeof(*next));

	if (!next)
		return -ENOMEM;
	next->all = !filter;
	if (filter)
		next->filter = *filter;
	if (rings_create(eng) < 0) {
		free(next);
		return -ENOMEM;
	}
	conf_swap(eng, next);
	return 0;
}

void dp_trace_stop(struct dp_engine *eng)
{
	conf_swap(eng, NULL);
}

/* False when the writer has overtaken us. */
static bool place_read(const struct dp_trace_ring *ring, uint64_t n, struct dp_trace_entry *out)
{
	const struct dp_trace_place *place = &ring->place[n % DP_LIMIT_TRACE_RING];
	uint64_t words[DP_TRACE_WORDS];

	if (rh_load_acquire(&place->version) != 2 * n + 2)
		return false;
	/* Acquire, so that the version is read again after the words; pairs with the stores in place_write. */
	for (size_t i = 0; i < DP_TRACE_WORDS; i++)
		words[i] = rh_load_acquire(&place->words[i]);
	if (rh_load_relaxed(&place->version) != 2 * n + 2)
		return false;
	memcpy(out, words, sizeof(*out));
	return true;
}

/* Where reading one ring stands. */
struct cursor {
	const struct dp_trace_ring *ring;
	uint64_t next, end;
	bool loaded;
	struct dp_trace_entry entry; /* at next, while loaded */
};

static void cursor_load(struct cursor *c)
{
	while (!c->loaded && c->next < c->end) {
		c->loaded = place_read(c->ring, c->next, &c->entry);
		c->next += !c->loaded;
	}
}

static struct cursor *oldest(struct cursor *cursors, uint32_t count)
{
	struct cursor *best = NULL;

	for (uint32_t w = 0; w < count; w++) {
		cursor_load(&cursors[w]);
		if (cursors[w].loaded && (!best || cursors[w].entry.wall_ns < best->entry.wall_ns))
			best = &cursors[w];
	}
	return best;
}

static uint64_t cursors_open(const struct dp_engine *eng, struct cursor *cursors)
{
	uint64_t total = 0;

	for (uint32_t w = 0; w < eng->conf.worker_count; w++) {
		struct cursor *c = &cursors[w];

		c->ring = eng->ctx[w]->trace_ring;
		if (!c->ring)
			continue;
		c->end = rh_load_acquire(&c->ring->written);
		c->next = eng->trace_base[w];
		if (c->end - c->next > DP_LIMIT_TRACE_RING)
			c->next = c->end - DP_LIMIT_TRACE_RING;
		total += c->end - c->next;
	}
	return total;
}

/* The worker left its TSC where the time of day belongs. */
static void entry_date(const struct dp_engine *eng, struct dp_trace_entry *e)
{
	uint64_t ago = rh_tsc() - e->wall_ns;

	e->wall_ns = rh_clock_wall_ns() -
		     (uint64_t)((double)ago * (double)RH_NS_PER_S / (double)eng->ctx[0]->tsc_hz);
}

uint32_t dp_trace_read(struct dp_engine *eng, struct dp_trace_entry *out, uint32_t max)
{
	struct cursor *cursors = calloc(eng->conf.worker_count, sizeof(*cursors)), *c;
	uint64_t total;
	uint32_t n = 0;

	if (!cursors)
		return 0;
	total = cursors_open(eng, cursors);
	while (n < max && (c = oldest(cursors, eng->conf.worker_count)) != NULL) {
		if (total-- <= max) {
			entry_date(eng, &c->entry);
			out[n++] = c->entry;
		}
		c->loaded = false;
		c->next++;
	}
	free(cursors);
	return n;
}

/*
 * Two subscribers' queues against a slow model of them: events of random classes and sizes for one, the other or both, credit in events and bytes, time, a
 * store that runs short. The model keeps every copy in one list and decides anew, from the rules of docs/protocol.md (Credit) alone, what a
 * copy displaces: it tries none, the first, the first two, ... of those that may go and counts what would be held then.
 *
 * After every step what waits, what came out and in which order, and every drop are the same, and the laws hold.
 */

#include "tests/unit/dataplane/node/fixture.h"

#include "tests/lib/random.h"

#include <stdlib.h>

#define SUBSCRIBERS 2
#define COPIES_MAX  512
#define PLACES	    24 /* of each class of the store, 21 for queues */
#define BOUND_MS    1000
#define LOOKS	    32
#define EXPIRED_AT_ONCE 64 /* so many go in one look */

/* A stored event: who holds it, and where it lies. */
struct model_event {
	uint64_t sequence;
	uint32_t len, store, class, holders;
};

struct model_copy {
	struct model_event *event;
	uint32_t age_ms;
};

struct model_queue {
	struct model_copy copy[COPIES_MAX]; /* in the order in which they came */
	uint32_t count;
	uint64_t limit, events, bytes, granted_events, granted_bytes; /* sent and granted */
	uint64_t full, expired, no_buffer;
	uint64_t out[COPIES_MAX]; /* sequences that left in this step */
	uint32_t out_count;
};

static const uint32_t sizes[DP_STORE_CLASSES] = {512, 2048, 16384, 80 * 1024};
static const char *const topics[] = {"a", "b", "ab"};
static struct model_queue model[SUBSCRIBERS];
static struct fx_client pub, sub[SUBSCRIBERS];
static struct model_event *event_list[COPIES_MAX];
static uint32_t event_count;
static struct fx_copy copy;
static struct rnd rnd;

static uint32_t below(uint32_t bound)
{
	return rnd_below(&rnd, bound);
}

static uint32_t places_used(uint32_t store)
{
	uint32_t used = 0;

	for (uint32_t i = 0; i < event_count; i++)
		used += event_list[i]->store == store;
	return used;
}

static void event_let_go(struct model_event *event)
{
	if (--event->holders)
		return;
	for (uint32_t i = 0; i < event_count; i++)
		if (event_list[i] == event)
			event_list[i] = event_list[--event_count];
	free(event);
}

/* Stored, held by the burst; NULL: no place. */
static struct model_event *event_store(uint64_t sequence, uint32_t len, uint32_t class)
{
	for (uint32_t store = 0; store < DP_STORE_CLASSES; store++) {
		if (sizeof(struct dp_blob) + len > sizes[store] || places_used(store) >= PLACES)
			continue;
		event_list[event_count] = malloc(sizeof(struct model_event));
		*event_list[event_count] = (struct model_event){sequence, len, store, class, 1};
		return event_list[event_count++];
	}
	return NULL;
}

static void take_out(struct model_queue *q, uint32_t at)
{
	event_let_go(q->copy[at].event);
	memmove(&q->copy[at], &q->copy[at + 1], (--q->count - at) * sizeof(q->copy[0]));
}

static void model_expire(struct model_queue *q)
{
	for (uint32_t i = 0; i < q->count;)
		if (q->copy[i].age_ms >= BOUND_MS) {
			take_out(q, i);
			q->expired++;
		} else {
			i++;
		}
}

/* The @n-th copy to go before one of @class: lowest class first, of it the oldest. COPIES_MAX: there are not so many. */
static uint32_t victim(const struct model_queue *q, uint32_t class, uint32_t n)
{
	for (uint32_t c = 0; c < class; c++)
		for (uint32_t i = 0; i < q->count; i++)
			if (q->copy[i].event->class == c && !n--)
				return i;
	return COPIES_MAX;
}

/* May @event wait once the first @n victims are gone? Counted anew from what would be left. */
static bool would_fit(const struct model_queue *q, const struct model_event *event, uint32_t n)
{
	uint64_t bytes = 0, memory = 0, before = 0, usable = PLACES - PLACES / 8, used = places_used(event->store);

	for (uint32_t i = 0; i < q->count; i++) {
		const struct model_event *e = q->copy[i].event;
		bool goes = false;

		for (uint32_t k = 0; k < n; k++)
			goes |= victim(q, event->class, k) == i;
		before += sizes[e->store];
		bytes += goes ? 0 : e->len;
		memory += goes ? 0 : sizes[e->store];
		used -= goes && e->store == event->store && e->holders == 1;
	}
	bytes += event->len;
	memory += sizes[event->store];
	if (bytes > q->limit || used > usable)
		return false;
	return memory <= (usable - used) * sizes[event->store] || memory <= before;
}

static void model_enqueue(struct model_queue *q, struct model_event *event)
{
	uint32_t n = 0, most;

	if (!would_fit(q, event, 0))
		model_expire(q);
	most = event->len / RH_PUBLISH_HDR + LOOKS;
	while (!would_fit(q, event, n))
		if (++n > most || victim(q, event->class, n - 1) == COPIES_MAX) {
			q->full++;
			return;
		}
	for (; n; n--) {
		take_out(q, victim(q, event->class, 0));
		q->full++;
	}
	event->holders++;
	q->copy[q->count++] = (struct model_copy){.event = event};
}

static bool has_credit(const struct model_queue *q, uint32_t len)
{
	return q->events < q->granted_events && q->bytes + len <= q->granted_bytes;
}

static void model_send(struct model_queue *q, const struct model_event *event)
{
	q->events++;
	q->bytes += event->len;
	q->out[q->out_count++] = event->sequence;
}

/* All that credit lets go. */
static void model_serve(struct model_queue *q)
{
	for (;;) {
		uint32_t first = COPIES_MAX;

		model_expire(q);
		for (uint32_t i = q->count; i--;)
			if (first == COPIES_MAX || q->copy[i].event->class >= q->copy[first].event->class)
				first = i;
		if (first == COPIES_MAX || !has_credit(q, q->copy[first].event->len))
			return;
		model_send(q, q->copy[first].event);
		take_out(q, first);
	}
}

static void model_publish(uint32_t topic, uint64_t sequence, uint32_t len, uint32_t class)
{
	struct model_event sent = {sequence, len, 0, class, 0}, *stored = NULL;

	for (uint32_t s = 0; s < SUBSCRIBERS; s++) {
		struct model_queue *q = &model[s];

		if (topic != s && topic != 2)
			continue;
		if (!q->count && has_credit(q, len)) {
			model_send(q, &sent);
			continue;
		}
		if (!stored)
			stored = event_store(sequence, len, class);
		if (stored)
			model_enqueue(q, stored);
		else
			q->no_buffer++;
	}
	if (stored)
		event_let_go(stored);
}

/* Sizes of all classes of the store but the largest, most of them small. */
static uint32_t payload_draw(void)
{
	switch (below(12)) {
	case 0: return 2100 + below(6000);
	case 1:
	case 2: return 500 + below(900);
	default: return below(300);
	}
}

static void step_publish(void)
{
	static uint8_t payload[8192];
	uint32_t topic = below(3);
	struct rh_event_spec spec = fx_spec(&pub, topics[topic], NULL);

	spec.class = (uint8_t)below(DP_CLASSES);
	spec.payload = payload;
	spec.payload_len = payload_draw();
	model_publish(topic, spec.sequence, (uint32_t)rh_event_size(&spec), spec.class);
	fx_event_in(&pub, &spec);
}

static void step_grant(void)
{
	uint32_t s = below(SUBSCRIBERS);
	struct model_queue *q = &model[s];

	/* Mostly a little; sometimes nothing is left of either. */
	q->granted_events += below(6);
	q->granted_bytes += below(2500);
	fx_grant(&sub[s], q->granted_events, q->granted_bytes);
}

static void step_age(void)
{
	uint32_t ms = 1 + below(400);

	for (uint32_t s = 0; s < SUBSCRIBERS; s++)
		for (uint32_t i = 0; i < model[s].count; i++)
			model[s].copy[i].age_ms += ms;
	fx_age(ms);
}

static void compare(uint32_t s, size_t step)
{
	struct dp_session_stats stats = fx_stats(&sub[s]);
	struct model_queue *q = &model[s];
	uint64_t bytes = 0;

	for (uint32_t i = 0; i < q->count; i++)
		bytes += q->copy[i].event->len;
	cr_assert_lt(q->count, EXPIRED_AT_ONCE);
	cr_assert_eq(stats.queued_events, q->count, "step %zu, %u: %lu wait, not %u", step, s, stats.queued_events, q->count);
	cr_assert_eq(stats.queued_bytes, bytes, "step %zu, %u: %lu bytes, not %lu", step, s, stats.queued_bytes, bytes);
	cr_assert_eq(stats.drops[DP_DROP_QUEUE_FULL], q->full, "step %zu, %u: full", step, s);
	cr_assert_eq(stats.drops[DP_DROP_QUEUE_EXPIRED], q->expired, "step %zu, %u: expired", step, s);
	cr_assert_eq(stats.drops[DP_DROP_NO_BUFFER], q->no_buffer, "step %zu, %u: no buffer", step, s);
	cr_assert_eq(stats.tx_bytes, q->bytes, "step %zu, %u", step, s);
	fx.sent_read = fx.sent_read_at = 0;
	for (uint32_t i = 0; i < q->out_count; i++) {
		cr_assert(fx_copy(&sub[s], &copy), "step %zu, %u: %lu did not come", step, s, q->out[i]);
		cr_assert_eq(copy.event.sequence, q->out[i], "step %zu, %u: %lu came, not %lu", step, s,
			copy.event.sequence, q->out[i]);
	}
	cr_assert_not(fx_copy(&sub[s], &copy), "step %zu, %u: %lu came too", step, s, copy.event.sequence);
	q->out_count = 0;
}

static void compare_all(size_t step)
{
	for (uint32_t s = 0; s < SUBSCRIBERS; s++)
		compare(s, step);
	for (uint32_t i = 0; i < DP_STORE_CLASSES; i++)
		cr_assert_eq(fx.eng->ctx[0]->store.class[i].used, places_used(i), "step %zu: places of class %u", step, i);
	fx_forget();
	fx_laws("between steps");
}

static void join(uint32_t s)
{
	struct dp_session_conf conf;

	model[s].limit = s ? 12000 : 1800;
	fx_client_init(&sub[s], 2 + s, 4, DP_VLAN_NONE);
	conf = fx_conf(&sub[s]);
	conf.tx_credit_events = conf.tx_credit_bytes = 0;
	conf.queue_bytes = model[s].limit;
	conf.queue_ms = BOUND_MS;
	conf.max_datagram = 8900; /* none is cut: slices need the store too */
	fx_open(&sub[s], &conf);
	(void)fx_subscribe(&sub[s], topics[s]);
	(void)fx_subscribe(&sub[s], topics[2]);
}

static void start(void)
{
	fx_start(&(struct fx_options){.mtu = 9000});
	/* Time passes where the test says so: the clock of the machine counts a thousandth. */
	fx.eng->ctx[0]->cycles_per_ms *= 1000;
	fx_connect(&pub, 1);
	for (uint32_t s = 0; s < SUBSCRIBERS; s++)
		join(s);
	for (int i = 0; i < DP_STORE_CLASSES; i++)
		fx.eng->ctx[0]->store.class[i].count = PLACES;
}

TestSuite(queue_model, .init = start, .fini = fx_stop);

/* What time makes too old is there still when something else happens in the same round. */
static void step_do(void)
{
	if (!below(10))
		step_age();
	if (below(4))
		step_publish();
	else
		step_grant();
	fx_settle();
	for (uint32_t s = 0; s < SUBSCRIBERS; s++)
		model_serve(&model[s]);
}

Test(queue_model, does_what_the_model_does)
{
	size_t steps = rnd_cases(20000, 500000);

	rnd_init(&rnd, "queue_model");
	for (size_t i = 0; i < steps; i++) {
		step_do();
		compare_all(i);
	}
	/* All that was to be seen was seen. */
	cr_assert_gt(fx_dropped(copies, QUEUE_FULL), steps / 20);
	cr_assert_gt(fx_dropped(copies, QUEUE_EXPIRED), steps / 100);
	cr_assert_gt(fx_count(copies_tx), steps / 20);
	for (uint32_t s = 0; s < SUBSCRIBERS; s++)
		while (model[s].count)
			take_out(&model[s], 0);
}

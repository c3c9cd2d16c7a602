/*
 * One step of the content lane: fetch what workers handed over, match one event, give it back.
 *
 * The snapshot is loaded after an event was fetched, so it is at least as new as its worker's: who was promised events from some point on
 * gets this one, if it came behind that. What changes while the event is on its way back, the witnesses of its copies tell (docs/threading.md).
 */

#include "dataplane/worker/lane_priv.h"

#include "dataplane/base/rcu.h"
#include "dataplane/node/outgoing.h"

#include <rte_ring_elem.h>

/* Events fetched from one worker in one step. */
#define FETCH_BUDGET 32
/* TSC cycles of a tenant's turn: some tens of cheap events. A dear one takes the turns behind it, too. */
#define QUANTUM 200000

static uint32_t node_take(struct dp_lane *lane)
{
	uint32_t n = lane->node_free;

	if (n == DP_LANE_NONE)
		return lane->node_fresh++;
	lane->node_free = lane->node[n].next;
	return n;
}

static void turn_last(struct dp_lane *lane, uint32_t tenant)
{
	lane->queue[tenant].next = DP_LANE_NONE;
	if (lane->first == DP_LANE_NONE)
		lane->first = tenant;
	else
		lane->queue[lane->last].next = tenant;
	lane->last = tenant;
}

static uint32_t turn_take(struct dp_lane *lane)
{
	uint32_t tenant = lane->first;

	lane->first = lane->queue[tenant].next;
	return tenant;
}

static void enqueue(struct dp_lane *lane, uint32_t worker, const struct dp_lane_event *event)
{
	uint32_t tenant = dp_store_get(&lane->eng->ctx[worker]->store, event->blob)->tenant, n = node_take(lane);
	struct dp_lane_queue *queue = &lane->queue[tenant];

	lane->node[n] = (struct dp_lane_node){*event, worker, DP_LANE_NONE};
	if (queue->waits) {
		lane->node[queue->tail].next = n;
		queue->tail = n;
		return;
	}
	queue->head = queue->tail = n;
	queue->waits = true;
	turn_last(lane, tenant);
}

static uint32_t fetch_from(struct dp_lane *lane, uint32_t worker)
{
	struct dp_lane_event events[FETCH_BUDGET];
	uint32_t n = rte_ring_sc_dequeue_burst_elem(lane->eng->ctx[worker]->lane_to, events, sizeof(events[0]), FETCH_BUDGET, NULL);

	for (uint32_t i = 0; i < n; i++)
		enqueue(lane, worker, &events[i]);
	return n;
}

static uint32_t fetch(struct dp_lane *lane)
{
	uint32_t n = 0;

	for (uint32_t w = 0; w < lane->eng->conf.worker_count; w++)
		n += fetch_from(lane, w);
	return n;
}

/* The tenant whose turn it is. Bounded: each turn is a quantum, and no debt is more than one event. There is one that waits. */
static uint32_t tenant_next(struct dp_lane *lane)
{
	while (lane->queue[lane->first].deficit <= 0) {
		uint32_t tenant = turn_take(lane);

		lane->queue[tenant].deficit += QUANTUM;
		turn_last(lane, tenant);
	}
	return lane->first;
}

/* The oldest event of @tenant, whose turn it is, leaves its queue. */
static struct dp_lane_node node_pop(struct dp_lane *lane, uint32_t tenant)
{
	struct dp_lane_queue *queue = &lane->queue[tenant];
	uint32_t n = queue->head;
	struct dp_lane_node node = lane->node[n];

	queue->head = node.next;
	lane->node[n].next = lane->node_free;
	lane->node_free = n;
	if (node.next == DP_LANE_NONE) {
		(void)turn_take(lane);
		queue->waits = false;
	}
	return node;
}

static void receivers_write(const struct dp_lane *lane, struct dp_lane_answer *answer, const struct dp_match_result *result)
{
	const struct dp_session *slots = lane->eng->tables.slots;

	answer->count = result->verdict == DP_MATCH_OK ? result->count : 0;
	for (uint32_t i = 0; i < answer->count; i++) {
		const struct dp_receiver *to = &result->receivers[i];

		/* Its number stands for as long as its subscription is seen, so in this step. */
		answer->receiver[i] = (struct dp_lane_receiver){slots[to->session].wire_id, to->sub, dp_match_sub_tag(lane->match, to->sub)};
	}
}

/* Returns the cycles it took. */
static uint64_t match_one(struct dp_lane *lane, const struct dp_lane_node *node)
{
	const struct dp_blob *blob = dp_store_get(&lane->eng->ctx[node->worker]->store, node->event.blob);
	uint64_t start = rh_tsc(), generation = dp_match_begin(lane->match);
	const struct dp_match_key key = dp_blob_key(blob);
	struct dp_lane_answer *answer = lane->answer;
	struct dp_match_counters before, after;
	struct dp_match_result result;

	dp_match_counters(lane->match, &before);
	(void)dp_match_burst(lane->match, &key, 1, &result);
	dp_match_counters(lane->match, &after);
	receivers_write(lane, answer, &result);
	answer->event = node->event;
	answer->generation = (uint32_t)generation;
	answer->scans = (uint32_t)(after.scans - before.scans);
	answer->cycles = rh_tsc() - start;
	return answer->cycles;
}

/* False: there is no room yet. */
static bool answer_give(struct dp_lane *lane)
{
	struct dp_bytering *ring = &lane->eng->ctx[lane->answer_worker]->lane_back;
	size_t len = sizeof(*lane->answer) + lane->answer->count * sizeof(lane->answer->receiver[0]);
	void *place = dp_bytering_reserve(ring, len);

	lane->answer_waits = !place;
	if (!place)
		return false;
	memcpy(place, lane->answer, len);
	dp_bytering_commit(ring, len);
	return true;
}

static void serve(struct dp_lane *lane)
{
	uint32_t tenant = tenant_next(lane);
	struct dp_lane_node node = node_pop(lane, tenant);
	struct dp_lane_queue *queue = &lane->queue[tenant];

	lane->answer_worker = node.worker;
	queue->deficit -= (int64_t)match_one(lane, &node);
	/* Nobody saves turns up. */
	if (!queue->waits && queue->deficit > 0)
		queue->deficit = 0;
	(void)answer_give(lane);
}

bool dp_lane_poll_once(struct dp_lane *lane)
{
	uint32_t fetched;

	rh_rcu_quiescent();
	if (lane->answer_waits)
		return answer_give(lane);
	fetched = fetch(lane);
	if (lane->first == DP_LANE_NONE)
		return fetched != 0;
	serve(lane);
	return true;
}

bool dp_lane_take(struct dp_lane *lane, struct dp_lane_event *event, uint32_t *worker)
{
	struct dp_lane_node node;

	if (lane->answer_waits) {
		lane->answer_waits = false;
		*event = lane->answer->event;
		*worker = lane->answer_worker;
		return true;
	}
	(void)fetch(lane);
	if (lane->first == DP_LANE_NONE)
		return false;
	node = node_pop(lane, lane->first);
	*event = node.event;
	*worker = node.worker;
	return true;
}

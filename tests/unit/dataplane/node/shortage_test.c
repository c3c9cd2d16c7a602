/* No packet buffer for a copy, no place for an event that has to wait: dropped with its reason, nothing kept, the books right. */

#include "tests/unit/dataplane/node/fixture.h"

#include "dataplane/node/node.h"
#include "dataplane/port/port_priv.h"

#include <rte_mbuf.h>

#define HELD_MAX 8192
#define BIG	 1200 /* three slices of the smallest datagrams */

static struct fx_copy copy;
static struct fx_client pub, sub;
static struct rte_mbuf *held[HELD_MAX];
static uint32_t held_count;
static uint32_t places[2][DP_STORE_CLASSES];

static void start(void)
{
	fx_start(NULL);
	fx_connect(&pub, 1);
}

static void start_two(void)
{
	fx_start(&(struct fx_options){.workers = 2});
	fx_connect(&pub, 1);
}

TestSuite(shortage, .init = start, .fini = fx_stop);
TestSuite(shortage_across, .init = start_two, .fini = fx_stop);

static void subscriber(uint32_t owner, uint16_t max_datagram, uint64_t credit)
{
	struct dp_session_conf conf;

	fx_client_init(&sub, 2, 4, DP_VLAN_NONE);
	sub.owner = owner;
	conf = fx_conf(&sub);
	conf.max_datagram = max_datagram;
	conf.tx_credit_events = credit;
	fx_open(&sub, &conf);
	(void)fx_subscribe(&sub, "#");
}

/* The pool has only @left buffers from now on. */
static void buffers_take(uint32_t left)
{
	struct rte_mempool *pool = dp_port_pool(fx.port);

	while ((held[held_count] = rte_pktmbuf_alloc(pool)) != NULL)
		cr_assert_lt(++held_count, HELD_MAX);
	rte_pktmbuf_free_bulk(held + held_count - left, left);
	held_count -= left;
	cr_assert_eq(rte_mempool_avail_count(pool), left);
}

static void buffers_give(void)
{
	rte_pktmbuf_free_bulk(held, held_count);
	held_count = 0;
}

/* As if every place of worker @w's store were taken. */
static void store_take(uint32_t w)
{
	struct dp_store *store = &fx.eng->ctx[w]->store;

	for (int i = 0; i < DP_STORE_CLASSES; i++) {
		cr_assert_eq(store->class[i].fresh, 0, "class %d was in use before", i);
		places[w][i] = store->class[i].count;
		store->class[i].count = 0;
	}
}

static void store_give(uint32_t w)
{
	for (int i = 0; i < DP_STORE_CLASSES; i++)
		fx.eng->ctx[w]->store.class[i].count = places[w][i];
}

static uint32_t store_used(uint32_t w)
{
	uint32_t used = 0;

	for (int i = 0; i < DP_STORE_CLASSES; i++)
		used += fx.eng->ctx[w]->store.class[i].used;
	return used;
}

static void publish_big(void)
{
	static const uint8_t payload[BIG];
	struct rh_event_spec spec = fx_spec(&pub, "t", NULL);

	spec.payload = payload;
	spec.payload_len = BIG;
	fx_event_in(&pub, &spec);
}

static void assert_dropped(uint64_t count)
{
	cr_assert_eq(fx_dropped(copies, NO_BUFFER), count);
	cr_assert_eq(fx_stats(&sub).drops[DP_DROP_NO_BUFFER], count);
	cr_assert_eq(fx_stats(&sub).copies_made, count);
	cr_assert_eq(fx_stats(&sub).tx_events, 0, "no credit of its was used");
	cr_assert_eq(fx_stats(&sub).queued_events, 0);
	cr_assert_eq(fx_count(copies_tx), 0);
	fx_laws("during the shortage");
}

static void assert_next_arrives(uint32_t frames)
{
	cr_assert(fx_copy(&sub, &copy));
	cr_assert_eq(copy.event.sequence, 2);
	cr_assert_eq(copy.frames, frames);
	cr_assert_eq(copy.header.packet_number, frames, "numbers go on from 1");
	cr_assert_not(fx_copy(&sub, &copy));
}

Test(shortage, an_only_copy_needs_no_packet_buffer)
{
	subscriber(0, 1472, RH_CREDIT_UNLIMITED);
	buffers_take(1); /* the event's own */
	fx_publish(&pub, "t", "x");
	cr_assert_eq(fx_copies(&sub), 1);
	buffers_give();
}

Test(shortage, a_copy_without_a_packet_buffer_is_dropped)
{
	subscriber(0, 1472, RH_CREDIT_UNLIMITED);
	fx.eng->ctx[0]->lends[fx.port] = false; /* so that it needs one of its own */
	buffers_take(1); /* the event's own */
	fx_publish(&pub, "t", "x");
	assert_dropped(1);
	buffers_give();
	fx_publish(&pub, "t", "x");
	assert_next_arrives(1);
}

Test(shortage, a_copy_with_buffers_for_some_of_its_slices_is_dropped_as_a_whole)
{
	subscriber(0, RH_DATAGRAM_MIN_MAX, RH_CREDIT_UNLIMITED);
	buffers_take(3); /* the event's own and two of three */
	publish_big();
	assert_dropped(1);
	cr_assert_eq(fx_count(tx_datagrams), 0);
	cr_assert_eq(rte_mempool_avail_count(dp_port_pool(fx.port)), 3, "all came back");
	cr_assert_eq(store_used(0), 0);
	buffers_give();
	publish_big();
	assert_next_arrives(3);
}

Test(shortage, a_copy_that_waited_and_finds_no_packet_buffer_is_dropped)
{
	struct dp_session *slot;

	subscriber(0, 1472, 0);
	slot = &fx.eng->tables.slots[sub.slot];
	fx_publish(&pub, "t", "x");
	cr_assert_eq(fx_stats(&sub).queued_events, 1);
	buffers_take(0);
	slot->tx_granted_events = 1;
	dp_egress_wake(fx.eng->ctx[0], slot);
	fx_poll();
	assert_dropped(1);
	cr_assert_eq(store_used(0), 0);
	buffers_give();
	fx_publish(&pub, "t", "x");
	assert_next_arrives(1);
}

Test(shortage, a_copy_that_has_to_wait_and_finds_no_place_is_dropped)
{
	subscriber(0, 1472, 0);
	store_take(0);
	fx_publish(&pub, "t", "x");
	assert_dropped(1);
	store_give(0);
	fx_publish(&pub, "t", "x");
	cr_assert_eq(fx_stats(&sub).queued_events, 1);
	fx_grant(&sub, 1, RH_CREDIT_UNLIMITED);
	fx_poll();
	assert_next_arrives(1);
}

Test(shortage, a_copy_that_has_to_be_cut_and_finds_no_place_is_dropped)
{
	subscriber(0, RH_DATAGRAM_MIN_MAX, RH_CREDIT_UNLIMITED);
	store_take(0);
	publish_big();
	assert_dropped(1);
	store_give(0);
	publish_big();
	assert_next_arrives(3);
}

Test(shortage_across, a_copy_for_another_worker_that_finds_no_place_is_dropped)
{
	subscriber(1, 1472, RH_CREDIT_UNLIMITED);
	store_take(0);
	fx_publish(&pub, "t", "x");
	fx_settle();
	cr_assert_eq(fx_dropped(copies, NO_BUFFER), 1);
	cr_assert_eq(fx_count(copies_to_owner), 0);
	fx_laws("during the shortage");
	store_give(0);
	fx_publish(&pub, "t", "x");
	fx_settle();
	assert_next_arrives(1);
	cr_assert_eq(store_used(0), 0);
}

Test(shortage_across, a_copy_that_has_to_wait_at_another_worker_and_finds_no_place_is_dropped)
{
	subscriber(1, 1472, 0);
	store_take(1);
	fx_publish(&pub, "t", "x");
	fx_settle();
	assert_dropped(1);
	cr_assert_eq(store_used(0), 0, "what was lent came back");
	store_give(1);
	fx_publish(&pub, "t", "x");
	fx_settle();
	cr_assert_eq(fx_stats(&sub).queued_events, 1);
	fx_grant(&sub, 1, RH_CREDIT_UNLIMITED);
	fx_settle();
	assert_next_arrives(1);
}

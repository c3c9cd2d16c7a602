/* Classes of service where copies wait: who goes first, who gives way, and that nothing else changes. */

#include "tests/unit/dataplane/node/fixture.h"

#include "dataplane/base/rcu.h"
#include "dataplane/node/node.h"

#define SMALL	 (RH_PUBLISH_HDR + 1) /* record of an event without payload on topic "t" */
#define ALL_SENT 1000

static struct fx_copy copy;
static struct fx_client pub, sub;

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

TestSuite(classes, .init = start, .fini = fx_stop);
TestSuite(classes_across, .init = start_two, .fini = fx_stop);

/* Client @n of worker @owner that asks for @filter, with so much credit and room. */
static void join(struct fx_client *c, uint32_t n, uint32_t owner, const char *filter, uint64_t events, uint64_t bytes,
	uint32_t queue_bytes)
{
	struct dp_session_conf conf;

	fx_client_init(c, n, 4, DP_VLAN_NONE);
	c->owner = owner;
	conf = fx_conf(c);
	conf.tx_credit_events = events;
	conf.tx_credit_bytes = bytes;
	conf.queue_bytes = queue_bytes;
	conf.queue_ms = 1000;
	fx_open(c, &conf);
	(void)fx_subscribe(c, filter);
}

/* Without credit, with room for @records small ones. */
static void subscriber(uint32_t records)
{
	join(&sub, 2, 0, "#", 0, RH_CREDIT_UNLIMITED, records * SMALL);
}

static void publish_sized(struct fx_client *from, const char *topic, uint8_t class, uint32_t payload_len)
{
	static const uint8_t payload[1400];
	struct rh_event_spec spec = fx_spec(from, topic, NULL);

	spec.class = class;
	spec.payload = payload;
	spec.payload_len = payload_len;
	fx_event_in(from, &spec);
}

/* One small event of each class in @classes, a string of digits. */
static void publish(const char *classes)
{
	for (; *classes; classes++)
		publish_sized(&pub, "t", (uint8_t)(*classes - '0'), 0);
}

/* Let everything go that waits; which sequences come now, in order, ends with 0. */
static void expect_leaving(const uint64_t *sequences)
{
	fx_grant(&sub, ALL_SENT, RH_CREDIT_UNLIMITED);
	fx_settle();
	for (; *sequences; sequences++) {
		cr_assert(fx_copy(&sub, &copy), "%lu is missing", *sequences);
		cr_assert_eq(copy.event.sequence, *sequences, "%lu instead of %lu", copy.event.sequence, *sequences);
	}
	cr_assert_not(fx_copy(&sub, &copy), "%lu comes too", copy.event.sequence);
	cr_assert_eq(fx_stats(&sub).queued_events, 0);
}

#define EXPECT_LEAVING(...) expect_leaving((const uint64_t[]){__VA_ARGS__, 0})

/* So many waiting, with their bytes, so many dropped so far as queue_full, and the laws hold. */
static void expect_waiting(uint64_t waiting, uint64_t bytes, uint64_t full)
{
	struct dp_session_stats stats = fx_stats(&sub);

	cr_assert_eq(stats.queued_events, waiting, "%lu wait", stats.queued_events);
	cr_assert_eq(stats.queued_bytes, bytes, "%lu bytes wait", stats.queued_bytes);
	cr_assert_eq(stats.drops[DP_DROP_QUEUE_FULL], full, "%lu dropped", stats.drops[DP_DROP_QUEUE_FULL]);
	fx_laws("while they wait");
}

Test(classes, the_highest_goes_first_and_of_it_the_oldest)
{
	subscriber(100);
	publish("1636731060");
	expect_waiting(10, 10 * SMALL, 0);
	EXPECT_LEAVING(5, 2, 4, 9, 3, 6, 1, 7, 8, 10);
}

Test(classes, the_highest_goes_first_however_little_credit_comes)
{
	subscriber(100);
	publish("3131");
	fx_grant(&sub, 1, RH_CREDIT_UNLIMITED);
	fx_settle();
	cr_assert(fx_copy(&sub, &copy));
	cr_assert_eq(copy.event.sequence, 1);
	publish("5");
	fx_grant(&sub, 2, RH_CREDIT_UNLIMITED);
	fx_settle();
	cr_assert(fx_copy(&sub, &copy));
	cr_assert_eq(copy.event.sequence, 5, "younger, and higher");
	EXPECT_LEAVING(3, 2, 4);
}

/* Credit and grants of one burst: what was queued in it goes behind nobody lower. */
Test(classes, a_burst_leaves_by_class_when_credit_comes_with_it)
{
	subscriber(100);
	publish("1");
	fx.hold = true;
	publish("1");
	fx_grant(&sub, 2, RH_CREDIT_UNLIMITED);
	publish("7");
	fx.hold = false;
	fx_poll();
	cr_assert(fx_copy(&sub, &copy));
	cr_assert_eq(copy.event.sequence, 3);
	cr_assert(fx_copy(&sub, &copy));
	cr_assert_eq(copy.event.sequence, 1);
	EXPECT_LEAVING(2);
}

Test(classes, order_is_kept_for_each_publisher_and_class)
{
	uint64_t last[2][DP_CLASSES] = {0};
	struct fx_client other;
	uint32_t n = 0;

	fx_connect(&other, 3);
	subscriber(1000);
	for (uint32_t i = 0; i < 200; i++)
		publish_sized(i % 3 ? &pub : &other, "t", (uint8_t)(i * 5 % 8), 0);
	fx_grant(&sub, 60, RH_CREDIT_UNLIMITED);
	fx_settle();
	for (uint32_t i = 0; i < 100; i++)
		publish_sized(i % 2 ? &pub : &other, "t", (uint8_t)(i * 3 % 8), 0);
	fx_grant(&sub, ALL_SENT, RH_CREDIT_UNLIMITED);
	for (int i = 0; i < 4; i++)
		fx_settle();
	for (; fx_copy(&sub, &copy); n++) {
		uint64_t *highest = &last[copy.event.incarnation == pub.incarnation][copy.event.class];

		cr_assert_gt(copy.event.sequence, *highest);
		*highest = copy.event.sequence;
	}
	cr_assert_eq(n, 300);
}

Test(classes, a_copy_takes_the_place_of_the_oldest_of_the_lowest_class)
{
	subscriber(4);
	publish("1313");
	publish("6");
	expect_waiting(4, 4 * SMALL, 1); /* 1 went */
	publish("6");
	expect_waiting(4, 4 * SMALL, 2); /* 3 went, not 2 which is older */
	publish("6");
	expect_waiting(4, 4 * SMALL, 3); /* 2 went */
	publish("6");
	publish("6");
	expect_waiting(4, 4 * SMALL, 5); /* 4 went, then the newcomer itself */
	EXPECT_LEAVING(5, 6, 7, 8);
	cr_assert_eq(fx_dropped(copies, QUEUE_FULL), 5);
	cr_assert_eq(fx_stats(&sub).longest_queue_bytes, 4 * SMALL);
}

Test(classes, nobody_gives_way_to_an_equal_or_lower_class)
{
	subscriber(3);
	publish("343");
	publish("3");
	publish("2");
	publish("0");
	expect_waiting(3, 3 * SMALL, 3);
	EXPECT_LEAVING(2, 1, 3);
}

Test(classes, several_small_ones_give_way_to_a_large_one_and_no_more_than_needed)
{
	subscriber(6);
	publish("211261");
	publish_sized(&pub, "t", 5, 2 * SMALL + 1);
	/* Its record is one byte longer than three small ones: three of class 1 and one of class 2. */
	expect_waiting(3, 5 * SMALL + 1, 4);
	EXPECT_LEAVING(5, 7, 4);
}

Test(classes, nobody_is_pushed_out_where_all_together_would_not_do)
{
	subscriber(6);
	publish("211261");
	publish_sized(&pub, "t", 5, 4 * SMALL + 1); /* the five lower ones are one byte too few */
	expect_waiting(6, 6 * SMALL, 1);
	publish_sized(&pub, "t", 7, 6 * SMALL); /* longer than the bound */
	expect_waiting(6, 6 * SMALL, 2);
	publish_sized(&pub, "t", 5, 4 * SMALL); /* exactly the five */
	expect_waiting(2, 6 * SMALL, 7);
	EXPECT_LEAVING(5, 9);
}

Test(classes, a_head_that_does_not_fit_the_bytes_of_credit_is_not_overtaken)
{
	join(&sub, 2, 0, "#", RH_CREDIT_UNLIMITED, 2 * SMALL, 1 << 20);
	publish_sized(&pub, "t", 5, 3 * SMALL);
	publish("11");
	fx_settle();
	cr_assert_eq(fx_copies(&sub), 0, "class 1 has the credit, class 5 waits for more");
	publish("6");
	cr_assert_eq(fx_copies(&sub), 1, "a higher one that fits goes in the round that it came in");
	fx_grant(&sub, RH_CREDIT_UNLIMITED, 4 * SMALL);
	fx_settle();
	cr_assert_eq(fx_copies(&sub), 1);
	fx_grant(&sub, RH_CREDIT_UNLIMITED, 5 * SMALL + 100);
	fx_settle();
	cr_assert_eq(fx_copies(&sub), 3);
	cr_assert(fx_copy(&sub, &copy));
	cr_assert(fx_copy(&sub, &copy));
	cr_assert_eq(copy.event.class, 5);
}

Test(classes, lower_ones_go_on_when_a_head_that_cannot_fit_expired)
{
	join(&sub, 2, 0, "#", RH_CREDIT_UNLIMITED, 2 * SMALL, 1 << 20);
	publish_sized(&pub, "t", 5, 3 * SMALL);
	fx_age(900);
	publish("1");
	fx_age(200);
	fx_settle();
	cr_assert_eq(fx_stats(&sub).drops[DP_DROP_QUEUE_EXPIRED], 1);
	cr_assert_eq(fx_copies(&sub), 1);
}

Test(classes, time_is_over_for_each_class_by_itself)
{
	subscriber(100);
	publish("1");
	fx_age(700);
	publish("64");
	fx_age(500);
	fx_settle();
	expect_waiting(2, 2 * SMALL, 0);
	cr_assert_eq(fx_stats(&sub).drops[DP_DROP_QUEUE_EXPIRED], 1, "the lowest, behind both");
	publish("7");
	fx_age(600);
	fx_settle();
	expect_waiting(1, SMALL, 0);
	cr_assert_eq(fx_dropped(copies, QUEUE_EXPIRED), 3);
	EXPECT_LEAVING(4);
}

Test(classes, a_long_queue_of_each_class_expires_in_a_few_looks)
{
	subscriber(1000);
	for (int i = 0; i < 40; i++)
		publish("01234567");
	fx_age(1100);
	for (int i = 0; i < 5; i++) {
		fx_age(0);
		fx_poll();
	}
	expect_waiting(0, 0, 0);
	cr_assert_eq(fx_dropped(copies, QUEUE_EXPIRED), 320, "64 a look");
}

/* Also before housekeeping comes, which is behind receiving: nothing living gives way while there is what is dead, whatever its class. */
Test(classes, what_waited_too_long_gives_way_before_what_did_not)
{
	subscriber(3);
	publish("6");
	fx_age(900);
	publish("11");
	fx_age(200);
	publish("1");
	cr_assert_eq(fx_stats(&sub).drops[DP_DROP_QUEUE_EXPIRED], 1);
	expect_waiting(3, 3 * SMALL, 0);
	EXPECT_LEAVING(2, 3, 4);
}

Test(classes, only_the_copies_whose_subscription_died_are_dropped)
{
	dp_sub_id_t s;

	join(&sub, 2, 0, "keep/#", 0, RH_CREDIT_UNLIMITED, 1 << 20);
	s = fx_subscribe(&sub, "go/#");
	publish_sized(&pub, "go/x", 6, 0);
	publish_sized(&pub, "keep/x", 1, 0);
	publish_sized(&pub, "go/x", 1, 0);
	publish_sized(&pub, "keep/x", 6, 0);
	fx_unsubscribe(s);
	EXPECT_LEAVING(4, 2);
	cr_assert_eq(fx_dropped(copies, UNSUBSCRIBED), 2);
}

Test(classes, all_go_with_their_session_and_the_next_one_in_its_slot_begins_anew)
{
	uint32_t slot;

	subscriber(100);
	publish("0123456776543210");
	slot = sub.slot;
	cr_assert_eq(dp_session_close(fx.eng, sub.slot), 0);
	for (int round = 0; round < 3; round++) {
		fx_settle();
		dp_sessions_reap(fx.eng);
		rh_rcu_barrier();
	}
	cr_assert_eq(fx_dropped(copies, SUBSCRIBER_GONE), 16);
	cr_assert_eq(fx_count(copies_queued), 0);
	subscriber(100);
	cr_assert_eq(sub.slot, slot);
	pub.sequence = 101;
	publish("1661");
	expect_waiting(4, 4 * SMALL, 0);
	EXPECT_LEAVING(102, 103, 101, 104);
}

Test(classes, all_that_wait_when_the_router_stops_are_counted)
{
	subscriber(100);
	publish("0123456776543210");
	dp_engine_stop(fx.eng, 0);
	cr_assert_eq(fx_dropped(copies, STOPPED), 16);
}

/* Other sessions are as good as having all nodes but those. */
static void nodes_leave(uint64_t left)
{
	fx.eng->ctx[0]->queued_copies += DP_QUEUE_NODES - left;
}

static void nodes_give(uint64_t left)
{
	fx.eng->ctx[0]->queued_copies -= DP_QUEUE_NODES - left;
}

Test(classes, a_session_with_its_share_of_nodes_exchanges_one_for_one)
{
	subscriber(100);
	publish("1111");
	nodes_leave(6); /* two are left: fewer than the four it has */
	publish("161");
	nodes_give(6);
	fx_poll();
	expect_waiting(4, 4 * SMALL, 3);
	EXPECT_LEAVING(6, 2, 3, 4);
}

/* A smaller store, so that it runs short soon. */
static void store_shrink(uint32_t places)
{
	for (int i = 0; i < DP_STORE_CLASSES; i++)
		fx.eng->ctx[0]->store.class[i].count = places;
}

static uint32_t store_used(uint32_t class)
{
	return fx.eng->ctx[0]->store.class[class].used;
}

Test(classes, a_session_with_its_share_of_the_store_exchanges_place_for_place)
{
	struct fx_client other;

	join(&sub, 2, 0, "mine", 0, RH_CREDIT_UNLIMITED, 1 << 20);
	join(&other, 9, 0, "other", 0, RH_CREDIT_UNLIMITED, 1 << 20);
	store_shrink(64); /* 56 for queues */
	for (int i = 0; i < 40; i++)
		publish_sized(&pub, "mine", 1, 0);
	expect_waiting(28, 28 * (SMALL + 3), 12);
	for (int i = 0; i < 10; i++)
		publish_sized(&pub, "other", 1, 0);
	cr_assert_eq(store_used(0), 38);
	/* More than its share by now: it does not grow, and takes nothing from the other. */
	for (int i = 0; i < 5; i++)
		publish_sized(&pub, "mine", 6, 0);
	publish_sized(&pub, "mine", 1, 0);
	expect_waiting(28, 28 * (SMALL + 3), 18);
	cr_assert_eq(store_used(0), 38);
	cr_assert_eq(fx_stats(&other).queued_events, 10);
	fx_grant(&sub, ALL_SENT, RH_CREDIT_UNLIMITED);
	fx_settle();
	for (uint64_t i = 0; i < 28; i++) {
		cr_assert(fx_copy(&sub, &copy));
		cr_assert_eq(copy.event.sequence, i < 5 ? 51 + i : i + 1, "5 new ones, then all but the 5 oldest");
	}
}

Test(classes, a_large_place_is_worth_many_small_ones)
{
	join(&sub, 2, 0, "#", 0, RH_CREDIT_UNLIMITED, 1 << 20);
	store_shrink(16); /* 14 for queues */
	for (int i = 0; i < 10; i++)
		publish_sized(&pub, "t", 1, 0);
	expect_waiting(7, 7 * SMALL, 3); /* 3.5 KiB */
	fx.eng->ctx[0]->store.class[1].count = 2; /* 2 KiB for queues: one, which its event has */
	publish_sized(&pub, "t", 6, 500);
	/* Beyond its share of them, so it gives four places of 512 bytes for it. */
	expect_waiting(4, 3 * SMALL + RH_PUBLISH_HDR + 501, 7);
	EXPECT_LEAVING(11, 5, 6, 7);
}

/* Two that wait for @events of the lowest class, one of them for whatever else comes too. */
static void two_wait(struct fx_client *other, int events)
{
	join(&sub, 2, 0, "#", 0, RH_CREDIT_UNLIMITED, 1 << 20);
	join(other, 9, 0, "both", 0, RH_CREDIT_UNLIMITED, 1 << 20);
	for (int i = 0; i < events; i++)
		publish_sized(&pub, "both", 1, 0);
}

/* What is in flight keeps its part of the store, also before the highest class. */
Test(classes, an_exchange_never_takes_what_queues_may_not_have)
{
	struct fx_client other;

	two_wait(&other, 7);
	store_shrink(8); /* 7 for queues: all are taken, by events that two wait for */
	publish_sized(&pub, "mine", 6, 0);
	cr_assert_eq(store_used(0), 7, "nobody else would give the place up");
	expect_waiting(7, 7 * (SMALL + 3), 1);
	cr_assert_eq(dp_session_close(fx.eng, other.slot), 0);
	fx_settle();
	publish_sized(&pub, "mine", 6, 0);
	cr_assert_eq(store_used(0), 7);
	expect_waiting(7, 7 * (SMALL + 3), 2);
	store_shrink(64);
	EXPECT_LEAVING(9, 2, 3, 4, 5, 6, 7);
}

Test(classes, who_alone_holds_a_place_is_looked_for_only_so_far)
{
	struct fx_client other;

	two_wait(&other, 40);
	publish_sized(&pub, "mine", 1, 0);
	store_shrink(46); /* 41 for queues: all are taken */
	publish_sized(&pub, "mine", 6, 0);
	expect_waiting(41, 41 * (SMALL + 3), 1);
	store_shrink(64);
	EXPECT_LEAVING(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33,
		34, 35, 36, 37, 38, 39, 40, 41);
}

Test(classes_across, hold_at_another_worker_too)
{
	join(&sub, 2, 1, "#", 0, RH_CREDIT_UNLIMITED, 4 * SMALL);
	publish("131366");
	fx_settle();
	expect_waiting(4, 4 * SMALL, 2);
	EXPECT_LEAVING(5, 6, 2, 4);
	cr_assert_eq(fx_count(copies_to_owner), 6);
	for (uint32_t w = 0; w < 2; w++)
		cr_assert_eq(fx.eng->ctx[w]->store.class[0].used, 0);
}

/* A tenant whose content costs more than its share: its events go by the content lane, in order, every one accounted for, and nobody else's do. */

#include "tests/unit/dataplane/node/fixture.h"

#include "dataplane/match/budget.h"
#include "dataplane/node/node.h"
#include "dataplane/worker/lane_priv.h"
#include "tests/lib/patterns.h"

#include <stdlib.h>
#include <unistd.h>

#define OTHER_TENANT 3
/* So much of debt that no test waits for its end. */
#define DEBT INT64_C(1000000000000000)

static struct fx_copy copy;
static struct fx_client pub, sub, plain;

static void join(struct fx_client *c, uint32_t n, uint16_t tenant)
{
	struct dp_session_conf conf;

	fx_client_init(c, n, 4, DP_VLAN_NONE);
	conf = fx_conf(c);
	conf.tenant = tenant;
	fx_open(c, &conf);
}

static void patterns_add(uint16_t tenant, const char *pattern)
{
	struct rh_error err = {""};
	size_t len;
	void *bytes = test_patterns_compile(&pattern, 1, &len);

	cr_assert_not_null(bytes);
	cr_assert_eq(dp_table_patterns_set(fx.table, tenant, 0, bytes, len, 1, &err), 0, "%s", err.text);
	free(bytes);
	(void)dp_table_publish(fx.table);
}

static dp_sub_id_t subscribe(const struct fx_client *c, uint16_t tenant, const char *filter, bool pattern)
{
	struct rh_filter parsed;
	struct rh_error err = {""};
	dp_sub_id_t id;

	cr_assert_eq(rh_filter_parse(RH_DIALECT_MQTT, filter, strlen(filter), &parsed, &err), 0, "%s", err.text);
	cr_assert_eq(dp_table_sub_add(fx.table, tenant, &parsed, c->slot, pattern ? test_pattern_content(fx.table, tenant, 1) : 0, &id, &err), 0, "%s",
		err.text);
	(void)dp_table_publish(fx.table);
	return id;
}

static struct dp_account *account(uint16_t tenant)
{
	return &fx.eng->ctx[0]->budget->account[tenant];
}

static void exhaust(uint16_t tenant)
{
	struct dp_budget *budget = fx.eng->ctx[0]->budget;

	account(tenant)->cycles = -DEBT;
	budget->idle = budget->idle_depth = 0;
}

/* One round of the worker alone, and one step of the lane alone. */
static void worker_round(void)
{
	fx.lane_rests = true;
	fx_poll();
}

static void lane_step(void)
{
	(void)dp_lane_poll_once(fx.eng->lane);
}

/* Both, until nothing is to do. */
static void lane_settle(void)
{
	fx.lane_rests = false;
	fx_settle();
}

static void start_with(const struct fx_options *options)
{
	fx_start(options);
	join(&pub, 1, 0);
	join(&sub, 2, 0);
	join(&plain, 3, 0);
	patterns_add(0, "needle");
	(void)subscribe(&sub, 0, "c/#", true);
	fx.lane_rests = true;
}

static void start(void)
{
	start_with(&(struct fx_options){.content_share = 2});
}

TestSuite(lane, .init = start, .fini = fx_stop);

Test(lane, a_tenant_within_its_share_never_sees_it)
{
	/* Enough for a machine that takes the core away amid a scan. */
	fx.eng->ctx[0]->budget->depth = account(0)->cycles = DEBT;
	for (int i = 0; i < 100; i++)
		fx_publish(&pub, "c/1", i % 2 ? "a needle" : "hay");
	cr_assert_eq(fx_copies(&sub), 50);
	cr_assert_eq(fx_count(content_to_lane), 0);
	cr_assert_eq(fx_count(events_unmatched), 50);
	cr_assert_gt(account(0)->worker_cycles, 0, "what it costs is measured");
}

Test(lane, what_has_no_conditions_costs_no_budget)
{
	(void)subscribe(&plain, 0, "p/#", false);
	exhaust(0);
	for (int i = 0; i < 20; i++)
		fx_publish(&pub, "p/1", "a needle");
	cr_assert_eq(fx_copies(&plain), 20);
	cr_assert_eq(fx_count(content_to_lane), 0);
	cr_assert_eq(account(0)->worker_cycles, 0);
}

Test(lane, what_the_worker_has_no_use_for_is_anybody_s)
{
	account(0)->cycles = -DEBT;
	fx_age(0);
	fx_poll();
	fx_poll();
	cr_assert_gt(fx.eng->ctx[0]->budget->idle, 0);
	/* Of so long a silence: more than a debug build's scan takes. */
	fx.eng->ctx[0]->budget->idle = fx.eng->ctx[0]->budget->idle_depth;
	fx_publish(&pub, "c/1", "a needle");
	cr_assert_eq(fx_copies(&sub), 1);
	cr_assert_eq(fx_count(content_to_lane), 0);
	cr_assert_lt(fx.eng->ctx[0]->budget->idle, fx.eng->ctx[0]->budget->idle_depth);
}

Test(lane, beyond_its_share_events_go_by_the_lane_and_are_decided_there)
{
	fx_publish(&pub, "c/1", "a needle");
	exhaust(0);
	for (int i = 0; i < 10; i++)
		fx_publish(&pub, "c/1", i % 2 ? "a needle" : "hay");
	cr_assert_eq(fx_count(content_to_lane), 10);
	cr_assert_eq(fx_count(events_waiting), 10);
	cr_assert_eq(fx_copies(&sub), 1, "not before the lane has looked");
	fx_laws("while events wait");
	lane_settle();
	cr_assert_eq(fx_copies(&sub), 6);
	cr_assert_eq(fx_count(events_matched), 6);
	cr_assert_eq(fx_count(events_unmatched), 5);
	cr_assert_eq(fx_count(events_waiting), 0);
	cr_assert_gt(fx_count(lane_cycles), 0);
	cr_assert_eq(fx.eng->ctx[0]->store.class[0].used, 0, "no place in the store is left behind");
	cr_assert_eq(account(0)->waiting, 0);
	cr_assert_eq(account(0)->waiting_bytes, 0);
}

/* Events without conditions, between those that have to wait. */
Test(lane, nothing_of_a_publisher_overtakes)
{
	(void)subscribe(&sub, 0, "p/#", false);
	exhaust(0);
	for (int i = 0; i < 10; i++) {
		fx_publish(&pub, "c/1", "a needle");
		fx_publish(&pub, "p/1", "x");
	}
	cr_assert_eq(fx_copies(&sub), 0);
	lane_settle();
	for (uint64_t i = 1; i <= 20; i++) {
		cr_assert(fx_copy(&sub, &copy));
		cr_assert_eq(copy.event.sequence, i);
	}
	/* With nothing of its own in the lane it is free again. */
	fx.lane_rests = true;
	fx_publish(&pub, "p/1", "x");
	cr_assert(fx_copy(&sub, &copy));
	cr_assert_eq(copy.event.sequence, 21);
}

/* All in one burst, of which the first one has to wait. */
Test(lane, nothing_overtakes_within_a_burst)
{
	(void)subscribe(&sub, 0, "p/#", false);
	exhaust(0);
	fx.hold = true;
	for (int i = 0; i < 8; i++)
		fx_publish(&pub, i % 2 ? "p/1" : "c/1", "a needle");
	fx.hold = false;
	lane_settle();
	cr_assert_eq(fx_count(content_to_lane), 8);
	for (uint64_t i = 1; i <= 8; i++) {
		cr_assert(fx_copy(&sub, &copy));
		cr_assert_eq(copy.event.sequence, i);
	}
}

Test(lane, other_publishers_and_tenants_go_past)
{
	struct fx_client second, third, listener;

	join(&second, 4, 0);
	join(&third, 5, OTHER_TENANT);
	join(&listener, 6, OTHER_TENANT);
	patterns_add(OTHER_TENANT, "needle");
	(void)subscribe(&listener, OTHER_TENANT, "c/#", true);
	(void)subscribe(&plain, 0, "p/#", false);
	exhaust(0);
	fx_publish(&pub, "c/1", "a needle");
	fx_publish(&second, "p/1", "x");
	fx_publish(&third, "c/1", "a needle");
	cr_assert_eq(fx_copies(&plain), 1);
	cr_assert_eq(fx_copies(&listener), 1);
	cr_assert_eq(fx_count(content_to_lane), 1);
}

Test(lane, what_nobody_asks_for_does_not_wait)
{
	exhaust(0);
	fx_publish(&pub, "c/1", "a needle");
	fx_publish(&pub, "nobody", "x");
	cr_assert_eq(fx_count(content_to_lane), 1);
	cr_assert_eq(fx_count(events_unmatched), 1);
}

/* As many as the lane takes of one tenant: an eighth of what is left each time. */
static uint32_t fill(void)
{
	uint32_t n = 0;

	exhaust(0);
	for (uint64_t before = UINT64_MAX; fx_count(content_to_lane) != before; n++) {
		before = fx_count(content_to_lane);
		fx_publish(&pub, "c/1", "a needle");
	}
	return n - 1;
}

Test(lane, a_full_lane_drops_with_a_reason)
{
	uint32_t taken = fill();

	cr_assert_eq(taken, DP_LIMIT_LANE_EVENTS / 9);
	cr_assert_eq(fx_dropped(events, CONTENT_BUDGET), 1);
	fx_publish(&pub, "c/1", "hay");
	cr_assert_eq(fx_dropped(events, CONTENT_BUDGET), 2);
	cr_assert_eq(fx_stats(&pub).drops[DP_DROP_CONTENT_BUDGET], 2);
	cr_assert_eq(account(0)->refused, 2);
	while (fx_count(events_waiting))
		lane_settle();
	cr_assert_eq(fx_copies(&sub), taken);
}

/* Of another publisher, which has nothing there: order does not hold it back. */
Test(lane, a_full_lane_costs_receivers_without_conditions_nothing)
{
	struct fx_client second;

	join(&second, 4, 0);
	(void)subscribe(&plain, 0, "c/#", false);
	(void)fill();
	fx_publish(&second, "c/1", "a needle");
	cr_assert_eq(fx_copies(&plain), 1);
	cr_assert_eq(fx_copies(&sub), 0);
	cr_assert_eq(fx_count(content_skipped), 1);
	cr_assert_eq(fx_dropped(events, CONTENT_BUDGET), 1, "the one that found the lane full");
	fx_publish(&pub, "c/1", "a needle");
	cr_assert_eq(fx_dropped(events, CONTENT_BUDGET), 2, "its publisher's others would be overtaken");
}

Test(lane, a_full_part_of_one_tenant_leaves_room_for_another)
{
	struct fx_client second, listener;

	join(&second, 4, OTHER_TENANT);
	join(&listener, 5, OTHER_TENANT);
	patterns_add(OTHER_TENANT, "needle");
	(void)subscribe(&listener, OTHER_TENANT, "c/#", true);
	(void)fill();
	exhaust(OTHER_TENANT);
	fx_publish(&second, "c/1", "a needle");
	cr_assert_eq(account(OTHER_TENANT)->waiting, 1);
	/* By turns: not behind all of the other's. The lane fetches 32 in a step. */
	for (uint32_t step = 0; step < DP_LIMIT_LANE_EVENTS / 9 / 32 + 1; step++)
		lane_step();
	fx.eng->lane->queue[0].deficit = -1000000;
	lane_step();
	worker_round();
	cr_assert_eq(fx_copies(&listener), 1);
	cr_assert_gt(account(0)->waiting, DP_LIMIT_LANE_EVENTS / 10);
}

Test(lane, a_subscription_that_ends_meanwhile_gets_nothing)
{
	dp_sub_id_t gone = subscribe(&plain, 0, "c/#", true);

	exhaust(0);
	fx_publish(&pub, "c/1", "a needle");
	lane_step();
	fx_unsubscribe(gone);
	lane_settle();
	cr_assert_eq(fx_copies(&plain), 0);
	cr_assert_eq(fx_copies(&sub), 1);
	cr_assert_eq(fx_dropped(copies, UNSUBSCRIBED), 1);
}

/* Its database is older than the subscription that comes while the event is on its way: the event is older too. */
Test(lane, patterns_that_change_meanwhile_do_not_disturb)
{
	exhaust(0);
	fx_publish(&pub, "c/1", "a needle and a thread");
	lane_step();
	patterns_add(0, "needle|other");
	fx_publish(&pub, "c/1", "another needle");
	lane_settle();
	cr_assert_eq(fx_copies(&sub), 2);
	cr_assert_eq(fx_dropped(copies, UNSUBSCRIBED), 0);
}

Test(lane, a_subscriber_that_leaves_meanwhile_is_told_of_in_the_drops)
{
	exhaust(0);
	fx_publish(&pub, "c/1", "a needle");
	lane_step();
	cr_assert_eq(dp_session_close(fx.eng, sub.slot), 0);
	lane_settle();
	cr_assert_eq(fx_dropped(copies, SUBSCRIBER_GONE), 1);
}

/* What it published before still counts, and the slot's next session begins with nothing in the lane. */
Test(lane, a_publisher_that_leaves_meanwhile_loses_nothing)
{
	struct fx_client next;

	exhaust(0);
	fx_publish(&pub, "c/1", "a needle");
	cr_assert_eq(dp_session_close(fx.eng, pub.slot), 0);
	fx_settle();
	rh_rcu_barrier();
	dp_sessions_reap(fx.eng);
	join(&next, 7, 0);
	cr_assert_eq(next.slot, pub.slot);
	cr_assert_eq(fx.eng->tables.slots[next.slot].lane_events, 0);
	lane_settle();
	cr_assert_eq(fx_copies(&sub), 1);
	cr_assert_eq(fx.eng->tables.slots[next.slot].lane_events, 0);
}

Test(lane, time_to_live_goes_on)
{
	struct rh_event_spec spec = fx_spec(&pub, "c/1", "a needle");

	exhaust(0);
	spec.ttl_ms = 50;
	fx_event_in(&pub, &spec);
	fx_age(100);
	lane_settle();
	cr_assert_eq(fx_dropped(copies, TTL_EXPIRED), 1);
}

/* Waiting ones, one that is done, and one that is under way: all are counted. */
Test(lane, a_stop_counts_what_is_there)
{
	exhaust(0);
	for (int i = 0; i < 5; i++)
		fx_publish(&pub, "c/1", "a needle");
	lane_step();
	dp_engine_stop(fx.eng, 0);
	cr_assert_eq(fx_dropped(events, DRAINING), 4 - fx_count(events_matched) + 1);
	cr_assert_geq(fx_count(events_matched), 1);
	cr_assert_eq(fx_count(events_waiting), 0);
	fx_laws("stopped");
}

static bool rung(void)
{
	uint64_t rings;

	return read(fx.eng->lane->bell, &rings, sizeof(rings)) == sizeof(rings);
}

Test(lane, a_worker_rings_once_for_a_lane_that_sleeps_and_only_when_it_has_work)
{
	struct dp_lane *lane = fx.eng->lane;

	lane->armed = 1;
	dp_lane_kick(fx.eng, fx.eng->ctx[0]);
	cr_assert(!rung(), "nothing is there for it");
	exhaust(0);
	fx_publish(&pub, "c/1", "a needle");
	fx_age(1);
	worker_round();
	cr_assert(rung(), "housekeeping rings");
	cr_assert_eq(lane->armed, 0);
	dp_lane_kick(fx.eng, fx.eng->ctx[0]);
	cr_assert(!rung(), "it is awake");
	lane_settle();
	cr_assert_eq(fx_copies(&sub), 1);
}

static void start_without(void)
{
	start_with(&(struct fx_options){.content_share = 100});
}

TestSuite(no_lane, .init = start_without, .fini = fx_stop);

Test(no_lane, all_is_decided_by_the_worker)
{
	cr_assert_null(fx.eng->lane);
	for (int i = 0; i < 100; i++)
		fx_publish(&pub, "c/1", "a needle");
	cr_assert_eq(fx_copies(&sub), 100);
	cr_assert_eq(fx_count(content_cycles), 0);
}

#include "controlplane/telemetry/health.h"

#include "controlplane/telemetry/content.h"
#include "controlplane/telemetry/metrics.h"
#include "dataplane/base/clock.h"
#include "tests/unit/controlplane/fake/fake.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

static uv_loop_t loop;
static struct cp_conf *conf;
static struct cp_health *health;
static const uint32_t ports[] = {0};
static uint64_t now_ns;

static void start(void)
{
	struct rh_error err;

	fake_reset();
	conf = fake_conf();
	(void)uv_loop_init(&loop);
	cr_assert_eq(cp_health_create(&loop, NULL, conf, ports, &health, &err), 0);
	now_ns = rh_clock_ns();
}

static void stop(void)
{
	cp_health_destroy(health);
	while (uv_loop_close(&loop) == UV_EBUSY)
		(void)uv_run(&loop, UV_RUN_NOWAIT);
	cp_conf_free(conf);
}

TestSuite(health, .init = start, .fini = stop, .timeout = 30);

/* One look @ms later; worker 0 turns, worker 1 only when asked. */
static void look(uint64_t ms, bool second_turns)
{
	now_ns += ms * RH_NS_PER_MS;
	fake.status[0].last_loop_tsc++;
	fake.status[1].last_loop_tsc += second_turns;
	cp_health_tick(health, now_ns);
}

static void expect_http(unsigned status, const char *holds)
{
	unsigned http = 0;
	char *text = cp_healthz_text(health, &http);

	cr_expect_eq(http, status, "%s", text);
	cr_expect(strstr(text, holds) != NULL, "%s", text);
	free(text);
}

Test(health, turning_workers_and_links_that_are_up_are_ok)
{
	look(100, true);
	look(5000, true);
	cr_expect_eq(cp_health_level(health), CP_HEALTH_OK);
	expect_http(200, "\"status\":\"ok\"");
}

Test(health, a_loop_that_stands_still_for_a_second_is_stuck_once)
{
	char problems[4][CP_HEALTH_PROBLEM_MAX];

	look(100, true);
	look(900, false);
	cr_expect_not(cp_health_stuck(health, 1));
	look(200, false);
	cr_expect(cp_health_stuck(health, 1));
	cr_expect_not(cp_health_stuck(health, 0));
	look(200, false);
	cr_expect_eq(cp_health_stuck_total(health), 1u);
	cr_expect_eq(cp_health_level(health), CP_HEALTH_FAILED);
	cr_expect_eq(cp_health_problems(health, problems, 4), 1u);
	cr_expect_str_eq(problems[0], "worker 1 is stuck");
	expect_http(503, "worker 1 is stuck");
}

Test(health, a_stuck_worker_may_recover_and_be_stuck_again)
{
	look(100, true);
	look(1100, false);
	look(100, true);
	cr_expect_eq(cp_health_level(health), CP_HEALTH_OK);
	look(1100, false);
	cr_expect_eq(cp_health_stuck_total(health), 2u);
}

Test(health, a_worker_that_does_not_run_is_a_failure)
{
	fake.status[1].running = false;
	look(10, false);
	cr_expect_eq(cp_health_level(health), CP_HEALTH_FAILED);
	cr_expect_eq(cp_health_stuck_total(health), 0u);
	expect_http(503, "worker 1 does not run");
}

Test(health, a_link_that_is_down_degrades)
{
	fake.link_up = false;
	look(10, true);
	cr_expect_eq(cp_health_level(health), CP_HEALTH_DEGRADED);
	expect_http(200, "port p0: link down");
}

Test(health, a_router_that_stops_says_so)
{
	cp_health_set_draining(health);
	expect_http(503, "stopping");
}

Test(health, a_tenant_that_loses_events_for_its_content_degrades_for_a_while)
{
	fake.content_use.to_lane = 100;
	look(250, true);
	cr_expect_eq(cp_health_level(health), CP_HEALTH_OK, "late is not lost");
	fake.content_use.refused = 1;
	look(250, true);
	cr_expect_eq(cp_health_level(health), CP_HEALTH_DEGRADED);
	expect_http(200, "tenant default: events find no room in the content lane");
	look(9000, true);
	cr_expect_eq(cp_health_level(health), CP_HEALTH_DEGRADED);
	look(1000, true);
	cr_expect_eq(cp_health_level(health), CP_HEALTH_OK);
}

Test(health, a_tenant_beyond_its_share_is_told_of_when_it_begins_and_when_it_ends)
{
	struct cp_content_watch watch = {0};
	uint64_t second = RH_NS_PER_S;

	cp_content_look(&watch, NULL, 0, "t", 2, second);
	cr_expect_eq(watch.began_ns, 0);
	fake.content_use.to_lane = 7;
	cp_content_look(&watch, NULL, 0, "t", 2, 2 * second);
	cr_expect_eq(watch.began_ns, 2 * second);
	fake.content_use.to_lane = 9;
	cp_content_look(&watch, NULL, 0, "t", 2, 8 * second);
	cr_expect_eq(watch.began_ns, 2 * second, "once");
	cp_content_look(&watch, NULL, 0, "t", 2, 17 * second);
	cr_expect_eq(watch.began_ns, 2 * second, "not yet calm for ten seconds");
	cp_content_look(&watch, NULL, 0, "t", 2, 18 * second);
	cr_expect_eq(watch.began_ns, 0);
}

Test(health, rates_are_of_the_last_second)
{
	look(1000, true);
	fake.counters[0].events_parsed = 3000;
	fake.counters[1].copies_tx = 500;
	look(2000, true);
	cr_expect_eq(cp_health_events_per_s(health), 1500u);
	cr_expect_eq(cp_health_copies_per_s(health), 250u);
}

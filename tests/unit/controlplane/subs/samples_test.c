/* The tenant's own payloads beside its patterns: in the helper before they are admitted, in the builder afterwards. */
#include "tests/unit/controlplane/subs/fixture.h"

#include "dataplane/base/atomic.h"
#include "dataplane/base/clock.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

/* Costs next to nothing on what is written to hurt it, and a hundred cycles a byte on words that it matches (tests/unit/tools/hsc). */
#define HIDDEN "(?x)( ab | cd | ef | gh ){30,200} .{100,300} z1"
#define LIMIT  20

static struct answer a;
static char words[DP_SAMPLE_BYTES + 1], harmless[DP_SAMPLE_BYTES + 1];

static void start(void)
{
	uint32_t dice = 1;

	for (size_t at = 0; at < DP_SAMPLE_BYTES; at += 2) {
		dice = dice * 1664525u + 1013904223u;
		memcpy(&words[at], &"abcdefgh"[dice >> 30 << 1], 2);
	}
	memset(harmless, 'x', DP_SAMPLE_BYTES);
	fixture_start();
	for (unsigned i = 0; i < CP_COMPILER_COUNT; i++) {
		subs->compilers[i].helper.cycles_per_byte = LIMIT;
		/* On a busy machine a look takes long, with a sanitizer longer. */
		subs->compilers[i].helper.check_ms = 20000;
	}
	subs->centicycles_most = LIMIT * CP_HELPER_SET_SCAN_FACTOR * 100;
}

TestSuite(samples, .init = start, .fini = fixture_stop, .timeout = 90);

static void published(const char *payload)
{
	fake.payload[0] = fake.payload[1] = payload;
	fake.payloads = 2;
}

Test(samples, are_wanted_with_the_first_pattern_and_not_before)
{
	cr_assert_eq(added(1, entry("a"), &a), RH_SUB_OK);
	cr_expect_eq(fake.wanted, 0);
	cr_assert_eq(added(1, entry_with("a", "one"), &a), RH_SUB_OK);
	cr_assert_eq(added(1, entry_with("a", "two"), &a), RH_SUB_OK);
	cr_expect_eq(fake.wanted, 1);
}

Test(samples, make_the_price_of_a_pattern_known)
{
	unsigned n[4];

	cr_assert_eq(added(1, entry_with("a", "foo.*bar"), &a), RH_SUB_OK);
	cr_assert_eq(sscanf(a.outcomes[0].text,
			     "its pattern takes up to %u.%u cycles a payload byte; this tenant's payloads are not known yet", &n[0], &n[1]),
		2, "%s", a.outcomes[0].text);
	cr_expect_not_null(strstr(a.outcomes[0].text, "not known yet"));
	published(harmless);
	cr_assert_eq(added(1, entry_with("a", "foo.*baz"), &a), RH_SUB_OK);
	cr_assert_eq(sscanf(a.outcomes[0].text,
			     "its pattern takes up to %u.%u cycles a payload byte, %u.%u on this tenant's recent payloads", &n[0], &n[1],
			     &n[2], &n[3]),
		4, "%s", a.outcomes[0].text);
	cr_expect_lt(n[2] * 10 + n[3], n[0] * 10 + n[1]);
}

Test(samples, refuse_what_is_dear_on_them_alone)
{
	published(harmless);
	cr_assert_eq(added(1, entry_with("a", HIDDEN), &a), RH_SUB_OK, "%s", a.outcomes[0].text);
	published(words);
	cr_assert_eq(added(1, entry_with("a", HIDDEN "x"), &a), RH_SUB_TOO_DEAR, "%s", a.outcomes[0].text);
	cr_expect_not_null(strstr(a.outcomes[0].text, "pattern costs "), "%s", a.outcomes[0].text);
	cr_expect_not_null(strstr(a.outcomes[0].text, "on this tenant's recent payloads"), "%s", a.outcomes[0].text);
	cr_expect_not_null(strstr(a.outcomes[0].text, "more than the 20 allowed: begin it with a rare literal"), "%s", a.outcomes[0].text);
	cr_expect_eq(fake.live, 1);
}

Test(samples, of_one_tenant_are_not_anothers)
{
	struct rh_sub_entry e = entry_with("a", HIDDEN);

	published(words);
	memset(&a, 0, sizeof(a));
	cr_assert_eq(cp_subs_add(subs, 2, 5, &e, 1, on_done, &a), 0);
	run_until(&a);
	cr_expect_eq(a.outcomes[0].code, RH_SUB_OK, "%s", a.outcomes[0].text);
	cr_expect_not_null(strstr(a.outcomes[0].text, "not known yet"), "%s", a.outcomes[0].text);
}

Test(samples, and_a_helper_that_is_killed_at_every_moment)
{
	char text[16];
	unsigned ok = 0;
	pid_t pid;

	published(harmless);
	for (unsigned i = 0; i < 20; i++) {
		(void)snprintf(text, sizeof(text), "p%u", i);
		add(1, entry_with("a", text), &a);
		run_for(i % 5);
		pid = rh_load_relaxed(&subs->compilers[CP_COMPILER_FIRST].helper.pid);
		if (pid > 0)
			(void)kill(pid, SIGKILL);
		run_until(&a);
		cr_assert(a.outcomes[0].code == RH_SUB_OK || a.outcomes[0].code == RH_SUB_INTERNAL, "%s", a.outcomes[0].text);
		ok += a.outcomes[0].code == RH_SUB_OK;
	}
	cr_assert_eq(fake.live, ok);
	cr_assert_eq(added(1, entry_with("b", "last"), &a), RH_SUB_OK, "%s", a.outcomes[0].text);
}

static unsigned runs(void)
{
	unsigned count = 0;

	for (unsigned i = 0; i < CP_RUNS; i++)
		count += subs->tenants[0]->runs[i].count != 0;
	return count;
}

/* Otherwise what traffic has made dear would stay in as many databases as there are, each a scan. */
Test(samples, do_not_keep_databases_from_merging)
{
	char text[96];

	for (unsigned i = 0; i < 3; i++) {
		(void)snprintf(text, sizeof(text), "(?x)( ab | cd | ef | gh ){30,200} .{100,300} z%u", i);
		cr_assert_eq(added(1, entry_with("a", text), &a), RH_SUB_OK);
	}
	cr_assert_eq(runs(), 3);
	published(words);
	subs->quiet_ns = 0;
	for (unsigned i = 0; i < 100 && runs() > 1; i++)
		run_for(100);
	cr_expect_eq(runs(), 1);
}

static struct cp_tenant_patterns shown;

static void keep_row(void *arg, const struct cp_tenant_patterns *row)
{
	++*(unsigned *)arg;
	shown = *row;
}

static unsigned rows(void)
{
	unsigned count = 0;

	cp_subs_patterns_each(subs, keep_row, &count);
	return count;
}

static uint64_t dear_tenants(void)
{
	struct cp_subs_stats stats;

	cp_subs_stats(subs, &stats);
	return stats.tenants_dear;
}

Test(samples, show_the_cost_of_each_tenant_with_patterns)
{
	cr_assert_eq(added(1, entry("a"), &a), RH_SUB_OK);
	cr_expect_eq(rows(), 0);
	cr_assert_eq(added(1, entry_with("a", "foo.*bar"), &a), RH_SUB_OK);
	cr_assert_eq(added(1, entry_with("a", "foo.*baz"), &a), RH_SUB_OK);
	cr_assert_eq(rows(), 1);
	cr_expect_eq(shown.tenant, 0);
	cr_expect_eq(shown.patterns, 2);
	cr_expect_eq(shown.databases, 2);
	cr_expect_gt(shown.worst_centicycles, 100);
	cr_expect_eq(shown.typical_centicycles, CP_SUBS_NOT_MEASURED);
	cr_expect_eq(shown.most_centicycles, 2 * LIMIT * 100);
}

Test(samples, tell_when_traffic_makes_a_cheap_pattern_dear)
{
	struct cp_tenant *t;

	published(harmless);
	cr_assert_eq(added(1, entry_with("a", "one"), &a), RH_SUB_OK);
	t = subs->tenants[0];
	cr_expect_eq(t->typical_centicycles, HSC_UNKNOWN);
	rh_store_relaxed(&fake.cost, LIMIT * 100 + 200);
	run_for(1500);
	cr_expect_eq(rh_load_relaxed(&fake.measured), 1);
	cr_expect_eq(t->typical_centicycles, LIMIT * 100 + 200);
	cr_expect(t->dear, "one pattern may cost %u", LIMIT);
	cr_expect_eq(dear_tenants(), 1);
	cr_expect_eq(rows(), 1);
	cr_expect(shown.dear);
	cr_expect_eq(shown.typical_centicycles, LIMIT * 100 + 200);
	/* As much is what two may cost. */
	cr_assert_eq(added(1, entry_with("a", "two"), &a), RH_SUB_OK);
	run_for(1500);
	cr_expect_eq(rh_load_relaxed(&fake.measured), 2, "a run that came is measured at once");
	cr_expect(!t->dear);
	cr_expect_eq(dear_tenants(), 0);
	/* Nothing new was published, and nothing came. */
	t->measure_ns = 0;
	run_for(1500);
	cr_expect_eq(rh_load_relaxed(&fake.measured), 2);
}

Test(samples, are_forgotten_with_the_last_pattern_and_wanted_again_with_the_next)
{
	struct cp_tenant *t;

	published(harmless);
	cr_assert_eq(added(1, entry_with("a", "one"), &a), RH_SUB_OK);
	t = subs->tenants[0];
	t->wanted_ns = 0;
	run_for(1500);
	cr_expect_eq(fake.forgotten, 0, "it is in use");
	cr_assert_eq(deleted(1, entry_with("a", "one"), &a), RH_SUB_OK);
	run_for(1500);
	cr_expect_eq(fake.forgotten, 0, "not at once: who was refused asks again");
	t->wanted_ns = rh_clock_ns() - 100 * RH_NS_PER_S;
	run_for(1500);
	cr_expect_eq(fake.forgotten, 1);
	cr_expect_eq(t->typical_centicycles, HSC_UNKNOWN);
	cr_expect(!uv_is_active((uv_handle_t *)&subs->sampling));
	cr_assert_eq(added(1, entry_with("a", "two"), &a), RH_SUB_OK);
	cr_expect_eq(fake.wanted, 2);
}

Test(samples, are_not_written_to_disk_with_the_patterns)
{
	struct cp_compile_job job = {.type = HSC_COMPILE, .set = {.fresh = 1}};
	static uint8_t body[] = {1, 2, 3};

	published(words);
	cr_assert_eq(added(1, entry_with("a", "one"), &a), RH_SUB_OK);
	job.tenant = subs->tenants[0];
	job.body = body;
	job.len = sizeof(body);
	cp_samples_pack(&job);
	cr_expect_eq(job.payloads_len, hsc_payloads_size((struct hsc_payload[]){{DP_SAMPLE_BYTES, NULL}, {DP_SAMPLE_BYTES, NULL}}, 2));
	/* What is stored stays apart. */
	cr_expect_eq(job.len, sizeof(body));
	cr_expect_eq(job.body, body);
	cp_samples_drop(&job);
	cr_expect_null(job.payloads);
	job.set.fresh = 0;
	cp_samples_pack(&job);
	cr_expect_null(job.payloads);
}

#include "tests/unit/controlplane/subs/fixture.h"

#include "dataplane/base/atomic.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static struct answer a, b;
static char script[64];

/* A helper of our own making. */
static void start_with(const char *text)
{
	FILE *f;
	int fd;

	strcpy(script, "/tmp/rhumb-helper-test-XXXXXX");
	fd = mkstemp(script);
	f = fdopen(fd, "w");
	cr_assert_not_null(f);
	(void)fprintf(f, "#!/bin/sh\n%s\n", text);
	cr_assert_eq(fchmod(fd, 0700), 0);
	cr_assert_eq(fclose(f), 0);
	strcpy(conf.compile_helper, script);
	fixture_start();
}

static void stop(void)
{
	fixture_stop();
	if (script[0])
		(void)unlink(script);
}

static pid_t helper_pid(void)
{
	return rh_load_relaxed(&subs->compilers[CP_COMPILER_FIRST].helper.pid);
}

static uint64_t restarts(void)
{
	struct cp_subs_stats stats;

	cp_subs_stats(subs, &stats);
	return stats.helper_restarts;
}

TestSuite(helper_process, .timeout = 90, .fini = stop);

Test(helper_process, killed_while_idle_is_replaced_and_nobody_notices)
{
	fixture_start();
	cr_assert_eq(added(1, entry_with("a", "one"), &a), RH_SUB_OK);
	cr_assert_gt(helper_pid(), 0);
	cr_assert_eq(kill(helper_pid(), SIGKILL), 0);
	cr_assert_eq(added(1, entry_with("a", "two"), &a), RH_SUB_OK, "%s", a.outcomes[0].text);
	cr_assert_eq(restarts(), 1);
}

Test(helper_process, killed_at_every_moment_costs_at_most_a_refusal)
{
	char text[16];
	unsigned ok = 0;
	pid_t pid;

	fixture_start();
	for (unsigned i = 0; i < 20; i++) {
		(void)snprintf(text, sizeof(text), "p%u", i);
		add(1, entry_with("a", text), &a);
		run_for(i % 5);
		/* Read once: it may become 0 in between, and kill(0) is for the whole group. */
		pid = helper_pid();
		if (pid > 0)
			(void)kill(pid, SIGKILL);
		run_until(&a);
		cr_assert(a.outcomes[0].code == RH_SUB_OK || a.outcomes[0].code == RH_SUB_INTERNAL,
			"%s", a.outcomes[0].text);
		ok += a.outcomes[0].code == RH_SUB_OK;
	}
	cr_assert_eq(fake.live, ok);
	/* Afterwards all is as before. */
	cr_assert_eq(added(1, entry_with("b", "last"), &a), RH_SUB_OK, "%s", a.outcomes[0].text);
}

Test(helper_process, that_dies_at_once_is_told_and_started_with_growing_pauses)
{
	start_with("exit 1");
	cr_assert_eq(added(1, entry_with("a", "one"), &a), RH_SUB_INTERNAL);
	cr_assert_str_eq(a.outcomes[0].text, "the pattern compiler died on it: try again");
	cr_assert_eq(subs->compilers[CP_COMPILER_FIRST].helper.pause_ms, CP_HELPER_PAUSE_LEAST_MS);
	cr_assert_eq(added(1, entry_with("a", "one"), &a), RH_SUB_INTERNAL);
	cr_assert_eq(
		subs->compilers[CP_COMPILER_FIRST].helper.pause_ms, 2 * CP_HELPER_PAUSE_LEAST_MS);
	/* Topics work on. */
	cr_assert_eq(added(1, entry("a"), &a), RH_SUB_OK);
}

Test(helper_process, that_hangs_is_killed_and_told_while_topics_go_on)
{
	pid_t pid;

	conf.compile_ms_max = 1;
	start_with("exec sleep 1000");
	subs->compilers[CP_COMPILER_FIRST].helper.check_ms = 1;
	add(1, entry_with("a", "one"), &a);
	while (!helper_pid())
		run_for(1);
	pid = helper_pid();
	cr_assert_eq(added(2, entry("b"), &b), RH_SUB_OK);
	cr_assert_eq(a.calls, 0);
	run_until(&a);
	cr_assert_eq(a.outcomes[0].code, RH_SUB_INTERNAL);
	cr_assert_str_eq(a.outcomes[0].text, "the pattern compiler did not answer: try again");
	cr_assert_eq(kill(pid, 0), -1);
}

/* Checks are quick; a set may take minutes, and nobody waits so long for one that hangs on it. */
Test(helper_process, that_hangs_on_a_set_is_found_out_by_its_silence)
{
	conf.compile_ms_max = 5000;
	/* One header of 16 bytes, no payloads, the number and the pattern in, an OK with a cost of 16 bytes and a database of one out. */
	start_with("test $(head -c 8 | od -An -j7 -tu1) = 1 || exec sleep 1000; "
		   "head -c 19 >/dev/null; printf "
		   "'\\0\\0\\0\\021\\0\\003\\0\\001\\0\\0\\0\\001\\0\\0\\0\\0"
		   "\\0\\0\\0\\001\\0\\0\\0\\001\\0\\0\\0\\001\\377\\377\\377\\377d'; exec sleep 1000");
	/* Too dear to be scanned on its own, it waits for a set. */
	subs->centicycles_most = 0;
	add(1, entry_with("a", "one"), &a);
	cr_assert_eq(added(2, entry("b"), &b), RH_SUB_OK);
	run_until(&a);
	cr_assert_eq(a.outcomes[0].code, RH_SUB_INTERNAL);
	cr_assert_not_null(
		strstr(a.outcomes[0].text, "the pattern compiler did not answer: try again"));
}

Test(helper_process, that_is_missing_is_known_before_anyone_asks)
{
	struct rh_error err;
	char path[256];

	strcpy(conf.compile_helper, "/nonexistent/rhumb-hsc");
	conf.patterns_max = 0;
	cr_assert_eq(cp_helper_check(&conf, path, sizeof(path), &err), 0);
	conf.patterns_max = 10;
	cr_assert_lt(cp_helper_check(&conf, path, sizeof(path), &err), 0);
	cr_assert_str_eq(path, "/nonexistent/rhumb-hsc");
	cr_assert_not_null(
		strstr(err.text, "/nonexistent/rhumb-hsc cannot be started: No such file"));
	fixture_start();
}

Test(helper_process, that_is_not_named_stands_where_it_was_installed)
{
	struct rh_error err;
	char path[256];

	conf.compile_helper[0] = '\0';
	conf.patterns_max = 0;
	cr_assert_eq(cp_helper_check(&conf, path, sizeof(path), &err), 0);
	cr_assert_str_eq(path, RHUMB_LIBEXEC "/rhumb-hsc");
	fixture_start();
}

Test(helper_process, that_answers_garbage_is_killed)
{
	start_with("head -c 100 /dev/zero; exec sleep 1000");
	cr_assert_eq(added(1, entry_with("a", "one"), &a), RH_SUB_INTERNAL);
	cr_assert_eq(helper_pid(), 0);
}

Test(helper_process, that_is_missing_is_named)
{
	strcpy(conf.compile_helper, "/nonexistent/rhumb-hsc");
	fixture_start();
	cr_assert_eq(added(1, entry_with("a", "one"), &a), RH_SUB_INTERNAL);
	cr_assert_str_eq(a.outcomes[0].text, "the pattern compiler /nonexistent/rhumb-hsc cannot "
					     "be started: No such file or directory");
}

Test(helper_process, out_of_memory_in_a_compilation_refuses_only_that_pattern)
{
#if defined(__SANITIZE_ADDRESS__)
	fixture_start();
	cr_skip_test("address space cannot be bounded under the address sanitizer");
#endif
	conf.compile_mb_max = 2;
	fixture_start();
	subs->compilers[CP_COMPILER_FIRST].helper.memory_mb = 4;
	subs->compilers[CP_COMPILER_FIRST].helper.check_ms = 20000;
	cr_assert_eq(added(1, entry_with("a", "(a.{1,200}b.{1,200}c|d.{1,300}e){8}"), &a),
		RH_SUB_TOO_DEAR, "%s", a.outcomes[0].text);
	cr_assert_not_null(strstr(a.outcomes[0].text, "MB"), "%s", a.outcomes[0].text);
	cr_assert_eq(added(1, entry_with("a", "one"), &a), RH_SUB_OK, "%s", a.outcomes[0].text);
	cr_assert_eq(restarts(), 0);
}

Test(helper_process, sees_no_descriptor_of_ours)
{
	char text[256], found[80];

	/* Descriptors 3 to 9: a shell keeps its script on 10 or above. */
	(void)snprintf(found, sizeof(found), "/tmp/rhumb-helper-test-fds-%d", (int)getpid());
	(void)snprintf(text, sizeof(text),
		"for n in 3 4 5 6 7 8 9; do test -e /proc/$$/fd/$n && : >%s; done; exit 1", found);
	cr_assert_geq(fcntl(0, F_DUPFD, 5), 5);
	start_with(text);
	cr_assert_eq(added(1, entry_with("a", "one"), &a), RH_SUB_INTERNAL);
	cr_assert_eq(access(found, F_OK), -1);
}

Test(helper_process, dies_when_we_stop)
{
	pid_t pid;

	fixture_start();
	cr_assert_eq(added(1, entry_with("a", "one"), &a), RH_SUB_OK);
	pid = helper_pid();
	fixture_stop();
	cr_assert_eq(kill(pid, 0), -1);
	fixture_start();
}

/* The first look and the runs that are there go on. */
static void start_with_merges_of(const char *text)
{
	start_with(text);
	for (unsigned i = 0; i < CP_COMPILER_COUNT; i++)
		(void)snprintf(subs->compilers[i].helper.path, sizeof(subs->compilers[i].helper.path), "%s",
			i < CP_COMPILER_MERGES ? RHUMB_HSC : script);
}

static struct cp_helper *merger(void)
{
	return &subs->compilers[CP_COMPILER_MERGES].helper;
}

static void add_some(unsigned from, unsigned to)
{
	char text[16];

	for (unsigned i = from; i < to; i++) {
		(void)snprintf(text, sizeof(text), "pattern%u", i);
		cr_assert_eq(added(1, entry_with("a", text), &a), RH_SUB_OK, "%s", a.outcomes[0].text);
	}
}

static void wait_for_failures(uint64_t wanted)
{
	for (unsigned i = 0; i < 2000 && subs->stats.compile_failures < wanted; i++)
		run_for(10);
	cr_assert_eq(subs->stats.compile_failures, wanted);
}

/* As if nothing had happened, and the time to try again had come. */
static void assert_merges_again(void)
{
	int tiers = __builtin_popcountll(fake.tiers);
	uint32_t live = fake.live;

	(void)strcpy(merger()->path, RHUMB_HSC);
	merger()->set_ms = 20000;
	subs->tenants[0]->not_before_ns[0] = 0;
	add_some(100, 101);
	for (unsigned i = 0; i < 1000 && !subs->stats.compiles; i++)
		run_for(10);
	run_for(20);
	cr_assert_lt(__builtin_popcountll(fake.tiers), tiers);
	cr_assert_eq(fake.live, live + 1);
}

Test(helper_process, that_is_killed_in_a_merge_leaves_the_runs_and_nobody_waits)
{
	start_with_merges_of("exec sleep 1000");
	add_some(0, 4);
	for (unsigned i = 0; i < 1000 && !rh_load_relaxed(&merger()->pid); i++)
		run_for(1);
	cr_assert(subs->tenants[0]->merging[0]);
	cr_assert_eq(fake.tiers, 0xf);
	/* Also while it hangs patterns come at once. */
	add_some(4, 7);
	cr_assert_eq(fake.tiers, 0x7f);
	(void)kill(rh_load_relaxed(&merger()->pid), SIGKILL);
	wait_for_failures(1);
	cr_assert_eq(fake.tiers, 0x7f);
	assert_merges_again();
}

Test(helper_process, that_hangs_in_a_merge_is_killed_and_leaves_the_runs)
{
	start_with_merges_of("exec sleep 1000");
	merger()->set_ms = 1;
	add_some(0, 4);
	wait_for_failures(1);
	cr_assert_eq(rh_load_relaxed(&merger()->pid), 0);
	cr_assert_eq(fake.tiers, 0xf);
	assert_merges_again();
}

Test(helper_process, out_of_memory_in_a_merge_leaves_the_runs)
{
	fixture_start();
#if defined(__SANITIZE_ADDRESS__)
	cr_skip_test("address space cannot be bounded under the address sanitizer");
#endif
	add_some(0, 3);
	merger()->memory_mb = 1;
	merger()->set_ms = 20000;
	subs->compilers[CP_COMPILER_LONG].helper.check_ms = 20000;
	added(1, entry_with("a", "(a.{1,200}b.{1,200}c|d.{1,300}e){8}"), &a);
	cr_assert_eq(a.outcomes[0].code, RH_SUB_OK, "%s", a.outcomes[0].text);
	wait_for_failures(1);
	cr_assert_eq(fake.tiers, 0xf);
	/* It is not tried again and again. */
	add_some(3, 4);
	run_for(100);
	cr_assert_eq(subs->stats.compile_failures, 1);
	cr_assert_eq(fake.live, 5);
}

Test(helper_process, that_dies_in_a_set_somebody_waits_for_is_told)
{
	start_with_merges_of("exit 1");
	add_some(0, 2);
	subs->centicycles_most = 0;
	cr_assert_eq(added(1, entry_with("a", "waits"), &a), RH_SUB_INTERNAL);
	cr_assert_str_eq(a.outcomes[0].text, "the pattern compiler died on it: try again");
	cr_assert_eq(fake.tiers, 3);
	subs->centicycles_most = UINT32_MAX;
	cr_assert_eq(added(1, entry_with("a", "waits"), &a), RH_SUB_OK);
}

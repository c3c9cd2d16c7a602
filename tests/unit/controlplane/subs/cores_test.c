/* On which cores patterns are compiled. */
#include "controlplane/subs/cores.h"

#include <criterion/criterion.h>
#include <pthread.h>

TestSuite(cores, .timeout = 10);

static struct cp_conf conf;
static cpu_set_t got;

static void given(unsigned cores, unsigned control)
{
	conf.eal.control_core = control;
	for (unsigned i = 0; i < cores; i++)
		CPU_SET(i, &conf.cores);
}

static void worker(unsigned core, enum dp_idle_mode idle)
{
	conf.engine.workers[conf.engine.worker_count++] = (struct dp_worker_conf){.core = core, .idle = idle};
}

static unsigned chosen(void)
{
	unsigned mask = 0;

	cp_cores_choose(&conf, &got);
	for (unsigned i = 0; i < 8; i++)
		mask |= CPU_ISSET(i, &got) ? 1u << i : 0;
	return mask;
}

Test(cores, of_workers_that_poll_are_left_to_them)
{
	given(4, 0);
	worker(2, DP_IDLE_POLL);
	worker(3, DP_IDLE_POLL);
	cr_expect_eq(chosen(), 3);
}

Test(cores, of_workers_that_sleep_are_shared)
{
	given(2, 0);
	worker(1, DP_IDLE_YIELD);
	cr_expect_eq(chosen(), 3);
}

Test(cores, always_have_the_control_loops)
{
	given(1, 0);
	worker(0, DP_IDLE_POLL);
	cr_expect_eq(chosen(), 1);
	conf.eal.control_core = 5;
	cr_expect_eq(chosen(), 1u << 5);
}

Test(cores, that_are_not_known_change_nothing)
{
	cpu_set_t before, after;

	cr_expect_eq(chosen(), 0);
	cr_assert_eq(pthread_getaffinity_np(pthread_self(), sizeof(before), &before), 0);
	cp_cores_use(pthread_self(), &conf);
	cr_assert_eq(pthread_getaffinity_np(pthread_self(), sizeof(after), &after), 0);
	cr_expect(CPU_EQUAL(&before, &after));
}

Test(cores, are_the_threads_own_from_then_on)
{
	cpu_set_t before;
	int core = 0;

	cr_assert_eq(pthread_getaffinity_np(pthread_self(), sizeof(before), &before), 0);
	while (!CPU_ISSET(core, &before))
		core++;
	conf.eal.control_core = (unsigned)core;
	CPU_SET(core, &conf.cores);
	cp_cores_use(pthread_self(), &conf);
	cr_assert_eq(pthread_getaffinity_np(pthread_self(), sizeof(got), &got), 0);
	cr_expect_eq(CPU_COUNT(&got), 1);
	cr_expect(CPU_ISSET(core, &got));
}

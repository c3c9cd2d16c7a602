#include "dataplane/base/cpu.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

TestSuite(cpu, .timeout = 30);

static struct rh_error err;

Test(cpu, one_that_has_all_may_run)
{
	const struct rh_cpu_need needs[] = {{"avx", true}, {"avx2", true}};

	cr_assert_eq(rh_cpu_judge(needs, 2, &err), 0);
	cr_assert_eq(rh_cpu_judge(needs, 0, &err), 0);
}

Test(cpu, each_that_is_missing_is_named)
{
	const struct rh_cpu_need needs[] = {{"sse4.2", true}, {"avx2", false}, {"bmi2", false}};

	cr_assert_eq(rh_cpu_judge(needs, 3, &err), -ENOTSUP);
	cr_assert_str_eq(err.text,
		"this processor lacks instructions that this build uses: avx2 bmi2; build for it with 'meson setup build -Dmarch=x86-64-v2' (slower), or use a newer one");
}

Test(cpu, all_missing_ones_have_room)
{
	struct rh_cpu_need needs[RH_CPU_NEEDS_MAX];
	size_t count = rh_cpu_needs(needs);

	for (size_t i = 0; i < count; i++)
		needs[i].has = false;
	for (size_t i = 0; i < count; i++) {
		cr_assert_eq(rh_cpu_judge(needs, count, &err), -ENOTSUP);
		cr_assert_not_null(strstr(err.text, needs[i].name));
	}
	cr_assert_not_null(strstr(err.text, "or use a newer one"));
}

/* This test runs, so what it was built with is here. */
Test(cpu, this_one_may_run)
{
	struct rh_cpu_need needs[RH_CPU_NEEDS_MAX];
	size_t count = rh_cpu_needs(needs);
	bool avx2 = false;

	cr_assert_leq(count, RH_CPU_NEEDS_MAX);
	for (size_t i = 0; i < count; i++)
		avx2 = avx2 || strcmp(needs[i].name, "avx2") == 0;
#ifdef __AVX2__
	cr_assert(avx2);
#else
	cr_assert_not(avx2);
#endif
	cr_assert_eq(rh_cpu_check(&err), 0, "%s", err.text);
}

#include "dataplane/base/cpu.h"

#include <errno.h>
#include <stdio.h>

/* What GCC may use of itself, of x86-64-v2 to v4. */
size_t rh_cpu_needs(struct rh_cpu_need *needs)
{
	size_t count = 0;

	__builtin_cpu_init();
#define NEED(feature) needs[count++] = (struct rh_cpu_need){feature, __builtin_cpu_supports(feature) != 0}
#ifdef __SSE4_2__
	NEED("sse4.2");
#endif
#ifdef __AVX__
	NEED("avx");
#endif
#ifdef __AVX2__
	NEED("avx2");
#endif
#ifdef __BMI__
	NEED("bmi");
#endif
#ifdef __BMI2__
	NEED("bmi2");
#endif
#ifdef __FMA__
	NEED("fma");
#endif
#ifdef __LZCNT__
	NEED("lzcnt");
#endif
#ifdef __MOVBE__
	NEED("movbe");
#endif
#ifdef __AVX512F__
	NEED("avx512f");
#endif
#ifdef __AVX512BW__
	NEED("avx512bw");
#endif
#ifdef __AVX512VL__
	NEED("avx512vl");
#endif
#undef NEED
	return count;
}

int rh_cpu_judge(const struct rh_cpu_need *needs, size_t count, struct rh_error *err)
{
	char missing[256] = "";
	size_t len = 0;

	for (size_t i = 0; i < count && len < sizeof(missing); i++)
		if (!needs[i].has)
			len += (size_t)snprintf(missing + len, sizeof(missing) - len, " %s", needs[i].name);
	if (!len)
		return 0;
	return rh_error_set(err, ENOTSUP,
		"this processor lacks instructions that this build uses:%s; build for it with 'meson setup build -Dmarch=x86-64-v2' (slower), or use a newer one",
		missing);
}

int rh_cpu_check(struct rh_error *err)
{
	struct rh_cpu_need needs[RH_CPU_NEEDS_MAX];

	return rh_cpu_judge(needs, rh_cpu_needs(needs), err);
}

#include "dataplane/match/slab.h"

#include "tests/lib/random.h"

#include <criterion/criterion.h>
#include <string.h>

#define BLOCKS 200

static struct dp_slab slab;

static void start(void)
{
	cr_assert_eq(dp_slab_init(&slab, 1u << 20), 0);
}

static void stop(void)
{
	dp_slab_fini(&slab);
}

TestSuite(slab, .init = start, .fini = stop);

static bool all_are(const uint8_t *bytes, size_t size, uint8_t mark)
{
	for (size_t i = 0; i < size; i++)
		if (bytes[i] != mark)
			return false;
	return true;
}

Test(slab, blocks_never_overlap_and_all_comes_back, .timeout = 3000)
{
	static struct {
		uint32_t unit;
		size_t bytes;
		uint8_t mark;
	} block[BLOCKS];
	struct rnd rnd;
	unsigned live = 0;

	rnd_init(&rnd, "slab");
	for (size_t left = rnd_cases(20000, 2000000); left; left--) {
		unsigned at = live ? rnd_below(&rnd, live) : 0;

		if (live < BLOCKS && rnd_below(&rnd, 2)) {
			size_t bytes = 1 + rnd_below(&rnd, 1u << (4 + rnd_below(&rnd, 13)));

			block[live].unit = dp_slab_take(&slab, bytes);
			block[live].bytes = bytes;
			block[live].mark = (uint8_t)left;
			if (block[live].unit != DP_SLAB_NONE)
				memset(dp_slab_at(&slab, block[live++].unit), (uint8_t)left, bytes);
		} else if (live) {
			const uint8_t *p = dp_slab_at(&slab, block[at].unit);

			cr_assert(all_are(p, block[at].bytes, block[at].mark));
			dp_slab_give(&slab, block[at].unit);
			block[at] = block[--live];
		}
	}
	while (live)
		dp_slab_give(&slab, block[--live].unit);
	for (unsigned i = 0; i < (1u << 20) / DP_SLAB_BLOCK_MAX; i++)
		cr_expect_neq(dp_slab_take(&slab, DP_SLAB_BLOCK_MAX), DP_SLAB_NONE);
	cr_expect_eq(dp_slab_take(&slab, 1), DP_SLAB_NONE);
}

Test(slab, sizes_are_bounded)
{
	cr_expect_eq(dp_slab_take(&slab, DP_SLAB_BLOCK_MAX + 1), DP_SLAB_NONE);
	cr_expect_neq(dp_slab_take(&slab, DP_SLAB_BLOCK_MAX), DP_SLAB_NONE);
}

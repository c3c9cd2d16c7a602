#include "dataplane/base/hash.h"

#include <criterion/criterion.h>

Test(hash, equal_bytes_and_seed_give_equal_hashes)
{
	char a[] = "debian/bookworm", b[] = "debian/bookworm";

	cr_assert_eq(rh_hash(a, sizeof(a), 7), rh_hash(b, sizeof(b), 7));
}

Test(hash, seed_length_and_content_all_count)
{
	cr_assert_neq(rh_hash("abc", 3, 1), rh_hash("abc", 3, 2));
	cr_assert_neq(rh_hash("abc", 3, 1), rh_hash("abc", 2, 1));
	cr_assert_neq(rh_hash("abc", 3, 1), rh_hash("abd", 3, 1));
}

Test(hash, seeds_are_not_repeated)
{
	cr_assert_neq(rh_random_seed(), rh_random_seed());
}

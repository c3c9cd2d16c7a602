#include "controlplane/subs/keys.h"

#include "dataplane/base/hash.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MANY 200000u

static struct cp_keys keys;
static uint64_t seed;
static bool equal; /* one hash for all */
static bool *is_in; /* by reference */

static uint64_t hash_of(void *arg, uint32_t ref)
{
	cr_assert_eq(arg, &keys);
	cr_assert(is_in[ref], "the hash of %u is asked for, which is not there", ref);
	return equal ? 42 : rh_hash(&ref, sizeof(ref), seed);
}

static bool same(const void *arg, uint32_t ref)
{
	return *(const uint32_t *)arg == ref;
}

static uint32_t found(uint32_t ref)
{
	return cp_keys_find(&keys, rh_hash(&ref, sizeof(ref), seed), same, &ref);
}

static void put(uint32_t ref)
{
	cr_assert_eq(cp_keys_insert(&keys, rh_hash(&ref, sizeof(ref), seed), ref), 0);
	is_in[ref] = true;
}

static void take(uint32_t ref)
{
	is_in[ref] = false;
	cp_keys_remove(&keys, rh_hash(&ref, sizeof(ref), seed), ref);
}

static void start(void)
{
	const char *given = getenv("RHUMB_SEED");

	seed = given ? strtoull(given, NULL, 0) : rh_random_seed();
	printf("keys: seed %llu (repeat with RHUMB_SEED)\n", (unsigned long long)seed);
	srandom((unsigned)seed);
	is_in = calloc(2 * MANY + CP_KEYS_REF_LEAST, sizeof(*is_in));
	cr_assert_not_null(is_in);
	cr_assert_eq(cp_keys_init(&keys, hash_of, &keys), 0);
}

static void stop(void)
{
	cp_keys_fini(&keys);
	free(is_in);
}

TestSuite(keys, .init = start, .fini = stop, .timeout = 60);

static void expect_all(void)
{
	for (uint32_t ref = CP_KEYS_REF_LEAST; ref < CP_KEYS_REF_LEAST + MANY; ref++)
		cr_assert_eq(found(ref), is_in[ref] ? ref : 0);
}

Test(keys, what_is_in_is_found_and_nothing_else_while_it_grows_and_shrinks)
{
	uint32_t in = 0, ref;

	for (unsigned step = 0; step < 8; step++) {
		bool grow = step % 2 == 0;

		for (unsigned i = 0; i < MANY; i++) {
			ref = CP_KEYS_REF_LEAST + (uint32_t)random() % MANY;
			/* Mostly one way, but not only. */
			if (is_in[ref] && (!grow || random() % 8 == 0)) {
				take(ref);
				in--;
			} else if (!is_in[ref] && (grow || random() % 8 == 0)) {
				put(ref);
				in++;
			}
		}
		expect_all();
		cr_assert_leq(cp_keys_pages(&keys) * CP_KEYS_SLOTS, in * 5 + 2 * CP_KEYS_SLOTS);
	}
	for (ref = CP_KEYS_REF_LEAST; ref < CP_KEYS_REF_LEAST + MANY; ref++)
		if (is_in[ref])
			take(ref);
	cr_assert_eq(cp_keys_pages(&keys), 1);
	cr_assert_eq(keys.depth, 0);
}

Test(keys, churn_needs_no_more_pages)
{
	/* Pages as full as ten million fill them; where they are about to split, some do. */
	enum { LIVE = 156250 };
	uint32_t pages;

	for (uint32_t i = 0; i < LIVE; i++)
		put(CP_KEYS_REF_LEAST + i);
	pages = cp_keys_pages(&keys);
	for (uint32_t i = 0; i < 8 * LIVE; i++) {
		take(CP_KEYS_REF_LEAST + i % (2 * MANY));
		put(CP_KEYS_REF_LEAST + (i + LIVE) % (2 * MANY));
	}
	cr_assert_leq(cp_keys_pages(&keys), pages * 105 / 100);
	expect_all();
}

Test(keys, a_replaced_one_is_found_under_its_new_name)
{
	uint32_t ref = 7, by = 9;
	uint64_t hash = rh_hash(&ref, sizeof(ref), seed);

	put(ref);
	cp_keys_replace(&keys, hash, ref, by);
	cr_assert_eq(cp_keys_find(&keys, hash, same, &by), by);
	cr_assert_eq(cp_keys_find(&keys, hash, same, &ref), 0);
	cp_keys_remove(&keys, hash, by);
	cr_assert_eq(cp_keys_find(&keys, hash, same, &by), 0);
}

/* One hash for all: nobody can choose that, but it must end. */
Test(keys, equal_hashes_fill_a_page_and_are_refused_then)
{
	uint32_t ref = CP_KEYS_REF_LEAST;

	equal = true;
	memset(is_in, true, 2 * MANY);
	while (cp_keys_insert(&keys, 42, ref) == 0)
		ref++;
	cr_assert_gt(ref, CP_KEYS_SLOTS / 2);
	cr_assert_lt(ref, CP_KEYS_SLOTS + CP_KEYS_REF_LEAST);
}

#include "dataplane/base/htable.h"

#include <criterion/criterion.h>
#include <stdlib.h>

#define COUNT 5000

struct item {
	struct rh_hnode node;
	unsigned key;
};

static struct item items[COUNT];
static struct rh_htable table;

static struct item *find(unsigned key, uint64_t hash)
{
	for (struct rh_hnode *n = rh_htable_find(&table, hash); n; n = rh_htable_next(n, hash)) {
		if (rh_container(n, struct item, node)->key == key)
			return rh_container(n, struct item, node);
	}
	return NULL;
}

/* Few distinct hashes: chains of equal hash must be told apart by key. */
static uint64_t hash_of(unsigned key)
{
	return (uint64_t)(key % 700) * 0x9e3779b97f4a7c15ULL;
}

static void fill(void)
{
	cr_assert_eq(rh_htable_init(&table), 0);
	for (unsigned i = 0; i < COUNT; i++) {
		items[i].key = i;
		rh_htable_insert(&table, &items[i].node, hash_of(i));
	}
}

static void count_one(void *arg, struct rh_hnode *node)
{
	(void)node;
	(*(unsigned *)arg)++;
}

static void remove_odd(void *arg, struct rh_hnode *node)
{
	(void)arg;
	if (rh_container(node, struct item, node)->key & 1)
		rh_htable_remove(&table, node);
}

Test(htable, finds_every_node_after_growing)
{
	unsigned seen = 0;

	fill();
	for (unsigned i = 0; i < COUNT; i++)
		cr_assert_eq(find(i, hash_of(i)), &items[i]);
	cr_assert_null(find(COUNT, hash_of(COUNT)));
	rh_htable_each(&table, count_one, &seen);
	cr_assert_eq(seen, COUNT);
	cr_assert_geq(table.size, COUNT / 2);
	rh_htable_fini(&table);
}

Test(htable, a_node_may_be_removed_while_walking)
{
	fill();
	rh_htable_each(&table, remove_odd, NULL);
	cr_assert_eq(table.count, COUNT / 2);
	for (unsigned i = 0; i < COUNT; i++)
		cr_assert_eq(find(i, hash_of(i)), i & 1 ? NULL : &items[i]);
	rh_htable_fini(&table);
}

Test(htable, fini_accepts_a_zeroed_table)
{
	struct rh_htable none = {0};

	rh_htable_fini(&none);
}

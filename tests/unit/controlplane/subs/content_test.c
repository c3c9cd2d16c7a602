#include "controlplane/subs/content.h"

#include "dataplane/base/hash.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct cp_contents contents;

static void start(void)
{
	cr_assert_eq(cp_contents_init(&contents, 7), 0);
}

static void stop(void)
{
	cp_contents_fini(&contents);
}

TestSuite(content, .init = start, .fini = stop, .timeout = 50);

static struct cp_content *make(uint16_t tenant, const char *text, uint16_t patterns)
{
	struct cp_content *c;

	cr_assert_eq(cp_content_create(&contents, tenant, text, strlen(text), patterns, 100, &c), 0);
	return c;
}

static struct cp_content *find(uint16_t tenant, const char *text)
{
	return cp_content_find(&contents, tenant, text, strlen(text));
}

/* What the builder is told of is deleted at once. */
static void leave(struct cp_content *c)
{
	cp_content_leave(&contents, c);
	cr_assert_eq(cp_contents_left(&contents), c);
	cr_assert_eq(c->next, 0);
	cp_content_free(&contents, c);
}

Test(content, is_found_by_tenant_and_text)
{
	struct cp_content *one = make(1, "(a = 1)", 0), *other = make(2, "(a = 1)", 3);

	cr_assert_neq(one, other);
	cr_assert_eq(find(1, "(a = 1)"), one);
	cr_assert_eq(find(2, "(a = 1)"), other);
	cr_assert_null(find(3, "(a = 1)"));
	cr_assert_null(find(1, "(a = 2)"));
	cr_assert_null(cp_content_find(&contents, 1, "(a = 1)", 6));
	cr_assert_str_eq(cp_content_text(other), "(a = 1)");
	cr_assert_eq(cp_content_at(&contents, other->id), other);
	cr_assert(contents.of_tenant[1].count == 1 && contents.of_tenant[1].bytes == 100);
	leave(one);
	cr_assert_null(find(1, "(a = 1)"));
	cr_assert_eq(find(2, "(a = 1)"), other);
	cr_assert(contents.of_tenant[1].count == 0 && contents.of_tenant[1].bytes == 0);
	leave(other);
}

Test(content, a_number_rests_until_the_builder_has_deleted_it)
{
	struct cp_content *a = make(0, "a", 0), *b = make(0, "b", 0), *left, *again;
	dp_content_id_t id = a->id;

	cp_content_leave(&contents, a);
	cp_content_leave(&contents, b);
	/* The same text meanwhile is another one. */
	again = make(0, "a", 0);
	cr_assert_neq(again->id, id);
	left = cp_contents_left(&contents);
	cr_assert_eq(left, b);
	cr_assert_eq(left->next, id);
	cr_assert_null(cp_contents_left(&contents));
	cr_assert_eq(contents.used, 3);
	cr_assert_eq(contents.wanted, 1);
	cp_content_free(&contents, a);
	cr_assert_eq(make(0, "c", 0)->id, id);
	cp_content_free(&contents, b);
	cr_assert_eq(find(0, "a"), again);
}

Test(content, without_a_number_there_is_none)
{
	struct cp_content *c = make(0, "a", 0), *other;
	dp_content_id_t fresh = contents.fresh;

	contents.fresh = DP_LIMIT_CONTENTS;
	cr_assert_eq(cp_content_create(&contents, 0, "b", 1, 0, 100, &other), -ENOSPC);
	cr_assert_eq(contents.of_tenant[0].bytes, 100);
	cr_assert_null(find(0, "b"));
	contents.fresh = fresh;
	leave(c);
	cr_assert_eq(contents.used, 0);
}

#define TEXTS 2000

Test(content, does_what_a_plain_list_does)
{
	static struct cp_content *want[TEXTS];
	const char *given = getenv("RHUMB_SEED");
	uint64_t seed = given ? strtoull(given, NULL, 0) : rh_random_seed();
	char text[32];
	uint32_t live = 0;

	printf("content: seed %llu (repeat with RHUMB_SEED)\n", (unsigned long long)seed);
	srandom((unsigned)seed);
	for (unsigned i = 0; i < 200000; i++) {
		unsigned t = (unsigned)random() % TEXTS;

		(void)snprintf(text, sizeof(text), "(n = %u)", t / 2);
		cr_assert_eq(find(t % 2, text), want[t]);
		if (!want[t]) {
			want[t] = make(t % 2, text, t % 3);
			live++;
		} else if (random() % 3) {
			leave(want[t]);
			want[t] = NULL;
			live--;
		}
		cr_assert_eq(contents.used, live);
	}
	for (unsigned t = 0; t < TEXTS; t++)
		if (want[t])
			leave(want[t]);
	cr_assert_eq(contents.fresh, 0);
	cr_assert_eq(cp_keys_pages(&contents.keys), 1);
}

/* RHUMB_CONTENTS: how many, 1000000 for the figure in content.h. */
Test(content, many_are_held_in_their_text_and_some_50_bytes)
{
	const char *given = getenv("RHUMB_CONTENTS");
	unsigned count = given ? (unsigned)atoi(given) : 50000;
	size_t bytes = 0, texts = 0;
	char text[96];

	for (unsigned i = 0; i < count; i++) {
		int len = snprintf(text, sizeof(text),
			"((type = 'com.example.%u') AND (n > %u))", i, i % 100);
		struct cp_content *c = make(0, text, 0);

		/* A word of the allocator's own stands in front of each block. */
		bytes += malloc_usable_size(c) + sizeof(size_t) + sizeof(*contents.place);
		texts += (size_t)len;
	}
	bytes += (size_t)cp_keys_pages(&contents.keys) * RH_PAGE;
	printf("%u expressions of %zu bytes: %.1f bytes each beside the text\n", count, texts / count,
		(double)(bytes - texts) / count);
	cr_assert_lt(bytes - texts, 56 * (size_t)count);
	cr_assert_leq(bytes - texts, (CP_CONTENT_BYTES + 4) * (size_t)count);
	for (unsigned i = 0; i < count; i += 97) {
		(void)snprintf(text, sizeof(text), "((type = 'com.example.%u') AND (n > %u))", i,
			i % 100);
		cr_assert_not_null(find(0, text));
	}
}

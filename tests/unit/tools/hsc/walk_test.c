#include "tools/hsc/walk.h"

#include "dataplane/base/compiler.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

TestSuite(walk, .timeout = 30);

static struct hsc_tree tree;
static struct hsc_part parts[HSC_PARTS_MAX];
static uint32_t part_count;
static uint8_t out[4097];

static void parse(const char *pattern)
{
	cr_assert_eq(hsc_tree_parse(pattern, &tree), 0);
	cr_assert_leq(tree.count, tree.room);
	part_count = hsc_parts(&tree, parts);
	cr_assert_leq(part_count, HSC_PARTS_MAX);
}

/* Does any walk begin with @text? */
static bool walks(const char *pattern, const char *text)
{
	bool found = false;

	parse(pattern);
	for (uint32_t i = 0; i < part_count; i++) {
		for (int style = 0; style < HSC_WALK_STYLES; style++) {
			if (hsc_walk(&tree, &parts[i], style, out, sizeof(out) - 1))
				found |= !memcmp(out, text, strlen(text));
		}
	}
	hsc_tree_fini(&tree);
	return found;
}

/* The only walk of a pattern without choices. */
static const char *whole(const char *pattern)
{
	struct hsc_part all;

	parse(pattern);
	all = (struct hsc_part){tree.root, tree.nodes[tree.root].count};
	memset(out, 0, sizeof(out));
	(void)hsc_walk(&tree, &all, HSC_WALK_SHORT, out, 8);
	hsc_tree_fini(&tree);
	return (const char *)out;
}

Test(walk, repeats_the_branches_of_a_group_without_what_follows)
{
	cr_assert(walks("(ab|cd|ef|gh){30,200}.{100,300}z1", "abcdefghabcdefghabcdefgh"));
}

Test(walk, keeps_to_the_beginning_that_never_completes)
{
	cr_assert(walks("(a.{0,100}b.{0,100}c.{0,100}d){2,4}e1", "abcdabcdabcd"));
	cr_assert(walks("abc.{200,500}de", "abcabcabc"));
	cr_assert(walks("[ab]{3}x", "abababab"));
}

Test(walk, repeats_one_branch_as_often_as_it_must)
{
	cr_assert(walks("(ab|cd){3,9}z", "abababzababab"));
}

Test(walk, goes_as_long_as_it_may)
{
	cr_assert(walks("a{2,5}b", "aaaaabaaaaab"));
}

Test(walk, reads_classes_escapes_and_groups_as_hyperscan_does)
{
	static const char *const table[][2] = {
		{"abc", "abcabcab"},
		{"(?:ab)c", "abcabcab"},
		{"(?i)ab", "abababab"},
		{"(?P<name>a)b", "abababab"},
		{"(?<n>a)b", "abababab"},
		{"(?i:a)b", "abababab"},
		{"(?#none)ab", "abababab"},
		{"\\x41\\x{42}", "ABABABAB"},
		{"\\101\\t", "A\tA\tA\tA\t"},
		{"[]a]", "]]]]]]]]"},
		{"[x-z]", "xxxxxxxx"},
		{"[[:digit:]a]", "00000000"},
		{"\\Qa|b\\Ec", "a|bca|bc"},
		{"^ab$", "abababab"},
		{"a{x}", "a{x}a{x}"},
		{"a{2}b", "aabaabaa"},
		{"a{2,}b", "aabaabaa"},
		{"ab??", "abababab"},
		{"[\\d]", "00000000"},
		{"[\\x61-c]", "aaaaaaaa"},
		{"\\.\\/", "./././."},
	};

	for (size_t i = 0; i < RH_ARRAY_LEN(table); i++)
		cr_assert_eq(strncmp(whole(table[i][0]), table[i][1], strlen(table[i][1])), 0,
			"%s: %s", table[i][0], (char *)out);
}

Test(walk, fills_the_sample_in_every_style)
{
	parse("abc(de|fg){2,9}[0-9]x");
	for (int style = 0; style < HSC_WALK_STYLES; style++) {
		const struct hsc_part all = {tree.root, tree.nodes[tree.root].count};
		size_t ordered = 0, len = sizeof(out) - 1;

		memset(out, 0, sizeof(out));
		cr_assert(hsc_walk(&tree, &all, style, out, len), "style %d", style);
		cr_expect_null(memchr(out, 0, len), "style %d", style);
		for (size_t i = 0; i + 3 <= len; i++)
			ordered += !memcmp(out + i, "abc", 3);
		/* Shuffled it is seldom in order. */
		cr_expect_eq(ordered < 50, style == HSC_WALK_SHUFFLE, "style %d: %zu", style, ordered);
	}
	hsc_tree_fini(&tree);
}

Test(walk, without_a_choice_is_one_round_over_and_over)
{
	parse("abcd{2}e");
	for (int style = HSC_WALK_SHORT; style < HSC_WALK_STYLES; style++) {
		const struct hsc_part all = {tree.root, tree.nodes[tree.root].count};

		cr_assert(hsc_walk(&tree, &all, style, out, sizeof(out) - 1));
		for (size_t i = 0; i < sizeof(out) - 1; i++)
			cr_assert_eq(out[i], "abcdde"[i % 6], "style %d at %zu", style, i);
	}
	hsc_tree_fini(&tree);
}

Test(walk, ends_on_whatever_it_is_given)
{
	static const char *const odd[] = {"", "((a{0}){30000}){30000}", "(", ")", "[", "[^", "\\",
		"a{", "(?", "(?<", "[[:", "[a-", "|", "\\x", "\\x{", "\\Q", "\\c", "(?#",
		"a{99999999999}", "((a?){1000}){1000}", "[^\\x00-\\xff]", "*"};

	for (size_t i = 0; i < RH_ARRAY_LEN(odd); i++)
		(void)walks(odd[i], "never");
}

Test(walk, ends_on_random_patterns)
{
	static const char bytes[] = "ab(([[^])|{}0129,.*+?\\\\xdwQE:-";
	char pattern[200];

	srand(1);
	for (unsigned round = 0; round < 300; round++) {
		size_t len = (size_t)rand() % (sizeof(pattern) - 1);

		for (size_t i = 0; i < len; i++)
			pattern[i] = bytes[(size_t)rand() % (sizeof(bytes) - 1)];
		pattern[len] = 0;
		(void)walks(pattern, "never");
	}
}

Test(walk, takes_the_longest_and_the_deepest_pattern)
{
	static char pattern[4097];

	memset(pattern, '(', 2048);
	memset(pattern + 2048, 'a', 1);
	memset(pattern + 2049, ')', 2047);
	(void)walks(pattern, "never");
	for (unsigned i = 0; i < 4096; i++)
		pattern[i] = "a|"[i % 2];
	(void)walks(pattern, "never");
}

#include "tests/unit/tools/hsc/helper.h"
#include "tools/hsc/hsc_priv.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static char text[1 << 20];
static struct helper h;

static void start(void)
{
	static const char *const roomy[] = {
		"--cycles-per-byte", "100000", "--set-cycles-per-byte", "100000", NULL};

	helper_start(&h, roomy);
}

static void stop(void)
{
	cr_assert_eq(helper_stop(&h), 0);
}

TestSuite(helper, .init = start, .fini = stop, .timeout = 30);
TestSuite(limits, .timeout = 30);

static int check(const char *pattern)
{
	return helper_check(&h, pattern, text, sizeof(text));
}

#define assert_refused(pattern, status, words)                                                     \
	do {                                                                                       \
		cr_assert_eq(check(pattern), status, "%s: %s", pattern, text);                     \
		cr_assert_not_null(strstr(text, words), "%s: %s", pattern, text);                  \
	} while (0)

Test(helper, accepts_ordinary_patterns_with_their_cost)
{
	static const char *const good[] = {"abc", "CVE-[0-9]{4}-[0-9]{4,}", "(?i)urgent|emergency",
		"\\xff\\x00", "^GET ", "timeout$", "[^a]", "\\bfoo\\b"};
	struct hsc_cost cost;

	for (size_t i = 0; i < RH_ARRAY_LEN(good); i++) {
		cr_assert_eq(check(good[i]), HSC_OK, "%s: %s", good[i], text);
		cr_assert_eq(hsc_cost_parse((uint8_t *)text, HSC_COST, &cost), 0);
		cr_assert_gt(cost.database_bytes, 0);
	}
}

Test(helper, refuses_what_matches_the_empty_payload)
{
	static const char *const empty[] = {"a*", "foo|", "^", "$", "\\z", "\\B", "(a?b?)", "^$"};

	for (size_t i = 0; i < RH_ARRAY_LEN(empty); i++)
		assert_refused(empty[i], HSC_INVALID, "matches the empty payload");
}

Test(helper, refuses_constructs_that_hyperscan_lacks_in_its_own_words)
{
	assert_refused("(a)\\1", HSC_INVALID, "Back-references");
	assert_refused("(?=a)b", HSC_INVALID, "Zero-width assertions");
	assert_refused("(?>a)b", HSC_INVALID, "Atomic groups");
	assert_refused("a++", HSC_INVALID, "Possessive");
	assert_refused("ab(cd", HSC_INVALID, "index 2");
	assert_refused("[a", HSC_INVALID, "Unterminated character class");
	assert_refused("(*UTF8)a", HSC_INVALID, "control verb");
}

Test(helper, refuses_a_zero_byte_and_a_missing_pattern)
{
	helper_send_check(&h, "a\0b", 3);
	cr_assert_eq(helper_reply(&h, text, sizeof(text)), HSC_INVALID);
	cr_assert_str_eq(text, "holds a zero byte at 1: write it as \\x00");
	helper_send_check(&h,
		"a\xe9"
		"b",
		3);
	cr_assert_eq(helper_reply(&h, text, sizeof(text)), HSC_INVALID);
	cr_assert_str_eq(text, "is not UTF-8 at 1: write that byte as \\xHH");
	helper_send_check(&h, "", 0);
	cr_assert_eq(helper_reply(&h, text, sizeof(text)), HSC_INVALID);
}

Test(helper, refuses_a_pattern_longer_than_the_protocol_allows)
{
	char *longer = malloc(HSC_PATTERN_MAX + 1);

	memset(longer, 'a', HSC_PATTERN_MAX + 1);
	helper_send_check(&h, longer, HSC_PATTERN_MAX + 1);
	cr_assert_eq(helper_reply(&h, text, sizeof(text)), HSC_INVALID);
	free(longer);
}

static unsigned hits;

static int on_hit(
	unsigned id, unsigned long long from, unsigned long long to, unsigned flags, void *arg)
{
	(void)from, (void)to, (void)flags, (void)arg;
	hits |= 1u << id;
	return 0;
}

Test(helper, returns_a_database_whose_ids_are_those_of_the_set)
{
	static const struct hsc_pattern patterns[] = {{2, 3, "foo"}, {5, 6, "ba[rz]"}};
	hs_scratch_t *scratch = NULL;
	hs_database_t *db = NULL;
	struct hsc_cost cost;
	uint8_t body[64];

	hsc_set_encode(body, patterns, 2);
	helper_send(&h, HSC_COMPILE, body, hsc_set_size(patterns, 2));
	cr_assert_eq(helper_reply(&h, text, sizeof(text)), HSC_OK, "%s", text);
	cr_assert_eq(hsc_cost_parse((uint8_t *)text, HSC_COST, &cost), 0);
	cr_assert_eq(
		hs_deserialize_database(text + HSC_COST, h.reply_len - HSC_COST, &db), HS_SUCCESS);
	cr_assert_eq(hs_alloc_scratch(db, &scratch), HS_SUCCESS);
	cr_assert_eq(hs_scan(db, "a baz", 5, 0, scratch, on_hit, NULL), HS_SUCCESS);
	cr_assert_eq(hits, 1u << 5);
	cr_assert_eq(hs_scan(db, "foo\nbar", 7, 0, scratch, on_hit, NULL), HS_SUCCESS);
	cr_assert_eq(hits, 1u << 5 | 1u << 2);
	(void)hs_free_scratch(scratch);
	(void)hs_free_database(db);
}

Test(helper, returns_the_database_of_a_checked_pattern_with_its_id)
{
	hs_scratch_t *scratch = NULL;
	hs_database_t *db = NULL;

	hits = 0;
	cr_assert_eq(check("ba[rz]"), HSC_OK, "%s", text);
	cr_assert_eq(
		hs_deserialize_database(text + HSC_COST, h.reply_len - HSC_COST, &db), HS_SUCCESS);
	cr_assert_eq(hs_alloc_scratch(db, &scratch), HS_SUCCESS);
	cr_assert_eq(hs_scan(db, "a baz", 5, 0, scratch, on_hit, NULL), HS_SUCCESS);
	cr_assert_eq(hits, 1u << HELPER_CHECK_ID);
	(void)hs_free_scratch(scratch);
	(void)hs_free_database(db);
}

Test(helper, answers_a_pattern_without_an_id_and_goes_on)
{
	helper_send(&h, HSC_CHECK, "abc", 3);
	cr_assert_eq(helper_reply(&h, text, sizeof(text)), HSC_BAD_REQUEST);
	helper_send(&h, HSC_CHECK, "\0\0\0\0abc", 7);
	cr_assert_eq(helper_reply(&h, text, sizeof(text)), HSC_BAD_REQUEST);
	helper_send(&h, HSC_CHECK, "\0\0\x27\x11" "abc", 7);
	cr_assert_eq(helper_reply(&h, text, sizeof(text)), HSC_BAD_REQUEST);
	cr_assert_eq(check("abc"), HSC_OK);
}

Test(helper, answers_malformed_payloads_and_goes_on)
{
	static const struct {
		const char *body;
		size_t len;
	} bad[] = {
		{"\0\0\0\1\0\0\0\4abc", 11}, /* cut */
		{"\0\0\0\1\0\0\0\0\0\0\0\1abc", 15}, /* an empty one */
		{"\0\0\0\1\0\0\x10\1\0\0\0\1abc", 15}, /* too long a one */
		{"\0\0\0\x11\0\0\0\1x\0\0\0\1abc", 16}, /* too many */
		{"\xff\xff\xff\xff\xff\xff\xff\xff", 8},
		{"\0\0\0", 3},
	};

	for (size_t i = 0; i < RH_ARRAY_LEN(bad); i++) {
		helper_send_raw(&h, HSC_CHECK, bad[i].body, bad[i].len);
		cr_expect_eq(helper_reply(&h, text, sizeof(text)), HSC_BAD_REQUEST, "%zu", i);
		helper_send_raw(&h, HSC_COMPILE, bad[i].body, bad[i].len);
		cr_expect_eq(helper_reply(&h, text, sizeof(text)), HSC_BAD_REQUEST, "%zu", i);
	}
	cr_assert_eq(check("abc"), HSC_OK);
}

Test(helper, answers_a_malformed_set_and_goes_on)
{
	helper_send(&h, HSC_COMPILE, "\0\0\0\2\0\0\0\1\0\0\0\1a", 13);
	cr_assert_eq(helper_reply(&h, text, sizeof(text)), HSC_BAD_REQUEST);
	cr_assert_eq(check("abc"), HSC_OK);
}

/* Each costs at least four times as much on the payload made for it, a tenth of it on most others:
 * samples that ignore what the pattern says let them pass. */
Test(limits, too_dear_to_scan_is_refused_with_the_cost)
{
	static const char *const args[] = {"--cycles-per-byte", "5", "--check-ms", "20000", NULL};

	helper_start(&h, args);
	assert_refused("(ab|cd|ef|gh){30,200}.{100,300}z1", HSC_TOO_DEAR, "cycles a payload byte");
	assert_refused(
		"(a.{0,100}b.{0,100}c.{0,100}d){2,4}e1", HSC_TOO_DEAR, "cycles a payload byte");
	assert_refused(".{200,500}abc.{200,500}d1", HSC_TOO_DEAR, "cycles a payload byte");
	stop();
}

/* What is written to hurt a pattern takes its letters as they stand, blanks and all: so this one costs next to nothing on it, and a hundred
 * cycles a byte on words that it matches. */
#define HIDDEN "(?x)( ab | cd | ef | gh ){30,200} .{100,300} z1"

#define PAYLOADS 4
static uint8_t bytes[PAYLOADS][HSC_PAYLOAD_MAX];
static struct hsc_payload payloads[PAYLOADS];

/* Words that hurt it, or one letter over and over; from now on they go with each request. */
static void payloads_make(bool hurt)
{
	static const char words[] = "abcdefgh";
	uint32_t dice = 1;

	for (unsigned i = 0; i < PAYLOADS; i++) {
		for (size_t at = 0; at < HSC_PAYLOAD_MAX; at += 2) {
			dice = dice * 1664525u + 1013904223u;
			memcpy(&bytes[i][at], hurt ? &words[dice >> 30 << 1] : "xx", 2);
		}
		payloads[i] = (struct hsc_payload){HSC_PAYLOAD_MAX - i, bytes[i]};
	}
	h.payloads = payloads;
	h.payload_count = PAYLOADS;
}

static struct hsc_cost cost_of(const char *pattern)
{
	struct hsc_cost cost = {0};

	cr_assert_eq(check(pattern), HSC_OK, "%s: %s", pattern, text);
	cr_assert_eq(hsc_cost_parse((uint8_t *)text, HSC_COST, &cost), 0);
	return cost;
}

Test(helper, measures_the_cost_on_the_payloads_that_came_with_it)
{
	cr_expect_eq(cost_of("abc").typical_centicycles, HSC_UNKNOWN);
	payloads_make(false);
	cr_expect_lt(cost_of(HIDDEN).typical_centicycles, 1000);
	payloads_make(true);
	cr_expect_gt(cost_of(HIDDEN).typical_centicycles, 2000);
	cr_expect_lt(cost_of(HIDDEN).worst_centicycles, 1000);
	h.payload_count = 0;
	cr_expect_eq(cost_of(HIDDEN).typical_centicycles, HSC_UNKNOWN);
}

/* A scan's own cycles, 60 to 80, are the event's price, not the byte's. */
Test(helper, short_payloads_do_not_make_a_pattern_dear)
{
	static const struct hsc_payload tiny[] = {{1, (const uint8_t *)"a"}, {3, (const uint8_t *)"ab1"}};

	h.payloads = tiny;
	h.payload_count = 2;
	cr_expect_lt(cost_of("\\bfoo\\b").typical_centicycles, 800);
}

Test(helper, measures_a_set_on_the_payloads_too)
{
	struct hsc_cost cost;

	payloads_make(true);
	helper_send_set(&h, 4, "(?x)( ab | cd | ef | gh ){30,200} .{100,300} z%u");
	cr_assert_eq(helper_reply(&h, text, sizeof(text)), HSC_OK, "%s", text);
	cr_assert_eq(hsc_cost_parse((uint8_t *)text, HSC_COST, &cost), 0);
	cr_expect_neq(cost.typical_centicycles, HSC_UNKNOWN);
	cr_expect_gt(cost.typical_centicycles, 2000);
}

Test(limits, a_pattern_dear_on_the_tenants_payloads_alone_is_refused_with_both_costs)
{
	static const char *const args[] = {"--cycles-per-byte", "20", "--check-ms", "20000", NULL};
	unsigned typical, worst;

	helper_start(&h, args);
	cr_assert_eq(check(HIDDEN), HSC_OK, "%s", text);
	payloads_make(false);
	cr_assert_eq(check(HIDDEN), HSC_OK, "%s", text);
	payloads_make(true);
	cr_assert_eq(check(HIDDEN), HSC_TOO_DEAR, "%s", text);
	cr_assert_eq(sscanf(text,
			     "costs %u cycles a byte to scan on this tenant's recent payloads (%u on those made to hurt it), "
			     "more than the 20 allowed: begin it with a rare literal",
			     &typical, &worst),
		2, "%s", text);
	cr_expect_gt(typical, 20);
	cr_expect_leq(worst, 20);
	stop();
}

Test(limits, a_pattern_dear_at_its_worst_is_refused_with_what_it_typically_costs)
{
	static const char *const args[] = {"--cycles-per-byte", "20", "--check-ms", "20000", NULL};
	unsigned typical, worst;

	helper_start(&h, args);
	payloads_make(false);
	cr_assert_eq(check("(ab|cd|ef|gh){30,200}.{100,300}z1"), HSC_TOO_DEAR, "%s", text);
	cr_assert_eq(sscanf(text, "costs %u cycles a payload byte to scan (%u on this tenant's recent payloads), more than the 20 allowed:",
			     &worst, &typical),
		2, "%s", text);
	cr_expect_gt(worst, 20);
	cr_expect_leq(typical, 20);
	stop();
}

Test(limits, a_set_dear_on_the_tenants_payloads_alone_is_refused)
{
	static const char *const args[] = {"--set-cycles-per-byte", "20", NULL};

	helper_start(&h, args);
	payloads_make(true);
	helper_send_set(&h, 1, "(?x)( ab | cd | ef | gh ){30,200} .{100,300} z%u");
	cr_assert_eq(helper_reply(&h, text, sizeof(text)), HSC_TOO_DEAR, "%s", text);
	cr_assert_not_null(strstr(text, "on this tenant's recent payloads"), "%s", text);
	stop();
}

/* They cost at most a tenth of it. */
Test(limits, ordinary_patterns_are_not_too_dear_to_scan)
{
	static const char *const args[] = {"--cycles-per-byte", "150", "--check-ms", "20000", NULL};
	static const char *const good[] = {"CVE-[0-9]{4}-[0-9]{4,}", "error|warn|fatal",
		"^\\{\"user\":\"[a-z]+\"", "\"user\":\"alice\"", "foo.*bar", "\\bfoo\\b"};

	helper_start(&h, args);
	for (size_t i = 0; i < RH_ARRAY_LEN(good); i++)
		cr_assert_eq(check(good[i]), HSC_OK, "%s: %s", good[i], text);
	stop();
}

Test(limits, a_set_too_dear_to_scan_is_refused_with_the_cost)
{
	static const char *const args[] = {"--set-cycles-per-byte", "5", NULL};

	helper_start(&h, args);
	helper_send_set(&h, 4, "(ab|cd|ef|gh){30,200}.{100,300}z%u");
	cr_assert_eq(helper_reply(&h, text, sizeof(text)), HSC_TOO_DEAR, "%s", text);
	cr_assert_not_null(strstr(text, "cycles a payload byte"), "%s", text);
	stop();
}

Test(limits, too_large_a_database_is_refused_with_the_size)
{
	static const char *const args[] = {
		"--pattern-kb", "1", "--cycles-per-byte", "100000", NULL};

	helper_start(&h, args);
	assert_refused("[a-f]+[0-9]+x", HSC_TOO_DEAR, "KB");
	stop();
}

Test(limits, a_compilation_beyond_its_time_is_stopped_and_the_next_served)
{
	static const char *const args[] = {"--set-ms", "20", "--cycles-per-byte", "100000", NULL};

	helper_start(&h, args);
	helper_send_set(&h, 3000, "foo%u.*[a-f]{2,30}bar");
	cr_assert_eq(helper_reply(&h, text, sizeof(text)), HSC_TOO_SLOW, "%s", text);
	cr_assert_not_null(strstr(text, "processor time"), "%s", text);
	cr_assert_eq(check("abc"), HSC_OK);
	stop();
}

Test(limits, a_long_compilation_says_that_it_goes_on)
{
	static const char *const args[] = {"--set-ms", "2500", "--cycles-per-byte", "100000", NULL};

	helper_start(&h, args);
	helper_send_set(&h, 10000, "foo%u.*[a-f]{2,30}bar");
	cr_assert_eq(helper_reply(&h, text, sizeof(text)), HSC_TOO_SLOW, "%s", text);
	cr_assert_gt(h.working, 0);
	stop();
}

Test(limits, a_compilation_beyond_its_memory_is_refused_and_the_next_served)
{
	static const char *const args[] = {"--memory-mb", "8", "--cycles-per-byte", "100000", NULL};

#if defined(__SANITIZE_ADDRESS__)
	cr_skip_test("address space cannot be bounded under the address sanitizer");
#endif
	helper_start(&h, args);
	helper_send_set(&h, 3000, "foo%u.*[a-f]{2,30}bar");
	cr_assert_eq(helper_reply(&h, text, sizeof(text)), HSC_TOO_DEAR, "%s", text);
	cr_assert_not_null(strstr(text, "8 MB"), "%s", text);
	cr_assert_eq(check("abc"), HSC_OK);
	stop();
}

Test(limits, a_malformed_header_ends_the_helper)
{
	helper_start(&h, NULL);
	cr_assert_eq(hsc_write_all(h.fd, "garbage garbage garbage", 16), 0);
	cr_assert_eq(helper_reply(&h, text, sizeof(text)), -1);
	stop();
}

Test(limits, options_are_checked_with_a_sentence)
{
	static const char *const bad[][3] = {
		{"--memory-mb", "0", "--memory-mb 0: use a number from 1"},
		{"--memory-mb", "x", "use a number"}, {"--check-ms", NULL, "wants a number"},
		{"--colour", "1", "unknown option --colour"}};
	struct hsc_limits limits;
	struct rh_error err;

	for (size_t i = 0; i < RH_ARRAY_LEN(bad); i++) {
		char *argv[] = {"rhumb-hsc", (char *)bad[i][0], (char *)bad[i][1], NULL};

		cr_assert_lt(hsc_limits_parse(bad[i][1] ? 3 : 2, argv, &limits, &err), 0);
		cr_assert_not_null(strstr(err.text, bad[i][2]), "%s", err.text);
	}
}

Test(limits, a_helper_of_another_parent_does_not_start)
{
	static const char *const args[] = {"--parent", "1", NULL};
	int status;

	helper_start(&h, args);
	cr_assert_eq(helper_reply(&h, text, sizeof(text)), -1);
	status = helper_stop(&h);
	cr_assert(WIFEXITED(status) && WEXITSTATUS(status) == 1);
}

/* The child of a killed middle process is orphaned: it must have died with it. */
Test(limits, the_helper_dies_with_its_parent)
{
	int ready[2];
	pid_t middle;
	char byte;

	cr_assert_eq(pipe(ready), 0);
	middle = fork();
	if (!middle) {
		helper_start(&h, NULL);
		(void)close(ready[0]);
		/* The helper holds the pipe's other end too: it reaches its end when both are gone.
		 */
		if (helper_check(&h, "abc", text, sizeof(text)) == HSC_OK)
			(void)!write(ready[1], "r", 1);
		pause();
	}
	(void)close(ready[1]);
	cr_assert_eq(read(ready[0], &byte, 1), 1);
	(void)kill(middle, SIGKILL);
	(void)waitpid(middle, NULL, 0);
	cr_assert_eq(read(ready[0], &byte, 1), 0);
}

/* What is remembered of a payload is what would be found again, and it is not read again. */

#include "dataplane/cesql/known.h"
#include "dataplane/cesql/program.h"

#include "tests/lib/cesql_event.h"
#include "tests/lib/random.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct rh_cesql_tree tree;
static struct rh_cesql_scratch scratch;
static struct rh_cesql_known known;

static struct rh_cesql_program *compile(const char *text)
{
	struct rh_cesql_program *program;
	struct rh_error err = {""};

	cr_assert_eq(rh_cesql_parse(text, strlen(text), &tree, NULL, &err), 0, "%s: %s", text, err.text);
	cr_assert_eq(rh_cesql_compile(&tree, &program, &err), 0, "%s: %s", text, err.text);
	return program;
}

/* Payloads hold it, or so says who asks: what is remembered is not about patterns. */
static int always(void *arg, uint32_t pattern, struct rh_cesql_text text)
{
	(void)arg, (void)pattern, (void)text;
	return 1;
}

static struct rh_cesql_event event_of(const char *payload, struct rh_cesql_known *remembers)
{
	struct rh_cesql_event event = cesql_event;

	event.payload = (struct rh_cesql_text){payload, (uint32_t)strlen(payload)};
	event.known = remembers;
	event.matches = always;
	return event;
}

static const char *const texts[] = {"JSON(payload, '/n') = 7", "JSON(payload, '/n') > 7", "JSON(payload, '/s') = 'a\"b'", "JSON(payload, '/s') LIKE 'a%'",
	"JSON(payload, '/n') + JSON(payload, '/m') = 12", "JSON(payload, '/none') = 1", "JSON(payload, '/o') = 1", "JSON(payload, '/o/x') = true",
	"JSON(payload, '/null') = 1", "JSON(payload, '/a/0') = 1", "JSON(payload, '/a/1') = 2", "JSON(payload, '/a/2') = 3", "JSON(payload, '/a/3') = 4",
	"JSON(payload, '/a/4') = 5", "HOLDS(JSON(payload, '/none') = 1) OR JSON(payload, '/n') = 7", "payload LIKE '%x%'", "payload NOT LIKE '%x%'",
	"payload LIKE '%'", "payload NOT LIKE '%'", "payload LIKE ''"};
#define TEXTS (sizeof(texts) / sizeof(texts[0]))

static const char *const payloads[] = {"{\"n\":7,\"m\":5,\"s\":\"a\\\"b\",\"o\":{\"x\":true},\"null\":null,\"a\":[1,2,3,4,5]}", "{\"n\":8,\"s\":\"a\"}", "{\"n\":7,\"n\":7}",
	"x", "", "{\"n\":7", "caf\xc3\xa9 x", "caf\xe9 x", "[1]", "{\"a\":[5,4,3,2,1],\"n\":\"7\",\"o\":{\"x\":\"true\"}}"};
#define PAYLOADS (sizeof(payloads) / sizeof(payloads[0]))

static void expect_same(const struct rh_cesql_program *program, const char *text, const char *payload)
{
	struct rh_cesql_event with = event_of(payload, &known), without = event_of(payload, NULL);
	struct rh_cesql_result a = rh_cesql_evaluate(program, &with, &scratch);
	char value[64], want[64];

	/* Its text may be the scratch's. */
	cesql_value_text(a.value, value, sizeof(value));
	struct rh_cesql_result b = rh_cesql_evaluate(program, &without, &scratch);

	cesql_value_text(b.value, want, sizeof(want));
	cr_expect(a.error == b.error && a.at == b.at && a.reason == b.reason, "%s of %s: %s, %s", text, payload, a.reason, b.reason);
	cr_expect_str_eq(value, want, "%s of %s", text, payload);
}

/* More pointers than are remembered are among them. */
Test(cesql_known, is_what_would_be_found_again)
{
	struct rh_cesql_program *programs[TEXTS];
	struct rnd rnd;

	rnd_init(&rnd, "cesql_known");
	for (size_t i = 0; i < TEXTS; i++)
		programs[i] = compile(texts[i]);
	for (uint64_t n = rnd_cases(2000, 40000); n; n--) {
		const char *payload = payloads[rnd_below(&rnd, PAYLOADS)];

		rh_cesql_known_clear(&known);
		for (unsigned k = 0; k < 30; k++) {
			uint32_t i = rnd_below(&rnd, TEXTS);

			expect_same(programs[i], texts[i], payload);
		}
		cr_assert_leq(known.values, RH_CESQL_KNOWN_VALUES);
	}
	for (size_t i = 0; i < TEXTS; i++)
		rh_cesql_destroy(programs[i]);
}

/* Its value is read where it was found; nothing else of the payload is looked at. */
Test(cesql_known, is_not_read_again)
{
	char payload[] = "{\"n\":7,\"s\":\"x\"}";
	struct rh_cesql_event event = event_of(payload, &known);
	struct rh_cesql_program *is_7 = compile("JSON(payload, '/n') = 7"), *more = compile("JSON(payload, '/n') > 8"),
				*is_text = compile("payload LIKE '%s%'"), *other = compile("JSON(payload, '/s') = 'x'");

	cr_assert(rh_cesql_matches(is_7, &event, &scratch));
	cr_assert(rh_cesql_matches(is_text, &event, &scratch));
	payload[0] = '\xff';
	payload[5] = '9';
	cr_assert(rh_cesql_matches(more, &event, &scratch));
	cr_assert(rh_cesql_matches(is_text, &event, &scratch));
	cr_assert_not(rh_cesql_matches(other, &event, &scratch));
	rh_cesql_known_clear(&known);
	cr_assert_not(rh_cesql_matches(more, &event, &scratch));
	cr_assert_not(rh_cesql_matches(is_text, &event, &scratch));
	rh_cesql_destroy(is_7);
	rh_cesql_destroy(more);
	rh_cesql_destroy(is_text);
	rh_cesql_destroy(other);
}

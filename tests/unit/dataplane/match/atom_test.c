/*
 * Interned names and strings: each once, with a number as long as there are some, which is another's only when no worker can
 * still take it for the first one's.
 */

#include "dataplane/base/rcu.h"
#include "dataplane/frame/event.h"
#include "dataplane/match/match_priv.h"
#include "tests/unit/dataplane/match/fixture.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define NAMES (DP_ATOM_NUMBERS + 100)

static struct dp_atom *names[NAMES];

static struct rh_cesql_text text_of(unsigned n, char room[16])
{
	return (struct rh_cesql_text){room, (uint32_t)snprintf(room, 16, "n%u", n)};
}

static struct dp_atom *name(unsigned n)
{
	struct dp_contents *contents = &table->contents;
	struct dp_atom *atom = NULL;
	char room[16];

	cr_assert_eq(dp_atom_name_get(&table->memory, &contents->atoms, contents->seed, text_of(n, room), &atom), 0);
	return atom;
}

static void start(void)
{
	fixture_start(256);
}

TestSuite(atom, .init = start, .fini = fixture_stop);

static void put(unsigned n)
{
	dp_atom_put(&table->memory, &table->contents.atoms, names[n]);
}

Test(atom, names_have_numbers_until_none_is_left)
{
	static bool taken[DP_ATOM_NUMBERS];

	for (unsigned n = 0; n < NAMES; n++) {
		names[n] = name(n);
		cr_assert_eq(names[n]->number != 0, n < DP_ATOM_NUMBERS - 1, "name %u", n);
		cr_assert(!names[n]->number || !taken[names[n]->number]);
		taken[names[n]->number] = true;
	}
	cr_expect_eq(name(3), names[3]);
	for (unsigned n = 0; n < NAMES; n++)
		put(n);
	put(3);
	cr_expect_eq(table->contents.atoms.names.directory->segment[0]->live, 0);
}

Test(atom, a_number_is_another_s_when_nobody_can_see_the_first)
{
	uint32_t number;

	for (unsigned n = 0; n < DP_ATOM_NUMBERS - 1; n++)
		names[n] = name(n);
	number = names[7]->number;
	put(7);
	names[NAMES - 1] = name(NAMES - 1);
	cr_expect_eq(names[NAMES - 1]->number, 0, "a worker may still see the first");
	put(NAMES - 1);
	(void)fixture_publish();
	fixture_reclaim();
	cr_assert(dp_memory_is_settled(&table->memory));
	names[NAMES - 1] = name(NAMES - 1);
	cr_expect_eq(names[NAMES - 1]->number, number);
	for (unsigned n = 0; n < DP_ATOM_NUMBERS - 1; n++)
		if (n != 7)
			put(n);
	put(NAMES - 1);
}

Test(atom, one_text_may_be_a_name_and_a_string)
{
	struct dp_contents *contents = &table->contents;
	struct dp_atom *string;
	char room[16];

	names[1] = name(1);
	cr_assert_eq(dp_atom_string_get(&table->memory, &contents->atoms, contents->seed, text_of(1, room), &string), 0);
	cr_expect_neq(string, names[1]);
	dp_atom_put(&table->memory, &contents->atoms, string);
	cr_expect_eq(contents->atoms.names.directory->segment[0]->live, 1);
	cr_expect_eq(contents->atoms.strings.directory->segment[0]->live, 0);
	put(1);
	cr_expect_eq(contents->atoms.names.directory->segment[0]->live, 0);
}

/* n0 = 0 AND n1 != 1, n1 = 1 AND n2 != 2, ... */
static void subscribe(unsigned n)
{
	char text[64];

	(void)snprintf(text, sizeof(text), "n%u = %u AND n%u != %u", n, n, n + 1, n + 1);
	fixture_content(n + 1, text);
	(void)fixture_subscribe("t", n, n + 1);
}

static uint16_t attribute(uint8_t *out, uint16_t len, unsigned n, unsigned value)
{
	char room[16], digits[16];
	struct rh_cesql_text text = text_of(n, room);
	struct rh_attribute attr = {.name = text.bytes,
		.name_len = (uint8_t)text.size,
		.type = RH_ATTR_INTEGER,
		.value = digits,
		.value_len = (uint16_t)snprintf(digits, sizeof(digits), "%u", value)};
	int ret = rh_attribute_put(out, RH_ATTRIBUTES_MAX, len, &attr);

	cr_assert_gt(ret, 0);
	return (uint16_t)ret;
}

static uint32_t receivers(unsigned n, unsigned next_value)
{
	static uint8_t attributes[RH_ATTRIBUTES_MAX];
	struct dp_match_key key = {.topic = "t", .topic_len = 1, .attributes = attributes};
	struct dp_match_result result;

	key.attributes_len = attribute(attributes, 0, n, n);
	key.attributes_len = attribute(attributes, key.attributes_len, n + 1, next_value);
	(void)dp_match_begin(match);
	dp_match_burst(match, &key, 1, &result);
	cr_assert(!result.count || result.receivers[0].session == n);
	rh_rcu_quiescent();
	return result.count;
}

Test(atom, names_beyond_the_numbers_are_asked_for_as_well)
{
	static const unsigned some[] = {10, 100, 4093, 4094, 4100, 4140};

	for (unsigned n = 0; n < NAMES - 1; n++)
		subscribe(n);
	(void)fixture_publish();
	for (size_t i = 0; i < sizeof(some) / sizeof(some[0]); i++) {
		cr_expect_eq(receivers(some[i], 77777), 1, "n%u", some[i]);
		cr_expect_eq(receivers(some[i], some[i] + 1), 0, "n%u", some[i]);
	}
}

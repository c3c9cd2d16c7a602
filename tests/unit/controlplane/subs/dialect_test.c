/* What may be asked for in which dialect, with exceptions, and what is refused in which words. */
#include "tests/unit/controlplane/subs/fixture.h"

#include <criterion/criterion.h>
#include <string.h>

TestSuite(dialect, .init = fixture_start, .fini = fixture_stop, .timeout = 60);

static struct answer a;

static struct rh_sub_entry in(enum rh_dialect dialect, const char *filter)
{
	struct rh_sub_entry e = entry(filter);

	e.dialect = (uint8_t)dialect;
	return e;
}

static unsigned adds(void)
{
	unsigned n = 0;

	for (unsigned i = 0; i < fake.count; i++)
		n += fake.ops[i].what == '+';
	return n;
}

/* With the text that shows it. */
static const struct {
	enum rh_dialect dialect;
	const char *text, *shown;
} taken[] = {
	{RH_DIALECT_MQTT, "+/a", "+/a"},
	{RH_DIALECT_MQTT, "#", "#"},
	{RH_DIALECT_SOLACE, "a/b*/>", "a/b*/>"},
	{RH_DIALECT_SOLACE, "c/>", "c/+/#"},
	{RH_DIALECT_NATS, "d.*.e.>", "d/+/e/+/#"},
	{RH_DIALECT_NATS, ">", ">"},
	{RH_DIALECT_ZENOH, "f/**/g$*h", "f/**/g$*h"},
	{RH_DIALECT_AMQP, "i.#.j", "i.#.j"},
	{RH_DIALECT_AMQP, "#.", "*.#."},
	{RH_DIALECT_AMQP, "", ""},
	{RH_DIALECT_MQTT, "!k/#", "!k/#"},
	{RH_DIALECT_SOLACE, "!l/m*", "!l/m*"},
	{RH_DIALECT_NATS, "!n.>", "!n/+/#"},
	{RH_DIALECT_ZENOH, "!o/**", "!o/**"},
	{RH_DIALECT_AMQP, "!p.#", "!p/#"},
	{RH_DIALECT_AMQP, "!", "!"},
};

/* Their texts stand behind one another, and some are longer in canonical form. */
Test(dialect, each_reaches_the_table_in_canonical_form_beside_its_neighbours)
{
	struct rh_sub_entry entries[RH_ARRAY_LEN(taken)];
	struct cp_sub_row row;

	for (size_t i = 0; i < RH_ARRAY_LEN(taken); i++)
		entries[i] = in(taken[i].dialect, taken[i].text);
	cr_assert_eq(cp_subs_add(subs, 1, 0, entries, RH_ARRAY_LEN(taken), on_done, &a), 0);
	run_until(&a);
	for (size_t i = 0; i < RH_ARRAY_LEN(taken); i++) {
		cr_expect_eq(a.outcomes[i].code, RH_SUB_OK, "%s: %s", taken[i].text,
			a.outcomes[i].text);
		cr_expect_str_eq(fake.ops[i].filter, taken[i].shown);
		cr_assert_eq(cp_subs_find(subs, fake.ops[i].sub, &row), 0);
		cr_expect_eq(row.except, taken[i].text[0] == '!', "%s", taken[i].text);
	}
	cr_expect_eq(fake.live, RH_ARRAY_LEN(taken));
	cr_assert_eq(cp_subs_del(subs, 1, 0, entries, RH_ARRAY_LEN(taken), on_done, &a), 0);
	a.calls = 0;
	run_until(&a);
	for (size_t i = 0; i < RH_ARRAY_LEN(taken); i++)
		cr_expect_eq(a.outcomes[i].code, RH_SUB_OK, "%s: %s", taken[i].text,
			a.outcomes[i].text);
	cr_expect_eq(fake.live, 0);
}

Test(dialect, one_filter_in_several_dialects_is_one_subscription)
{
	cr_assert_eq(added(1, in(RH_DIALECT_MQTT, "a/+/#"), &a), RH_SUB_OK);
	cr_assert_eq(added(1, in(RH_DIALECT_SOLACE, "a/>"), &a), RH_SUB_OK);
	cr_assert_eq(added(1, in(RH_DIALECT_NATS, "a.>"), &a), RH_SUB_OK);
	cr_expect_eq(adds(), 1);
	/* Its wildcards take no level that begins with '@'. */
	cr_assert_eq(added(1, in(RH_DIALECT_ZENOH, "a/*/**"), &a), RH_SUB_OK);
	cr_expect_eq(adds(), 2);
	cr_assert_eq(deleted(1, in(RH_DIALECT_AMQP, "a.*.#"), &a), RH_SUB_OK);
	cr_assert_eq(deleted(1, in(RH_DIALECT_NATS, "a.>"), &a), RH_SUB_NOT_SUBSCRIBED);
	cr_assert_eq(deleted(1, in(RH_DIALECT_ZENOH, "a/*/**"), &a), RH_SUB_OK);
	cr_expect_eq(fake.live, 0);
}

Test(dialect, the_same_text_in_two_dialects_may_be_two_filters)
{
	cr_assert_eq(added(1, in(RH_DIALECT_MQTT, "a/#"), &a), RH_SUB_OK);
	cr_assert_eq(added(1, in(RH_DIALECT_SOLACE, "a/#"), &a), RH_SUB_OK);
	cr_assert_eq(added(1, in(RH_DIALECT_AMQP, "a.b"), &a), RH_SUB_OK);
	cr_assert_eq(added(1, in(RH_DIALECT_MQTT, "a.b"), &a), RH_SUB_OK);
	cr_expect_eq(adds(), 4);
}

Test(dialect, an_exception_is_not_its_filter)
{
	cr_assert_eq(added(1, in(RH_DIALECT_MQTT, "!a/+/#"), &a), RH_SUB_OK);
	cr_assert_eq(deleted(1, in(RH_DIALECT_MQTT, "a/+/#"), &a), RH_SUB_NOT_SUBSCRIBED);
	cr_expect_str_eq(a.outcomes[0].text, "this session has no subscription with that filter");
	cr_assert_eq(added(1, in(RH_DIALECT_MQTT, "a/+/#"), &a), RH_SUB_OK);
	cr_assert_eq(added(1, in(RH_DIALECT_NATS, "!a.>"), &a), RH_SUB_OK);
	cr_expect_eq(adds(), 2);
	cr_assert_eq(deleted(1, in(RH_DIALECT_NATS, "!a.>"), &a), RH_SUB_OK);
	cr_expect_eq(fake.live, 1);
	cr_assert_eq(deleted(1, in(RH_DIALECT_MQTT, "!a/+/#"), &a), RH_SUB_NOT_SUBSCRIBED);
	cr_expect_str_eq(a.outcomes[0].text, "this session has no exception with that filter");
	cr_assert_eq(deleted(1, in(RH_DIALECT_SOLACE, "a/>"), &a), RH_SUB_OK);
	cr_expect_eq(fake.live, 0);
}

static const struct {
	unsigned dialect;
	const char *text;
	uint8_t code;
	const char *said;
} refused[] = {
	{5, "a", RH_SUB_UNSUPPORTED,
		"dialect 5 is unknown: 0 is mqtt, 1 solace, 2 nats, 3 zenoh, 4 amqp"},
	{255, "a", RH_SUB_UNSUPPORTED,
		"dialect 255 is unknown: 0 is mqtt, 1 solace, 2 nats, 3 zenoh, 4 amqp"},
	{RH_DIALECT_MQTT, "a/b#", RH_SUB_INVALID_FILTER,
		"filter byte 3: '#' shares its level with other characters: it must stand alone "
		"between '/', as in a/#"},
	{RH_DIALECT_MQTT, "!a/b#", RH_SUB_INVALID_FILTER,
		"filter byte 4: '#' shares its level with other characters: it must stand alone "
		"between '/', as in a/#"},
	{RH_DIALECT_NATS, "a.>.b", RH_SUB_INVALID_FILTER,
		"filter byte 2: '>' is not the last token: end the filter there, or use '*' for "
		"one token"},
	{RH_DIALECT_NATS, "a..b", RH_SUB_INVALID_FILTER, NULL},
	{RH_DIALECT_ZENOH, "a*", RH_SUB_INVALID_FILTER,
		"filter byte 1: '*' shares its chunk with other characters: within a chunk write "
		"'$*'"},
	{RH_DIALECT_AMQP, "a.b/c", RH_SUB_INVALID_FILTER, NULL},
	{RH_DIALECT_SOLACE, "!", RH_SUB_INVALID_FILTER,
		"filter byte 1: nothing follows: write a filter there, '>' for all topics"},
	{RH_DIALECT_SOLACE, "", RH_SUB_INVALID_FILTER,
		"filter is empty: give at least one character, '>' for all topics"},
	{RH_DIALECT_SOLACE, "#noexport/a", RH_SUB_UNSUPPORTED,
		"filter byte 0: #noexport/ is not supported: subscribe to the filter without that "
		"prefix"},
	{RH_DIALECT_MQTT, "$share/g/a", RH_SUB_UNSUPPORTED,
		"filter byte 0: shared subscriptions are not supported yet: subscribe to the "
		"filter without the group, or wait for a version that has them"},
	{RH_DIALECT_SOLACE, "#share/g/a", RH_SUB_UNSUPPORTED,
		"filter byte 0: shared subscriptions are not supported yet: subscribe to the "
		"filter without the group, or wait for a version that has them"},
	{RH_DIALECT_NATS, "$queue/a", RH_SUB_UNSUPPORTED,
		"filter byte 0: shared subscriptions are not supported yet: subscribe to the "
		"filter without the $queue/, or wait for a version that has them"},
	{RH_DIALECT_MQTT, "!$share/g/a", RH_SUB_INVALID_FILTER,
		"filter byte 1: a group cannot have an exception: exceptions are a session's own, "
		"subscribe to it without the group"},
};

Test(dialect, refusals_name_byte_and_reason_in_the_dialect_s_words)
{
	for (size_t i = 0; i < RH_ARRAY_LEN(refused); i++) {
		struct rh_sub_entry e = entry(refused[i].text);

		e.dialect = (uint8_t)refused[i].dialect;
		cr_expect_eq(added(1, e, &a), refused[i].code, "%s: %s", refused[i].text,
			a.outcomes[0].text);
		if (refused[i].said)
			cr_expect_str_eq(a.outcomes[0].text, refused[i].said);
		else
			cr_expect(strncmp(a.outcomes[0].text, "filter byte ", 12) == 0);
		/* As refused is who wants to be rid of it. */
		cr_expect_eq(deleted(1, e, &a), refused[i].code, "%s", refused[i].text);
	}
	cr_expect_eq(adds(), 0);
}

Test(dialect, an_exception_with_a_content_expression_is_refused)
{
	struct rh_sub_entry e = entry_with("!a/#", "needle");

	for (unsigned kind = 1; kind < 4; kind++) {
		e.content_kind = (uint8_t)kind;
		cr_expect_eq(added(1, e, &a), RH_SUB_UNSUPPORTED);
		cr_expect_str_eq(a.outcomes[0].text,
			"an exception (!) with a content expression is not supported yet: leave "
			"the expression out, and all that the filter matches is excepted");
	}
	cr_expect_eq(adds(), 0);
	cr_expect_eq(cp_subs_session_count(subs, 1), 0);
}

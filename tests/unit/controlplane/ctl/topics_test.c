#include "controlplane/ctl/topics_merge.h"
#include "tests/unit/controlplane/ctl/client.h"
#include "tests/unit/controlplane/fake/fake.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define TICKS_PER_S 1000

static struct ctl_merge merge;

static void merge_start(void)
{
	cr_assert_eq(ctl_merge_init(&merge, TICKS_PER_S), 0);
}

static void merge_stop(void)
{
	ctl_merge_fini(&merge);
}

TestSuite(merge, .init = merge_start, .fini = merge_stop);

static void row(const char *topic, uint32_t worker, uint64_t events, uint64_t at, uint64_t since)
{
	struct dp_topic_row one = {.topic_len = (uint16_t)strlen(topic),
		.worker = worker,
		.receivers = worker + 1,
		.events = events,
		.bytes = events * 10,
		.since_tsc = since,
		.last_tsc = at - worker,
		.read_tsc = at};

	memcpy(one.topic, topic, one.topic_len);
	ctl_merge_row(&merge, &one);
}

static const struct ctl_topic *found;
static uint32_t found_count;

static void find(void *arg, struct rh_hnode *node)
{
	const struct ctl_topic *topic = rh_container(node, struct ctl_topic, node);

	if (strcmp(topic->topic, arg) == 0) {
		found = topic;
		found_count++;
	}
}

static const struct ctl_topic *topic_of(char *text)
{
	found = NULL;
	found_count = 0;
	rh_htable_each(&merge.table, find, text);
	cr_assert_leq(found_count, 1u);
	return found;
}

Test(merge, adds_up_workers)
{
	ctl_merge_begin(&merge, 1000);
	row("a", 0, 5, 1000, 400);
	row("b", 0, 1, 1000, 400);
	row("a", 1, 7, 1001, 500);
	ctl_merge_end(&merge);
	cr_expect_eq(merge.table.count, 2u);
	cr_expect_eq(topic_of("a")->events, 12u);
	cr_expect_eq(topic_of("a")->bytes, 120u);
	cr_expect_eq(topic_of("a")->sources, 2u);
	cr_expect_eq(topic_of("a")->worker, 1u);
	cr_expect_eq(topic_of("a")->since_tsc, 500u);
	cr_expect_eq(topic_of("b")->sources, 1u);
}

Test(merge, takes_the_later_of_two_rows_of_one_worker)
{
	ctl_merge_begin(&merge, 1000);
	row("a", 0, 5, 1000, 400);
	row("a", 0, 6, 1002, 400);
	row("a", 1, 1, 1003, 400);
	ctl_merge_end(&merge);
	cr_expect_eq(topic_of("a")->events, 7u);
	cr_expect_eq(topic_of("a")->bytes, 70u);
	cr_expect_eq(topic_of("a")->sources, 2u);
}

Test(merge, makes_rates_of_two_passes)
{
	ctl_merge_begin(&merge, 1000);
	row("a", 0, 5, 1000, 400);
	row("gone", 0, 5, 1000, 400);
	row("fewer", 0, 500, 1000, 400);
	ctl_merge_end(&merge);
	ctl_merge_begin(&merge, 3000);
	row("a", 0, 25, 3000, 400);
	row("new", 0, 8, 3000, 2990);
	row("back", 0, 26, 3000, 400);
	row("fewer", 0, 4, 3000, 2000);
	ctl_merge_end(&merge);
	cr_expect_eq(topic_of("a")->events_per_s, 10);
	cr_expect_eq(topic_of("a")->bytes_per_s, 100);
	cr_expect_null(topic_of("gone"));
	cr_expect_eq(topic_of("new")->events_per_s, 4, "in two seconds");
	cr_expect_eq(topic_of("back")->events_per_s, 10, "since it is there");
	cr_expect_eq(topic_of("fewer")->events_per_s, 2, "counted anew");
}

Test(merge, is_bounded_and_says_so)
{
	char text[16];

	ctl_merge_begin(&merge, 1000);
	for (unsigned i = 0; i < CTL_TOPICS_MAX + 10; i++) {
		(void)snprintf(text, sizeof(text), "%u", i);
		row(text, 0, 1, 1000, 400);
	}
	ctl_merge_end(&merge);
	cr_expect_eq(merge.table.count, CTL_TOPICS_MAX);
	cr_expect_eq(merge.left_out, 10u);
}

static void show_start(void)
{
	(void)server_start();
	fake.topics = 10;
}

TestSuite(show_topics, .init = show_start, .fini = server_stop);

static json_t *answer_to(int fd, const char *request)
{
	struct client_reply reply = client_ask(fd, CTL_SHOW_TOPICS, request);

	cr_assert_eq(reply.header.status, CTL_STATUS_OK, "%s: %s", request,
		json_string_value(json_object_get(reply.body, "error")));
	cr_assert_not_null(reply.body);
	return reply.body;
}

static const char *topic_at(const json_t *answer, size_t i)
{
	return json_string_value(
		json_object_get(json_array_get(json_object_get(answer, "topics"), i), "topic"));
}

static json_int_t number_at(const json_t *answer, size_t i, const char *key)
{
	return json_integer_value(
		json_object_get(json_array_get(json_object_get(answer, "topics"), i), key));
}

Test(show_topics, sorts_and_cuts_off)
{
	static const struct {
		const char *request, *first;
	} cases[] = {
		{"{\"max\": 3, \"sort\": \"receivers\"}", "a/9"},
		{"{\"max\": 3, \"sort\": \"last\"}", "a/9"},
		{"{\"max\": 3, \"sort\": \"bytes\"}", "a/9"},
		{"{\"max\": 3, \"filter\": \"+/4\", \"tenant\": \"default\"}", "a/4"},
	};
	int fd = client_hello();

	for (unsigned i = 0; i < RH_ARRAY_LEN(cases); i++) {
		json_t *answer = answer_to(fd, cases[i].request);

		cr_expect_str_eq(topic_at(answer, 0), cases[i].first, "%s", cases[i].request);
		cr_expect_eq(
			json_integer_value(json_object_get(answer, "matched")), i == 3 ? 1 : 10);
		cr_expect_eq(json_array_size(json_object_get(answer, "topics")), i == 3 ? 1u : 3u);
		cr_expect_eq(json_integer_value(json_object_get(answer, "cached")), 10);
		json_decref(answer);
	}
	/* Not one pass more than the first answer needed: the others came at once. */
	cr_expect_eq(fake.topic_passes, 2u);
	(void)close(fd);
	server_turn();
}

Test(show_topics, measures_rates_and_says_what_the_rest_is)
{
	int fd = client_hello();
	json_t *answer = answer_to(fd, "{}"), *rest = json_object_get(answer, "rest"), *first;
	double rate, seconds = json_number_value(json_object_get(answer, "interval_s"));

	cr_expect(seconds > 0.9, "%f s", seconds);
	first = json_array_get(json_object_get(answer, "topics"), 0);
	rate = json_number_value(json_object_get(first, "events_per_s"));
	cr_expect(rate > 0 && rate * seconds < 9.1 && rate * seconds > 8.0, "%f in %f s", rate,
		seconds);
	cr_expect_eq(json_integer_value(json_object_get(rest, "events")), 12031);
	cr_expect_eq(json_integer_value(json_object_get(rest, "topics")), 9000);
	cr_expect_eq(json_integer_value(json_object_get(rest, "topics_error")), 144);
	json_decref(answer);
	(void)close(fd);
	server_turn();
}

static bool exact_of(const json_t *answer)
{
	return json_is_true(
		json_object_get(json_array_get(json_object_get(answer, "topics"), 0), "exact"));
}

Test(show_topics, calls_exact_what_is)
{
	static const char request[] = "{\"filter\": \"a/1\"}";
	int fd = client_hello();
	json_t *answer = answer_to(fd, request);

	cr_expect(exact_of(answer));
	cr_expect_eq(json_integer_value(json_object_get(answer, "topic_missed_at_most")), 0);
	json_decref(answer);
	/* Missed by the worker that has its row: complete since then. */
	fake.missed[0] = 5;
	answer = answer_to(fd, request);
	cr_expect(exact_of(answer));
	cr_expect_eq(number_at(answer, 0, "missed_at_most"), 5);
	json_decref(answer);
	/* Missed by another one. */
	fake.missed[1] = 2;
	answer = answer_to(fd, request);
	cr_expect_not(exact_of(answer));
	cr_expect_eq(number_at(answer, 0, "missed_at_most"), 7);
	cr_expect_eq(json_integer_value(json_object_get(answer, "topic_missed_at_most")), 7);
	json_decref(answer);
	memset(fake.missed, 0, sizeof(fake.missed));
	fake.sampled = true;
	answer = answer_to(fd, request);
	cr_expect_not(exact_of(answer));
	cr_expect_null(json_object_get(answer, "topic_missed_at_most"));
	json_decref(answer);
	(void)close(fd);
	server_turn();
}

Test(show_topics, calls_nothing_exact_when_a_row_could_not_be_read)
{
	int fd = client_hello();
	json_t *answer;

	fake.torn[1] = 1;
	answer = answer_to(fd, "{}");
	cr_expect_not(exact_of(answer));
	json_decref(answer);
	(void)close(fd);
	server_turn();
}

Test(show_topics, lets_a_client_go_while_it_measures)
{
	int gone = client_hello(), fd = client_hello();

	client_send(gone, CTL_SHOW_TOPICS, 5, "{}");
	server_turn();
	(void)close(gone);
	server_turn();
	json_decref(answer_to(fd, "{}"));
}

Test(show_topics, is_given_up_when_the_server_goes)
{
	int fd = client_hello();

	client_send(fd, CTL_SHOW_TOPICS, 5, "{}");
	server_turn();
}

#include "tests/unit/controlplane/ctl/client.h"
#include "tests/unit/controlplane/fake/fake.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void start(void)
{
	(void)server_start();
}

TestSuite(server, .init = start, .fini = server_stop, .timeout = 30);

static void expect_refusal(struct client_reply reply, uint16_t status, const char *says)
{
	const char *error = json_string_value(json_object_get(reply.body, "error"));

	cr_expect_eq(reply.header.status, status, "status %u: %s", reply.header.status, error);
	cr_assert_not_null(error);
	cr_expect(strstr(error, says) != NULL, "%s", error);
	json_decref(reply.body);
}

Test(server, greets_with_names_and_permission)
{
	int fd = client_open();
	struct client_reply reply = client_ask(fd, CTL_HELLO, "{\"client\": \"test\"}");

	cr_assert_not_null(reply.body);
	cr_expect_str_eq(json_string_value(json_object_get(reply.body, "node")), "r1");
	cr_expect_str_eq(json_string_value(json_object_get(reply.body, "permission")), "admin");
	cr_expect_eq(json_integer_value(json_object_get(reply.body, "protocol")), CTL_VERSION);
	json_decref(reply.body);
	(void)close(fd);
}

Test(server, wants_hello_first)
{
	int fd = client_open();

	expect_refusal(client_ask(fd, CTL_SHOW_STATUS, "{}"), CTL_STATUS_INVALID, "hello");
	cr_expect(client_is_closed(fd));
}

Test(server, another_version_is_told_and_closed)
{
	static const uint8_t head[CTL_HDR] = {0, 9, 0, 1};
	int fd = client_open(), other = client_hello();
	struct client_reply reply;

	client_send_raw(fd, head, sizeof(head));
	expect_refusal(client_receive(fd), CTL_STATUS_VERSION, "version");
	cr_expect(client_is_closed(fd));
	reply = client_ask(other, CTL_LOG_SHOW, "{}");
	cr_expect_eq(reply.header.status, CTL_STATUS_OK);
	json_decref(reply.body);
}

Test(server, a_length_beyond_the_limit_is_told_and_closed)
{
	static const uint8_t head[CTL_HDR] = {0, 1, 0, 1, 0xff, 0xff, 0xff, 0xff};
	int fd = client_hello();

	client_send_raw(fd, head, sizeof(head));
	expect_refusal(client_receive(fd), CTL_STATUS_INVALID, "1048576");
	cr_expect(client_is_closed(fd));
}

Test(server, bodies_that_are_no_object_are_told_and_closed)
{
	static const char *const bodies[] = {
		"", "[]", "{", "7", "{\"a\": 1, \"a\": 2}", "{\"\xff\": 1}", "{} {}"};

	for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
		int fd = client_hello();

		expect_refusal(client_ask(fd, CTL_SHOW_STATUS, bodies[i]), CTL_STATUS_INVALID,
			"JSON object");
		cr_expect(client_is_closed(fd), "%s", bodies[i]);
		(void)close(fd);
	}
}

Test(server, garbage_ends_that_connection_only)
{
	int good = client_hello();

	for (unsigned seed = 1; seed <= 40; seed++) {
		char bytes[300];
		int fd = client_open();

		srand(seed);
		for (size_t i = 0; i < sizeof(bytes); i++)
			bytes[i] = (char)rand();
		client_send_raw(fd, bytes, sizeof(bytes));
		server_turn();
		(void)close(fd);
	}
	for (int i = 0; i < 3; i++) {
		struct client_reply reply = client_ask(good, CTL_SHOW_DROPS, "{}");

		cr_expect_eq(reply.header.status, CTL_STATUS_OK);
		json_decref(reply.body);
	}
}

Test(server, a_request_may_come_byte_by_byte)
{
	static const char body[] = "{\"room\": \"ctl\", \"level\": \"info\"}";
	struct ctl_header h = {
		.version = 1, .type = CTL_LOG_LEVEL, .request = 77, .length = sizeof(body) - 1};
	int fd = client_hello();
	struct client_reply reply;
	uint8_t head[CTL_HDR];

	ctl_header_encode(head, &h);
	for (size_t i = 0; i < sizeof(head); i++)
		client_send_raw(fd, head + i, 1);
	for (size_t i = 0; i + 1 < sizeof(body); i++)
		client_send_raw(fd, body + i, 1);
	reply = client_receive(fd);
	cr_expect_eq(reply.header.request, 77u);
	cr_expect_eq(reply.header.status, CTL_STATUS_OK);
	json_decref(reply.body);
}

Test(server, a_client_may_leave_in_the_middle)
{
	static const uint8_t head[CTL_HDR] = {0, 1, 0, 11, 0, 0, 1, 0};
	int fd = client_hello();

	client_send_raw(fd, head, sizeof(head));
	client_send_raw(fd, "{\"half", 6);
	(void)close(fd);
	server_turn();
	fd = client_open();
	client_send_raw(fd, head, 5);
	(void)close(fd);
	server_turn();
}

Test(server, requests_of_one_connection_are_answered_in_order)
{
	int fd = client_hello();

	for (uint32_t i = 100; i < 110; i++)
		client_send(fd, i % 2 != 0 ? CTL_SHOW_STATUS : CTL_LOG_SHOW, i, "{}");
	for (uint32_t i = 100; i < 110; i++) {
		struct client_reply reply = client_receive(fd);

		cr_expect_eq(reply.header.request, i);
		cr_expect_eq(reply.header.type, i % 2 != 0 ? CTL_SHOW_STATUS : CTL_LOG_SHOW);
		json_decref(reply.body);
	}
}

Test(server, members_it_does_not_know_are_refused)
{
	int fd = client_hello();

	for (unsigned type = CTL_SHOW_STATUS; type <= CTL_SHUTDOWN; type++)
		if (ctl_type_name((uint16_t)type) != NULL)
			expect_refusal(client_ask(fd, (uint16_t)type, "{\"nonsense\": 1}"),
				CTL_STATUS_INVALID, "nonsense");
	cr_expect_eq(server_shutdowns, 0u);
}

Test(server, values_of_the_wrong_type_are_refused)
{
	int fd = client_hello();

	expect_refusal(client_ask(fd, CTL_SHOW_SUBSCRIPTIONS, "{\"session\": \"x\"}"),
		CTL_STATUS_INVALID, "whole number");
	expect_refusal(client_ask(fd, CTL_SHOW_SUBSCRIPTIONS, "{\"session\": -1}"),
		CTL_STATUS_INVALID, "whole number");
	expect_refusal(
		client_ask(fd, CTL_TRACE_SHOW, "{\"max\": 99999999}"), CTL_STATUS_INVALID, "4096");
	expect_refusal(
		client_ask(fd, CTL_TRACE_START, "{\"filter\": 1}"), CTL_STATUS_INVALID, "text");
	expect_refusal(client_ask(fd, CTL_TRACE_START, "{\"filter\": \"a\", \"dialect\": \"smtp\"}"),
		CTL_STATUS_INVALID, "mqtt, solace, nats, zenoh and amqp");
	expect_refusal(client_ask(fd, CTL_TRACE_START, "{\"filter\": \"a..b\", \"dialect\": \"nats\"}"),
		CTL_STATUS_INVALID, "byte 2");
	expect_refusal(client_ask(fd, CTL_SHOW_TOPICS, "{\"dialect\": \"nats\"}"), CTL_STATUS_INVALID,
		"none is given");
	expect_refusal(client_ask(fd, CTL_SHOW_TOPICS, "{\"filter\": \"!a\"}"), CTL_STATUS_INVALID,
		"exceptions");
	expect_refusal(client_ask(fd, CTL_TRACE_START, "{\"filter\": \"a/#/b\"}"),
		CTL_STATUS_INVALID, "#");
	expect_refusal(
		client_ask(fd, CTL_SHOW_TOPICS, "{\"filter\": \"\"}"), CTL_STATUS_INVALID, "");
	expect_refusal(client_ask(fd, CTL_SHOW_TOPICS, "{\"filter\": \"a/#/b\"}"), CTL_STATUS_INVALID, "#");
	expect_refusal(client_ask(fd, CTL_SHOW_TOPICS, "{\"tenant\": \"acme\"}"), CTL_STATUS_NOT_FOUND,
		"\"default\"");
	expect_refusal(
		client_ask(fd, CTL_SHOW_TOPICS, "{\"tenant\": \"\"}"), CTL_STATUS_NOT_FOUND, "default");
	expect_refusal(client_ask(fd, CTL_SHOW_TOPICS, "{\"sort\": \"size\"}"), CTL_STATUS_INVALID,
		"rate, bytes, last and receivers");
	expect_refusal(
		client_ask(fd, CTL_SHOW_TOPICS, "{\"max\": 5000}"), CTL_STATUS_INVALID, "4096");
	expect_refusal(client_ask(fd, CTL_EXPLAIN, "{}"), CTL_STATUS_INVALID, "topic");
	expect_refusal(client_ask(fd, CTL_EXPLAIN, "{\"topic\": \"a\", \"payload_base64\": \"*\"}"),
		CTL_STATUS_INVALID, "base64");
	expect_refusal(client_ask(fd, CTL_LOG_LEVEL, "{\"room\": \"x\", \"level\": \"info\"}"),
		CTL_STATUS_NOT_FOUND, "log show");
	expect_refusal(client_ask(fd, CTL_SHUTDOWN, "{\"drain_ms\": 1e9}"), CTL_STATUS_INVALID,
		"whole number");
	expect_refusal(client_ask(fd, 999, "{}"), CTL_STATUS_UNKNOWN, "999");
}

Test(server, a_long_list_comes_in_parts)
{
	int fd = client_hello();
	struct client_reply reply;
	size_t rows = 0, parts = 0;

	fake.sessions = 10000;
	client_send(fd, CTL_SHOW_SESSIONS, 5, "{}");
	do {
		reply = client_receive(fd);
		cr_assert_not_null(reply.body);
		cr_expect_eq(reply.header.request, 5u);
		rows += json_array_size(json_object_get(reply.body, "sessions"));
		parts++;
		json_decref(reply.body);
	} while ((reply.header.flags & CTL_MORE) != 0);
	cr_expect_eq(rows, 10000u);
	cr_expect_gt(parts, 100u);
}

/* What a client may choose as a pattern must not hide everybody's subscriptions. */
Test(server, rows_that_grow_in_json_come_in_smaller_parts)
{
	static char content[RH_CONTENT_MAX + 1];
	int fd = client_hello();
	struct client_reply reply;
	size_t rows = 0;

	memset(content, '\x01', RH_CONTENT_MAX);
	fake.content = content;
	fake.subs = 200;
	client_send(fd, CTL_SHOW_SUBSCRIPTIONS, 5, "{}");
	do {
		reply = client_receive(fd);
		cr_assert_not_null(reply.body);
		rows += json_array_size(json_object_get(reply.body, "subscriptions"));
		json_decref(reply.body);
	} while ((reply.header.flags & CTL_MORE) != 0);
	cr_expect_eq(rows, 200u);
}

Test(server, who_does_not_read_stops_nobody)
{
	int lazy = client_hello(), other = client_hello();
	struct client_reply reply;

	fake.sessions = 10000;
	client_send(lazy, CTL_SHOW_SESSIONS, 1, "{}");
	server_turn();
	reply = client_ask(other, CTL_SHOW_STATUS, "{}");
	cr_expect_eq(reply.header.status, CTL_STATUS_OK);
	json_decref(reply.body);
	/* And its list ends with it. */
	(void)close(lazy);
	server_turn();
}

Test(server, sessions_that_go_while_they_are_listed_are_left_out)
{
	int fd = client_hello();
	struct client_reply reply;
	size_t rows = 0;

	fake.sessions = 1000;
	client_send(fd, CTL_SHOW_SESSIONS, 5, "{}");
	do {
		reply = client_receive(fd);
		cr_assert_not_null(reply.body);
		rows += json_array_size(json_object_get(reply.body, "sessions"));
		json_decref(reply.body);
		fake.sessions = 200;
	} while ((reply.header.flags & CTL_MORE) != 0);
	cr_expect_geq(rows, 200u);
	cr_expect_lt(rows, 1000u);
}

Test(server, one_too_many_takes_the_place_of_the_longest_idle)
{
	int fds[CTL_CONNECTIONS_MAX], extra;

	for (int i = 0; i < CTL_CONNECTIONS_MAX; i++)
		fds[i] = client_hello();
	/* The first is at work: half a header. */
	client_send_raw(fds[0], "", 1);
	server_turn();
	extra = client_hello();
	cr_expect_not(client_is_closed(fds[0]));
	cr_expect(client_is_closed(fds[1]));
	cr_expect_not(client_is_closed(fds[2]));
	cr_expect_not(client_is_closed(extra));
}

Test(server, where_all_are_at_work_one_more_is_told_after_its_hello)
{
	int fds[CTL_CONNECTIONS_MAX], extra;

	for (int i = 0; i < CTL_CONNECTIONS_MAX; i++) {
		fds[i] = client_hello();
		client_send_raw(fds[i], "", 1);
		server_turn();
	}
	extra = client_open();
	client_send(extra, CTL_HELLO, 1, "{}");
	expect_refusal(client_receive(extra), CTL_STATUS_BUSY, "64");
	cr_expect(client_is_closed(extra));
	(void)close(fds[0]);
	server_turn();
	fds[0] = client_hello();
}

Test(server, an_answer_may_come_later)
{
	int fd = client_hello();
	struct client_reply reply;

	client_send(fd, CTL_EXPLAIN, 9, "{\"topic\": \"a/b\", \"payload_base64\": \"aGk=\"}");
	server_turn();
	cr_assert_not_null(fake.explain_cb);
	fake_explain_finish(0);
	reply = client_receive(fd);
	cr_expect_eq(reply.header.request, 9u);
	cr_expect_eq(json_integer_value(json_object_get(reply.body, "copies")), 1);
	cr_expect_eq(json_integer_value(json_object_get(reply.body, "undecided")), 1);
	json_decref(reply.body);
}

static const char *of_candidate(const struct client_reply *reply, size_t i, const char *key)
{
	return json_string_value(json_object_get(
		json_array_get(json_object_get(reply->body, "candidates"), i), key));
}

static json_int_t cost_of_candidate(const struct client_reply *reply, size_t i)
{
	return json_integer_value(json_object_get(
		json_array_get(json_object_get(reply->body, "candidates"), i), "cost_cycles"));
}

Test(server, one_client_is_told_of_every_subscription_and_why_not)
{
	struct client_reply reply;
	int fd = client_hello();

	fake.explain_now = true;
	fake.subs = 3;
	reply = client_ask(fd, CTL_EXPLAIN, "{\"topic\": \"a\", \"client_id\": \"client-0\"}");
	cr_assert_eq(json_array_size(json_object_get(reply.body, "candidates")), 4);
	cr_expect_eq(json_integer_value(json_object_get(reply.body, "copies")), 1);
	cr_expect_eq(json_integer_value(json_object_get(reply.body, "undecided")), 0, "of another client");
	cr_expect_str_eq(of_candidate(&reply, 0, "verdict"), "deliver");
	cr_expect_null(of_candidate(&reply, 0, "why"));
	cr_expect_str_eq(of_candidate(&reply, 0, "layer"), "index");
	cr_expect_eq(cost_of_candidate(&reply, 0), 120);
	cr_expect_str_eq(of_candidate(&reply, 1, "verdict"), "same_session");
	cr_expect_str_eq(of_candidate(&reply, 1, "layer"), "session");
	cr_expect_str_eq(of_candidate(&reply, 2, "verdict"), "filter_missed");
	cr_expect_str_eq(of_candidate(&reply, 2, "layer"), "index");
	cr_expect_eq(cost_of_candidate(&reply, 2), 0);
	cr_expect_eq(json_integer_value(json_object_get(json_object_get(reply.body, "cost"), "cycles")), 500);
	cr_expect_str_eq(of_candidate(&reply, 2, "why"), "levels: the topic has 1, the filter wants 2");
	json_decref(reply.body);
	expect_refusal(client_ask(fd, CTL_EXPLAIN, "{\"topic\": \"a\", \"client_id\": \"nobody\"}"),
		CTL_STATUS_INVALID, "show sessions");
	expect_refusal(client_ask(fd, CTL_EXPLAIN, "{\"topic\": \"a\", \"client_id\": 7}"),
		CTL_STATUS_INVALID, "as text");
}

/* None at all is not the same as not known. */
Test(server, attributes_of_explain_are_those_of_the_wire)
{
	struct client_reply reply;
	int fd = client_hello();

	fake.explain_now = true;
	reply = client_ask(fd, CTL_EXPLAIN, "{\"topic\": \"a\"}");
	cr_expect_eq(fake.explain_attributes, -1);
	cr_expect(json_is_false(json_object_get(reply.body, "attributes")));
	json_decref(reply.body);
	reply = client_ask(fd, CTL_EXPLAIN, "{\"topic\": \"a\", \"attributes\": {}}");
	cr_expect_eq(fake.explain_attributes, 0);
	json_decref(reply.body);
	reply = client_ask(fd, CTL_EXPLAIN,
		"{\"topic\": \"a\", \"attributes\": {\"n\": \"10\", \"type\": \"x\"}}");
	/* Key, length and value of one, type, name and the same of the other. */
	cr_expect_eq(fake.explain_attributes, 4 + 7);
	cr_expect(json_is_true(json_object_get(reply.body, "attributes")));
	json_decref(reply.body);
}

Test(server, attributes_of_explain_have_their_types)
{
	/* Type, length and name, length and value of each. */
	static const char want[] = "\x20\1b\0\4true\x20\1c\0\5false\x40\1n\0\13-2147483648\0\1s\0\1"
				   "5";

	fake.explain_now = true;
	json_decref(client_ask(client_hello(), CTL_EXPLAIN,
		"{\"topic\": \"a\", \"attributes\": {\"n\": -2147483648, \"s\": \"5\", \"b\": true, \"c\": false}}")
			    .body);
	cr_assert_eq(fake.explain_attributes, sizeof(want) - 1);
	cr_expect_arr_eq(fake.explain_bytes, want, sizeof(want) - 1);
}

Test(server, a_copy_that_would_queue_is_told)
{
	struct client_reply reply;

	fake.explain_now = fake.credit_spent = true;
	reply = client_ask(client_hello(), CTL_EXPLAIN, "{\"topic\": \"a/b\"}");
	cr_expect_str_eq(of_candidate(&reply, 0, "verdict"), "deliver");
	cr_expect_str_eq(of_candidate(&reply, 0, "why"),
		"it would queue: the client's credit is spent, 5 events wait");
	cr_expect_str_eq(of_candidate(&reply, 0, "layer"), "credit");
	cr_expect_str_eq(of_candidate(&reply, 1, "layer"), "content");
	json_decref(reply.body);
}

Test(server, a_client_may_leave_before_its_answer)
{
	int fd = client_hello();

	client_send(fd, CTL_EXPLAIN, 9, "{\"topic\": \"a/b\"}");
	server_turn();
	(void)close(fd);
	server_turn();
	cr_assert_not_null(fake.explain_cb);
	fake_explain_finish(0);
}

Test(server, what_cannot_be_explained_is_told)
{
	int fd = client_hello();

	fake.explain_now = true;
	expect_refusal(client_ask(fd, CTL_EXPLAIN, "{\"topic\": \"a/#\"}"), CTL_STATUS_INVALID,
		"wildcard");
	expect_refusal(client_ask(fd, CTL_EXPLAIN, "{\"topic\": \"a\", \"attributes\": []}"), CTL_STATUS_INVALID,
		"as an object");
	expect_refusal(client_ask(fd, CTL_EXPLAIN, "{\"topic\": \"a\", \"attributes\": {\"n\": 1.0}}"),
		CTL_STATUS_INVALID, "attribute \"n\": a name is [a-z0-9] and not data, a value is a string, an integer or a boolean");
	expect_refusal(client_ask(fd, CTL_EXPLAIN, "{\"topic\": \"a\", \"attributes\": {\"n\": null}}"), CTL_STATUS_INVALID,
		"a value is a string");
	expect_refusal(client_ask(fd, CTL_EXPLAIN, "{\"topic\": \"a\", \"attributes\": {\"n\": 2147483648}}"), CTL_STATUS_INVALID,
		"attribute \"n\": out of range: -2147483648 to 2147483647 are integers");
	expect_refusal(client_ask(fd, CTL_EXPLAIN, "{\"topic\": \"a\", \"attributes\": {\"N\": \"1\"}}"),
		CTL_STATUS_INVALID, "attribute \"N\"");
	expect_refusal(client_ask(fd, CTL_EXPLAIN, "{\"topic\": \"a\", \"payload_base64\": \"?\"}"),
		CTL_STATUS_INVALID, "in base64");
}

static json_int_t hits_of(const json_t *limits, const char *name)
{
	const json_t *row;
	size_t i;

	json_array_foreach((json_t *)limits, i, row)
		if (strcmp(json_string_value(json_object_get(row, "name")), name) == 0)
			return json_integer_value(json_object_get(row, "hits"));
	return -1;
}

Test(server, limits_of_sessions_and_subscriptions_count_their_hits)
{
	struct client_reply reply = client_ask(client_hello(), CTL_SHOW_LIMITS, "{}");
	const json_t *limits = json_object_get(reply.body, "limits");

	cr_expect_eq(hits_of(limits, "configured_sessions"), 11);
	cr_expect_eq(hits_of(limits, "SESSIONS"), 12);
	cr_expect_eq(hits_of(limits, "COMMAND_RING"), 13);
	cr_expect_eq(hits_of(limits, "configured_subs_per_session"), 14);
	cr_expect_eq(hits_of(limits, "SUBSCRIPTIONS"), 15);
	cr_expect_eq(hits_of(limits, "configured_expressions"), 18);
	cr_expect_eq(hits_of(limits, "configured_expression_bytes"), 21);
	cr_expect_eq(hits_of(limits, "CONTENTS"), 19);
	cr_expect_eq(hits_of(limits, "configured_patterns"), 16);
	cr_expect_eq(hits_of(limits, "PATTERNS"), 17);
	json_decref(reply.body);
}

Test(server, trace_starts_shows_and_stops)
{
	int fd = client_hello();
	struct client_reply reply = client_ask(fd, CTL_TRACE_START, "{\"filter\": \"a/#\"}");

	cr_expect_str_eq(json_string_value(json_object_get(reply.body, "filter")), "a/#");
	cr_expect(fake.tracing);
	json_decref(reply.body);
	reply = client_ask(fd, CTL_TRACE_SHOW, "{}");
	cr_expect_eq(json_array_size(json_object_get(reply.body, "events")), 3u);
	cr_expect(json_is_null(json_object_get(
		json_array_get(json_object_get(reply.body, "events"), 1), "payload")));
	json_decref(reply.body);
	reply = client_ask(fd, CTL_TRACE_STOP, "{}");
	cr_expect_not(fake.tracing);
	json_decref(reply.body);
}

Test(server, shutdown_is_answered_and_passed_on)
{
	int fd = client_hello();
	struct client_reply reply = client_ask(fd, CTL_SHUTDOWN, "{\"drain_ms\": 5}");

	cr_expect_eq(json_integer_value(json_object_get(reply.body, "draining_ms")), 5);
	cr_expect_eq(server_shutdowns, 1u);
	json_decref(reply.body);
}

Test(server, a_second_daemon_on_the_socket_is_refused)
{
	struct rh_error err = {""};

	cr_expect_eq(ctl_socket_probe(server_path, &err), -EADDRINUSE);
	cr_expect(
		strstr(err.text, "another rhumbd") != NULL && strstr(err.text, server_path) != NULL,
		"%s", err.text);
}

Test(server, the_socket_has_mode_0660)
{
	struct stat st;

	cr_assert_eq(stat(server_path, &st), 0);
	cr_expect_eq(st.st_mode & 0777, 0660u);
}

/*
 * cesql_cases SEED EVENTS EXPRESSIONS: random events, expressions and filters in JSON, and by the naive evaluator which of them match.
 * {"events": [{"attributes": [[name, type, value], ...], "payload": "hex"}, ...], "cases": [{"kind", "content", "matches": [numbers of
 * events]}, ...]}; type and kind are the wire's numbers.
 */
#include "dataplane/frame/wire.h"
#include "tests/lib/cesql_event.h"
#include "tests/lib/filters_reference.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ATTRIBUTES_MAX 16
#define EVENTS_MAX     256

struct event {
	struct rh_cesql_attribute attribute[ATTRIBUTES_MAX];
	struct rh_cesql_event view;
};

static struct event events[EVENTS_MAX];
static unsigned event_count;

static bool is_required(struct rh_cesql_text name)
{
	static const char *const needed[] = {"specversion", "id", "source", "type"};

	for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++)
		if (strlen(needed[i]) == name.size && !memcmp(needed[i], name.bytes, name.size))
			return true;
	return false;
}

static void value_change(struct rnd *rnd, struct rh_cesql_value *value)
{
	static const char *const texts[] = {"", "a", "10", "caf\u00e9", "C:\\dir\\", "tRue", "-7", "x'\"", "com.example.made", "\u20ac\U0001f600"};
	static const int32_t integers[] = {0, 1, -1, 5, 10, INT32_MIN, INT32_MAX};

	if (value->type == RH_CESQL_TYPE_BOOLEAN)
		value->boolean = rnd_below(rnd, 2);
	else if (value->type == RH_CESQL_TYPE_INTEGER)
		value->integer = integers[rnd_below(rnd, sizeof(integers) / sizeof(integers[0]))];
	else
		value->text.bytes = texts[rnd_below(rnd, sizeof(texts) / sizeof(texts[0]))];
	if (value->type == RH_CESQL_TYPE_STRING)
		value->text.size = (uint32_t)strlen(value->text.bytes);
}

#define PAYLOAD(text) {text, sizeof(text) - 1}

static const struct rh_cesql_text payloads[] = {PAYLOAD(""), PAYLOAD("a"), PAYLOAD("ab 1x A1"), PAYLOAD("caf\u00e9 \u20ac\U0001f600"),
	PAYLOAD("12ee \xff\xfe"), PAYLOAD("abab'\"%_"), PAYLOAD("{\"a\": [1, \"x\"], \"b\": {\"a\": true}, \"\u00e9\": -7, \"a/b\": \"tRue\"}"),
	PAYLOAD("{\"a\": 10, \"b\": \"\u20ac\"}"), PAYLOAD("[5, 6]"), PAYLOAD("\"text\""), PAYLOAD("1\0z\nb"), PAYLOAD("{\"x\": \"1\"")};

/* As cesql_event, without some attributes and with other values. */
static void event_make(struct rnd *rnd, struct event *event)
{
	event->view.attribute = event->attribute;
	event->view.payload = payloads[rnd_below(rnd, sizeof(payloads) / sizeof(payloads[0]))];
	for (size_t i = 0; i < cesql_event.count; i++) {
		const struct rh_cesql_attribute *a = &cesql_event.attribute[i];

		if (!is_required(a->name) && rnd_below(rnd, 5) == 0)
			continue;
		event->attribute[event->view.count] = *a;
		if (rnd_below(rnd, 3) == 0)
			value_change(rnd, &event->attribute[event->view.count].value);
		event->view.count++;
	}
}

static json_t *payload_json(struct rh_cesql_text payload)
{
	char hex[2 * 256 + 1] = "";

	for (uint32_t i = 0; i < payload.size; i++)
		sprintf(hex + 2 * i, "%02x", (unsigned char)payload.bytes[i]);
	return json_string(hex);
}

static json_t *event_json(const struct rh_cesql_event *event)
{
	json_t *list = json_array();

	for (size_t i = 0; i < event->count; i++) {
		struct rh_cesql_text name = event->attribute[i].name;
		struct rh_cesql_value value = event->attribute[i].value;
		int type = RH_ATTR_STRING;
		json_t *text;

		if (value.type == RH_CESQL_TYPE_BOOLEAN) {
			type = RH_ATTR_BOOLEAN;
			text = json_string(value.boolean ? "true" : "false");
		} else if (value.type == RH_CESQL_TYPE_INTEGER) {
			type = RH_ATTR_INTEGER;
			text = json_sprintf("%d", value.integer);
		} else {
			text = json_stringn(value.text.bytes, value.text.size);
		}
		json_array_append_new(list, json_pack("[s#, i, o]", name.bytes, (int)name.size, type, text));
	}
	return json_pack("{s:o, s:o}", "attributes", list, "payload", payload_json(event->payload));
}

static bool expression_matches(const struct ref_expr *expr, const struct rh_cesql_event *event)
{
	static struct ref_value value;

	ref_expr_value(expr, event, &value);
	return !value.error && value.type == RH_CESQL_TYPE_BOOLEAN && value.integer;
}

/* NULL when it cannot be sent. */
static json_t *expression_case(struct rnd *rnd)
{
	struct ref_expr *expr = ref_expr_random(rnd, 1 + rnd_below(rnd, 4));
	json_t *matches = json_array(), *made = NULL;
	static char text[RH_CONTENT_MAX + 1];

	for (unsigned i = 0; i < event_count; i++)
		if (expression_matches(expr, &events[i].view))
			json_array_append_new(matches, json_integer(i));
	if (ref_expr_text(rnd, expr, text, sizeof(text)) > 0)
		made = json_pack("{s:i, s:s, s:O}", "kind", RH_CONTENT_CESQL, "content", text, "matches", matches);
	ref_expr_free(expr);
	json_decref(matches);
	return made;
}

static json_t *filters_case(struct rnd *rnd)
{
	static struct ref_sql sql;
	json_t *filters = ref_filters_random(rnd, &sql), *matches = json_array(), *made = NULL;
	char *text = json_dumps(filters, 0);

	for (unsigned i = 0; i < event_count; i++)
		if (ref_filters_value(filters, &sql, &events[i].view))
			json_array_append_new(matches, json_integer(i));
	if (strlen(text) <= RH_CONTENT_MAX)
		made = json_pack("{s:i, s:s, s:O}", "kind", RH_CONTENT_FILTERS, "content", text, "matches", matches);
	free(text);
	ref_sql_fini(&sql);
	json_decref(filters);
	json_decref(matches);
	return made;
}

/* Those that match none or all of the events are easy, and so common that most of them are left out. */
static bool is_telling(struct rnd *rnd, const json_t *made)
{
	size_t matches = json_array_size(json_object_get(made, "matches"));

	return (matches && matches < event_count) || rnd_below(rnd, 10) == 0;
}

static json_t *cases_make(struct rnd *rnd, unsigned count)
{
	json_t *list = json_array(), *made;

	while (json_array_size(list) < count) {
		made = rnd_below(rnd, 3) ? expression_case(rnd) : filters_case(rnd);
		if (made && is_telling(rnd, made))
			json_array_append(list, made);
		json_decref(made);
	}
	return list;
}

int main(int argc, char **argv)
{
	json_t *list = json_array(), *all;
	struct rnd rnd;

	if (argc != 4 || (event_count = (unsigned)atoi(argv[2])) > EVENTS_MAX) {
		fprintf(stderr, "usage: cesql_cases SEED EVENTS EXPRESSIONS, at most %d events\n", EVENTS_MAX);
		return 2;
	}
	ref_asks_payload = true;
	rnd_seed(&rnd, strtoull(argv[1], NULL, 0));
	for (unsigned i = 0; i < event_count; i++) {
		event_make(&rnd, &events[i]);
		json_array_append_new(list, event_json(&events[i].view));
	}
	all = json_pack("{s:o, s:o}", "events", list, "cases", cases_make(&rnd, (unsigned)atoi(argv[3])));
	json_dumpf(all, stdout, 0);
	putchar('\n');
	json_decref(all);
	return 0;
}

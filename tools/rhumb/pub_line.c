/*
 * A line of rhumb pub --batch: {"topic": "a/b", "payload": "text" or "payload_base64": "...", "attributes": {"name": value},
 * "class": 0-7, "ttl_ms": N}. Attribute values are strings, or integers and booleans in CloudEvents' canonical string form.
 */
#include "tools/rhumb/base64.h"
#include "tools/rhumb/pub_priv.h"

#include "dataplane/base/error.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

struct pub_line {
	json_t *json; /* of the last line; the event points into it */
	uint8_t *decoded;
	size_t decoded_room;
	char numbers[PUB_ATTRIBUTES_MAX][24];
	struct rhumb_attribute attributes[PUB_ATTRIBUTES_MAX];
};

struct pub_line *pub_line_create(void)
{
	return calloc(1, sizeof(struct pub_line));
}

void pub_line_destroy(struct pub_line *line)
{
	if (!line)
		return;
	json_decref(line->json);
	free(line->decoded);
	free(line);
}

static int decoded_take(struct pub_line *line, json_t *value, struct rhumb_event *event, struct rh_error *err)
{
	size_t len = json_string_length(value);
	long decoded;

	if (!json_is_string(value))
		return rh_error_set(err, EINVAL, "payload_base64 is a string");
	if (len > line->decoded_room) {
		uint8_t *room = realloc(line->decoded, len);

		if (!room)
			return rh_error_set(err, ENOMEM, "out of memory");
		line->decoded = room;
		line->decoded_room = len;
	}
	decoded = cli_base64_decode(json_string_value(value), len, line->decoded);
	if (decoded < 0)
		return rh_error_set(err, EINVAL, "payload_base64 is not base64 (RFC 4648, with padding)");
	event->payload = line->decoded;
	event->payload_len = (uint32_t)decoded;
	return 0;
}

static int attribute_take(
	struct pub_line *line, const char *name, json_t *value, struct rhumb_event *event, struct rh_error *err)
{
	uint16_t i = event->attribute_count;
	const char *text;

	if (i == PUB_ATTRIBUTES_MAX)
		return rh_error_set(err, EINVAL, "more than %d attributes", PUB_ATTRIBUTES_MAX);
	text = line->numbers[i];
	if (json_is_string(value))
		text = json_string_value(value);
	else if (json_is_integer(value))
		(void)snprintf(line->numbers[i], sizeof(line->numbers[i]), "%lld",
			(long long)json_integer_value(value));
	else if (json_is_boolean(value))
		text = json_is_true(value) ? "true" : "false";
	else
		return rh_error_set(err, EINVAL, "attribute %s is neither string, integer nor boolean", name);
	if (json_is_string(value) && strlen(text) != json_string_length(value))
		return rh_error_set(err, EINVAL, "attribute %s holds U+0000, which an attribute cannot", name);
	if (strlen(text) > UINT16_MAX)
		return rh_error_set(err, EINVAL, "attribute %s is longer than an attribute can be", name);
	line->attributes[i] = (struct rhumb_attribute){.name = name, .value = text};
	event->attribute_count++;
	return 0;
}

static int attributes_take(struct pub_line *line, json_t *object, struct rhumb_event *event, struct rh_error *err)
{
	const char *name;
	json_t *value;
	int result = 0;

	if (!json_is_object(object))
		return rh_error_set(err, EINVAL, "attributes is an object: {\"name\": \"value\"}");
	json_object_foreach(object, name, value) {
		result = attribute_take(line, name, value, event, err);
		if (result < 0)
			return result;
	}
	return 0;
}

static int number_take(const char *name, json_t *value, json_int_t most, json_int_t *out, struct rh_error *err)
{
	if (!json_is_integer(value) || json_integer_value(value) < 0 || json_integer_value(value) > most)
		return rh_error_set(err, EINVAL, "%s is an integer from 0 to %lld", name, (long long)most);
	*out = json_integer_value(value);
	return 0;
}

static int text_take(const char *name, json_t *value, size_t most, struct rh_error *err)
{
	if (!json_is_string(value))
		return rh_error_set(err, EINVAL, "%s is a string", name);
	if (json_string_length(value) > most)
		return rh_error_set(err, EINVAL, "%s of %zu bytes: at most %zu are taken", name,
			json_string_length(value), most);
	return 0;
}

static int member_take(
	struct pub_line *line, const char *name, json_t *value, struct rhumb_event *event, struct rh_error *err)
{
	json_int_t number = 0;
	int result;

	if (strcmp(name, "topic") == 0) {
		result = text_take(name, value, UINT16_MAX, err);
		event->topic = json_string_value(value);
		event->topic_len = (uint16_t)json_string_length(value);
	} else if (strcmp(name, "payload") == 0) {
		result = text_take(name, value, UINT32_MAX, err);
		event->payload = json_string_value(value);
		event->payload_len = (uint32_t)json_string_length(value);
	} else if (strcmp(name, "payload_base64") == 0) {
		result = decoded_take(line, value, event, err);
	} else if (strcmp(name, "attributes") == 0) {
		result = attributes_take(line, value, event, err);
	} else if (strcmp(name, "class") == 0) {
		result = number_take(name, value, 7, &number, err);
		event->service_class = number ? (uint8_t)number : RHUMB_CLASS_LOWEST;
	} else if (strcmp(name, "ttl_ms") == 0) {
		result = number_take(name, value, UINT32_MAX - 1, &number, err);
		event->ttl_ms = (uint32_t)number;
	} else {
		result = rh_error_set(err, EINVAL,
			"member %s is unknown: topic, payload, payload_base64, attributes, class, ttl_ms are known", name);
	}
	return result;
}

static int line_take(struct pub_line *line, const char *text, size_t len, struct rhumb_event *event, struct rh_error *err)
{
	json_error_t where;
	const char *name;
	json_t *value;
	int result = 0;

	json_decref(line->json);
	line->json = json_loadb(text, len, JSON_ALLOW_NUL | JSON_REJECT_DUPLICATES, &where);
	if (!line->json)
		return rh_error_set(err, EINVAL, "not JSON: %s at column %d", where.text, where.column);
	if (!json_is_object(line->json))
		return rh_error_set(err, EINVAL, "an event is a JSON object");
	json_object_foreach(line->json, name, value) {
		result = member_take(line, name, value, event, err);
		if (result < 0)
			return result;
	}
	if (!event->topic_len)
		return rh_error_set(err, EINVAL, "topic is missing");
	if (json_object_get(line->json, "payload") && json_object_get(line->json, "payload_base64"))
		return rh_error_set(err, EINVAL, "payload and payload_base64: only one of them");
	return 0;
}

bool pub_line_parse(struct pub *p, struct pub_line *line, const char *text, size_t len, uint64_t number,
	struct rhumb_event *event)
{
	struct rh_error err;

	*event = (struct rhumb_event){.attributes = line->attributes};
	if (line_take(line, text, len, event, &err) == 0)
		return true;
	p->invalid++;
	pub_complain(p, number, err.text);
	return false;
}

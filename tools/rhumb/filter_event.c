#include "tools/rhumb/filter_event.h"

#include "tools/rhumb/base64.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static bool is_data(const char *name)
{
	return strcmp(name, "data") == 0 || strcmp(name, "data_base64") == 0;
}

static int value_take(struct rh_cesql_value *out, const char *name, const json_t *value, struct rh_error *err)
{
	json_int_t integer = json_integer_value(value);

	if (json_is_string(value))
		*out = (struct rh_cesql_value){.type = RH_CESQL_TYPE_STRING,
			.text = {json_string_value(value), (uint32_t)json_string_length(value)}};
	else if (json_is_boolean(value))
		*out = (struct rh_cesql_value){.type = RH_CESQL_TYPE_BOOLEAN, .boolean = json_is_true(value)};
	else if (!json_is_integer(value))
		return rh_error_set(err, EINVAL, "attribute %s of the event is neither string, integer nor boolean", name);
	else if (integer < INT32_MIN || integer > INT32_MAX)
		return rh_error_set(err, EINVAL,
			"attribute %s of the event is out of range: -2147483648 to 2147483647 are integers", name);
	else
		*out = (struct rh_cesql_value){.type = RH_CESQL_TYPE_INTEGER, .integer = (int32_t)integer};
	return 0;
}

static int attribute_take(struct filter_event *out, const char *name, const json_t *value, struct rh_error *err)
{
	struct rh_cesql_attribute *attribute = &out->attributes[out->event.count];
	size_t size = strlen(name);

	if (json_is_null(value) || is_data(name))
		return 0;
	if (!size || strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789") != size)
		return rh_error_set(err, EINVAL, "'%s' is no attribute's name: a to z and 0 to 9 are in one", name);
	attribute->name = (struct rh_cesql_text){name, (uint32_t)size};
	out->event.count++;
	return value_take(&attribute->value, name, value, err);
}

/* "application/json", "text/json; charset=utf-8", "application/problem+json". */
static bool is_json(const char *type)
{
	size_t size = type ? strcspn(type, "; ") : 0;

	return size >= 5 && (type[size - 5] == '/' || type[size - 5] == '+') && strncasecmp(type + size - 4, "json", 4) == 0;
}

static int data_take(struct filter_event *out, const json_t *json, const json_t *data, struct rh_error *err)
{
	size_t size = json_string_length(data);

	if (json_is_string(data) && !is_json(json_string_value(json_object_get(json, "datacontenttype")))) {
		out->payload = malloc(size + 1);
		if (out->payload)
			memcpy(out->payload, json_string_value(data), size);
	} else {
		out->payload = json_dumps(data, JSON_COMPACT | JSON_ENCODE_ANY);
		size = out->payload ? strlen(out->payload) : 0;
	}
	out->event.payload = (struct rh_cesql_text){out->payload, (uint32_t)size};
	return out->payload ? 0 : rh_error_set(err, ENOMEM, "out of memory");
}

static int base64_take(struct filter_event *out, const json_t *data, struct rh_error *err)
{
	size_t len = json_string_length(data);
	long size;

	out->payload = malloc(len + 1);
	if (!out->payload)
		return rh_error_set(err, ENOMEM, "out of memory");
	size = json_is_string(data) ? cli_base64_decode(json_string_value(data), len, (uint8_t *)out->payload) : -1;
	if (size < 0)
		return rh_error_set(err, EINVAL, "data_base64 of the event is no base64");
	out->event.payload = (struct rh_cesql_text){out->payload, (uint32_t)size};
	return 0;
}

static int payload_take(struct filter_event *out, const json_t *json, struct rh_error *err)
{
	const json_t *data = json_object_get(json, "data"), *base64 = json_object_get(json, "data_base64");

	out->event.payload = (struct rh_cesql_text){"", 0};
	if (data && base64)
		return rh_error_set(err, EINVAL, "the event has data and data_base64: it has one payload, give one of them");
	if (base64)
		return base64_take(out, base64, err);
	return data ? data_take(out, json, data, err) : 0;
}

int filter_event_init(struct filter_event *out, const json_t *json, struct rh_error *err)
{
	const char *name;
	json_t *value;
	int rc = 0;

	*out = (struct filter_event){.event.payload = {"", 0}};
	if (!json)
		return 0;
	if (!json_is_object(json))
		return rh_error_set(err, EINVAL, "the event is no JSON object: {\"type\": \"com.example.made\", ...}");
	out->attributes = calloc(json_object_size(json) + 1, sizeof(*out->attributes));
	if (!out->attributes)
		return rh_error_set(err, ENOMEM, "out of memory");
	out->event.attribute = out->attributes;
	json_object_foreach((json_t *)json, name, value) {
		rc = attribute_take(out, name, value, err);
		if (rc < 0)
			break;
	}
	if (rc == 0)
		rc = payload_take(out, json, err);
	if (rc < 0)
		filter_event_fini(out);
	return rc;
}

void filter_event_fini(struct filter_event *event)
{
	free(event->attributes);
	free(event->payload);
	*event = (struct filter_event){0};
}

/* The event that explain asks about: what a publisher would send, as far as it was given. */
#include "controlplane/ctl/explain_event.h"

#include "dataplane/frame/event.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void ctl_explain_event_free(struct dp_explain_event *event)
{
	free((void *)(uintptr_t)event->payload);
	free((void *)(uintptr_t)event->attributes);
}

static bool payload_take(struct ctl_call *call, const char *text, struct dp_explain_event *event)
{
	if (text == NULL)
		return true;
	event->payload = ctl_base64_decode(text, &event->payload_len);
	if (event->payload == NULL)
		ctl_refuse(call, CTL_STATUS_INVALID,
			"explain wants \"payload_base64\" in base64 (RFC 4648 section 4)");
	return event->payload != NULL;
}

/* Canonical: a sign, ten digits and the end. */
#define NUMBER_CHARS 12

static int text_take(struct rh_attribute *attr, enum rh_attribute_type type, const char *text, size_t len)
{
	if (len > RH_ATTRIBUTES_MAX)
		return -EMSGSIZE;
	attr->type = (uint8_t)type;
	attr->value = text;
	attr->value_len = (uint16_t)len;
	return 0;
}

/* As a publisher writes it. @number is its room; the text of others stays @value's. */
static int value_take(struct rh_attribute *attr, const json_t *value, char *number)
{
	json_int_t integer = json_integer_value(value);

	if (json_is_boolean(value))
		return text_take(attr, RH_ATTR_BOOLEAN, json_is_true(value) ? "true" : "false", json_is_true(value) ? 4 : 5);
	if (json_is_string(value))
		return text_take(attr, RH_ATTR_STRING, json_string_value(value), json_string_length(value));
	if (!json_is_integer(value))
		return -EINVAL;
	if (integer < INT32_MIN || integer > INT32_MAX)
		return -ERANGE;
	return text_take(attr, RH_ATTR_INTEGER, number, (size_t)snprintf(number, NUMBER_CHARS, "%d", (int)integer));
}

/* The new length of all, or below 0. */
static int attribute_put(uint8_t *out, size_t len, const char *name, const json_t *value)
{
	struct rh_attribute attr = {.name = name, .name_len = (uint8_t)strlen(name)};
	char number[NUMBER_CHARS];
	int ret = strlen(name) > UINT8_MAX ? -EINVAL : value_take(&attr, value, number);

	return ret < 0 ? ret : rh_attribute_put(out, RH_ATTRIBUTES_MAX, len, &attr);
}

/* @ret: of the one called @name. */
static void attribute_refuse(struct ctl_call *call, const char *name, int ret)
{
	if (ret == -EMSGSIZE)
		ctl_refuse(call, CTL_STATUS_INVALID, "explain: attributes of more than %d bytes", RH_ATTRIBUTES_MAX);
	else if (ret == -ERANGE)
		ctl_refuse(call, CTL_STATUS_INVALID,
			"explain: attribute \"%.255s\": out of range: -2147483648 to 2147483647 are integers", name);
	else
		ctl_refuse(call, CTL_STATUS_INVALID,
			"explain: attribute \"%.255s\": a name is [a-z0-9] and not data, a value is a string, an integer or a boolean",
			name);
}

static bool attributes_take(struct ctl_call *call, json_t *given, struct dp_explain_event *event)
{
	uint8_t *out = given != NULL ? malloc(RH_ATTRIBUTES_MAX) : NULL;
	const char *name;
	json_t *value;
	int len = 0;

	if (given == NULL)
		return true;
	if (!json_is_object(given) || out == NULL) {
		free(out);
		ctl_refuse(call, CTL_STATUS_INVALID,
			"explain wants \"attributes\" as an object: {\"type\": \"com.example\", \"hop\": 5, \"urgent\": true}");
		return false;
	}
	json_object_foreach(given, name, value) {
		len = attribute_put(out, (size_t)len, name, value);
		if (len < 0)
			break;
	}
	event->attributes = out;
	event->attributes_len = len < 0 ? 0 : (size_t)len;
	if (len < 0)
		attribute_refuse(call, name, len);
	return len >= 0;
}

bool ctl_explain_event_take(struct ctl_call *call, struct dp_explain_event *event)
{
	const char *topic = NULL, *payload = NULL;

	*event = (struct dp_explain_event){.tenant = 0};
	if (!ctl_arg_text(call, "topic", true, &topic) ||
		!ctl_arg_text(call, "payload_base64", false, &payload))
		return false;
	event->topic = topic;
	event->topic_len = strlen(topic);
	if (payload_take(call, payload, event) &&
		attributes_take(call, json_object_get(call->body, "attributes"), event))
		return true;
	ctl_explain_event_free(event);
	return false;
}

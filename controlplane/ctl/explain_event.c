/* The event that explain asks about: what a publisher would send, as far as it was given. */
#include "controlplane/ctl/explain_event.h"

#include "dataplane/frame/event.h"

#include <errno.h>
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

/* The new length of all, or below 0. */
static int attribute_put(uint8_t *out, size_t len, const char *name, const json_t *value)
{
	struct rh_attribute attr = {.name = name,
		.name_len = (uint8_t)strlen(name),
		.value = json_string_value(value),
		.value_len = (uint16_t)json_string_length(value),
		.type = RH_ATTR_STRING};

	if (!json_is_string(value) || strlen(name) > UINT8_MAX)
		return -EINVAL;
	if (json_string_length(value) > RH_ATTRIBUTES_MAX)
		return -EMSGSIZE;
	return rh_attribute_put(out, RH_ATTRIBUTES_MAX, len, &attr);
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
			"explain wants \"attributes\" as an object of strings: {\"type\": \"com.example\"}");
		return false;
	}
	json_object_foreach(given, name, value) {
		len = attribute_put(out, (size_t)len, name, value);
		if (len < 0)
			break;
	}
	event->attributes = out;
	event->attributes_len = len < 0 ? 0 : (size_t)len;
	if (len == -EMSGSIZE)
		ctl_refuse(call, CTL_STATUS_INVALID, "explain: attributes of more than %d bytes",
			RH_ATTRIBUTES_MAX);
	else if (len < 0)
		ctl_refuse(call, CTL_STATUS_INVALID,
			"explain: attribute \"%.255s\": a name is [a-z0-9] and not data, a value is a string", name);
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

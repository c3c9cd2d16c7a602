#include "controlplane/ctl/call.h"

#include <string.h>

static bool listed(const char *const *names, const char *name)
{
	for (; *names != NULL; names++)
		if (strcmp(*names, name) == 0)
			return true;
	return false;
}

bool ctl_args_known(struct ctl_call *call, const char *const *names)
{
	const char *name;
	json_t *value;

	json_object_foreach(call->body, name, value)
	{
		if (listed(names, name))
			continue;
		ctl_refuse(call, CTL_STATUS_INVALID, "%s does not know the member \"%.64s\"",
			ctl_type_name(call->header.type), name);
		return false;
	}
	return true;
}

bool ctl_args_none(struct ctl_call *call)
{
	return ctl_args_known(call, (const char *const[]){NULL});
}

bool ctl_arg_text(struct ctl_call *call, const char *name, bool required, const char **out)
{
	const json_t *value = json_object_get(call->body, name);

	if (value == NULL && !required)
		return true;
	if (!json_is_string(value)) {
		ctl_refuse(call, CTL_STATUS_INVALID, "%s wants \"%s\" as text",
			ctl_type_name(call->header.type), name);
		return false;
	}
	*out = json_string_value(value);
	return true;
}

bool ctl_arg_number(struct ctl_call *call, const char *name, uint64_t max, uint64_t *out)
{
	const json_t *value = json_object_get(call->body, name);

	if (value == NULL)
		return true;
	if (!json_is_integer(value) || json_integer_value(value) < 0 ||
		(uint64_t)json_integer_value(value) > max) {
		ctl_refuse(call, CTL_STATUS_INVALID, "%s wants \"%s\" as a whole number, 0..%llu",
			ctl_type_name(call->header.type), name, (unsigned long long)max);
		return false;
	}
	*out = (uint64_t)json_integer_value(value);
	return true;
}

static bool arg_dialect(struct ctl_call *call, bool filtered, enum rh_dialect *out)
{
	const char *name = NULL;

	if (!ctl_arg_text(call, "dialect", false, &name))
		return false;
	*out = RH_DIALECT_MQTT;
	if (name == NULL)
		return true;
	if (!filtered) {
		ctl_refuse(call, CTL_STATUS_INVALID,
			"%s: \"dialect\" is that of a \"filter\", and none is given",
			ctl_type_name(call->header.type));
		return false;
	}
	if (rh_dialect_from_name(name, out) == 0)
		return true;
	ctl_refuse(call, CTL_STATUS_INVALID,
		"dialect \"%.64s\" is unknown: mqtt, solace, nats, zenoh and amqp are known", name);
	return false;
}

bool ctl_arg_filter(struct ctl_call *call, struct rh_filter *out, const char **text)
{
	enum rh_dialect dialect;
	struct rh_error err;

	*text = NULL;
	if (!ctl_arg_text(call, "filter", false, text) ||
		!arg_dialect(call, *text != NULL, &dialect))
		return false;
	if (*text == NULL)
		return true;
	if (rh_filter_parse(dialect, *text, strlen(*text), out, &err) == 0 &&
		rh_filter_is_plain(out, &err) == 0)
		return true;
	ctl_refuse(call, CTL_STATUS_INVALID, "%s", err.text);
	return false;
}

#include "tools/librhumb/rhumb_priv.h"

#include <errno.h>
#include <string.h>

/* Core attributes that are not plain strings (CloudEvents 1.0, REQUIRED and OPTIONAL ATTRIBUTES). */
static uint8_t type_of(const char *name, size_t len)
{
	static const struct {
		enum rh_attribute_key key;
		enum rh_attribute_type type;
	} rows[] = {{RH_ATTR_SOURCE, RH_ATTR_URI_REFERENCE}, {RH_ATTR_DATASCHEMA, RH_ATTR_URI},
		{RH_ATTR_TIME, RH_ATTR_TIMESTAMP}};

	for (size_t i = 0; i < RH_ARRAY_LEN(rows); i++) {
		const char *core = rh_attribute_core_name(rows[i].key);

		if (strlen(core) == len && memcmp(core, name, len) == 0)
			return (uint8_t)rows[i].type;
	}
	return RH_ATTR_STRING;
}

static int attribute_put(struct rhumb *r, const struct rhumb_attribute *a, uint8_t *out, int len)
{
	size_t name_len = a->name ? (a->name_len ? a->name_len : strlen(a->name)) : 0;
	size_t value_len = a->value ? (a->value_len ? a->value_len : strlen(a->value)) : 0;
	struct rh_attribute attr = {.name = a->name, .value = a->value ? a->value : ""};
	int next;

	if (!name_len || name_len > UINT8_MAX)
		return rh_error_set(&r->error, EINVAL, "attribute name of %zu bytes: 1 to 255 of [a-z0-9] are right",
			name_len);
	if (value_len > RH_ATTRIBUTES_MAX)
		return rh_error_set(&r->error, EMSGSIZE, "attribute %.*s of %zu bytes: all together hold %d",
			(int)name_len, a->name, value_len, RH_ATTRIBUTES_MAX);
	attr.name_len = (uint8_t)name_len;
	attr.value_len = (uint16_t)value_len;
	attr.type = type_of(a->name, name_len);
	next = rh_attribute_put(out, RH_ATTRIBUTES_MAX, (size_t)len, &attr);
	if (next == -EMSGSIZE)
		return rh_error_set(&r->error, EMSGSIZE, "attributes of more than %d bytes", RH_ATTRIBUTES_MAX);
	if (next < 0)
		return rh_error_set(&r->error, EINVAL,
			"attribute %.*s: a name is [a-z0-9], not data, and there once; a value is UTF-8",
			(int)name_len, a->name);
	return next;
}

int rhc_attributes_encode(struct rhumb *r, const struct rhumb_event *event, uint8_t *out)
{
	int len = 0;

	for (uint16_t i = 0; i < event->attribute_count && len >= 0; i++)
		len = attribute_put(r, &event->attributes[i], out, len);
	return len;
}

uint16_t rhc_attributes_decode(const struct rh_event *e, struct rhumb_attribute *out)
{
	struct rh_attribute attr;
	size_t at = 0;
	uint16_t count = 0;

	while (count < RHC_ATTRIBUTES_MAX && rh_attribute_next(e->attributes, e->attributes_len, &at, &attr))
		out[count++] = (struct rhumb_attribute){
			attr.name, attr.value, attr.name_len, attr.value_len};
	return count;
}

/*
 * CloudEvents attributes. A record on the wire (wire.h):
 *
 *   core       key (1)                          value length (2)  value
 *   extension  type << 5 (1)  length (1)  name  value length (2)  value
 *
 * Order is strict: core keys ascending, then extension names ascending in byte order. So a repeated
 * attribute is found by looking at the one before, at any number of attributes.
 */
#include "dataplane/base/utf8.h"
#include "dataplane/frame/event.h"

#include <errno.h>
#include <string.h>

#define VALUE_LENGTH 2
_Static_assert(RH_ATTRIBUTE_CORE_HEAD == 1 + VALUE_LENGTH, "key and type, length of the value");

#define CORE_NAME(text)                                                                            \
	{                                                                                          \
		text, sizeof(text) - 1                                                             \
	}

/* A row for every key that RH_ATTRIBUTE_KEY_MASK can yield: no name for extensions and unknown keys. */
static const struct {
	const char *text;
	uint8_t len;
} core_names[RH_ATTRIBUTE_KEY_MASK + 1] = {
	[RH_ATTR_ID] = CORE_NAME("id"),
	[RH_ATTR_SOURCE] = CORE_NAME("source"),
	[RH_ATTR_SPECVERSION] = CORE_NAME("specversion"),
	[RH_ATTR_TYPE] = CORE_NAME("type"),
	[RH_ATTR_DATACONTENTTYPE] = CORE_NAME("datacontenttype"),
	[RH_ATTR_DATASCHEMA] = CORE_NAME("dataschema"),
	[RH_ATTR_SUBJECT] = CORE_NAME("subject"),
	[RH_ATTR_TIME] = CORE_NAME("time"),
};

const char *rh_attribute_core_name(enum rh_attribute_key key)
{
	return (unsigned)key < RH_ATTR_KEY_COUNT ? core_names[key].text : NULL;
}

/* RH_ATTR_EXTENSION when @name is no core name. */
static uint8_t core_key(const char *name, size_t len)
{
	for (uint8_t key = RH_ATTR_ID; key < RH_ATTR_KEY_COUNT; key++)
		if (core_names[key].len == len && memcmp(core_names[key].text, name, len) == 0)
			return key;
	return RH_ATTR_EXTENSION;
}

/* [a-z0-9]+, not "data" (CloudEvents 1.0, attribute naming), and no second spelling of a core
 * attribute. */
static bool extension_name_valid(const char *name, size_t len)
{
	if (!len)
		return false;
	for (size_t i = 0; i < len; i++)
		if (!((name[i] >= 'a' && name[i] <= 'z') || (name[i] >= '0' && name[i] <= '9')))
			return false;
	return !(len == 4 && memcmp(name, "data", 4) == 0) && !core_key(name, len);
}

/* Bytes taken by the attribute at @p, 0 when it does not fit into @left. Fills @out. */
static size_t attribute_load(const uint8_t *p, size_t left, struct rh_attribute *out)
{
	size_t at = 1;

	if (!left)
		return 0;
	out->key = p[0] & RH_ATTRIBUTE_KEY_MASK;
	out->type = p[0] >> RH_ATTRIBUTE_TYPE_SHIFT;
	out->name = core_names[out->key].text;
	out->name_len = core_names[out->key].len;
	if (out->key == RH_ATTR_EXTENSION) {
		if (left < 2 || left - 2 < p[1])
			return 0;
		out->name = (const char *)p + 2;
		out->name_len = p[1];
		at = 2 + (size_t)p[1];
	}
	if (left - at < VALUE_LENGTH)
		return 0;
	out->value_len = rh_load_be16(p + at);
	at += VALUE_LENGTH;
	if (left - at < out->value_len)
		return 0;
	out->value = (const char *)p + at;
	return at + out->value_len;
}

/* Negative, 0 or positive as @a stands before, at or behind @b. */
static int attribute_order(const struct rh_attribute *a, const struct rh_attribute *b)
{
	size_t common = a->name_len < b->name_len ? a->name_len : b->name_len;
	int order;

	if (a->key || b->key) {
		/* An extension (key 0) stands behind every core key: 0 - 1 wraps to 255. */
		return (int)(uint8_t)(a->key - 1) - (int)(uint8_t)(b->key - 1);
	}
	order = memcmp(a->name, b->name, common);
	return order ? order : (int)a->name_len - (int)b->name_len;
}

static bool attribute_valid(const struct rh_attribute *attr)
{
	if (attr->key >= RH_ATTR_KEY_COUNT || attr->type >= RH_ATTR_TYPE_COUNT)
		return false;
	if (attr->key == RH_ATTR_EXTENSION && !extension_name_valid(attr->name, attr->name_len))
		return false;
	return rh_utf8_valid((const uint8_t *)attr->value, attr->value_len, NULL);
}

enum rh_frame_error rh_attributes_check_slowly(
	const uint8_t *attributes, size_t len, uint8_t before_key)
{
	struct rh_attribute attr, before = {.key = before_key};
	bool first = before_key == RH_ATTR_EXTENSION;
	size_t at = 0, taken;

	while (at < len) {
		taken = attribute_load(attributes + at, len - at, &attr);
		if (!taken || !attribute_valid(&attr) ||
			(!first && attribute_order(&before, &attr) >= 0))
			return RH_FRAME_ATTRIBUTE;
		first = false;
		before = attr;
		at += taken;
	}
	return RH_FRAME_OK;
}

bool rh_attribute_next(
	const uint8_t *attributes, size_t len, size_t *offset, struct rh_attribute *out)
{
	size_t taken = *offset < len ? attribute_load(attributes + *offset, len - *offset, out) : 0;

	*offset += taken;
	return taken != 0;
}

/* @attr as it will stand on the wire; false when it cannot. */
static bool attribute_normalise(const struct rh_attribute *attr, struct rh_attribute *out)
{
	*out = *attr;
	if (!out->value_len)
		out->value = "";
	if (out->key == RH_ATTR_EXTENSION && out->name_len)
		out->key = core_key(out->name, out->name_len);
	return attribute_valid(out);
}

static size_t attribute_size(const struct rh_attribute *attr)
{
	size_t name = attr->key == RH_ATTR_EXTENSION ? 1 + (size_t)attr->name_len : 0;

	return 1 + name + VALUE_LENGTH + attr->value_len;
}

static void attribute_store(uint8_t *out, const struct rh_attribute *attr)
{
	*out++ = (uint8_t)(attr->type << RH_ATTRIBUTE_TYPE_SHIFT | attr->key);
	if (attr->key == RH_ATTR_EXTENSION) {
		*out++ = attr->name_len;
		memcpy(out, attr->name, attr->name_len);
		out += attr->name_len;
	}
	rh_store_be16(out, attr->value_len);
	memcpy(out + VALUE_LENGTH, attr->value, attr->value_len);
}

int rh_attribute_put(uint8_t *out, size_t room, size_t len, const struct rh_attribute *attr)
{
	struct rh_attribute new, there;
	size_t at = 0, next = 0, size;
	int order = -1;

	if (!attribute_normalise(attr, &new))
		return -EINVAL;
	while (rh_attribute_next(out, len, &next, &there)) {
		order = attribute_order(&there, &new);
		if (order >= 0)
			break;
		at = next;
	}
	if (order == 0)
		return -EINVAL;
	size = attribute_size(&new);
	if (room > RH_ATTRIBUTES_MAX)
		room = RH_ATTRIBUTES_MAX;
	if (len > room || size > room - len)
		return -EMSGSIZE;
	memmove(out + at + size, out + at, len - at);
	attribute_store(out + at, &new);
	return (int)(len + size);
}

#include "dataplane/frame/event.h"

#include "dataplane/base/utf8.h"
#include "tests/lib/random.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

#define ROOM (RH_ATTRIBUTES_MAX + 16)

/* In front of attributes stands the rest of their record. */
static uint8_t record[RH_PUBLISH_HDR + ROOM], *const buf = record + RH_PUBLISH_HDR;

static int put_at(size_t room, int len, const char *name, const char *value)
{
	struct rh_attribute attr = {
		.name = name,
		.name_len = (uint8_t)strlen(name),
		.value = value,
		.value_len = (uint16_t)strlen(value),
	};

	return rh_attribute_put(buf, room, (size_t)len, &attr);
}

static int put(int len, const char *name, const char *value)
{
	return put_at(ROOM, len, name, value);
}

Test(attribute, any_order_of_building_gives_the_same_bytes)
{
	uint8_t first[64];
	int len, len2;

	len = put(put(put(put(0, "zone", "z"), "type", "t"), "id", "1"), "actor", "a");
	cr_assert_gt(len, 0);
	memcpy(first, buf, (size_t)len);
	len2 = put(put(put(put(0, "id", "1"), "actor", "a"), "zone", "z"), "type", "t");
	cr_assert_eq(len, len2);
	cr_assert_eq(memcmp(first, buf, (size_t)len), 0);
	cr_assert_eq(rh_attributes_check(buf, (size_t)len), RH_FRAME_OK);
}

Test(attribute, a_walk_yields_core_names_and_extensions_in_order)
{
	static const char *const names[] = {"id", "time", "actor", "zone"};
	int len = put(put(put(put(0, "zone", "z"), "time", "t"), "id", ""), "actor", "a");
	struct rh_attribute attr;
	size_t at = 0;

	for (size_t i = 0; i < 4; i++) {
		cr_assert(rh_attribute_next(buf, (size_t)len, &at, &attr));
		cr_assert(attr.name_len == strlen(names[i]) &&
			  memcmp(attr.name, names[i], attr.name_len) == 0);
	}
	cr_assert_not(rh_attribute_next(buf, (size_t)len, &at, &attr));
	cr_assert_eq(at, (size_t)len);
}

Test(attribute, a_core_name_takes_one_byte_and_a_core_key_needs_no_name)
{
	struct rh_attribute by_key = {.key = RH_ATTR_SUBJECT, .value = "s", .value_len = 1};

	cr_assert_eq(put(0, "subject", "s"), 4);
	cr_assert_eq(buf[0], RH_ATTR_SUBJECT);
	cr_assert_eq(rh_attribute_put(buf, ROOM, 0, &by_key), 4);
	cr_assert_eq(rh_attributes_check(buf, 4), RH_FRAME_OK);
}

Test(attribute, what_cannot_stand_on_the_wire_is_not_put)
{
	struct rh_attribute bad = {.key = RH_ATTR_KEY_COUNT, .value = "", .value_len = 0};
	int len = put(0, "id", "1");

	cr_assert_eq(put(len, "id", "2"), -EINVAL, "twice");
	cr_assert_eq(put(len, "", "2"), -EINVAL);
	cr_assert_eq(put(len, "Id", "2"), -EINVAL);
	cr_assert_eq(put(len, "data", "2"), -EINVAL);
	cr_assert_eq(put(len, "x", "\xff"), -EINVAL);
	cr_assert_eq(rh_attribute_put(buf, ROOM, (size_t)len, &bad), -EINVAL);
	bad.key = RH_ATTR_TYPE;
	bad.type = RH_ATTR_TYPE_COUNT;
	cr_assert_eq(rh_attribute_put(buf, ROOM, (size_t)len, &bad), -EINVAL);
	len = put(len, "ext", "1");
	cr_assert_eq(put(len, "ext", "1"), -EINVAL, "extension twice");
}

Test(attribute, room_and_the_limit_are_kept)
{
	static char value[RH_ATTRIBUTES_MAX];

	memset(value, 'v', sizeof(value) - 1);
	cr_assert_eq(put_at(3, 0, "id", "1"), -EMSGSIZE);
	cr_assert_eq(put_at(4, 0, "id", "1"), 4);
	value[RH_ATTRIBUTES_MAX - 3] = 0;
	cr_assert_eq(put(0, "id", value), RH_ATTRIBUTES_MAX);
	cr_assert_eq(put(RH_ATTRIBUTES_MAX, "type", ""), -EMSGSIZE);
}

Test(attribute, core_names_have_keys_and_nothing_else_has)
{
	cr_assert_null(rh_attribute_core_name(RH_ATTR_EXTENSION));
	cr_assert_null(rh_attribute_core_name(RH_ATTR_KEY_COUNT));
	cr_assert_str_eq(rh_attribute_core_name(RH_ATTR_SPECVERSION), "specversion");
	for (int key = RH_ATTR_ID; key < RH_ATTR_KEY_COUNT; key++) {
		cr_assert_eq(put(0, rh_attribute_core_name((enum rh_attribute_key)key), ""), 3);
		cr_assert_eq(buf[0], key);
	}
}

/* Slowly what rh_attributes_check says: each attribute as a key that sorts, one after the other. */
static bool reference(const uint8_t *p, size_t len)
{
	char before[300] = "", key[300];

	for (size_t at = 0, value; at < len; at += value) {
		uint8_t core = p[at] & 31, type = p[at] >> 5, name_len = 0;

		if (core > RH_ATTR_TIME || type > RH_ATTR_TIMESTAMP)
			return false;
		memset(key, 0, sizeof(key));
		key[0] = core ? 1 : 2;
		key[1] = (char)core;
		at++;
		if (!core) {
			if (at == len || !(name_len = p[at]) || at + 1 + name_len > len)
				return false;
			memcpy(key + 2, p + at + 1, name_len);
			at += 1 + (size_t)name_len;
			if (strspn(key + 2, "abcdefghijklmnopqrstuvwxyz0123456789") != name_len ||
				strcmp(key + 2, "data") == 0)
				return false;
			for (int k = RH_ATTR_ID; k < RH_ATTR_KEY_COUNT; k++)
				if (strcmp(key + 2, rh_attribute_core_name((enum rh_attribute_key)k)) == 0)
					return false;
		}
		if (at + 2 > len || memcmp(before, key, sizeof(key)) >= 0)
			return false;
		memcpy(before, key, sizeof(key));
		value = (size_t)p[at] << 8 | p[at + 1];
		at += 2;
		if (value > len - at || !rh_utf8_valid(p + at, value, NULL))
			return false;
	}
	return true;
}

/* Bytes that are an attribute, nearly. */
static size_t attribute_random(struct rnd *rnd, uint8_t *out)
{
	static const char *const names[] = {"a", "b", "bb", "zone", "data", "id", "A", "subject1"};
	size_t at = 0, value = rnd_below(rnd, 4) ? rnd_below(rnd, rnd_below(rnd, 4) ? 40 : 120) : 0;
	uint8_t core = (uint8_t)rnd_below(rnd, 10);

	out[at++] = (uint8_t)(core | rnd_below(rnd, 8) << 5);
	if (!core) {
		const char *name = names[rnd_below(rnd, 8)];

		out[at++] = (uint8_t)strlen(name);
		memcpy(out + at, name, strlen(name));
		at += strlen(name);
	}
	out[at++] = 0;
	out[at++] = (uint8_t)value;
	memset(out + at, 'v', value);
	if (value && !rnd_below(rnd, 8))
		out[at + rnd_below(rnd, (uint32_t)value)] = (uint8_t)rnd_u64(rnd);
	return at + value;
}

Test(attribute, the_check_agrees_with_a_slow_reader)
{
	size_t good = 0, bad = 0;
	struct rnd rnd;

	rnd_init(&rnd, "attributes");
	for (size_t n = rnd_cases(200000, 20000000); n; n--) {
		uint8_t front[RH_PUBLISH_HDR + 512], *bytes = front + RH_PUBLISH_HDR;
		size_t len = 0;

		memset(front, rnd_below(&rnd, 2) ? 'x' : 0xff, RH_PUBLISH_HDR);
		for (uint32_t i = rnd_below(&rnd, 4); i; i--)
			len += attribute_random(&rnd, bytes + len);
		if (len && !rnd_below(&rnd, 8))
			len -= rnd_below(&rnd, (uint32_t)len);
		cr_assert_eq(rh_attributes_check(bytes, len) == RH_FRAME_OK, reference(bytes, len));
		good += reference(bytes, len);
		bad += !reference(bytes, len);
	}
	cr_assert(good > 1000 && bad > 1000);
}

#include "dataplane/filter/topic.h"

#include "dataplane/base/utf8.h"
#include "dataplane/filter/filter_priv.h"

#include <errno.h>
#include <string.h>

static int check_text(const char *text, size_t len, struct rh_error *err)
{
	size_t where = 0;

	if (len == 0)
		return rh_error_set(err, EINVAL, "topic is empty: give at least one character");
	if (len > RH_TOPIC_MAX)
		return rh_error_set(err, EINVAL, "topic has %zu bytes: at most %d are allowed", len,
			RH_TOPIC_MAX);
	if (!rh_utf8_valid((const uint8_t *)text, len, &where))
		return rh_error_set(err, EINVAL,
			"topic byte %zu: 0x%02x is not allowed there: write UTF-8 without U+0000",
			where, (unsigned char)text[where]);
	return 0;
}

int rh_topic_parse(const char *text, size_t len, struct rh_topic *out, struct rh_error *err)
{
	size_t start = 0, levels = 0;
	int ret = check_text(text, len, err);

	if (ret)
		return ret;
	for (size_t i = 0; i <= len; i++) {
		if (i < len && (text[i] == '+' || text[i] == '#'))
			return rh_error_set(err, EINVAL,
				"topic byte %zu: '%c' is for filters only: publish %s in its place",
				i, text[i], text[i] == '+' ? "%2B" : "%23");
		if (i < len && text[i] != '/')
			continue;
		if (levels == RH_LEVELS_MAX)
			return rh_error_set(err, EINVAL,
				"topic byte %zu: level %d begins here: at most %d levels are "
				"allowed",
				start, RH_LEVELS_MAX + 1, RH_LEVELS_MAX);
		out->start[levels] = (uint16_t)start;
		out->size[levels++] = (uint16_t)(i - start);
		start = i + 1;
	}
	out->text = text;
	out->len = (uint16_t)len;
	out->levels = (uint16_t)levels;
	return 0;
}

static int check_dialect(
	const struct rh_rules *rules, const char *text, size_t len, struct rh_error *err)
{
	unsigned most = rules->bytes_max < RH_TOPIC_MAX ? rules->bytes_max : RH_TOPIC_MAX;

	if (len > most)
		return rh_error_set(err, EINVAL,
			"topic has %zu bytes: at most %u are allowed in dialect %s", len, most,
			rules->name);
	return rh_text_check(rules, "topic", text, len, err);
}

static int cut_levels(const struct rh_rules *rules, const char *text, size_t len,
	struct rh_topic *out, struct rh_error *err)
{
	size_t start = 0;

	out->levels = 0;
	for (size_t i = 0; i <= len && len; i++) {
		struct rh_level level = {text + start, i - start, start, i == len};
		int ret;

		if (i < len && text[i] != rules->separator)
			continue;
		if (out->levels == RH_LEVELS_MAX)
			return rh_error_set(err, EINVAL,
				"topic byte %zu: level %d begins here: at most %d levels are "
				"allowed",
				start, RH_LEVELS_MAX + 1, RH_LEVELS_MAX);
		ret = rules->check ? rules->check(&level, err) : 0;
		if (ret)
			return ret;
		out->start[out->levels] = (uint16_t)start;
		out->size[out->levels++] = (uint16_t)level.size;
		start = i + 1;
	}
	return 0;
}

int rh_topic_parse_dialect(enum rh_dialect dialect, const char *text, size_t len, char *buffer,
	struct rh_topic *out, struct rh_error *err)
{
	const struct rh_rules *rules = rh_rules_of(dialect, err);
	int ret;

	if (!rules)
		return -EINVAL;
	if (dialect == RH_DIALECT_MQTT)
		return rh_topic_parse(text, len, out, err);
	ret = check_dialect(rules, text, len, err);
	if (ret == 0)
		ret = cut_levels(rules, text, len, out, err);
	if (ret)
		return ret;
	out->text = text;
	out->len = (uint16_t)len;
	if (rules->separator == '/')
		return 0;
	for (size_t i = 0; i < len; i++)
		buffer[i] = (char)(text[i] == rules->separator ? '/' : text[i]);
	buffer[len] = '\0';
	out->text = buffer;
	return 0;
}

static bool level_holds(uint8_t byte)
{
	return byte >= 0x20 && byte != 0x7f && !strchr("%/+#", byte);
}

/* Bytes of the well-formed multi-byte sequence at @p, or 0. */
static size_t utf8_sequence(const uint8_t *p, size_t left)
{
	size_t n = p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;

	return n <= left && rh_utf8_valid(p, n, NULL) ? n : 0;
}

int rh_topic_encode_level(const void *bytes, size_t len, char *out, size_t room)
{
	static const char digits[] = "0123456789ABCDEF";
	const uint8_t *p = bytes;
	size_t used = 0, i = 0;

	while (i < len) {
		size_t n = p[i] < 0x80 ? level_holds(p[i]) : utf8_sequence(p + i, len - i);
		size_t size = n ? n : 3;

		if (room < size + 1 || used > room - size - 1)
			return -EMSGSIZE;
		if (n) {
			memcpy(out + used, p + i, n);
		} else {
			out[used] = '%';
			out[used + 1] = digits[p[i] >> 4];
			out[used + 2] = digits[p[i] & 15];
		}
		used += size;
		i += n ? n : 1;
	}
	if (used >= room)
		return -EMSGSIZE;
	out[used] = '\0';
	return (int)used;
}

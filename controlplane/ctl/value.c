#include "controlplane/ctl/call.h"
#include "dataplane/base/clock.h"
#include "dataplane/base/utf8.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

json_t *ctl_json_time(uint64_t wall_ns)
{
	time_t seconds = (time_t)(wall_ns / RH_NS_PER_S);
	char text[64];
	struct tm tm;
	size_t n;

	(void)gmtime_r(&seconds, &tm);
	n = strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm);
	(void)snprintf(
		text + n, sizeof(text) - n, ".%03uZ", (unsigned)(wall_ns / RH_NS_PER_MS % 1000));
	return json_string(text);
}

json_t *ctl_json_text(const char *bytes, size_t len)
{
	if (!rh_utf8_valid((const uint8_t *)bytes, len, NULL))
		return json_null();
	return json_stringn(bytes, len);
}

json_t *ctl_json_filter(const struct cp_sub_row *row, enum rh_dialect *dialect)
{
	char text[RH_FILTER_TEXT_MAX];
	struct rh_filter filter;

	if (rh_filter_from_canon(row->filter, row->filter_len, &filter) < 0)
		return json_null();
	filter.except = row->except;
	return rh_filter_show(&filter, text, sizeof(text), dialect) < 0 ? json_null()
								     : json_string(text);
}

json_t *ctl_json_u64(uint64_t value)
{
	return json_integer(value > INT64_MAX ? INT64_MAX : (json_int_t)value);
}

json_t *ctl_json_ip(uint8_t family, const uint8_t *bytes)
{
	char text[INET6_ADDRSTRLEN] = "?";

	(void)inet_ntop(family == 6 ? AF_INET6 : AF_INET, bytes, text, sizeof(text));
	return json_string(text);
}

json_t *ctl_json_client(const struct ctl_call *call, dp_session_id_t slot)
{
	struct cp_session_row row;
	json_t *text;

	if (cp_sessions_find(call->ctx->sessions, slot, &row) < 0)
		return json_string("");
	text = json_string(row.client_id);
	return text != NULL ? text : json_string("?");
}

json_t *ctl_json_drops(const uint64_t *drops)
{
	json_t *out = json_object();

	for (unsigned r = 1; r < DP_DROP_COUNT; r++)
		if (drops[r] != 0)
			(void)json_object_set_new(
				out, dp_drop_name((enum dp_drop)r), ctl_json_u64(drops[r]));
	return out;
}

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* RFC 4648 section 4. */
json_t *ctl_json_base64(const uint8_t *bytes, size_t len)
{
	char *text = malloc((len + 2) / 3 * 4 + 1), *at = text;
	json_t *out;

	if (text == NULL)
		return NULL;
	for (size_t i = 0; i < len; i += 3) {
		uint32_t left = (uint32_t)(len - i);
		uint32_t word = (uint32_t)bytes[i] << 16 |
				(left > 1 ? (uint32_t)bytes[i + 1] << 8 : 0) |
				(left > 2 ? bytes[i + 2] : 0);

		*at++ = alphabet[word >> 18];
		*at++ = alphabet[word >> 12 & 63];
		*at++ = left > 1 ? alphabet[word >> 6 & 63] : '=';
		*at++ = left > 2 ? alphabet[word & 63] : '=';
	}
	out = json_stringn(text, (size_t)(at - text));
	free(text);
	return out;
}

static int digit_of(char c)
{
	const char *at = c != '\0' ? strchr(alphabet, c) : NULL;

	return at != NULL ? (int)(at - alphabet) : -1;
}

/* Four characters, of which @pad at the end are '='; false when they are not base64. */
static bool decode_group(const char *text, unsigned pad, uint8_t *out)
{
	uint32_t word = 0;

	for (unsigned i = 0; i < 4; i++) {
		int digit = i < 4 - pad ? digit_of(text[i]) : 0;

		if (digit < 0)
			return false;
		word = word << 6 | (uint32_t)digit;
	}
	out[0] = (uint8_t)(word >> 16);
	out[1] = (uint8_t)(word >> 8);
	out[2] = (uint8_t)word;
	/* Bits beyond the last byte must be zero. */
	return (pad < 2 || out[1] == 0) && (pad < 1 || out[2] == 0);
}

uint8_t *ctl_base64_decode(const char *text, size_t *len)
{
	size_t n = strlen(text), pad = 0;
	uint8_t *out;

	if (n % 4 != 0)
		return NULL;
	if (n > 0 && text[n - 1] == '=')
		pad = text[n - 2] == '=' ? 2 : 1;
	out = malloc(n / 4 * 3 + 1);
	for (size_t i = 0; out != NULL && i < n; i += 4)
		if (!decode_group(text + i, i + 4 == n ? (unsigned)pad : 0, out + i / 4 * 3)) {
			free(out);
			return NULL;
		}
	*len = n / 4 * 3 - pad;
	return out;
}

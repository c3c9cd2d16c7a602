/*
 * Filters and topics from outside. Input: a filter, a zero byte, a topic; without a zero byte the
 * whole is both. Checked: canonical bytes are read back, valid means the same to the reference, and
 * so does matching.
 */

#include "dataplane/filter/filter.h"
#include "tests/lib/reference.h"

#include <stdlib.h>
#include <string.h>

static void must(bool holds)
{
	if (!holds)
		abort();
}

static bool filter_is_fixed_point(const struct rh_filter *filter)
{
	static struct rh_filter again;

	return rh_filter_from_canon(filter->canon, filter->len, &again) == 0 &&
	       again.tokens == filter->tokens &&
	       memcmp(again.token, filter->token, sizeof(*filter->token) * filter->tokens) == 0;
}

/* A level of ours is a level of MQTT's, whatever the bytes were. */
static void check_encoding(const char *bytes, size_t len)
{
	static char out[4096];
	static struct rh_topic level;
	int n = rh_topic_encode_level(bytes, len, out, sizeof(out));

	if (n > 0 && n <= RH_TOPIC_MAX)
		must(rh_topic_parse(out, (size_t)n, &level, NULL) == 0 && level.levels == 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	static struct rh_filter filter;
	static struct rh_topic topic;
	const char *f = (const char *)bytes, *zero = len ? memchr(f, 0, len) : NULL;
	const char *t = zero ? zero + 1 : f;
	size_t flen = zero ? (size_t)(zero - f) : len, tlen = zero ? len - flen - 1 : len;
	struct rh_error err;
	bool f_ok = rh_filter_parse(RH_DIALECT_MQTT, f, flen, &filter, &err) == 0 &&
		    rh_filter_is_plain(&filter, &err) == 0;
	bool t_ok = rh_topic_parse(t, tlen, &topic, &err) == 0;

	must(f_ok == ref_filter_valid(f, flen));
	must(t_ok == ref_topic_valid(t, tlen));
	if (f_ok)
		must(filter_is_fixed_point(&filter));
	if (f_ok && t_ok)
		must(rh_filter_matches(&filter, &topic) == ref_matches(f, flen, t, tlen));
	check_encoding(t, tlen);
	return 0;
}

/*
 * Filters of every dialect from outside. Input: a byte for the first filter's and the topic's
 * dialect, one for the second filter's, then first filter, second filter and topic with zero bytes
 * between. Checked: valid and matching mean what they mean to the reference; canonical bytes and
 * printed text are read back; covers and intersects contradict neither each other nor the topic;
 * and the input taken as canonical bytes is refused or read back.
 */

#include "dataplane/filter/filter.h"
#include "tests/lib/reference_dialect.h"

#include <stdlib.h>
#include <string.h>

/* The reference takes exponential time in wildcards. */
#define WILD_MAX 8

struct text {
	const char *bytes;
	size_t len;
};

static void must(bool holds)
{
	if (!holds)
		abort();
}

static struct text take(struct text *rest)
{
	const char *zero = rest->len ? memchr(rest->bytes, 0, rest->len) : NULL;
	struct text out = {rest->bytes, zero ? (size_t)(zero - rest->bytes) : rest->len};

	rest->bytes += out.len + (zero != NULL);
	rest->len -= out.len + (zero != NULL);
	return out;
}

static bool is_tame(struct text text)
{
	size_t wild = 0;

	for (size_t i = 0; i < text.len; i++)
		wild += text.bytes[i] == '*' || text.bytes[i] == '#';
	return wild <= WILD_MAX;
}

static bool same(const struct rh_filter *a, const struct rh_filter *b)
{
	return a->len == b->len && memcmp(a->canon, b->canon, a->len) == 0 &&
	       a->tokens == b->tokens && a->hides_dollar == b->hides_dollar &&
	       a->verbatim_at == b->verbatim_at &&
	       memcmp(a->token, b->token, a->tokens * sizeof(*a->token)) == 0;
}

static void check_forms(const struct rh_filter *filter, enum rh_dialect dialect)
{
	static char text[RH_FILTER_TEXT_MAX];
	static struct rh_filter again;
	int n = rh_filter_print(filter, dialect, text, sizeof(text), NULL);

	must(n >= 0);
	must(rh_filter_parse(dialect, text, (size_t)n, &again, NULL) == 0 && same(filter, &again));
	must(again.except == filter->except && again.grouped == filter->grouped);
	must(rh_filter_from_canon(filter->canon, filter->len, &again) == 0 && same(filter, &again));
	must(rh_filter_show(filter, text, sizeof(text), NULL) >= 0);
}

static bool parse(enum rh_dialect dialect, struct text text, struct rh_filter *out)
{
	struct rh_error err;
	bool ok = rh_filter_parse(dialect, text.bytes, text.len, out, &err) == 0;
	bool plain = ok && rh_filter_is_plain(out, NULL) == 0;

	must(plain == ref_dialect_filter_valid((enum ref_dialect)dialect, text.bytes, text.len));
	/* What keeps texts keeps so many bytes for their canonical form. */
	must(!ok || out->len <= text.len + (RH_CANON_MAX - RH_FILTER_MAX));
	if (ok)
		check_forms(out, dialect);
	return plain;
}

static void check_pair(const struct rh_filter *a, const struct rh_filter *b)
{
	must(rh_filter_covers(a, a) && rh_filter_intersects(a, a));
	must(rh_filter_intersects(a, b) == rh_filter_intersects(b, a));
	if (rh_filter_covers(a, b))
		must(rh_filter_intersects(a, b));
	must((rh_filter_covers(a, b) && rh_filter_covers(b, a)) == same(a, b));
}

static void check_topic(
	const struct rh_filter *a, const struct rh_filter *b, const struct rh_topic *topic)
{
	char why[160];
	bool by_a = rh_filter_matches(a, topic), by_b = rh_filter_matches(b, topic);

	must(rh_filter_why_not(a, topic, why, sizeof(why)) == !by_a);
	if (by_a && by_b)
		must(rh_filter_intersects(a, b));
	if (by_b && rh_filter_covers(a, b))
		must(by_a);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	static struct rh_filter a, b, read;
	static char buffer[RH_TOPIC_MAX + 1];
	static struct rh_topic topic;
	enum rh_dialect one, two;
	struct text rest, f, g, t;

	if (rh_filter_from_canon(bytes, len, &read) == 0)
		must(read.len == len && rh_filter_covers(&read, &read));
	if (len < 2)
		return 0;
	one = bytes[0] % RH_DIALECT_COUNT;
	two = bytes[1] % RH_DIALECT_COUNT;
	rest = (struct text){(const char *)bytes + 2, len - 2};
	f = take(&rest);
	g = take(&rest);
	t = take(&rest);
	if (!parse(one, f, &a) || !parse(two, g, &b))
		return 0;
	check_pair(&a, &b);
	if (rh_topic_parse_dialect(one, t.bytes, t.len, buffer, &topic, NULL) < 0)
		return 0;
	check_topic(&a, &b, &topic);
	if (is_tame(f))
		must(rh_filter_matches(&a, &topic) == ref_dialect_matches((enum ref_dialect)one,
							      f.bytes, f.len, topic.text,
							      topic.len));
	return 0;
}

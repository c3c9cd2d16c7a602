/*
 * Which subscriptions are one. To the router they are when their filters have one canonical form (docs/filters.md), whatever they
 * were written in, and their expressions too; so they are here: else one would be thought active that the other has ended. What
 * cannot be parsed here a later router may know; its text has to do.
 */
#include "tools/librhumb/rhumb_priv.h"

#include "dataplane/base/hash.h"
#include "dataplane/cesql/tree.h"
#include "dataplane/filter/filter.h"

#include <assert.h>
#include <string.h>

static_assert((int)RHUMB_MQTT == RH_DIALECT_MQTT && (int)RHUMB_SOLACE == RH_DIALECT_SOLACE &&
	(int)RHUMB_NATS == RH_DIALECT_NATS && (int)RHUMB_ZENOH == RH_DIALECT_ZENOH && (int)RHUMB_AMQP == RH_DIALECT_AMQP &&
	RH_DIALECT_COUNT == 5, "rhumb.h has the numbers of the wire");

static bool filter_of(const struct rhumb_subscription *asked, struct rh_filter *out)
{
	return rh_filter_parse((enum rh_dialect)asked->dialect, asked->filter, strlen(asked->filter), out, NULL) == 0 &&
		!out->grouped;
}

const char *rhc_asked_content(const struct rhumb_subscription *asked, uint8_t *kind)
{
	*kind = RH_CONTENT_NONE;
	if (asked->cesql)
		*kind = RH_CONTENT_CESQL;
	else if (asked->filters)
		*kind = RH_CONTENT_FILTERS;
	else if (asked->regex)
		*kind = RH_CONTENT_PAYLOAD_REGEX;
	else
		return NULL;
	return asked->cesql ? asked->cesql : asked->filters ? asked->filters : asked->regex;
}

/* Content in canonical form, or as it was written. */
struct canon {
	bool understood;
	uint8_t kind;
	size_t len;
	struct rh_cesql_tree tree;
	char text[RH_CESQL_PRINT_MAX];
};

static bool content_parse(struct canon *c, const char *text)
{
	size_t len = strlen(text);

	if (c->kind == RH_CONTENT_CESQL)
		return rh_cesql_parse(text, len, &c->tree, NULL, NULL) == 0;
	if (c->kind == RH_CONTENT_FILTERS)
		return rh_cesql_from_json(text, len, &c->tree, NULL, NULL) == 0;
	return rh_cesql_from_regex(text, len, &c->tree, NULL, NULL) == 0;
}

static void content_canon(struct canon *c, const struct rhumb_subscription *asked)
{
	const char *text = rhc_asked_content(asked, &c->kind);

	c->len = 0;
	c->understood = text && content_parse(c, text);
	if (c->understood) {
		c->kind = RH_CONTENT_CESQL;
		c->len = (size_t)rh_cesql_print(&c->tree, c->text, sizeof(c->text));
	} else if (text) {
		/* What does not fit cannot be sent: where it differs is all the same. */
		c->len = strnlen(text, sizeof(c->text));
		memcpy(c->text, text, c->len);
	}
}

uint64_t rhc_asked_hash(const struct rhumb_subscription *asked)
{
	struct rh_filter filter;
	struct canon content;
	uint64_t seed;

	content_canon(&content, asked);
	seed = content.kind ? rh_hash(content.text, content.len, content.kind) : 0;
	if (!filter_of(asked, &filter))
		return rh_hash(asked->filter, strlen(asked->filter), seed);
	return rh_hash(filter.canon, filter.len, seed ^ filter.except);
}

static bool same_content(const struct rhumb_subscription *a, const struct rhumb_subscription *b)
{
	struct canon x, y;

	content_canon(&x, a);
	content_canon(&y, b);
	return x.kind == y.kind && x.understood == y.understood && x.len == y.len && memcmp(x.text, y.text, x.len) == 0;
}

bool rhc_asked_same(const struct rhumb_subscription *a, const struct rhumb_subscription *b)
{
	struct rh_filter f, g;

	if (!same_content(a, b))
		return false;
	if (a->dialect == b->dialect && strcmp(a->filter, b->filter) == 0)
		return true;
	return filter_of(a, &f) && filter_of(b, &g) && f.except == g.except && f.len == g.len &&
		memcmp(f.canon, g.canon, f.len) == 0;
}

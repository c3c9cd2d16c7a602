#include "tests/lib/reference_dialect.h"

#include "tests/lib/reference.h"

#include <string.h>

#define LEVELS_MAX 128

struct piece {
	const char *text;
	size_t size;
};

struct pieces {
	enum ref_dialect dialect;
	size_t count;
	struct piece piece[LEVELS_MAX];
};

static bool is(struct piece p, const char *text)
{
	return p.size == strlen(text) && memcmp(p.text, text, p.size) == 0;
}

static bool begins(const char *text, size_t len, const char *with)
{
	return len >= strlen(with) && memcmp(text, with, strlen(with)) == 0;
}

/* False when there are too many. The empty text has no piece. */
static bool split(
	enum ref_dialect dialect, char separator, const char *text, size_t len, struct pieces *out)
{
	const char *at = text, *end = text + len, *next;

	out->dialect = dialect;
	out->count = 0;
	while (len) {
		if (out->count == LEVELS_MAX)
			return false;
		next = at < end ? memchr(at, separator, (size_t)(end - at)) : NULL;
		out->piece[out->count++] = (struct piece){at, (size_t)((next ? next : end) - at)};
		if (!next)
			break;
		at = next + 1;
	}
	return true;
}

static char separator_of(enum ref_dialect dialect)
{
	return dialect == REF_NATS || dialect == REF_AMQP ? '.' : '/';
}

/* "$*" is any characters; everything else is itself. */
static bool glob(struct piece f, struct piece t)
{
	if (f.size == 0)
		return t.size == 0;
	if (begins(f.text, f.size, "$*")) {
		for (size_t skip = 0; skip <= t.size; skip++)
			if (glob((struct piece){f.text + 2, f.size - 2},
				    (struct piece){t.text + skip, t.size - skip}))
				return true;
		return false;
	}
	return t.size && f.text[0] == t.text[0] &&
	       glob((struct piece){f.text + 1, f.size - 1}, (struct piece){t.text + 1, t.size - 1});
}

static bool same(struct piece a, struct piece b)
{
	return a.size == b.size && (a.size == 0 || memcmp(a.text, b.text, a.size) == 0);
}

/* "$*$*" is "$*", also where it is text. */
static bool same_verbatim(struct piece f, struct piece t)
{
	if (f.size >= 4 && begins(f.text, f.size, "$*$*"))
		return same_verbatim((struct piece){f.text + 2, f.size - 2}, t);
	if (f.size == 0 || t.size == 0)
		return f.size == t.size;
	return f.text[0] == t.text[0] && same_verbatim((struct piece){f.text + 1, f.size - 1},
						 (struct piece){t.text + 1, t.size - 1});
}

static bool piece_fits(enum ref_dialect dialect, struct piece f, struct piece t)
{
	switch (dialect) {
	case REF_MQTT:
		return is(f, "+") || same(f, t);
	case REF_SOLACE:
		if (f.size && f.text[f.size - 1] == '*')
			return t.size >= f.size - 1 && memcmp(f.text, t.text, f.size - 1) == 0;
		return same(f, t);
	case REF_ZENOH:
		if (begins(f.text, f.size, "@") || begins(t.text, t.size, "@"))
			return same_verbatim(f, t);
		return is(f, "*") || glob(f, t);
	default:
		return is(f, "*") || same(f, t);
	}
}

static bool rest(const struct pieces *f, size_t i, const struct pieces *t, size_t j)
{
	bool last = i + 1 == f->count, anywhere;

	if (i == f->count)
		return j == t->count;
	if (f->dialect == REF_MQTT && is(f->piece[i], "#"))
		return true;
	if ((f->dialect == REF_SOLACE || f->dialect == REF_NATS) && last && is(f->piece[i], ">"))
		return j < t->count;
	anywhere = (f->dialect == REF_ZENOH && is(f->piece[i], "**")) ||
		   (f->dialect == REF_AMQP && is(f->piece[i], "#"));
	if (!anywhere)
		return j < t->count && piece_fits(f->dialect, f->piece[i], t->piece[j]) &&
		       rest(f, i + 1, t, j + 1);
	if (rest(f, i + 1, t, j))
		return true;
	if (j == t->count)
		return false;
	if (f->dialect == REF_ZENOH && begins(t->piece[j].text, t->piece[j].size, "@"))
		return false;
	return rest(f, i, t, j + 1);
}

bool ref_dialect_matches(enum ref_dialect dialect, const char *filter, size_t filter_len,
	const char *topic, size_t topic_len)
{
	struct pieces f, t;

	if (topic_len == 0 && dialect != REF_AMQP)
		return false;
	if (dialect == REF_MQTT && topic[0] == '$' && (filter[0] == '+' || filter[0] == '#'))
		return false;
	(void)split(dialect, separator_of(dialect), filter, filter_len, &f);
	(void)split(dialect, '/', topic, topic_len, &t);
	return rest(&f, 0, &t, 0);
}

static bool any_of(struct piece p, const char *bytes)
{
	for (size_t i = 0; i < p.size; i++)
		if (strchr(bytes, p.text[i]))
			return true;
	return false;
}

/* Take "$*" away; what is left must have neither character. */
static bool chunk_valid(struct piece p)
{
	if (is(p, "*") || is(p, "**"))
		return true;
	if (p.size == 0)
		return false;
	for (size_t i = 0; i < p.size; i++) {
		if (begins(p.text + i, p.size - i, "$*"))
			i++;
		else if (strchr("$*#?", p.text[i]))
			return false;
	}
	return true;
}

static bool piece_valid(const struct pieces *f, size_t i)
{
	struct piece p = f->piece[i];

	switch (f->dialect) {
	case REF_NATS:
		return p.size && !any_of(p, "/ \t\n\f\r") && (!is(p, ">") || i + 1 == f->count);
	case REF_ZENOH:
		return chunk_valid(p);
	case REF_AMQP:
		return !any_of(p, "/");
	default:
		return true;
	}
}

bool ref_dialect_filter_valid(enum ref_dialect dialect, const char *filter, size_t len)
{
	static const size_t most[] = {1024, 250, 1024, 1024, 255};
	struct pieces f;

	if (dialect == REF_MQTT)
		return ref_filter_valid(filter, len);
	if (dialect == REF_AMQP && len == 0)
		return true;
	if (len == 0 || len > most[dialect] || !ref_text_valid(filter, len) || filter[0] == '!')
		return false;
	if (dialect == REF_SOLACE
			? begins(filter, len, "#share/") || begins(filter, len, "#noexport/")
			: begins(filter, len, "$share/") || begins(filter, len, "$queue/"))
		return false;
	if (!split(dialect, separator_of(dialect), filter, len, &f))
		return false;
	for (size_t i = 0; i < f.count; i++)
		if (!piece_valid(&f, i))
			return false;
	return true;
}

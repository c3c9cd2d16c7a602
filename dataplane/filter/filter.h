#pragma once

/*
 * Topic filters in the one internal form that every dialect converts to (docs/filters.md): a list
 * of tokens, one a level, and its canonical bytes. Equal bytes are equal filters, whatever dialect
 * they were written in, and everything that stores, shares or compares filters uses them.
 *
 * Canonical bytes: levels joined by '/', literals as they are, wildcards as single bytes that never
 * occur in UTF-8, and in front at most one of each mark, in this order, where it makes a
 * difference:
 *
 *   0xfd  hides_dollar: mqtt, the first level is a wildcard [MQTT-4.7.2-1]
 *   0xfe  verbatim_at:  zenoh, a wildcard could otherwise meet a level that begins with '@'
 *   0xf8  ONE   0xf9  TAIL0   0xfa  TAIL1   0xfb  ANY   0xfc  within a level: zero or more bytes
 *
 * ANY ANY is ANY, ANY ONE is ONE ANY, a last ANY is TAIL0, a last ONE TAIL0 is TAIL1. No topic is a
 * single empty level (its text would be empty), so '/#' of mqtt is '/>' of solace, and only amqp
 * has a topic of no level at all, so '+/#' of mqtt is '#'.
 */

#include "dataplane/base/error.h"
#include "dataplane/filter/topic.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RH_CANON_ONE	0xf8
#define RH_CANON_TAIL0	0xf9
#define RH_CANON_TAIL1	0xfa
#define RH_CANON_ANY	0xfb
#define RH_CANON_STAR	0xfc
#define RH_CANON_DOLLAR 0xfd
#define RH_CANON_AT	0xfe

/* Bytes: the text's, two marks, and two of an amqp '#.' that becomes '*.#.'. */
#define RH_CANON_MAX (RH_FILTER_MAX + 8)
/* Bytes of a group's name. */
#define RH_GROUP_MAX 128
/* Any text of rh_filter_print with its terminating zero: a star takes two bytes in zenoh. */
#define RH_FILTER_TEXT_MAX (2 * RH_CANON_MAX + RH_GROUP_MAX + 16)

enum rh_token_kind {
	RH_TOKEN_LIT,	 /* exactly this level */
	RH_TOKEN_ONE,	 /* any one level, also an empty one */
	RH_TOKEN_PREFIX, /* a level that begins with these bytes, one or more */
	RH_TOKEN_SUB,	/* a level that fits a glob: literal runs with RH_CANON_STAR between them */
	RH_TOKEN_TAIL0, /* zero or more levels; last token */
	RH_TOKEN_TAIL1, /* one or more levels; last token */
	RH_TOKEN_ANY,	/* zero or more levels; never the last token */
	RH_TOKEN_KIND_COUNT
};

/* Bytes of a LIT, a PREFIX (without its star) or a SUB (with its stars), in canon; of the others
 * @start is where their byte stands, and @size is 0. */
struct rh_token {
	uint16_t kind; /* enum rh_token_kind; no padding, so that tokens can be compared as bytes */
	uint16_t start, size;
};

struct rh_filter {
	char canon[RH_CANON_MAX + 1]; /* terminated; no zero byte inside */
	uint16_t len;		      /* of canon */
	uint16_t tokens;	      /* 0: the empty key of amqp, which matches the empty topic */
	bool hides_dollar;	      /* does not match topics that begin with '$' */
	bool verbatim_at;	      /* wildcards do not match levels that begin with '@' */
	/* What the text said beside the filter; not part of canon. */
	bool except;  /* '!': takes away from the session's other subscriptions */
	bool grouped; /* shared: one member of the group gets the event */
	uint16_t group_len;
	char group[RH_GROUP_MAX + 1]; /* terminated; empty for $queue/ */
	struct rh_token token[RH_LEVELS_MAX + 1];
};

/*
 * Parse and check a filter. mqtt: OASIS MQTT 3.1.1 and 5.0 sections 4.7 and 4.8.2; the sources of
 * the others stand above their parsers. In front of it may stand '!' (an exception) or a group,
 * `$share/NAME/` and `$queue/`, in solace `#share/NAME/`.
 *
 * -EINVAL, or -ENOTSUP for what a dialect has and Rhumb has not; @err (may be NULL) then names the
 * byte from 0, what is wrong there and what would be right, in one line.
 *
 * Ctx: any; no allocation. After a refusal *@out is undefined.
 */
int rh_filter_parse(enum rh_dialect dialect, const char *text, size_t len, struct rh_filter *out,
	struct rh_error *err);

/* Tokens and marks of canonical bytes; neither except nor grouped. -EINVAL when they are not
 * canonical; *@out is then undefined. Ctx: any; no allocation. */
int rh_filter_from_canon(const void *canon, size_t len, struct rh_filter *out);

/*
 * Does @filter match @topic? Exact for every kind of token, at most tokens times levels steps, no
 * recursion. Says nothing of except and group. Ctx: any.
 */
bool rh_filter_matches(const struct rh_filter *filter, const struct rh_topic *topic);

/*
 * Is there a topic that both match; does @a match every topic that @b matches? Exact over topics of
 * any length, so beyond the limits of real topics, too; except and group count for nothing. At most
 * tokens times tokens steps, each over two levels. Ctx: any; some 20 KiB of stack.
 */
bool rh_filter_intersects(const struct rh_filter *a, const struct rh_filter *b);
bool rh_filter_covers(const struct rh_filter *a, const struct rh_filter *b);

/*
 * The filter's text in @dialect, with '!' and group, terminated, that parses to the same filter.
 * Returns its length; -ENOTSUP when it has none, with what has no image there and what has in @err
 * (may be NULL); -EMSGSIZE when @room is too small. Ctx: any; no allocation.
 */
int rh_filter_print(const struct rh_filter *filter, enum rh_dialect dialect, char *out, size_t room,
	struct rh_error *err);

/* Likewise in the first of mqtt, solace, zenoh, amqp and nats that can, which goes to *@dialect
 * (may be NULL): the one text to show. What was parsed can always be shown. */
int rh_filter_show(
	const struct rh_filter *filter, char *out, size_t room, enum rh_dialect *dialect);

/* -ENOTSUP with a sentence in @err when the text asked for a group; when it asked for a group or an
 * exception: for those who cannot serve them; else 0. Ctx: any. */
int rh_filter_is_unshared(const struct rh_filter *filter, struct rh_error *err);
int rh_filter_is_plain(const struct rh_filter *filter, struct rh_error *err);

/*
 * Why @filter does not match @topic, as one sentence for people; false, and @out untouched, when it
 * does match. @out is always terminated; 160 bytes hold any sentence, long levels are cut. Ctx:
 * any; no allocation.
 */
bool rh_filter_why_not(
	const struct rh_filter *filter, const struct rh_topic *topic, char *out, size_t room);

/* -ENOENT when unknown. */
int rh_dialect_from_name(const char *name, enum rh_dialect *out);
const char *rh_dialect_name(enum rh_dialect dialect);

#pragma once

/*
 * What the files of the filter room share: the rules of a dialect, tokens as a dialect reads them,
 * and globs of one level.
 */

#include "dataplane/filter/filter.h"

/* Tokens in the order they were written, before rh_canon_write puts them into canonical form. */
struct rh_raw {
	uint16_t tokens, used;
	struct rh_token token[RH_LEVELS_MAX]; /* into bytes */
	char bytes[RH_CANON_MAX];
};

/* A level of a filter's or a topic's text. */
struct rh_level {
	const char *text;
	size_t size;
	size_t at; /* byte of the whole text */
	bool last;
};

/* Text under way to a caller's buffer. */
struct rh_out {
	char *text;
	size_t room, len;
	bool full;
};

struct rh_rules {
	const char *name;
	char separator;
	bool empty_text; /* an empty text is a filter and a topic */
	bool hides_dollar, verbatim_at;
	uint16_t bytes_max;	/* of filters and topics alike */
	const char *share;	/* in front of a group's name */
	const char *everything; /* the filter for all topics, for sentences */
	/* Push the token of a level of a filter, -EINVAL with the reason. */
	int (*read)(const struct rh_level *level, struct rh_raw *raw, struct rh_error *err);
	/* May it be published? NULL: as it is. */
	int (*check)(const struct rh_level *level, struct rh_error *err);
	/* Wildcards as text, by kind of token; NULL: no image, or written by write_glob. */
	const char *wild[RH_TOKEN_KIND_COUNT];
	/* A TAIL1 behind nothing but an empty level, as people write it; NULL: as elsewhere. */
	const char *below_blank;
	/* A LIT, and a PREFIX or SUB, as text, -ENOTSUP with what has no image; write_glob NULL: none has. */
	int (*write_literal)(
		const struct rh_filter *filter, size_t i, struct rh_out *out, struct rh_error *err);
	int (*write_glob)(
		const struct rh_filter *filter, size_t i, struct rh_out *out, struct rh_error *err);
};

extern const struct rh_rules rh_rules_mqtt, rh_rules_solace, rh_rules_nats, rh_rules_zenoh,
	rh_rules_amqp;
/* NULL and a sentence when @dialect is none. */
const struct rh_rules *rh_rules_of(enum rh_dialect dialect, struct rh_error *err);

/* Empty, too long, or not UTF-8? @what is "filter" or "topic". */
int rh_text_check(const struct rh_rules *rules, const char *what, const char *text, size_t len,
	struct rh_error *err);
/* What stands in front of the filter goes into @out, its length into *@used. */
int rh_prefix_take(const struct rh_rules *rules, const char *text, size_t len,
	struct rh_filter *out, size_t *used, struct rh_error *err);

/* The caller has checked that a slot is free. */
void rh_raw_wild(struct rh_raw *raw, enum rh_token_kind kind);
/* A level with stars in it or not; becomes LIT, ONE, PREFIX or SUB. */
void rh_raw_level(struct rh_raw *raw, const char *glob, size_t size);
/* All of @out but except and group; the marks are what the dialect asks for. */
void rh_canon_write(
	const struct rh_raw *raw, bool hides_dollar, bool verbatim_at, struct rh_filter *out);

static inline bool rh_is_star(char c)
{
	return (uint8_t)c == RH_CANON_STAR;
}

static inline bool rh_token_is_gap(uint8_t kind)
{
	return kind == RH_TOKEN_ANY || kind == RH_TOKEN_TAIL0 || kind == RH_TOKEN_TAIL1;
}

/* One level's set of texts: bytes with stars. */
struct rh_glob {
	const char *text;
	size_t size;
};

static inline bool rh_glob_open(struct rh_glob glob)
{
	return glob.size && rh_is_star(glob.text[0]);
}

static inline bool rh_glob_begins(struct rh_glob glob, char c)
{
	return glob.size && glob.text[0] == c;
}

/* Of LIT, ONE, PREFIX and SUB. */
struct rh_glob rh_token_glob(const struct rh_filter *filter, size_t i);
/* Does @text fit? A star in @text is a character that nothing but a star fits, which makes this
 * "does @glob cover the glob @text", too: a glob has no wildcard for exactly one byte. */
bool rh_glob_fits(struct rh_glob glob, const char *text, size_t size);
/* Is there a text that fits both? */
bool rh_glob_meets(struct rh_glob a, struct rh_glob b);

/* Does level @t of @topic fit token @i of @filter, which is no gap? Both have it. */
bool rh_filter_level_fits(
	const struct rh_filter *filter, size_t i, const struct rh_topic *topic, size_t t);
/* May a gap of @filter pass over level @t? */
bool rh_filter_passes(const struct rh_filter *filter, const struct rh_topic *topic, size_t t);

/* A filter for covers and intersects: its levels, and where a gap of any length may be. */
#define RH_PATH_MAX (RH_LEVELS_MAX + 2)
struct rh_path {
	size_t levels;
	bool hides_dollar, verbatim_at,
		holds_empty;	   /* holds_empty: matches the topic of no level */
	bool gap[RH_PATH_MAX + 1]; /* before level i; at levels: behind the last */
	struct rh_glob level[RH_PATH_MAX];
};
/* Points into @filter. */
void rh_path_of(const struct rh_filter *filter, struct rh_path *out);

void rh_out_bytes(struct rh_out *out, const char *bytes, size_t size);
void rh_out_text(struct rh_out *out, const char *text);
/* -ENOTSUP: "filter level N: @what has no image in @dialect: @instead". */
int rh_no_image(struct rh_error *err, const struct rh_rules *rules, size_t i, const char *what,
	const char *instead);
/* Likewise for a wildcard, by its kind. */
int rh_no_wild(struct rh_error *err, const struct rh_rules *rules, const struct rh_filter *filter,
	size_t i);

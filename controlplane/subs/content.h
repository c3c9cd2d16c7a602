#pragma once

/*
 * What subscriptions ask of an event beside its topic: expressions, one object for equal canonical
 * texts of a tenant, counted by reference, with the number by which the table knows it. Found by
 * the hash of tenant and text; a live subscription's by the number that stands in the table's slot.
 *
 * The builder adds an expression with the first subscription that needs it and deletes it behind
 * the last one; only then the number is free. All objects are the control loop's; what the builder
 * reads is not changed while it may.
 *
 * Memory of each: its text and 40 bytes in its block, 8 of the number's place, 6 to 9 of the keys.
 */

#include "controlplane/subs/keys.h"
#include "dataplane/api/table.h"

#include <stddef.h>

struct cp_expression;

#define CP_CONTENT_LEN_MAX UINT16_MAX

struct cp_content {
	dp_content_id_t id;
	uint32_t refs;	      /* subscriptions, and entries of requests */
	uint32_t bytes;	      /* of the tenant's */
	dp_content_id_t next; /* of those that leave */
	uint16_t tenant, len, patterns;
	bool added; /* the builder's: the table has it */
	/* The numbers of its patterns, each a reference, in the order of its nodes; then its text,
	 * terminated. */
	dp_pattern_id_t pattern[];
};
_Static_assert(offsetof(struct cp_content, pattern) == 24, "a million of them");

/* Of each that is there. */
#define CP_CONTENT_BYTES (sizeof(struct cp_content) + 16 + 8 + 8)

/* A number that is free holds the next free one. */
union cp_content_place {
	struct cp_content *content;
	uintptr_t next_free;
};

/* Without those that left. */
struct cp_contents_of {
	uint64_t bytes;
	uint32_t count;
};

struct cp_contents {
	union cp_content_place *place; /* [DP_LIMIT_CONTENTS + 1], by number */
	dp_content_id_t fresh;	       /* highest number ever given */
	dp_content_id_t free;	       /* 0: none */
	dp_content_id_t leaving;       /* nobody's, the builder not told yet; 0: none */
	uint32_t used;		       /* those that left included, until the builder has deleted them */
	uint32_t wanted;	       /* those that left not included */
	struct cp_contents_of of_tenant[DP_LIMIT_TENANTS];
	struct cp_keys keys;
	uint64_t seed;
};

/* 0 or -ENOMEM. */
int cp_contents_init(struct cp_contents *contents, uint64_t seed);
/* Accepts a zeroed or half-made one. */
void cp_contents_fini(struct cp_contents *contents);

static inline struct cp_content *cp_content_at(const struct cp_contents *contents, dp_content_id_t id)
{
	return contents->place[id].content;
}

static inline const char *cp_content_text(const struct cp_content *c)
{
	return (const char *)&c->pattern[c->patterns];
}

/* NULL: there is none. */
struct cp_content *cp_content_find(
	const struct cp_contents *contents, uint16_t tenant, const char *text, size_t len);
/*
 * A new one without references, of which there is none yet; the caller writes its numbers of patterns. @bytes are the tenant's
 * until it leaves. -ENOSPC: no number is free. -ENOMEM.
 */
int cp_content_create(struct cp_contents *contents, uint16_t tenant, const char *text, size_t len,
	uint16_t patterns, uint32_t bytes, struct cp_content **out);
/* Nobody wants it any more: it is not found again, and the builder is to be told. */
void cp_content_leave(struct cp_contents *contents, struct cp_content *c);
/* The first of those that left since the last time, the others by .next; NULL: none. */
struct cp_content *cp_contents_left(struct cp_contents *contents);
/* The builder has deleted it: frees object and number. */
void cp_content_free(struct cp_contents *contents, struct cp_content *c);

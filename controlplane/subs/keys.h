#pragma once

/*
 * Which subscription has a key: 32-bit references found by the hash of what they refer to. Neither
 * key nor hash is kept: who uses the table compares candidates, and tells their hash again when a
 * page is rewritten.
 *
 * Pages of CP_KEYS_SLOTS words under a directory (extendible hashing): a full page splits into two,
 * two sparse ones become one, so no call rewrites more than two pages, whatever the size. A page is
 * lines of CP_KEYS_LINE words; a search begins in the line the hash says and ends at a line with an
 * empty word. All memory is reserved at start, touched as it is needed and given back page by page,
 * so nothing here can run out of it. 6 to 9 bytes a reference. Ctx: control loop.
 */

#include "dataplane/base/pages.h"

#include <stdbool.h>
#include <stdint.h>

#define CP_KEYS_REF_BITS  25 /* of a word; the others are of the hash */
#define CP_KEYS_LINE	  16
#define CP_KEYS_SLOTS	  (RH_PAGE / sizeof(uint32_t))
#define CP_KEYS_DEPTH_MAX 16
#define CP_KEYS_PAGES	  (1u << CP_KEYS_DEPTH_MAX)

/* References from here up to what CP_KEYS_REF_BITS hold. */
#define CP_KEYS_REF_LEAST 2

struct cp_keys_page {
	uint16_t live, removed;
	uint16_t depth;	    /* bits of the hash that all of its entries share */
	uint16_t next_free; /* of those given back */
};

typedef uint64_t (*cp_keys_hash)(void *arg, uint32_t ref);
typedef bool (*cp_keys_same)(const void *arg, uint32_t ref);

struct cp_keys {
	uint32_t *words;	    /* [CP_KEYS_PAGES][CP_KEYS_SLOTS] */
	struct cp_keys_page *pages; /* [CP_KEYS_PAGES] */
	uint16_t *directory;	    /* [1 << depth] in use; the highest bits of a hash choose */
	uint32_t depth;
	uint32_t deepest; /* pages with that depth */
	uint32_t fresh;	  /* never used from here on */
	uint32_t free_count;
	uint16_t free_head;
	cp_keys_hash hash;
	void *arg; /* of hash */
};

/* @hash tells the hash of what a reference in the table refers to. 0 or -ENOMEM. */
int cp_keys_init(struct cp_keys *keys, cp_keys_hash hash, void *arg);
/* Accepts a zeroed or half-made one. */
void cp_keys_fini(struct cp_keys *keys);

/* The reference for which @same says so, or 0. */
uint32_t cp_keys_find(
	const struct cp_keys *keys, uint64_t hash, cp_keys_same same, const void *arg);
/* -ENOSPC: more than the table can hold. */
int cp_keys_insert(struct cp_keys *keys, uint64_t hash, uint32_t ref);
/* Both: @ref is in the table with that hash, and until they return @hash can tell it. */
void cp_keys_remove(struct cp_keys *keys, uint64_t hash, uint32_t ref);
void cp_keys_replace(struct cp_keys *keys, uint64_t hash, uint32_t ref, uint32_t by);

/* Pages in use. */
static inline uint32_t cp_keys_pages(const struct cp_keys *keys)
{
	return keys->fresh - keys->free_count;
}

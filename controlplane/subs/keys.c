#include "controlplane/subs/keys.h"

#include <errno.h>
#include <string.h>

#define LINES	  (CP_KEYS_SLOTS / CP_KEYS_LINE)
#define REF_MASK  ((1u << CP_KEYS_REF_BITS) - 1)
#define REMOVED	  1u
/* Words in use of a page that takes no more: beyond, searches read a third line. */
#define FULL	  (CP_KEYS_SLOTS * 7 / 8)
/* Of a full page, when fewer are live, the marks of removed ones go, and it does not split: so a
 * table under churn stays as it is. */
#define CROWDED	  (CP_KEYS_SLOTS * 13 / 16)
/* Two with fewer together become one. */
#define SPARSE	  (CP_KEYS_SLOTS * 7 / 16)

#define WORDS_BYTES	((size_t)CP_KEYS_PAGES * RH_PAGE)
#define PAGES_BYTES	(CP_KEYS_PAGES * sizeof(struct cp_keys_page))
#define DIRECTORY_BYTES (CP_KEYS_PAGES * sizeof(uint16_t))

static uint32_t *words_of(const struct cp_keys *keys, uint16_t page)
{
	return keys->words + (size_t)page * CP_KEYS_SLOTS;
}

static uint32_t directory_at(uint32_t depth, uint64_t hash)
{
	return depth ? (uint32_t)(hash >> (64 - depth)) : 0;
}

static uint16_t page_of(const struct cp_keys *keys, uint64_t hash)
{
	return keys->directory[directory_at(keys->depth, hash)];
}

/* Bits that neither the directory nor the word uses. */
static uint32_t line_at(uint64_t hash)
{
	return (uint32_t)(hash >> 16) % LINES;
}

static uint32_t word_of(uint64_t hash, uint32_t ref)
{
	return (uint32_t)hash << CP_KEYS_REF_BITS | ref;
}

static bool line_ends_searches(const uint32_t *line)
{
	for (uint32_t k = 0; k < CP_KEYS_LINE; k++)
		if (!line[k])
			return true;
	return false;
}

/* Of two empty pages at most one is needed: none is taken before. */
static uint16_t page_take(struct cp_keys *keys, uint32_t depth)
{
	uint16_t page = keys->free_count ? keys->free_head : (uint16_t)keys->fresh++;

	if (keys->free_count && keys->free_count--)
		keys->free_head = keys->pages[page].next_free;
	keys->pages[page] = (struct cp_keys_page){.depth = (uint16_t)depth};
	return page;
}

static void page_give(struct cp_keys *keys, uint16_t page)
{
	rh_pages_discard(words_of(keys, page), RH_PAGE);
	keys->pages[page].next_free = keys->free_head;
	keys->free_head = page;
	keys->free_count++;
}

int cp_keys_init(struct cp_keys *keys, cp_keys_hash hash, void *arg)
{
	*keys = (struct cp_keys){.hash = hash, .arg = arg};
	keys->words = rh_pages_reserve_sparse(WORDS_BYTES);
	keys->pages = rh_pages_reserve_sparse(PAGES_BYTES);
	keys->directory = rh_pages_reserve_sparse(DIRECTORY_BYTES);
	if (!keys->words || !keys->pages || !keys->directory) {
		cp_keys_fini(keys);
		return -ENOMEM;
	}
	keys->directory[0] = page_take(keys, 0);
	keys->deepest = 1;
	return 0;
}

void cp_keys_fini(struct cp_keys *keys)
{
	rh_pages_release(keys->words, WORDS_BYTES);
	rh_pages_release(keys->pages, PAGES_BYTES);
	rh_pages_release(keys->directory, DIRECTORY_BYTES);
	*keys = (struct cp_keys){0};
}

uint32_t cp_keys_find(const struct cp_keys *keys, uint64_t hash, cp_keys_same same, const void *arg)
{
	const uint32_t *words = words_of(keys, page_of(keys, hash));
	uint32_t at = line_at(hash);

	for (uint32_t i = 0; i < LINES; i++, at = (at + 1) % LINES) {
		const uint32_t *line = words + at * CP_KEYS_LINE;

		for (uint32_t k = 0; k < CP_KEYS_LINE; k++) {
			uint32_t ref = line[k] & REF_MASK;

			if (ref > REMOVED && line[k] == word_of(hash, ref) && same(arg, ref))
				return ref;
		}
		if (line_ends_searches(line))
			break;
	}
	return 0;
}

/* Where @ref stands. */
static uint32_t *word_find(uint32_t *words, uint64_t hash, uint32_t ref)
{
	uint32_t at = line_at(hash) * CP_KEYS_LINE;

	while (words[at] != word_of(hash, ref))
		at = (at + 1) % CP_KEYS_SLOTS;
	return &words[at];
}

/* The page is not full. */
static void word_put(struct cp_keys *keys, uint16_t page, uint64_t hash, uint32_t ref)
{
	uint32_t *words = words_of(keys, page);
	uint32_t at = line_at(hash) * CP_KEYS_LINE;

	while (words[at] > REMOVED)
		at = (at + 1) % CP_KEYS_SLOTS;
	keys->pages[page].removed -= words[at] == REMOVED;
	keys->pages[page].live++;
	words[at] = word_of(hash, ref);
}

/* Every reference of @from into @low, or into @high when the bit after the first @depth of its hash
 * is set. */
static void pour(struct cp_keys *keys, const uint32_t *from, uint16_t low, uint16_t high,
	uint32_t depth)
{
	for (uint32_t i = 0; i < CP_KEYS_SLOTS; i++) {
		uint64_t hash;

		if (from[i] <= REMOVED)
			continue;
		hash = keys->hash(keys->arg, from[i] & REF_MASK);
		word_put(keys, hash >> (63 - depth) & 1 ? high : low, hash, from[i] & REF_MASK);
	}
}

/* Empty it into @copy. */
static void page_lift(struct cp_keys *keys, uint16_t page, uint32_t *copy)
{
	memcpy(copy, words_of(keys, page), RH_PAGE);
	memset(words_of(keys, page), 0, RH_PAGE);
	keys->pages[page].live = keys->pages[page].removed = 0;
}

/* All entries of the page with @depth that @hash is in. */
static void directory_set(struct cp_keys *keys, uint64_t hash, uint32_t depth, uint16_t page)
{
	uint32_t count = 1u << (keys->depth - depth);
	uint32_t first = directory_at(keys->depth, hash) & ~(count - 1);

	for (uint32_t i = 0; i < count; i++)
		keys->directory[first + i] = page;
}

static void directory_grow(struct cp_keys *keys)
{
	for (uint32_t i = 2u << keys->depth; i-- > 0;)
		keys->directory[i] = keys->directory[i / 2];
	keys->depth++;
	keys->deepest = 0;
}

/* While no page needs the last bit. */
static void directory_shrink(struct cp_keys *keys)
{
	while (keys->depth && !keys->deepest) {
		keys->depth--;
		for (uint32_t i = 0; i < 1u << keys->depth; i++) {
			keys->directory[i] = keys->directory[2 * i];
			keys->deepest += keys->pages[keys->directory[i]].depth == keys->depth;
		}
	}
}

static void rewrite(struct cp_keys *keys, uint16_t page)
{
	uint32_t copy[CP_KEYS_SLOTS];

	page_lift(keys, page, copy);
	pour(keys, copy, page, page, 0);
}

static int split(struct cp_keys *keys, uint64_t hash)
{
	uint16_t low = page_of(keys, hash), high;
	uint32_t depth = keys->pages[low].depth;
	uint32_t copy[CP_KEYS_SLOTS];

	if (depth == CP_KEYS_DEPTH_MAX)
		return -ENOSPC;
	if (depth == keys->depth)
		directory_grow(keys);
	high = page_take(keys, depth + 1);
	keys->pages[low].depth++;
	if (depth + 1 == keys->depth)
		keys->deepest += 2;
	directory_set(keys, hash | 1ULL << (63 - depth), depth + 1, high);
	page_lift(keys, low, copy);
	pour(keys, copy, low, high, depth);
	return 0;
}

int cp_keys_insert(struct cp_keys *keys, uint64_t hash, uint32_t ref)
{
	const struct cp_keys_page *page = &keys->pages[page_of(keys, hash)];

	while (page->live + page->removed >= FULL) {
		if (page->live < CROWDED) {
			rewrite(keys, page_of(keys, hash));
		} else if (split(keys, hash) < 0) {
			/* One word stays empty, to end searches. */
			if (page->live + page->removed >= CP_KEYS_SLOTS - 1)
				return -ENOSPC;
			break;
		}
		page = &keys->pages[page_of(keys, hash)];
	}
	word_put(keys, page_of(keys, hash), hash, ref);
	return 0;
}

/* Join the page of @hash with its other half while both are sparse. */
static void merge(struct cp_keys *keys, uint64_t hash)
{
	uint32_t copy[CP_KEYS_SLOTS];

	for (;;) {
		uint16_t page = page_of(keys, hash), other;
		uint32_t depth = keys->pages[page].depth;

		if (!depth)
			return;
		other = page_of(keys, hash ^ 1ULL << (64 - depth));
		if (keys->pages[other].depth != depth ||
			keys->pages[page].live + keys->pages[other].live >= SPARSE)
			return;
		page_lift(keys, other, copy);
		page_give(keys, other);
		if (depth == keys->depth)
			keys->deepest -= 2;
		keys->pages[page].depth--;
		directory_set(keys, hash, depth - 1, page);
		/* What is still in the way of marks goes with the next rewrite. */
		if (keys->pages[page].live + keys->pages[page].removed + SPARSE >= FULL)
			rewrite(keys, page);
		pour(keys, copy, page, page, 0);
		directory_shrink(keys);
	}
}

void cp_keys_remove(struct cp_keys *keys, uint64_t hash, uint32_t ref)
{
	uint16_t page = page_of(keys, hash);
	uint32_t *words = words_of(keys, page), *word = word_find(words, hash, ref);
	uint32_t line = (uint32_t)(word - words) / CP_KEYS_LINE * CP_KEYS_LINE;

	keys->pages[page].live--;
	*word = line_ends_searches(words + line) ? 0 : REMOVED;
	keys->pages[page].removed += *word == REMOVED;
	merge(keys, hash);
}

void cp_keys_replace(struct cp_keys *keys, uint64_t hash, uint32_t ref, uint32_t by)
{
	*word_find(words_of(keys, page_of(keys, hash)), hash, ref) = word_of(hash, by);
}

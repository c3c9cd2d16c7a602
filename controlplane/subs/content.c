#include "controlplane/subs/content.h"

#include "dataplane/base/compiler.h"
#include "dataplane/base/hash.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define PLACES_BYTES RH_ALIGN_UP((size_t)(DP_LIMIT_CONTENTS + 1) * sizeof(union cp_content_place), (size_t)RH_PAGE)

/* References of the keys: numbers, made to begin at what they allow. */
#define REF(id)	  ((id) + CP_KEYS_REF_LEAST - 1)
#define REF_ID(ref) ((ref) - CP_KEYS_REF_LEAST + 1)
_Static_assert(REF(DP_LIMIT_CONTENTS) < 1u << CP_KEYS_REF_BITS, "a word holds any reference");

static uint64_t hash_of(const struct cp_contents *contents, uint16_t tenant, const char *text, size_t len)
{
	return rh_hash(text, len, contents->seed + tenant);
}

static uint64_t ref_hash(void *arg, uint32_t ref)
{
	const struct cp_contents *contents = arg;
	const struct cp_content *c = cp_content_at(contents, REF_ID(ref));

	return hash_of(contents, c->tenant, cp_content_text(c), c->len);
}

int cp_contents_init(struct cp_contents *contents, uint64_t seed)
{
	*contents = (struct cp_contents){.seed = seed};
	contents->place = rh_pages_reserve_sparse(PLACES_BYTES);
	if (contents->place && cp_keys_init(&contents->keys, ref_hash, contents) == 0)
		return 0;
	cp_contents_fini(contents);
	return -ENOMEM;
}

/* Free numbers hold numbers: whose place holds an object says the list of the free ones. */
static void objects_free(struct cp_contents *contents)
{
	dp_content_id_t next;

	for (dp_content_id_t id = contents->free; id; id = next) {
		next = (dp_content_id_t)contents->place[id].next_free;
		contents->place[id].content = NULL;
	}
	for (dp_content_id_t id = 1; id <= contents->fresh; id++)
		free(contents->place[id].content);
}

void cp_contents_fini(struct cp_contents *contents)
{
	if (contents->place)
		objects_free(contents);
	rh_pages_release(contents->place, PLACES_BYTES);
	cp_keys_fini(&contents->keys);
	*contents = (struct cp_contents){0};
}

struct search {
	const struct cp_contents *contents;
	const char *text;
	size_t len;
	uint16_t tenant;
};

static bool is_same(const void *arg, uint32_t ref)
{
	const struct search *want = arg;
	const struct cp_content *c = cp_content_at(want->contents, REF_ID(ref));

	return c->tenant == want->tenant && c->len == want->len &&
	       !memcmp(cp_content_text(c), want->text, want->len);
}

struct cp_content *cp_content_find(
	const struct cp_contents *contents, uint16_t tenant, const char *text, size_t len)
{
	struct search search = {contents, text, len, tenant};
	uint32_t ref = cp_keys_find(
		&contents->keys, hash_of(contents, tenant, text, len), is_same, &search);

	return ref ? cp_content_at(contents, REF_ID(ref)) : NULL;
}

/* 0: none is free. */
static dp_content_id_t number_take(struct cp_contents *contents)
{
	dp_content_id_t id = contents->free;

	if (id)
		contents->free = (dp_content_id_t)contents->place[id].next_free;
	else if (contents->fresh < DP_LIMIT_CONTENTS)
		id = ++contents->fresh;
	contents->used += id != 0;
	return id;
}

static void number_give(struct cp_contents *contents, dp_content_id_t id)
{
	contents->place[id].next_free = contents->free;
	contents->free = id;
	if (--contents->used)
		return;
	rh_pages_discard(contents->place,
		RH_ALIGN_UP((contents->fresh + 1) * sizeof(*contents->place), (size_t)RH_PAGE));
	contents->fresh = contents->free = 0;
}

int cp_content_create(struct cp_contents *contents, uint16_t tenant, const char *text, size_t len,
	uint16_t patterns, uint32_t bytes, struct cp_content **out)
{
	size_t numbers = patterns * sizeof(dp_pattern_id_t);
	dp_content_id_t id = number_take(contents);
	struct cp_content *c;

	if (!id)
		return -ENOSPC;
	c = malloc(sizeof(*c) + numbers + len + 1);
	if (!c) {
		number_give(contents, id);
		return -ENOMEM;
	}
	*c = (struct cp_content){
		.id = id, .bytes = bytes, .tenant = tenant, .len = (uint16_t)len, .patterns = patterns};
	memset(c->pattern, 0, numbers);
	memcpy(&c->pattern[patterns], text, len);
	((char *)&c->pattern[patterns])[len] = '\0';
	contents->place[id].content = c;
	if (cp_keys_insert(&contents->keys, hash_of(contents, tenant, text, len), REF(id)) < 0) {
		free(c);
		number_give(contents, id);
		return -ENOSPC;
	}
	contents->wanted++;
	contents->of_tenant[tenant].count++;
	contents->of_tenant[tenant].bytes += bytes;
	*out = c;
	return 0;
}

void cp_content_leave(struct cp_contents *contents, struct cp_content *c)
{
	cp_keys_remove(&contents->keys, ref_hash(contents, REF(c->id)), REF(c->id));
	contents->wanted--;
	contents->of_tenant[c->tenant].count--;
	contents->of_tenant[c->tenant].bytes -= c->bytes;
	c->next = contents->leaving;
	contents->leaving = c->id;
}

struct cp_content *cp_contents_left(struct cp_contents *contents)
{
	dp_content_id_t first = contents->leaving;

	contents->leaving = 0;
	return first ? cp_content_at(contents, first) : NULL;
}

void cp_content_free(struct cp_contents *contents, struct cp_content *c)
{
	dp_content_id_t id = c->id;

	free(c);
	number_give(contents, id);
}

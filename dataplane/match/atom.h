#pragma once

/*
 * Names of attributes, and strings that attributes are compared with, that content asks for: each once, so that an event's own
 * are looked up once and then compared by address. Names have a number besides.
 *
 * Builder writes, workers read under RCU. An atom is complete before it can be found.
 */

#include "dataplane/cesql/value.h"
#include "dataplane/match/words.h"

/* Names with a number; those beyond have 0, and cost an evaluation where others cost a test (facts.h). */
#define DP_ATOM_NUMBERS 4096

struct dp_atom {
	struct dp_obj obj;
	uint32_t number; /* of a name: its own, less than DP_ATOM_NUMBERS; 0: it has none */
	uint64_t key;
	uint32_t size;
	uint32_t refs; /* builder only */
	uint8_t asks;  /* R; of a name: 1 << enum dp_fact_kind for each in which it was asked for */
	char bytes[];
};
_Static_assert(offsetof(struct dp_atom, key) == offsetof(struct dp_keyed, key), "a word finds its key");

/*
 * Numbers of names. One that was given back is used again only when nothing that a worker may still see has it, which is when
 * all that was retired is gone. Builder only.
 */
struct dp_atom_numbers {
	uint16_t fresh; /* those above were never used */
	uint16_t free, waiting; /* how many */
	uint16_t free_number[DP_ATOM_NUMBERS], waiting_number[DP_ATOM_NUMBERS];
};

struct dp_atoms {
	struct dp_words names, strings; /* R */
	uint64_t strings_made;		/* R; ever, each counted when it can be found */
	struct dp_atom_numbers numbers;
};

static inline struct rh_cesql_text dp_atom_text(const struct dp_atom *atom)
{
	return (struct rh_cesql_text){atom->bytes, atom->size};
}

/* The atom of @text, whose hash with the contents' seed @key is; NULL: nobody asks for it. Ctx: under RCU. */
static inline const struct dp_atom *dp_atom_find(const struct dp_words *words, uint64_t key, struct rh_cesql_text text)
{
	const struct dp_atom *atom = (const struct dp_atom *)dp_words_get(words, key);

	return atom && rh_cesql_texts_equal(dp_atom_text(atom), text) ? atom : NULL;
}

/* Ctx of all: builder. -ENOMEM. */
int dp_atoms_init(struct dp_memory *memory, struct dp_atoms *atoms);
/* Without readers. Accepts what was half made. */
void dp_atoms_fini(struct dp_memory *memory, struct dp_atoms *atoms);
/*
 * The atom of a name, or of a string, made if it is new; the reference is the caller's. -ENOMEM; -EEXIST: by chance another
 * text has its hash, and there is no atom for it.
 */
int dp_atom_name_get(
	struct dp_memory *memory, struct dp_atoms *atoms, uint64_t seed, struct rh_cesql_text text, struct dp_atom **out);
int dp_atom_string_get(
	struct dp_memory *memory, struct dp_atoms *atoms, uint64_t seed, struct rh_cesql_text text, struct dp_atom **out);
/* One reference less of either. */
void dp_atom_put(struct dp_memory *memory, struct dp_atoms *atoms, struct dp_atom *atom);

/* Atoms that an expression's keys and tests ask for; a reference each. */
#define DP_ATOMS_MOST 64
struct dp_asked_atoms {
	struct dp_memory *memory;
	struct dp_atoms *atoms;
	uint64_t seed;
	bool no_memory;
	uint32_t count;
	struct dp_atom *atom[DP_ATOMS_MOST];
};
/* The atom, taken once. NULL: there is none for it; with no_memory, for want of memory. Ctx: builder. */
struct dp_atom *dp_asked_name(struct dp_asked_atoms *asked, struct rh_cesql_text text);
struct dp_atom *dp_asked_string(struct dp_asked_atoms *asked, struct rh_cesql_text text);

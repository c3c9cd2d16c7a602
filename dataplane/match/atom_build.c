#include "dataplane/match/atom.h"

#include "dataplane/base/hash.h"

#include <errno.h>
#include <string.h>

int dp_atoms_init(struct dp_memory *memory, struct dp_atoms *atoms)
{
	int ret = dp_words_init(memory, &atoms->names);

	/* 0 is none. */
	atoms->numbers.fresh = 1;
	return ret ? ret : dp_words_init(memory, &atoms->strings);
}

static void atom_free(struct dp_memory *memory, struct dp_keyed *object)
{
	dp_memory_free(memory, object);
}

void dp_atoms_fini(struct dp_memory *memory, struct dp_atoms *atoms)
{
	dp_words_fini(memory, &atoms->names, atom_free);
	dp_words_fini(memory, &atoms->strings, atom_free);
}

static uint32_t number_take(struct dp_memory *memory, struct dp_atom_numbers *numbers)
{
	if (!numbers->free && numbers->waiting && dp_memory_is_settled(memory)) {
		memcpy(numbers->free_number, numbers->waiting_number, numbers->waiting * sizeof(numbers->free_number[0]));
		numbers->free = numbers->waiting;
		numbers->waiting = 0;
	}
	if (numbers->free)
		return numbers->free_number[--numbers->free];
	return numbers->fresh < DP_ATOM_NUMBERS ? numbers->fresh++ : 0;
}

static void number_give(struct dp_atom_numbers *numbers, uint32_t number)
{
	if (number)
		numbers->waiting_number[numbers->waiting++] = (uint16_t)number;
}

static int create(struct dp_memory *memory, struct dp_words *words, uint64_t key, struct rh_cesql_text text, struct dp_atom **out)
{
	struct dp_atom *atom = dp_memory_alloc(memory, sizeof(*atom) + text.size);

	if (!atom)
		return -ENOMEM;
	atom->key = key;
	atom->size = text.size;
	memcpy(atom->bytes, text.bytes, text.size);
	*out = atom;
	if (dp_words_reserve(memory, words, key) == 0)
		return 0;
	dp_memory_free(memory, atom);
	return -ENOMEM;
}

/* 1: it is new, and not yet to be found. */
static int get(struct dp_memory *memory, struct dp_words *words, uint64_t seed, struct rh_cesql_text text, struct dp_atom **out)
{
	uint64_t key = rh_hash(text.bytes, text.size, seed), *word = dp_words_find(words, key);
	int ret;

	*out = word ? (struct dp_atom *)dp_slot_keyed(*word) : NULL;
	if (*out && !rh_cesql_texts_equal(dp_atom_text(*out), text))
		return -EEXIST;
	ret = *out ? 0 : create(memory, words, key, text, out);
	if (ret)
		return ret;
	return (*out)->refs++ == 0;
}

int dp_atom_name_get(
	struct dp_memory *memory, struct dp_atoms *atoms, uint64_t seed, struct rh_cesql_text text, struct dp_atom **out)
{
	int ret = get(memory, &atoms->names, seed, text, out);

	if (ret <= 0)
		return ret;
	(*out)->number = number_take(memory, &atoms->numbers);
	dp_words_put(&atoms->names, (struct dp_keyed *)*out);
	return 0;
}

int dp_atom_string_get(
	struct dp_memory *memory, struct dp_atoms *atoms, uint64_t seed, struct rh_cesql_text text, struct dp_atom **out)
{
	int ret = get(memory, &atoms->strings, seed, text, out);

	if (ret > 0) {
		dp_words_put(&atoms->strings, (struct dp_keyed *)*out);
		rh_store_release(&atoms->strings_made, atoms->strings_made + 1);
	}
	return ret < 0 ? ret : 0;
}

void dp_atom_put(struct dp_memory *memory, struct dp_atoms *atoms, struct dp_atom *atom)
{
	struct dp_words *words = &atoms->names;
	uint64_t *word = dp_words_find(words, atom->key);

	if (--atom->refs)
		return;
	/* One text may be a name and a string. */
	if (!word || dp_slot_keyed(*word) != (struct dp_keyed *)atom) {
		words = &atoms->strings;
		word = dp_words_find(words, atom->key);
	}
	dp_words_remove(memory, words, word, atom->key);
	number_give(&atoms->numbers, atom->number);
	dp_memory_retire(memory, atom);
}

/* Taken once. */
static struct dp_atom *atom_take(struct dp_asked_atoms *asked, struct dp_atom *atom, int ret)
{
	asked->no_memory |= ret == -ENOMEM;
	if (ret)
		return NULL;
	for (uint32_t i = 0; i < asked->count; i++) {
		if (asked->atom[i] != atom)
			continue;
		dp_atom_put(asked->memory, asked->atoms, atom);
		return atom;
	}
	if (asked->count == DP_ATOMS_MOST) {
		dp_atom_put(asked->memory, asked->atoms, atom);
		return NULL;
	}
	asked->atom[asked->count++] = atom;
	return atom;
}

struct dp_atom *dp_asked_name(struct dp_asked_atoms *asked, struct rh_cesql_text text)
{
	struct dp_atom *atom;
	int ret = dp_atom_name_get(asked->memory, asked->atoms, asked->seed, text, &atom);

	return atom_take(asked, atom, ret);
}

struct dp_atom *dp_asked_string(struct dp_asked_atoms *asked, struct rh_cesql_text text)
{
	struct dp_atom *atom;
	int ret = dp_atom_string_get(asked->memory, asked->atoms, asked->seed, text, &atom);

	return atom_take(asked, atom, ret);
}

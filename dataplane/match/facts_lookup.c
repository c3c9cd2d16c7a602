#include "dataplane/base/hash.h"
#include "dataplane/match/facts.h"

#include <string.h>

void dp_facts_init(struct dp_facts *facts)
{
	facts->value[DP_FACT_MISSING] = DP_FACT_NONE;
	facts->place[0][DP_FACT_THERE] = DP_FACT_ALWAYS;
}

void dp_facts_clear(struct dp_facts *facts)
{
	for (uint32_t i = 0; i < facts->count; i++)
		if (facts->fact[i].number)
			memset(facts->place[facts->fact[i].number], 0, sizeof(facts->place[0]));
	facts->count = 0;
}

struct reading {
	const struct dp_atoms *atoms;
	uint64_t seed;
	struct rh_cesql_scratch *scratch;
};

static uint64_t integer_read(const struct reading *r, struct rh_cesql_value value)
{
	if (!rh_cesql_value_cast(&value, RH_CESQL_TYPE_INTEGER, r->scratch))
		return DP_FACT_NONE;
	return dp_fact_integer(value.integer);
}

static uint64_t boolean_read(const struct reading *r, struct rh_cesql_value value)
{
	if (!rh_cesql_value_cast(&value, RH_CESQL_TYPE_BOOLEAN, r->scratch))
		return DP_FACT_NONE;
	return value.boolean;
}

/* Its hash, whose bucket is asked for. Text that a number becomes is the scratch's until the next one does. */
static uint64_t string_read(const struct reading *r, struct rh_cesql_value value, struct dp_fact *fact)
{
	enum rh_cesql_type type = value.type;
	uint64_t hash;

	/* There is room for a number. */
	(void)rh_cesql_value_cast(&value, RH_CESQL_TYPE_STRING, r->scratch);
	fact->text = value.text;
	if (type == RH_CESQL_TYPE_INTEGER) {
		memcpy(fact->made, value.text.bytes, value.text.size);
		fact->text.bytes = fact->made;
	}
	fact->first = fact->last = dp_fact_bytes(fact->text.bytes, fact->text.size);
	if (fact->text.size > sizeof(fact->last))
		fact->last = dp_fact_bytes(fact->text.bytes + fact->text.size - sizeof(fact->last), sizeof(fact->last));
	hash = rh_hash(fact->text.bytes, fact->text.size, r->seed);
	dp_words_prefetch(&r->atoms->strings, hash);
	return hash;
}

/* All but the atom of its string; @value are its values. False: nobody asks for it. */
static bool fact_read(const struct reading *r, const struct rh_cesql_attribute *attribute, uint64_t name_hash,
	struct dp_fact *fact, uint64_t *value, uint64_t *string_hash)
{
	const struct dp_atom *name = dp_atom_find(&r->atoms->names, name_hash, attribute->name);
	uint32_t asks;

	if (!name)
		return false;
	asks = rh_load_relaxed(&name->asks);
	fact->name = name;
	fact->number = (uint16_t)name->number;
	value[DP_FACT_THERE] = 0;
	value[DP_FACT_INTEGER] = asks & 1U << DP_FACT_INTEGER ? integer_read(r, attribute->value) : DP_FACT_NONE;
	value[DP_FACT_BOOLEAN] = asks & 1U << DP_FACT_BOOLEAN ? boolean_read(r, attribute->value) : DP_FACT_NONE;
	value[DP_FACT_STRING] = DP_FACT_NONE;
	if (!(asks & 1U << DP_FACT_STRING))
		return true;
	*string_hash = string_read(r, attribute->value, fact);
	value[DP_FACT_STRING] = 0;
	return true;
}

/* Where fact number @at has its values. */
static uint32_t place_of(uint32_t at)
{
	return DP_FACT_FIRST + at * DP_FACT_KINDS;
}

/* Where tests find them, by its number. */
static void fact_put(struct dp_facts *facts, uint32_t at)
{
	uint32_t number = facts->fact[at].number;

	for (uint32_t kind = 0; number && kind < DP_FACT_KINDS; kind++)
		facts->place[number][kind] = (uint16_t)(place_of(at) + kind);
}

/* The atoms of their strings, whose hashes are @string_hash. */
static void strings_find(struct dp_facts *facts, const struct dp_atoms *atoms, const uint64_t *string_hash)
{
	for (uint32_t i = 0; i < facts->count; i++)
		if (dp_facts_value(facts, i, DP_FACT_STRING) != DP_FACT_NONE)
			dp_words_prefetch_object(&atoms->strings, string_hash[i]);
	for (uint32_t i = 0; i < facts->count; i++)
		if (dp_facts_value(facts, i, DP_FACT_STRING) != DP_FACT_NONE)
			facts->value[place_of(i) + DP_FACT_STRING] =
				dp_fact_atom(dp_atom_find(&atoms->strings, string_hash[i], facts->fact[i].text));
}

void dp_facts_read(struct dp_facts *facts, const struct dp_atoms *atoms, uint64_t seed, const struct rh_cesql_attribute *attribute,
	const uint64_t *hash, size_t count, struct rh_cesql_scratch *scratch)
{
	const struct reading r = {atoms, seed, scratch};
	uint64_t string_hash[DP_ATTRIBUTES_MAX];

	facts->strings_made = rh_load_acquire(&atoms->strings_made);
	for (size_t i = 0; i < count; i++)
		dp_words_prefetch(&atoms->names, hash[i]);
	for (size_t i = 0; i < count; i++)
		dp_words_prefetch_object(&atoms->names, hash[i]);
	for (size_t i = 0; i < count; i++)
		facts->count += fact_read(&r, &attribute[i], hash[i], &facts->fact[facts->count],
			&facts->value[place_of(facts->count)], &string_hash[facts->count]);
	strings_find(facts, atoms, string_hash);
	for (uint32_t i = 0; i < facts->count; i++)
		fact_put(facts, i);
}

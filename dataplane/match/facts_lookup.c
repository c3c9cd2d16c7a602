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

/* Up to eight bytes, the first lowest. Two loads may overlap: they agree. */
static uint64_t bytes_read(const char *bytes, uint32_t size)
{
	uint32_t low, high;
	uint64_t all = 0;

	if (size >= sizeof(all)) {
		memcpy(&all, bytes, sizeof(all));
		return all;
	}
	if (size >= sizeof(low)) {
		memcpy(&low, bytes, sizeof(low));
		memcpy(&high, bytes + size - sizeof(high), sizeof(high));
		return low | (uint64_t)high << 8 * (size - sizeof(high));
	}
	for (uint32_t i = 0; i < size; i++)
		all |= (uint64_t)(uint8_t)bytes[i] << 8 * i;
	return all;
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
	fact->first = fact->last = bytes_read(fact->text.bytes, fact->text.size);
	if (fact->text.size > sizeof(fact->last))
		fact->last = bytes_read(fact->text.bytes + fact->text.size - sizeof(fact->last), sizeof(fact->last));
	hash = rh_hash(fact->text.bytes, fact->text.size, r->seed);
	dp_words_prefetch(&r->atoms->strings, hash);
	return hash;
}

/* All but the atom of its string. False: nobody asks for it. */
static bool fact_read(const struct reading *r, const struct rh_cesql_attribute *attribute, uint64_t name_hash,
	struct dp_fact *fact, uint64_t *string_hash)
{
	const struct dp_atom *name = dp_atom_find(&r->atoms->names, name_hash, attribute->name);
	uint32_t asks;

	if (!name)
		return false;
	asks = rh_load_relaxed(&name->asks);
	fact->name = name;
	fact->number = (uint16_t)name->number;
	fact->value[DP_FACT_THERE] = 0;
	fact->value[DP_FACT_INTEGER] = asks & 1U << DP_FACT_INTEGER ? integer_read(r, attribute->value) : DP_FACT_NONE;
	fact->value[DP_FACT_BOOLEAN] = asks & 1U << DP_FACT_BOOLEAN ? boolean_read(r, attribute->value) : DP_FACT_NONE;
	fact->value[DP_FACT_STRING] = DP_FACT_NONE;
	if (!(asks & 1U << DP_FACT_STRING))
		return true;
	*string_hash = string_read(r, attribute->value, fact);
	fact->value[DP_FACT_STRING] = 0;
	return true;
}

/* Into place, where tests find them. */
static void fact_put(struct dp_facts *facts, uint32_t at)
{
	const struct dp_fact *fact = &facts->fact[at];
	uint16_t place = (uint16_t)(DP_FACT_FIRST + at * DP_FACT_KINDS);

	memcpy(&facts->value[place], fact->value, sizeof(fact->value));
	for (uint16_t kind = 0; fact->number && kind < DP_FACT_KINDS; kind++)
		facts->place[fact->number][kind] = place + kind;
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
		facts->count += fact_read(&r, &attribute[i], hash[i], &facts->fact[facts->count], &string_hash[facts->count]);
	for (uint32_t i = 0; i < facts->count; i++)
		if (facts->fact[i].value[DP_FACT_STRING] != DP_FACT_NONE)
			dp_words_prefetch_object(&atoms->strings, string_hash[i]);
	for (uint32_t i = 0; i < facts->count; i++) {
		struct dp_fact *fact = &facts->fact[i];

		if (fact->value[DP_FACT_STRING] != DP_FACT_NONE)
			fact->value[DP_FACT_STRING] =
				dp_fact_atom(dp_atom_find(&atoms->strings, string_hash[i], fact->text));
		fact_put(facts, i);
	}
}

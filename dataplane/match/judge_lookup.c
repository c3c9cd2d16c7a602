#include "dataplane/match/judge.h"

#include "dataplane/base/atomic.h"
#include "dataplane/base/pages.h"

#include <string.h>

#define SERIAL_BITS 17
#define ABOUT_BITS  (64 - SERIAL_BITS) /* address in steps of 8, truth behind */
#define MEMO_MASK   ((1u << DP_MEMO_BITS) - 1)

struct dp_judge *dp_judge_create(uint32_t owner, const struct dp_contents *contents)
{
	struct dp_judge *judge = rh_pages_reserve_sparse(sizeof(*judge));

	if (!judge)
		return NULL;
	judge->owner = owner;
	judge->contents = contents;
	dp_facts_init(&judge->facts);
	return judge;
}

void dp_judge_destroy(struct dp_judge *judge)
{
	rh_pages_release(judge, sizeof(*judge));
}

static void attributes_read(struct dp_judge *judge)
{
	if (judge->attributes_read)
		return;
	judge->attributes_read = true;
	judge->event.attribute = judge->attribute;
	judge->event.count = dp_attributes_read(judge->key->attributes, judge->key->attributes_len, judge->attribute);
}

static void names_read(struct dp_judge *judge)
{
	if (judge->names_hashed)
		return;
	judge->names_hashed = true;
	attributes_read(judge);
	for (size_t i = 0; i < judge->event.count; i++) {
		const struct rh_cesql_text *name = &judge->attribute[i].name;

		judge->name_hash[i] = dp_access_bytes(judge->contents->seed, name->bytes, name->size);
	}
}

const struct dp_facts *dp_judge_facts(struct dp_judge *judge)
{
	if (!judge->facts_read) {
		judge->facts_read = true;
		names_read(judge);
		dp_facts_clear(&judge->facts);
		dp_facts_read(&judge->facts, &judge->contents->atoms, judge->contents->seed, judge->attribute, judge->name_hash,
			judge->event.count, &judge->scratch);
	}
	return &judge->facts;
}

static bool scan_bytes(struct dp_judge *judge, struct rh_cesql_text text, struct dp_matched *matched)
{
	bool done = dp_content_scan(judge->patterns, judge->owner, text.bytes, text.size, matched);

	rh_add_relaxed(&judge->scans, 1);
	rh_add_relaxed(&judge->scan_errors, !done);
	return done;
}

/* Once an event. */
static bool scan_payload(struct dp_judge *judge)
{
	if (!judge->scanned) {
		judge->scanned = true;
		judge->scan_failed = !scan_bytes(judge, judge->event.payload, &judge->matched);
	}
	return !judge->scan_failed;
}

const struct dp_matched *dp_judge_patterns(struct dp_judge *judge)
{
	return judge->patterns && scan_payload(judge) ? &judge->matched : NULL;
}

/* Once for an attribute as long as no other is asked for; text that a cast has made is another each time. */
static bool scan_text(struct dp_judge *judge, struct rh_cesql_text text)
{
	const char *made = judge->scratch.strings;
	bool is_made = text.bytes >= made && text.bytes < made + sizeof(judge->scratch.strings);

	if (!is_made && judge->scanned_text.bytes == text.bytes && judge->scanned_text.size == text.size)
		return true;
	dp_matched_clear(&judge->text_matched);
	judge->scanned_text = is_made ? (struct rh_cesql_text){0} : text;
	if (scan_bytes(judge, text, &judge->text_matched))
		return true;
	judge->scanned_text = (struct rh_cesql_text){0};
	return false;
}

/* rh_cesql_event.matches. A number that is younger than the database means nothing to it, neither yes nor no. */
static int matches(void *arg, uint32_t pattern, struct rh_cesql_text text)
{
	struct dp_judge *judge = arg;
	bool payload = text.bytes == judge->event.payload.bytes && text.size == judge->event.payload.size;

	if (!judge->patterns || judge->predicate->epoch > judge->patterns->epoch ||
		!(payload ? scan_payload(judge) : scan_text(judge, text)))
		return -1;
	return dp_matched_has(payload ? &judge->matched : &judge->text_matched, pattern);
}

void dp_judge_begin(struct dp_judge *judge, const struct dp_match_key *key, const struct dp_patterns *patterns)
{
	dp_matched_clear(&judge->matched);
	dp_matched_clear(&judge->text_matched);
	judge->scanned_text = (struct rh_cesql_text){0};
	judge->event.payload = (struct rh_cesql_text){(const char *)key->payload, key->payload_len};
	judge->event.known = &judge->known;
	rh_cesql_known_clear(&judge->known);
	judge->event.matches = matches;
	judge->event.arg = judge;
	judge->key = key;
	judge->patterns = patterns;
	judge->attributes_read = judge->names_hashed = judge->facts_read = judge->scanned = judge->undecided = false;
	judge->remembered = 0;
	if (rh_likely(++judge->serial < 1u << SERIAL_BITS))
		return;
	/* Once in 131,071 events. */
	memset(judge->memo, 0, sizeof(judge->memo));
	judge->serial = 1;
}

static enum dp_truth pattern_truth(struct dp_judge *judge, const struct dp_predicate *predicate)
{
	int has = matches(judge, predicate->pattern, judge->event.payload);

	if (has < 0)
		return DP_TRUTH_ERROR;
	return has ? DP_TRUTH_TRUE : DP_TRUTH_FALSE;
}

static enum dp_truth program_truth(struct dp_judge *judge, const struct dp_predicate *predicate)
{
	struct rh_cesql_result result;

	attributes_read(judge);
	result = rh_cesql_evaluate(dp_predicate_program(predicate), &judge->event, &judge->scratch);
	if (result.error || result.value.type != RH_CESQL_TYPE_BOOLEAN)
		return DP_TRUTH_ERROR;
	return result.value.boolean ? DP_TRUTH_TRUE : DP_TRUTH_FALSE;
}

/* NULL: the event has none of that name. */
static const struct rh_cesql_attribute *attribute_find(struct dp_judge *judge, const struct dp_predicate *predicate)
{
	for (size_t i = 0; i < judge->event.count; i++)
		if (judge->name_hash[i] == predicate->name_hash &&
			rh_cesql_texts_equal(judge->attribute[i].name, predicate->compare.name))
			return &judge->attribute[i];
	return NULL;
}

static bool compare(const struct rh_cesql_comparison *compare, const struct rh_cesql_value *x)
{
	const struct rh_cesql_value *y = &compare->value;

	if (compare->kind != RH_CESQL_EQUAL)
		return rh_cesql_in_order((enum rh_cesql_kind)compare->kind, x->integer, y->integer);
	return rh_cesql_values_equal(x, y) != compare->negated;
}

/* What the program would say (section 3.4.5), in a quarter of the cycles. */
static enum dp_truth compare_truth(struct dp_judge *judge, const struct dp_predicate *predicate)
{
	const struct rh_cesql_attribute *attribute;
	struct rh_cesql_value value;

	names_read(judge);
	attribute = attribute_find(judge, predicate);
	if (!attribute)
		return DP_TRUTH_ERROR;
	value = attribute->value;
	if (rh_unlikely(value.type != predicate->compare.value.type) &&
		!rh_cesql_value_cast(&value, predicate->compare.value.type, &judge->scratch))
		return DP_TRUTH_ERROR;
	return compare(&predicate->compare, &value) ? DP_TRUTH_TRUE : DP_TRUTH_FALSE;
}

static enum dp_truth evaluate(struct dp_judge *judge, const struct dp_predicate *predicate)
{
	if (rh_unlikely((judge->no_payload && predicate->asks_payload) ||
			(judge->no_attributes && predicate->asks_attributes))) {
		judge->undecided = true;
		return DP_TRUTH_ERROR;
	}
	judge->predicate = predicate;
	if (predicate->kind == DP_PREDICATE_COMPARE)
		return compare_truth(judge, predicate);
	return predicate->kind == DP_PREDICATE_PATTERN ? pattern_truth(judge, predicate)
						       : program_truth(judge, predicate);
}

static enum dp_truth truth_of(struct dp_judge *judge, const struct dp_predicate *predicate)
{
	uint64_t want = (uint64_t)judge->serial << ABOUT_BITS | (uintptr_t)predicate >> 3 << 2;
	uint32_t at = (uint32_t)(((uintptr_t)predicate >> 3) * 0x9e3779b97f4a7c15ULL >> (64 - DP_MEMO_BITS));
	enum dp_truth truth;

	/* To remember it would cost as much as to compare again. */
	if (rh_likely(predicate->kind == DP_PREDICATE_COMPARE))
		return evaluate(judge, predicate);
	/* Entries of other events are free places. */
	for (; judge->memo[at] >> ABOUT_BITS == judge->serial; at = (at + 1) & MEMO_MASK)
		if ((judge->memo[at] & ~3ULL) == want)
			return (enum dp_truth)(judge->memo[at] & 3);
	truth = evaluate(judge, predicate);
	/* What could not be decided has to be asked again, so that each who asks learns it. */
	if (rh_likely(judge->remembered < DP_MEMO_MOST && !judge->undecided)) {
		judge->remembered++;
		judge->memo[at] = want | truth;
	}
	return truth;
}

bool dp_judge_holds(struct dp_judge *judge, const struct dp_expression *expression)
{
	enum dp_truth truth;
	uint64_t pushed = 0; /* the last one lowest */
	bool now = false;

	for (uint32_t i = 0; i < expression->steps; i++) {
		uint64_t step = expression->step[i];

		switch (DP_STEP_CODE(step)) {
		case DP_STEP_TEST:
			truth = truth_of(judge, DP_STEP_PREDICATE(step));
			if (truth == DP_TRUTH_ERROR)
				return false;
			now = truth == DP_TRUTH_TRUE;
			break;
		case DP_STEP_NOT:
			now = !now;
			break;
		case DP_STEP_AND:
			i = now ? i : DP_STEP_AT(step) - 1;
			break;
		case DP_STEP_OR:
			i = now ? DP_STEP_AT(step) - 1 : i;
			break;
		case DP_STEP_PUSH:
			pushed = pushed << 1 | now;
			break;
		case DP_STEP_XOR:
			now ^= pushed & 1;
			pushed >>= 1;
			break;
		}
	}
	return now;
}

#pragma once

/*
 * Whether expressions hold for an event: each predicate is evaluated at most once, and attributes and payload are looked
 * at only when a predicate asks for them. One thread's.
 */

#include "dataplane/cesql/known.h"
#include "dataplane/cesql/program.h"
#include "dataplane/match/budget.h"
#include "dataplane/match/expression.h"
#include "dataplane/match/facts.h"
#include "dataplane/match/match_lookup.h"
#include "dataplane/match/table_priv.h"

/*
 * What is known of predicates, by address. An event with more distinct predicates than three quarters of them has the rest
 * evaluated as often as it is asked for. Reserved; lines that are not needed are not touched.
 */
#define DP_MEMO_BITS 16
#define DP_MEMO_MOST (3u << (DP_MEMO_BITS - 2))

enum dp_truth { DP_TRUTH_FALSE, DP_TRUTH_TRUE, DP_TRUTH_ERROR };

struct dp_judge {
	uint32_t owner; /* of the patterns' scratch */
	const struct dp_contents *contents;
	/* The event. */
	const struct dp_match_key *key;
	const struct dp_patterns *patterns;
	bool attributes_read, names_hashed, facts_read, scanned, scan_failed;
	/* Of dp_table_explain: without them nothing that asks for them is decided. */
	bool no_attributes, no_payload;
	bool undecided;
	/* An entry: serial (17 bits), address in steps of 8 (45), truth (2). */
	uint32_t serial, remembered;
	uint64_t scans, scan_errors; /* ever; read relaxed by anyone */
	struct dp_matched matched; /* of the payload */
	/* The attribute scanned last, an event's own text, and what is in it. */
	struct rh_cesql_text scanned_text;
	struct dp_matched text_matched;
	const struct dp_predicate *predicate; /* under way */
	struct rh_cesql_event event;
	struct rh_cesql_known known; /* of its payload */
	struct rh_cesql_attribute attribute[DP_ATTRIBUTES_MAX];
	uint64_t name_hash[DP_ATTRIBUTES_MAX];
	struct dp_facts facts;
	struct rh_cesql_scratch scratch;
	uint64_t memo[1u << DP_MEMO_BITS];
};

/* @contents: the table's. NULL: no memory. Ctx: control. */
struct dp_judge *dp_judge_create(uint32_t owner, const struct dp_contents *contents);
void dp_judge_destroy(struct dp_judge *judge);

/* From now on it is about @key; @patterns, which may be NULL, are its tenant's. Ctx: owner, under RCU. */
void dp_judge_begin(struct dp_judge *judge, const struct dp_match_key *key, const struct dp_patterns *patterns);
/*
 * Events whose payloads will be asked for patterns, scanned one right behind the other, before any of them is judged: the
 * scan's own code and tables then stay in the first caches (docs/performance.md).
 */
#define DP_AHEAD_IDS 4096
struct dp_ahead {
	uint32_t events, used; /* used: of id */
	/*
	 * A bit for each that has to be judged. In: also without a pattern that is found. Out: besides, those with one, and those of which
	 * it could not be said.
	 */
	uint64_t judged;
	struct dp_meter *meter; /* turned to each event's tenant */
	/* In: NULL, or the patterns to look for in the payload. */
	const struct dp_patterns *patterns[DP_MATCH_BURST_MAX];
	const struct dp_match_key *key[DP_MATCH_BURST_MAX];
	/* Out. */
	uint16_t first[DP_MATCH_BURST_MAX], count[DP_MATCH_BURST_MAX];
	uint16_t id[DP_AHEAD_IDS]; /* patterns found */
};
/* Not scanned, or it could not be said. */
#define DP_AHEAD_UNKNOWN UINT16_MAX
/* Ctx: owner, under RCU. */
void dp_judge_scan_ahead(struct dp_judge *judge, struct dp_ahead *ahead);
/* After dp_judge_begin for it. */
void dp_judge_take_ahead(struct dp_judge *judge, const struct dp_ahead *ahead, uint32_t event);
/* Ctx: owner, in the same burst. No allocation. */
bool dp_judge_holds(struct dp_judge *judge, const struct dp_expression *expression);

/* The patterns that are in the payload; NULL: that cannot be said. Ctx: as above. */
const struct dp_matched *dp_judge_patterns(struct dp_judge *judge);
/* What the event's attributes say. Ctx: as above. */
const struct dp_facts *dp_judge_facts(struct dp_judge *judge);

/*
 * The attributes of @len bytes as CESQL sees them, at most DP_ATTRIBUTES_MAX of them; returns how many. A Boolean or
 * Integer whose text is none is a String. Ctx: any; @attributes were accepted by rh_attributes_check.
 */
size_t dp_attributes_read(const uint8_t *attributes, size_t len, struct rh_cesql_attribute *out);

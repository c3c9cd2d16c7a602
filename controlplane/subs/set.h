#pragma once

#include "dataplane/api/limits.h"
#include "dataplane/api/table.h"

struct cp_tenant;

#define CP_RUNS	  DP_LIMIT_PATTERN_TIERS
#define CP_LEVELS 3 /* of merges; a tenant has one of each under way */
#define CP_LEVEL_NONE CP_LEVELS /* a pattern on its own, or nothing but runs that end */

enum cp_part { CP_PART_KEPT, CP_PART_FRESH, CP_PART_LEAVES };

struct cp_member {
	dp_pattern_id_t id;
	enum cp_part part;
};

/* What makes one run of several, and of patterns that are in none yet. */
struct cp_set {
	uint64_t sources; /* a bit for each run that it replaces */
	uint64_t stayed;  /* of those, what the builder could not take away: they match what they did */
	uint8_t run;	  /* where it goes: one of the sources, or a free one */
	uint8_t level;
	bool store; /* most of the tenant's: worth to be kept on disk */
	uint32_t fresh, count; /* patterns that are in none yet; all that will be in it */
	uint32_t centicycles;
	uint32_t max_pattern;
	struct cp_member *members; /* also those that leave */
	uint32_t member_count;
};

/* set_members.c: Ctx control loop */
void cp_set_add(struct cp_set *set, dp_pattern_id_t id, enum cp_part part);
/* Room for all that @set may hold. False: no memory. */
bool cp_set_alloc(struct cp_tenant *t, struct cp_set *set);
/* @set->fresh of the ready ones are taken out of the list, or as many as the tenant may take; says how many. */
void cp_set_take_ready(struct cp_tenant *t, struct cp_set *set);
/* All of the sources in ascending order, with those taken; what nobody uses and no other run holds leaves. */
void cp_set_choose(struct cp_tenant *t, struct cp_set *set);
/* What the helper is asked to compile. NULL: no memory. */
uint8_t *cp_set_body(struct cp_tenant *t, const struct cp_set *set, size_t *len);
void cp_set_free(struct cp_set *set);

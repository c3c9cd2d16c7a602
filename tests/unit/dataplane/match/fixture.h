#pragma once

/*
 * A table and one worker's matching state on the test's own thread.
 */

#include "dataplane/match/match_lookup.h"

struct dp_topic_row;

extern struct dp_table *table;
extern struct dp_match *match;
/* Of the table's hashes; 0 (random) unless a test that prints its seed sets it before the start. */
extern uint64_t fixture_seed;

/* Registers with RCU; cache entries as in dp_table_conf. */
void fixture_start(uint32_t cache_entries);
/* Waits for every callback. */
void fixture_stop(void);

dp_sub_id_t fixture_add(
	uint16_t tenant, const char *filter, dp_session_id_t session, dp_pattern_id_t pattern);
/* With a condition that fixture_content made, of tenant 0. */
dp_sub_id_t fixture_subscribe(const char *filter, dp_session_id_t session, dp_content_id_t content);
/* Condition @id of tenant 0, in CESQL. */
void fixture_content(dp_content_id_t id, const char *cesql);
/* An exception of @session. */
dp_sub_id_t fixture_except(uint16_t tenant, const char *filter, dp_session_id_t session);
/* Publish, begin a burst and report a quiescent state. Returns the generation. */
uint64_t fixture_publish(void);
/* Match one event; sessions ascending in @sessions. Returns how many, or -1 for a bad topic. */
int fixture_match(
	uint16_t tenant, const char *topic, const char *payload, uint32_t *sessions, uint32_t room);
/* The last fixture_match's result. */
extern struct dp_match_result fixture_result;
/* fixture_match as text: "1 2 7", "-" for a bad topic. Static. */
const char *fixture_sessions(const char *topic, const char *payload);
struct dp_table_stats fixture_stats(void);
/* Let every retired object be freed. */
void fixture_reclaim(void);

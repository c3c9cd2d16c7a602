#pragma once

/* The fixture with the real table, of which this thread is the only worker. */

#include "dataplane/match/match_lookup.h"
#include "tests/unit/controlplane/subs/fixture.h"

extern struct dp_table *table;
extern struct dp_match *match;

void table_fixture_start(void);
void table_fixture_stop(void);

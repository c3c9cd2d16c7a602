#pragma once

/* How often a race is run: every run is short, but for one that RHUMB_LONG=1 asks for. */

#include "dataplane/base/rcu.h"

#include <stdbool.h>
#include <stdlib.h>

struct race_rounds {
	unsigned broken; /* until the checks of a broken one have noticed */
	unsigned small;	 /* under TSAN */
	unsigned usual;
};

static inline unsigned race_rounds(const struct race_rounds *rounds, bool broken)
{
	const char *asked = getenv("RHUMB_LONG");
	bool longer = asked && *asked == '1';

	if (broken)
		return rounds->broken;
#ifdef RH_RCU_TSAN
	return longer ? rounds->usual : rounds->small;
#else
	return longer ? rounds->usual * 20 : rounds->usual;
#endif
}

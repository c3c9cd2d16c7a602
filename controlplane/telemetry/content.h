#pragma once

/*
 * Watches whose content goes beyond its share: one line in the log when a tenant begins to, one when it has not for ten seconds.
 * Ctx of everything: control loop.
 */

#include "controlplane/conf/conf.h"

#include <stdbool.h>
#include <stdint.h>

#define CP_CONTENT_CALM_NS 10000000000ULL

/* A tenant, as it was when looked at last. All zero: never. */
struct cp_content_watch {
	uint64_t to_lane, refused;	   /* ever */
	uint64_t from_to_lane, from_refused; /* of these, before it began */
	uint64_t began_ns, beyond_ns, lost_ns; /* when it began; last went beyond; last was refused. 0: not */
};

/* Look at @tenant, called @name in the log. */
void cp_content_look(struct cp_content_watch *watch, const struct dp_engine *eng, uint16_t tenant, const char *name, uint32_t share, uint64_t now_ns);
/* Were events refused within the last ten seconds? */
static inline bool cp_content_loses(const struct cp_content_watch *watch, uint64_t now_ns)
{
	return watch->lost_ns && now_ns - watch->lost_ns < CP_CONTENT_CALM_NS;
}

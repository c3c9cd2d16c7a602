#pragma once

/*
 * Which processors a thread of this process can be pinned to. Private to dataplane/port; see dp_core_check in the API. No DPDK here.
 */

#include "dataplane/base/error.h"

/* dp_core_check with the machine's tree given (see host.h); what the process is allowed counts on the real machine only. */
int dp_core_check_at(const char *root, unsigned core, struct rh_error *err);

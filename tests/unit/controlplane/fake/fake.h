#pragma once

/*
 * A router without a dataplane for tests of what reads it (control socket, metrics): the api
 * functions, answered from the struct below.
 */

#include "controlplane/subs/subs.h"
#include "dataplane/api/content.h"
#include "dataplane/api/counters.h"
#include "dataplane/api/engine.h"
#include "dataplane/api/port.h"
#include "dataplane/api/trace.h"

#define FAKE_WORKERS 2

struct fake {
	uint32_t workers, sessions, subs, topics, traced;
	uint32_t topic_passes; /* over all topics, so far */
	uint64_t missed[FAKE_WORKERS]; /* events of topic a/1 in a worker's rest */
	uint64_t torn[FAKE_WORKERS]; /* rows that cannot be read */
	bool sampled;
	struct dp_counters counters[FAKE_WORKERS];
	struct dp_worker_status status[FAKE_WORKERS];
	struct dp_content_use content_use; /* of the default tenant */
	bool link_up;
	bool tracing;
	/* explain waits here until fake_explain_finish */
	cp_subs_explain_cb explain_cb;
	void *explain_arg;
	bool explain_now; /* answer at once instead */
	int explain_attributes; /* bytes of those it was given; -1: none were */
	char explain_bytes[64];	/* the first of them */
	bool credit_spent; /* of every session, and copies wait */
	const char *content; /* of every subscription; NULL: only the second has one */
};

extern struct fake fake;

/* One port, two workers, a few of everything. */
void fake_reset(void);
/* A configuration to go with it; the caller frees. */
struct cp_conf *fake_conf(void);
void fake_explain_finish(int status);

#pragma once

/* What the builder thread is asked to do. */

#include "controlplane/subs/content.h"
#include "controlplane/subs/lane.h"
#include "controlplane/subs/set.h"
#include "controlplane/subs/subs.h"
#include "dataplane/api/samples.h"

struct cp_tenant;

enum cp_builder_kind { CP_BUILDER_CHANGES, CP_BUILDER_CONTENTS, CP_BUILDER_PATTERNS, CP_BUILDER_EXPLAIN, CP_BUILDER_MEASURE };

struct cp_builder_job {
	struct cp_job job;
	enum cp_builder_kind kind;
	int status;
	struct rh_error err;
	uint64_t generation; /* effective from here on */
};

struct cp_contents_job {
	struct cp_builder_job builder;
	struct cp_content *first; /* then by .next */
};

struct cp_patterns_job {
	struct cp_builder_job builder;
	struct cp_tenant *tenant;
	struct cp_set set;
	uint8_t *body; /* helper's reply: cost, then the database; NULL: the sources end, nothing comes */
	size_t len;
};

struct cp_measure_job {
	struct cp_builder_job builder;
	struct cp_tenant *tenant;
	struct dp_samples samples;
	uint32_t centicycles;
};

struct cp_explain_job {
	struct cp_builder_job builder;
	struct dp_explain_event event; /* its bytes are ours */
	struct dp_explain_row *rows;
	uint32_t count, room;
	struct dp_explain_cost cost;
	cp_subs_explain_cb cb;
	void *arg;
};

/* builder.c; @arg is the struct cp_subs. */
void *cp_builder_main(void *arg);
void cp_explain_free(struct cp_explain_job *job);

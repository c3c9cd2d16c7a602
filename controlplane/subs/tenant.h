#pragma once

/* A tenant's patterns, and the runs that hold them. */

#include "controlplane/subs/pattern.h"
#include "controlplane/subs/set.h"

struct cp_measure_job;
struct cp_patterns_job;
struct cp_subs;

/* One database of a tenant. */
struct cp_run {
	uint32_t count; /* patterns in it; 0: none */
	uint32_t used;	/* of them, those with refs */
	uint32_t centicycles, coming_centicycles; /* of what it is, of what the builder makes it */
	bool busy; /* is being replaced or made */
};

/* A number that waits until every worker has loaded the generation that no longer holds it. */
struct cp_pattern_rest {
	dp_pattern_id_t id;
	uint64_t generation;
};

struct cp_tenant {
	struct cp_subs *subs;
	uint16_t id;
	struct rh_htable patterns;
	struct cp_pattern **by_id;    /* [HSC_PATTERNS_MAX + 1] */
	struct cp_pattern_rest *rest; /* ring of HSC_PATTERNS_MAX + 1 */
	uint32_t rest_head, rest_tail;
	uint32_t id_most; /* highest number ever given */
	uint32_t used;	  /* patterns with refs that are not refused */
	uint32_t checking; /* first looks under way */
	uint32_t ready;	   /* patterns in the list */
	struct cp_pattern *ready_head, **ready_tail;
	uint64_t compile_us; /* of its patterns that are used and not small, each alone */
	uint32_t take_most; /* ready patterns taken into the next set: halved when a set fails, to
			       find the one */
	struct cp_run runs[CP_RUNS];
	bool merging[CP_LEVELS];
	uint64_t not_before_ns[CP_LEVELS]; /* of the next merge that nobody waits for, after one failed */
	uint64_t changed_ns;		   /* a pattern came, or a run */
	uint64_t large_ns;		   /* what the last large merge took */
	uint64_t keep_until_ns; /* patterns that nobody uses stay: they came from the store */
	bool wide;  /* scanned one after the other the runs and the ready ones are too dear: with the medium runs into one */
	bool whole; /* that was not enough: all into one */
	bool purge; /* numbers ran out: compile without the unused ones */
	struct cp_pattern *refused_head, *refused_tail;
	uint32_t refused_count;
	/* Its own payloads (samples.c). */
	bool sampled, measuring;
	bool dear;		      /* typical is beyond what is allowed, and that was told */
	uint32_t typical_centicycles; /* of all its runs, measured last; or HSC_UNKNOWN */
	uint64_t wanted_ns;	      /* when it last had a pattern */
	uint64_t measure_ns;	      /* not before */
	uint64_t measured_taken;      /* samples ever taken by the last time */
};

/* pattern.c: Ctx control loop */
/* Made when it is new. NULL: no memory. */
struct cp_tenant *cp_tenant_get(struct cp_subs *subs, uint16_t id);
void cp_tenant_destroy(struct cp_tenant *t);

/* pattern_runs.c: Ctx control loop */
/* Choose the run of @set: one of its sources, or a free one, and mark it and them busy. False: none is free. */
bool cp_run_take(struct cp_tenant *t, struct cp_set *set);
uint32_t cp_runs_free(const struct cp_tenant *t);
/* Idle ones of a single pattern. */
uint32_t cp_runs_alone(const struct cp_tenant *t);
/* Of all runs but @without, one after the other, in 1/100 cycle a payload byte. */
uint32_t cp_runs_cost(const struct cp_tenant *t, uint64_t without);
/* Runs that nobody uses, to be dropped on the way. */
uint64_t cp_runs_unused(const struct cp_tenant *t);
/* What the next merge of @level is made of. False: none is due. @set->fresh is how many of the ready ones go in. */
bool cp_merge_due(struct cp_tenant *t, uint8_t level, struct cp_set *set);
/* Idle ones that are not large. */
uint64_t cp_runs_wide(const struct cp_tenant *t);
/* What nobody uses is wanted soon, or was not long ago. */
bool cp_tenant_keeps(const struct cp_tenant *t);
/* Something may become due without an event. */
bool cp_merge_later(const struct cp_tenant *t);
/* References of @p rose from 0 or fell to it. */
void cp_runs_use(struct cp_pattern *p, int step);

/* pattern_stored.c: Ctx control loop, before the first request */
/* Patterns that were kept on disk become runs that nobody uses yet. */
void cp_stored_adopt(struct cp_subs *subs);

/* pattern_set.c: Ctx control loop */
/* Takes @body (NULL: the sources end) and what @set holds. False: no memory, nothing is taken. */
bool cp_set_install(struct cp_tenant *t, struct cp_set *set, uint8_t *body, size_t len);
/* Install and merge what is due. */
void cp_tenant_compile(struct cp_tenant *t);
void cp_compile_done(struct cp_compile_job *job);
void cp_patterns_installed(struct cp_subs *subs, struct cp_patterns_job *job);
void cp_patterns_job_free(struct cp_patterns_job *job);
void cp_tidy_run(uv_timer_t *timer);

/* samples.c: Ctx control loop */
/* @t asks for a pattern, or has some: its payloads are sampled from now on. */
void cp_samples_want(struct cp_tenant *t);
/* @job goes to the helper with what there is; and is back from it. */
void cp_samples_pack(struct cp_compile_job *job);
void cp_samples_drop(struct cp_compile_job *job);
/* @t's runs have changed: they are measured at the next tick. */
void cp_samples_again(struct cp_tenant *t);
/* The builder has measured. Takes @job. */
void cp_samples_measured(struct cp_measure_job *job);
void cp_samples_tick(uv_timer_t *timer);
/* What its patterns in use may cost a payload byte: each what one may, and all together what they may. */
uint32_t cp_tenant_scan_most(const struct cp_tenant *t);

#pragma once

#include "controlplane/subs/subs_priv.h"

/* What the table was asked to do, in order; written by the builder thread, read after the loop came
 * to rest. */
struct fake_op {
	char what; /* '+' add, '-' delete, 'C' content, 'D' content deleted, 'P' patterns, 'E' patterns that end, '!' publish */
	dp_sub_id_t sub;
	dp_session_id_t session;
	dp_content_id_t content;
	dp_pattern_id_t pattern; /* '+', 'C': the content's first; 'P': the highest */
	uint32_t tier;
	char filter[64];
};

#define FAKE_SUBS 262144

/* What it holds, by number. */
struct fake_sub {
	bool used, except;
	uint16_t len, tenant;
	dp_session_id_t session;
	dp_content_id_t content;
	char canon[64];
};

#define FAKE_CONTENTS 262144

struct fake_content {
	bool used;
	uint16_t tenant;
	uint16_t nodes; /* of its tree; 0: none was given */
	uint32_t subs;
	unsigned patterns;
	dp_pattern_id_t pattern; /* the first */
};

struct fake_table {
	struct fake_op ops[65536]; /* the last ones */
	unsigned count;
	uint64_t generation;
	uint64_t seen;	    /* what dp_engine_seen answers; atomic */
	bool seen_follows;  /* answer the generation */
	uint32_t subs_most; /* -ENOSPC beyond; 0: no bound */
	uint32_t live;
	int patterns_error; /* what databases are refused with; 0: they are not */
	int empty_error;    /* what the end of a tier is refused with */
	uint64_t tiers;	    /* that hold one */
	uint32_t max_pattern;
	const char *refuse; /* filters that begin so have no room; NULL: none */
	struct fake_content *contents; /* [FAKE_CONTENTS], by number */
	uint32_t live_contents;
	int content_error; /* what the next contents are refused with; 0: none */
	int add_error; /* what the next additions are refused with; 0: none */
	struct fake_sub *subs; /* [FAKE_SUBS] */
	uint32_t next_fresh;
	uint32_t *free; /* numbers given back, to be given first */
	uint32_t free_count;
	/* What workers sampled of tenant 0, each a text; how many are wanted of it, forgotten again, and measured. */
	const char *payload[DP_SAMPLES];
	uint32_t payloads;
	unsigned wanted, forgotten;
	unsigned measured;   /* atomic */
	uint32_t cost;	     /* what they are found to cost; atomic */
};

struct answer {
	unsigned calls;
	uint16_t count;
	uint64_t generation;
	struct cp_sub_outcome outcomes[64];
};

extern struct fake_table fake;
/* What databases are made for. */
extern const char *fake_database_kind;
/* The first database after the start is refused. */
extern int fake_first_error;
extern const struct cp_subs_ops *const subs_fake_ops;
extern struct cp_conf conf;
extern struct cp_subs *subs;
extern uv_loop_t loop;

/* The real rhumb-hsc, fake table whose workers follow at once. */
void fixture_start(void);
void fixture_start_with(const struct cp_subs_ops *ops, struct dp_table *table);
void fixture_stop(void);

struct rh_sub_entry entry(const char *filter);
struct rh_sub_entry entry_with(const char *filter, const char *pattern);
struct rh_sub_entry entry_cesql(const char *filter, const char *expression);
/* Ask for one entry; the answer comes with run_until. */
void add(dp_session_id_t slot, struct rh_sub_entry e, struct answer *a);
void del(dp_session_id_t slot, struct rh_sub_entry e, struct answer *a);
void drop(dp_session_id_t slot, struct answer *a);
void on_done(void *arg, const struct cp_sub_outcome *outcomes, uint16_t count, uint64_t generation);
/* Turn the loop until @a was answered; fails after 50 s. */
void run_until(const struct answer *a);
/* Turn the loop for @ms. */
void run_for(unsigned ms);
/* Ask and wait: the code. */
uint8_t added(dp_session_id_t slot, struct rh_sub_entry e, struct answer *a);
uint8_t deleted(dp_session_id_t slot, struct rh_sub_entry e, struct answer *a);

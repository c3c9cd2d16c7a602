#pragma once

/*
 * Three threads meet here. The control loop owns every structure below and decides; the builder
 * thread executes changes of the table in the order they were pushed and publishes once a batch;
 * the compiler threads talk each to a compile helper of its own. Jobs travel by pointer and belong to the thread
 * that holds them.
 *
 * A request of a session: waits for those before it -> its filters and expressions are parsed and
 * their patterns looked up -> waits until each pattern is installed or refused -> its changes go to
 * the builder -> published -> every worker loaded it -> answered. Sessions do not wait for each other, so
 * topic-only requests pass those that wait for a compilation.
 *
 * A pattern: CHECKING (alone, by the helper, which makes a database of it) -> READY -> COMPILING (on its way to the
 * table) -> INSTALLED; LEAVING: nobody used it when a merge began, so what the merge makes lacks it. Its number is
 * used again only after every worker left the last database that held it, because a subscription becomes visible to
 * workers before the databases beside it.
 *
 * Databases of a tenant are runs, one in each tier of its table (pattern_runs.c says which become one when). A run never
 * changes; a merge makes one of several and replaces them in one publish, so a pattern is always in at least
 * one run from when it is INSTALLED until it leaves. Who holds a run (a merge, the builder) has it marked busy.
 */

#include "controlplane/subs/content.h"
#include "controlplane/subs/expression.h"
#include "controlplane/subs/helper.h"
#include "controlplane/subs/lane.h"
#include "controlplane/subs/records.h"
#include "controlplane/subs/store.h"
#include "controlplane/subs/subs.h"
#include "controlplane/subs/turns.h"
#include "dataplane/api/engine.h"
#include "dataplane/api/samples.h"
#include "dataplane/base/htable.h"

/* What the registry needs of the dataplane, as in dataplane/api; tests give their own. */
struct cp_subs_ops {
	int (*sub_add)(struct dp_table *table, uint16_t tenant, const struct rh_filter *filter,
		dp_session_id_t session, dp_content_id_t content, dp_sub_id_t *out,
		struct rh_error *err);
	int (*sub_del)(struct dp_table *table, dp_sub_id_t sub);
	int (*sub_info)(
		const struct dp_table *table, dp_sub_id_t sub, struct dp_sub_info *out);
	int (*sub_price)(
		const struct dp_table *table, dp_sub_id_t sub, struct dp_sub_price *out);
	int (*content_add)(struct dp_table *table, uint16_t tenant, dp_content_id_t id,
		const struct rh_cesql_tree *tree, const dp_pattern_id_t *patterns,
		struct rh_error *err);
	int (*content_del)(struct dp_table *table, dp_content_id_t id);
	int (*patterns_set)(struct dp_table *table, uint16_t tenant, uint32_t tier,
		const void *serialized, size_t len, uint32_t max_pattern, struct rh_error *err);
	uint64_t (*publish)(struct dp_table *table);
	enum dp_collect (*collect)(struct dp_table *table);
	uint64_t (*generation)(const struct dp_table *table);
	void (*stats)(const struct dp_table *table, struct dp_table_stats *out);
	int (*explain)(struct dp_table *table, const struct dp_explain_event *event, dp_explain_cb cb,
		void *arg, struct dp_explain_cost *cost, struct rh_error *err);
	uint64_t (*seen)(const struct dp_engine *eng);
	void (*database_kind)(char *out, size_t size);
	/* All NULL: there are no samples. */
	int (*samples_want)(struct dp_table *table, uint16_t tenant);
	void (*samples_forget)(struct dp_table *table, uint16_t tenant);
	void (*samples_read)(const struct dp_table *table, uint16_t tenant, struct dp_samples *out);
	int (*patterns_cost)(struct dp_table *table, uint16_t tenant, const struct dp_samples *samples, uint32_t *centicycles);
};

int cp_subs_create_with(uv_loop_t *loop, const struct cp_subs_ops *ops, struct dp_table *table,
	struct dp_engine *eng, const struct cp_conf *conf, struct cp_subs **out,
	struct rh_error *err);

struct cp_tenant;
struct cp_request;

/* An entry of a request that waits for a pattern. */
struct cp_waiter {
	struct cp_waiter *next, **prev;
	struct cp_request *request;
	uint16_t entry;
};

/* A pattern of an entry's expression. */
struct cp_need {
	struct cp_waiter waiter;
	struct cp_pattern *pattern; /* holds a reference */
};

enum cp_pattern_state {
	CP_PATTERN_CHECKING,
	CP_PATTERN_READY,
	CP_PATTERN_COMPILING,
	CP_PATTERN_INSTALLED,
	CP_PATTERN_LEAVING,
	CP_PATTERN_REFUSED, /* remembered for a while, so that a client that insists costs nothing
			     */
};

struct cp_pattern {
	struct rh_hnode node; /* in the tenant's table, by text */
	struct cp_tenant *tenant;
	dp_pattern_id_t id; /* 0 when refused */
	enum cp_pattern_state state;
	uint32_t refs;	  /* subscriptions and waiting entries */
	uint64_t held;	  /* a bit for each run that holds it */
	uint64_t leaving; /* of those, the ones that are being replaced by one without it */
	struct cp_waiter *waiters;
	struct cp_sub_outcome outcome; /* of a refusal */
	uint64_t refused_ns;
	struct cp_compile_job *check; /* while it waits for its turn */
	uint32_t compile_us;	      /* counted in the tenant's while it has refs */
	uint32_t centicycles;	      /* a payload byte, alone; the dearer of worst and typical */
	uint32_t typical_centicycles; /* on the tenant's payloads when it was looked at, or HSC_UNKNOWN */
	uint8_t *own;		      /* of a READY one: the helper's reply, cost and database */
	size_t own_len;
	bool taken;		      /* into the set that is being put together */
	bool measured;		      /* alone: its costs are known */
	uint64_t gone_generation;     /* of the set that held it last; 0: none did */
	struct cp_pattern *refused_next;
	struct cp_pattern *ready_next, **ready_prev;
	uint32_t len;
	char text[]; /* terminated */
};

/* One database of a tenant. */
struct cp_run {
	uint32_t count; /* patterns in it; 0: none */
	uint32_t used;	/* of them, those with refs */
	uint32_t centicycles, coming_centicycles; /* of what it is, of what the builder makes it */
	bool busy; /* is being replaced or made */
};

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

/* What tells subscriptions apart; the filter's bytes are another's. */
struct cp_sub_key {
	const char *filter; /* canonical */
	dp_session_id_t slot;
	dp_content_id_t content;
	uint16_t len;
	bool except;
};

struct cp_subs_session {
	dp_session_id_t slot;
	uint32_t first; /* reference of the newest; 0: none */
	uint32_t count;
	struct cp_request *head, *tail; /* not yet with the builder */
};

enum cp_change_kind {
	CP_CHANGE_NONE,
	CP_CHANGE_ADD,
	CP_CHANGE_DEL,
	CP_CHANGE_KEEP,	 /* relies on an ADD that was sent before */
	CP_CHANGE_PRICE, /* is there: only its price is asked for */
};

/* Of what was under way when it was sent, or of a live one (a DEL without @adding). */
struct cp_change {
	struct cp_adding *adding;
	uint32_t id; /* in: the ADD's content number, the live one's dp_sub_id_t; out: the ADD's dp_sub_id_t */
	int16_t result;
	uint8_t kind; /* enum cp_change_kind */
};

enum cp_builder_kind { CP_BUILDER_CHANGES, CP_BUILDER_CONTENTS, CP_BUILDER_PATTERNS, CP_BUILDER_EXPLAIN, CP_BUILDER_MEASURE };

struct cp_builder_job {
	struct cp_job job;
	enum cp_builder_kind kind;
	int status;
	struct rh_error err;
	uint64_t generation; /* effective from here on */
};

/* By as much the canonical form of a filter is longer at most. */
#define CP_CANON_MORE (RH_CANON_MAX - RH_FILTER_MAX)

struct cp_entry {
	struct cp_expression *expression; /* NULL: none; read by the builder */
	struct cp_content *wanted;	  /* holds a reference */
	struct cp_need *needs;		  /* of an expression that nobody has yet */
	uint16_t need_count, pending;	  /* needs not decided */
	uint8_t content_kind, dialect;
	uint16_t filter_len, content_len;
	char *filter, *content; /* in the request's texts; filter becomes canonical */
	bool except;
};

enum cp_request_kind { CP_REQUEST_ADD, CP_REQUEST_DEL, CP_REQUEST_DROP };

struct cp_request {
	struct cp_builder_job builder; /* first: jobs are cast */
	struct cp_subs *subs;
	struct cp_request *next; /* of the session's queue, then of those that await workers */
	enum cp_request_kind kind;
	dp_session_id_t slot;
	uint16_t tenant, count;
	bool started;
	uint32_t waiting; /* entries with needs that are not decided */
	cp_subs_done_cb cb;
	void *arg;
	struct cp_entry *entries;
	struct cp_sub_outcome *outcomes;
	struct cp_change *changes;
	uint32_t change_count;
	char *texts;
	size_t bytes; /* counted in open_bytes */
	/* Of a DROP, which stands at the head of its session's queue until its last part. */
	uint32_t change_room; /* changes in one part */
	bool under_way;	      /* waits for its turn, or is with the builder */
	bool last;	      /* this part left nothing */
	struct cp_request *drop_next; /* that waits for its turn */
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

struct cp_compile_job {
	struct cp_job job;
	struct cp_turn turn;
	struct cp_compiler *compiler;
	enum hsc_type type;
	struct cp_tenant *tenant;
	struct cp_pattern *pattern; /* of a CHECK */
	struct cp_set set;	    /* of a COMPILE */
	uint8_t *body;
	size_t len;
	uint8_t *payloads; /* of the tenant, while the helper has it; NULL: none */
	size_t payloads_len;
	int result; /* of cp_helper_ask */
	struct cp_helper_reply reply;
	struct rh_error err;
	uint64_t took_ns;
};

/*
 * Five of them, so that a pattern that compiles at once waits neither for those that take long nor
 * for a set, and a small set not for a large one. A pattern has its first look under a small bound on time; what passes it is looked at
 * again under the configured one.
 */
enum cp_compiler_kind {
	CP_COMPILER_FIRST,  /* sessions pay */
	CP_COMPILER_LONG,   /* sessions pay */
	CP_COMPILER_MERGES, /* tenants pay: one for each level, from here on */
	CP_COMPILER_COUNT = CP_COMPILER_MERGES + CP_LEVELS
};

struct cp_compiler {
	struct cp_subs *subs;
	struct cp_helper helper; /* its thread's */
	struct cp_lane lane;	 /* holds at most one job */
	struct cp_turns turns;
	bool busy;
};

struct cp_subs {
	const struct cp_subs_ops *ops;
	struct dp_table *table;
	struct dp_engine *eng;
	uint64_t seed;
	uint32_t subs_per_session, patterns_max, contents_max;
	uint64_t content_bytes_max; /* of a tenant */
	struct cp_tenant *tenants[DP_LIMIT_TENANTS];
	struct cp_subs_session *sessions[DP_LIMIT_SESSIONS];
	struct cp_records records;
	struct cp_keys keys; /* of all that are in the registry */
	struct cp_contents contents;
	struct cp_request *ack_head, *ack_tail; /* published, not yet loaded by every worker */
	struct cp_request *drop_head, *drop_tail; /* drops that wait for their turn */
	uint32_t drop_left; /* subscriptions that may yet be dropped in this turn of the loop */
	struct cp_lane builder;
	struct rh_cesql_tree tree; /* the builder's */
	struct cp_compiler compilers[CP_COMPILER_COUNT];
	uint32_t small_us;     /* up to here a pattern alone is small and not counted */
	uint32_t long_us_most; /* compile_us of a tenant */
	uint32_t centicycles_most; /* of a tenant's runs together */
	struct cp_store store;
	uint64_t quiet_ns; /* without a change, before all runs become one */
	size_t open_bytes; /* held by requests */
	struct cp_subs_stats stats;
	uv_async_t wake;
	uv_timer_t acks;
	uv_timer_t tidy; /* runs, while some tenant's may become one later */
	uv_timer_t sampling; /* while some tenant's payloads are sampled */
	uint32_t sampling_next; /* tenant whose turn to be measured is next */
	struct dp_samples *samples; /* on their way to a job */
	unsigned handles; /* not yet closed */
	bool closing;
};

/* pattern.c: Ctx control loop */
/* Made when it is new. NULL: no memory. */
struct cp_tenant *cp_tenant_get(struct cp_subs *subs, uint16_t id);
void cp_tenant_destroy(struct cp_tenant *t);
/* One with number @id that is on its way to the table. NULL: no memory. */
struct cp_pattern *cp_pattern_stored(
	struct cp_tenant *t, dp_pattern_id_t id, const char *text, size_t len);
struct cp_pattern *cp_pattern_find(struct cp_tenant *t, const char *text, size_t len);
/*
 * A reference to the pattern, made and sent to be checked when it is new. NULL with @outcome set:
 * refused, limit, no memory. When it is not decided yet, @waiter is told later by
 * cp_need_decided and *wait is true.
 */
struct cp_pattern *cp_pattern_get(struct cp_tenant *t, const char *text, size_t len,
	struct cp_waiter *waiter, bool *wait, struct cp_sub_outcome *outcome);
void cp_pattern_put(struct cp_pattern *p);
void cp_waiter_remove(struct cp_waiter *waiter);
/* Free @p; its number rests until every worker has loaded gone_generation. */
void cp_pattern_release(struct cp_pattern *p);
/* Nobody uses @p, and it is not under way: keep it as long as a run holds it. */
void cp_pattern_settle(struct cp_pattern *p);
/* Decide @p: tells all waiters. A refusal (@outcome) frees or remembers it. */
void cp_pattern_resolve(struct cp_pattern *p, const struct cp_sub_outcome *outcome);
void cp_ready_push(struct cp_pattern *p);
void cp_ready_remove(struct cp_pattern *p);

/* pattern_check.c: Ctx control loop */
/* Have it looked at, alone; @slot pays. False: no memory. */
bool cp_check_push(struct cp_pattern *p, dp_session_id_t slot);
void cp_check_done(struct cp_compile_job *job);
/* A check that nobody waits for any more. Takes @job. */
void cp_check_drop(struct cp_compile_job *job);
/* The result of @job as an answer. */
void cp_compile_outcome(
	const struct cp_compile_job *job, const char *of, struct cp_sub_outcome *out);
/* False: no OK reply, or one without a database. */
bool cp_compile_cost(const struct cp_compile_job *job, struct hsc_cost *cost);

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

/* request.c: Ctx control loop */
/* Open requests of all sessions together; beyond it clients repeat themselves later. */
#define CP_OPEN_BYTES_MOST (256u << 20)
#define CP_TEXT_NO_MEMORY  "the router has no memory for it now: try again"
/* Queue it behind those of its session. Takes @r. */
void cp_request_push(struct cp_subs *subs, struct cp_request *r);
/* A request with copies of @entries. NULL: no memory. */
struct cp_request *cp_request_create(struct cp_subs *subs, enum cp_request_kind kind,
	dp_session_id_t slot, uint16_t tenant, const struct rh_sub_entry *entries, uint16_t count);
/* One entry more does not wait. */
void cp_request_decided(struct cp_request *r);
void cp_request_free(struct cp_request *r);
void cp_session_advance(struct cp_subs *subs, struct cp_subs_session *s);

/* entry.c: Ctx control loop */
/* Parse it and ask for its patterns: its outcome is a refusal, or none yet. */
void cp_entry_start(struct cp_request *r, uint16_t i);
/* A pattern was decided; @outcome NULL when it is installed. */
void cp_need_decided(struct cp_waiter *waiter, const struct cp_sub_outcome *outcome);
/* Both: enter it in or take it out of the registry, and note the change, or refuse. */
void cp_entry_add(struct cp_request *r, struct cp_subs_session *s, uint16_t i);
void cp_entry_del(struct cp_request *r, struct cp_subs_session *s, uint16_t i);
/* It will not be done: lets go what it waits for. */
void cp_entry_release(struct cp_request *r, uint16_t i);
void cp_entry_fini(struct cp_entry *e);
/* Of @ref, before it is removed. */
void cp_change_set(
	struct cp_subs *subs, struct cp_change *change, enum cp_change_kind kind, uint32_t ref);

/* leave.c: Ctx control loop */
void cp_content_put(struct cp_subs *subs, struct cp_content *c);
/* Tell the builder of those that left; what used them was sent before. */
void cp_contents_flush(struct cp_subs *subs);
/* The builder has done it. Takes @job. */
void cp_contents_deleted(struct cp_subs *subs, struct cp_contents_job *job);

/* drop.c: Ctx control loop */
/* So many subscriptions of dropped sessions leave the registry in one turn of the loop: each is a few misses of the cache. */
#define CP_DROPS_A_TURN 4096
/* @r, a DROP at the head of its session's queue, waits for its turn. */
void cp_drop_wait(struct cp_subs *subs, struct cp_request *r);
/* As much as this turn still allows, for those that wait longest. */
void cp_drops_run(struct cp_subs *subs);
/* It will not go on: out of its session's queue. We stop. */
void cp_drop_stop(struct cp_subs *subs, struct cp_request *r);

/* answer.c: Ctx control loop */
/* The builder has executed it. Takes @r. */
void cp_request_published(struct cp_subs *subs, struct cp_request *r);
/* Answer those that every worker has loaded. */
void cp_acks_run(struct cp_subs *subs);

/* registry.c: Ctx control loop */
struct cp_subs_session *cp_session_get(struct cp_subs *subs, dp_session_id_t slot);
void cp_session_trim(struct cp_subs *subs, struct cp_subs_session *s);
int cp_registry_init(struct cp_subs *subs);
/* Accepts a zeroed or half-made one. */
void cp_registry_fini(struct cp_subs *subs);
/* Its reference, or 0. */
uint32_t cp_registry_find(const struct cp_subs *subs, const struct cp_sub_key *key);
/* Takes over the caller's reference to @content; the filter's bytes must last until the builder has
 * answered. NULL: too many are under way. */
struct cp_adding *cp_registry_add(struct cp_subs *subs, struct cp_subs_session *s, uint16_t tenant,
	const struct cp_sub_key *key, struct cp_content *content);
/* Out of the registry, before the deletion is sent. */
void cp_registry_remove(struct cp_subs *subs, struct cp_subs_session *s, uint32_t ref);
/* The builder has answered. */
void cp_registry_change_done(struct cp_subs *subs, const struct cp_change *change);
/* The builder will not see it: we stop. */
void cp_registry_change_drop(struct cp_subs *subs, const struct cp_change *change);
/* Of a live one; NULL: none. */
struct cp_content *cp_registry_content(const struct cp_subs *subs, const struct dp_sub_info *info);

/* compiler.c: Ctx control loop */
/* A session's or tenant's first look, long look, or set waits for its turn. Takes @job. */
void cp_compile_push(
	struct cp_subs *subs, enum cp_compiler_kind kind, struct cp_compile_job *job, uint32_t payer);
/* Another session waits for what @job checks. */
void cp_compile_join(struct cp_compile_job *job, dp_session_id_t slot);
/* Take in what the threads have done. */
void cp_compilers_collect(struct cp_subs *subs);
int cp_compilers_start(struct cp_subs *subs, const struct cp_conf *conf, struct rh_error *err);
/* Threads and helpers end, jobs are freed. Accepts half-started ones. */
void cp_compilers_stop(struct cp_subs *subs);

/* builder.c; @arg is the struct cp_subs. */
void *cp_builder_main(void *arg);
void cp_explain_free(struct cp_explain_job *job);
void cp_compile_free(struct cp_compile_job *job);

#pragma once

/* What sessions ask for, entry by entry. */

#include "controlplane/subs/builder.h"
#include "controlplane/subs/expression.h"
#include "controlplane/subs/pattern.h"
#include "controlplane/subs/records.h"

struct cp_subs;

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

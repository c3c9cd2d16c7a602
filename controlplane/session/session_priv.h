#pragma once

/*
 * A session: HELLO without cookie -> CHALLENGE, nothing kept -> HELLO with it -> slot, WELCOME ->
 * live -> closing: out of the name table at once, its subscriptions removed, then the slot closed
 * and the next hop let go. A closing session answers nothing.
 */

#include "controlplane/session/cookie.h"
#include "controlplane/session/session.h"
#include "dataplane/api/engine.h"
#include "dataplane/base/htable.h"
#include "dataplane/frame/control.h"

#define CP_RECORDS_MAX	  1400 /* of one datagram: dp_control_send's bound */
#define CP_REPLIES	  64   /* remembered per session and kind: bits of a word, power of two */
#define CP_REPLIES_IDLE	  60   /* looks without a request, one a second, after which none is */
#define CP_OUTBOX_MAX	  4096 /* messages waiting for room in the inject rings; references as many */
#define CP_SOURCES_MAX	  256  /* next hops held for addresses without a session */
#define CP_KNOWN_RATE	  20000 /* looks at the kernel for known hops a second: a fifth of a core */
#define CP_KNOWN_BURST	  2000
#define CP_UNKNOWN_RATE	  1000 /* UNKNOWN_SESSION replies a second, all together */
#define CP_UNKNOWN_BURST  200
#define CP_UNKNOWN_SLOTS  4096	       /* sources told apart, by hash */
#define CP_UNKNOWN_GAP_NS 100000000ULL /* between two replies to one source */
#define CP_SCAN_MS	  50
#define CP_SCAN_PARTS	  20 /* every session is looked at once a second */

/* What the room needs of its surroundings, as in their headers; tests give their own. */
struct cp_sessions_ops {
	int (*open)(struct dp_engine *eng, const struct dp_session_conf *conf,
		dp_session_id_t *slot, uint32_t *wire_id, uint32_t *check, struct rh_error *err);
	int (*close)(struct dp_engine *eng, dp_session_id_t slot);
	void (*reap)(struct dp_engine *eng);
	int (*set_adjacency)(struct dp_engine *eng, dp_session_id_t slot, dp_adj_id_t adj);
	int (*alias)(struct dp_engine *eng, dp_session_id_t slot, uint16_t alias, const char *topic,
		uint16_t len, uint64_t *generation);
	int (*stats)(
		const struct dp_engine *eng, dp_session_id_t slot, struct dp_session_stats *out);
	uint64_t (*seen)(const struct dp_engine *eng);
	int (*send)(struct dp_engine *eng, const struct dp_control_target *to, const void *records,
		uint32_t len);
	int (*adj_get)(struct cp_kernel *k, uint32_t port, uint16_t vlan,
		const struct dp_address *remote, dp_adj_id_t *out);
	void (*adj_put)(struct cp_kernel *k, dp_adj_id_t adj);
	bool (*adj_known)(struct cp_kernel *k, uint32_t port, uint16_t vlan,
		const struct dp_address *remote);
	int (*subs_add)(struct cp_subs *subs, dp_session_id_t slot, uint16_t tenant,
		const struct rh_sub_entry *entries, uint16_t count, cp_subs_done_cb cb, void *arg);
	int (*subs_del)(struct cp_subs *subs, dp_session_id_t slot, uint16_t tenant,
		const struct rh_sub_entry *entries, uint16_t count, cp_subs_done_cb cb, void *arg);
	int (*subs_drop)(struct cp_subs *subs, dp_session_id_t slot, cp_subs_done_cb cb, void *arg);
	uint32_t (*subs_count)(const struct cp_subs *subs, dp_session_id_t slot);
	uint64_t (*now_ns)(void);
	uint64_t (*tsc)(void);
};

int cp_sessions_create_with(uv_loop_t *loop, const struct cp_sessions_ops *ops,
	struct dp_engine *eng, struct cp_subs *subs, struct cp_kernel *kernel,
	const struct cp_conf *conf, struct cp_sessions **out, struct rh_error *err);

enum cp_reply_state { CP_REPLY_FREE, CP_REPLY_OPEN, CP_REPLY_OK, CP_REPLY_KEPT };

/* A request's answer, so that a repeat gets the same one. */
struct cp_reply {
	uint32_t request;
	uint16_t count; /* OK: results; KEPT: bytes */
	uint8_t state;	/* enum cp_reply_state */
	uint8_t type;	/* OK: of the answer */
	union {
		uint64_t generation; /* OK */
		uint8_t *bytes;	     /* KEPT: the encoded record, which says more than OK */
	};
};

/* As many places as the requests of late need; a hundred thousand sessions have one. */
struct cp_replies {
	uint64_t seen; /* bit i: request highest - i was taken; 0: none was */
	uint32_t highest;
	uint16_t room; /* places: 0, or a power of two up to CP_REPLIES */
	uint16_t idle; /* looks since the last request */
	struct cp_reply ring[];
};

struct cp_session {
	struct rh_hnode node; /* by tenant and client id */
	dp_session_id_t slot;
	uint32_t wire_id, check;
	struct dp_address local, remote;
	uint32_t port, owner;
	uint16_t vlan, tenant, max_datagram;
	uint64_t incarnation;
	dp_adj_id_t adj;
	uint64_t since_wall_ns, opened_tsc;
	uint64_t packet; /* last number used on the control lane */
	uint32_t keepalive_ms, timeout_ms;
	struct rh_welcome welcome;
	struct cp_replies *subscribes, *aliases; /* NULL until the first */
	bool closing;
	struct cp_session *closing_next; /* to be told again */
	char client_id[]; /* terminated */
};

/* A request with the registry, or an alias that workers have yet to load. */
struct cp_pending {
	struct cp_pending *next, **prev;
	struct cp_sessions *sessions; /* NULL: the room is gone */
	dp_session_id_t slot;
	uint32_t wire_id, request;
	uint8_t type; /* of the answer */
	uint16_t alias;
	uint64_t generation;
};

/* A next hop for answers to an address that has no session. */
struct cp_source {
	struct dp_address remote; /* port 0 */
	uint32_t port;
	uint16_t vlan;
	bool used;
	dp_adj_id_t adj;
	uint64_t since_ns;
};

struct cp_outgoing {
	struct cp_outgoing *next;
	struct dp_control_target to;
	uint32_t len; /* 0: no message, the reference to to.adjacency is let go */
	uint8_t records[];
};

struct cp_sessions {
	bool draining, said_goodbye;
	const struct cp_sessions_ops *ops;
	struct dp_engine *eng;
	struct cp_subs *subs;
	struct cp_kernel *kernel;
	const struct cp_conf *conf;
	uint64_t seed;
	struct cp_cookies cookies;
	struct rh_htable by_client;
	struct cp_session *by_slot[DP_LIMIT_SESSIONS];
	struct cp_session *closing; /* the registry had no memory to drop them */
	struct cp_pending *requests, *aliases;
	struct cp_source sources[CP_SOURCES_MAX];
	uint64_t known_tokens_ns; /* time up to which tokens were spent */
	struct cp_outgoing *out_head, *out_tail;
	uint32_t out_count, out_hops; /* messages, references to let go */
	uint64_t unknown_tokens_ns; /* time up to which tokens were spent */
	uint64_t unknown_last_ns[CP_UNKNOWN_SLOTS];
	uint32_t scan_part;
	struct cp_sessions_stats stats;
	uv_timer_t scan, soon; /* soon: 1 ms, while something waits */
	unsigned handles;
};

/* hello.c: a bucket of @burst tokens, @rate a second, in *spent_ns. */
bool cp_tokens_take(uint64_t *spent_ns, uint64_t now_ns, uint64_t rate, uint64_t burst);

/* send.c. Whatever does not fit now is kept, in order, up to CP_OUTBOX_MAX. */
void cp_session_send(
	struct cp_sessions *s, struct cp_session *to, const void *records, uint32_t len);
/* Without a session, back to where @punt came from; dropped when no next hop can be had. */
void cp_session_answer(
	struct cp_sessions *s, const struct dp_punt *punt, const void *records, uint32_t len);
void cp_session_bye(struct cp_sessions *s, struct cp_session *to, enum rh_bye_reason reason);
/* Let go of a next hop once what waits for it has gone out. */
void cp_session_adj_put(struct cp_sessions *s, dp_adj_id_t adj);
/* True when nothing waits any more. */
bool cp_outbox_flush(struct cp_sessions *s);
void cp_outbox_fini(struct cp_sessions *s);
void cp_sources_clear(struct cp_sessions *s);

/* hello.c */
void cp_session_hello(struct cp_sessions *s, const struct dp_punt *punt);
void cp_session_unknown(struct cp_sessions *s, const struct dp_punt *punt);

/* replies.c */
enum cp_reply_verdict {
	CP_REPLY_NEW,	 /* to be worked on; its place is taken */
	CP_REPLY_REPEAT, /* answered before: *out is that answer */
	CP_REPLY_STALE,	 /* too old to remember: by number, or by time */
	CP_REPLY_BUSY,	 /* being worked on, or its place still is */
};
/* NULL ring at first; made here. CP_REPLY_BUSY also without memory. */
enum cp_reply_verdict cp_replies_take(
	struct cp_replies **ring, uint32_t request, struct cp_reply **out);
struct cp_reply *cp_replies_open(struct cp_replies *ring, uint32_t request);
/* As if @reply, which is open, had never been asked for. */
void cp_replies_forget(struct cp_replies *ring, struct cp_reply *reply);
/* Once a second: without requests for CP_REPLIES_IDLE, answers go and numbers stay. */
void cp_replies_look(struct cp_replies **ring);
void cp_replies_free(struct cp_replies *ring);
/*
 * SUBACK or UNSUBACK that fits @room: texts are cut to one length for all, at characters; codes
 * never. Bytes written.
 */
int cp_suback_encode(uint8_t *out, size_t room, uint8_t type, uint32_t request, uint64_t generation,
	const struct cp_sub_outcome *outcomes, uint16_t count);

/* requests.c */
void cp_session_subscribe(
	struct cp_sessions *s, struct cp_session *session, const struct dp_punt *punt);
void cp_session_alias(
	struct cp_sessions *s, struct cp_session *session, const struct dp_punt *punt);
/* Answer aliases that every worker has loaded. True when none waits any more. */
bool cp_aliases_flush(struct cp_sessions *s);
void cp_pending_forget(struct cp_sessions *s);

/* session.c */
/* @reason below 0: say nothing. */
void cp_session_close(struct cp_sessions *s, struct cp_session *session, int reason);
/* The client broke the protocol: counted, told, closed. */
void cp_session_broke(struct cp_sessions *s, struct cp_session *session, enum rh_bye_reason reason);
/* cp_kernel_moved_cb; @arg is the struct cp_sessions. */
void cp_sessions_moved(void *arg);
/* Look again in a millisecond. */
void cp_sessions_soon(struct cp_sessions *s);
/* Ask for the drop again where the registry had no memory. True when none is left. */
bool cp_closing_flush(struct cp_sessions *s);
/* Look for silent death and protocol errors in one part of the slots, and carry the engine's closings on. */
void cp_sessions_scan(struct cp_sessions *s);

#pragma once

/*
 * The client's state, shared by the files of this room: one noun a file, each with its struct here. Everything belongs to the
 * thread that calls into the session; there are no locks.
 *
 *	path	   socket, DF, largest datagram, receive buffer
 *	out	   datagrams waiting to be sent
 *	hello	   greeting: three-way, again after a silence or UNKNOWN_SESSION
 *	subscribe  what the user asked for, and the one request that may be outstanding
 *	asked	   which of that is one and the same
 *	credit	   grants both ways, KEEPALIVE
 *	reassembly FRAGMENTs on their way to become events
 *	receive	   datagrams in, records to the files above
 *	publish	   events out
 *	poll	   timers and the wait
 */

#include "tools/librhumb/rhumb.h"

#include "dataplane/base/clock.h"
#include "dataplane/base/compiler.h"
#include "dataplane/base/error.h"
#include "dataplane/frame/control.h"
#include "dataplane/frame/datagram.h"
#include "dataplane/frame/event.h"

#include <sys/socket.h>

/* --- time ---------------------------------------------------------------------------------------------------------- */

#define RHC_NEVER	    UINT64_MAX
#define RHC_RETRY_FIRST_MS  200u  /* docs/protocol.md: 200 ms, doubling up to 3.2 s, each +-20 % */
#define RHC_RETRY_LONGEST_MS 3200u

struct rhc_backoff {
	uint64_t due_ns; /* RHC_NEVER: stopped */
	uint32_t wait_ms;
};

void rhc_backoff_start(struct rhumb *r, struct rhc_backoff *b);
/* The wait was used up: draw the next, at most @longest_ms. */
void rhc_backoff_next(struct rhumb *r, struct rhc_backoff *b, uint32_t longest_ms);

/* --- path ---------------------------------------------------------------------------------------------------------- */

struct rhc_path {
	int fd; /* -1: none */
	uint16_t max_datagram; /* what we send and accept at most, UDP payload */
	uint32_t receive_buffer; /* as the kernel accounts it, overhead included */
	struct sockaddr_storage router;
	socklen_t router_len;
	bool stale; /* not connected: rhc_path_renew found no way */
};

/* Resolve, open, connect, set DF and buffers. 0 or negative errno with a sentence. */
int rhc_path_open(struct rhumb *r);
void rhc_path_close(struct rhumb *r);
/* Our address may no longer be ours: let the kernel choose one anew. */
void rhc_path_renew(struct rhumb *r);
/* After EMSGSIZE: learn the smaller path MTU. */
void rhc_path_shrink(struct rhumb *r);

/* --- out ----------------------------------------------------------------------------------------------------------- */

/* One datagram waiting. Its header is written when it is sent, so that it may outlive the session it was made in. */
struct rhc_slot {
	uint32_t len;
	uint32_t events; /* carried, with their credit in bytes, to be charged again in a new session */
	uint64_t bytes;
	bool sessionless;
	bool closed; /* takes no further record */
	bool slice;  /* a FRAGMENT, of no use without the others */
};

struct rhc_out {
	uint8_t *memory; /* capacity times room */
	struct rhc_slot *slots;
	uint32_t room; /* of a slot */
	uint32_t capacity, head, count; /* a ring */
};

int rhc_out_init(struct rhumb *r);
void rhc_out_fini(struct rhc_out *out);
/* Room for a record of @len bytes (padding is kept free too); NULL when the ring is full. Largest: rhc_out_record_max. */
uint8_t *rhc_out_reserve(struct rhumb *r, size_t len, bool sessionless);
/* The @len bytes reserved last were written; they carry @events events worth @bytes of credit. */
void rhc_out_commit(struct rhumb *r, size_t len, uint32_t events, uint64_t bytes);
/* The record committed last is a FRAGMENT. */
void rhc_out_slice(struct rhumb *r);
/* Nothing more goes into the last datagram. */
void rhc_out_close(struct rhumb *r);
uint32_t rhc_out_record_max(const struct rhumb *r);
/* Slots free. */
uint32_t rhc_out_free(const struct rhumb *r);
/* Send. 0, -EAGAIN (the socket is full: wait for POLLOUT), or the socket's error. */
int rhc_out_flush(struct rhumb *r);
/* A new session: keep waiting events that its credit covers, drop the rest and what belonged to the old one. */
void rhc_out_new_session(struct rhumb *r);

/* --- hello --------------------------------------------------------------------------------------------------------- */

enum rhc_state { RHC_IDLE, RHC_GREETING, RHC_OPEN };

struct rhc_hello {
	struct rhc_backoff retry;
	uint8_t cookie[RH_COOKIE_MAX];
	uint16_t cookie_len;
	bool challenge_answered; /* at once only once a retry interval: a router that never likes our cookie costs little */
};

struct rhc_session {
	uint32_t number, check; /* 0: none yet */
	uint64_t node_incarnation;
	uint64_t packet_number; /* last used */
	uint64_t heard_ns;	/* when something valid arrived */
	uint32_t keepalive_ms, timeout_ms, max_payload;
	uint16_t max_datagram; /* the router's */
};

void rhc_greet(struct rhumb *r);
void rhc_hello_timer(struct rhumb *r);
void rhc_challenge_take(struct rhumb *r, const struct rh_challenge *m);
void rhc_welcome_take(struct rhumb *r, const struct rh_welcome *m);
void rhc_bye_take(struct rhumb *r, const struct rh_bye *m);
void rhc_unknown_session_take(struct rhumb *r, const struct rh_unknown_session *m);
void rhc_bye_send(struct rhumb *r);

/* --- subscribe ----------------------------------------------------------------------------------------------------- */

enum rhc_sub_state {
	RHC_SUB_WANTED,	 /* to be asked for, at retry_ns */
	RHC_SUB_ASKED,
	RHC_SUB_ACTIVE,
	RHC_SUB_REFUSED, /* until the next session */
	RHC_SUB_LEAVING, /* to be unsubscribed */
	RHC_SUB_LEFT,	 /* asked for; gone with the answer */
};

struct rhc_sub {
	char *filter, *content; /* content NULL: none */
	uint64_t hash;		/* rhc_asked_hash */
	uint16_t filter_len, content_len;
	uint8_t dialect, content_kind; /* enum rh_content_kind */
	enum rhc_sub_state state;
	uint8_t code;	  /* enum rh_sub_code of the last answer */
	struct rh_sub_price price; /* of the last ok */
	char *dear;		   /* of the last ok, or NULL */
	bool waited_for;  /* by a blocking call: refusals are its to report */
	uint64_t retry_ns;
};

struct rhc_request {
	struct rhc_backoff retry; /* RHC_NEVER: none outstanding */
	uint32_t id;
	uint8_t type;
	uint16_t count;
	struct rhc_sub *subs[RH_SUBSCRIBE_MAX];
};

struct rhc_subs {
	struct rhc_sub **list;
	size_t count, room;
	size_t unsettled; /* WANTED or LEAVING */
	uint32_t last_id;
	struct rhc_request request;
	rhumb_event_cb cb;
	void *arg;
};

/* Are they one subscription to the router? Those that are have one hash. Filters are there, empty expressions are NULL. */
bool rhc_asked_same(const struct rhumb_subscription *a, const struct rhumb_subscription *b);
uint64_t rhc_asked_hash(const struct rhumb_subscription *asked);
/* Its content of whatever kind (enum rh_content_kind), or NULL. */
const char *rhc_asked_content(const struct rhumb_subscription *asked, uint8_t *kind);

void rhc_subs_fini(struct rhumb *r);
void rhc_subs_new_session(struct rhumb *r);
/* Repeat the request, or make the next one of what is unsettled. */
void rhc_subs_timer(struct rhumb *r);
uint64_t rhc_subs_due(const struct rhumb *r);
void rhc_suback_take(struct rhumb *r, uint8_t type, const struct rh_suback *m);

/* --- credit -------------------------------------------------------------------------------------------------------- */

struct rhc_credit {
	/* What the router lets us send, and what we sent. */
	uint64_t grant_events, grant_bytes, sent_events, sent_bytes;
	struct rhc_backoff starved; /* KEEPALIVE to ask for credit; RHC_NEVER: not waiting */
	/* What we let the router send. */
	uint64_t window_events, window_bytes;
	uint64_t manual_events, manual_bytes; /* with manual_credit: given by the user since the session began */
	uint64_t granted_events, granted_bytes;
	uint64_t arrived_events, arrived_bytes;
	uint64_t lost_events, lost_bytes;
	uint64_t dropped_copies;
	/* KEEPALIVE */
	uint64_t keepalive_ns; /* sent last */
	uint64_t stamp, stamp_answered;
	struct rhc_backoff flush; /* a rhumb_flush waits for an answer */
};

void rhc_credit_windows(struct rhumb *r);
/* Grants that HELLO carries: those of a session that begins. */
void rhc_credit_hello(const struct rhumb *r, struct rh_hello *m);
void rhc_credit_new_session(struct rhumb *r, const struct rh_welcome *m);
bool rhc_credit_covers(const struct rhumb *r, uint64_t bytes);
void rhc_credit_starve(struct rhumb *r);
void rhc_credit_take(struct rhumb *r, uint64_t events, uint64_t bytes);
/* An event arrived whole. */
void rhc_credit_arrived(struct rhumb *r, uint64_t bytes);
/* Send CREDIT when a quarter of the window is free, or @now. */
void rhc_credit_renew(struct rhumb *r, bool now);
void rhc_keepalive_send(struct rhumb *r, bool answer, uint64_t stamp);
void rhc_keepalive_take(struct rhumb *r, const struct rh_keepalive *m);
void rhc_credit_timer(struct rhumb *r);
uint64_t rhc_credit_due(const struct rhumb *r);

/* --- reassembly ---------------------------------------------------------------------------------------------------- */

#define RHC_REASSEMBLY	  16   /* events at one time; each has its buffer of RH_EVENT_MAX once it was used */
#define RHC_REASSEMBLY_MS 2000 /* docs/protocol.md section 4.4 */
#define RHC_UNITS	  ((RH_EVENT_MAX + RH_WIRE_ALIGN - 1) / RH_WIRE_ALIGN)

enum rhc_partial_state { RHC_PARTIAL_FREE, RHC_PARTIAL_GROWS, RHC_PARTIAL_OVER };

/* OVER: complete or discarded; it stays until its time is up and eats what comes late. */
struct rhc_partial {
	enum rhc_partial_state state;
	uint8_t lane;
	uint32_t id, total, have;
	uint64_t sequence, since_ns;
	uint8_t *bytes;
	uint64_t seen[(RHC_UNITS + 63) / 64]; /* a bit for each 8 bytes */
};

struct rhc_reassembly {
	struct rhc_partial partial[RHC_REASSEMBLY];
};

void rhc_reassembly_fini(struct rhc_reassembly *a);
void rhc_reassembly_new_session(struct rhumb *r);
/* Give up what takes too long. */
void rhc_reassembly_timer(struct rhumb *r);
uint64_t rhc_reassembly_due(const struct rhumb *r);
/* Add the events that are neither complete nor lost yet. */
void rhc_reassembly_under_way(const struct rhumb *r, uint64_t *events, uint64_t *bytes);
/* The record when this slice completed it, else NULL. Valid until the next call. */
const uint8_t *rhc_fragment_take(
	struct rhumb *r, uint8_t lane, const struct rh_fragment *f, uint32_t *record_len);

/* --- receive ------------------------------------------------------------------------------------------------------- */

#define RHC_BATCH	   32
#define RHC_ATTRIBUTES_MAX (RH_ATTRIBUTES_MAX / 3 + 1) /* a core attribute without a value takes 3 bytes */

/* Packet numbers of one lane: the highest, and the 64 before it. */
struct rhc_lane {
	uint64_t highest, seen;
};

struct rhc_receive {
	uint8_t *memory; /* RHC_BATCH times room */
	uint32_t room;
	struct mmsghdr messages[RHC_BATCH];
	struct iovec vectors[RHC_BATCH];
	struct rhc_lane lanes[256];
	struct rhumb_attribute attributes[RHC_ATTRIBUTES_MAX];
	uint64_t handed; /* events given to the callback, ever */
};

int rhc_receive_init(struct rhumb *r);
void rhc_receive_fini(struct rhc_receive *in);
/* Take what the socket holds, at most @batches batches. Datagrams taken, or the socket's error. */
int rhc_receive(struct rhumb *r, unsigned batches);
/* One datagram from the network: anything at all. */
void rhc_datagram_take(struct rhumb *r, const uint8_t *bytes, size_t len);
/* A parsed event to the user, and its credit. */
void rhc_event_take(struct rhumb *r, const uint8_t *record, uint32_t len, bool assembled, uint64_t sequence);

/* --- attributes ---------------------------------------------------------------------------------------------------- */

/* Attributes of @event as on the wire into @out (RH_ATTRIBUTES_MAX bytes). Length or negative errno with a sentence. */
int rhc_attributes_encode(struct rhumb *r, const struct rhumb_event *event, uint8_t *out);
/* Checked attributes of a received event; returns how many. */
uint16_t rhc_attributes_decode(const struct rh_event *e, struct rhumb_attribute *out);

/* --- the client ---------------------------------------------------------------------------------------------------- */

struct rhumb {
	struct rhumb_options options; /* strings are ours */
	struct rh_error error;
	enum rhc_state state;
	bool greeted;  /* had a session before */
	bool in_call;  /* inside poll or a wait: the callback must not come back in */
	int ended;     /* negative errno to report once: the router ended the session or refused us */
	uint8_t bye_reason;
	uint64_t incarnation; /* the publisher's: the same over all sessions */
	uint64_t sequence;    /* last used */
	uint32_t fragment_id;
	uint64_t random;
	uint64_t now_ns; /* of this turn */
	struct rhc_path path;
	struct rhc_out out;
	struct rhc_hello hello;
	struct rhc_session session;
	struct rhc_subs subs;
	struct rhc_credit credit;
	struct rhc_reassembly reassembly;
	struct rhc_receive receive;
	struct rhumb_stats stats;
	uint8_t attributes[RH_ATTRIBUTES_MAX];
	uint8_t record[RH_EVENT_MAX + RH_WIRE_ALIGN]; /* of a large event, before it is cut */
};

/* What one datagram to the router may hold. */
static inline uint32_t rhc_datagram_max(const struct rhumb *r)
{
	uint32_t theirs = r->session.max_datagram ? r->session.max_datagram : RH_DATAGRAM_MIN_MAX;

	return theirs < r->path.max_datagram ? theirs : r->path.max_datagram;
}

/* Run until @done says so: 0, -ETIMEDOUT, or the session's end. */
typedef bool (*rhc_done)(const struct rhumb *r, const void *arg);
int rhc_run(struct rhumb *r, int timeout_ms, rhc_done done, const void *arg);

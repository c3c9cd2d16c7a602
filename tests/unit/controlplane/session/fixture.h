#pragma once

#include "controlplane/session/session_priv.h"
#include "dataplane/frame/datagram.h"

/* A record that the room sent, with where to. */
struct sent {
	struct dp_control_target to;
	uint8_t bytes[CP_RECORDS_MAX];
	uint32_t len;
};

/* The room's surroundings, as they were used. */
struct around {
	struct sent sent[256]; /* the last ones, by number modulo */
	unsigned sent_count;
	uint64_t sent_bytes;
	bool send_full; /* answer -EAGAIN */
	bool open[64];
	unsigned opened, closed, reaped;
	uint32_t slots; /* -ENOSPC beyond */
	bool commands_full; /* -EAGAIN */
	struct dp_session_conf last_open;
	int adj_refs;
	unsigned adj_gets, adj_puts;
	bool adj_known; /* of 10.0.0.0/8 */
	dp_adj_id_t adj_next; /* what adj_get gives */
	dp_adj_id_t adj_set;
	struct dp_session_stats stats;
	uint64_t seen, now_ns, tsc;
	/* The registry: the last request, open until answer_subs. */
	unsigned adds, dels, drops;
	cp_subs_done_cb cb[64];
	void *arg[64];
	uint16_t count[64];
	unsigned waiting;
	bool subs_full;
	char alias_topic[64];
	int alias_ret;
};

extern struct around around;
extern struct cp_conf conf;
extern struct cp_sessions *sessions;
extern uv_loop_t loop;

void fixture_start(void);
void fixture_stop(void);

/* A client as the tests play it. */
struct client {
	struct dp_address local, remote;
	uint64_t incarnation;
	const char *id, *tenant;
	uint16_t max_datagram;
	uint32_t queue_ms, keepalive_ms;
	uint8_t version_min, version_max;
	struct rh_text cookie;
	char cookie_bytes[RH_COOKIE_MAX];
	struct rh_welcome welcome;
	dp_session_id_t slot;
};

struct client client_at(uint8_t last_byte, const char *id);
/* The datagram's bytes on the wire, header included. */
size_t client_hello(struct client *c);
/* Hello, challenge, hello: asserts WELCOME and fills the client. */
void client_greet(struct client *c);
/* A record of an established session. */
void client_record(const struct client *c, const void *bytes, size_t len);
void client_subscribe(const struct client *c, uint8_t type, uint32_t request, unsigned count);
void client_alias(const struct client *c, uint32_t request, uint16_t alias, const char *topic);

/* The last record sent, and how many since the last call. */
const struct sent *last_sent(void);
unsigned sent_now(void);
uint8_t last_type(void);
uint8_t last_bye(void);
/* Answer all that wait at the registry with @code and @text. */
void answer_subs(uint8_t code, const char *text);

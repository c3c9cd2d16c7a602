#pragma once

/*
 * A small router on loopback that speaks the protocol through the codecs and misbehaves on request. It runs in a thread of its
 * own; knobs and counters are read and written under its lock, through fake_set and fake_get.
 */

#include "dataplane/frame/control.h"
#include "dataplane/frame/datagram.h"
#include "dataplane/frame/event.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <netinet/in.h>

#define FAKE_EVENTS  4096
#define FAKE_ENTRIES 16

struct fake_event {
	uint64_t sequence, incarnation;
	uint32_t payload_len, record_len;
	uint8_t class;
	uint16_t attributes_len;
	char topic[64];
};

struct fake_entry {
	uint8_t type, dialect, kind;
	char filter[64];
};

struct fake_router {
	/* knobs */
	int drop_hellos, drop_subscribes, drop_subacks, silent; /* so many are not answered; silent: nothing is */
	bool forge_cookie;  /* a first CHALLENGE with a cookie that will not do */
	bool refuse_hello;  /* BYE to a hello with a cookie */
	bool hold_credit;   /* CREDIT is not raised */
	uint8_t sub_code;   /* answer to SUBSCRIBE entries whose filter starts with "refuse" */
	uint64_t window_events, window_bytes;
	uint32_t keepalive_ms, timeout_ms, max_payload;
	uint16_t max_datagram;
	/* counters */
	unsigned hellos, sessions, subscribes, subscribe_ids, unsubscribes, keepalives, credits, byes, bad, events, fragments,
		datagrams, over_credit;
	uint64_t granted_events, granted_bytes; /* by the client, last seen */
	uint64_t hello_events, hello_bytes;
	struct fake_event event[FAKE_EVENTS];
	struct fake_entry entry[FAKE_ENTRIES]; /* the last ones asked for */
	unsigned entries;
	/* private */
	int fd;
	uint16_t port;
	bool stop;
	pthread_t thread;
	pthread_mutex_t lock;
	struct sockaddr_in peer;
	uint32_t session, check, last_request;
	uint64_t node_incarnation, incarnation, packet_number, sent_events, sent_bytes, arrived_events, arrived_bytes,
		grant_events, grant_bytes, dropped;
	uint8_t assembly[RH_EVENT_MAX];
	uint32_t assembled;
};

void fake_start(struct fake_router *f);
void fake_stop(struct fake_router *f);
/* "127.0.0.1:PORT", static. */
const char *fake_address(struct fake_router *f);

#define fake_get(f, field)                                                                         \
	({                                                                                         \
		(void)pthread_mutex_lock(&(f)->lock);                                              \
		__typeof__((f)->field) fake_value = (f)->field;                                    \
		(void)pthread_mutex_unlock(&(f)->lock);                                            \
		fake_value;                                                                        \
	})
#define fake_set(f, field, value)                                                                  \
	do {                                                                                       \
		(void)pthread_mutex_lock(&(f)->lock);                                              \
		(f)->field = (value);                                                              \
		(void)pthread_mutex_unlock(&(f)->lock);                                            \
	} while (0)

/* Send raw bytes to the client. */
void fake_send(struct fake_router *f, const void *bytes, size_t len);
/* Send records as a datagram of the session, from @lane. */
void fake_send_records(struct fake_router *f, uint8_t lane, const void *records, size_t len);
/* Send an event of @payload_len bytes, in one datagram, or in slices of @slice bytes in the order of @order (NULL: as they are). */
void fake_publish(struct fake_router *f, const char *topic, uint32_t payload_len, uint64_t sequence);
struct fake_slices {
	uint32_t slice, id;
	const uint32_t *order;
	unsigned count; /* entries of order */
};
void fake_publish_sliced(struct fake_router *f, const char *topic, uint32_t payload_len, uint64_t sequence,
	const struct fake_slices *slices);
/* Count an event as sent that never is. */
void fake_lose(struct fake_router *f, uint64_t events, uint64_t bytes);
void fake_keepalive(struct fake_router *f, bool answer, uint64_t dropped);
void fake_bye(struct fake_router *f, uint8_t reason, const char *text);
/* As after a restart: the session is unknown, the incarnation another. */
void fake_forget(struct fake_router *f);

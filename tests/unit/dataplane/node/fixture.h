#pragma once

/*
 * A dataplane in a test's hand: one ring port, one or two workers that nobody runs, polled from the test's thread. A ring port gives
 * back what is sent on it, so the fixture empties it after each poll: what it finds there is what the router sent.
 *
 * fx_stop asserts the three conservation laws, before and after the engine stopped.
 */

#include "dataplane/api/counters.h"
#include "dataplane/api/drop.h"
#include "dataplane/api/engine.h"
#include "dataplane/api/punt.h"
#include "dataplane/api/session.h"
#include "dataplane/api/table.h"
#include "dataplane/frame/control.h"
#include "dataplane/frame/datagram.h"
#include "dataplane/frame/event.h"
#include "dataplane/worker/engine_priv.h"
#include "tests/lib/packet.h"

#include <criterion/criterion.h>
#include <string.h>

#define FX_FRAMES_MAX 4096

struct fx_frame {
	uint32_t len;
	uint32_t worker; /* whose transmit queue it left by */
	uint8_t *bytes;
};

struct fx {
	struct dp_table *table;
	struct dp_engine *eng;
	uint32_t port;
	uint32_t workers;
	struct fx_frame sent[FX_FRAMES_MAX]; /* what the router sent */
	uint32_t sent_count;
	uint32_t sent_read;    /* fx_copy goes on from this frame */
	uint32_t sent_read_at; /* and from this byte of its records */
	bool lane_rests; /* fx_poll leaves the content lane alone */
	bool hold; /* frames in wait for the next fx_poll: up to a burst of them are one round's */
};
extern struct fx fx;

struct fx_options {
	uint32_t workers; /* 0: 1 */
	uint32_t max_sessions;
	uint32_t punt_rate, control_rate;
	uint16_t mtu; /* 0: 1500 */
	uint32_t content_share; /* percent; 0: no bound, no content lane */
	bool check_in_software;
	bool stage_timing;
	uint64_t max_rx_datagrams;
};

void fx_start(const struct fx_options *options);
void fx_stop(void);
/* Ends the test's process when a conservation law does not hold; @when goes into the message. */
void fx_laws(const char *when);

/* A frame in, to worker @worker's receive queue; polls that worker, but with fx.hold. */
void fx_frame_in(uint32_t worker, const uint8_t *frame, size_t len);
/* One round of every worker. */
void fx_poll(void);
/* Several rounds, until rings between workers are empty. */
void fx_settle(void);
/* What the router sent so far is forgotten. */
void fx_forget(void);
/* Let @ms pass on the workers' clock: what waits since then has waited longer. */
void fx_age(uint32_t ms);

/* A client, real or only addressed. */
struct fx_client {
	uint8_t family;
	uint16_t vlan;
	uint16_t port;
	uint8_t address[16];
	uint8_t router[16];
	dp_adj_id_t adjacency;
	dp_session_id_t slot;
	uint32_t wire_id, check;
	uint64_t incarnation, sequence, packet_number;
	uint16_t alias; /* publish under it */
	uint32_t owner;
};

/* Session conf with no limits: credit unlimited both ways. */
struct dp_session_conf fx_conf(const struct fx_client *c);
/* A client with number @n: 10.0.0.n or fd00::n, port 40000 + n, VLAN or none; its adjacency is made. */
void fx_client_init(struct fx_client *c, uint32_t n, uint8_t family, uint16_t vlan);
void fx_open(struct fx_client *c, const struct dp_session_conf *conf);
/* Both, on worker 0, IPv4, unlimited. */
void fx_connect(struct fx_client *c, uint32_t n);
dp_sub_id_t fx_subscribe(const struct fx_client *c, const char *filter);
void fx_unsubscribe(dp_sub_id_t sub);

/* Headers as from @c to the router in front of @len bytes of records into @frame, at most PACKET_MAX; its length. */
size_t fx_frame_make(struct fx_client *c, uint8_t *frame, const void *records, size_t len);
/* Records of @len bytes as a datagram of @c to worker @worker. */
void fx_records_in(struct fx_client *c, uint32_t worker, const void *records, size_t len);
void fx_event_in(struct fx_client *c, const struct rh_event_spec *spec);
/* Next sequence, @topic and @payload. */
void fx_publish(struct fx_client *c, const char *topic, const char *payload);
void fx_publish_sequence(struct fx_client *c, uint64_t sequence, const char *topic, const char *payload);
struct rh_event_spec fx_spec(struct fx_client *c, const char *topic, const char *payload);
void fx_grant(struct fx_client *c, uint64_t events, uint64_t bytes);

/* The next copy the router sent to @c that was not read yet (fragments put together), or false. */
struct fx_copy {
	struct rh_event event;
	struct rh_datagram header;
	struct packet_view packet;
	uint32_t frames;
	uint8_t bytes[RH_EVENT_MAX + 8];
};
bool fx_copy(const struct fx_client *c, struct fx_copy *out);
/* The next control record of @type to @c, the newest, as it lies in its frame; NULL when none. */
const uint8_t *fx_control(const struct fx_client *c, uint8_t type, uint32_t *len);
/* Copies to @c, all of them. */
uint32_t fx_copies(const struct fx_client *c);

struct dp_counters fx_counters(void);
struct dp_session_stats fx_stats(const struct fx_client *c);
#define fx_count(field) (fx_counters().field)
#define fx_dropped(level, id) (fx_counters().drop_##level[DP_DROP_##id])

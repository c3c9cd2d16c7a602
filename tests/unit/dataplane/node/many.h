#pragma once

/* A publisher and many subscribers of everything, on frames.h: what each of them got in the last run. */

#include "tests/unit/dataplane/node/frames.h"

#define MOST	40 /* subscribers: more than a chunk */
#define SEVERAL 10
#define FIRST	2 /* number of the first one; 1 is the publisher */

extern struct fx_client pub, sub[MOST];
extern dp_sub_id_t all[MOST]; /* their subscriptions */
extern uint32_t subs;

/* The publisher alone. */
void many_start(void);
/* With two workers. */
void many_start_two(void);
/* On a port that carries more than a wide run has room for. */
void many_start_jumbo(void);
/* Fails unless every buffer came back. */
void many_stop(void);

struct dp_session *slot_of(uint32_t i);
struct dp_txq *txq(void);
/* The next subscriber, of everything. */
void subscriber(uint8_t family, uint16_t vlan, uint32_t owner, uint16_t max_datagram);
/* @n over IPv4, like any other. */
void subscribers(uint32_t n);
/* The next event. */
struct rh_event_spec next(void);
/* @spec in, as a datagram of its own. */
void publish(struct rh_event_spec *spec);
/* The only frame that left for subscriber @i; NULL when none did. */
struct rte_mbuf *frame_for(uint32_t i);
/* Is it in a buffer of its own whose records begin on a line, as a copy has that went straight or the wide way? */
bool on_a_line(const struct rte_mbuf *m, const struct fx_client *to);
/* Subscriber @i got one frame with @specs, as its datagram @number, on a @line or not. */
void expect(uint32_t i, const struct rh_event_spec *specs, uint32_t count, uint64_t number, bool line);
/* All but @except, of whom the last gets the frame that came in. */
void expect_others(uint32_t except, const struct rh_event_spec *spec, uint64_t number);
/* The pool has only @left buffers from now on. */
void buffers_take(uint32_t left);
void buffers_give(void);
/* @waiting frames stand before the next one; the device takes nothing. */
void backlog_of(uint32_t waiting);
/* What is behind a backlog of @waiting others is frames for sessions, and no more than half of it. */
void backlog_gone(uint32_t waiting);
/*
 * Of one copy for each of SEVERAL subscribers behind a backlog of @waiting others, so many stand that it is half full, and the rest queued; all
 * arrive when it is gone.
 */
void expect_half_full(uint32_t waiting);
/* What waits for the device is nothing, and its ring ends behind @left frames more. */
void ring_ends_behind(uint32_t left);

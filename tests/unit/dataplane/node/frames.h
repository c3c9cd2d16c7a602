#pragma once

/* Frames in as buffers, and out as buffers: which one left, and every byte of it. With fixture.h, whose fx_frame_in and fx_copy look at bytes alone. */

#include "tests/unit/dataplane/node/fixture.h"

#include <rte_mbuf.h>

#define OUT_MAX 64

/* What left in the last run; out_free, or the test's fini, gives it back. */
extern struct rte_mbuf *out[OUT_MAX];
extern uint32_t out_count;

struct rte_mempool *pool(void);
void join(struct fx_client *c, uint32_t n, uint8_t family, uint16_t vlan);
size_t record_put(uint8_t *at, const struct rh_event_spec *spec);
struct rte_mbuf *buffer_of(const uint8_t *frame, size_t len);
/* One event of @c. */
struct rte_mbuf *received(struct fx_client *c, const struct rh_event_spec *spec);
/* @m in by worker @from's queue, rounds of all workers, what left into @out. */
void run(struct rte_mbuf *m, uint32_t from);
void out_free(void);
/* Datagram @number to @to with copies of what @specs say, byte for byte. */
void expect_frame_of(const struct rte_mbuf *m, const struct fx_client *to, const struct rh_event_spec *specs,
	uint32_t count, uint64_t number);
/* One copy. */
void expect_frame(const struct rte_mbuf *m, const struct fx_client *to, struct rh_event_spec spec,
	uint64_t number);

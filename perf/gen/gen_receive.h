#pragma once

/* What comes in: events to the sink, by way of the fault that a self-test asked for; control records to the sessions. */

#include "perf/gen/gen.h"

/* gen_datagram_cb of everything. Ctx: the receiving thread. */
void gen_receive(struct gen *gen, uint32_t client, const uint8_t *payload, uint32_t len, uint64_t now_ns);
/* A frame that reordering still holds back. Ctx: at the end of a trial. */
void gen_receive_flush(struct gen *gen, uint64_t now_ns);

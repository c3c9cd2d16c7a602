#pragma once

/*
 * The mbuf pool of a port. Private to dataplane/port.
 */

#include "dataplane/port/table_priv.h"

/*
 * Create port->pool from conf.mbufs, or as large as queues and workers need. @frame_bytes: what one mbuf must hold beyond the
 * MTU (slot of a packet ring); 0: nothing more. 0, -ENOMEM, -EINVAL (conf.mbufs smaller than the descriptors).
 */
int dp_pool_create(struct dp_port *port, uint32_t frame_bytes, struct rh_error *err);
/* Accepts a port without a pool. Every queue is stopped. */
void dp_pool_destroy(struct dp_port *port);

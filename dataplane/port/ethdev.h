#pragma once

/*
 * Configure and start one ethdev port: queues, pool, offloads, MTU. Private to dataplane/port.
 */

#include "dataplane/port/device.h"
#include "dataplane/port/table_priv.h"

/*
 * @port->ethdev is probed and stopped; @port->conf is set. Fills queues, descriptors, pool, offloads and MTU, starts the
 * device. 0 or a negative errno with the sentence; then the pool is freed and the device is stopped.
 */
int dp_ethdev_start(struct dp_port *port, const struct dp_device *dev, struct rh_error *err);
/* Stop and free the pool. */
void dp_ethdev_stop(struct dp_port *port);

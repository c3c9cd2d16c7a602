#pragma once

/*
 * What worker/ needs of an open port beyond the public contract: the ethdev behind the index, its mbuf pool and its
 * queues. Ctx: control, unless said otherwise; a worker keeps the answers, it does not ask again.
 */

#include "dataplane/api/port.h"

#include <stdbool.h>
#include <stdint.h>

struct rte_mempool;

/* ethdev port id, or -ENOENT. */
int dp_port_ethdev_id(uint32_t index);
/* The pool its rx queues fill from; also good for mbufs to send. NULL when there is no such port. Owned by the port. */
struct rte_mempool *dp_port_pool(uint32_t index);
/*
 * Hand out the next rx/tx queue pair: @queue is the id of both. A queue has one user for life: the pairs come back only
 * with dp_port_queues_return or dp_port_close. 0, -ENOENT, -EBUSY when all are taken.
 */
int dp_port_queue_claim(uint32_t index, uint32_t *queue);
/* After the workers stopped: all pairs of the port are free again. */
void dp_port_queues_return(uint32_t index);
/*
 * RTE_ETH_TX_OFFLOAD_* switched on. 0: none. Never MBUF_FAST_FREE: it wants every mbuf of a queue from one pool and
 * unshared, but what is forwarded comes from the pool of the port it came in on.
 */
uint64_t dp_port_tx_offloads(uint32_t index);
/*
 * True: nobody has looked at IP and UDP checksums, verify them per datagram. False: the device sets
 * RTE_MBUF_F_RX_{IP,L4}_CKSUM_*, or the configuration said not to look.
 */
bool dp_port_rx_checksum_in_software(uint32_t index);
/* Frames a transmit queue of the device holds. 0 when there is no such port. */
uint16_t dp_port_tx_descriptors(uint32_t index);
/* Largest layer 3 packet the port sends and receives, bytes. 0 when there is no such port. */
uint16_t dp_port_mtu(uint32_t index);

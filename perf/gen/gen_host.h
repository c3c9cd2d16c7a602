#pragma once

/* The port of rhumb-gen: frames in and out, and ARP for the one address of its clients. IPv4. */

#include "perf/gen/gen.h"

#include <stdint.h>

struct rte_mbuf;

/* Start DPDK, open the device. 0 or a negative errno with a sentence. */
int gen_host_open(struct gen *gen, struct rh_error *err);
void gen_host_close(struct gen *gen);
/* Learn the router's link address where it was not given. -ETIMEDOUT with a sentence after 5 s. */
int gen_host_resolve(struct gen *gen, struct rh_error *err);

/* Write the 42 bytes of headers of client @client at @frame for @udp_payload bytes behind them. */
void gen_host_address(const struct gen_host *host, uint8_t *frame, uint32_t client, uint32_t udp_payload);
/* One UDP datagram of client @client. False when there was no room for it. */
bool gen_host_send(struct gen_host *host, uint32_t client, const uint8_t *udp_payload, uint32_t len);

/* Buffers for a burst of frames, all of them or none. */
bool gen_host_buffers(struct gen_host *host, struct rte_mbuf **mbufs, uint32_t n);
/* Hand over @n; those that the device does not take are freed. Returns how many it took. */
uint32_t gen_host_burst(struct gen_host *host, struct rte_mbuf **mbufs, uint32_t n);

/* A UDP datagram for one of the clients, @payload inside a buffer that lives until the call returns. */
typedef void (*gen_datagram_cb)(struct gen *gen, uint32_t client, const uint8_t *payload, uint32_t len,
	uint64_t now_ns);
/* Receive one burst; answers ARP. Returns the number of frames. */
uint32_t gen_host_poll(struct gen *gen, gen_datagram_cb cb);

struct gen_port_stats {
	uint64_t rx_packets, rx_missed, rx_no_buffer, tx_packets, tx_errors;
};
void gen_host_stats(const struct gen_host *host, struct gen_port_stats *out);

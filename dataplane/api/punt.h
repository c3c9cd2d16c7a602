#pragma once

/*
 * The two ways between workers and the control loop: frames that are the kernel's (to and from the tap twin) and control records
 * of event sessions. SPSC rings of pre-allocated messages; a full ring is the drop `punt_full`, never a wait.
 *
 * Control records (HELLO, BYE, SUBSCRIBE, UNSUBSCRIBE, ALIAS) come up one record a message, whatever datagram they rode
 * in. CREDIT and KEEPALIVE are answered by the owner worker itself.
 */

#include "dataplane/api/session.h"

#include <stdbool.h>
#include <stdint.h>

#define DP_PUNT_FRAME_MAX 9728

enum dp_punt_kind {
	DP_PUNT_KERNEL,		/* whole Ethernet frame for the port's tap twin */
	DP_PUNT_CONTROL,	/* one control record */
	DP_PUNT_UNKNOWN_SESSION /* an event datagram for a session that is not there: answer UNKNOWN_SESSION, rate-limited */
};

struct dp_punt {
	enum dp_punt_kind kind;
	uint32_t worker, port;
	uint32_t len; /* of bytes */
	/* CONTROL and UNKNOWN_SESSION: */
	struct dp_address local, remote;
	uint16_t vlan;		/* DP_VLAN_NONE */
	uint32_t wire_session;	/* as received; 0 none */
	dp_session_id_t slot;	/* valid when has_session: the datagram passed number, check and source */
	bool has_session;
	uint8_t bytes[DP_PUNT_FRAME_MAX];
};

/* Take one message from @worker. -EAGAIN when there is none. Ctx: control. */
int dp_punt_recv(struct dp_engine *eng, uint32_t worker, struct dp_punt *out);
/* File descriptor that becomes readable when a punt may wait (eventfd; kicked at most once a millisecond and worker,
 * only when the control loop asked by reading it empty). Ctx: control. */
int dp_punt_fd(const struct dp_engine *eng);

/* Send a raw frame (from the tap twin) out of @port. -EAGAIN when the ring is full, -EMSGSIZE. Ctx: control. */
int dp_inject_frame(struct dp_engine *eng, uint32_t port, const void *frame, uint32_t len);

/*
 * Send control records (already encoded, padded) to an address that need not have a session: the header's session and check are
 * as given, lane RH_LANE_CONTROL, packet number the control plane's own. The worker builds IP and UDP. Ctx: control.
 * -EAGAIN when the ring is full, -EMSGSIZE beyond @records 1,400 bytes.
 */
struct dp_control_target {
	struct dp_address local, remote;
	dp_adj_id_t adjacency;
	uint32_t wire_session, check;
	uint64_t packet_number;
};
int dp_control_send(struct dp_engine *eng, const struct dp_control_target *to, const void *records,
	uint32_t len);
/* Does anything given to the two above still wait for its worker? Ctx: control. */
bool dp_control_waits(const struct dp_engine *eng);

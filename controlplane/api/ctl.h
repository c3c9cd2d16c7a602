#pragma once

/*
 * The control socket's protocol: a Unix stream socket, mode 0660. docs/control-protocol.md is the specification.
 *
 * Message header, 16 bytes, network byte order
 *   off size meaning
 *    0   2   protocol version, CTL_VERSION
 *    2   2   message type (enum ctl_type); a reply carries its request's type
 *    4   4   length of the body in bytes, at most CTL_BODY_MAX
 *    8   4   request id, chosen by the client, returned in every reply
 *   12   2   status of a reply (enum ctl_status); 0 in a request
 *   14   2   flags: CTL_MORE, another reply to the same request follows
 * The body is a JSON object (UTF-8, RFC 8259): the arguments of a request, the answer of a reply. A reply with a status other than
 * CTL_STATUS_OK holds {"error": "<sentence>"}. Unknown members of a request are refused, of a reply ignored: additive changes keep
 * old clients. The first request must be CTL_HELLO; anything malformed closes that connection only.
 */

#include "dataplane/base/error.h"

#include <stddef.h>
#include <stdint.h>

#define CTL_VERSION	   1
#define CTL_HDR		   16
#define CTL_BODY_MAX	   (1 << 20)
#define CTL_DEFAULT_SOCKET "/run/rhumb/rhumb.sock"
#define CTL_SOCKET_ENV	   "RHUMB_SOCKET"

enum ctl_flag { CTL_MORE = 0x0001 };
enum ctl_permission { CTL_PERM_READ, CTL_PERM_CHANGE, CTL_PERM_ADMIN };

/* X(id, value, name, permission, help): one row is a message; the server's handler table is checked against it at start. */
#define CTL_MESSAGES(X)                                                                            \
	X(HELLO, 1, "hello", CTL_PERM_READ, "version handshake")                                        \
	X(SHOW_STATUS, 10, "show status", CTL_PERM_READ, "node, version, uptime, health")               \
	X(SHOW_PORTS, 11, "show ports", CTL_PERM_READ, "devices, links, losses before the router")      \
	X(SHOW_WORKERS, 12, "show workers", CTL_PERM_READ, "cores, load, loops, burst fill, stage cycles") \
	X(SHOW_SESSIONS, 13, "show sessions", CTL_PERM_READ, "clients, credit, queues, losses")         \
	X(SHOW_SUBSCRIPTIONS, 14, "show subscriptions", CTL_PERM_READ, "who asked for what")            \
	X(SHOW_TOPICS, 15, "show topics", CTL_PERM_READ, "what is published: rates, totals, receivers")  \
	X(SHOW_DROPS, 16, "show drops", CTL_PERM_READ, "every drop reason with its counts")             \
	X(SHOW_COUNTERS, 17, "show counters", CTL_PERM_READ, "all counters and the conservation laws")  \
	X(SHOW_LIMITS, 18, "show limits", CTL_PERM_READ, "every bound and how near it is")              \
	X(SHOW_PATTERNS, 19, "show patterns", CTL_PERM_READ, "what payload patterns cost, by tenant")    \
	X(EXPLAIN, 20, "explain", CTL_PERM_READ, "which subscriptions would get an event, and why not") \
	X(TRACE_START, 21, "trace start", CTL_PERM_CHANGE, "keep the last events that match a filter")  \
	X(TRACE_STOP, 22, "trace stop", CTL_PERM_CHANGE, "stop keeping events")                         \
	X(TRACE_SHOW, 23, "trace show", CTL_PERM_READ, "the events kept")                               \
	X(LOG_LEVEL, 30, "log level", CTL_PERM_CHANGE, "set the log level of a room")                   \
	X(LOG_SHOW, 31, "log show", CTL_PERM_READ, "log levels of all rooms")                           \
	X(SHUTDOWN, 40, "shutdown", CTL_PERM_ADMIN, "drain and stop the router")

enum ctl_type {
#define X(id, value, name, permission, help) CTL_##id = value,
	CTL_MESSAGES(X)
#undef X
};

/* X(id, value, name) */
#define CTL_STATUSES(X)                                                                            \
	X(OK, 0, "ok")                                                                             \
	X(REFUSED, 1, "refused")                                                                   \
	X(INVALID, 2, "invalid request")                                                           \
	X(PERMISSION, 3, "permission denied")                                                      \
	X(NOT_FOUND, 4, "not found")                                                               \
	X(UNKNOWN, 5, "unknown message")                                                           \
	X(VERSION, 6, "version mismatch")                                                          \
	X(BUSY, 7, "busy")

enum ctl_status {
#define X(id, value, name) CTL_STATUS_##id = value,
	CTL_STATUSES(X)
#undef X
};

struct ctl_header {
	uint16_t version, type, status, flags;
	uint32_t length, request;
};

/* Ctx: any. @in and @out are CTL_HDR bytes. ctl_header_parse: 0, -EPROTO (version), -EMSGSIZE (length). */
int ctl_header_parse(const uint8_t *in, struct ctl_header *out, struct rh_error *err);
void ctl_header_encode(uint8_t *out, const struct ctl_header *h);

/* NULL when unknown. Ctx: any. */
const char *ctl_type_name(uint16_t type);
const char *ctl_type_help(uint16_t type);
/* -ENOENT when unknown. */
int ctl_type_permission(uint16_t type);
const char *ctl_status_name(uint16_t status);

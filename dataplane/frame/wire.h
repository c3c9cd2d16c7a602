#pragma once

/*
 * The wire constants of the native event frame, protocol version 1. docs/protocol.md is the specification: its tables, the
 * ones below and those of tools/wireshark/rhumb.lua must agree (tests/lint/wire_tables.py reads all three; a field is a
 * line `offset size meaning` under its heading). Network byte order; every record starts on a multiple of 8.
 *
 * DATAGRAM, 24 bytes + records + tag
 *    0   1   version, 1
 *    1   1   flags: DATAGRAM_AUTH, DATAGRAM_LINK; other bits refused
 *    2   2   length of the datagram in bytes, header and tag included; equals the UDP payload length
 *    4   4   session (0: none; only HELLO, CHALLENGE, UNKNOWN_SESSION and a BYE that refuses a HELLO)
 *    8   8   packet number, per session, direction and lane; from 1, never reused; 0 without a session
 *   16   1   lane of the sender (client 0; router: worker index, 255 the control plane)
 *   17   1   key id, 0 while there is no authentication, else refused
 *   18   2   ignored
 *   20   4   session check from WELCOME; 0 without a session
 *   24   -   records, then the 16-byte tag when DATAGRAM_AUTH
 *
 * RECORD, 4 bytes, how every record starts
 *    0   1   type (enum rh_record_type)
 *    1   1   flags of the type; undefined bits are refused
 *    2   2   length of the record without padding; the next one starts at the next multiple of 8
 * Padding is zero, else refused; behind the last record of a datagram it may be left out, whole. Fields called ignored
 * are sent as 0 and not looked at.
 *
 * PUBLISH, 56 bytes + topic + options + attributes + payload, without padding between them
 *    0   1   type 0x01
 *    1   1   flags: PUBLISH_ALIAS
 *    2   2   length; 0 when the record was carried by FRAGMENTs (then the carrier's total counts)
 *    4   1   bits 7-5 class (7 highest), 4-3 delivery mode (0 best effort), 2-1 kind (0 event, 1 command, 2 reply), 0 zero
 *    5   1   hop limit; a router drops 0 and sends one less
 *    6   2   tenant; 0 from a client, whose session decides; set by the router
 *    8   8   event sequence, per publisher incarnation, from 1
 *   16   8   publisher incarnation, not 0 (with the sequence: the event id, the key of duplicate suppression)
 *   24   8   origin time, ns since 1970 UTC, information only
 *   32   4   time to live in ms; 0xffffffff none
 *   36   4   partition key hash
 *   40   4   schema id, 0 none
 *   44   4   payload length
 *   48   2   topic length, or the alias number when PUBLISH_ALIAS (then no topic bytes follow)
 *   50   2   options length
 *   52   2   attributes length
 *   54   2   ignored
 *   56   -   topic, options, attributes, payload
 *
 * Option: type (1; bit 7 set: refuse the event when unknown, else ignore), length (1), value
 * Attribute: key (1: bits 7-5 value type, bits 4-0 core attribute or 0), for key 0: name length (1) + name;
 *            value length (2), value (canonical string form of CloudEvents; UTF-8).
 *            In strictly ascending order: core attributes by key, then extensions by name in byte order.
 *
 * FRAGMENT, 24 bytes + a slice of an encoded PUBLISH record
 *    0   1   type 0x02
 *    1   1   flags: FRAGMENT_LAST
 *    2   2   length
 *    4   4   offset of the slice, a multiple of 8
 *    8   8   event sequence of the PUBLISH
 *   16   4   total length of the PUBLISH record
 *   20   4   fragment id: one per carried event, per session, direction and lane
 *   24   -   slice, a multiple of 8 bytes but for the last
 *
 * HELLO, 48 bytes + cookie + client id + tenant name
 *    0   1   type 0x10
 *    1   1   flags: none
 *    2   2   length
 *    4   1   lowest version spoken
 *    5   1   highest version spoken
 *    6   2   cookie length, up to 64 (0: first hello)
 *    8   8   publisher incarnation, random, non-zero
 *   16   8   events granted to the router, cumulative (all ones: no limit)
 *   24   8   bytes granted to the router, cumulative (all ones: no limit)
 *   32   4   queue time bound asked for, ms (0: the router's default)
 *   36   4   keepalive interval asked for, ms (0: the router's default)
 *   40   2   largest datagram this client accepts, bytes of UDP payload, at least 512
 *   42   2   client id length, 1 to 128
 *   44   2   tenant name length, up to 64 (0: default tenant)
 *   46   2   ignored
 *   48   -   cookie, client id, tenant name
 *
 * CHALLENGE, 16 bytes + cookie
 *    0   1   type 0x11
 *    1   1   flags: none
 *    2   2   length
 *    4   2   cookie length, 1 to 64
 *    6   2   ignored
 *    8   8   node incarnation
 *   16   -   cookie
 *
 * WELCOME, 56 bytes
 *    0   1   type 0x12
 *    1   1   flags: none
 *    2   2   length, 56
 *    4   4   session, not 0
 *    8   8   node incarnation
 *   16   8   events granted to the client, cumulative
 *   24   8   bytes granted to the client, cumulative
 *   32   4   session check
 *   36   4   keepalive interval, ms
 *   40   4   session timeout, ms
 *   44   4   largest payload, bytes
 *   48   2   largest datagram the router accepts, bytes of UDP payload, at least 512
 *   50   1   lanes of the router, at least 1
 *   51   1   version chosen
 *   52   4   owner worker (information)
 *
 * BYE, 8 bytes + text
 *    0   1   type 0x13
 *    1   1   flags: none
 *    2   2   length
 *    4   1   reason (enum rh_bye_reason; unknown ones are kept)
 *    5   1   ignored
 *    6   2   text length, up to 255
 *    8   -   text
 *
 * KEEPALIVE, 40 bytes
 *    0   1   type 0x14
 *    1   1   flags: KEEPALIVE_ANSWER (please answer)
 *    2   2   length, 40
 *    4   4   ignored
 *    8   8   events sent by the sender under credit, cumulative
 *   16   8   bytes sent by the sender under credit, cumulative
 *   24   8   opaque time stamp, returned in the answer
 *   32   8   copies dropped for this session, cumulative (0 from a client)
 *
 * UNKNOWN_SESSION, 16 bytes
 *    0   1   type 0x15
 *    1   1   flags: none
 *    2   2   length, 16
 *    4   4   the session as received
 *    8   8   node incarnation
 *
 * SUBSCRIBE, 16 bytes + entries; UNSUBSCRIBE is the same with type 0x22
 *    0   1   type 0x20
 *    1   1   flags: none
 *    2   2   length, entries with their padding included
 *    4   4   request id, not 0
 *    8   2   number of entries, 1 to 64
 *   10   6   ignored
 *   16   -   entries
 *
 * SUBSCRIBE_ENTRY, 8 bytes + filter + content, padded to 8
 *    0   2   filter length, up to 1,024
 *    2   2   content length, up to 4,096; 0 with content kind 0
 *    4   1   content kind (enum rh_content_kind)
 *    5   1   topic dialect (enum rh_dialect): 0 mqtt (native), 1 solace, 2 nats, 3 zenoh, 4 amqp
 *    6   2   ignored
 *    8   -   filter, content, zeros up to the next multiple of 8
 *
 * SUBACK, 24 bytes + results; UNSUBACK is the same with type 0x23
 *    0   1   type 0x21
 *    1   1   flags: none
 *    2   2   length, results with their padding included
 *    4   4   request id
 *    8   2   number of results, 1 to 64
 *   10   6   ignored
 *   16   8   table generation from which the change holds on every worker
 *   24   -   results
 *
 * SUBACK_RESULT, 8 bytes + text, padded to 8
 *    0   1   code (enum rh_sub_code)
 *    1   1   text length, up to 255
 *    2   2   cycles that it adds to each event of its tenant
 *    4   2   cycles that it adds to each event that it matches
 *    6   2   bytes that it holds
 *    8   -   text, zeros up to the next multiple of 8
 *
 * CREDIT, 24 bytes
 *    0   1   type 0x30
 *    1   1   flags: none
 *    2   2   length, 24
 *    4   4   ignored
 *    8   8   events granted, cumulative; only ever grows
 *   16   8   bytes granted, cumulative; only ever grows
 *
 * ALIAS, 16 bytes + topic
 *    0   1   type 0x40
 *    1   1   flags: none
 *    2   2   length
 *    4   4   request id, not 0
 *    8   2   alias number, 1 to 1,024
 *   10   2   topic length (0: forget the alias)
 *   12   4   ignored
 *   16   -   topic
 *
 * ALIAS_ACK, 16 bytes + text
 *    0   1   type 0x41
 *    1   1   flags: none
 *    2   2   length
 *    4   4   request id
 *    8   2   alias number
 *   10   1   code (enum rh_sub_code)
 *   11   1   ignored
 *   12   2   text length, up to 255
 *   14   2   ignored
 *   16   -   text
 */

#include "dataplane/base/topic_limits.h"

#define RH_WIRE_VERSION	     1
#define RH_WIRE_UDP_PORT     6750
#define RH_WIRE_ETHERTYPE    0x88b5 /* IEEE 802 local experimental 1, for back-to-back links */
#define RH_WIRE_ALIGN	     8
#define RH_DATAGRAM_HDR	     24
#define RH_DATAGRAM_TAG	     16
#define RH_RECORD_HDR	     4
#define RH_PUBLISH_HDR	     56
#define RH_FRAGMENT_HDR	     24
#define RH_HELLO_HDR	     48
#define RH_CHALLENGE_HDR     16
#define RH_WELCOME_HDR	     56
#define RH_BYE_HDR	     8
#define RH_UNKNOWN_HDR	     16
#define RH_KEEPALIVE_HDR     40
#define RH_CREDIT_HDR	     24
#define RH_SUBSCRIBE_HDR     16
#define RH_SUBSCRIBE_ENTRY   8
#define RH_SUBACK_HDR	     24
#define RH_SUBACK_RESULT     8
#define RH_ALIAS_HDR	     16
#define RH_ALIAS_ACK_HDR     16

#define RH_ATTRIBUTES_MAX    8192
#define RH_OPTIONS_MAX	     1024
#define RH_PAYLOAD_MAX	     65536
/* Largest assembled PUBLISH record. */
#define RH_EVENT_MAX	     (RH_PUBLISH_HDR + RH_TOPIC_MAX + RH_OPTIONS_MAX + RH_ATTRIBUTES_MAX + RH_PAYLOAD_MAX)
#define RH_DATAGRAM_MIN_MAX  512   /* smallest 'largest datagram' a peer may announce */
#define RH_DATAGRAM_MAX	     65535
#define RH_CONTENT_MAX	     4096
#define RH_CLIENT_ID_MAX     128
#define RH_TENANT_NAME_MAX   64
#define RH_COOKIE_MAX	     64
#define RH_ALIAS_MAX	     1024  /* alias numbers run from 1 to this */
#define RH_SUBSCRIBE_MAX     64	   /* entries in one SUBSCRIBE or UNSUBSCRIBE */
#define RH_TEXT_MAX	     255   /* reason texts */
#define RH_TTL_NONE	     0xffffffffu
#define RH_CREDIT_UNLIMITED  UINT64_MAX
#define RH_HOP_LIMIT_DEFAULT 32
#define RH_LANE_CONTROL	     255
#define RH_CLASS_DEFAULT     3

enum rh_datagram_flag { RH_DATAGRAM_AUTH = 0x01, RH_DATAGRAM_LINK = 0x02 };
enum rh_publish_flag { RH_PUBLISH_ALIAS = 0x01 };
enum rh_fragment_flag { RH_FRAGMENT_LAST = 0x01 };
enum rh_keepalive_flag { RH_KEEPALIVE_ANSWER = 0x01 };

/* X(id, value, name). ACK, NACK and DISCARD are reserved for delivery guarantees and refused until then. */
#define RH_RECORD_TYPES(X)                                                                         \
	X(PUBLISH, 0x01, "publish")                                                                \
	X(FRAGMENT, 0x02, "fragment")                                                              \
	X(HELLO, 0x10, "hello")                                                                    \
	X(CHALLENGE, 0x11, "challenge")                                                            \
	X(WELCOME, 0x12, "welcome")                                                                \
	X(BYE, 0x13, "bye")                                                                        \
	X(KEEPALIVE, 0x14, "keepalive")                                                            \
	X(UNKNOWN_SESSION, 0x15, "unknown-session")                                                \
	X(SUBSCRIBE, 0x20, "subscribe")                                                            \
	X(SUBACK, 0x21, "suback")                                                                  \
	X(UNSUBSCRIBE, 0x22, "unsubscribe")                                                        \
	X(UNSUBACK, 0x23, "unsuback")                                                              \
	X(CREDIT, 0x30, "credit")                                                                  \
	X(ALIAS, 0x40, "alias")                                                                    \
	X(ALIAS_ACK, 0x41, "alias-ack")                                                            \
	X(ACK, 0x50, "ack")                                                                        \
	X(NACK, 0x51, "nack")                                                                      \
	X(DISCARD, 0x52, "discard")

enum rh_record_type {
#define X(id, value, name) RH_RECORD_##id = value,
	RH_RECORD_TYPES(X)
#undef X
};

/* X(id, value, name) */
#define RH_BYE_REASONS(X)                                                                          \
	X(NORMAL, 0, "normal")                                                                     \
	X(PROTOCOL, 1, "protocol error")                                                           \
	X(TIMEOUT, 2, "session timed out")                                                         \
	X(TAKEN_OVER, 3, "client id greeted from elsewhere")                                       \
	X(SHUTDOWN, 4, "router is shutting down")                                                  \
	X(CREDIT, 5, "sent beyond the credit")                                                     \
	X(LIMIT, 6, "a limit was reached")                                                         \
	X(VERSION, 7, "no common version")                                                         \
	X(TENANT, 8, "unknown tenant")                                                             \
	X(REFUSED, 9, "refused by the operator")

enum rh_bye_reason {
#define X(id, value, name) RH_BYE_##id = value,
	RH_BYE_REASONS(X)
#undef X
};

/* X(id, value, name): result of one subscribe, unsubscribe or alias entry. */
#define RH_SUB_CODES(X)                                                                            \
	X(OK, 0, "ok")                                                                             \
	X(INVALID_FILTER, 1, "invalid filter")                                                     \
	X(INVALID_CONTENT, 2, "invalid content expression")                                        \
	X(TOO_DEAR, 3, "too dear to compile or scan")                                              \
	X(UNSUPPORTED, 4, "not supported yet")                                                     \
	X(LIMIT, 5, "a limit was reached")                                                         \
	X(NOT_SUBSCRIBED, 6, "was not subscribed")                                                 \
	X(INTERNAL, 7, "the router could not do it now")

enum rh_sub_code {
#define X(id, value, name) RH_SUB_##id = value,
	RH_SUB_CODES(X)
#undef X
};

enum rh_content_kind {
	RH_CONTENT_NONE = 0,
	RH_CONTENT_PAYLOAD_REGEX = 1, /* Hyperscan syntax, searched in the payload bytes */
	RH_CONTENT_CESQL = 2,	      /* CloudEvents SQL 1.0 */
	RH_CONTENT_FILTERS = 3,	      /* filters of the CloudEvents Subscriptions API, in JSON */
};

enum rh_option_type {
	RH_OPTION_PAD = 0,
	RH_OPTION_TRACEPARENT = 1, /* 26 bytes: version, trace id 16, parent id 8, flags (W3C Trace Context) */
	RH_OPTION_TRACESTATE = 2,  /* text */
	RH_OPTION_CRITICAL = 0x80,
};

enum rh_attribute_key {
	RH_ATTR_EXTENSION = 0,
	RH_ATTR_ID = 1,
	RH_ATTR_SOURCE = 2,
	RH_ATTR_SPECVERSION = 3,
	RH_ATTR_TYPE = 4,
	RH_ATTR_DATACONTENTTYPE = 5,
	RH_ATTR_DATASCHEMA = 6,
	RH_ATTR_SUBJECT = 7,
	RH_ATTR_TIME = 8,
	RH_ATTR_KEY_COUNT
};

enum rh_attribute_type {
	RH_ATTR_STRING = 0,
	RH_ATTR_BOOLEAN = 1,
	RH_ATTR_INTEGER = 2,
	RH_ATTR_BINARY = 3,
	RH_ATTR_URI = 4,
	RH_ATTR_URI_REFERENCE = 5,
	RH_ATTR_TIMESTAMP = 6,
	RH_ATTR_TYPE_COUNT
};

enum rh_event_kind { RH_KIND_EVENT = 0, RH_KIND_COMMAND = 1, RH_KIND_REPLY = 2 };
enum rh_delivery_mode { RH_MODE_BEST_EFFORT = 0 };

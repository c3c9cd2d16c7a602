#pragma once

/*
 * Control records (wire.h): parsed into plain structs, encoded from them. Strings are views into the bytes that were
 * parsed, not terminated. Parsers take the whole record as rh_record_next gave it; encoders return the bytes written,
 * padding to RH_WIRE_ALIGN included and zeroed, or -EMSGSIZE when @room is too small. Ctx: any. No allocation.
 */

#include "dataplane/frame/status.h"
#include "dataplane/frame/wire.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct rh_text {
	const char *bytes;
	uint16_t len;
};

struct rh_hello {
	uint8_t version_min, version_max;
	uint64_t incarnation;
	uint64_t credit_events, credit_bytes;
	uint32_t queue_ms, keepalive_ms;
	uint16_t max_datagram;
	struct rh_text cookie, client_id, tenant;
};

struct rh_challenge {
	uint64_t node_incarnation;
	struct rh_text cookie;
};

struct rh_welcome {
	uint32_t session, check;
	uint64_t node_incarnation;
	uint64_t credit_events, credit_bytes;
	uint32_t keepalive_ms, timeout_ms;
	uint32_t max_payload;
	uint32_t owner_worker;
	uint16_t max_datagram;
	uint8_t lanes, version;
};

struct rh_bye {
	uint8_t reason; /* enum rh_bye_reason; unknown values are kept */
	struct rh_text text;
};

struct rh_unknown_session {
	uint32_t session;
	uint64_t node_incarnation;
};

struct rh_keepalive {
	bool answer;
	uint64_t sent_events, sent_bytes;
	uint64_t stamp;
	uint64_t dropped_copies;
};

struct rh_credit {
	uint64_t events, bytes;
};

/* One entry of SUBSCRIBE or UNSUBSCRIBE. */
struct rh_sub_entry {
	struct rh_text filter, content;
	uint8_t content_kind; /* enum rh_content_kind; unknown values are kept for a result code */
	uint8_t dialect;
};

/* SUBSCRIBE or UNSUBSCRIBE; entries were all checked, read them with rh_sub_entry_next. */
struct rh_subscribe {
	uint32_t request;
	uint16_t count;
	const uint8_t *entries;
	uint32_t entries_len;
};

/* Estimates; 65,535: that or more. All zero: not told. */
struct rh_sub_price {
	uint16_t every_cycles, match_cycles, bytes;
};

struct rh_sub_result {
	uint8_t code; /* enum rh_sub_code */
	struct rh_text text;
	struct rh_sub_price price; /* of a SUBSCRIBE's with code 0, else not looked at */
};

struct rh_suback {
	uint32_t request;
	uint16_t count;
	uint64_t generation;
	const uint8_t *results;
	uint32_t results_len;
};

struct rh_alias {
	uint32_t request;
	uint16_t alias;
	struct rh_text topic;
};

struct rh_alias_ack {
	uint32_t request;
	uint16_t alias;
	uint8_t code;
	struct rh_text text;
};

enum rh_frame_error rh_hello_parse(const uint8_t *rec, size_t len, struct rh_hello *out);
enum rh_frame_error rh_challenge_parse(const uint8_t *rec, size_t len, struct rh_challenge *out);
enum rh_frame_error rh_welcome_parse(const uint8_t *rec, size_t len, struct rh_welcome *out);
enum rh_frame_error rh_bye_parse(const uint8_t *rec, size_t len, struct rh_bye *out);
enum rh_frame_error rh_unknown_session_parse(
	const uint8_t *rec, size_t len, struct rh_unknown_session *out);
enum rh_frame_error rh_keepalive_parse(const uint8_t *rec, size_t len, struct rh_keepalive *out);
enum rh_frame_error rh_credit_parse(const uint8_t *rec, size_t len, struct rh_credit *out);
/* SUBSCRIBE and UNSUBSCRIBE share a layout. */
enum rh_frame_error rh_subscribe_parse(const uint8_t *rec, size_t len, struct rh_subscribe *out);
/* SUBACK and UNSUBACK share a layout. */
enum rh_frame_error rh_suback_parse(const uint8_t *rec, size_t len, struct rh_suback *out);
enum rh_frame_error rh_alias_parse(const uint8_t *rec, size_t len, struct rh_alias *out);
enum rh_frame_error rh_alias_ack_parse(const uint8_t *rec, size_t len, struct rh_alias_ack *out);

/* False at the end. Only for a record that was parsed; *offset starts at 0. */
bool rh_sub_entry_next(const struct rh_subscribe *sub, size_t *offset, struct rh_sub_entry *out);
bool rh_sub_result_next(const struct rh_suback *ack, size_t *offset, struct rh_sub_result *out);

int rh_hello_encode(uint8_t *out, size_t room, const struct rh_hello *m);
int rh_challenge_encode(uint8_t *out, size_t room, const struct rh_challenge *m);
int rh_welcome_encode(uint8_t *out, size_t room, const struct rh_welcome *m);
int rh_bye_encode(uint8_t *out, size_t room, const struct rh_bye *m);
int rh_unknown_session_encode(uint8_t *out, size_t room, const struct rh_unknown_session *m);
int rh_keepalive_encode(uint8_t *out, size_t room, const struct rh_keepalive *m);
int rh_credit_encode(uint8_t *out, size_t room, const struct rh_credit *m);
/* @type: RH_RECORD_SUBSCRIBE or RH_RECORD_UNSUBSCRIBE. */
int rh_subscribe_encode(uint8_t *out, size_t room, uint8_t type, uint32_t request,
	const struct rh_sub_entry *entries, uint16_t count);
/* @type: RH_RECORD_SUBACK or RH_RECORD_UNSUBACK. */
int rh_suback_encode(uint8_t *out, size_t room, uint8_t type, uint32_t request,
	uint64_t generation, const struct rh_sub_result *results, uint16_t count);
int rh_alias_encode(uint8_t *out, size_t room, const struct rh_alias *m);
int rh_alias_ack_encode(uint8_t *out, size_t room, const struct rh_alias_ack *m);

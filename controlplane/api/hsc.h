#pragma once

/*
 * The protocol between rhumbd and rhumb-hsc, the pattern compile helper (tools/hsc), over the
 * helper's standard input and output. One request at a time; each gets exactly one reply with its
 * id, before which the helper says every HSC_WORKING_MS, with status HSC_WORKING and no body, that it
 * works on it. A side that reads anything malformed gives up the other.
 *
 * Message header, 16 bytes, network byte order
 *   off size meaning
 *    0   4   length of the body in bytes, at most HSC_BODY_MAX
 *    4   2   protocol version, HSC_VERSION
 *    6   2   type (enum hsc_type); a reply carries its request's type
 *    8   4   request id, returned in the reply
 *   12   4   status of a reply (enum hsc_status); 0 in a request
 *
 * Body of a request: payloads of the tenant, on which its cost is measured, then what is asked.
 * Payloads: 0 4 their number, at most HSC_PAYLOADS_MAX, then each: 0 4 length, 1 to HSC_PAYLOAD_MAX, 4 - bytes.
 * Of CHECK: 0 4 id of the pattern, 4 - its bytes.
 * Of COMPILE: 0 4 number of patterns, then each: 0 4 id (from 1, strictly ascending), 4 4
 * length, 8 - bytes. No padding. Body of an OK reply: 0 4 database size in bytes, 4 4 CPU time of
 * the compilation in us, 8 4 scan cost in 1/100 cycle a byte on payloads made to hurt it, 12 4 the same on the tenant's (HSC_UNKNOWN: none
 * came), 16 - the
 * serialized database, whose matches have the patterns' ids. Body of another reply: one sentence, UTF-8, at most HSC_TEXT_MAX bytes.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HSC_VERSION  3
#define HSC_HDR	     16
#define HSC_COST     16
#define HSC_BODY_MAX (64u << 20)
#define HSC_TEXT_MAX 255

#define HSC_WORKING_MS 1000

#define HSC_PATTERN_MAX	 4096  /* bytes of one pattern: RH_CONTENT_MAX */
#define HSC_PATTERNS_MAX 10000 /* of one set: DP_LIMIT_PATTERNS */
#define HSC_PAYLOADS_MAX 16    /* of one request: DP_SAMPLES */
#define HSC_PAYLOAD_MAX	 4096  /* bytes of one: DP_SAMPLE_BYTES */

enum hsc_type { HSC_CHECK = 1, HSC_COMPILE = 2 };

enum hsc_status {
	HSC_OK = 0,
	HSC_INVALID = 1,     /* the pattern cannot be accepted as it is written */
	HSC_TOO_DEAR = 2,    /* beyond a bound on time, memory, size or scan cost */
	HSC_INTERNAL = 3,    /* the helper could not do it now */
	HSC_BAD_REQUEST = 4, /* malformed body */
	HSC_WORKING = 5,     /* no reply yet: the helper is alive */
	HSC_TOO_SLOW = 6,    /* beyond the bound on processor time */
	HSC_STATUS_COUNT
};

struct hsc_header {
	uint32_t length;
	uint16_t type;
	uint32_t request;
	uint32_t status;
};

/* 0, -EPROTO (version, type or status unknown), -EMSGSIZE (length). @in and @out are HSC_HDR bytes.
 * Ctx: any. */
int hsc_header_parse(const uint8_t *in, struct hsc_header *out);
void hsc_header_encode(uint8_t *out, const struct hsc_header *h);

/* Of what was not measured. */
#define HSC_UNKNOWN UINT32_MAX

struct hsc_cost {
	uint32_t database_bytes, compile_us;
	uint32_t worst_centicycles;   /* a payload byte, on payloads made to hurt it */
	uint32_t typical_centicycles; /* on the tenant's own, or HSC_UNKNOWN */
};

/* The dearer of both: what counts against a limit. */
static inline uint32_t hsc_cost_centicycles(const struct hsc_cost *cost)
{
	return cost->typical_centicycles != HSC_UNKNOWN && cost->typical_centicycles > cost->worst_centicycles
		       ? cost->typical_centicycles
		       : cost->worst_centicycles;
}

/* 0 or -EPROTO when shorter than HSC_COST. Ctx: any. */
int hsc_cost_parse(const uint8_t *body, size_t len, struct hsc_cost *out);
void hsc_cost_encode(uint8_t *out, const struct hsc_cost *cost);

struct hsc_payload {
	uint32_t len;
	const uint8_t *bytes;
};

struct hsc_payloads {
	uint32_t count;
	size_t size; /* of the body that they take */
	struct hsc_payload payload[HSC_PAYLOADS_MAX];
};

/* Of any request's body; views into it. -EPROTO: cut, too many, one that is empty or too long. Ctx: any. */
int hsc_payloads_parse(const uint8_t *body, size_t len, struct hsc_payloads *out);
/* Bytes that hsc_payloads_encode writes. */
size_t hsc_payloads_size(const struct hsc_payload *payloads, uint32_t count);
void hsc_payloads_encode(uint8_t *out, const struct hsc_payload *payloads, uint32_t count);

struct hsc_pattern {
	uint32_t id;
	uint32_t len;
	const char *bytes; /* not terminated */
};

#define HSC_CHECK_HDR 4

/* Of a CHECK, behind its payloads; a view into @body. What the pattern's length may be is not decided here. -EPROTO: no or a wrong id.
 * Ctx: any. */
int hsc_check_parse(const uint8_t *body, size_t len, struct hsc_pattern *out);
/* Writes HSC_CHECK_HDR + pattern->len bytes. */
void hsc_check_encode(uint8_t *out, const struct hsc_pattern *pattern);

/* What a COMPILE asks, behind its payloads, checked; views into it. */
struct hsc_set {
	const uint8_t *body;
	size_t len;
	uint32_t count;
};

/* -EPROTO: lengths that do not add up, no or too many patterns, ids not ascending, empty or too
 * long patterns. Ctx: any. */
int hsc_set_parse(const uint8_t *body, size_t len, struct hsc_set *out);
/* False at the end. *offset starts at 0. */
bool hsc_set_next(const struct hsc_set *set, size_t *offset, struct hsc_pattern *out);
/* Bytes that hsc_set_encode writes. */
size_t hsc_set_size(const struct hsc_pattern *patterns, uint32_t count);
void hsc_set_encode(uint8_t *out, const struct hsc_pattern *patterns, uint32_t count);

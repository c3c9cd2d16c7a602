#pragma once

/*
 * rhumb-hsc: the pattern compile helper. One supervisor process reads requests and forks one child
 * for each, so that neither time, memory nor a fault of hs_compile can hurt it; the child has the
 * limits, compiles, and writes a whole reply into a pipe. The supervisor relays it, or answers
 * itself when the child was stopped by a limit or died.
 */

#include "controlplane/api/hsc.h"
#include "dataplane/base/error.h"

#include <hs/hs.h>
#include <stddef.h>
#include <stdint.h>

/* What one pattern or one set may cost. From the command line. */
struct hsc_limits {
	uint32_t parent;	  /* pid that we die with; 0: whoever started us */
	uint32_t nice;		  /* scheduling priority: 0 as rhumbd's, 19 least */
	uint32_t memory_mb;	  /* beyond what the process holds before it compiles */
	uint32_t check_ms;	  /* CPU time of one pattern alone */
	uint32_t set_ms;	  /* CPU time of a set */
	uint32_t pattern_kb;	  /* database of one pattern alone */
	uint32_t set_mb;	  /* database of a set */
	uint32_t cycles_per_byte; /* scan cost of one pattern alone */
	uint32_t set_cycles_per_byte;
};

/* 0, -EINVAL with a sentence. */
int hsc_limits_parse(int argc, char **argv, struct hsc_limits *out, struct rh_error *err);

/* A whole reply in memory; body is malloc'ed. */
struct hsc_reply {
	enum hsc_status status;
	uint8_t *body;
	size_t len;
};

/* Sets the sentence of a refusal; truncates at HSC_TEXT_MAX. */
void hsc_reply_text(struct hsc_reply *reply, enum hsc_status status, const char *fmt, ...)
	rh_printf(3, 4);

/* Both run in the child. They always leave a reply, unless memory for its body is missing (status
 * HSC_INTERNAL, no body). */
void hsc_check(
	const struct hsc_limits *limits, const uint8_t *body, size_t len, struct hsc_reply *reply);
void hsc_compile(
	const struct hsc_limits *limits, const uint8_t *body, size_t len, struct hsc_reply *reply);

/*
 * Cost of hs_scan in 1/100 cycle a byte on the dearest of the built-in samples and of walks through
 * @patterns, terminated: the least of several warm scans of it. Ends early when it has found more
 * than @enough. 0 or -ENOMEM.
 */
int hsc_scan_cost(const hs_database_t *db, const char *const *patterns, uint32_t count,
	uint32_t enough, uint32_t *centicycles_per_byte);
/* The same on the tenant's payloads: HSC_UNKNOWN without any. 0 or -ENOMEM. */
int hsc_typical_cost(const hs_database_t *db, const struct hsc_payloads *payloads, uint32_t *centicycles_per_byte);
/* All of it, and the processor time so far. The worst is as much as says that it is beyond @cycles_per_byte. False: no memory. */
bool hsc_price(const hs_database_t *db, const char *const *patterns, uint32_t count, const struct hsc_payloads *payloads,
	uint32_t cycles_per_byte, struct hsc_cost *cost);
/* True, with the sentence: more than @most cycles a byte, by either figure. @advice ends the sentence. */
bool hsc_too_dear(const struct hsc_cost *cost, uint32_t most, const char *advice, struct hsc_reply *reply);
/* Does anything of @db match the empty buffer? -ENOMEM, else 0 or 1. */
int hsc_matches_empty(const hs_database_t *db);

/* Fill @out with @len bytes like those of sample @kind. */
enum hsc_sample {
	HSC_SAMPLE_ENGLISH,
	HSC_SAMPLE_JSON,
	HSC_SAMPLE_LETTER,
	HSC_SAMPLE_DIGIT,
	HSC_SAMPLE_SPACE,
	HSC_SAMPLE_ZERO,
	HSC_SAMPLE_RANDOM,
	HSC_SAMPLE_COUNT
};
void hsc_sample_fill(enum hsc_sample kind, uint8_t *out, size_t len);

/*
 * Run one request in a child under @limits and give its reply. Never fails: what went wrong is the
 * reply. Ctx: supervisor; blocks for at most the limit's time and a margin.
 */
void hsc_child_run(const struct hsc_limits *limits, const struct hsc_header *request,
	const uint8_t *body, struct hsc_reply *reply);

/* Read all or nothing: 0, -EPIPE at the end of the stream, -errno. */
int hsc_read_all(int fd, void *out, size_t len);
int hsc_write_all(int fd, const void *bytes, size_t len);

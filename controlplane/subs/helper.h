#pragma once

/*
 * The compile helper as rhumbd sees it: a child process that is asked one thing at a time, killed
 * when it does not answer in time or answers garbage, and started again after a pause that grows
 * with each failure. Ctx of everything: the compiler thread, unless said otherwise.
 */

#include "controlplane/api/hsc.h"
#include "controlplane/conf/conf.h"
#include "dataplane/base/error.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define CP_HELPER_PAUSE_LEAST_MS 100
#define CP_HELPER_PAUSE_MOST_MS	 5000
/* A tenant's patterns together may cost so much of one alone to scan: they share most of it. */
#define CP_HELPER_SET_SCAN_FACTOR 4

struct cp_helper {
	char path[256];
	uint32_t memory_mb, check_ms, set_ms, cycles_per_byte, nice;
	pid_t pid; /* 0: not running. Written by the compiler thread, read by tests */
	int fd;
	uint32_t request;
	uint32_t pause_ms;	/* before the next start; 0: none */
	uint64_t not_before_ns; /* of the next start */
	uint64_t restarts;	/* read relaxed by the control loop */
	bool started;		/* at least once */
	bool stop;		/* set by the control loop: give up waiting */
};

/* The caller's bytes. */
struct cp_helper_request {
	enum hsc_type type;
	const uint8_t *payloads; /* as hsc_payloads_encode makes them; NULL: none */
	size_t payloads_len;
	const uint8_t *body; /* what is asked */
	size_t len;
};

struct cp_helper_reply {
	enum hsc_status status;
	uint8_t *body; /* malloc'ed; a sentence is terminated */
	size_t len;
};

/* Takes path and limits from @conf; an empty path means beside this program, else in the libexec
 * directory. */
void cp_helper_init(struct cp_helper *h, const struct cp_conf *conf);
/* Which program that is, in @path, and whether it can be started: -errno with a sentence when not. Ctx: any. */
int cp_helper_check(const struct cp_conf *conf, char *path, size_t size, struct rh_error *err);
/* Kills and reaps it. */
void cp_helper_fini(struct cp_helper *h);
/*
 * Ask, starting the helper when it does not run; asks a second, fresh one when the first died.
 * Blocks. 0 with @out, whose body the caller frees; below 0 with a sentence: the helper cannot be
 * started, died twice, hung (-ETIMEDOUT), or we stop (-ECANCELED).
 */
int cp_helper_ask(struct cp_helper *h, const struct cp_helper_request *request,
	struct cp_helper_reply *out, struct rh_error *err);

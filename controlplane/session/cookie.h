#pragma once

/*
 * Stateless cookies of the three-way hello (RFC 9000 section 8.1): the client proves that it
 * receives at the address it sends from, and we keep nothing until it has. 32 bytes: epoch (4),
 * HMAC-SHA-256 cut to 28 over epoch, both addresses and the publisher incarnation. An epoch is 10 s
 * and has a secret of its own; the running and the last one are honoured, so a cookie lives 10 to
 * 20 s. Ctx of everything: control loop.
 */

#include "dataplane/api/session.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CP_COOKIE_BYTES	   32
#define CP_COOKIE_EPOCH_NS 10000000000ULL

struct cp_cookies {
	uint32_t epoch; /* of secret[epoch & 1]; the other one is the last epoch's */
	bool started;
	uint8_t secret[2][32];
};

/* What a cookie is bound to. */
struct cp_cookie_of {
	const struct dp_address *local, *remote;
	uint64_t incarnation;
};

/* 0 or -EIO when the library fails: then nobody is greeted. */
int cp_cookie_make(
	struct cp_cookies *c, uint64_t now_ns, const struct cp_cookie_of *of, uint8_t *out);
bool cp_cookie_good(struct cp_cookies *c, uint64_t now_ns, const struct cp_cookie_of *of,
	const char *cookie, size_t len);

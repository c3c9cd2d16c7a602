#pragma once

/*
 * Compiled patterns of tenants on disk, so that a restart need not compile them: one file for each tenant, with the
 * last set that took long and held most of its patterns. A file is made for one version of the pattern engine, one kind of
 * processor and one set of limits (the key), and carries a hash of all it holds: what does not fit is ignored with a line
 * in the log, and compiled anew when it is asked for. Files are the router's own (0600, in a directory that is
 * 0700): the engine trusts a database.
 *
 * tenant-N.patterns, network byte order
 *   off size meaning
 *    0   8  CP_STORE_MAGIC
 *    8   8  hash of all that follows
 *   16   8  key
 *   24   4  tenant
 *   28   4  length of the set in bytes
 *   32   -  set: the body of an HSC_COMPILE request (controlplane/api/hsc.h)
 *    -   -  its reply: cost, database; to the end of the file
 */

#include "controlplane/api/hsc.h"
#include "controlplane/conf/conf.h"

#include <stdbool.h>
#include <stdint.h>

#define CP_STORE_MAGIC 0x5248504154444231ULL /* RHPATDB1 */
#define CP_STORE_HDR   32

struct cp_store {
	char dir[256]; /* empty: nothing is kept */
	uint64_t key;
	uint64_t bytes_most; /* of all files; the oldest go first */
	uint64_t least_ns;   /* what compiles in less time is not kept */
};

struct cp_stored {
	uint16_t tenant;
	struct hsc_set set;
	const uint8_t *reply;
	size_t reply_len;
};

/* The directory of @conf, made when only it is missing; @kind is what databases are made for (version and processor). When it cannot be used the log
 * says why, and nothing is kept. Ctx: control loop, before the threads. */
void cp_store_init(struct cp_store *store, const struct cp_conf *conf, const char *kind);
/* Each that fits, in no order; what it is given lasts until @cb returns. Ctx: control loop; blocks for reading. */
void cp_store_each(const struct cp_store *store,
	void (*cb)(void *arg, const struct cp_stored *stored), void *arg);
/* Replace @tenant's, whole or not at all. Ctx: one compiler thread; blocks. */
void cp_store_save(const struct cp_store *store, uint16_t tenant, const uint8_t *set, size_t set_len,
	const uint8_t *reply, size_t reply_len);

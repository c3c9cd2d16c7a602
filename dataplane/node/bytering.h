#pragma once

/*
 * A ring of messages of any length between two threads: one writer, one reader, no lock, no wait. A message lies contiguous in
 * memory: 8 bytes of length, then its bytes, padded to 8; a length of UINT64_MAX tells the reader to go on at the start.
 *
 * head: writer writes (release), reader reads (acquire); tail the other way round. Each side keeps a copy of the other's
 * index on its own line, so that the lines move only when the ring looks full or empty.
 */

#include "dataplane/base/compiler.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct dp_bytering {
	uint8_t *bytes; /* set once */
	uint64_t mask;
	uint64_t head rh_cache_aligned; /* writer */
	uint64_t tail_seen;		/* writer's copy */
	uint64_t reserved;		/* writer: where the message under construction starts */
	uint64_t tail rh_cache_aligned; /* reader */
	uint64_t head_seen;		/* reader's copy */
} rh_cache_aligned;

/* @size: power of two. Memory is reserved, not touched. -ENOMEM. Ctx: control. */
int dp_bytering_init(struct dp_bytering *r, size_t size);
/* Accepts a zeroed one. */
void dp_bytering_fini(struct dp_bytering *r);

/* Room for a message of @len bytes, to be filled and then committed; NULL when there is none. Ctx: the writer. */
void *dp_bytering_reserve(struct dp_bytering *r, size_t len);
void dp_bytering_commit(struct dp_bytering *r, size_t len);

/* Is more than half of it taken? Ctx: the writer. */
bool dp_bytering_crowded(struct dp_bytering *r);

/* The oldest message, to be read and then released; NULL when empty. Ctx: the reader. */
const void *dp_bytering_peek(struct dp_bytering *r, size_t *len);
void dp_bytering_release(struct dp_bytering *r, size_t len);

/* Ctx: any. */
bool dp_bytering_empty(const struct dp_bytering *r);

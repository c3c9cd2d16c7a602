#pragma once

/* Frames of one size as a pcap file. */

#include "dataplane/base/error.h"

#include <stdint.h>

/* Make frame @i at @out. */
typedef void (*pcap_file_frame)(const void *arg, uint32_t i, uint8_t *out);

/* Write @count frames of @bytes (at most TRACE_FRAME_MAX) each to @path. 0, or -EIO with a sentence. */
int pcap_file_write(const char *path, uint32_t count, uint32_t bytes, pcap_file_frame frame, const void *arg,
	struct rh_error *err);

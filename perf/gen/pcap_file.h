#pragma once

/* Frames as a pcap file. */

#include "dataplane/base/error.h"

#include <stdint.h>

/* Make frame @i at @out, at most TRACE_FRAME_MAX bytes; returns how many. */
typedef uint32_t (*pcap_file_frame)(const void *arg, uint32_t i, uint8_t *out);

/* Write @count frames to @path. 0, or -EIO with a sentence. */
int pcap_file_write(const char *path, uint32_t count, pcap_file_frame frame, const void *arg,
	struct rh_error *err);

#pragma once

/*
 * Drive every frame parser over bytes from anywhere and abort when a promise is broken: views lie
 * inside the input, what was accepted encodes and parses again to the same. Used by the fuzz
 * targets and the random tests.
 */

#include "dataplane/frame/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A whole datagram. Returns its error, or that of the record which ended the walk. */
enum rh_frame_error frame_walk_datagram(const uint8_t *bytes, size_t len);
/* One PUBLISH record with its options and attributes. */
enum rh_frame_error frame_walk_event(const uint8_t *bytes, size_t len, bool assembled);

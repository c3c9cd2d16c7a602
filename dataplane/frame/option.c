#include "dataplane/frame/event.h"

#define OPTION_HDR	  2
#define TRACEPARENT_BYTES 26

/* A known type may be there once; returns its bit in the set of those seen, 0 for one that is
 * ignored. */
static unsigned known_bit(uint8_t type)
{
	return type == RH_OPTION_TRACEPARENT || type == RH_OPTION_TRACESTATE ? 1u << type : 0;
}

enum rh_frame_error rh_options_check(const uint8_t *options, size_t len)
{
	size_t at = 0, value;
	unsigned seen = 0, bit;

	while (at < len) {
		if (len - at < OPTION_HDR)
			return RH_FRAME_OPTION;
		value = options[at + 1];
		bit = known_bit(options[at]);
		if (value > len - at - OPTION_HDR || (seen & bit) ||
			(options[at] & RH_OPTION_CRITICAL) ||
			(options[at] == RH_OPTION_TRACEPARENT && value != TRACEPARENT_BYTES))
			return RH_FRAME_OPTION;
		seen |= bit;
		at += OPTION_HDR + value;
	}
	return RH_FRAME_OK;
}

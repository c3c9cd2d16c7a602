/*
 * A PUBLISH record with options and attributes, as it comes out of reassembly (length field 0) or
 * of a datagram; then the length is set right, since fuzzing that one comparison finds nothing.
 */
#include "dataplane/frame/bytes.h"
#include "tests/lib/frame_walk.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	bool assembled = len < 4 || rh_load_be16(bytes + 2) == 0;
	/* Exact, so that ASAN sees a byte too far. */
	uint8_t *record = malloc(len ? len : 1);

	if (!record)
		return 0;
	memcpy(record, bytes, len);
	if (!assembled && len <= UINT16_MAX)
		rh_store_be16(record + 2, (uint16_t)len);
	(void)frame_walk_event(record, len, assembled);
	free(record);
	return 0;
}

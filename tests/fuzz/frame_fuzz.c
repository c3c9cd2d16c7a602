/* A datagram from the port: header, walk, every record parser. */
#include "tests/lib/frame_walk.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	(void)frame_walk_datagram(bytes, len);
	return 0;
}

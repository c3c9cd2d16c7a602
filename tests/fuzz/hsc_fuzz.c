/*
 * The pipe protocol of the pattern compile helper, both directions: a header with what follows it
 * as a set, as one pattern and as a cost.
 */
#include "controlplane/api/hsc.h"

#include <stdlib.h>
#include <string.h>

#define KEPT 64

/* What was accepted must encode to the very bytes it came from. */
static void set_round_trip(const uint8_t *body, size_t len)
{
	struct hsc_pattern patterns[KEPT];
	struct hsc_set set;
	size_t offset = 0;
	uint32_t count = 0;
	uint8_t *again;

	if (hsc_set_parse(body, len, &set) < 0 || set.count > KEPT)
		return;
	while (count < KEPT && hsc_set_next(&set, &offset, &patterns[count]))
		count++;
	again = malloc(len);
	if (count != set.count || hsc_set_size(patterns, count) != len || !again)
		abort();
	hsc_set_encode(again, patterns, count);
	if (memcmp(again, body, len) != 0)
		abort();
	free(again);
}

static void check_round_trip(const uint8_t *body, size_t len)
{
	struct hsc_pattern pattern;
	uint8_t *again;

	if (hsc_check_parse(body, len, &pattern) < 0)
		return;
	again = malloc(len);
	if (!again || HSC_CHECK_HDR + pattern.len != len)
		abort();
	hsc_check_encode(again, &pattern);
	if (memcmp(again, body, len) != 0)
		abort();
	free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	uint8_t again[HSC_HDR];
	struct hsc_header head;
	struct hsc_cost cost;

	if (len < HSC_HDR)
		return 0;
	if (hsc_header_parse(bytes, &head) == 0) {
		hsc_header_encode(again, &head);
		if (memcmp(again, bytes, HSC_HDR) != 0)
			abort();
	}
	(void)hsc_cost_parse(bytes + HSC_HDR, len - HSC_HDR, &cost);
	set_round_trip(bytes + HSC_HDR, len - HSC_HDR);
	check_round_trip(bytes + HSC_HDR, len - HSC_HDR);
	return 0;
}

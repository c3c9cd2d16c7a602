/*
 * The pipe protocol of the pattern compile helper, both directions: a header with what follows it
 * as payloads, as a set and as one pattern, behind payloads or alone, and as a cost.
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

/* Bytes of the body that they take. */
static size_t payloads_round_trip(const uint8_t *body, size_t len)
{
	struct hsc_payloads payloads;
	uint8_t *again;

	if (hsc_payloads_parse(body, len, &payloads) < 0)
		return 0;
	if (payloads.size > len || payloads.count > HSC_PAYLOADS_MAX ||
		hsc_payloads_size(payloads.payload, payloads.count) != payloads.size)
		abort();
	again = malloc(payloads.size);
	if (!again)
		abort();
	hsc_payloads_encode(again, payloads.payload, payloads.count);
	if (memcmp(again, body, payloads.size) != 0)
		abort();
	free(again);
	return payloads.size;
}

static void asked_round_trip(const uint8_t *body, size_t len)
{
	set_round_trip(body, len);
	check_round_trip(body, len);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	uint8_t again[HSC_HDR];
	struct hsc_header head;
	struct hsc_cost cost;
	size_t payloads;

	if (len < HSC_HDR)
		return 0;
	if (hsc_header_parse(bytes, &head) == 0) {
		hsc_header_encode(again, &head);
		if (memcmp(again, bytes, HSC_HDR) != 0)
			abort();
	}
	(void)hsc_cost_parse(bytes + HSC_HDR, len - HSC_HDR, &cost);
	payloads = payloads_round_trip(bytes + HSC_HDR, len - HSC_HDR);
	asked_round_trip(bytes + HSC_HDR, len - HSC_HDR);
	if (payloads)
		asked_round_trip(bytes + HSC_HDR + payloads, len - HSC_HDR - payloads);
	return 0;
}

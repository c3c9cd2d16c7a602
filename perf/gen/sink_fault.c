#include "dataplane/frame/wire.h"
#include "perf/gen/sink_priv.h"

#include <stdio.h>

/* The first byte outside of header and stamp that differs, or len. */
static uint32_t first_difference(const struct place *place, const uint8_t *record, uint32_t len)
{
	uint32_t i = RH_PUBLISH_HDR;

	while (i < len - STAMP_BYTES && record[i] == place->record[i])
		i++;
	return i < len - STAMP_BYTES ? i : len;
}

static void altered_tell(char *out, const struct place *place, uint32_t subscriber,
	const uint8_t *record, uint32_t len, const struct stamp *stamp)
{
	uint32_t at = len == place->len ? first_difference(place, record, len) : len;

	if (len != place->len)
		(void)snprintf(out, TRIAL_FAULT_MAX,
			"altered: subscriber %u, place %u, sequence %llu: %u bytes, not %u",
			subscriber, stamp->place, (unsigned long long)stamp->sequence, len,
			place->len);
	else if (at == len)
		(void)snprintf(out, TRIAL_FAULT_MAX,
			"altered: subscriber %u, place %u, sequence %llu: in the PUBLISH header",
			subscriber, stamp->place, (unsigned long long)stamp->sequence);
	else
		(void)snprintf(out, TRIAL_FAULT_MAX,
			"altered: subscriber %u, place %u, sequence %llu: byte %u is 0x%02x, not "
			"0x%02x",
			subscriber, stamp->place, (unsigned long long)stamp->sequence, at,
			record[at], place->record[at]);
}

void sink_fault_tell(char *out, const struct sink_spec *spec, enum sink_verdict verdict,
	uint32_t subscriber, const uint8_t *record, uint32_t len, const struct stamp *stamp)
{
	if (!stamp)
		(void)snprintf(out, TRIAL_FAULT_MAX,
			"altered: subscriber %u: no stamp in a record of %u bytes", subscriber,
			len);
	else if (verdict == SINK_ALTERED)
		altered_tell(out, &spec->places[stamp->place], subscriber, record, len, stamp);
	else
		(void)snprintf(out, TRIAL_FAULT_MAX,
			"%s: subscriber %u, place %u, publisher %u, sequence %llu",
			sink_verdict_name(verdict), subscriber, stamp->place, stamp->publisher,
			(unsigned long long)stamp->sequence);
}

const char *sink_verdict_name(enum sink_verdict verdict)
{
	static const char *const names[SINK_VERDICT_COUNT] = {
		[SINK_RECEIVED] = "received",
		[SINK_REORDERED] = "reordered",
		[SINK_DOUBLED] = "doubled",
		[SINK_BEYOND] = "beyond the window",
		[SINK_MISDELIVERED] = "misdelivered",
		[SINK_ALTERED] = "altered",
		[SINK_LATE] = "late",
	};

	return verdict < SINK_VERDICT_COUNT ? names[verdict] : "unknown";
}

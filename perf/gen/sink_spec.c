#include "dataplane/frame/event.h"
#include "perf/gen/sink_priv.h"

#include <errno.h>

static int receivers_check(const struct sink_spec *spec, uint32_t p, struct rh_error *err)
{
	const struct place *place = &spec->places[p];

	for (uint32_t i = 0; i < place->receiver_count; i++) {
		if (place->receivers[i] >= spec->subscribers)
			return rh_error_set(err, EINVAL,
				"place %u: receiver %u, but there are %u subscribers", p,
				place->receivers[i], spec->subscribers);
		if (i && place->receivers[i] <= place->receivers[i - 1])
			return rh_error_set(err, EINVAL,
				"place %u: receiver %u stands behind %u: not ascending", p,
				place->receivers[i], place->receivers[i - 1]);
	}
	return 0;
}

static int record_check(const struct sink_spec *spec, uint32_t p, struct rh_error *err)
{
	const struct place *place = &spec->places[p];
	bool assembled = place->len > UINT16_MAX;
	struct rh_event event;
	enum rh_frame_error parsed = rh_event_parse(place->record, place->len, assembled, &event);

	if (parsed != RH_FRAME_OK)
		return rh_error_set(err, EINVAL, "place %u: not a PUBLISH record: %s", p,
			rh_frame_error_help(parsed));
	if (event.alias)
		return rh_error_set(
			err, EINVAL, "place %u: topic as alias %u, not as text", p, event.alias);
	if (event.payload_len < STAMP_BYTES)
		return rh_error_set(err, EINVAL,
			"place %u: %u bytes of payload, the stamp needs %u", p, event.payload_len,
			STAMP_BYTES);
	if (event.class != place->class)
		return rh_error_set(err, EINVAL,
			"place %u: said to be of class %u, its record is of %u", p, place->class,
			event.class);
	if (!event.hop_limit && !spec->reflect)
		return rh_error_set(err, EINVAL, "place %u: hop limit 0 passes no router", p);
	return 0;
}

int sink_spec_check(const struct sink_spec *spec, struct rh_error *err)
{
	int ret = 0;

	if (!spec->place_count || !spec->publishers || !spec->subscribers)
		return rh_error_set(err, EINVAL,
			"a sink for %u places, %u publishers, %u subscribers: at least 1 of each",
			spec->place_count, spec->publishers, spec->subscribers);
	for (uint32_t p = 0; p < spec->place_count && !ret; p++) {
		ret = record_check(spec, p, err);
		if (!ret)
			ret = receivers_check(spec, p, err);
	}
	return ret;
}

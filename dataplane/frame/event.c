#include "dataplane/frame/event.h"

#include <errno.h>
#include <string.h>

static enum rh_frame_error sizes_check(const struct rh_event *event)
{
	uint16_t topic = rh_load_be16(event->record + 48);

	if (event->record[1] & RH_PUBLISH_ALIAS) {
		if (!topic || topic > RH_ALIAS_MAX)
			return RH_FRAME_VALUE;
	} else if (!topic || topic > RH_TOPIC_MAX) {
		return RH_FRAME_TOPIC;
	}
	if (event->payload_len > RH_PAYLOAD_MAX || event->options_len > RH_OPTIONS_MAX ||
		event->attributes_len > RH_ATTRIBUTES_MAX)
		return RH_FRAME_TOO_LARGE;
	return RH_FRAME_OK;
}

enum rh_frame_error rh_event_refusal(const struct rh_event *event)
{
	enum rh_frame_error err = sizes_check(event);

	/* Only service bits, kind, sequence and incarnation are left to be wrong. */
	return err != RH_FRAME_OK ? err : RH_FRAME_VALUE;
}

size_t rh_event_size(const struct rh_event_spec *spec)
{
	return (size_t)RH_PUBLISH_HDR + (spec->alias ? 0 : spec->topic_len) + spec->options_len +
	       spec->attributes_len + spec->payload_len;
}

static void header_store(uint8_t *out, const struct rh_event_spec *spec, size_t length)
{
	out[0] = RH_RECORD_PUBLISH;
	out[1] = spec->alias ? RH_PUBLISH_ALIAS : 0;
	rh_store_be16(out + 2, (uint16_t)length);
	out[4] = (uint8_t)((spec->class & 7) << 5 | (spec->mode & 3) << 3 | (spec->kind & 3) << 1);
	out[5] = spec->hop_limit;
	rh_store_be16(out + 6, spec->tenant);
	rh_store_be64(out + 8, spec->sequence);
	rh_store_be64(out + 16, spec->incarnation);
	rh_store_be64(out + 24, spec->origin_ns);
	rh_store_be32(out + 32, spec->ttl_ms);
	rh_store_be32(out + 36, spec->partition_hash);
	rh_store_be32(out + 40, spec->schema_id);
	rh_store_be32(out + 44, spec->payload_len);
	rh_store_be16(out + 48, spec->alias ? spec->alias : spec->topic_len);
	rh_store_be16(out + 50, spec->options_len);
	rh_store_be16(out + 52, spec->attributes_len);
	rh_store_be16(out + 54, 0);
}

/* memcpy that accepts the NULL of an absent part. */
static uint8_t *part_put(uint8_t *out, const void *part, size_t len)
{
	if (len)
		memcpy(out, part, len);
	return out + len;
}

int rh_event_encode(uint8_t *out, size_t room, const struct rh_event_spec *spec, bool assembled)
{
	size_t size = rh_event_size(spec), padded = RH_ALIGN_UP(size, (size_t)RH_WIRE_ALIGN);
	uint8_t *p = out + RH_PUBLISH_HDR;

	if (size > room || size > INT32_MAX || (!assembled && size > UINT16_MAX))
		return -EMSGSIZE;
	header_store(out, spec, assembled ? 0 : size);
	p = part_put(p, spec->topic, spec->alias ? 0 : spec->topic_len);
	p = part_put(p, spec->options, spec->options_len);
	p = part_put(p, spec->attributes, spec->attributes_len);
	p = part_put(p, spec->payload, spec->payload_len);
	memset(p, 0, (padded < room ? padded : room) - size);
	return (int)size;
}

#include "controlplane/api/hsc.h"

#include "dataplane/frame/bytes.h"

#include <errno.h>
#include <string.h>

#define PAYLOADS_HDR 4
#define PAYLOAD_HDR  4
#define SET_HDR	    4
#define SET_PATTERN 8

int hsc_header_parse(const uint8_t *in, struct hsc_header *out)
{
	struct hsc_header h = {
		.length = rh_load_be32(in),
		.type = rh_load_be16(in + 6),
		.request = rh_load_be32(in + 8),
		.status = rh_load_be32(in + 12),
	};

	if (rh_load_be16(in + 4) != HSC_VERSION || h.status >= HSC_STATUS_COUNT ||
		(h.type != HSC_CHECK && h.type != HSC_COMPILE))
		return -EPROTO;
	if (h.length > HSC_BODY_MAX)
		return -EMSGSIZE;
	*out = h;
	return 0;
}

void hsc_header_encode(uint8_t *out, const struct hsc_header *h)
{
	rh_store_be32(out, h->length);
	rh_store_be16(out + 4, HSC_VERSION);
	rh_store_be16(out + 6, h->type);
	rh_store_be32(out + 8, h->request);
	rh_store_be32(out + 12, h->status);
}

int hsc_cost_parse(const uint8_t *body, size_t len, struct hsc_cost *out)
{
	if (len < HSC_COST)
		return -EPROTO;
	out->database_bytes = rh_load_be32(body);
	out->compile_us = rh_load_be32(body + 4);
	out->worst_centicycles = rh_load_be32(body + 8);
	out->typical_centicycles = rh_load_be32(body + 12);
	return 0;
}

void hsc_cost_encode(uint8_t *out, const struct hsc_cost *cost)
{
	rh_store_be32(out, cost->database_bytes);
	rh_store_be32(out + 4, cost->compile_us);
	rh_store_be32(out + 8, cost->worst_centicycles);
	rh_store_be32(out + 12, cost->typical_centicycles);
}

/* Bytes of the payload at @p, 0 when it does not fit into @left. */
static size_t payload_load(const uint8_t *p, size_t left, struct hsc_payload *out)
{
	uint32_t len = left < PAYLOAD_HDR ? 0 : rh_load_be32(p);

	if (!len || len > HSC_PAYLOAD_MAX || len > left - PAYLOAD_HDR)
		return 0;
	*out = (struct hsc_payload){len, p + PAYLOAD_HDR};
	return PAYLOAD_HDR + (size_t)len;
}

int hsc_payloads_parse(const uint8_t *body, size_t len, struct hsc_payloads *out)
{
	uint32_t count = len < PAYLOADS_HDR ? UINT32_MAX : rh_load_be32(body);
	size_t at = PAYLOADS_HDR, size;

	if (count > HSC_PAYLOADS_MAX)
		return -EPROTO;
	for (uint32_t i = 0; i < count; i++) {
		size = payload_load(body + at, len - at, &out->payload[i]);
		if (!size)
			return -EPROTO;
		at += size;
	}
	out->count = count;
	out->size = at;
	return 0;
}

size_t hsc_payloads_size(const struct hsc_payload *payloads, uint32_t count)
{
	size_t size = PAYLOADS_HDR;

	for (uint32_t i = 0; i < count; i++)
		size += PAYLOAD_HDR + (size_t)payloads[i].len;
	return size;
}

void hsc_payloads_encode(uint8_t *out, const struct hsc_payload *payloads, uint32_t count)
{
	uint8_t *p = out + PAYLOADS_HDR;

	rh_store_be32(out, count);
	for (uint32_t i = 0; i < count; i++) {
		rh_store_be32(p, payloads[i].len);
		memcpy(p + PAYLOAD_HDR, payloads[i].bytes, payloads[i].len);
		p += PAYLOAD_HDR + (size_t)payloads[i].len;
	}
}

int hsc_check_parse(const uint8_t *body, size_t len, struct hsc_pattern *out)
{
	uint32_t id = len < HSC_CHECK_HDR ? 0 : rh_load_be32(body);

	if (!id || id > HSC_PATTERNS_MAX)
		return -EPROTO;
	*out = (struct hsc_pattern){
		id, (uint32_t)(len - HSC_CHECK_HDR), (const char *)body + HSC_CHECK_HDR};
	return 0;
}

void hsc_check_encode(uint8_t *out, const struct hsc_pattern *pattern)
{
	rh_store_be32(out, pattern->id);
	memcpy(out + HSC_CHECK_HDR, pattern->bytes, pattern->len);
}

/* Bytes of the pattern at @p, 0 when it does not fit into @left. */
static size_t pattern_load(const uint8_t *p, size_t left, struct hsc_pattern *out)
{
	if (left < SET_PATTERN)
		return 0;
	out->id = rh_load_be32(p);
	out->len = rh_load_be32(p + 4);
	out->bytes = (const char *)p + SET_PATTERN;
	if (!out->len || out->len > HSC_PATTERN_MAX || out->len > left - SET_PATTERN)
		return 0;
	return SET_PATTERN + (size_t)out->len;
}

int hsc_set_parse(const uint8_t *body, size_t len, struct hsc_set *out)
{
	struct hsc_pattern pattern;
	uint32_t count, last_id = 0;
	size_t offset = SET_HDR, size;

	if (len < SET_HDR)
		return -EPROTO;
	count = rh_load_be32(body);
	if (!count || count > HSC_PATTERNS_MAX)
		return -EPROTO;
	for (uint32_t i = 0; i < count; i++) {
		size = pattern_load(body + offset, len - offset, &pattern);
		if (!size || pattern.id <= last_id || pattern.id > HSC_PATTERNS_MAX)
			return -EPROTO;
		last_id = pattern.id;
		offset += size;
	}
	if (offset != len)
		return -EPROTO;
	*out = (struct hsc_set){body, len, count};
	return 0;
}

bool hsc_set_next(const struct hsc_set *set, size_t *offset, struct hsc_pattern *out)
{
	size_t at = *offset ? *offset : SET_HDR;
	size_t size = pattern_load(set->body + at, set->len - at, out);

	*offset = at + size;
	return size != 0;
}

size_t hsc_set_size(const struct hsc_pattern *patterns, uint32_t count)
{
	size_t size = SET_HDR;

	for (uint32_t i = 0; i < count; i++)
		size += SET_PATTERN + (size_t)patterns[i].len;
	return size;
}

void hsc_set_encode(uint8_t *out, const struct hsc_pattern *patterns, uint32_t count)
{
	uint8_t *p = out + SET_HDR;

	rh_store_be32(out, count);
	for (uint32_t i = 0; i < count; i++) {
		rh_store_be32(p, patterns[i].id);
		rh_store_be32(p + 4, patterns[i].len);
		memcpy(p + SET_PATTERN, patterns[i].bytes, patterns[i].len);
		p += SET_PATTERN + (size_t)patterns[i].len;
	}
}

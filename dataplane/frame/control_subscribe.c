/*
 * SUBSCRIBE, UNSUBSCRIBE and their acknowledgements: a count, then that many entries, each padded
 * to 8 with zeros. The parser walks them once, so that the iterators need no error.
 */
#include "dataplane/frame/control.h"

#include "dataplane/base/compiler.h"
#include "dataplane/frame/control_priv.h"

#include <errno.h>

/* Bytes of the entry at @p, padding included; 0 when it does not fit into @left. */
static size_t entry_load(const uint8_t *p, size_t left, struct rh_sub_entry *out)
{
	size_t size;

	if (left < RH_SUBSCRIBE_ENTRY)
		return 0;
	out->filter = rh_text_at(p + RH_SUBSCRIBE_ENTRY, rh_load_be16(p));
	out->content = rh_text_at(p + RH_SUBSCRIBE_ENTRY + out->filter.len, rh_load_be16(p + 2));
	out->content_kind = p[4];
	out->dialect = p[5];
	size = (size_t)RH_SUBSCRIBE_ENTRY + out->filter.len + out->content.len;
	size = RH_ALIGN_UP(size, (size_t)RH_WIRE_ALIGN);
	return size <= left ? size : 0;
}

static enum rh_frame_error entry_check(
	const uint8_t *p, size_t size, const struct rh_sub_entry *entry)
{
	size_t used = (size_t)RH_SUBSCRIBE_ENTRY + entry->filter.len + entry->content.len;

	if (entry->filter.len > RH_FILTER_MAX || entry->content.len > RH_CONTENT_MAX ||
		(entry->content_kind == RH_CONTENT_NONE && entry->content.len) ||
		!rh_zero(p + used, size - used))
		return RH_FRAME_VALUE;
	return RH_FRAME_OK;
}

static enum rh_frame_error entries_check(const uint8_t *p, size_t left, unsigned count)
{
	struct rh_sub_entry entry;
	enum rh_frame_error err;
	size_t size;

	for (; count; count--, p += size, left -= size) {
		size = entry_load(p, left, &entry);
		if (!size)
			return RH_FRAME_LENGTH;
		err = entry_check(p, size, &entry);
		if (err != RH_FRAME_OK)
			return err;
	}
	return left ? RH_FRAME_LENGTH : RH_FRAME_OK;
}

enum rh_frame_error rh_subscribe_parse(const uint8_t *rec, size_t len, struct rh_subscribe *out)
{
	struct rh_subscribe m;
	enum rh_frame_error err;

	if (len < RH_SUBSCRIBE_HDR)
		return RH_FRAME_SHORT;
	m.request = rh_load_be32(rec + 4);
	m.count = rh_load_be16(rec + 8);
	m.entries = rec + RH_SUBSCRIBE_HDR;
	m.entries_len = (uint32_t)(len - RH_SUBSCRIBE_HDR);
	if (!m.request || !m.count || m.count > RH_SUBSCRIBE_MAX)
		return RH_FRAME_VALUE;
	err = entries_check(m.entries, m.entries_len, m.count);
	if (err == RH_FRAME_OK)
		*out = m;
	return err;
}

bool rh_sub_entry_next(const struct rh_subscribe *sub, size_t *offset, struct rh_sub_entry *out)
{
	size_t size = 0;

	if (*offset < sub->entries_len)
		size = entry_load(sub->entries + *offset, sub->entries_len - *offset, out);
	*offset += size;
	return size != 0;
}

static size_t entry_size(const struct rh_sub_entry *entry)
{
	size_t size = (size_t)RH_SUBSCRIBE_ENTRY + entry->filter.len + entry->content.len;

	return RH_ALIGN_UP(size, (size_t)RH_WIRE_ALIGN);
}

int rh_subscribe_encode(uint8_t *out, size_t room, uint8_t type, uint32_t request,
	const struct rh_sub_entry *entries, uint16_t count)
{
	uint8_t *p = out + RH_SUBSCRIBE_HDR;
	size_t len = RH_SUBSCRIBE_HDR;
	int taken;

	for (unsigned i = 0; i < count; i++)
		len += entry_size(&entries[i]);
	taken = rh_control_begin(out, room, type, len);
	if (taken < 0)
		return taken;
	rh_store_be32(out + 4, request);
	rh_store_be16(out + 8, count);
	for (unsigned i = 0; i < count; i++, p += entry_size(&entries[i - 1])) {
		rh_store_be16(p, entries[i].filter.len);
		rh_store_be16(p + 2, entries[i].content.len);
		p[4] = entries[i].content_kind;
		p[5] = entries[i].dialect;
		(void)rh_text_put(rh_text_put(p + RH_SUBSCRIBE_ENTRY, &entries[i].filter),
			&entries[i].content);
	}
	return taken;
}

static size_t result_size(const struct rh_sub_result *result)
{
	return RH_ALIGN_UP((size_t)RH_SUBACK_RESULT + result->text.len, (size_t)RH_WIRE_ALIGN);
}

/* Bytes of the result at @p, padding included; 0 when it does not fit into @left. */
static size_t result_load(const uint8_t *p, size_t left, struct rh_sub_result *out)
{
	if (left < RH_SUBACK_RESULT)
		return 0;
	out->code = p[0];
	out->text = rh_text_at(p + RH_SUBACK_RESULT, p[1]);
	out->price = (struct rh_sub_price){0};
	if (out->code == RH_SUB_OK)
		out->price = (struct rh_sub_price){
			rh_load_be16(p + 2), rh_load_be16(p + 4), rh_load_be16(p + 6)};
	return result_size(out) <= left ? result_size(out) : 0;
}

static bool result_valid(const uint8_t *p, size_t size, const struct rh_sub_result *result)
{
	size_t used = (size_t)RH_SUBACK_RESULT + result->text.len;

	return rh_text_shown(&result->text) && rh_zero(p + used, size - used);
}

static enum rh_frame_error results_check(const uint8_t *p, size_t left, unsigned count)
{
	struct rh_sub_result result;
	size_t size;

	for (; count; count--, p += size, left -= size) {
		size = result_load(p, left, &result);
		if (!size)
			return RH_FRAME_LENGTH;
		if (!result_valid(p, size, &result))
			return RH_FRAME_VALUE;
	}
	return left ? RH_FRAME_LENGTH : RH_FRAME_OK;
}

enum rh_frame_error rh_suback_parse(const uint8_t *rec, size_t len, struct rh_suback *out)
{
	struct rh_suback m;
	enum rh_frame_error err;

	if (len < RH_SUBACK_HDR)
		return RH_FRAME_SHORT;
	m.request = rh_load_be32(rec + 4);
	m.count = rh_load_be16(rec + 8);
	m.generation = rh_load_be64(rec + 16);
	m.results = rec + RH_SUBACK_HDR;
	m.results_len = (uint32_t)(len - RH_SUBACK_HDR);
	if (!m.request || !m.count || m.count > RH_SUBSCRIBE_MAX)
		return RH_FRAME_VALUE;
	err = results_check(m.results, m.results_len, m.count);
	if (err == RH_FRAME_OK)
		*out = m;
	return err;
}

bool rh_sub_result_next(const struct rh_suback *ack, size_t *offset, struct rh_sub_result *out)
{
	size_t size = 0;

	if (*offset < ack->results_len)
		size = result_load(ack->results + *offset, ack->results_len - *offset, out);
	*offset += size;
	return size != 0;
}

static void result_put(uint8_t *p, const struct rh_sub_result *result)
{
	p[0] = result->code;
	p[1] = (uint8_t)result->text.len;
	if (result->code == RH_SUB_OK) {
		rh_store_be16(p + 2, result->price.every_cycles);
		rh_store_be16(p + 4, result->price.match_cycles);
		rh_store_be16(p + 6, result->price.bytes);
	}
	(void)rh_text_put(p + RH_SUBACK_RESULT, &result->text);
}

int rh_suback_encode(uint8_t *out, size_t room, uint8_t type, uint32_t request, uint64_t generation,
	const struct rh_sub_result *results, uint16_t count)
{
	uint8_t *p = out + RH_SUBACK_HDR;
	size_t len = RH_SUBACK_HDR;
	int taken;

	for (unsigned i = 0; i < count; i++) {
		if (results[i].text.len > RH_TEXT_MAX)
			return -EMSGSIZE;
		len += result_size(&results[i]);
	}
	taken = rh_control_begin(out, room, type, len);
	if (taken < 0)
		return taken;
	rh_store_be32(out + 4, request);
	rh_store_be16(out + 8, count);
	rh_store_be64(out + 16, generation);
	for (unsigned i = 0; i < count; i++, p += result_size(&results[i - 1])) {
		result_put(p, &results[i]);
	}
	return taken;
}

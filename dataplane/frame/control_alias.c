/*
 * ALIAS and ALIAS_ACK: a number in place of a topic.
 */
#include "dataplane/frame/control.h"

#include "dataplane/frame/control_priv.h"

static bool alias_number_valid(uint16_t alias)
{
	return alias && alias <= RH_ALIAS_MAX;
}

enum rh_frame_error rh_alias_parse(const uint8_t *rec, size_t len, struct rh_alias *out)
{
	struct rh_alias m;

	if (len < RH_ALIAS_HDR)
		return RH_FRAME_SHORT;
	m.request = rh_load_be32(rec + 4);
	m.alias = rh_load_be16(rec + 8);
	m.topic = rh_text_at(rec + RH_ALIAS_HDR, rh_load_be16(rec + 10));
	if ((size_t)RH_ALIAS_HDR + m.topic.len != len)
		return RH_FRAME_LENGTH;
	if (m.topic.len > RH_TOPIC_MAX)
		return RH_FRAME_TOPIC;
	if (!m.request || !alias_number_valid(m.alias))
		return RH_FRAME_VALUE;
	*out = m;
	return RH_FRAME_OK;
}

int rh_alias_encode(uint8_t *out, size_t room, const struct rh_alias *m)
{
	int taken =
		rh_control_begin(out, room, RH_RECORD_ALIAS, (size_t)RH_ALIAS_HDR + m->topic.len);

	if (taken < 0)
		return taken;
	rh_store_be32(out + 4, m->request);
	rh_store_be16(out + 8, m->alias);
	rh_store_be16(out + 10, m->topic.len);
	(void)rh_text_put(out + RH_ALIAS_HDR, &m->topic);
	return taken;
}

enum rh_frame_error rh_alias_ack_parse(const uint8_t *rec, size_t len, struct rh_alias_ack *out)
{
	struct rh_alias_ack m;

	if (len < RH_ALIAS_ACK_HDR)
		return RH_FRAME_SHORT;
	m.request = rh_load_be32(rec + 4);
	m.alias = rh_load_be16(rec + 8);
	m.code = rec[10];
	m.text = rh_text_at(rec + RH_ALIAS_ACK_HDR, rh_load_be16(rec + 12));
	if ((size_t)RH_ALIAS_ACK_HDR + m.text.len != len)
		return RH_FRAME_LENGTH;
	if (!m.request || !alias_number_valid(m.alias) || m.text.len > RH_TEXT_MAX ||
		!rh_text_shown(&m.text))
		return RH_FRAME_VALUE;
	*out = m;
	return RH_FRAME_OK;
}

int rh_alias_ack_encode(uint8_t *out, size_t room, const struct rh_alias_ack *m)
{
	int taken = rh_control_begin(
		out, room, RH_RECORD_ALIAS_ACK, (size_t)RH_ALIAS_ACK_HDR + m->text.len);

	if (taken < 0)
		return taken;
	rh_store_be32(out + 4, m->request);
	rh_store_be16(out + 8, m->alias);
	out[10] = m->code;
	rh_store_be16(out + 12, m->text.len);
	(void)rh_text_put(out + RH_ALIAS_ACK_HDR, &m->text);
	return taken;
}

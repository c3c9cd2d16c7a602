/*
 * HELLO, CHALLENGE, WELCOME, BYE and UNKNOWN_SESSION: how a session begins and ends
 * (docs/protocol.md).
 */
#include "dataplane/frame/control.h"

#include "dataplane/frame/control_priv.h"

#include <errno.h>

static bool hello_values_valid(const struct rh_hello *m)
{
	return m->version_min && m->version_min <= m->version_max && m->incarnation &&
	       m->max_datagram >= RH_DATAGRAM_MIN_MAX && m->cookie.len <= RH_COOKIE_MAX &&
	       m->client_id.len && m->client_id.len <= RH_CLIENT_ID_MAX &&
	       m->tenant.len <= RH_TENANT_NAME_MAX;
}

static void hello_load(const uint8_t *rec, struct rh_hello *m)
{
	m->version_min = rec[4];
	m->version_max = rec[5];
	m->incarnation = rh_load_be64(rec + 8);
	m->credit_events = rh_load_be64(rec + 16);
	m->credit_bytes = rh_load_be64(rec + 24);
	m->queue_ms = rh_load_be32(rec + 32);
	m->keepalive_ms = rh_load_be32(rec + 36);
	m->max_datagram = rh_load_be16(rec + 40);
	m->cookie = rh_text_at(rec + RH_HELLO_HDR, rh_load_be16(rec + 6));
	m->client_id = rh_text_at(rec + RH_HELLO_HDR + m->cookie.len, rh_load_be16(rec + 42));
	m->tenant = rh_text_at(
		(const uint8_t *)m->client_id.bytes + m->client_id.len, rh_load_be16(rec + 44));
}

enum rh_frame_error rh_hello_parse(const uint8_t *rec, size_t len, struct rh_hello *out)
{
	struct rh_hello m;
	size_t texts;

	if (len < RH_HELLO_HDR)
		return RH_FRAME_SHORT;
	texts = (size_t)rh_load_be16(rec + 6) + rh_load_be16(rec + 42) + rh_load_be16(rec + 44);
	if (RH_HELLO_HDR + texts != len)
		return RH_FRAME_LENGTH;
	hello_load(rec, &m);
	if (!hello_values_valid(&m) || !rh_text_shown(&m.client_id) || !rh_text_shown(&m.tenant))
		return RH_FRAME_VALUE;
	*out = m;
	return RH_FRAME_OK;
}

int rh_hello_encode(uint8_t *out, size_t room, const struct rh_hello *m)
{
	size_t len = (size_t)RH_HELLO_HDR + m->cookie.len + m->client_id.len + m->tenant.len;
	int taken = rh_control_begin(out, room, RH_RECORD_HELLO, len);
	uint8_t *p = out + RH_HELLO_HDR;

	if (taken < 0)
		return taken;
	out[4] = m->version_min;
	out[5] = m->version_max;
	rh_store_be16(out + 6, m->cookie.len);
	rh_store_be64(out + 8, m->incarnation);
	rh_store_be64(out + 16, m->credit_events);
	rh_store_be64(out + 24, m->credit_bytes);
	rh_store_be32(out + 32, m->queue_ms);
	rh_store_be32(out + 36, m->keepalive_ms);
	rh_store_be16(out + 40, m->max_datagram);
	rh_store_be16(out + 42, m->client_id.len);
	rh_store_be16(out + 44, m->tenant.len);
	p = rh_text_put(p, &m->cookie);
	p = rh_text_put(p, &m->client_id);
	(void)rh_text_put(p, &m->tenant);
	return taken;
}

enum rh_frame_error rh_challenge_parse(const uint8_t *rec, size_t len, struct rh_challenge *out)
{
	uint16_t cookie;

	if (len < RH_CHALLENGE_HDR)
		return RH_FRAME_SHORT;
	cookie = rh_load_be16(rec + 4);
	if ((size_t)RH_CHALLENGE_HDR + cookie != len)
		return RH_FRAME_LENGTH;
	if (!cookie || cookie > RH_COOKIE_MAX)
		return RH_FRAME_VALUE;
	out->node_incarnation = rh_load_be64(rec + 8);
	out->cookie = rh_text_at(rec + RH_CHALLENGE_HDR, cookie);
	return RH_FRAME_OK;
}

int rh_challenge_encode(uint8_t *out, size_t room, const struct rh_challenge *m)
{
	int taken = rh_control_begin(
		out, room, RH_RECORD_CHALLENGE, (size_t)RH_CHALLENGE_HDR + m->cookie.len);

	if (taken < 0)
		return taken;
	rh_store_be16(out + 4, m->cookie.len);
	rh_store_be64(out + 8, m->node_incarnation);
	(void)rh_text_put(out + RH_CHALLENGE_HDR, &m->cookie);
	return taken;
}

static void welcome_load(const uint8_t *rec, struct rh_welcome *m)
{
	m->session = rh_load_be32(rec + 4);
	m->node_incarnation = rh_load_be64(rec + 8);
	m->credit_events = rh_load_be64(rec + 16);
	m->credit_bytes = rh_load_be64(rec + 24);
	m->check = rh_load_be32(rec + 32);
	m->keepalive_ms = rh_load_be32(rec + 36);
	m->timeout_ms = rh_load_be32(rec + 40);
	m->max_payload = rh_load_be32(rec + 44);
	m->max_datagram = rh_load_be16(rec + 48);
	m->lanes = rec[50];
	m->version = rec[51];
	m->owner_worker = rh_load_be32(rec + 52);
}

enum rh_frame_error rh_welcome_parse(const uint8_t *rec, size_t len, struct rh_welcome *out)
{
	struct rh_welcome m;

	if (len < RH_WELCOME_HDR)
		return RH_FRAME_SHORT;
	if (len != RH_WELCOME_HDR)
		return RH_FRAME_LENGTH;
	welcome_load(rec, &m);
	if (!m.session || !m.lanes || !m.version || m.max_datagram < RH_DATAGRAM_MIN_MAX)
		return RH_FRAME_VALUE;
	*out = m;
	return RH_FRAME_OK;
}

int rh_welcome_encode(uint8_t *out, size_t room, const struct rh_welcome *m)
{
	int taken = rh_control_begin(out, room, RH_RECORD_WELCOME, RH_WELCOME_HDR);

	if (taken < 0)
		return taken;
	rh_store_be32(out + 4, m->session);
	rh_store_be64(out + 8, m->node_incarnation);
	rh_store_be64(out + 16, m->credit_events);
	rh_store_be64(out + 24, m->credit_bytes);
	rh_store_be32(out + 32, m->check);
	rh_store_be32(out + 36, m->keepalive_ms);
	rh_store_be32(out + 40, m->timeout_ms);
	rh_store_be32(out + 44, m->max_payload);
	rh_store_be16(out + 48, m->max_datagram);
	out[50] = m->lanes;
	out[51] = m->version;
	rh_store_be32(out + 52, m->owner_worker);
	return taken;
}

enum rh_frame_error rh_bye_parse(const uint8_t *rec, size_t len, struct rh_bye *out)
{
	struct rh_text text;

	if (len < RH_BYE_HDR)
		return RH_FRAME_SHORT;
	text = rh_text_at(rec + RH_BYE_HDR, rh_load_be16(rec + 6));
	if ((size_t)RH_BYE_HDR + text.len != len)
		return RH_FRAME_LENGTH;
	if (text.len > RH_TEXT_MAX || !rh_text_shown(&text))
		return RH_FRAME_VALUE;
	out->reason = rec[4];
	out->text = text;
	return RH_FRAME_OK;
}

int rh_bye_encode(uint8_t *out, size_t room, const struct rh_bye *m)
{
	int taken = rh_control_begin(out, room, RH_RECORD_BYE, (size_t)RH_BYE_HDR + m->text.len);

	if (taken < 0)
		return taken;
	out[4] = m->reason;
	rh_store_be16(out + 6, m->text.len);
	(void)rh_text_put(out + RH_BYE_HDR, &m->text);
	return taken;
}

enum rh_frame_error rh_unknown_session_parse(
	const uint8_t *rec, size_t len, struct rh_unknown_session *out)
{
	if (len < RH_UNKNOWN_HDR)
		return RH_FRAME_SHORT;
	if (len != RH_UNKNOWN_HDR)
		return RH_FRAME_LENGTH;
	out->session = rh_load_be32(rec + 4);
	out->node_incarnation = rh_load_be64(rec + 8);
	return RH_FRAME_OK;
}

int rh_unknown_session_encode(uint8_t *out, size_t room, const struct rh_unknown_session *m)
{
	int taken = rh_control_begin(out, room, RH_RECORD_UNKNOWN_SESSION, RH_UNKNOWN_HDR);

	if (taken < 0)
		return taken;
	rh_store_be32(out + 4, m->session);
	rh_store_be64(out + 8, m->node_incarnation);
	return taken;
}

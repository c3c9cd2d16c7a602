#include "tools/librhumb/rhumb_priv.h"

#include "dataplane/filter/topic.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int rhc_receive_init(struct rhumb *r)
{
	struct rhc_receive *in = &r->receive;

	free(in->memory);
	in->room = RH_ALIGN_UP(r->path.max_datagram, (uint32_t)RH_CACHE_LINE);
	in->memory = malloc((size_t)RHC_BATCH * in->room);
	if (!in->memory)
		return rh_error_set(&r->error, ENOMEM, "out of memory");
	for (unsigned i = 0; i < RHC_BATCH; i++) {
		in->vectors[i] = (struct iovec){in->memory + (size_t)i * in->room, in->room};
		in->messages[i].msg_hdr =
			(struct msghdr){.msg_iov = &in->vectors[i], .msg_iovlen = 1};
	}
	return 0;
}

void rhc_receive_fini(struct rhc_receive *in)
{
	free(in->memory);
	in->memory = NULL;
}

/* Duplicates are counted, not dropped: by event id the user can tell them, and version 1 says so. */
static void lane_take(struct rhumb *r, uint8_t lane, uint64_t number)
{
	struct rhc_lane *l = &r->receive.lanes[lane];
	uint64_t back;

	if (number > l->highest) {
		uint64_t ahead = number - l->highest;

		l->seen = ahead < 64 ? l->seen << ahead | 1 : 1;
		l->highest = number;
		return;
	}
	back = l->highest - number;
	if (back >= 64)
		return;
	if (l->seen >> back & 1)
		r->stats.duplicate_datagrams++;
	l->seen |= 1ULL << back;
}

static void event_hand(struct rhumb *r, const struct rh_event *e)
{
	static const size_t trace_len = 26;
	const uint8_t *trace = NULL;
	uint16_t attributes = e->attributes_len ? rhc_attributes_decode(e, r->receive.attributes) : 0;

	/* Options were checked: type, length, value without gaps. */
	for (size_t at = 0; at + 2 <= e->options_len; at += 2 + (size_t)e->options[at + 1])
		if (e->options[at] == RH_OPTION_TRACEPARENT && e->options[at + 1] == trace_len)
			trace = e->options + at + 2;
	const struct rhumb_event event = {.topic = (const char *)e->topic,
		.topic_len = e->topic_len,
		.payload = e->payload,
		.payload_len = e->payload_len,
		.attributes = r->receive.attributes,
		.attribute_count = attributes,
		.service_class = e->class,
		.hop_limit = e->hop_limit,
		.ttl_ms = e->ttl_ms == RH_TTL_NONE ? 0 : e->ttl_ms,
		.origin_ns = e->origin_ns,
		.publisher = e->incarnation,
		.sequence = e->sequence,
		.schema_id = e->schema_id,
		.traceparent = trace};

	r->receive.handed++;
	if (r->subs.cb)
		r->subs.cb(r->subs.arg, &event);
}

void rhc_event_take(struct rhumb *r, const uint8_t *record, uint32_t len, bool assembled, uint64_t sequence)
{
	struct rh_topic topic;
	struct rh_event e;

	/* A router sends topics as text, so an alias is as wrong as a topic that is none. */
	if (rh_event_parse(record, len, assembled, &e) != RH_FRAME_OK || !e.topic ||
		(assembled && e.sequence != sequence) ||
		rh_topic_parse((const char *)e.topic, e.topic_len, &topic, NULL) < 0) {
		r->stats.bad_datagrams++;
		return;
	}
	rhc_credit_arrived(r, len);
	r->stats.received_events++;
	r->stats.received_bytes += e.payload_len;
	r->stats.reassembled += assembled;
	event_hand(r, &e);
}

static void fragment_record(struct rhumb *r, uint8_t lane, const struct rh_record *rec)
{
	struct rh_fragment f;
	const uint8_t *record;
	uint32_t len;

	if (rh_fragment_parse(rec->bytes, rec->len, &f) != RH_FRAME_OK) {
		r->stats.bad_datagrams++;
		return;
	}
	record = rhc_fragment_take(r, lane, &f, &len);
	if (record)
		rhc_event_take(r, record, len, true, f.sequence);
}

/* Records of a session that is ours. False: malformed, or not a router's to send. */
static bool session_record(struct rhumb *r, uint8_t lane, const struct rh_record *rec)
{
	struct rh_credit credit;
	struct rh_keepalive keepalive;
	struct rh_suback suback;
	struct rh_alias_ack alias;
	struct rh_bye bye;

	switch (rec->type) {
	case RH_RECORD_PUBLISH:
		rhc_event_take(r, rec->bytes, rec->len, false, 0);
		return true;
	case RH_RECORD_FRAGMENT:
		fragment_record(r, lane, rec);
		return true;
	case RH_RECORD_CREDIT:
		if (rh_credit_parse(rec->bytes, rec->len, &credit) != RH_FRAME_OK)
			return false;
		rhc_credit_take(r, credit.events, credit.bytes);
		return true;
	case RH_RECORD_KEEPALIVE:
		if (rh_keepalive_parse(rec->bytes, rec->len, &keepalive) != RH_FRAME_OK)
			return false;
		rhc_keepalive_take(r, &keepalive);
		return true;
	case RH_RECORD_SUBACK:
	case RH_RECORD_UNSUBACK:
		if (rh_suback_parse(rec->bytes, rec->len, &suback) != RH_FRAME_OK)
			return false;
		rhc_suback_take(r, rec->type, &suback);
		return true;
	case RH_RECORD_ALIAS_ACK:
		/* This library registers no aliases: whatever it answers, nothing waits for it. */
		return rh_alias_ack_parse(rec->bytes, rec->len, &alias) == RH_FRAME_OK;
	case RH_RECORD_WELCOME:
		/* Repeated for a hello that was repeated. */
		return true;
	case RH_RECORD_BYE:
		if (rh_bye_parse(rec->bytes, rec->len, &bye) != RH_FRAME_OK)
			return false;
		rhc_bye_take(r, &bye);
		return true;
	default:
		return false;
	}
}

/* Records outside a session: answers to a HELLO, and UNKNOWN_SESSION. */
static bool greeting_record(struct rhumb *r, const struct rh_record *rec)
{
	struct rh_challenge challenge;
	struct rh_unknown_session unknown;
	struct rh_bye bye;

	switch (rec->type) {
	case RH_RECORD_CHALLENGE:
		if (rh_challenge_parse(rec->bytes, rec->len, &challenge) != RH_FRAME_OK)
			return false;
		rhc_challenge_take(r, &challenge);
		return true;
	case RH_RECORD_UNKNOWN_SESSION:
		if (rh_unknown_session_parse(rec->bytes, rec->len, &unknown) != RH_FRAME_OK)
			return false;
		rhc_unknown_session_take(r, &unknown);
		return true;
	case RH_RECORD_BYE:
		if (rh_bye_parse(rec->bytes, rec->len, &bye) != RH_FRAME_OK)
			return false;
		/* A refusal answers a hello with a cookie, never anything else. */
		if (r->state == RHC_GREETING && r->hello.cookie_len)
			rhc_bye_take(r, &bye);
		return true;
	default:
		return false;
	}
}

/* While greeting, a WELCOME makes the session that the header around it already names. */
static void welcome_record(struct rhumb *r, const struct rh_datagram *d, const struct rh_record *rec)
{
	struct rh_welcome m;

	if (rh_welcome_parse(rec->bytes, rec->len, &m) != RH_FRAME_OK || m.session != d->session ||
		m.check != d->check)
		r->stats.bad_datagrams++;
	else
		rhc_welcome_take(r, &m);
}

static bool is_ours(const struct rhumb *r, const struct rh_datagram *d)
{
	return d->session && d->session == r->session.number && d->check == r->session.check;
}

void rhc_datagram_take(struct rhumb *r, const uint8_t *bytes, size_t len)
{
	struct rh_datagram d;
	struct rh_record rec;
	struct rh_record_cursor cur;
	bool known = false, good = true;

	if (rh_datagram_parse(bytes, len, &d) != RH_FRAME_OK) {
		r->stats.bad_datagrams++;
		return;
	}
	cur = rh_record_first(bytes, len);
	while (good && r->state != RHC_IDLE) {
		if (rh_record_next(&cur, &rec) != RH_FRAME_OK) {
			good = false;
			break;
		}
		if (!rec.bytes)
			break;
		if (rec.type == RH_RECORD_WELCOME && r->state == RHC_GREETING && d.session)
			welcome_record(r, &d, &rec);
		if (!d.session) {
			good = greeting_record(r, &rec);
			continue;
		}
		if (!is_ours(r, &d)) {
			good = false;
			break;
		}
		if (!known)
			lane_take(r, d.lane, d.packet_number);
		known = true;
		r->session.heard_ns = r->now_ns;
		good = session_record(r, d.lane, &rec);
	}
	r->stats.bad_datagrams += !good;
}

static int batch_take(struct rhumb *r)
{
	struct rhc_receive *in = &r->receive;
	int count = recvmmsg(r->path.fd, in->messages, RHC_BATCH, MSG_DONTWAIT, NULL);

	if (count < 0)
		return -errno;
	for (int i = 0; i < count; i++) {
		if (in->messages[i].msg_hdr.msg_flags & MSG_TRUNC)
			r->stats.bad_datagrams++;
		else
			rhc_datagram_take(r, in->vectors[i].iov_base, in->messages[i].msg_len);
	}
	rhc_credit_renew(r, false);
	return count;
}

/* What the network cannot cause. */
static bool socket_is_broken(int error)
{
	return error == EBADF || error == ENOTSOCK || error == EFAULT || error == EINVAL;
}

int rhc_receive(struct rhumb *r, unsigned batches)
{
	int count, total = 0;

	while (batches--) {
		count = batch_take(r);
		if (count == -EAGAIN)
			return total;
		/* The ICMP error of a datagram we sent, told once. Anyone on the way may send one: timers know what to do. */
		if (count == -EMSGSIZE)
			rhc_path_shrink(r);
		if (count < 0 && !socket_is_broken(-count))
			continue;
		if (count < 0)
			return rh_error_set(&r->error, -count, "receiving from router %s: %s",
				r->options.router, strerror(-count));
		total += count;
		if (count < RHC_BATCH)
			return total;
	}
	return total;
}

#include "tools/librhumb/rhumb_priv.h"

#include "dataplane/filter/topic.h"

#include <errno.h>
#include <string.h>

#define TRACEPARENT_LEN 26

/* Checks that need no session, so that a bad event is refused the same way at any time. */
static int spec_of(struct rhumb *r, const struct rhumb_event *event, uint8_t *options, struct rh_event_spec *out)
{
	struct rh_topic topic;
	size_t topic_len = event->topic ? (event->topic_len ? event->topic_len : strlen(event->topic)) : 0;
	int attributes_len, err = rh_topic_parse(event->topic ? event->topic : "", topic_len, &topic, &r->error);

	if (err < 0)
		return err;
	if (event->service_class > RHUMB_CLASS_LOWEST)
		return rh_error_set(&r->error, EINVAL, "service class %u: 1 to 7, or RHUMB_CLASS_LOWEST",
			event->service_class);
	attributes_len = rhc_attributes_encode(r, event, r->attributes);
	if (attributes_len < 0)
		return attributes_len;
	*out = (struct rh_event_spec){.topic = event->topic,
		.topic_len = (uint16_t)topic_len,
		.attributes = r->attributes,
		.attributes_len = (uint16_t)attributes_len,
		.payload = event->payload,
		.payload_len = event->payload_len,
		.incarnation = r->incarnation,
		.origin_ns = event->origin_ns ? event->origin_ns : rh_clock_wall_ns(),
		.ttl_ms = event->ttl_ms ? event->ttl_ms : RH_TTL_NONE,
		.schema_id = event->schema_id,
		.class = event->service_class ? event->service_class & 7 : RH_CLASS_DEFAULT,
		.hop_limit = event->hop_limit ? event->hop_limit : RH_HOP_LIMIT_DEFAULT};
	if (event->traceparent) {
		options[0] = RH_OPTION_TRACEPARENT;
		options[1] = TRACEPARENT_LEN;
		memcpy(options + 2, event->traceparent, TRACEPARENT_LEN);
		out->options = options;
		out->options_len = 2 + TRACEPARENT_LEN;
	}
	return 0;
}

static int size_check(struct rhumb *r, const struct rh_event_spec *spec)
{
	uint32_t most = r->session.max_payload && r->session.max_payload < RH_PAYLOAD_MAX
		? r->session.max_payload
		: RH_PAYLOAD_MAX;

	if (spec->payload_len > most)
		return rh_error_set(&r->error, EMSGSIZE, "payload of %u bytes: the router takes %u",
			spec->payload_len, most);
	return 0;
}

static int whole_send(struct rhumb *r, const struct rh_event_spec *spec, size_t size)
{
	uint8_t *at = rhc_out_reserve(r, size, false);
	int len = at ? rh_event_encode(at, size, spec, false) : -EAGAIN;

	if (len < 0)
		return len;
	rhc_out_commit(r, (size_t)len, 1, size);
	return 0;
}

static uint32_t slice_max(const struct rhumb *r)
{
	return (rhc_out_record_max(r) - RH_FRAGMENT_HDR) & ~(uint32_t)(RH_WIRE_ALIGN - 1);
}

/* Cut the encoded record; the last datagram carries the event's credit. */
static int sliced_send(struct rhumb *r, const struct rh_event_spec *spec, size_t size)
{
	uint32_t most = slice_max(r);
	struct rh_fragment f = {
		.total = (uint32_t)size, .id = r->fragment_id + 1, .sequence = spec->sequence};
	uint8_t *at;

	if (rhc_out_free(r) < size / most + 1)
		return -EAGAIN;
	if (rh_event_encode(r->record, sizeof(r->record), spec, true) < 0)
		return -EMSGSIZE;
	r->fragment_id++;
	rhc_out_close(r);
	for (; f.offset < size; f.offset += f.slice_len) {
		f.slice_len = size - f.offset < most ? (uint32_t)size - f.offset : most;
		f.last = f.offset + f.slice_len == size;
		at = rhc_out_reserve(r, RH_FRAGMENT_HDR + f.slice_len, false);
		if (!at)
			return -EAGAIN;
		rh_fragment_encode(at, &f);
		memcpy(at + RH_FRAGMENT_HDR, r->record + f.offset, f.slice_len);
		rhc_out_commit(r, RH_FRAGMENT_HDR + f.slice_len, f.last, f.last ? size : 0);
		rhc_out_slice(r);
		rhc_out_close(r);
	}
	return 0;
}

int rhumb_publish(struct rhumb *r, const struct rhumb_event *event)
{
	uint8_t options[2 + TRACEPARENT_LEN];
	struct rh_event_spec spec;
	size_t size;
	int err = spec_of(r, event, options, &spec);

	if (err == 0)
		err = size_check(r, &spec);
	if (err < 0)
		return err;
	if (r->state == RHC_IDLE)
		return rh_error_set(&r->error, ENOTCONN, "not connected: rhumb_connect first");
	size = rh_event_size(&spec);
	if (r->state != RHC_OPEN)
		return rh_error_set(&r->error, EAGAIN, "the router is being greeted again");
	if (!rhc_credit_covers(r, size)) {
		r->now_ns = rh_clock_ns();
		rhc_credit_starve(r);
		(void)rhc_out_flush(r);
		return rh_error_set(&r->error, EAGAIN, "no credit: the router has not taken what was sent");
	}
	spec.sequence = r->sequence + 1;
	err = size <= rhc_out_record_max(r) ? whole_send(r, &spec, size) : sliced_send(r, &spec, size);
	if (err == -EAGAIN) {
		(void)rhc_out_flush(r);
		return rh_error_set(&r->error, EAGAIN, "the socket is full");
	}
	if (err < 0)
		return rh_error_set(&r->error, -err, "the event cannot be encoded");
	r->sequence++;
	r->credit.sent_events++;
	r->credit.sent_bytes += size;
	r->stats.published_events++;
	r->stats.published_bytes += event->payload_len;
	if (!r->options.batch || r->out.count >= 32)
		(void)rhc_out_flush(r);
	return 0;
}

struct publish_wait {
	struct rhumb *r;
	const struct rhumb_event *event;
	int *result;
};

static bool is_published(const struct rhumb *r, const void *arg)
{
	const struct publish_wait *wait = arg;

	(void)r;
	*wait->result = rhumb_publish(wait->r, wait->event);
	return *wait->result != -EAGAIN;
}

int rhumb_publish_wait(struct rhumb *r, const struct rhumb_event *event, int timeout_ms)
{
	int err, result = rhumb_publish(r, event);
	const struct publish_wait wait = {r, event, &result};

	if (result != -EAGAIN || r->in_call)
		return result;
	err = rhc_run(r, timeout_ms, is_published, &wait);
	return err < 0 ? err : result;
}

struct flush {
	uint64_t stamp;
	uint64_t sessions;
};

/* The router answered a KEEPALIVE that left behind everything published, and answers in order; or it is another session. */
static bool is_flushed(const struct rhumb *r, const void *arg)
{
	const struct flush *flush = arg;

	return r->stats.reconnects != flush->sessions ||
		(r->out.count == 0 && r->credit.stamp_answered >= flush->stamp);
}

int rhumb_flush(struct rhumb *r, int timeout_ms)
{
	struct flush flush = {.sessions = r->stats.reconnects};
	int err;

	if (r->in_call)
		return rh_error_set(&r->error, EBUSY, "flush is not for the event callback");
	if (r->state == RHC_IDLE)
		return rh_error_set(&r->error, ENOTCONN, "not connected: rhumb_connect first");
	r->now_ns = rh_clock_ns();
	flush.stamp = ++r->credit.stamp;
	rhc_keepalive_send(r, true, flush.stamp);
	rhc_backoff_start(r, &r->credit.flush);
	err = rhc_run(r, timeout_ms, is_flushed, &flush);
	r->credit.flush.due_ns = RHC_NEVER;
	if (err == 0 && r->stats.reconnects != flush.sessions)
		return rh_error_set(&r->error, ECONNABORTED,
			"router %s began a new session: what was under way may be lost", r->options.router);
	return err;
}

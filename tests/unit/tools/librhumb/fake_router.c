#include "tests/unit/tools/librhumb/fake_router.h"

#include "dataplane/base/compiler.h"
#include "dataplane/frame/datagram.h"

#include <arpa/inet.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PACKET 65535

static void send_session(struct fake_router *f, bool sessionless, uint8_t lane, const void *records, size_t len)
{
	static _Thread_local uint8_t bytes[PACKET];
	struct rh_datagram d = {.length = (uint16_t)(RH_DATAGRAM_HDR + len), .lane = lane};

	if (!sessionless) {
		d.session = f->session;
		d.check = f->check;
		d.packet_number = ++f->packet_number;
	}
	rh_datagram_encode(bytes, &d);
	memcpy(bytes + RH_DATAGRAM_HDR, records, len);
	(void)!sendto(f->fd, bytes, RH_DATAGRAM_HDR + len, 0, (struct sockaddr *)&f->peer, sizeof(f->peer));
}

static void reply(struct fake_router *f, bool sessionless, const uint8_t *record, int len)
{
	if (len <= 0)
		abort();
	send_session(f, sessionless, RH_LANE_CONTROL, record, (size_t)len);
}

static void challenge(struct fake_router *f, bool forged)
{
	const struct rh_challenge m = {
		f->node_incarnation, {forged ? "forged-cookie" : "the-cookie-of-ours", forged ? 13 : 18}};
	uint8_t out[128];

	reply(f, true, out, rh_challenge_encode(out, sizeof(out), &m));
}

static void welcome(struct fake_router *f)
{
	const struct rh_welcome m = {.session = f->session,
		.check = f->check,
		.node_incarnation = f->node_incarnation,
		.credit_events = f->grant_events,
		.credit_bytes = f->grant_bytes,
		.keepalive_ms = f->keepalive_ms,
		.timeout_ms = f->timeout_ms,
		.max_payload = f->max_payload,
		.max_datagram = f->max_datagram,
		.lanes = 1,
		.version = 1};
	uint8_t out[128];

	reply(f, false, out, rh_welcome_encode(out, sizeof(out), &m));
}

static void bye(struct fake_router *f, bool sessionless, uint8_t reason, const char *text)
{
	const struct rh_bye m = {reason, {text, (uint16_t)strlen(text)}};
	uint8_t out[512];

	reply(f, sessionless, out, rh_bye_encode(out, sizeof(out), &m));
}

static void session_begin(struct fake_router *f, const struct rh_hello *m)
{
	f->sessions++;
	f->session = 0x00010000 + f->sessions;
	f->check = 0x5eed0000 + f->sessions;
	f->incarnation = m->incarnation;
	f->packet_number = f->sent_events = f->sent_bytes = f->arrived_events = f->arrived_bytes = 0;
	f->last_request = 0;
	f->assembled = 0;
	f->grant_events = f->window_events;
	f->grant_bytes = f->window_bytes;
	f->granted_events = m->credit_events;
	f->granted_bytes = m->credit_bytes;
}

static void on_hello(struct fake_router *f, const struct rh_record *rec)
{
	struct rh_hello m;

	f->hellos++;
	if (rh_hello_parse(rec->bytes, rec->len, &m) != RH_FRAME_OK) {
		f->bad++;
		return;
	}
	f->hello_events = m.credit_events;
	f->hello_bytes = m.credit_bytes;
	if (f->drop_hellos > 0) {
		f->drop_hellos--;
		return;
	}
	if (m.cookie.len != 18 || memcmp(m.cookie.bytes, "the-cookie-of-ours", 18) != 0) {
		challenge(f, f->forge_cookie);
		f->forge_cookie = false;
		return;
	}
	if (f->refuse_hello) {
		bye(f, true, RH_BYE_LIMIT, "65536 sessions are the limit");
		return;
	}
	if (!f->session || f->incarnation != m.incarnation)
		session_begin(f, &m);
	welcome(f);
}

static void entry_note(struct fake_router *f, uint8_t type, const struct rh_sub_entry *entry)
{
	struct fake_entry *e = &f->entry[f->entries++ % FAKE_ENTRIES];

	*e = (struct fake_entry){.type = type, .dialect = entry->dialect, .kind = entry->content_kind};
	(void)snprintf(e->filter, sizeof(e->filter), "%.*s", (int)entry->filter.len, entry->filter.bytes);
}

static void on_subscribe(struct fake_router *f, const struct rh_record *rec)
{
	struct rh_sub_result results[RH_SUBSCRIBE_MAX];
	struct rh_sub_entry entry;
	struct rh_subscribe m;
	size_t at = 0;
	uint8_t out[2048], type = rec->type == RH_RECORD_SUBSCRIBE ? RH_RECORD_SUBACK : RH_RECORD_UNSUBACK;

	if (rh_subscribe_parse(rec->bytes, rec->len, &m) != RH_FRAME_OK) {
		f->bad++;
		return;
	}
	if (rec->type == RH_RECORD_SUBSCRIBE)
		f->subscribes++;
	else
		f->unsubscribes++;
	if (f->drop_subscribes > 0) {
		f->drop_subscribes--;
		return;
	}
	f->subscribe_ids += m.request > f->last_request;
	f->last_request = m.request;
	if (f->drop_subacks > 0) {
		f->drop_subacks--;
		return;
	}
	for (uint16_t i = 0; i < m.count; i++) {
		if (!rh_sub_entry_next(&m, &at, &entry))
			abort();
		entry_note(f, rec->type, &entry);
		results[i] = (struct rh_sub_result){.price = {(uint16_t)(20 + i), 280, 164}};
		results[i].text.bytes = "";
		if (entry.filter.len >= 6 && memcmp(entry.filter.bytes, "refuse", 6) == 0)
			results[i] = (struct rh_sub_result){.code = f->sub_code, .text = {"because", 7}};
	}
	reply(f, false, out, rh_suback_encode(out, sizeof(out), type, m.request, 7, results, m.count));
}

static void credit(struct fake_router *f)
{
	struct rh_credit m;
	uint8_t out[64];

	if (!f->hold_credit) {
		f->grant_events = f->arrived_events + f->window_events;
		f->grant_bytes = f->arrived_bytes + f->window_bytes;
	}
	m = (struct rh_credit){f->grant_events, f->grant_bytes};
	reply(f, false, out, rh_credit_encode(out, sizeof(out), &m));
}

static void keepalive(struct fake_router *f, bool answer, uint64_t stamp)
{
	const struct rh_keepalive m = {.answer = answer,
		.sent_events = f->sent_events,
		.sent_bytes = f->sent_bytes,
		.stamp = stamp,
		.dropped_copies = f->dropped};
	uint8_t out[64];

	reply(f, false, out, rh_keepalive_encode(out, sizeof(out), &m));
}

static void event_store(struct fake_router *f, const uint8_t *bytes, uint32_t len, bool assembled)
{
	struct fake_event *kept = &f->event[f->events % FAKE_EVENTS];
	struct rh_event e;

	if (rh_event_parse(bytes, len, assembled, &e) != RH_FRAME_OK) {
		f->bad++;
		return;
	}
	f->events++;
	f->arrived_events++;
	f->arrived_bytes += len;
	f->over_credit += f->arrived_events > f->grant_events || f->arrived_bytes > f->grant_bytes;
	*kept = (struct fake_event){.sequence = e.sequence,
		.incarnation = e.incarnation,
		.payload_len = e.payload_len,
		.record_len = len,
		.class = e.class,
		.attributes_len = e.attributes_len};
	(void)snprintf(kept->topic, sizeof(kept->topic), "%.*s", (int)e.topic_len, (const char *)e.topic);
	if (!f->hold_credit && f->grant_events - f->arrived_events < f->window_events / 2)
		credit(f);
}

static void on_fragment(struct fake_router *f, const struct rh_record *rec)
{
	struct rh_fragment m;

	f->fragments++;
	if (rh_fragment_parse(rec->bytes, rec->len, &m) != RH_FRAME_OK) {
		f->bad++;
		return;
	}
	memcpy(f->assembly + m.offset, m.slice, m.slice_len);
	f->assembled += m.slice_len;
	if (f->assembled < m.total)
		return;
	f->assembled = 0;
	event_store(f, f->assembly, m.total, true);
}

static void on_keepalive(struct fake_router *f, const struct rh_record *rec)
{
	struct rh_keepalive m;

	f->keepalives++;
	if (rh_keepalive_parse(rec->bytes, rec->len, &m) != RH_FRAME_OK)
		f->bad++;
	else if (m.answer) {
		keepalive(f, false, m.stamp);
		credit(f);
	}
}

static void on_record(struct fake_router *f, const struct rh_record *rec)
{
	struct rh_credit m;

	switch (rec->type) {
	case RH_RECORD_SUBSCRIBE:
	case RH_RECORD_UNSUBSCRIBE:
		on_subscribe(f, rec);
		break;
	case RH_RECORD_KEEPALIVE:
		on_keepalive(f, rec);
		break;
	case RH_RECORD_CREDIT:
		f->credits++;
		if (rh_credit_parse(rec->bytes, rec->len, &m) == RH_FRAME_OK) {
			f->granted_events = m.events;
			f->granted_bytes = m.bytes;
		}
		break;
	case RH_RECORD_PUBLISH:
		event_store(f, rec->bytes, rec->len, false);
		break;
	case RH_RECORD_FRAGMENT:
		on_fragment(f, rec);
		break;
	case RH_RECORD_BYE:
		f->byes++;
		f->session = 0;
		break;
	default:
		f->bad++;
	}
}

static void unknown_session(struct fake_router *f, uint32_t session)
{
	const struct rh_unknown_session m = {session, f->node_incarnation};
	uint8_t out[64];

	reply(f, true, out, rh_unknown_session_encode(out, sizeof(out), &m));
}

static void on_datagram(struct fake_router *f, const uint8_t *bytes, size_t len)
{
	struct rh_record_cursor cur;
	struct rh_datagram d;
	struct rh_record rec;

	f->datagrams++;
	if (f->silent)
		return;
	if (rh_datagram_parse(bytes, len, &d) != RH_FRAME_OK) {
		f->bad++;
		return;
	}
	if (d.session && (d.session != f->session || d.check != f->check)) {
		unknown_session(f, d.session);
		return;
	}
	cur = rh_record_first(bytes, len);
	while (rh_record_next(&cur, &rec) == RH_FRAME_OK && rec.bytes) {
		if (rec.type == RH_RECORD_HELLO)
			on_hello(f, &rec);
		else
			on_record(f, &rec);
	}
}

static void *router_run(void *arg)
{
	struct fake_router *f = arg;
	static uint8_t bytes[PACKET];
	struct pollfd p = {.fd = f->fd, .events = POLLIN};

	while (!fake_get(f, stop)) {
		struct sockaddr_in from;
		socklen_t from_len = sizeof(from);
		ssize_t len;

		if (poll(&p, 1, 10) <= 0)
			continue;
		len = recvfrom(f->fd, bytes, sizeof(bytes), MSG_DONTWAIT, (struct sockaddr *)&from, &from_len);
		if (len < 0)
			continue;
		(void)pthread_mutex_lock(&f->lock);
		f->peer = from;
		on_datagram(f, bytes, (size_t)len);
		(void)pthread_mutex_unlock(&f->lock);
	}
	return NULL;
}

void fake_start(struct fake_router *f)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	socklen_t len = sizeof(address);
	int size = 4 << 20;

	memset(f, 0, sizeof(*f));
	f->window_events = 64;
	f->window_bytes = 1 << 20;
	f->keepalive_ms = 60000;
	f->timeout_ms = 180000;
	f->max_payload = RH_PAYLOAD_MAX;
	f->max_datagram = 1472;
	f->node_incarnation = 0xc0ffee;
	f->fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (f->fd < 0 || bind(f->fd, (struct sockaddr *)&address, len) < 0 ||
		getsockname(f->fd, (struct sockaddr *)&address, &len) < 0)
		abort();
	(void)setsockopt(f->fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
	f->port = ntohs(address.sin_port);
	(void)pthread_mutex_init(&f->lock, NULL);
	if (pthread_create(&f->thread, NULL, router_run, f) != 0)
		abort();
}

void fake_stop(struct fake_router *f)
{
	fake_set(f, stop, true);
	(void)pthread_join(f->thread, NULL);
	close(f->fd);
}

const char *fake_address(struct fake_router *f)
{
	static char text[32];

	(void)snprintf(text, sizeof(text), "127.0.0.1:%u", f->port);
	return text;
}

void fake_send(struct fake_router *f, const void *bytes, size_t len)
{
	(void)pthread_mutex_lock(&f->lock);
	(void)!sendto(f->fd, bytes, len, 0, (struct sockaddr *)&f->peer, sizeof(f->peer));
	(void)pthread_mutex_unlock(&f->lock);
}

void fake_send_records(struct fake_router *f, uint8_t lane, const void *records, size_t len)
{
	(void)pthread_mutex_lock(&f->lock);
	send_session(f, false, lane, records, len);
	(void)pthread_mutex_unlock(&f->lock);
}

static uint8_t payload[RH_PAYLOAD_MAX];

static size_t event_encode(
	uint8_t *out, const char *topic, uint32_t payload_len, uint64_t sequence, bool assembled)
{
	const struct rh_event_spec spec = {.topic = topic,
		.topic_len = (uint16_t)strlen(topic),
		.payload = payload,
		.payload_len = payload_len,
		.sequence = sequence,
		.incarnation = 0xabcdef,
		.origin_ns = 5,
		.ttl_ms = RH_TTL_NONE,
		.hop_limit = 31,
		.class = 3};
	int len;

	for (uint32_t i = 0; i < payload_len; i++)
		payload[i] = (uint8_t)(i * 7 + sequence);
	len = rh_event_encode(out, RH_EVENT_MAX, &spec, assembled);
	if (len < 0)
		abort();
	return (size_t)len;
}

void fake_publish(struct fake_router *f, const char *topic, uint32_t payload_len, uint64_t sequence)
{
	static uint8_t record[RH_EVENT_MAX];
	size_t len = event_encode(record, topic, payload_len, sequence, false);

	(void)pthread_mutex_lock(&f->lock);
	f->sent_events++;
	f->sent_bytes += len;
	send_session(f, false, 0, record, len);
	(void)pthread_mutex_unlock(&f->lock);
}

void fake_publish_sliced(struct fake_router *f, const char *topic, uint32_t payload_len, uint64_t sequence,
	const struct fake_slices *slices)
{
	static uint8_t record[RH_EVENT_MAX], out[RH_DATAGRAM_MAX];
	uint32_t len = (uint32_t)event_encode(record, topic, payload_len, sequence, true);
	unsigned all = (len + slices->slice - 1) / slices->slice, count = slices->order ? slices->count : all;

	(void)pthread_mutex_lock(&f->lock);
	f->sent_events++;
	f->sent_bytes += len;
	for (unsigned i = 0; i < count; i++) {
		uint32_t offset = (slices->order ? slices->order[i] : i) * slices->slice;
		struct rh_fragment m = {.offset = offset,
			.slice_len = len - offset < slices->slice ? len - offset : slices->slice,
			.total = len,
			.id = slices->id,
			.sequence = sequence};

		m.last = offset + m.slice_len == len;
		rh_fragment_encode(out, &m);
		memcpy(out + RH_FRAGMENT_HDR, record + offset, m.slice_len);
		send_session(f, false, 0, out, RH_FRAGMENT_HDR + m.slice_len);
	}
	(void)pthread_mutex_unlock(&f->lock);
}

void fake_lose(struct fake_router *f, uint64_t events, uint64_t bytes)
{
	(void)pthread_mutex_lock(&f->lock);
	f->sent_events += events;
	f->sent_bytes += bytes;
	(void)pthread_mutex_unlock(&f->lock);
}

void fake_keepalive(struct fake_router *f, bool answer, uint64_t dropped)
{
	(void)pthread_mutex_lock(&f->lock);
	f->dropped = dropped;
	keepalive(f, answer, 0);
	(void)pthread_mutex_unlock(&f->lock);
}

void fake_bye(struct fake_router *f, uint8_t reason, const char *text)
{
	(void)pthread_mutex_lock(&f->lock);
	bye(f, false, reason, text);
	f->session = 0;
	(void)pthread_mutex_unlock(&f->lock);
}

void fake_forget(struct fake_router *f)
{
	(void)pthread_mutex_lock(&f->lock);
	f->session = 0;
	f->node_incarnation++;
	(void)pthread_mutex_unlock(&f->lock);
}

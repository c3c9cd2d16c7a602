#include "tests/unit/controlplane/fake/fake.h"

#include "controlplane/session/session.h"
#include "dataplane/api/topics.h"
#include "dataplane/base/clock.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct fake fake;

void fake_reset(void)
{
	memset(&fake, 0, sizeof(fake));
	fake.workers = FAKE_WORKERS;
	fake.sessions = fake.subs = fake.topics = fake.traced = 3;
	fake.link_up = true;
	for (uint32_t w = 0; w < FAKE_WORKERS; w++)
		fake.status[w] = (struct dp_worker_status){.core = w + 1,
			.running = true,
			.last_loop_tsc = 1,
			.generation = 7,
			.event_buffers_free = DP_LIMIT_EVENT_BUFFERS};
}

struct cp_conf *fake_conf(void)
{
	static const char text[] =
		"{\"rhumb:rhumb\": {\"node\": {\"name\": \"r1\", \"region\": \"eu\"},"
		"\"dataplane\": {\"worker\": [{\"core\": 1}, {\"core\": 2}]},"
		"\"port\": [{\"name\": \"p0\", \"device\": \"net_null0\", \"address\": [{\"ip\": "
		"\"192.0.2.1/24\"}]}],"
		"\"metrics\": {\"port\": 19464}}}";
	struct cp_conf *conf = NULL;
	struct rh_error err;

	if (cp_conf_parse(text, strlen(text), "fake", &conf, &err) < 0) {
		(void)fprintf(stderr, "%s\n", err.text);
		abort();
	}
	return conf;
}

uint32_t dp_engine_workers(const struct dp_engine *eng)
{
	(void)eng;
	return fake.workers;
}

uint64_t dp_engine_seen(const struct dp_engine *eng)
{
	(void)eng;
	return 7;
}

int dp_engine_worker_status(const struct dp_engine *eng, uint32_t w, struct dp_worker_status *out)
{
	(void)eng;
	if (w >= fake.workers)
		return -ENOENT;
	*out = fake.status[w];
	return 0;
}

int dp_content_use(const struct dp_engine *eng, uint16_t tenant, struct dp_content_use *out)
{
	(void)eng;
	if (tenant)
		return -ENOENT;
	*out = fake.content_use;
	return 0;
}

int dp_counters_read(const struct dp_engine *eng, unsigned w, struct dp_counters *out)
{
	(void)eng;
	if (w >= fake.workers)
		return -ENOENT;
	*out = fake.counters[w];
	return 0;
}

void dp_counters_sum(const struct dp_engine *eng, struct dp_counters *out)
{
	(void)eng;
	memset(out, 0, sizeof(*out));
	for (uint32_t w = 0; w < fake.workers; w++)
		dp_counters_add(out, &fake.counters[w]);
}

int dp_session_stats(
	const struct dp_engine *eng, dp_session_id_t slot, struct dp_session_stats *out)
{
	(void)eng;
	memset(out, 0, sizeof(*out));
	out->rx_events = slot;
	out->tx_granted_events = RH_CREDIT_UNLIMITED;
	out->tx_granted_bytes = 100;
	out->tx_bytes = fake.credit_spent ? 100 : 40;
	out->queued_events = fake.credit_spent ? 5 : 0;
	out->rx_granted_events = 256;
	out->drops[DP_DROP_QUEUE_FULL] = slot;
	return 0;
}

uint64_t dp_topics_places(const struct dp_engine *eng, uint32_t worker)
{
	(void)eng;
	(void)worker;
	return 100000;
}

/* The first worker has all topics, a/0 with the most events; each pass finds nine more of each. */
uint64_t dp_topics_scan(const struct dp_engine *eng, uint32_t worker, uint64_t from, uint64_t to,
	dp_topic_cb cb, void *arg)
{
	static struct dp_topic_row row;

	(void)eng;
	if (from == 0 && worker == 0)
		fake.topic_passes++;
	for (uint64_t i = from; i < to && i < fake.topics && worker == 0; i++) {
		row = (struct dp_topic_row){.receivers = (uint32_t)i,
			.events = 9 * fake.topic_passes + 1000 - i,
			.bytes = 9 * fake.topic_passes * (i + 1),
			.since_tsc = rh_tsc() - rh_tsc_hz(),
			.last_tsc = rh_tsc() - (fake.topics - i) * rh_tsc_hz(),
			.read_tsc = rh_tsc()};
		row.topic_len = (uint16_t)snprintf(row.topic, sizeof(row.topic), "a/%lu", i);
		cb(arg, &row);
	}
	return from == 0 ? fake.torn[worker] : 0;
}

uint64_t dp_topics_missed(const struct dp_engine *eng, uint32_t worker, uint16_t tenant,
	const char *topic, size_t len)
{
	(void)eng;
	(void)tenant;
	return len == 3 && memcmp(topic, "a/1", 3) == 0 ? fake.missed[worker] : 0;
}

void dp_topics_rest(const struct dp_engine *eng, struct dp_topics_rest *out)
{
	(void)eng;
	*out = (struct dp_topics_rest){.events = 12031,
		.bytes = 99,
		.topics = 9000,
		.topics_error = 144,
		.missed_error = 16,
		.sample = fake.sampled ? 16 : 1,
		.since_tsc = rh_tsc() - 100 * rh_tsc_hz()};
}

int dp_trace_start(struct dp_engine *eng, const struct rh_filter *filter)
{
	(void)eng;
	(void)filter;
	fake.tracing = true;
	return 0;
}

void dp_trace_stop(struct dp_engine *eng)
{
	(void)eng;
	fake.tracing = false;
}

uint32_t dp_trace_read(struct dp_engine *eng, struct dp_trace_entry *out, uint32_t max)
{
	uint32_t n = fake.traced < max ? fake.traced : max;

	(void)eng;
	for (uint32_t i = 0; i < n; i++) {
		out[i] = (struct dp_trace_entry){.wall_ns = 1700000000123456789ULL,
			.incarnation = 0xabc,
			.sequence = i,
			.topic_len = 3,
			.payload_len = 2,
			.payload_kept = 2,
			.topic = "a/b",
			.payload = "hi"};
		if (i == 1)
			out[i].payload[0] = 0xff;
		if (i == 2)
			out[i].drop = DP_DROP_DUPLICATE;
	}
	return n;
}

int dp_port_info(uint32_t index, struct dp_port_info *out)
{
	if (index != 0)
		return -ENOENT;
	*out = (struct dp_port_info){.name = "p0",
		.device = "net_null0",
		.driver = "net_null",
		.mtu = 1500,
		.queues = 2,
		.link_up = fake.link_up,
		.link_mbps = 10000,
		.pool_size = 100,
		.pool_free = 90};
	return 0;
}

int dp_port_stats(uint32_t index, struct dp_port_stats *out)
{
	*out = (struct dp_port_stats){.rx_packets = 5, .rx_missed = 1};
	return index == 0 ? 0 : -ENOENT;
}

uint32_t dp_port_count(void)
{
	return 1;
}

bool dp_eal_has_hugepages(void)
{
	return false;
}

int cp_sessions_find(const struct cp_sessions *s, dp_session_id_t slot, struct cp_session_row *out)
{
	(void)s;
	if (slot >= fake.sessions)
		return -ENOENT;
	memset(out, 0, sizeof(*out));
	out->slot = slot;
	(void)snprintf(out->client_id, sizeof(out->client_id), "client-%u", slot);
	out->remote = (struct dp_address){.family = 4, .bytes = {192, 0, 2, 9}, .port = 4000};
	out->vlan = slot == 1 ? 7 : DP_VLAN_NONE;
	out->since_wall_ns = 1700000000000000000ULL;
	return 0;
}

void cp_sessions_each(const struct cp_sessions *s,
	bool (*cb)(void *arg, const struct cp_session_row *row), void *arg)
{
	struct cp_session_row row;

	for (uint32_t i = 0; i < fake.sessions && cp_sessions_find(s, i, &row) == 0; i++)
		if (!cb(arg, &row))
			return;
}

void cp_sessions_stats(const struct cp_sessions *s, struct cp_sessions_stats *out)
{
	(void)s;
	*out = (struct cp_sessions_stats){.live = fake.sessions, .hellos = 4,
		.over_limit = 11, .no_slot = 12, .commands_full = 13};
}

int cp_subs_find(const struct cp_subs *s, dp_sub_id_t sub, struct cp_sub_row *out)
{
	(void)s;
	if (sub >= fake.subs)
		return -ENOENT;
	*out = (struct cp_sub_row){.sub = sub,
		.slot = sub % 2,
		.filter = "a/\xf8",
		.filter_len = 3,
		.content = fake.content ? fake.content : sub == 1 ? "x[0-9]" : NULL,
		.since_wall_ns = 1700000000000000000ULL};
	return 0;
}

void cp_subs_each(
	const struct cp_subs *s, bool (*cb)(void *arg, const struct cp_sub_row *row), void *arg)
{
	struct cp_sub_row row;

	for (uint32_t i = 0; i < fake.subs && cp_subs_find(s, i, &row) == 0; i++)
		if (!cb(arg, &row))
			return;
}

int cp_subs_each_of(const struct cp_subs *s, dp_session_id_t slot,
	bool (*cb)(void *arg, const struct cp_sub_row *row), void *arg)
{
	struct cp_sub_row row;

	for (uint32_t i = 0; i < fake.subs && cp_subs_find(s, i, &row) == 0; i++)
		if (row.slot == slot && !cb(arg, &row))
			break;
	return 0;
}

void cp_subs_stats(const struct cp_subs *s, struct cp_subs_stats *out)
{
	(void)s;
	*out = (struct cp_subs_stats){.subscriptions = fake.subs, .patterns = 1, .tenants_dear = 1,
		.over_limit = 14, .table_full = 15, .patterns_over_limit = 16, .pattern_numbers_full = 17,
		.contents = 2, .contents_over_limit = 18, .contents_full = 19,
		.content_bytes_most = 20, .content_bytes_over_limit = 21};
}

void cp_subs_patterns_each(
	const struct cp_subs *s, void (*cb)(void *arg, const struct cp_tenant_patterns *row), void *arg)
{
	static const struct cp_tenant_patterns rows[] = {
		{0, 7, 2, 1500, CP_SUBS_NOT_MEASURED, 12800, false}, {3, 1, 1, 93, 10170, 3224, true}};

	(void)s;
	for (size_t i = 0; i < RH_ARRAY_LEN(rows); i++)
		cb(arg, &rows[i]);
}

void fake_explain_finish(int status)
{
	static const struct dp_explain_row rows[] = {{0, 0, 0, DP_EXPLAIN_DELIVER, 120},
		{1, 1, 1, DP_EXPLAIN_CONTENT_UNKNOWN, 50}, {2, 0, 0, DP_EXPLAIN_SAME_SESSION, 3}};
	static const struct dp_explain_cost cost = {2, 4, 3, 1, 1, 500};
	cp_subs_explain_cb cb = fake.explain_cb;

	fake.explain_cb = NULL;
	cb(fake.explain_arg, status, status < 0 ? "byte 2: no wildcard in a topic" : "", rows,
		status < 0 ? 0 : 3, &cost);
}

int cp_subs_explain(struct cp_subs *subs, const struct dp_explain_event *event, cp_subs_explain_cb cb,
	void *arg)
{
	(void)subs;
	fake.explain_attributes = event->attributes ? (int)event->attributes_len : -1;
	if (event->attributes)
		memcpy(fake.explain_bytes, event->attributes,
			event->attributes_len < sizeof(fake.explain_bytes) ? event->attributes_len : sizeof(fake.explain_bytes));
	fake.explain_cb = cb;
	fake.explain_arg = arg;
	if (fake.explain_now)
		fake_explain_finish(memchr(event->topic, '#', event->topic_len) != NULL ? -EINVAL : 0);
	return 0;
}

void cp_kernel_stats(const struct cp_kernel *k, uint32_t port, struct cp_kernel_stats *out)
{
	(void)k;
	(void)port;
	*out = (struct cp_kernel_stats){.to_kernel = 2, .adjacencies = 1};
}

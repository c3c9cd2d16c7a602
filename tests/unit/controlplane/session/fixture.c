#include "tests/unit/controlplane/session/fixture.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

struct around around;
struct cp_conf conf;
struct cp_sessions *sessions;
uv_loop_t loop;
static unsigned sent_seen;
static struct dp_punt punt;

static int fake_open(struct dp_engine *eng, const struct dp_session_conf *c, dp_session_id_t *slot,
	uint32_t *wire_id, uint32_t *check, struct rh_error *err)
{
	(void)eng;
	if (around.commands_full)
		return rh_error_set(err, EAGAIN, "the worker has its commands waiting");
	for (uint32_t i = 0; i < around.slots; i++) {
		if (around.open[i])
			continue;
		around.open[i] = true;
		around.last_open = *c;
		*slot = i;
		*wire_id = i + 1000 * ++around.opened;
		*check = 77;
		return 0;
	}
	return rh_error_set(err, ENOSPC, "all slots are taken");
}

static int fake_close(struct dp_engine *eng, dp_session_id_t slot)
{
	(void)eng;
	cr_assert(around.open[slot]);
	around.open[slot] = false;
	around.closed++;
	return 0;
}

static void fake_reap(struct dp_engine *eng)
{
	(void)eng;
	around.reaped++;
}

static int fake_set_adjacency(struct dp_engine *eng, dp_session_id_t slot, dp_adj_id_t adj)
{
	(void)eng, (void)slot;
	around.adj_set = adj;
	return 0;
}

static int fake_alias(struct dp_engine *eng, dp_session_id_t slot, uint16_t alias,
	const char *topic, uint16_t len, uint64_t *generation)
{
	(void)eng, (void)slot, (void)alias;
	(void)snprintf(around.alias_topic, sizeof(around.alias_topic), "%.*s", len, topic);
	*generation = 5;
	return around.alias_ret;
}

static int fake_stats(
	const struct dp_engine *eng, dp_session_id_t slot, struct dp_session_stats *out)
{
	(void)eng;
	*out = around.stats;
	return around.open[slot] ? 0 : -ENOENT;
}

static uint64_t fake_seen(const struct dp_engine *eng)
{
	(void)eng;
	return around.seen;
}

static int fake_send(struct dp_engine *eng, const struct dp_control_target *to, const void *records,
	uint32_t len)
{
	struct sent *s = &around.sent[around.sent_count % RH_ARRAY_LEN(around.sent)];

	(void)eng;
	if (around.send_full)
		return -EAGAIN;
	cr_assert_leq(len, CP_RECORDS_MAX);
	s->to = *to;
	s->len = len;
	memcpy(s->bytes, records, len);
	around.sent_count++;
	around.sent_bytes += len + RH_DATAGRAM_HDR;
	return 0;
}

static int fake_adj_get(struct cp_kernel *k, uint32_t port, uint16_t vlan,
	const struct dp_address *remote, dp_adj_id_t *out)
{
	(void)k, (void)port, (void)vlan, (void)remote;
	*out = around.adj_next;
	around.adj_refs++;
	around.adj_gets++;
	return 0;
}

static void fake_adj_put(struct cp_kernel *k, dp_adj_id_t adj)
{
	(void)k, (void)adj;
	around.adj_refs--;
	around.adj_puts++;
}

static bool fake_adj_known(
	struct cp_kernel *k, uint32_t port, uint16_t vlan, const struct dp_address *remote)
{
	(void)k, (void)port, (void)vlan;
	return around.adj_known && remote->bytes[0] == 10;
}

static int keep(uint16_t count, cp_subs_done_cb cb, void *arg)
{
	if (around.subs_full)
		return -ENOMEM;
	cr_assert_lt(around.waiting, RH_ARRAY_LEN(around.cb));
	around.cb[around.waiting] = cb;
	around.arg[around.waiting] = arg;
	around.count[around.waiting++] = count;
	return 0;
}

static int fake_subs_add(struct cp_subs *subs, dp_session_id_t slot, uint16_t tenant,
	const struct rh_sub_entry *entries, uint16_t count, cp_subs_done_cb cb, void *arg)
{
	(void)subs, (void)slot, (void)tenant, (void)entries;
	around.adds += !around.subs_full;
	return keep(count, cb, arg);
}

static int fake_subs_del(struct cp_subs *subs, dp_session_id_t slot, uint16_t tenant,
	const struct rh_sub_entry *entries, uint16_t count, cp_subs_done_cb cb, void *arg)
{
	(void)subs, (void)slot, (void)tenant, (void)entries;
	around.dels += !around.subs_full;
	return keep(count, cb, arg);
}

static int fake_subs_drop(struct cp_subs *subs, dp_session_id_t slot, cp_subs_done_cb cb, void *arg)
{
	(void)subs;
	/* Its subscriptions go before its slot does. */
	cr_assert(around.open[slot]);
	around.drops += !around.subs_full;
	return keep(0, cb, arg);
}

static uint32_t fake_subs_count(const struct cp_subs *subs, dp_session_id_t slot)
{
	(void)subs, (void)slot;
	return 3;
}

static uint64_t fake_now(void)
{
	return around.now_ns;
}

static uint64_t fake_tsc(void)
{
	return around.tsc;
}

static const struct cp_sessions_ops ops = {fake_open, fake_close, fake_reap, fake_set_adjacency, fake_alias,
	fake_stats, fake_seen, fake_send, fake_adj_get, fake_adj_put, fake_adj_known, fake_subs_add, fake_subs_del,
	fake_subs_drop, fake_subs_count, fake_now, fake_tsc};

void fixture_start(void)
{
	struct rh_error err;

	around.slots = 8;
	around.now_ns = 1000 * CP_COOKIE_EPOCH_NS;
	around.tsc = 1000000;
	conf.sessions_max = 100;
	conf.keepalive_ms = 1000;
	conf.session_timeout_ms = 5000;
	conf.queue_ms = 5000;
	conf.rx_window_events = 256;
	conf.rx_window_bytes = 1 << 20;
	conf.engine.node_incarnation = 0x1234;
	conf.engine.worker_count = 2;
	cr_assert_eq(uv_loop_init(&loop), 0);
	cr_assert_eq(
		cp_sessions_create_with(&loop, &ops, NULL, NULL, NULL, &conf, &sessions, &err), 0);
}

void fixture_stop(void)
{
	cp_sessions_destroy(sessions);
	answer_subs(RH_SUB_INTERNAL, "");
	cr_assert_eq(around.adj_refs, 0, "%d next hops not let go", around.adj_refs);
	cr_assert_eq(around.opened, around.closed);
	while (uv_run(&loop, UV_RUN_NOWAIT))
		;
	cr_assert_eq(uv_loop_close(&loop), 0);
}

struct client client_at(uint8_t last_byte, const char *id)
{
	return (struct client){
		.local = {4, {10, 0, 0, 1}, RH_WIRE_UDP_PORT},
		.remote = {4, {10, 0, 0, last_byte}, 40000},
		.incarnation = 1,
		.id = id,
		.tenant = "",
		.version_min = 1,
		.version_max = 1,
		.max_datagram = 1472,
	};
}

size_t client_hello(struct client *c)
{
	struct rh_hello hello = {
		.version_min = c->version_min,
		.version_max = c->version_max,
		.incarnation = c->incarnation,
		.max_datagram = c->max_datagram,
		.queue_ms = c->queue_ms,
		.keepalive_ms = c->keepalive_ms,
		.cookie = c->cookie,
		.client_id = {c->id, (uint16_t)strlen(c->id)},
		.tenant = {c->tenant, (uint16_t)strlen(c->tenant)},
	};

	punt = (struct dp_punt){.kind = DP_PUNT_CONTROL, .worker = 1, .vlan = DP_VLAN_NONE};
	punt.local = c->local;
	punt.remote = c->remote;
	cr_assert_gt(rh_hello_encode(punt.bytes, sizeof(punt.bytes), &hello), 0);
	punt.len = (uint32_t)(RH_HELLO_HDR + hello.cookie.len + hello.client_id.len +
			      hello.tenant.len);
	cp_sessions_punt(sessions, &punt);
	return RH_DATAGRAM_HDR + punt.len;
}

void client_greet(struct client *c)
{
	struct rh_challenge m;

	c->cookie = (struct rh_text){0};
	(void)client_hello(c);
	cr_assert_eq(last_type(), RH_RECORD_CHALLENGE);
	cr_assert_eq(rh_challenge_parse(last_sent()->bytes, last_sent()->len, &m), RH_FRAME_OK);
	memcpy(c->cookie_bytes, m.cookie.bytes, m.cookie.len);
	c->cookie = (struct rh_text){c->cookie_bytes, m.cookie.len};
	(void)client_hello(c);
	if (last_type() != RH_RECORD_WELCOME)
		return;
	cr_assert_eq(
		rh_welcome_parse(last_sent()->bytes, last_sent()->len, &c->welcome), RH_FRAME_OK);
	c->slot = c->welcome.session % 1000;
}

void client_record(const struct client *c, const void *bytes, size_t len)
{
	punt = (struct dp_punt){
		.kind = DP_PUNT_CONTROL, .vlan = DP_VLAN_NONE, .len = (uint32_t)len};
	punt.local = c->local;
	punt.remote = c->remote;
	punt.has_session = true;
	punt.slot = c->slot;
	punt.wire_session = c->welcome.session;
	memcpy(punt.bytes, bytes, len);
	cp_sessions_punt(sessions, &punt);
}

void client_subscribe(const struct client *c, uint8_t type, uint32_t request, unsigned count)
{
	struct rh_sub_entry entries[RH_SUBSCRIBE_MAX];
	uint8_t bytes[2048];
	int len;

	for (unsigned i = 0; i < count; i++)
		entries[i] = (struct rh_sub_entry){.filter = {"a/b/cdef", 8}};
	len = rh_subscribe_encode(bytes, sizeof(bytes), type, request, entries, (uint16_t)count);
	cr_assert_gt(len, 0);
	client_record(c, bytes, (size_t)len);
}

void client_alias(const struct client *c, uint32_t request, uint16_t alias, const char *topic)
{
	struct rh_alias m = {request, alias, {topic, (uint16_t)strlen(topic)}};
	uint8_t bytes[256];

	cr_assert_gt(rh_alias_encode(bytes, sizeof(bytes), &m), 0);
	client_record(c, bytes, RH_ALIAS_HDR + strlen(topic));
}

const struct sent *last_sent(void)
{
	cr_assert_gt(around.sent_count, 0);
	return &around.sent[(around.sent_count - 1) % RH_ARRAY_LEN(around.sent)];
}

unsigned sent_now(void)
{
	unsigned n = around.sent_count - sent_seen;

	sent_seen = around.sent_count;
	return n;
}

uint8_t last_type(void)
{
	return last_sent()->bytes[0];
}

uint8_t last_bye(void)
{
	struct rh_bye bye;

	cr_assert_eq(last_type(), RH_RECORD_BYE);
	cr_assert_eq(rh_bye_parse(last_sent()->bytes, rh_load_be16(last_sent()->bytes + 2), &bye),
		RH_FRAME_OK);
	return bye.reason;
}

void answer_subs(uint8_t code, const char *text)
{
	struct cp_sub_outcome outcomes[64] = {0};
	unsigned waiting = around.waiting;

	for (unsigned i = 0; i < 64; i++) {
		outcomes[i].price = (struct dp_sub_price){20 + i, 70000, 150};
		cp_outcome_set(&outcomes[i], code, "%s", text);
	}
	around.waiting = 0;
	for (unsigned i = 0; i < waiting; i++)
		around.cb[i](around.arg[i], outcomes, around.count[i], 9);
}

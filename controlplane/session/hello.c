#include "controlplane/session/session_priv.h"

#include "controlplane/policy/policy.h"
#include "dataplane/base/clock.h"
#include "dataplane/base/hash.h"
#include "dataplane/base/log.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define KEEPALIVE_LEAST_MS 100
#define KEEPALIVE_MOST_MS  60000
/* A session lives at least through so many missed keepalives. */
#define KEEPALIVES    3
#define IP4_UDP_BYTES 28
#define IP6_UDP_BYTES 48
#define MTU_DEFAULT   1500

static void challenge(
	struct cp_sessions *s, const struct dp_punt *punt, const struct cp_cookie_of *of)
{
	uint8_t cookie[CP_COOKIE_BYTES], bytes[RH_CHALLENGE_HDR + CP_COOKIE_BYTES];
	struct rh_challenge m = {
		.node_incarnation = s->conf->engine.node_incarnation,
		.cookie = {(const char *)cookie, sizeof(cookie)},
	};
	int len;

	if (cp_cookie_make(&s->cookies, s->ops->now_ns(), of, cookie) < 0) {
		rh_log_error(SESSION, "no random bytes for cookies: nobody can be greeted");
		return;
	}
	len = rh_challenge_encode(bytes, sizeof(bytes), &m);
	/* 72 bytes with the header, for a hello of at least 73: below 3 bytes out for each in. */
	if (len > 0)
		cp_session_answer(s, punt, bytes, (uint32_t)len);
	s->stats.challenges++;
}

static void refuse(struct cp_sessions *s, const struct dp_punt *punt, enum rh_bye_reason reason,
	const char *text)
{
	struct rh_bye bye = {(uint8_t)reason, {text, (uint16_t)strlen(text)}};
	uint8_t bytes[RH_BYE_HDR + RH_TEXT_MAX + RH_WIRE_ALIGN];
	int len = rh_bye_encode(bytes, sizeof(bytes), &bye);

	if (len > 0)
		cp_session_answer(s, punt, bytes, (uint32_t)len);
}

static uint64_t client_hash(
	const struct cp_sessions *s, uint16_t tenant, const char *id, size_t len)
{
	return rh_hash(id, len, s->seed + tenant);
}

static struct cp_session *client_find(
	const struct cp_sessions *s, uint16_t tenant, const struct rh_text *id)
{
	uint64_t hash = client_hash(s, tenant, id->bytes, id->len);
	struct cp_session *session;

	for (struct rh_hnode *n = rh_htable_find(&s->by_client, hash); n;
		n = rh_htable_next(n, hash)) {
		session = rh_container(n, struct cp_session, node);
		if (session->tenant == tenant && strlen(session->client_id) == id->len &&
			!memcmp(session->client_id, id->bytes, id->len))
			return session;
	}
	return NULL;
}

static bool address_equal(const struct dp_address *a, const struct dp_address *b)
{
	return a->family == b->family && a->port == b->port &&
	       !memcmp(a->bytes, b->bytes, a->family == 4 ? 4 : 16);
}

static void welcome(struct cp_sessions *s, struct cp_session *session)
{
	uint8_t bytes[RH_WELCOME_HDR];
	int len = rh_welcome_encode(bytes, sizeof(bytes), &session->welcome);

	if (len > 0)
		cp_session_send(s, session, bytes, (uint32_t)len);
}

static uint16_t datagram_max(const struct cp_sessions *s, const struct dp_punt *punt)
{
	uint16_t mtu = punt->port < s->conf->port_count ? s->conf->ports[punt->port].dp.mtu : 0;

	mtu = mtu ? mtu : MTU_DEFAULT;
	return (uint16_t)(mtu - (punt->remote.family == 4 ? IP4_UDP_BYTES : IP6_UDP_BYTES));
}

static void times_choose(
	const struct cp_sessions *s, const struct rh_hello *hello, struct cp_session *session)
{
	uint32_t ms = hello->keepalive_ms ? hello->keepalive_ms : s->conf->keepalive_ms;
	uint32_t most = s->conf->keepalive_ms > KEEPALIVE_MOST_MS ? s->conf->keepalive_ms
								  : KEEPALIVE_MOST_MS;

	ms = ms < KEEPALIVE_LEAST_MS ? KEEPALIVE_LEAST_MS : ms;
	/* A client does not outlive the bound by asking; the operator may. */
	if (hello->keepalive_ms && ms > most)
		ms = most;
	session->keepalive_ms = ms;
	session->timeout_ms = s->conf->session_timeout_ms;
	if (session->timeout_ms < ms * KEEPALIVES)
		session->timeout_ms = ms * KEEPALIVES;
}

/* The workers' part of a session. */
static int slot_open(struct cp_sessions *s, const struct rh_hello *hello,
	struct cp_session *session, struct rh_error *err)
{
	/* The bound is the operator's; a client may ask for a shorter one only. */
	bool shorter = hello->queue_ms && hello->queue_ms < s->conf->queue_ms;
	struct dp_session_conf conf = {
		.local = session->local,
		.remote = session->remote,
		.adjacency = session->adj,
		.owner = session->owner,
		.tenant = session->tenant,
		.profile = cp_policy_profile(
			session->tenant, hello->client_id.bytes, hello->client_id.len),
		.incarnation = hello->incarnation,
		.max_datagram = session->max_datagram,
		.tx_credit_events = hello->credit_events,
		.tx_credit_bytes = hello->credit_bytes,
		.rx_window_events = s->conf->rx_window_events,
		.rx_window_bytes = s->conf->rx_window_bytes,
		.queue_bytes = s->conf->queue_bytes,
		.queue_ms = shorter ? hello->queue_ms : s->conf->queue_ms,
		.first_packet_number = session->packet + 1,
	};

	return s->ops->open(s->eng, &conf, &session->slot, &session->wire_id, &session->check, err);
}

static void welcome_fill(
	const struct cp_sessions *s, const struct dp_punt *punt, struct cp_session *session)
{
	const struct cp_conf *conf = s->conf;

	session->welcome = (struct rh_welcome){
		.session = session->wire_id,
		.check = session->check,
		.node_incarnation = conf->engine.node_incarnation,
		.credit_events =
			conf->rx_window_events ? conf->rx_window_events : RH_CREDIT_UNLIMITED,
		.credit_bytes = conf->rx_window_bytes ? conf->rx_window_bytes : RH_CREDIT_UNLIMITED,
		.keepalive_ms = session->keepalive_ms,
		.timeout_ms = session->timeout_ms,
		.max_payload = RH_PAYLOAD_MAX,
		.owner_worker = session->owner,
		.max_datagram = datagram_max(s, punt),
		.lanes = (uint8_t)(conf->engine.worker_count ? conf->engine.worker_count : 1),
		.version = RH_WIRE_VERSION,
	};
}

static struct cp_session *session_create(struct cp_sessions *s, const struct dp_punt *punt,
	const struct rh_hello *hello, uint16_t tenant)
{
	struct cp_session *session = calloc(1, sizeof(*session) + hello->client_id.len + 1);
	uint16_t most = datagram_max(s, punt);

	if (!session)
		return NULL;
	session->local = punt->local;
	session->remote = punt->remote;
	session->port = punt->port;
	session->vlan = punt->vlan;
	session->owner = punt->worker;
	session->tenant = tenant;
	session->incarnation = hello->incarnation;
	session->max_datagram = hello->max_datagram < most ? hello->max_datagram : most;
	session->since_wall_ns = rh_clock_wall_ns();
	session->opened_tsc = s->ops->tsc();
	/*
	 * Numbers begin at the microsecond of the greeting: below a million datagrams a second and
	 * lane, none of them was used by an earlier session of the same number, not even before a
	 * restart.
	 */
	session->packet = session->since_wall_ns / 1000;
	memcpy(session->client_id, hello->client_id.bytes, hello->client_id.len);
	times_choose(s, hello, session);
	return session;
}

static int session_open(struct cp_sessions *s, const struct dp_punt *punt,
	const struct rh_hello *hello, struct cp_session *session)
{
	struct rh_error err = {{0}};
	int ret = s->ops->adj_get(s->kernel, punt->port, punt->vlan, &punt->remote, &session->adj);

	if (ret < 0)
		return ret;
	ret = slot_open(s, hello, session, &err);
	if (ret < 0) {
		cp_session_adj_put(s, session->adj);
		rh_log_warn(SESSION, "client '%s' refused: %s", session->client_id, err.text);
		if (ret == -EAGAIN)
			s->stats.commands_full++;
		else
			s->stats.no_slot++;
		refuse(s, punt, RH_BYE_LIMIT, "all session slots are taken: try again later");
		return ret;
	}
	s->by_slot[session->slot] = session;
	rh_htable_insert(&s->by_client, &session->node,
		client_hash(s, session->tenant, session->client_id, hello->client_id.len));
	s->stats.opened++;
	s->stats.live++;
	return 0;
}

static void greet(struct cp_sessions *s, const struct dp_punt *punt, const struct rh_hello *hello,
	uint16_t tenant)
{
	struct cp_session *session;

	if (s->draining) {
		refuse(s, punt, RH_BYE_SHUTDOWN, "the router is stopping: try again later");
		return;
	}
	if (s->stats.live >= s->conf->sessions_max) {
		s->stats.over_limit++;
		refuse(s, punt, RH_BYE_LIMIT, "the router has all its sessions: try again later");
		return;
	}
	session = session_create(s, punt, hello, tenant);
	if (!session)
		return;
	if (session_open(s, punt, hello, session) < 0) {
		free(session);
		return;
	}
	welcome_fill(s, punt, session);
	welcome(s, session);
	rh_log_debug(SESSION, "client '%s' has session %u, slot %u", session->client_id,
		session->wire_id, session->slot);
}

/* The address is proven: who is it, and is it here already? */
static void validated(
	struct cp_sessions *s, const struct dp_punt *punt, const struct rh_hello *hello)
{
	struct cp_session *old;
	uint16_t tenant;

	if (hello->version_min > RH_WIRE_VERSION || hello->version_max < RH_WIRE_VERSION) {
		refuse(s, punt, RH_BYE_VERSION, "this router speaks version 1 only");
		return;
	}
	if (cp_policy_tenant(hello->tenant.bytes, hello->tenant.len, &tenant) < 0) {
		refuse(s, punt, RH_BYE_TENANT, "no such tenant: leave it out or use 'default'");
		return;
	}
	old = client_find(s, tenant, &hello->client_id);
	if (old && old->incarnation == hello->incarnation &&
		address_equal(&old->remote, &punt->remote) &&
		address_equal(&old->local, &punt->local)) {
		welcome(s, old);
		return;
	}
	if (old) {
		s->stats.taken_over++;
		rh_log_info(SESSION, "client '%s' greeted again: its session %u ends",
			old->client_id, old->wire_id);
		cp_session_close(s, old, RH_BYE_TAKEN_OVER);
	}
	greet(s, punt, hello, tenant);
}

void cp_session_hello(struct cp_sessions *s, const struct dp_punt *punt)
{
	struct cp_cookie_of of = {&punt->local, &punt->remote, 0};
	struct rh_hello hello;

	if (rh_hello_parse(punt->bytes, punt->len, &hello) != RH_FRAME_OK) {
		s->stats.protocol_errors++;
		return;
	}
	s->stats.hellos++;
	of.incarnation = hello.incarnation;
	if (cp_cookie_good(
		    &s->cookies, s->ops->now_ns(), &of, hello.cookie.bytes, hello.cookie.len)) {
		validated(s, punt, &hello);
		return;
	}
	/* An old cookie of an honest client and a forged one look alike: both may try again. */
	s->stats.bad_cookies += hello.cookie.len != 0;
	challenge(s, punt, &of);
}

bool cp_tokens_take(uint64_t *spent_ns, uint64_t now_ns, uint64_t rate, uint64_t burst)
{
	uint64_t token_ns = RH_NS_PER_S / rate;

	if (*spent_ns + burst * token_ns < now_ns)
		*spent_ns = now_ns - burst * token_ns;
	if (*spent_ns + token_ns > now_ns)
		return false;
	*spent_ns += token_ns;
	return true;
}

/* One reply a source and CP_UNKNOWN_GAP_NS, CP_UNKNOWN_RATE a second in all. */
static bool unknown_allowed(struct cp_sessions *s, const struct dp_punt *punt)
{
	uint64_t hash = rh_hash(
		punt->remote.bytes, punt->remote.family == 4 ? 4 : 16, s->seed ^ punt->remote.port);
	uint64_t now = s->ops->now_ns();
	uint64_t *last = &s->unknown_last_ns[hash % CP_UNKNOWN_SLOTS];

	if (*last && now - *last < CP_UNKNOWN_GAP_NS)
		return false;
	if (!cp_tokens_take(&s->unknown_tokens_ns, now, CP_UNKNOWN_RATE, CP_UNKNOWN_BURST))
		return false;
	*last = now;
	return true;
}

void cp_session_unknown(struct cp_sessions *s, const struct dp_punt *punt)
{
	struct rh_unknown_session m = {punt->wire_session, s->conf->engine.node_incarnation};
	uint8_t bytes[RH_UNKNOWN_HDR];
	int len;

	if (!unknown_allowed(s, punt)) {
		s->stats.unknown_suppressed++;
		return;
	}
	len = rh_unknown_session_encode(bytes, sizeof(bytes), &m);
	if (len > 0)
		cp_session_answer(s, punt, bytes, (uint32_t)len);
	s->stats.unknown_replies++;
}

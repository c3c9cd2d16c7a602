#include "perf/gen/gen_session.h"
#include "perf/gen/gen_host.h"
#include "perf/gen/gen_receive.h"
#include "perf/gen/gen_session_priv.h"

#include "dataplane/base/clock.h"
#include "dataplane/frame/control.h"
#include "dataplane/frame/datagram.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ENTRIES		16 /* filters in one SUBSCRIBE */
#define REST_US		50
#define DATAGRAM_MAX	1472
#define KEEPALIVE_TICK	8 /* sessions looked at in one tick */

static bool is_publisher(const struct gen *gen, uint32_t client)
{
	return client < gen->opt.workload.publishers;
}

/* Datagram of session @client with the records written behind the header at @datagram. */
static void datagram_send(struct gen *gen, uint32_t client, uint8_t *datagram, int records)
{
	struct gen_session *s = &gen->sessions->list[client];
	struct rh_datagram d = {.session = s->wire, .check = s->check,
		.length = (uint16_t)(RH_DATAGRAM_HDR + records)};
	/* Events and control share the numbers of a session: those of a publisher are with its events. */
	uint64_t *number = is_publisher(gen, client) ? &gen->packet_number[client] : &s->packet_number;

	if (records < 0)
		return;
	d.packet_number = s->wire ? ++*number : 0;
	rh_datagram_encode(datagram, &d);
	(void)gen_host_send(gen->host, client, datagram, d.length);
	s->sent_ns = gen_now_ns(gen);
}

static void hello_send(struct gen *gen, uint32_t client)
{
	struct gen_session *s = &gen->sessions->list[client];
	bool limited = gen->opt.paced && !is_publisher(gen, client);
	const char *tenant = gen->opt.tenant_count
		? gen->opt.tenants[(is_publisher(gen, client) ? client : client - gen->opt.workload.publishers) %
			  gen->opt.tenant_count]
		: "";
	uint8_t datagram[RH_DATAGRAM_MIN_MAX];
	char id[32];
	struct rh_hello m = {.version_min = RH_WIRE_VERSION, .version_max = RH_WIRE_VERSION,
		.incarnation = s->incarnation,
		.credit_events = limited ? s->granted_events : RH_CREDIT_UNLIMITED,
		.credit_bytes = RH_CREDIT_UNLIMITED,
		.max_datagram = DATAGRAM_MAX,
		.cookie = {(const char *)s->cookie, s->cookie_len},
		.tenant = {tenant, (uint16_t)strlen(tenant)}};

	m.client_id = (struct rh_text){id, (uint16_t)snprintf(id, sizeof(id), "gen-%u-%u",
		gen->opt.first_port, client)};
	s->wire = s->check = 0;
	datagram_send(gen, client, datagram,
		rh_hello_encode(datagram + RH_DATAGRAM_HDR, sizeof(datagram) - RH_DATAGRAM_HDR, &m));
}

/* Subscriptions of a subscriber are s, s + subscribers, s + 2 subscribers, ... of the workload. */
uint32_t gen_subscription(const struct gen *gen, uint32_t client, uint32_t n)
{
	return client - gen->opt.workload.publishers + n * gen->opt.workload.subscribers;
}

/* With --scan there is one more, the first subscriber's: it makes the router look for a pattern in every payload, and finds none. */
static uint32_t subscriptions_of_all(const struct gen *gen)
{
	return gen->opt.workload.subscriptions + (gen->opt.scan != NULL);
}

static struct rh_sub_entry scan_entry(const struct gen *gen)
{
	return (struct rh_sub_entry){.filter = {"#", 1},
		.content = {gen->opt.scan, (uint16_t)strlen(gen->opt.scan)},
		.content_kind = RH_CONTENT_PAYLOAD_REGEX};
}

void gen_subscribe_send(struct gen *gen, uint32_t client, uint8_t type)
{
	struct gen_session *s = &gen->sessions->list[client];
	char text[ENTRIES][WORKLOAD_TEXT_MAX];
	struct rh_sub_entry entries[ENTRIES] = {0};
	uint8_t datagram[DATAGRAM_MAX];
	uint16_t n = 0;

	for (uint32_t at; n < ENTRIES && (at = gen_subscription(gen, client, s->next + n)) < subscriptions_of_all(gen); n++) {
		if (at == gen->opt.workload.subscriptions)
			entries[n] = scan_entry(gen);
		else
			entries[n].filter = (struct rh_text){text[n], (uint16_t)workload_filter(&gen->workload, at, text[n])};
	}
	s->asked = n;
	datagram_send(gen, client, datagram,
		rh_subscribe_encode(datagram + RH_DATAGRAM_HDR, sizeof(datagram) - RH_DATAGRAM_HDR,
			type, s->request, entries, n));
}

static void session_advance(struct gen *gen, uint32_t client)
{
	struct gen_session *s = &gen->sessions->list[client];

	if (s->state == SUBSCRIBING && (is_publisher(gen, client) ||
			gen_subscription(gen, client, s->next) >= subscriptions_of_all(gen))) {
		s->state = OPEN;
		gen->sessions->open++;
	}
	gen->sessions->progress_ns = gen_now_ns(gen);
	s->retry_ns = gen->sessions->progress_ns + GEN_RETRY_NS;
	if (s->state == GREETING)
		hello_send(gen, client);
	if (s->state == SUBSCRIBING)
		gen_subscribe_send(gen, client, RH_RECORD_SUBSCRIBE);
}

static void session_end(struct gen *gen, uint32_t client, const char *what, const struct rh_text *text)
{
	struct gen_sessions *all = gen->sessions;

	all->list[client].state = ENDED;
	if (!all->ended.text[0])
		(void)rh_error_set(&all->ended, ECONNRESET, "session %u: %s%s%.*s", client, what,
			text->len ? ": " : "", (int)text->len, text->bytes);
}

static void challenge_take(struct gen *gen, uint32_t client, const uint8_t *record, uint32_t len)
{
	struct gen_session *s = &gen->sessions->list[client];
	struct rh_challenge m;

	if (s->state != GREETING || rh_challenge_parse(record, len, &m) != RH_FRAME_OK ||
		m.cookie.len > GEN_COOKIE_MAX)
		return;
	memcpy(s->cookie, m.cookie.bytes, m.cookie.len);
	s->cookie_len = (uint8_t)m.cookie.len;
	session_advance(gen, client);
}

static void welcome_take(struct gen *gen, uint32_t client, const uint8_t *record, uint32_t len)
{
	static const struct rh_text none = {"", 0};
	struct gen_session *s = &gen->sessions->list[client];
	struct rh_welcome m;

	if (s->state != GREETING || rh_welcome_parse(record, len, &m) != RH_FRAME_OK)
		return;
	if (is_publisher(gen, client) &&
		(m.credit_events != RH_CREDIT_UNLIMITED || m.credit_bytes != RH_CREDIT_UNLIMITED)) {
		session_end(gen, client, "the router bounds publishers' credit, an open loop cannot wait for it: set "
			"session/publisher-window-events and publisher-window-bytes to 0", &none);
		return;
	}
	s->wire = m.session;
	s->check = m.check;
	s->keepalive_ms = m.keepalive_ms;
	s->state = SUBSCRIBING;
	if (is_publisher(gen, client)) {
		gen->publishers[client].wire_session = m.session;
		gen->publishers[client].check = m.check;
	}
	session_advance(gen, client);
}

static void suback_take(struct gen *gen, uint32_t client, const uint8_t *record, uint32_t len, uint8_t type)
{
	struct gen_session *s = &gen->sessions->list[client];
	struct rh_sub_result result;
	struct rh_suback m;
	size_t offset = 0;

	if (s->state != (type == RH_RECORD_UNSUBACK ? LEAVING : s->state == RETURNING ? RETURNING : SUBSCRIBING) ||
		rh_suback_parse(record, len, &m) != RH_FRAME_OK || m.request != s->request)
		return;
	while (rh_sub_result_next(&m, &offset, &result))
		if (result.code != RH_SUB_OK) {
			session_end(gen, client, type == RH_RECORD_SUBACK ? "a subscription is refused"
				: "an unsubscription is refused", &result.text);
			return;
		}
	s->request++;
	if (s->state != SUBSCRIBING) {
		gen_churn_answered(gen, client);
		return;
	}
	gen->sessions->subscribed += s->asked;
	s->next += s->asked;
	session_advance(gen, client);
}

void gen_session_control(struct gen *gen, uint32_t client, const uint8_t *record, uint32_t len, uint8_t type)
{
	struct rh_text text = {"", 0};
	struct rh_bye bye;

	switch (type) {
	case RH_RECORD_CHALLENGE: challenge_take(gen, client, record, len); break;
	case RH_RECORD_WELCOME: welcome_take(gen, client, record, len); break;
	case RH_RECORD_SUBACK:
	case RH_RECORD_UNSUBACK: suback_take(gen, client, record, len, type); break;
	case RH_RECORD_BYE:
		if (rh_bye_parse(record, len, &bye) == RH_FRAME_OK)
			text = bye.text;
		session_end(gen, client, "the router says BYE", &text);
		break;
	case RH_RECORD_UNKNOWN_SESSION:
		session_end(gen, client, "the router does not know it: was it started anew?", &text);
		break;
	default: break;
	}
}

static void waiting_work(struct gen *gen)
{
	struct gen_sessions *all = gen->sessions;
	uint64_t now = gen_now_ns(gen);
	uint32_t busy = 0;

	while (all->first_waiting < all->count && all->list[all->first_waiting].state >= OPEN)
		all->first_waiting++;
	for (uint32_t c = all->first_waiting; c < all->count && busy < GEN_OUTSTANDING; c++) {
		struct gen_session *s = &all->list[c];

		if (s->state >= OPEN)
			continue;
		busy++;
		if (now < s->retry_ns)
			continue;
		s->retry_ns = now + GEN_RETRY_NS;
		if (s->state == GREETING)
			hello_send(gen, c);
		else
			gen_subscribe_send(gen, c, RH_RECORD_SUBSCRIBE);
	}
}

void gen_rest(const struct gen *gen)
{
	if (gen->opt.yields)
		(void)usleep(REST_US);
}

int gen_sessions_check(const struct gen *gen, struct rh_error *err)
{
	if (!gen->sessions || !gen->sessions->ended.text[0])
		return 0;
	return rh_error_set(err, ECONNRESET, "%s", gen->sessions->ended.text);
}

int gen_sessions_open(struct gen *gen, struct rh_error *err)
{
	uint32_t count = gen->opt.workload.publishers + gen->opt.workload.subscribers;
	struct gen_sessions *all = calloc(1, sizeof(*all));
	int ret = 0;

	gen->sessions = all;
	if (all)
		all->list = calloc(count, sizeof(*all->list));
	if (!all || !all->list)
		return rh_error_set(err, ENOMEM, "no memory for %u sessions", count);
	all->count = count;
	all->progress_ns = gen_now_ns(gen);
	for (uint32_t c = 0; c < count; c++)
		all->list[c] = (struct gen_session){.request = 1,
			.incarnation = is_publisher(gen, c) ? gen->publishers[c].incarnation
							    : ~gen->tsc_start - c};
	while (!ret && all->open < count) {
		waiting_work(gen);
		if (!gen_host_poll(gen, gen_receive))
			gen_rest(gen);
		ret = gen_sessions_check(gen, err);
		if (!ret && gen_now_ns(gen) - all->progress_ns > GEN_SILENCE_NS)
			ret = rh_error_set(err, ETIMEDOUT, "the router answers no longer: %u of %u sessions, %u of %u subscriptions",
				all->open, count, all->subscribed, gen->opt.workload.subscriptions);
	}
	return ret;
}

void gen_sessions_tick(struct gen *gen, uint64_t now_ns)
{
	struct gen_sessions *all = gen->sessions;
	const struct rh_keepalive m = {0};
	uint8_t datagram[128];

	for (uint32_t i = 0; i < KEEPALIVE_TICK && i < all->count; i++) {
		uint32_t c = all->tick++ % all->count;
		struct gen_session *s = &all->list[c];

		if (s->state == OPEN && now_ns - s->sent_ns > s->keepalive_ms * RH_NS_PER_MS / 2)
			datagram_send(gen, c, datagram, rh_keepalive_encode(datagram + RH_DATAGRAM_HDR,
				sizeof(datagram) - RH_DATAGRAM_HDR, &m));
	}
}

void gen_sessions_grant(struct gen *gen, uint64_t events, uint64_t now_ns)
{
	struct gen_sessions *all = gen->sessions;
	uint8_t datagram[64];

	(void)now_ns;
	for (uint32_t c = gen->opt.workload.publishers; c < all->count; c++) {
		const struct rh_credit m = {all->list[c].granted_events + events, RH_CREDIT_UNLIMITED};

		all->list[c].granted_events = m.events;
		datagram_send(gen, c, datagram, rh_credit_encode(datagram + RH_DATAGRAM_HDR,
			sizeof(datagram) - RH_DATAGRAM_HDR, &m));
	}
}

void gen_sessions_close(struct gen *gen)
{
	struct gen_sessions *all = gen->sessions;
	const struct rh_bye m = {.reason = RH_BYE_NORMAL, .text = {"", 0}};
	uint8_t datagram[64];

	for (uint32_t c = 0; all && all->list && c < all->count; c++)
		if (all->list[c].state == OPEN)
			datagram_send(gen, c, datagram, rh_bye_encode(datagram + RH_DATAGRAM_HDR,
				sizeof(datagram) - RH_DATAGRAM_HDR, &m));
	gen_sessions_leave(gen);
}

void gen_sessions_leave(struct gen *gen)
{
	if (gen->sessions)
		free(gen->sessions->list);
	free(gen->sessions);
	gen->sessions = NULL;
}

bool gen_session_is(const struct gen *gen, uint32_t client, uint32_t session, uint32_t check)
{
	const struct gen_session *s = &gen->sessions->list[client];

	return s->wire == session && s->check == check;
}

void gen_sessions_stats(const struct gen *gen, struct gen_session_stats *out)
{
	*out = gen->sessions ? (struct gen_session_stats){gen->sessions->open, gen->sessions->subscribed}
			     : (struct gen_session_stats){0};
}

#include "controlplane/session/session_priv.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* A next hop in the table of sources gives way to another address after this long: bounds how fast
 * forged addresses churn it. */
#define SOURCE_LEAST_NS 250000000ULL

static bool outbox_append(struct cp_sessions *s, const struct dp_control_target *to,
	const void *records, uint32_t len)
{
	struct cp_outgoing *o = malloc(sizeof(*o) + len);

	if (!o)
		return false;
	o->next = NULL;
	o->to = *to;
	o->len = len;
	if (len)
		memcpy(o->records, records, len);
	if (s->out_head)
		s->out_tail->next = o;
	else
		s->out_head = o;
	s->out_tail = o;
	cp_sessions_soon(s);
	return true;
}

static void outbox_push(struct cp_sessions *s, const struct dp_control_target *to,
	const void *records, uint32_t len)
{
	/* Beyond the bound the message is lost, as it might be on the way: clients repeat
	 * themselves. */
	if (s->out_count < CP_OUTBOX_MAX && outbox_append(s, to, records, len))
		s->out_count++;
}

/*
 * Messages that wait name their next hop by number, and a number that is let go may be given to another: the
 * reference waits behind them.
 */
void cp_session_adj_put(struct cp_sessions *s, dp_adj_id_t adj)
{
	const struct dp_control_target hop = {.adjacency = adj};

	if (s->out_head && s->out_hops < CP_OUTBOX_MAX && outbox_append(s, &hop, NULL, 0))
		s->out_hops++;
	else
		s->ops->adj_put(s->kernel, adj);
}

static void send_to(struct cp_sessions *s, const struct dp_control_target *to, const void *records,
	uint32_t len)
{
	if (s->out_head || s->ops->send(s->eng, to, records, len) == -EAGAIN)
		outbox_push(s, to, records, len);
}

static void outbox_drop_first(struct cp_sessions *s)
{
	struct cp_outgoing *o = s->out_head;

	s->out_head = o->next;
	if (o->len) {
		s->out_count--;
	} else {
		s->out_hops--;
		s->ops->adj_put(s->kernel, o->to.adjacency);
	}
	free(o);
}

bool cp_outbox_flush(struct cp_sessions *s)
{
	struct cp_outgoing *o;

	while ((o = s->out_head)) {
		if (o->len && s->ops->send(s->eng, &o->to, o->records, o->len) == -EAGAIN)
			return false;
		outbox_drop_first(s);
	}
	return true;
}

void cp_outbox_fini(struct cp_sessions *s)
{
	while (s->out_head)
		outbox_drop_first(s);
}

void cp_session_send(
	struct cp_sessions *s, struct cp_session *to, const void *records, uint32_t len)
{
	struct dp_control_target target = {
		.local = to->local,
		.remote = to->remote,
		.adjacency = to->adj,
		.wire_session = to->wire_id,
		.check = to->check,
		.packet_number = ++to->packet,
	};

	send_to(s, &target, records, len);
}

void cp_session_bye(struct cp_sessions *s, struct cp_session *to, enum rh_bye_reason reason)
{
	struct rh_bye bye = {.reason = (uint8_t)reason};
	uint8_t bytes[16];
	int len = rh_bye_encode(bytes, sizeof(bytes), &bye);

	if (len > 0)
		cp_session_send(s, to, bytes, (uint32_t)len);
}

static bool address_same(const struct dp_address *a, const struct dp_address *b)
{
	return a->family == b->family && !memcmp(a->bytes, b->bytes, a->family == 4 ? 4 : 16);
}

static void source_clear(struct cp_sessions *s, struct cp_source *src)
{
	if (src->used)
		cp_session_adj_put(s, src->adj);
	src->used = false;
}

void cp_sources_clear(struct cp_sessions *s)
{
	for (unsigned i = 0; i < CP_SOURCES_MAX; i++)
		source_clear(s, &s->sources[i]);
}

/* Real hosts need not wait behind forged ones. */
static bool known(struct cp_sessions *s, const struct dp_punt *punt)
{
	return cp_tokens_take(&s->known_tokens_ns, s->ops->now_ns(), CP_KNOWN_RATE,
		       CP_KNOWN_BURST) &&
	       s->ops->adj_known(s->kernel, punt->port, punt->vlan, &punt->remote);
}

/* The entry of this address, or the one to give way: a free or the oldest one. */
static struct cp_source *source_choose(struct cp_sessions *s, const struct dp_punt *punt)
{
	struct cp_source *oldest = &s->sources[0];

	for (unsigned i = 0; i < CP_SOURCES_MAX; i++) {
		struct cp_source *src = &s->sources[i];

		if (src->used && src->port == punt->port && src->vlan == punt->vlan &&
			address_same(&src->remote, &punt->remote))
			return src;
		if (oldest->used && (!src->used || src->since_ns < oldest->since_ns))
			oldest = src;
	}
	if (oldest->used && s->ops->now_ns() - oldest->since_ns < SOURCE_LEAST_NS &&
		!known(s, punt))
		return NULL;
	source_clear(s, oldest);
	return oldest;
}

static int source_adjacency(struct cp_sessions *s, const struct dp_punt *punt, dp_adj_id_t *adj)
{
	struct cp_source *src = source_choose(s, punt);
	int ret;

	if (!src)
		return -ENOSPC;
	if (!src->used) {
		ret = s->ops->adj_get(s->kernel, punt->port, punt->vlan, &punt->remote, &src->adj);
		if (ret < 0)
			return ret;
		src->used = true;
		src->remote = punt->remote;
		src->port = punt->port;
		src->vlan = punt->vlan;
		src->since_ns = s->ops->now_ns();
	}
	*adj = src->adj;
	return 0;
}

void cp_session_answer(
	struct cp_sessions *s, const struct dp_punt *punt, const void *records, uint32_t len)
{
	struct dp_control_target target = {.local = punt->local, .remote = punt->remote};

	if (source_adjacency(s, punt, &target.adjacency) == 0)
		send_to(s, &target, records, len);
}

#include "controlplane/session/session_priv.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* A next hop in the table of sources gives way to another address after this long: bounds how fast
 * forged addresses churn it. */
#define SOURCE_LEAST_NS 250000000ULL

static void outbox_push(struct cp_sessions *s, const struct dp_control_target *to,
	const void *records, uint32_t len)
{
	struct cp_outgoing *o;

	/* Beyond the bound the message is lost, as it might be on the way: clients repeat
	 * themselves. */
	if (s->out_count >= CP_OUTBOX_MAX)
		return;
	o = malloc(sizeof(*o) + len);
	if (!o)
		return;
	o->next = NULL;
	o->to = *to;
	o->len = len;
	memcpy(o->records, records, len);
	if (s->out_head)
		s->out_tail->next = o;
	else
		s->out_head = o;
	s->out_tail = o;
	s->out_count++;
	cp_sessions_soon(s);
}

static void send_to(struct cp_sessions *s, const struct dp_control_target *to, const void *records,
	uint32_t len)
{
	if (s->out_head || s->ops->send(s->eng, to, records, len) == -EAGAIN)
		outbox_push(s, to, records, len);
}

bool cp_outbox_flush(struct cp_sessions *s)
{
	struct cp_outgoing *o;

	while ((o = s->out_head)) {
		if (s->ops->send(s->eng, &o->to, o->records, o->len) == -EAGAIN)
			return false;
		s->out_head = o->next;
		s->out_count--;
		free(o);
	}
	return true;
}

void cp_outbox_fini(struct cp_sessions *s)
{
	struct cp_outgoing *o;

	while ((o = s->out_head)) {
		s->out_head = o->next;
		free(o);
	}
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
		s->ops->adj_put(s->kernel, src->adj);
	src->used = false;
}

void cp_sources_clear(struct cp_sessions *s)
{
	for (unsigned i = 0; i < CP_SOURCES_MAX; i++)
		source_clear(s, &s->sources[i]);
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
	if (oldest->used && s->ops->now_ns() - oldest->since_ns < SOURCE_LEAST_NS)
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

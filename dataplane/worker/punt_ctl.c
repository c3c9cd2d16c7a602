/*
 * Up from the workers. The bell is an eventfd that a worker rings at most once a millisecond, and only when control armed it, which
 * it does by finding the worker's ring empty. Arming and looking again in that order (and the worker looking at
 * the flag every 100 us) means that no message is left lying.
 */

#include "dataplane/api/punt.h"

#include "dataplane/worker/engine_priv.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

static void punt_copy(struct dp_punt *out, uint32_t worker, const uint8_t *message)
{
	struct dp_punt_head head;

	memcpy(&head, message, sizeof(head));
	out->kind = (enum dp_punt_kind)head.kind;
	out->worker = worker;
	out->port = head.port;
	out->len = head.len;
	out->local = head.local;
	out->remote = head.remote;
	out->vlan = head.vlan;
	out->wire_session = head.wire_session;
	out->slot = head.slot;
	out->has_session = head.has_session;
	memcpy(out->bytes, message + sizeof(head), head.len);
}

static void bell_silence(const struct dp_engine *eng)
{
	uint64_t rings;

	/* Nothing to read is as good as something read. */
	if (read(eng->punt_fd, &rings, sizeof(rings)) < 0)
		return;
}

int dp_punt_recv(struct dp_engine *eng, uint32_t worker, struct dp_punt *out)
{
	const uint8_t *message;
	struct dp_ctx *ctx;
	size_t len;

	if (worker >= eng->conf.worker_count)
		return -ENOENT;
	ctx = eng->ctx[worker];
	message = dp_bytering_peek(&ctx->punts, &len);
	if (!message && !rh_load_relaxed(&eng->bell[worker].armed)) {
		bell_silence(eng);
		/* seq_cst: armed before the ring is looked at again; pairs with the load in dp_punt_kick. */
		__atomic_store_n(&eng->bell[worker].armed, 1, __ATOMIC_SEQ_CST);
		message = dp_bytering_peek(&ctx->punts, &len);
	}
	if (!message)
		return -EAGAIN;
	punt_copy(out, worker, message);
	dp_bytering_release(&ctx->punts, len);
	return 0;
}

int dp_punt_fd(const struct dp_engine *eng)
{
	return eng->punt_fd;
}

#include "perf/gen/gen_churn.h"

#include "perf/gen/gen_host.h"
#include "perf/gen/gen_receive.h"
#include "perf/gen/gen_session_priv.h"

#include "dataplane/base/clock.h"
#include "dataplane/frame/wire.h"

#include <errno.h>
#include <inttypes.h>

/* The sessions that change at one time. */
struct turn {
	uint32_t client[GEN_OUTSTANDING];
	uint32_t count, next; /* next: subscriber to begin with */
	uint64_t begun; /* pairs */
};

static void request_send(struct gen *gen, uint32_t client)
{
	struct gen_session *s = &gen->sessions->list[client];

	s->retry_ns = gen_now_ns(gen) + GEN_RETRY_NS;
	gen_subscribe_send(gen, client, s->state == LEAVING ? RH_RECORD_UNSUBSCRIBE : RH_RECORD_SUBSCRIBE);
}

/* What it left it asks for again; what it has again is a pair for each entry. */
void gen_churn_answered(struct gen *gen, uint32_t client)
{
	struct gen_session *s = &gen->sessions->list[client];

	gen->sessions->progress_ns = gen_now_ns(gen);
	if (s->state == LEAVING) {
		s->state = RETURNING;
		request_send(gen, client);
		return;
	}
	s->state = OPEN;
	s->next += s->asked;
	gen->sessions->changed += s->asked;
}

/* The next subscriber that is idle leaves some of its subscriptions, each time others. */
static void session_begin(struct gen *gen, struct turn *turn)
{
	uint32_t client = gen->opt.workload.publishers + turn->next++ % gen->opt.workload.subscribers;
	struct gen_session *s = &gen->sessions->list[client];

	if (s->state != OPEN)
		return;
	if (gen_subscription(gen, client, s->next) >= gen->opt.workload.subscriptions)
		s->next = 0;
	s->state = LEAVING;
	request_send(gen, client);
	turn->begun += s->asked;
	turn->client[turn->count++] = client;
}

/* Those that are back leave the list; those that wait too long ask again. */
static void turn_look(struct gen *gen, struct turn *turn)
{
	uint64_t now = gen_now_ns(gen);
	uint32_t kept = 0;

	for (uint32_t i = 0; i < turn->count; i++) {
		uint32_t client = turn->client[i];
		const struct gen_session *s = &gen->sessions->list[client];

		if (s->state != LEAVING && s->state != RETURNING)
			continue;
		turn->client[kept++] = client;
		if (now >= s->retry_ns)
			request_send(gen, client);
	}
	turn->count = kept;
}

static int turn_run(struct gen *gen, struct turn *turn, uint64_t pairs, struct rh_error *err)
{
	turn_look(gen, turn);
	for (uint32_t tries = 0; turn->begun < pairs && turn->count < GEN_OUTSTANDING && tries < GEN_OUTSTANDING; tries++)
		session_begin(gen, turn);
	if (!gen_host_poll(gen, gen_receive))
		gen_rest(gen);
	gen_sessions_tick(gen, gen_now_ns(gen));
	if (gen_now_ns(gen) - gen->sessions->progress_ns > GEN_SILENCE_NS)
		return rh_error_set(err, ETIMEDOUT, "the router answers no longer: %" PRIu64 " of %" PRIu64 " pairs are done",
			gen->sessions->changed, pairs);
	return gen_sessions_check(gen, err);
}

int gen_churn(struct gen *gen, uint64_t pairs, struct gen_churn_result *out, struct rh_error *err)
{
	uint64_t start = gen_now_ns(gen);
	struct turn turn = {0};
	int ret = 0;

	if (gen->opt.reflect || gen->opt.workload.subscriptions < gen->opt.workload.subscribers)
		return rh_error_set(err, EINVAL, "churn: every subscriber needs a subscription, and a router");
	gen->sessions->changed = 0;
	gen->sessions->progress_ns = start;
	while (!ret && (gen->sessions->changed < pairs || turn.count))
		ret = turn_run(gen, &turn, pairs, err);
	*out = (struct gen_churn_result){.pairs = gen->sessions->changed, .ns = gen_now_ns(gen) - start};
	return ret;
}

#include "controlplane/ctl/topics.h"

#include "dataplane/api/engine.h"
#include "dataplane/base/clock.h"

#include <stdlib.h>

/* Places looked at in one turn: a millisecond or two. */
#define PLACES_A_TURN 8192
/* For rates. */
#define PASSES_LEAST 2

struct waiting {
	struct waiting *next;
	ctl_topics_cb cb;
	void *arg;
};

struct ctl_topics {
	uv_timer_t timer;
	const struct dp_engine *eng;
	struct ctl_merge merge;
	struct waiting *waiting;
	bool watching, in_pass;
	unsigned passes;	     /* whole ones */
	uint64_t began_ms, asked_ms; /* of the loop */
	/* where the pass is */
	uint32_t worker;
	uint64_t place;
};

static void answer(struct ctl_topics *t, const struct ctl_merge *merge)
{
	struct waiting *list = t->waiting, *next;

	t->waiting = NULL;
	for (; list != NULL; list = next) {
		next = list->next;
		list->cb(list->arg, merge);
		free(list);
	}
}

static void stop(struct ctl_topics *t)
{
	(void)uv_timer_stop(&t->timer);
	ctl_merge_fini(&t->merge);
	t->watching = t->in_pass = false;
	t->passes = 0;
}

static void pass_begin(struct ctl_topics *t)
{
	ctl_merge_begin(&t->merge, rh_tsc());
	t->in_pass = true;
	t->began_ms = uv_now(t->timer.loop);
	t->worker = 0;
	t->place = 0;
}

/* Some places more; true: that was all. */
static bool pass_go_on(struct ctl_topics *t)
{
	uint64_t places;

	if (t->worker >= dp_engine_workers(t->eng))
		return true;
	places = dp_topics_places(t->eng, t->worker);
	t->merge.torn += dp_topics_scan(
		t->eng, t->worker, t->place, t->place + PLACES_A_TURN, ctl_merge_row, &t->merge);
	t->place += PLACES_A_TURN;
	if (t->place >= places) {
		t->place = 0;
		t->worker++;
	}
	return t->worker >= dp_engine_workers(t->eng);
}

static void on_timer(uv_timer_t *timer)
{
	struct ctl_topics *t = timer->data;
	uint64_t now, due;

	if (!t->in_pass)
		pass_begin(t);
	if (!pass_go_on(t)) {
		(void)uv_timer_start(timer, on_timer, 0, 0);
		return;
	}
	ctl_merge_end(&t->merge);
	t->in_pass = false;
	if (++t->passes >= PASSES_LEAST)
		answer(t, &t->merge);
	now = uv_now(timer->loop);
	if (now - t->asked_ms > CTL_TOPICS_KEEP_MS) {
		stop(t);
		return;
	}
	due = t->began_ms + CTL_TOPICS_PERIOD_MS;
	(void)uv_timer_start(timer, on_timer, due > now ? due - now : 0, 0);
}

struct ctl_topics *ctl_topics_create(uv_loop_t *loop, const struct dp_engine *eng)
{
	struct ctl_topics *t = calloc(1, sizeof(*t));

	if (t == NULL)
		return NULL;
	t->eng = eng;
	(void)uv_timer_init(loop, &t->timer);
	t->timer.data = t;
	return t;
}

static void on_closed(uv_handle_t *handle)
{
	free(handle->data);
}

void ctl_topics_destroy(struct ctl_topics *t)
{
	if (t == NULL)
		return;
	stop(t);
	answer(t, NULL);
	uv_close((uv_handle_t *)&t->timer, on_closed);
}

static bool watch(struct ctl_topics *t)
{
	if (ctl_merge_init(&t->merge, rh_tsc_hz()) < 0)
		return false;
	t->watching = true;
	(void)uv_timer_start(&t->timer, on_timer, 0, 0);
	return true;
}

void ctl_topics_ask(struct ctl_topics *t, ctl_topics_cb cb, void *arg)
{
	struct waiting *wait;

	t->asked_ms = uv_now(t->timer.loop);
	if (!t->in_pass && t->passes >= PASSES_LEAST) {
		cb(arg, &t->merge);
		return;
	}
	wait = malloc(sizeof(*wait));
	if (wait == NULL || (!t->watching && !watch(t))) {
		free(wait);
		cb(arg, NULL);
		return;
	}
	*wait = (struct waiting){t->waiting, cb, arg};
	t->waiting = wait;
}

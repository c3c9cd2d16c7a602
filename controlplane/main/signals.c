#include "controlplane/main/router.h"

#include "dataplane/base/log.h"

#include <signal.h>

static const int watched[] = {SIGTERM, SIGINT, SIGHUP};

static void on_signal(uv_signal_t *handle, int number)
{
	struct router *r = handle->data;

	if (number == SIGHUP)
		router_reload(r);
	else
		router_stop(r, r->conf->drain_ms);
}

static void watched_set(int how)
{
	sigset_t set;

	(void)sigemptyset(&set);
	for (size_t i = 0; i < RH_ARRAY_LEN(watched); i++)
		(void)sigaddset(&set, watched[i]);
	(void)pthread_sigmask(how, &set, NULL);
}

/*
 * Until the loop listens and after it stopped listening a signal waits: the default action would end us with the
 * interfaces beneath the ports still silenced. Threads made meanwhile inherit the mask, so the loop's thread gets it.
 */
void router_signals_hold(void)
{
	watched_set(SIG_BLOCK);
}

int router_signals_up(struct router *r, struct rh_error *err)
{
	(void)err;
	/* A client that goes away while it is written to is no reason to die. */
	(void)signal(SIGPIPE, SIG_IGN);
	for (size_t i = 0; i < RH_ARRAY_LEN(watched); i++) {
		(void)uv_signal_init(&r->loop, &r->signals[i]);
		r->signals[i].data = r;
		(void)uv_signal_start(&r->signals[i], on_signal, watched[i]);
	}
	(void)uv_timer_init(&r->loop, &r->drain);
	r->drain.data = r;
	watched_set(SIG_UNBLOCK);
	return 0;
}

void router_signals_down(struct router *r)
{
	router_signals_hold();
	for (size_t i = 0; i < RH_ARRAY_LEN(watched); i++)
		uv_close((uv_handle_t *)&r->signals[i], NULL);
	uv_close((uv_handle_t *)&r->drain, NULL);
}

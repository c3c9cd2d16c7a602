#include "controlplane/main/pump.h"

#include <errno.h>
#include <stdlib.h>

struct pump {
	uv_poll_t bell;
	uv_idle_t more; /* active while a worker had more than its budget: its bell does not ring
			   for what lies there already */
	uint8_t handles;
	struct dp_engine *eng;
	struct cp_kernel *kernel;
	struct cp_sessions *sessions;
	struct dp_punt punt;
};

static void take(struct pump *p)
{
	if (p->punt.kind == DP_PUNT_KERNEL)
		cp_kernel_frame(p->kernel, &p->punt);
	else
		cp_sessions_punt(p->sessions, &p->punt);
}

/* true: there may be more. */
static bool drain_worker(struct pump *p, uint32_t worker)
{
	for (int i = 0; i < PUMP_BUDGET; i++) {
		if (dp_punt_recv(p->eng, worker, &p->punt) < 0)
			return false;
		take(p);
	}
	return true;
}

static void on_more(uv_idle_t *idle);

static void drain(struct pump *p)
{
	bool more = false;

	for (uint32_t w = 0; w < dp_engine_workers(p->eng); w++)
		more |= drain_worker(p, w);
	if (more)
		(void)uv_idle_start(&p->more, on_more);
	else
		(void)uv_idle_stop(&p->more);
}

static void on_more(uv_idle_t *idle)
{
	drain(idle->data);
}

static void on_bell(uv_poll_t *poll, int status, int events)
{
	(void)status;
	(void)events;
	drain(poll->data);
}

int pump_create(uv_loop_t *loop, struct dp_engine *eng, struct cp_kernel *kernel,
	struct cp_sessions *sessions, struct pump **out, struct rh_error *err)
{
	struct pump *p = calloc(1, sizeof(*p));

	if (p == NULL)
		return rh_error_set(err, ENOMEM, "punts: out of memory");
	p->eng = eng;
	p->kernel = kernel;
	p->sessions = sessions;
	(void)uv_poll_init(loop, &p->bell, dp_punt_fd(eng));
	(void)uv_idle_init(loop, &p->more);
	p->bell.data = p->more.data = p;
	p->handles = 2;
	(void)uv_poll_start(&p->bell, UV_READABLE, on_bell);
	/* What came before we listened. */
	drain(p);
	*out = p;
	return 0;
}

static void on_closed(uv_handle_t *handle)
{
	struct pump *p = handle->data;

	if (--p->handles == 0)
		free(p);
}

void pump_destroy(struct pump *p)
{
	if (p == NULL)
		return;
	uv_close((uv_handle_t *)&p->bell, on_closed);
	uv_close((uv_handle_t *)&p->more, on_closed);
}

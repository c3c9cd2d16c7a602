#include "tools/librhumb/rhumb_priv.h"

#include <errno.h>
#include <poll.h>
#include <string.h>

/* Batches a turn before timers are looked at again: 2,048 datagrams, a few milliseconds. */
#define TURN_BATCHES 64

static void timers_run(struct rhumb *r)
{
	rhc_hello_timer(r);
	if (r->state == RHC_OPEN && r->now_ns > r->session.heard_ns + r->session.timeout_ms * RH_NS_PER_MS) {
		rhc_path_renew(r);
		rhc_greet(r);
	}
	rhc_reassembly_timer(r);
	rhc_subs_timer(r);
	rhc_credit_timer(r);
}

static uint64_t next_due(const struct rhumb *r)
{
	uint64_t due = RHC_NEVER, other;

	if (r->state == RHC_GREETING)
		return r->hello.retry.due_ns;
	if (r->state != RHC_OPEN)
		return due;
	due = r->session.heard_ns + r->session.timeout_ms * RH_NS_PER_MS + 1;
	other = rhc_subs_due(r);
	due = other < due ? other : due;
	other = rhc_reassembly_due(r);
	due = other < due ? other : due;
	other = rhc_credit_due(r);
	return other < due ? other : due;
}

/* Rounded up, so that a timer is due when the wait is over. */
static int ms_until(uint64_t due_ns, uint64_t now_ns, int most)
{
	uint64_t ms = due_ns > now_ns ? (due_ns - now_ns + RH_NS_PER_MS - 1) / RH_NS_PER_MS : 0;

	return ms < (uint64_t)most ? (int)ms : most;
}

/* One turn: in, timers, out. 0, or why the session is over. */
static int turn(struct rhumb *r)
{
	int err;

	if (r->path.fd < 0 || (r->state == RHC_IDLE && !r->ended))
		return rh_error_set(&r->error, ENOTCONN, "not connected: rhumb_connect first");
	r->now_ns = rh_clock_ns();
	err = rhc_receive(r, TURN_BATCHES);
	if (err < 0)
		return err;
	timers_run(r);
	(void)rhc_out_flush(r);
	if (r->ended) {
		err = r->ended;
		r->ended = 0;
		return err;
	}
	return 0;
}

static int wait_ms(struct rhumb *r, int most)
{
	struct pollfd p = {.fd = r->path.fd, .events = POLLIN};

	/* Events of a batch that wait for a session wait for datagrams, not for the socket. */
	if (r->out.count && r->state == RHC_OPEN)
		p.events |= POLLOUT;
	return poll(&p, 1, ms_until(next_due(r), r->now_ns, most));
}

static int ms_left(uint64_t until_ns, int timeout_ms)
{
	return timeout_ms < 0 ? INT32_MAX : ms_until(until_ns, rh_clock_ns(), INT32_MAX);
}

static uint64_t until(int timeout_ms)
{
	return rh_clock_ns() + (uint64_t)(timeout_ms < 0 ? 0 : timeout_ms) * RH_NS_PER_MS;
}

int rhc_run(struct rhumb *r, int timeout_ms, rhc_done done, const void *arg)
{
	uint64_t until_ns = until(timeout_ms);
	int err = 0, left;

	r->in_call = true;
	for (;;) {
		err = turn(r);
		if (err < 0 || done(r, arg))
			break;
		left = ms_left(until_ns, timeout_ms);
		if (left == 0) {
			err = rh_error_set(&r->error, ETIMEDOUT, "router %s did not answer in %d ms",
				r->options.router, timeout_ms);
			break;
		}
		(void)wait_ms(r, left);
	}
	r->in_call = false;
	return err;
}

int rhumb_poll(struct rhumb *r, int timeout_ms)
{
	uint64_t until_ns = until(timeout_ms), before = r->receive.handed;
	bool starved = r->credit.starved.due_ns != RHC_NEVER;
	int err, left;

	if (r->in_call)
		return rh_error_set(&r->error, EBUSY, "rhumb_poll is not for the event callback");
	r->in_call = true;
	for (;;) {
		err = turn(r);
		left = timeout_ms ? ms_left(until_ns, timeout_ms) : 0;
		if (err < 0 || r->receive.handed != before || left == 0)
			break;
		/* Somebody waits to publish, and now may. */
		if (starved && r->state == RHC_OPEN && r->credit.starved.due_ns == RHC_NEVER)
			break;
		if (wait_ms(r, left) < 0 && errno == EINTR) {
			/* A signal: the caller may want to end. */
			break;
		}
	}
	r->in_call = false;
	return err < 0 ? err : (int)(r->receive.handed - before);
}

int rhumb_fd(const struct rhumb *r)
{
	return r->path.fd;
}

int rhumb_timeout(const struct rhumb *r)
{
	return ms_until(next_due(r), rh_clock_ns(), INT32_MAX);
}

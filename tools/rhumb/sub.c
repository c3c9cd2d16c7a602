/*
 * rhumb sub: subscribe, print what comes, and say at the end what was seen and what was lost.
 */
#include "tools/rhumb/sub_priv.h"

#include "dataplane/base/clock.h"
#include "dataplane/frame/wire.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define OUT_BUFFER   (1 << 20)
#define SUBSCRIBE_MS 60000
#define LAST_LOOK_MS 1000
#define TURN_MS	     200
/* --slow: grants outstanding at most, so that what was saved up cannot overrun the socket. */
#define SLOW_BURST   16
#define SLOW_TURN_MS 10

struct sub {
	struct cli *cli;
	struct rhumb *r;
	struct sub_printer *printer;
	FILE *out;
	uint64_t count, idle_ns, queue_ms;
	double slow, tokens;
	uint64_t slow_ns, granted;
	uint64_t events, bytes, start_ns, last_ns;
};

static void on_event(void *arg, const struct rhumb_event *event)
{
	struct sub *s = arg;

	if (s->events >= s->count)
		return;
	s->events++;
	s->bytes += event->payload_len;
	sub_event_print(s->printer, event);
}

/* A token bucket: so many events a second, one at a time where they are few. */
static int slow_grant(struct sub *s)
{
	uint64_t now = rh_clock_ns(), most = (uint64_t)(s->slow * 0.02) + 1;
	struct rhumb_stats stats;
	uint64_t due;

	if (most > SLOW_BURST)
		most = SLOW_BURST;
	rhumb_stats_get(s->r, &stats);
	s->tokens += s->slow * (double)(now - s->slow_ns) / RH_NS_PER_S;
	s->slow_ns = now;
	if (s->tokens > (double)most)
		s->tokens = (double)most;
	due = (uint64_t)s->tokens;
	if (!due || s->granted > stats.received_events + stats.lost_events + most)
		return 0;
	s->tokens -= (double)due;
	s->granted += due;
	return rhumb_grant(s->r, due, due * RH_EVENT_MAX);
}

static int ready_tell(struct cli *cli)
{
	const char *name = cli_option(cli, "ready-file");
	FILE *file = name ? fopen(name, "w") : NULL;

	if (name && !file)
		return cli_fail(cli, CLI_REFUSED, "--ready-file %s: %s", name, strerror(errno));
	if (file)
		(void)fclose(file);
	return CLI_OK;
}

static int filters_subscribe(struct sub *s)
{
	struct rhumb_subscription *list = NULL;
	size_t count = 0;
	int err, code = sub_filters_read(s->cli, &list, &count);

	if (code != CLI_OK)
		return code;
	if (!count) {
		sub_filters_free(s->cli, list, count);
		return cli_fail(s->cli, CLI_USAGE, "a FILTER is needed, or --filters-from FILE with some");
	}
	err = rhumb_subscribe_many(s->r, list, count, on_event, s, SUBSCRIBE_MS);
	for (size_t i = 0; i < count && cli_option(s->cli, "price"); i++)
		if (list[i].result == 0)
			sub_price_print(s->printer, &list[i]);
	sub_filters_free(s->cli, list, count);
	if (err < 0)
		return cli_router_fail(s->cli, s->r, err);
	return ready_tell(s->cli);
}

static bool is_over(const struct sub *s)
{
	return cli_signalled() || s->events >= s->count ||
		(s->idle_ns && rh_clock_ns() - s->last_ns > s->idle_ns) || ferror(s->out);
}

static int events_run(struct sub *s)
{
	int got = 0;

	s->last_ns = rh_clock_ns();
	s->slow_ns = s->last_ns;
	while (!is_over(s)) {
		if (s->slow > 0)
			(void)slow_grant(s);
		got = rhumb_poll(s->r, s->slow > 0 ? SLOW_TURN_MS : TURN_MS);
		if (got < 0)
			return cli_router_fail(s->cli, s->r, got);
		if (got)
			s->last_ns = rh_clock_ns();
		/* Whoever reads along sees every burst at once. */
		(void)fflush(s->out);
	}
	/* The router's answer says how many copies it sent, and what arrives before it is still ours. */
	if (s->events < s->count && !ferror(s->out))
		(void)rhumb_flush(s->r, LAST_LOOK_MS);
	return CLI_OK;
}

static void summary_print(const struct sub *s)
{
	struct rhumb_stats t;
	double seconds = (double)(rh_clock_ns() - s->start_ns) / RH_NS_PER_S;

	rhumb_stats_get(s->r, &t);
	if (!s->cli->json) {
		fprintf(stderr, "%llu events, %llu bytes, %llu lost on the way, %llu dropped by the router\n",
			(unsigned long long)s->events, (unsigned long long)s->bytes,
			(unsigned long long)t.lost_events, (unsigned long long)t.dropped_events);
		return;
	}
	fprintf(s->out,
		"{\"summary\":{\"events\":%llu,\"bytes\":%llu,\"lost\":%llu,\"dropped\":%llu,\"bad_datagrams\":%llu,"
		"\"duplicate_datagrams\":%llu,\"reassembled\":%llu,\"reassembly_failed\":%llu,\"reconnects\":%llu,"
		"\"seconds\":%.6f}}\n",
		(unsigned long long)s->events, (unsigned long long)s->bytes, (unsigned long long)t.lost_events,
		(unsigned long long)t.dropped_events, (unsigned long long)t.bad_datagrams,
		(unsigned long long)t.duplicate_datagrams, (unsigned long long)t.reassembled,
		(unsigned long long)t.reassembly_failed, (unsigned long long)t.reconnects, seconds);
}

static int session_run(struct sub *s)
{
	struct rhumb_options options = {
		.manual_credit = s->slow > 0, .queue_ms = (uint32_t)s->queue_ms};
	int code = cli_router_open(s->cli, &options, &s->r);

	if (code != CLI_OK)
		return code;
	s->start_ns = rh_clock_ns();
	code = filters_subscribe(s);
	if (code == CLI_OK) {
		code = events_run(s);
		summary_print(s);
	}
	rhumb_destroy(s->r);
	return code;
}

static int options_take(struct sub *s)
{
	double idle = 0;
	int code = cli_number(s->cli, "count", 1, UINT64_MAX, UINT64_MAX, &s->count);

	if (code == CLI_OK)
		code = cli_number(s->cli, "queue-ms", 1, UINT32_MAX, 0, &s->queue_ms);
	if (code == CLI_OK)
		code = cli_decimal(s->cli, "idle-exit", 0.01, 1e6, 0, &idle);
	if (code == CLI_OK)
		code = cli_decimal(s->cli, "slow", 0.01, 800, 0, &s->slow);
	s->idle_ns = (uint64_t)(idle * RH_NS_PER_S);
	return code;
}

static int output_open(struct sub *s)
{
	const char *name = cli_option(s->cli, "output");
	bool payload = s->cli->json ? !!cli_option(s->cli, "payload") : !cli_option(s->cli, "quiet-payload");

	s->out = name ? fopen(name, "w") : stdout;
	if (!s->out)
		return cli_fail(s->cli, CLI_REFUSED, "--output %s: %s", name, strerror(errno));
	(void)setvbuf(s->out, NULL, _IOFBF, OUT_BUFFER);
	s->printer = sub_printer_create(s->out, s->cli->json, payload);
	return s->printer ? CLI_OK : cli_fail(s->cli, CLI_REFUSED, "out of memory");
}

int cli_sub_run(struct cli *cli)
{
	struct sub s = {.cli = cli};
	int code = options_take(&s);

	if (code == CLI_OK && !cli->arg_count && !cli_option(cli, "filters-from"))
		code = cli_fail(cli, CLI_USAGE, "a FILTER is needed, or --filters-from FILE");
	if (code == CLI_OK)
		code = output_open(&s);
	cli_signals_catch();
	if (code == CLI_OK)
		code = session_run(&s);
	sub_printer_destroy(s.printer);
	if (s.out && fflush(s.out) != 0 && code == CLI_OK)
		code = cli_fail(cli, CLI_REFUSED, "the output could not be written: %s", strerror(errno));
	if (s.out && s.out != stdout)
		(void)fclose(s.out);
	return code;
}

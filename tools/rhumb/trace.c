#include "tools/rhumb/connect.h"
#include "tools/rhumb/json_line.h"
#include "tools/rhumb/router.h"
#include "tools/rhumb/table.h"

#include "controlplane/api/ctl.h"
#include "dataplane/base/clock.h"

#include <stdlib.h>
#include <time.h>

#define COLUMNS	  "at worker session receivers drop payload_len topic payload"
#define FOLLOW_MS 500

static void started_print(const struct cli *cli, const json_t *answer)
{
	(void)answer;
	fprintf(cli->out, "tracing: see rhumb trace show, end with rhumb trace stop\n");
}

/* NULL: not UTF-8. */
static json_t *start_args(const struct cli *cli)
{
	return json_pack("{s:s*, s:s*}", "filter", cli->arg_count ? cli->args[0] : NULL, "dialect",
		cli_option(cli, "dialect"));
}

int cli_trace_start_run(struct cli *cli)
{
	enum rh_dialect dialect;
	json_t *args;

	if (cli_dialect(cli, "dialect", RH_DIALECT_MQTT, &dialect) != CLI_OK)
		return CLI_USAGE;
	args = start_args(cli);
	return args ? cli_ask_print(cli, args, started_print) : cli_fail(cli, CLI_REFUSED, "the filter is not UTF-8");
}

static void events_print(const struct cli *cli, const json_t *answer)
{
	cli_table_print(cli->out, json_object_get(answer, "events"), COLUMNS);
	if (!json_is_true(json_object_get(answer, "tracing")))
		fprintf(cli->out, "tracing is off: rhumb trace start [FILTER]\n");
}

int cli_trace_show_run(struct cli *cli)
{
	uint64_t max;
	int code = cli_number(cli, "max", 1, UINT32_MAX, 0, &max);

	if (code != CLI_OK)
		return code;
	return cli_ask_print(cli, max ? json_pack("{s:I}", "max", (json_int_t)max) : NULL, events_print);
}

/* The events of @answer that were not in the one before; *known becomes those of this one. */
static json_t *fresh_of(const json_t *answer, json_t **known)
{
	json_t *fresh = json_array(), *now = json_object(), *event;
	size_t i;

	json_array_foreach(json_object_get(answer, "events"), i, event) {
		char *key = json_dumps(event, JSON_COMPACT | JSON_SORT_KEYS);

		if (key) {
			if (!json_object_get(*known, key))
				(void)json_array_append(fresh, event);
			(void)json_object_set_new(now, key, json_true());
		}
		free(key);
	}
	json_decref(*known);
	*known = now;
	return fresh;
}

static int fresh_print(struct cli *cli, json_t *fresh)
{
	size_t i;
	json_t *event;

	if (!cli->json && json_array_size(fresh))
		cli_table_print(cli->out, fresh, COLUMNS);
	json_array_foreach(fresh, i, event)
		if (cli->json)
			cli_json_line(cli->out, event);
	return fflush(cli->out) ? CLI_REFUSED : CLI_OK;
}

static int follow(struct cli *cli, struct cli_daemon *d, uint64_t until_ns)
{
	const struct timespec pause = {0, FOLLOW_MS * (long)RH_NS_PER_MS};
	json_t *answer, *known = json_object(), *fresh;
	int code = CLI_OK;
	bool last;

	do {
		(void)nanosleep(&pause, NULL);
		last = cli_signalled() || rh_clock_ns() >= until_ns;
		code = cli_daemon_ask(cli, d, CTL_TRACE_SHOW, NULL, &answer);
		if (code != CLI_OK)
			break;
		fresh = fresh_of(answer, &known);
		code = fresh_print(cli, fresh);
		json_decref(fresh);
		json_decref(answer);
	} while (code == CLI_OK && !last);
	json_decref(known);
	return code;
}

int cli_trace_follow_run(struct cli *cli)
{
	struct cli_daemon d;
	json_t *answer;
	enum rh_dialect dialect;
	double seconds;
	int code = cli_decimal(cli, "follow", 0.1, 3600, 0, &seconds), stopped;

	if (code == CLI_OK)
		code = cli_dialect(cli, "dialect", RH_DIALECT_MQTT, &dialect);
	if (code != CLI_OK)
		return code;
	if (seconds <= 0)
		return cli_fail(cli, CLI_USAGE, "--follow SECONDS is needed, or: trace start, trace show, trace stop");
	code = cli_daemon_open(cli, &d);
	if (code != CLI_OK)
		return code;
	cli_signals_catch();
	code = cli_daemon_ask(cli, &d, CTL_TRACE_START, start_args(cli), &answer);
	if (code == CLI_OK) {
		json_decref(answer);
		code = follow(cli, &d, rh_clock_ns() + (uint64_t)(seconds * RH_NS_PER_S));
		stopped = cli_daemon_ask(cli, &d, CTL_TRACE_STOP, NULL, &answer);
		if (stopped == CLI_OK)
			json_decref(answer);
		code = code == CLI_OK ? stopped : code;
	}
	cli_daemon_close(&d);
	return code;
}

#include "tools/rhumb/connect.h"
#include "tools/rhumb/table.h"

#include "controlplane/api/ctl.h"

#include <stdlib.h>
#include <string.h>

/* How an answer is shown to people: its list, and the keys worth a column. --json has them all. */
static const struct {
	uint16_t type;
	const char *list, *columns;
} shows[] = {
	{CTL_SHOW_PORTS, "ports",
		"index name device driver link link_mbps mtu mac addresses rx_packets rx_missed tx_packets tx_errors pool_free unresolved"},
	{CTL_SHOW_WORKERS, "workers",
		"worker core idle running stuck sessions events cycles_per_event hit_rate busy_share longest_loop_us queued_copies "
		"event_buffers_free burst_fill stage_cycles"},
	{CTL_SHOW_SESSIONS, "sessions",
		"session client_id address worker subscriptions rx_events lost_before_router tx_events queued_events "
		"credit_events granted_events silent_ms drops"},
	{CTL_SHOW_SUBSCRIPTIONS, "subscriptions", "subscription session client_id filter dialect content tenant since"},
	{CTL_SHOW_DROPS, "drops", "reason level count help"},
	{CTL_SHOW_PATTERNS, "patterns",
		"tenant patterns databases worst_cycles_per_byte typical_cycles_per_byte limit_cycles_per_byte dear share_percent worker_cycles "
		"lane_cycles to_lane refused waiting"},
	{CTL_SHOW_LIMITS, "limits", "name limit used hits unit help"},
};

/* Everything beside the list that is a plain value: what later versions add. */
static void rest_print(FILE *out, const json_t *answer, const char *list)
{
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)answer, key, value) {
		char *cell;

		if (strcmp(key, list) == 0)
			continue;
		cell = cli_cell(value);
		fprintf(out, "%s  %s\n", key, cell ? cell : "");
		free(cell);
	}
}

/* Counters as rows: name, total, and a column for each worker. */
static json_t *counter_row(const json_t *answer, const char *name)
{
	json_t *row = json_pack("{s:s, s:O}", "counter", name, "total",
		json_object_get(json_object_get(answer, "total"), name));
	json_t *workers = json_object_get(answer, "workers"), *worker;
	char key[20];
	size_t i;

	json_array_foreach(workers, i, worker) {
		(void)snprintf(key, sizeof(key), "worker_%u", (unsigned)i);
		(void)json_object_set(row, key, json_object_get(worker, name));
	}
	return row;
}

/* Drops stand last, each reason on a row: what an operator looks for must not hide in a cell. */
static void reasons_print(FILE *out, const json_t *total)
{
	static const char *const groups[] = {"drop_datagrams", "drop_events", "drop_copies"};
	const char *reason;
	json_t *count;

	for (size_t i = 0; i < RH_ARRAY_LEN(groups); i++)
		json_object_foreach(json_object_get(total, groups[i]), reason, count)
			fprintf(out, "%s %s  %" JSON_INTEGER_FORMAT "\n", groups[i], reason,
				json_integer_value(count));
}

static void counters_print(FILE *out, const json_t *answer)
{
	json_t *rows = json_array(), *total = json_object_get(answer, "total"), *value;
	json_t *laws = json_object_get(answer, "laws");
	size_t workers = json_array_size(json_object_get(answer, "workers"));
	char columns[512] = "counter total";
	const char *name;

	for (size_t i = 0; i < workers && workers > 1 && strlen(columns) < sizeof(columns) - 20; i++)
		(void)snprintf(columns + strlen(columns), 20, " worker_%u", (unsigned)i);
	json_object_foreach(total, name, value)
		if (json_is_integer(value))
			(void)json_array_append_new(rows, counter_row(answer, name));
	cli_table_print(out, rows, columns);
	json_decref(rows);
	reasons_print(out, total);
	json_object_foreach(laws, name, value)
		fprintf(out, "law of %s: off by %" JSON_INTEGER_FORMAT "\n", name, json_integer_value(value));
	fprintf(out, "laws hold: %s\n", json_is_true(json_object_get(answer, "hold")) ? "yes" : "no");
}

static void answer_print(const struct cli *cli, const json_t *answer)
{
	for (size_t i = 0; i < RH_ARRAY_LEN(shows); i++) {
		if (shows[i].type != cli->command->type)
			continue;
		cli_table_print(cli->out, json_object_get(answer, shows[i].list), shows[i].columns);
		rest_print(cli->out, answer, shows[i].list);
		return;
	}
	if (cli->command->type == CTL_SHOW_COUNTERS)
		counters_print(cli->out, answer);
	else
		cli_fields_print(cli->out, answer);
}

/* The options a show may have, into its request. */
static int args_take(const struct cli *cli, json_t *args)
{
	uint64_t number;

	if (cli_option(cli, "session")) {
		if (cli_number(cli, "session", 0, UINT32_MAX, 0, &number) != CLI_OK)
			return CLI_USAGE;
		(void)json_object_set_new(args, "session", json_integer((json_int_t)number));
	}
	return CLI_OK;
}

/* Serves every command that asks one thing and shows the answer. */
int cli_show_run(struct cli *cli)
{
	json_t *args = json_object();
	int code = args_take(cli, args);

	if (code != CLI_OK) {
		json_decref(args);
		return code;
	}
	return cli_ask_print(cli, args, answer_print);
}

#include "tools/rhumb/connect.h"
#include "tools/rhumb/table.h"

#include <string.h>

/* A screen of the busiest; --limit shows more. */
#define LIMIT_DEFAULT 40
#define LIMIT_MOST    4096 /* of the router (TOPICS_SHOWN) */

static json_int_t number_of(const json_t *object, const char *key)
{
	return json_integer_value(json_object_get(object, key));
}

/* 12031 as 12,031. */
static const char *grouped(json_int_t value, char *out)
{
	char digits[24];
	int n = snprintf(digits, sizeof(digits), "%" JSON_INTEGER_FORMAT, value), at = 0;

	for (int i = 0; i < n; i++) {
		if (i && (n - i) % 3 == 0 && digits[i - 1] != '-')
			out[at++] = ',';
		out[at++] = digits[i];
	}
	out[at] = '\0';
	return out;
}

static void shown_print(FILE *out, const json_t *answer)
{
	json_int_t shown = number_of(answer, "shown"), matched = number_of(answer, "matched");
	char a[32], b[32];

	fprintf(out, "%s of %s topics shown%s\n", grouped(shown, a), grouped(matched, b),
		shown < matched ? ": --limit N shows more" : "");
	if (number_of(answer, "left_out"))
		fprintf(out, "%s topics more did not fit into the comparison of workers\n",
			grouped(number_of(answer, "left_out"), a));
}

static void rest_print(FILE *out, const json_t *answer)
{
	const json_t *rest = json_object_get(answer, "rest");
	json_int_t events = number_of(rest, "events"), sample = number_of(answer, "sample");
	char a[32], b[32], c[32];

	if (sample > 1)
		fprintf(out,
			"the result cache is off: one event in %" JSON_INTEGER_FORMAT
			" was looked at, all counts are estimates\n",
			sample);
	if (events)
		fprintf(out,
			"%s%s further events, of about %s topics (+- %s), are not told apart\n",
			sample > 1 ? "about " : "", grouped(events, a),
			grouped(number_of(rest, "topics"), b),
			grouped(number_of(rest, "topics_error"), c));
	else if (sample == 1)
		fprintf(out, "every event is in one of the topics\n");
	if (events && json_object_get(answer, "topic_missed_at_most"))
		fprintf(out,
			"at most %s of them are of the topic asked for (%s too many at most, in 98 "
			"of 100 cases)\n",
			grouped(number_of(answer, "topic_missed_at_most"), a),
			grouped(number_of(answer, "missed_error"), b));
}

static void topics_print(const struct cli *cli, const json_t *answer)
{
	cli_table_print(cli->out, json_object_get(answer, "topics"),
		"events_per_s bytes_per_s events bytes idle_s receivers exact since topic");
	shown_print(cli->out, answer);
	rest_print(cli->out, answer);
}

int cli_show_topics_run(struct cli *cli)
{
	enum rh_dialect dialect;
	uint64_t limit;
	json_t *args;

	if (cli_number(cli, "limit", 1, LIMIT_MOST, LIMIT_DEFAULT, &limit) != CLI_OK ||
		cli_dialect(cli, "dialect", RH_DIALECT_MQTT, &dialect) != CLI_OK)
		return CLI_USAGE;
	args = json_pack("{s:I, s:s*, s:s*, s:s*, s:s*}", "max", (json_int_t)limit, "filter",
		cli->arg_count ? cli->args[0] : NULL, "dialect", cli_option(cli, "dialect"), "tenant",
		cli_option(cli, "tenant"), "sort", cli_option(cli, "sort"));
	if (!args)
		return cli_fail(cli, CLI_REFUSED, "filter, tenant and sort key must be UTF-8");
	return cli_ask_print(cli, args, topics_print);
}

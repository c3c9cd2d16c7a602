#include "tools/rhumb/command.h"

#include "dataplane/base/error.h"
#include "dataplane/filter/filter.h"
#include "tools/rhumb/fail.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* CLI_OK match, CLI_REFUSED no match, CLI_USAGE invalid with the reason in @err. */
static int verdict_of(enum rh_dialect dialect, const char *filter_text, size_t filter_len,
	const char *topic_text, size_t topic_len, struct rh_error *err)
{
	char buffer[RH_TOPIC_MAX + 1];
	struct rh_filter filter;
	struct rh_topic topic;

	if (rh_filter_parse(dialect, filter_text, filter_len, &filter, err) < 0 ||
		rh_topic_parse_dialect(dialect, topic_text, topic_len, buffer, &topic, err) < 0)
		return CLI_USAGE;
	return rh_filter_matches(&filter, &topic) ? CLI_OK : CLI_REFUSED;
}

static const char *const verdict_names[] = {"match", "nomatch", "invalid"};

/* One line "filter<TAB>topic"; a line without a tab is invalid. */
static int line_verdict(enum rh_dialect dialect, const char *line, size_t len, struct rh_error *err)
{
	const char *tab = memchr(line, '\t', len);

	if (!tab) {
		(void)rh_error_set(err, EINVAL, "no tab between filter and topic");
		return CLI_USAGE;
	}
	return verdict_of(dialect, line, (size_t)(tab - line), tab + 1, len - (size_t)(tab - line) - 1, err);
}

/* A line, with --json docs/schemas/match.json. */
static void verdict_print(const struct cli *cli, int verdict, struct rh_error *err)
{
	json_t *line;

	if (!cli->json) {
		fprintf(cli->out, "%s\n", verdict_names[verdict]);
		return;
	}
	line = json_pack("{s:s}", "verdict", verdict_names[verdict]);
	if (verdict == CLI_USAGE)
		(void)json_object_set_new(line, "error", fail_text_json(err->text));
	(void)json_dumpf(line, cli->out, JSON_COMPACT);
	fputc('\n', cli->out);
	json_decref(line);
}

static int batch_run(struct cli *cli, enum rh_dialect dialect)
{
	char *line = NULL;
	size_t room = 0;
	struct rh_error err;
	ssize_t len;
	int verdict;

	while ((len = getline(&line, &room, stdin)) >= 0) {
		if (len && line[len - 1] == '\n')
			len--;
		verdict = line_verdict(dialect, line, (size_t)len, &err);
		verdict_print(cli, verdict, &err);
	}
	free(line);
	if (ferror(stdin) || fflush(cli->out) != 0)
		return cli_fail(cli, CLI_REFUSED, "the lines could not be read or answered to the end");
	return CLI_OK;
}

int cli_match_run(struct cli *cli)
{
	const char *name = cli_option(cli, "dialect");
	enum rh_dialect dialect = RH_DIALECT_MQTT;
	struct rh_error err;
	int verdict;

	if (name && rh_dialect_from_name(name, &dialect) < 0)
		return cli_fail(cli, CLI_USAGE, "dialect %s is unknown: mqtt, solace, nats, zenoh and amqp are known", name);
	if (cli_option(cli, "batch")) {
		if (cli->arg_count)
			return cli_fail(cli, CLI_USAGE, "--batch reads filters and topics from stdin, not from arguments");
		return batch_run(cli, dialect);
	}
	if (cli->arg_count != 2)
		return cli_fail(cli, CLI_USAGE, "a FILTER and a TOPIC are needed, or --batch");
	verdict = verdict_of(
		dialect, cli->args[0], strlen(cli->args[0]), cli->args[1], strlen(cli->args[1]), &err);
	if (verdict == CLI_USAGE)
		(void)cli_fail(cli, CLI_USAGE, "%s", err.text);
	verdict_print(cli, verdict, &err);
	return verdict;
}

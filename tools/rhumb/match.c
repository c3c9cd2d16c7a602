#include "tools/rhumb/command.h"

#include "dataplane/base/error.h"
#include "dataplane/filter/filter.h"
#include "tools/rhumb/fail.h"
#include "tools/rhumb/json_line.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum relation { MATCHES, INTERSECTS, COVERS };

/* What is asked of each pair: a filter, and a topic or another filter. */
struct question {
	enum relation relation;
	enum rh_dialect first, second;
};

struct text {
	const char *bytes;
	size_t len;
};

static int topic_verdict(const struct question *q, struct text first, struct text second, struct rh_error *err)
{
	char buffer[RH_TOPIC_MAX + 1];
	struct rh_filter filter;
	struct rh_topic topic;

	if (rh_filter_parse(q->first, first.bytes, first.len, &filter, err) < 0 ||
		rh_topic_parse_dialect(q->second, second.bytes, second.len, buffer, &topic, err) < 0)
		return CLI_USAGE;
	return rh_filter_matches(&filter, &topic) ? CLI_OK : CLI_REFUSED;
}

static int filters_verdict(const struct question *q, struct text first, struct text second, struct rh_error *err)
{
	struct rh_error why;
	struct rh_filter a, b;
	bool yes;

	if (rh_filter_parse(q->first, first.bytes, first.len, &a, &why) < 0) {
		(void)rh_error_set(err, EINVAL, "first %s", why.text);
		return CLI_USAGE;
	}
	if (rh_filter_parse(q->second, second.bytes, second.len, &b, &why) < 0) {
		(void)rh_error_set(err, EINVAL, "second %s", why.text);
		return CLI_USAGE;
	}
	yes = q->relation == COVERS ? rh_filter_covers(&a, &b) : rh_filter_intersects(&a, &b);
	return yes ? CLI_OK : CLI_REFUSED;
}

/* CLI_OK yes, CLI_REFUSED no, CLI_USAGE invalid with the reason in @err. */
static int verdict_of(const struct question *q, struct text first, struct text second, struct rh_error *err)
{
	if (q->relation == MATCHES)
		return topic_verdict(q, first, second, err);
	return filters_verdict(q, first, second, err);
}

static const char *verdict_name(const struct question *q, int verdict)
{
	static const char *const of_topic[] = {"match", "nomatch", "invalid"};
	static const char *const of_filters[] = {"yes", "no", "invalid"};

	return q->relation == MATCHES ? of_topic[verdict] : of_filters[verdict];
}

/* One line "first<TAB>second"; a line without a tab is invalid. */
static int line_verdict(const struct question *q, const char *line, size_t len, struct rh_error *err)
{
	const char *tab = memchr(line, '\t', len);
	size_t first = tab ? (size_t)(tab - line) : 0;

	if (!tab) {
		(void)rh_error_set(err, EINVAL, "no tab between filter and %s",
			q->relation == MATCHES ? "topic" : "filter");
		return CLI_USAGE;
	}
	return verdict_of(q, (struct text){line, first}, (struct text){tab + 1, len - first - 1}, err);
}

/* A line, with --json docs/schemas/match.json. */
static void verdict_print(const struct cli *cli, const struct question *q, int verdict, struct rh_error *err)
{
	json_t *line;

	if (!cli->json) {
		fprintf(cli->out, "%s\n", verdict_name(q, verdict));
		return;
	}
	line = json_pack("{s:s}", "verdict", verdict_name(q, verdict));
	if (verdict == CLI_USAGE)
		(void)json_object_set_new(line, "error", fail_text_json(err->text));
	cli_json_line(cli->out, line);
	json_decref(line);
}

static int batch_run(struct cli *cli, const struct question *q)
{
	char *line = NULL;
	size_t room = 0;
	struct rh_error err;
	ssize_t len;
	int verdict;

	while ((len = getline(&line, &room, stdin)) >= 0) {
		if (len && line[len - 1] == '\n')
			len--;
		verdict = line_verdict(q, line, (size_t)len, &err);
		verdict_print(cli, q, verdict, &err);
	}
	free(line);
	if (ferror(stdin) || fflush(cli->out) != 0)
		return cli_fail(cli, CLI_REFUSED, "the lines could not be read or answered to the end");
	return CLI_OK;
}

static int question_of(struct cli *cli, struct question *q)
{
	const char *intersects = cli_option(cli, "intersects"), *covers = cli_option(cli, "covers");

	if (intersects && covers)
		return cli_fail(cli, CLI_USAGE, "--intersects and --covers are two questions: ask one at a time");
	q->relation = intersects ? INTERSECTS : covers ? COVERS : MATCHES;
	if (cli_dialect(cli, "dialect", RH_DIALECT_MQTT, &q->first) != CLI_OK)
		return CLI_USAGE;
	return cli_dialect(cli, "second-dialect", q->first, &q->second);
}

static struct text argument(const struct cli *cli, unsigned i)
{
	return (struct text){cli->args[i], strlen(cli->args[i])};
}

int cli_match_run(struct cli *cli)
{
	struct question q;
	struct rh_error err;
	int verdict;

	if (question_of(cli, &q) != CLI_OK)
		return CLI_USAGE;
	if (cli_option(cli, "batch")) {
		if (cli->arg_count)
			return cli_fail(cli, CLI_USAGE, "--batch reads its pairs from stdin, not from arguments");
		return batch_run(cli, &q);
	}
	if (cli->arg_count != 2)
		return cli_fail(cli, CLI_USAGE, "a FILTER and a %s are needed, or --batch",
			q.relation == MATCHES ? "TOPIC" : "second FILTER");
	verdict = verdict_of(&q, argument(cli, 0), argument(cli, 1), &err);
	if (verdict == CLI_USAGE)
		(void)cli_fail(cli, CLI_USAGE, "%s", err.text);
	verdict_print(cli, &q, verdict, &err);
	return verdict;
}

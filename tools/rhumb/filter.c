/*
 * rhumb filter: CESQL, and filters of the CloudEvents Subscriptions API, without a router. An answer of eval is {"result": value, "error": null or {"type", "position",
 * "message"}}; what is no expression is false with a ParseError, as CESQL has it, and what cannot be asked at all (a line
 * or an event that is not what it should be) has the result null and no position.
 */

#include "tools/rhumb/command.h"

#include "dataplane/base/error.h"
#include "dataplane/cesql/price.h"
#include "dataplane/cesql/program.h"
#include "tools/rhumb/fail.h"
#include "tools/rhumb/file.h"
#include "tools/rhumb/filter_event.h"
#include "tools/rhumb/filter_patterns.h"
#include "tools/rhumb/json_line.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

/* What is asked about: an expression, or filters in JSON. */
struct asked {
	const char *text;
	size_t len;
	bool filters;
};

/* One expression: kept together, because each is too large for a stack. */
struct room {
	struct rh_cesql_tree tree;
	struct rh_cesql_scratch scratch;
	struct filter_patterns patterns;
};

struct answer {
	const char *what; /* the language */
	int verdict; /* CLI_OK matches, CLI_REFUSED does not, CLI_USAGE invalid with the reason in err */
	json_t *json;
	struct rh_error err;
};

static json_t *value_json(struct rh_cesql_value value)
{
	if (value.type == RH_CESQL_TYPE_BOOLEAN)
		return json_boolean(value.boolean);
	if (value.type == RH_CESQL_TYPE_INTEGER)
		return json_integer(value.integer);
	return json_stringn(value.text.bytes, value.text.size);
}

static json_t *error_json(enum rh_cesql_error type, json_t *position, struct rh_error *err)
{
	return json_pack("{s:s, s:o, s:o}", "type", rh_cesql_error_name(type), "position", position, "message",
		fail_text_json(err->text));
}

/* The expression is refused: false, with an error of CESQL. */
static void refuse(struct answer *answer, enum rh_cesql_error type, size_t where)
{
	answer->verdict = CLI_USAGE;
	answer->json = json_pack("{s:b, s:o}", "result", 0, "error",
		error_json(type, json_integer((json_int_t)where), &answer->err));
}

/* The question is refused. */
static void refuse_question(struct answer *answer)
{
	answer->verdict = CLI_USAGE;
	answer->json = json_pack("{s:n, s:o}", "result", "error", error_json(RH_CESQL_GENERIC, json_null(), &answer->err));
}

static void result_take(struct answer *answer, struct rh_cesql_result result)
{
	json_t *error = json_null();

	if (result.error) {
		(void)rh_error_set(&answer->err, EINVAL, "%s: at %u: %s", answer->what, result.at, result.reason);
		error = error_json(result.error, json_integer(result.at), &answer->err);
	}
	answer->verdict = rh_cesql_is_match(&result) ? CLI_OK : CLI_REFUSED;
	answer->json = json_pack("{s:o, s:o}", "result", value_json(result.value), "error", error);
}

/* Its patterns, which filter_patterns_fini ends. */
static int patterns_make(struct room *room, struct asked asked, size_t *where, struct rh_error *err)
{
	struct rh_error why;
	int rc = filter_patterns_init(&room->patterns, &room->tree, where, &why);

	return rc < 0 ? rh_error_set(err, -rc, "%s: at %zu: %s", asked.filters ? "filters" : "cesql", *where, why.text) : 0;
}

/* The program of an expression; NULL after refuse(). Its patterns are the room's until filter_patterns_fini, in any case. */
static struct rh_cesql_program *program_of(struct room *room, struct asked asked, struct answer *answer)
{
	struct rh_cesql_program *program = NULL;
	size_t where = 0;
	int rc;

	room->patterns = (struct filter_patterns){0};
	if (asked.filters)
		rc = rh_cesql_from_json(asked.text, asked.len, &room->tree, &where, &answer->err);
	else
		rc = rh_cesql_parse(asked.text, asked.len, &room->tree, &where, &answer->err);
	if (rc == 0)
		rc = patterns_make(room, asked, &where, &answer->err);
	if (rc == 0)
		rc = rh_cesql_compile(&room->tree, &program, &answer->err);
	if (rc == -ENOMEM)
		(void)rh_error_set(&answer->err, ENOMEM, "out of memory");
	if (rc < 0)
		refuse(answer, rc == -ENOSYS ? RH_CESQL_MISSING_FUNCTION : RH_CESQL_PARSE, where);
	return program;
}

static void answer_make(struct room *room, struct asked asked, const json_t *event, struct answer *answer)
{
	struct rh_cesql_program *program;
	struct filter_event attributes;

	answer->what = asked.filters ? "filters" : "cesql";
	if (filter_event_init(&attributes, event, &answer->err) < 0) {
		refuse_question(answer);
		return;
	}
	program = program_of(room, asked, answer);
	attributes.event.matches = filter_patterns_match;
	attributes.event.arg = &room->patterns;
	if (program)
		result_take(answer, rh_cesql_evaluate(program, &attributes.event, &room->scratch));
	rh_cesql_destroy(program);
	filter_patterns_fini(&room->patterns);
	filter_event_fini(&attributes);
}

static void answer_print(const struct cli *cli, struct answer *answer)
{
	cli_json_line(cli->out, answer->json);
	json_decref(answer->json);
}

/* The member @name of a line; false when it has none that is a string. */
static bool member_asked(const json_t *line, const char *name, struct asked *out)
{
	json_t *member = json_object_get(line, name);

	*out = (struct asked){json_string_value(member), json_string_length(member), strcmp(name, "filters") == 0};
	return json_is_string(member);
}

/* {"expression": "...", "event": {...}}, the event may be left out; or "filters", a string, too. */
static void line_answer(struct room *room, const char *line, size_t len, struct answer *answer)
{
	json_error_t why;
	json_t *json = json_loadb(line, len, JSON_REJECT_DUPLICATES, &why);
	struct asked asked;

	if (member_asked(json, "expression", &asked) || member_asked(json, "filters", &asked)) {
		answer_make(room, asked, json_object_get(json, "event"), answer);
	} else {
		(void)rh_error_set(&answer->err, EINVAL, "the line is not {\"expression\": \"...\", \"event\": {...}}%s%s",
			json ? "" : ": ", json ? "" : why.text);
		refuse_question(answer);
	}
	json_decref(json);
}

static int batch_run(struct cli *cli, struct room *room)
{
	char *line = NULL;
	size_t size = 0;
	ssize_t len;

	while ((len = getline(&line, &size, stdin)) >= 0) {
		struct answer answer;

		line_answer(room, line, (size_t)len, &answer);
		answer_print(cli, &answer);
	}
	free(line);
	if (ferror(stdin) || fflush(cli->out) != 0)
		return cli_fail(cli, CLI_REFUSED, "the lines could not be read or answered to the end");
	return CLI_OK;
}

/* The event of a file, "-" for stdin; NULL without a name. CLI_OK, or CLI_USAGE after a sentence. */
static int event_load(const struct cli *cli, const char *name, json_t **out)
{
	json_error_t why;
	FILE *file;

	*out = NULL;
	if (!name)
		return CLI_OK;
	file = cli_file_open(name);
	if (!file)
		return cli_fail(cli, CLI_USAGE, "%s: %s", name, strerror(errno));
	*out = json_loadf(file, JSON_REJECT_DUPLICATES, &why);
	cli_file_close(file);
	if (!*out)
		return cli_fail(cli, CLI_USAGE, "%s: line %d: %s: an event is one JSON object", name, why.line, why.text);
	return CLI_OK;
}

static struct asked argument_asked(const struct cli *cli)
{
	return (struct asked){cli->args[0], strlen(cli->args[0]), cli_option(cli, "filters") != NULL};
}

static int one_run(struct cli *cli, struct room *room)
{
	struct answer answer;
	json_t *event;

	if (event_load(cli, cli->arg_count == 2 ? cli->args[1] : NULL, &event) != CLI_OK)
		return CLI_USAGE;
	answer_make(room, argument_asked(cli), event, &answer);
	if (answer.verdict == CLI_USAGE)
		(void)cli_fail(cli, CLI_USAGE, "%s", answer.err.text);
	answer_print(cli, &answer);
	json_decref(event);
	return answer.verdict;
}

int cli_filter_eval_run(struct cli *cli)
{
	bool batch = cli_option(cli, "batch");
	struct room *room;
	int code;

	if (batch && cli->arg_count)
		return cli_fail(cli, CLI_USAGE, "--batch reads expressions and events from stdin, not from arguments");
	if (batch && cli_option(cli, "filters"))
		return cli_fail(cli, CLI_USAGE, "a line of --batch says itself what it asks: \"expression\" or \"filters\"");
	if (!batch && !cli->arg_count)
		return cli_fail(cli, CLI_USAGE, "an EXPRESSION is needed, or --batch");
	room = malloc(sizeof(*room));
	if (!room)
		return cli_fail(cli, CLI_REFUSED, "out of memory");
	code = batch ? batch_run(cli, room) : one_run(cli, room);
	free(room);
	return code;
}

/* The dearest part, null when there is none. */
static json_t *dear_json(const char *text, const struct rh_cesql_price *price)
{
	if (!price->dear_size)
		return json_null();
	return json_pack("{s:s%, s:i, s:I}", "part", text + price->dear_at, (size_t)price->dear_size, "position", (int)price->dear_at, "cycles",
		(json_int_t)price->dear_cycles);
}

static int check_print(struct cli *cli, const struct rh_cesql_tree *tree)
{
	static char text[RH_CESQL_PRINT_MAX];
	unsigned predicates = rh_cesql_predicates(tree);
	struct rh_cesql_price price;
	json_t *json;

	if (rh_cesql_print(tree, text, sizeof(text)) < 0)
		return cli_fail(cli, CLI_REFUSED, "the canonical form is longer than %zu bytes", sizeof(text));
	rh_cesql_price(tree, &price);
	if (!cli->json) {
		fprintf(cli->out, "%s\n%u distinct predicate%s\n%" PRIu64 " cycles an event, %" PRIu64 " bytes\n", text, predicates,
			predicates == 1 ? "" : "s", price.cycles, price.bytes);
		if (price.dear_size)
			fprintf(cli->out, "%" PRIu64 " cycles of them: %.*s\n", price.dear_cycles, price.dear_size, text + price.dear_at);
		return CLI_OK;
	}
	json = json_pack("{s:s, s:i, s:I, s:I, s:o}", "expression", text, "predicates", (int)predicates, "cycles", (json_int_t)price.cycles,
		"bytes", (json_int_t)price.bytes, "dear", dear_json(text, &price));
	cli_json_line(cli->out, json);
	json_decref(json);
	return CLI_OK;
}

int cli_filter_check_run(struct cli *cli)
{
	struct room *room = malloc(sizeof(*room));
	struct rh_cesql_program *program;
	struct answer answer;
	int code;

	if (!room)
		return cli_fail(cli, CLI_REFUSED, "out of memory");
	program = program_of(room, argument_asked(cli), &answer);
	if (program) {
		code = check_print(cli, &room->tree);
	} else {
		code = cli_fail(cli, CLI_USAGE, "%s", answer.err.text);
		json_decref(answer.json);
	}
	rh_cesql_destroy(program);
	filter_patterns_fini(&room->patterns);
	free(room);
	return code;
}

/*
 * rhumb pub: one event, lines of text, or JSON lines. The router's credit paces it, --rate slows it down further.
 */
#include "tools/rhumb/pub_priv.h"

#include "dataplane/base/clock.h"
#include "dataplane/frame/wire.h"
#include "tools/rhumb/file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define CREDIT_WAIT_MS 30000
#define FLUSH_MS       30000
#define COMPLAINTS_MAX 5
#define TURN_EVENTS    32 /* published between two looks at what arrived */
#define FILE_MAX       (1u << 20)

void pub_complain(struct pub *p, uint64_t line, const char *sentence)
{
	if (p->complaints++ >= COMPLAINTS_MAX)
		return;
	if (line)
		(void)cli_fail(p->cli, CLI_REFUSED, "line %llu: %s", (unsigned long long)line, sentence);
	else
		(void)cli_fail(p->cli, CLI_REFUSED, "%s", sentence);
}

static void sleep_ns(uint64_t ns)
{
	const struct timespec t = {(time_t)(ns / RH_NS_PER_S), (long)(ns % RH_NS_PER_S)};

	(void)nanosleep(&t, NULL);
}

/* Wait for the event's turn; the session is looked after meanwhile. */
static int pace(struct pub *p)
{
	uint64_t count = p->published + p->too_large + p->invalid, now, due;
	int err = 0;

	if (count % TURN_EVENTS == 0)
		err = rhumb_poll(p->r, 0);
	if (p->rate <= 0 || err < 0)
		return err;
	due = p->start_ns + (uint64_t)((double)count / p->rate * RH_NS_PER_S);
	while (err >= 0 && !cli_signalled() && (now = rh_clock_ns()) < due) {
		uint64_t left = due - now;

		if (left >= 2 * RH_NS_PER_MS) {
			err = rhumb_poll(p->r, (int)(left / RH_NS_PER_MS) - 1);
		} else {
			err = rhumb_poll(p->r, 0);
			sleep_ns(left);
		}
	}
	return err;
}

int pub_event(struct pub *p, const struct rhumb_event *event, uint64_t line)
{
	int err = pace(p);

	if (err >= 0)
		err = rhumb_publish_wait(p->r, event, CREDIT_WAIT_MS);
	if (err == 0) {
		p->published++;
		p->bytes += event->payload_len;
	} else if (err == -EMSGSIZE) {
		p->too_large++;
		pub_complain(p, line, rhumb_error(p->r));
	} else if (err == -EINVAL) {
		p->invalid++;
		pub_complain(p, line, rhumb_error(p->r));
	} else {
		return cli_router_fail(p->cli, p->r, err);
	}
	return CLI_OK;
}

/* Lines to events by @each; the input's own failure is told here. */
static int input_run(struct pub *p, int (*each)(struct pub *p, void *arg, const char *text, size_t len, uint64_t number),
	void *arg)
{
	struct pub_input in = {0};
	uint64_t number = 0;
	int got, code = CLI_OK;
	size_t len;
	char *text;

	while (code == CLI_OK && (got = pub_input_next(p, &in, &text, &len)) != 0) {
		if (got == -EMSGSIZE)
			code = cli_fail(p->cli, CLI_REFUSED, "line %llu is longer than any event", (unsigned long long)number + 1);
		else if (got < 0)
			code = cli_router_fail(p->cli, p->r, got);
		else
			code = each(p, arg, text, len, ++number);
	}
	pub_input_fini(&in);
	return code;
}

static int batch_each(struct pub *p, void *arg, const char *text, size_t len, uint64_t number)
{
	struct rhumb_event event;

	if (!len || !pub_line_parse(p, arg, text, len, number, &event))
		return CLI_OK;
	return pub_event(p, &event, number);
}

static int batch_run(struct pub *p)
{
	struct pub_line *parsed = pub_line_create();
	int code = parsed ? input_run(p, batch_each, parsed) : cli_fail(p->cli, CLI_REFUSED, "out of memory");

	pub_line_destroy(parsed);
	return code;
}

static struct rhumb_event event_of(struct pub *p, const void *payload, size_t len)
{
	return (struct rhumb_event){.topic = p->cli->args[0],
		.payload = payload,
		.payload_len = (uint32_t)len,
		.attributes = p->attributes,
		.attribute_count = p->attribute_count};
}

static int lines_each(struct pub *p, void *arg, const char *text, size_t len, uint64_t number)
{
	struct rhumb_event event = event_of(p, text, len);

	(void)arg;
	return pub_event(p, &event, number);
}

static int repeat_run(struct pub *p, const void *payload, size_t len, uint64_t count)
{
	struct rhumb_event event = event_of(p, payload, len);
	int code = CLI_OK;

	for (uint64_t i = 0; i < count && code == CLI_OK && !cli_signalled(); i++)
		code = pub_event(p, &event, 0);
	return code;
}

static int file_run(struct pub *p, const char *name, uint64_t count)
{
	FILE *file = cli_file_open(name);
	char *bytes = malloc(FILE_MAX);
	int code;
	size_t len;

	if (!file || !bytes) {
		code = cli_fail(p->cli, CLI_REFUSED, "%s: %s", name, strerror(errno));
	} else {
		len = fread(bytes, 1, FILE_MAX, file);
		code = ferror(file) ? cli_fail(p->cli, CLI_REFUSED, "%s: %s", name, strerror(errno))
				    : repeat_run(p, bytes, len, count);
	}
	free(bytes);
	cli_file_close(file);
	return code;
}

static int attributes_take(struct pub *p)
{
	const char *text, *equals;

	for (unsigned i = 0; (text = cli_option_at(p->cli, "attr", i)); i++) {
		equals = strchr(text, '=');
		if (!equals || equals == text || strlen(equals) > RH_ATTRIBUTES_MAX || equals - text > UINT8_MAX ||
			i == PUB_ATTRIBUTES_MAX)
			return cli_fail(p->cli, CLI_USAGE, "--attr %s: name=value is needed", text);
		p->attributes[p->attribute_count++] = (struct rhumb_attribute){
			.name = text, .name_len = (uint16_t)(equals - text), .value = equals + 1};
	}
	return CLI_OK;
}

static void summary_print(const struct pub *p, double seconds)
{
	double rate = seconds > 0 ? (double)p->published / seconds : 0;

	if (p->cli->json || cli_option(p->cli, "batch"))
		fprintf(p->cli->out,
			"{\"published\":%llu,\"refused\":{\"too_large\":%llu,\"invalid\":%llu},\"bytes\":%llu,"
			"\"seconds\":%.6f,\"events_per_s\":%.1f}\n",
			(unsigned long long)p->published, (unsigned long long)p->too_large,
			(unsigned long long)p->invalid, (unsigned long long)p->bytes, seconds, rate);
	else if (p->published != 1 || p->too_large || p->invalid)
		fprintf(p->cli->out, "%llu published, %llu too large, %llu invalid, %.3f s\n",
			(unsigned long long)p->published, (unsigned long long)p->too_large,
			(unsigned long long)p->invalid, seconds);
}

/* Exactly one source, and a topic unless the lines have theirs. */
static int sources_check(struct cli *cli)
{
	bool batch = cli_option(cli, "batch");
	int sources = batch + !!cli_option(cli, "payload") + !!cli_option(cli, "file") +
		!!cli_option(cli, "stdin-lines");

	if (sources > 1)
		return cli_fail(cli, CLI_USAGE, "only one of --payload, --file, --stdin-lines and --batch");
	if (batch && (cli->arg_count || cli_option(cli, "attr")))
		return cli_fail(cli, CLI_USAGE, "with --batch topic and attributes stand in the lines");
	if (!batch && !cli->arg_count)
		return cli_fail(cli, CLI_USAGE, "a TOPIC is needed, or --batch");
	return CLI_OK;
}

static int source_run(struct pub *p, uint64_t count)
{
	const char *payload = cli_option(p->cli, "payload"), *file = cli_option(p->cli, "file");

	if (cli_option(p->cli, "batch"))
		return batch_run(p);
	if (cli_option(p->cli, "stdin-lines"))
		return input_run(p, lines_each, NULL);
	if (file)
		return file_run(p, file, count);
	return repeat_run(p, payload ? payload : "", payload ? strlen(payload) : 0, count);
}

static int session_run(struct pub *p, uint64_t count)
{
	struct rhumb_options options = {.batch = true};
	int err, code = cli_router_open(p->cli, &options, &p->r);

	if (code != CLI_OK)
		return code;
	p->start_ns = rh_clock_ns();
	code = source_run(p, count);
	if (code == CLI_OK) {
		err = rhumb_flush(p->r, FLUSH_MS);
		if (err < 0)
			code = cli_router_fail(p->cli, p->r, err);
	}
	summary_print(p, (double)(rh_clock_ns() - p->start_ns) / RH_NS_PER_S);
	rhumb_destroy(p->r);
	if (code == CLI_OK && (p->invalid || (p->too_large && !p->published)))
		code = CLI_REFUSED;
	return code;
}

int cli_pub_run(struct cli *cli)
{
	struct pub *p = calloc(1, sizeof(*p));
	uint64_t count;
	int code;

	if (!p)
		return cli_fail(cli, CLI_REFUSED, "out of memory");
	p->cli = cli;
	code = sources_check(cli);
	if (code == CLI_OK)
		code = cli_number(cli, "count", 1, UINT64_MAX, 1, &count);
	if (code == CLI_OK)
		code = cli_decimal(cli, "rate", 0.001, 1e9, 0, &p->rate);
	if (code == CLI_OK)
		code = attributes_take(p);
	cli_signals_catch();
	if (code == CLI_OK)
		code = session_run(p, count);
	free(p);
	return code;
}

#include "tools/rhumb/command.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

int cli_fail(const struct cli *cli, int code, const char *fmt, ...)
{
	va_list args;

	fprintf(stderr, "rhumb%s%s: ", cli->command ? " " : "", cli->command ? cli->command->words : "");
	va_start(args, fmt);
	vfprintf(stderr, fmt, args);
	va_end(args);
	fputc('\n', stderr);
	return code;
}

/* How many words of @argv are those of @words; 0 when they differ. */
static int words_in(const char *words, int argc, char *const *argv)
{
	const char *space = strchr(words, ' ');
	size_t first = space ? (size_t)(space - words) : strlen(words);

	if (argc < 1 || strlen(argv[0]) != first || strncmp(argv[0], words, first) != 0)
		return 0;
	if (!space)
		return 1;
	return argc > 1 && strcmp(argv[1], space + 1) == 0 ? 2 : 0;
}

const struct cli_command *cli_command_find(int argc, char *const *argv, int *used)
{
	const struct cli_command *found = NULL;

	*used = 0;
	for (size_t i = 0; i < cli_command_count; i++) {
		int words = words_in(cli_commands[i].words, argc, argv);

		if (words > *used) {
			*used = words;
			found = &cli_commands[i];
		}
	}
	return found;
}

static const struct cli_option *option_named(const struct cli_option *list, const char *name, size_t len)
{
	for (; list->name; list++)
		if (strlen(list->name) == len && strncmp(list->name, name, len) == 0)
			return list;
	return NULL;
}

static const struct cli_option *option_lettered(const struct cli_option *list, char letter)
{
	for (; list->name; list++)
		if (list->letter == letter)
			return list;
	return NULL;
}

/* The option that the word @arg names; *inline_value gets what stands behind '=', or behind a letter. */
static const struct cli_option *option_of(
	const struct cli_command *command, const char *arg, const char **inline_value)
{
	const struct cli_option *found = NULL;
	const char *equals;
	size_t len;

	*inline_value = NULL;
	if (arg[1] != '-') {
		if (command)
			found = option_lettered(command->options, arg[1]);
		if (!found)
			found = option_lettered(cli_globals, arg[1]);
		if (arg[2])
			*inline_value = arg + 2;
		return found;
	}
	arg += 2;
	equals = strchr(arg, '=');
	len = equals ? (size_t)(equals - arg) : strlen(arg);
	if (equals)
		*inline_value = equals + 1;
	if (command)
		found = option_named(command->options, arg, len);
	return found ? found : option_named(cli_globals, arg, len);
}

/* Take the option at argv[*at]; moves *at over a value of its own. */
static int option_take(struct cli *cli, int argc, char **argv, int *at)
{
	const char *value, *arg = argv[*at];
	const struct cli_option *option = option_of(cli->command, arg, &value);

	if (!option)
		return cli_fail(cli, CLI_USAGE, "%s is not an option here: see rhumb help%s%s", arg,
			cli->command ? " " : "", cli->command ? cli->command->words : "");
	if (!option->argument && value)
		return cli_fail(cli, CLI_USAGE, "--%s takes no value", option->name);
	if (option->argument && !value) {
		if (*at + 1 >= argc)
			return cli_fail(cli, CLI_USAGE, "--%s needs a value: --%s %s", option->name,
				option->name, option->argument);
		value = argv[++*at];
	}
	cli->values[cli->value_count++] = (struct cli_value){option, value};
	if (option->letter == 'j')
		cli->json = true;
	return CLI_OK;
}

/* Options may stand before the command's words; those that take a value take the next word with them. */
static int command_take(struct cli *cli, int argc, char **argv, int *at)
{
	int used;

	for (; *at < argc && argv[*at][0] == '-' && argv[*at][1]; (*at)++)
		if (option_take(cli, argc, argv, at) != CLI_OK)
			return CLI_USAGE;
	if (*at >= argc && cli_option(cli, "help"))
		return CLI_OK;
	if (*at >= argc)
		return cli_fail(cli, CLI_USAGE, "a command is needed: see rhumb help");
	cli->command = cli_command_find(argc - *at, argv + *at, &used);
	if (!cli->command)
		return cli_fail(cli, CLI_USAGE, "%s%s%s is not a command: see rhumb help", argv[*at],
			*at + 1 < argc ? " " : "", *at + 1 < argc ? argv[*at + 1] : "");
	*at += used;
	return CLI_OK;
}

int cli_parse(struct cli *cli, int argc, char **argv)
{
	int at = 1;
	bool only_args = false;

	*cli = (struct cli){.out = stdout};
	cli->args = calloc((size_t)argc + 1, sizeof(*cli->args));
	cli->values = calloc((size_t)argc + 1, sizeof(*cli->values));
	if (!cli->args || !cli->values)
		return cli_fail(cli, CLI_REFUSED, "out of memory");
	if (command_take(cli, argc, argv, &at) != CLI_OK)
		return CLI_USAGE;
	for (; at < argc; at++) {
		if (only_args || argv[at][0] != '-' || !argv[at][1])
			cli->args[cli->arg_count++] = argv[at];
		else if (strcmp(argv[at], "--") == 0)
			only_args = true;
		else if (option_take(cli, argc, argv, &at) != CLI_OK)
			return CLI_USAGE;
	}
	if (!cli->command || cli_option(cli, "help"))
		return CLI_OK;
	if (cli->arg_count >= cli->command->least && cli->arg_count <= cli->command->most)
		return CLI_OK;
	fprintf(stderr, "usage: ");
	cli_usage_print(stderr, cli->command);
	return CLI_USAGE;
}

void cli_fini(struct cli *cli)
{
	free(cli->args);
	free(cli->values);
}

const char *cli_option_at(const struct cli *cli, const char *name, unsigned n)
{
	for (uint16_t i = 0; i < cli->value_count; i++)
		if (strcmp(cli->values[i].option->name, name) == 0 && n-- == 0)
			return cli->values[i].text ? cli->values[i].text : "";
	return NULL;
}

const char *cli_option(const struct cli *cli, const char *name)
{
	const char *text, *last = NULL;

	for (unsigned n = 0; (text = cli_option_at(cli, name, n)); n++)
		last = text;
	return last;
}

int cli_number(const struct cli *cli, const char *name, uint64_t least, uint64_t most, uint64_t absent,
	uint64_t *out)
{
	const char *text = cli_option(cli, name);
	char *end;
	unsigned long long value;

	*out = absent;
	if (!text)
		return CLI_OK;
	errno = 0;
	value = strtoull(text, &end, 10);
	if (errno || end == text || *end || text[0] == '-' || value < least || value > most)
		return cli_fail(cli, CLI_USAGE, "--%s %s: a whole number from %llu to %llu is needed", name,
			text, (unsigned long long)least, (unsigned long long)most);
	*out = value;
	return CLI_OK;
}

int cli_decimal(const struct cli *cli, const char *name, double least, double most, double absent,
	double *out)
{
	const char *text = cli_option(cli, name);
	char *end;
	double value;

	*out = absent;
	if (!text)
		return CLI_OK;
	value = strtod(text, &end);
	if (end == text || *end || !(value >= least && value <= most))
		return cli_fail(cli, CLI_USAGE, "--%s %s: a number from %g to %g is needed", name, text,
			least, most);
	*out = value;
	return CLI_OK;
}

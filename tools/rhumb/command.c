#include "tools/rhumb/command.h"

#include "dataplane/filter/filter.h"
#include "tools/rhumb/fail.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

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

const char *cli_second_word(const struct cli_command *command, const char *family)
{
	size_t len = strlen(family);

	return strncmp(command->words, family, len) == 0 && command->words[len] == ' ' ? command->words + len + 1
										       : NULL;
}

bool cli_is_family(const char *word)
{
	for (size_t i = 0; i < cli_command_count; i++)
		if (cli_second_word(&cli_commands[i], word))
			return true;
	return false;
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
		return fail_unknown_option(cli, arg);
	if (!option->argument && value)
		return cli_fail(cli, CLI_USAGE, "--%s takes no value", option->name);
	if (option->argument && !value) {
		if (*at + 1 >= argc)
			return cli_fail(cli, CLI_USAGE, "--%s needs a value: --%s %s", option->name,
				option->name, option->argument);
		value = argv[++*at];
	}
	cli->values[cli->value_count++] = (struct cli_value){option, value};
	return CLI_OK;
}

/* Options may stand before the command's words; those that take a value take the next word with them. */
static int options_take(struct cli *cli, int argc, char **argv, int *at)
{
	for (; *at < argc && argv[*at][0] == '-' && argv[*at][1]; (*at)++)
		if (option_take(cli, argc, argv, at) != CLI_OK)
			return CLI_USAGE;
	return CLI_OK;
}

/* The command's words, also with options between them. */
static int command_take(struct cli *cli, int argc, char **argv, int *at)
{
	char *words[2];
	int used;

	if (options_take(cli, argc, argv, at) != CLI_OK)
		return CLI_USAGE;
	if (*at >= argc)
		return cli_option(cli, "help") ? CLI_OK : cli_fail(cli, CLI_USAGE, "a command is needed: see rhumb help");
	cli->command = cli_command_find(argc - *at, argv + *at, &used);
	if (cli->command) {
		*at += used;
		return CLI_OK;
	}
	words[0] = words[1] = argv[(*at)++];
	if (!cli_is_family(words[0]))
		return fail_unknown_command(cli, words[0], *at < argc ? argv[*at] : "");
	if (options_take(cli, argc, argv, at) != CLI_OK)
		return CLI_USAGE;
	if (*at >= argc) {
		cli->family = words[0];
		return CLI_OK;
	}
	words[1] = argv[(*at)++];
	cli->command = cli_command_find(2, words, &used);
	return cli->command ? CLI_OK : fail_unknown_command(cli, words[0], words[1]);
}

static int rest_take(struct cli *cli, int argc, char **argv, int at)
{
	bool only_args = false;

	for (; at < argc; at++) {
		if (only_args || argv[at][0] != '-' || !argv[at][1])
			cli->args[cli->arg_count++] = argv[at];
		else if (strcmp(argv[at], "--") == 0)
			only_args = true;
		else if (option_take(cli, argc, argv, &at) != CLI_OK)
			return CLI_USAGE;
	}
	return CLI_OK;
}

/* Is --json anywhere? Good enough for the form of what is said about a line that cannot be parsed. */
static bool json_wanted(int argc, char *const *argv)
{
	for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
		if (strcmp(argv[i], "-j") == 0 || strcmp(argv[i], "--json") == 0)
			return true;
	return false;
}

int cli_parse(struct cli *cli, int argc, char **argv)
{
	int at = 1;

	*cli = (struct cli){.out = stdout, .json = json_wanted(argc, argv)};
	cli->args = calloc((size_t)argc + 1, sizeof(*cli->args));
	cli->values = calloc((size_t)argc + 1, sizeof(*cli->values));
	if (!cli->args || !cli->values)
		return cli_fail(cli, CLI_REFUSED, "out of memory");
	if (command_take(cli, argc, argv, &at) != CLI_OK || rest_take(cli, argc, argv, at) != CLI_OK)
		return CLI_USAGE;
	cli->json = cli_option(cli, "json");
	if (cli_option(cli, "help"))
		return CLI_OK;
	if (cli->json && cli->command && cli->command->no_json)
		return cli_fail(cli, CLI_USAGE, "%s", cli->command->no_json);
	if (cli->family)
		return fail_family(cli, cli->family);
	if (cli->arg_count < cli->command->least && !cli->arg_count && cli_is_family(cli->command->words))
		return fail_family(cli, cli->command->words);
	if (cli->arg_count < cli->command->least || cli->arg_count > cli->command->most)
		return fail_arguments(cli);
	return CLI_OK;
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

int cli_dialect(const struct cli *cli, const char *name, enum rh_dialect absent, enum rh_dialect *out)
{
	const char *text = cli_option(cli, name);

	*out = absent;
	if (!text || rh_dialect_from_name(text, out) == 0)
		return CLI_OK;
	return cli_fail(cli, CLI_USAGE, "dialect %s is unknown: mqtt, solace, nats, zenoh and amqp are known", text);
}

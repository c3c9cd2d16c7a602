#include "tools/rhumb/command.h"

#include "controlplane/api/ctl.h"
#include "tools/rhumb/fail.h"
#include "tools/rhumb/help_json.h"
#include "tools/rhumb/version.h"

#include <string.h>

/* "--name ARG" or "-j, --name". Returns its width. */
static int option_form(char *out, size_t room, const struct cli_option *option)
{
	char letter[8] = "";

	if (option->letter)
		(void)snprintf(letter, sizeof(letter), "-%c, ", option->letter);
	return snprintf(out, room, "%s--%s%s%s", letter, option->name, option->argument ? " " : "",
		option->argument ? option->argument : "");
}

static void options_print(FILE *out, const struct cli_option *list)
{
	char form[128];

	for (; list->name; list++) {
		(void)option_form(form, sizeof(form), list);
		fprintf(out, "  %-28s %s\n", form, list->help);
	}
}

void cli_usage_print(FILE *out, const struct cli_command *command)
{
	fprintf(out, "rhumb %s%s%s%s", command->words, command->options[0].name ? " [OPTION]..." : "",
		command->arguments[0] ? " " : "", command->arguments);
}

static void rows_print(FILE *out, const char *family)
{
	char form[128];

	for (size_t i = 0; i < cli_command_count; i++) {
		if (family && !cli_second_word(&cli_commands[i], family))
			continue;
		(void)snprintf(form, sizeof(form), "%s %s", cli_commands[i].words, cli_commands[i].arguments);
		fprintf(out, "  %-28s %s\n", form, cli_commands[i].help);
	}
}

static void command_help(FILE *out, const struct cli_command *command)
{
	fprintf(out, "usage: ");
	cli_usage_print(out, command);
	fprintf(out, "\n\n%s\n", command->help);
	if (command->more)
		fprintf(out, "\n%s\n", command->more);
	if (command->options[0].name) {
		fprintf(out, "\noptions:\n");
		options_print(out, command->options);
	}
	fprintf(out, "\noptions of every command:\n");
	options_print(out, cli_globals);
	if (cli_is_family(command->words)) {
		fprintf(out, "\nsee also:\n");
		rows_print(out, command->words);
	}
}

void cli_family_print(FILE *out, const char *family)
{
	const char *separator = "usage: rhumb";

	for (size_t i = 0; i < cli_command_count; i++) {
		if (strcmp(cli_commands[i].words, family) != 0)
			continue;
		fprintf(out, "usage: ");
		cli_usage_print(out, &cli_commands[i]);
		separator = "\n   or: rhumb";
	}
	fprintf(out, "%s %s", separator, family);
	separator = " ";
	for (size_t i = 0; i < cli_command_count; i++) {
		const char *second = cli_second_word(&cli_commands[i], family);

		if (!second)
			continue;
		fprintf(out, "%s%s", separator, second);
		separator = "|";
	}
	fprintf(out, "\n\n");
	rows_print(out, family);
}

static void all_help(FILE *out)
{
	fprintf(out, "usage: rhumb [OPTION]... COMMAND ...\n\ncommands:\n");
	rows_print(out, NULL);
	fprintf(out, "\noptions of every command:\n");
	options_print(out, cli_globals);
	fprintf(out, "\nexit status: 0 ok, 1 refused, 2 usage, 3 no daemon\n");
}

/* What help is asked for: neither @command nor @family, one or both of them. */
static int subject_find(const struct cli *cli, const struct cli_command **command, const char **family)
{
	int used;

	*command = cli->command && cli->command->run != cli_help_run ? cli->command : NULL;
	*family = cli->family;
	if (!cli->arg_count || *command)
		return CLI_OK;
	*command = cli_command_find(cli->arg_count, (char *const *)cli->args, &used);
	if (cli->arg_count == 1 && cli_is_family(cli->args[0]))
		*family = cli->args[0];
	if ((*command && used == cli->arg_count) || *family)
		return CLI_OK;
	if (*command)
		return cli_fail(cli, CLI_USAGE, "%s takes no second word: rhumb help %s", cli->args[0], cli->args[0]);
	return fail_unknown_command(cli, cli->args[0], cli->arg_count > 1 ? cli->args[1] : "");
}

int cli_help_run(struct cli *cli)
{
	const struct cli_command *command;
	const char *family;
	int code = subject_find(cli, &command, &family);

	if (code != CLI_OK)
		return code;
	if (cli->json)
		return help_json_print(cli, command, family);
	if (command)
		command_help(cli->out, command);
	else if (family)
		cli_family_print(cli->out, family);
	else
		all_help(cli->out);
	return CLI_OK;
}

int cli_version_run(struct cli *cli)
{
	if (cli->json)
		fprintf(cli->out, "{\"version\":\"%s\",\"control_protocol\":%d}\n", RHUMB_VERSION, CTL_VERSION);
	else
		fprintf(cli->out, "rhumb %s, control protocol %d\n", RHUMB_VERSION, CTL_VERSION);
	return CLI_OK;
}

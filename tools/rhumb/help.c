#include "tools/rhumb/command.h"

#include "controlplane/api/ctl.h"
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
	fprintf(out, "rhumb %s%s%s%s\n", command->words, command->options[0].name ? " [OPTION]..." : "",
		command->arguments[0] ? " " : "", command->arguments);
}

static void command_help(FILE *out, const struct cli_command *command)
{
	fprintf(out, "usage: ");
	cli_usage_print(out, command);
	fprintf(out, "\n%s\n", command->help);
	if (command->more)
		fprintf(out, "\n%s\n", command->more);
	if (command->options[0].name) {
		fprintf(out, "\noptions:\n");
		options_print(out, command->options);
	}
	fprintf(out, "\noptions of every command:\n");
	options_print(out, cli_globals);
}

static void all_help(FILE *out)
{
	char form[128];

	fprintf(out, "usage: rhumb [OPTION]... COMMAND ...\n\ncommands:\n");
	for (size_t i = 0; i < cli_command_count; i++) {
		(void)snprintf(form, sizeof(form), "%s %s", cli_commands[i].words, cli_commands[i].arguments);
		fprintf(out, "  %-28s %s\n", form, cli_commands[i].help);
	}
	fprintf(out, "\noptions of every command:\n");
	options_print(out, cli_globals);
	fprintf(out, "\nexit status: 0 ok, 1 refused, 2 usage, 3 no daemon\n");
}

int cli_help_run(struct cli *cli)
{
	const struct cli_command *command = cli->command;
	int used;

	if (command && command->run == cli_help_run)
		command = NULL;
	if (cli->arg_count) {
		command = cli_command_find(cli->arg_count, (char *const *)cli->args, &used);
		if (!command || used != cli->arg_count)
			return cli_fail(cli, CLI_USAGE, "%s is not a command: see rhumb help", cli->args[0]);
	}
	if (command)
		command_help(cli->out, command);
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

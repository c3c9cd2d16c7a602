#include "tools/rhumb/help_json.h"

#include "controlplane/api/ctl.h"
#include "tools/rhumb/connect.h"

static json_t *options_json(const struct cli_option *list)
{
	json_t *array = json_array();

	for (; list->name; list++) {
		const char letter[2] = {list->letter, '\0'};

		(void)json_array_append_new(array,
			json_pack("{s:s, s:s?, s:s?, s:s, s:b}", "name", list->name, "letter",
				letter[0] ? letter : NULL, "argument", list->argument, "help", list->help, "repeats",
				list->repeats));
	}
	return array;
}

/* What it needs on the control socket, null for commands that do not ask there. */
static const char *permission_name(const struct cli_command *command)
{
	static const char *const names[] = {"read", "change", "admin"};
	int permission = command->needs == CLI_DAEMON ? ctl_type_permission(command->type) : -1;

	return permission < 0 ? NULL : names[permission];
}

static json_t *command_json(const struct cli_command *command)
{
	static const char *const needs[] = {"nothing", "router", "daemon"};

	return json_pack("{s:s, s:s, s:s, s:s?, s:i, s:o, s:s, s:s?, s:b, s:o}", "command", command->words, "arguments",
		command->arguments, "help", command->help, "more", command->more, "least_arguments",
		(int)command->least, "most_arguments",
		command->most == CLI_ENDLESS ? json_null() : json_integer(command->most), "needs",
		needs[command->needs], "permission", permission_name(command), "json", !command->no_json, "options",
		options_json(command->options));
}

int help_json_print(const struct cli *cli, const struct cli_command *command, const char *family)
{
	json_t *rows = json_array(), *answer;
	int code;

	for (size_t i = 0; i < cli_command_count; i++) {
		const struct cli_command *row = &cli_commands[i];

		if ((!command && !family) || row == command || (family && cli_second_word(row, family)))
			(void)json_array_append_new(rows, command_json(row));
	}
	answer = json_pack("{s:o, s:o}", "commands", rows, "options", options_json(cli_globals));
	code = answer ? cli_json_print(cli, answer) : cli_fail(cli, CLI_REFUSED, "out of memory");
	json_decref(answer);
	return code;
}

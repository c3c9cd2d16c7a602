#include "tools/rhumb/command.h"

#include "controlplane/api/ctl.h"

const struct cli_option cli_globals[] = {
	{"json", NULL, "answer in JSON with stable keys", 'j', false},
	{"socket", "PATH", "control socket; else RHUMB_SOCKET, else " CTL_DEFAULT_SOCKET, 's', false},
	{"help", NULL, "say what the command does", 'h', false},
	{0},
};

const struct cli_command cli_commands[] = {
	{.words = "match",
		.arguments = "FILTER TOPIC | --batch",
		.help = "does a topic filter match a topic? needs no daemon",
		.more = "Exit status 0 match, 1 no match, 2 filter or topic invalid. With --batch each line of the "
			"standard input is a filter, a tab and a topic, and is answered by match, nomatch or invalid.",
		.most = 2,
		.run = cli_match_run,
		.options = {{"dialect", "NAME", "of the filter: mqtt (default)", 0, false},
			{"batch", NULL, "read tab-separated filters and topics from stdin", 0, false}}},
	{.words = "completion",
		.arguments = "bash",
		.help = "print the completion script: source <(rhumb completion bash)",
		.least = 1,
		.most = 1,
		.run = cli_completion_run},
	{.words = "man", .arguments = "", .help = "print the manual page rhumb(1)", .run = cli_man_run},
	{.words = "version", .arguments = "", .help = "print the version", .run = cli_version_run},
	{.words = "help",
		.arguments = "[COMMAND]",
		.help = "list the commands, or explain one",
		.most = 2,
		.run = cli_help_run},
};

const size_t cli_command_count = RH_ARRAY_LEN(cli_commands);

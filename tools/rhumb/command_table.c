#include "tools/rhumb/command.h"

#include "controlplane/api/ctl.h"
#include "tools/rhumb/router.h"

const struct cli_option cli_globals[] = {
	{"json", NULL, "answer in JSON with stable keys", 'j', false},
	{"socket", "PATH", "control socket; else RHUMB_SOCKET, else " CTL_DEFAULT_SOCKET, 's', false},
	{"help", NULL, "say what the command does", 'h', false},
	{0},
};

const struct cli_command cli_commands[] = {
	{.words = "pub",
		.arguments = "TOPIC | --batch",
		.help = "publish events, paced by the router's credit",
		.more = "A line of --batch is a JSON object: {\"topic\": \"a/b\", \"payload\": \"text\"} with "
			"\"payload_base64\" instead of \"payload\", \"attributes\": {\"name\": \"value\"}, \"class\" (0 to 7) and "
			"\"ttl_ms\" as wanted. A summary in JSON is printed at the end. Events that are too large are counted, not "
			"fatal. Exit status 1 when lines were invalid or nothing but too large events came.",
		.most = 1,
		.needs = CLI_ROUTER,
		.run = cli_pub_run,
		.options = {{"payload", "TEXT", "the event's payload", 0, false},
			{"file", "FILE", "take the payload from a file; - for stdin", 0, false},
			{"stdin-lines", NULL, "publish each line of stdin as an event", 0, false},
			{"batch", NULL, "publish JSON lines from stdin", 0, false},
			{"attr", "NAME=VALUE", "a CloudEvents attribute", 0, true},
			{"count", "N", "publish the event so often", 0, false},
			{"rate", "N", "at most so many events a second", 0, false}, CLI_ROUTER_OPTIONS}},
	{.words = "sub",
		.arguments = "FILTER...",
		.help = "subscribe and print what comes",
		.more = "With --json each event is a line: topic, publisher, sequence, attributes, payload_len, payload_sha256 (or "
			"payload, or payload_base64 where it is not UTF-8), origin_ns, received_ns, latency_us; the last line is a "
			"summary. Ends on SIGINT or SIGTERM with exit status 0.",
		.most = CLI_ENDLESS,
		.needs = CLI_ROUTER,
		.run = cli_sub_run,
		.options = {{"match", "REGEX", "only events whose payload matches, for all filters", 0, false},
			{"filters-from", "FILE", "further filters, one a line", 0, false},
			{"count", "N", "end after so many events", 0, false},
			{"idle-exit", "SECONDS", "end when nothing came for so long", 0, false},
			{"slow", "N", "take only N events a second: be slow on purpose", 0, false},
			{"output", "FILE", "write events to a file", 0, false},
			{"ready-file", "FILE", "create it when all subscriptions are active", 0, false},
			{"payload", NULL, "with --json: the payload instead of its SHA-256", 0, false},
			{"quiet-payload", NULL, "without --json: topics only", 0, false}, CLI_ROUTER_OPTIONS}},
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

#include "tools/rhumb/connect.h"
#include "tools/rhumb/table.h"

static void level_print(const struct cli *cli, const json_t *answer)
{
	cli_fields_print(cli->out, answer);
}

static void rooms_print(const struct cli *cli, const json_t *answer)
{
	cli_table_print(cli->out, json_object_get(answer, "rooms"), "room level");
}

int cli_log_level_run(struct cli *cli)
{
	json_t *args = json_pack("{s:s, s:s}", "room", cli->args[0], "level", cli->args[1]);

	return args ? cli_ask_print(cli, args, level_print) : cli_fail(cli, CLI_REFUSED, "arguments must be UTF-8");
}

int cli_log_show_run(struct cli *cli)
{
	return cli_ask_print(cli, NULL, rooms_print);
}

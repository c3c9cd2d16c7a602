#include "tools/rhumb/connect.h"
#include "tools/rhumb/table.h"

static int answer_show(struct cli *cli, json_t *args, const char *list)
{
	json_t *answer;
	int code = args ? cli_ask(cli, args, &answer) : cli_fail(cli, CLI_REFUSED, "arguments must be UTF-8");

	if (code != CLI_OK)
		return code;
	if (cli->json)
		code = cli_json_print(cli, answer);
	else if (list)
		cli_table_print(cli->out, json_object_get(answer, list), "room level");
	else
		cli_fields_print(cli->out, answer);
	json_decref(answer);
	return code;
}

int cli_log_level_run(struct cli *cli)
{
	return answer_show(cli, json_pack("{s:s, s:s}", "room", cli->args[0], "level", cli->args[1]), NULL);
}

int cli_log_show_run(struct cli *cli)
{
	return answer_show(cli, json_object(), "rooms");
}

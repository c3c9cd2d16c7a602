#include "tools/rhumb/connect.h"
#include "tools/rhumb/table.h"

int cli_shutdown_run(struct cli *cli)
{
	json_t *answer, *args;
	uint64_t drain_ms;
	int code = cli_number(cli, "drain-ms", 0, UINT32_MAX, 0, &drain_ms);

	if (code != CLI_OK)
		return code;
	args = cli_option(cli, "drain-ms") ? json_pack("{s:I}", "drain_ms", (json_int_t)drain_ms) : json_object();
	code = cli_ask(cli, args, &answer);
	if (code != CLI_OK)
		return code;
	if (cli->json)
		code = cli_json_print(cli, answer);
	else
		cli_fields_print(cli->out, answer);
	json_decref(answer);
	return code;
}

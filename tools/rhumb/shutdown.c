#include "tools/rhumb/connect.h"
#include "tools/rhumb/table.h"

static void draining_print(const struct cli *cli, const json_t *answer)
{
	cli_fields_print(cli->out, answer);
}

int cli_shutdown_run(struct cli *cli)
{
	uint64_t drain_ms;
	int code = cli_number(cli, "drain-ms", 0, UINT32_MAX, 0, &drain_ms);

	if (code != CLI_OK)
		return code;
	return cli_ask_print(cli,
		cli_option(cli, "drain-ms") ? json_pack("{s:I}", "drain_ms", (json_int_t)drain_ms) : NULL,
		draining_print);
}

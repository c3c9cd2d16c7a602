#pragma once

#include "tools/rhumb/command.h"

/* The table of commands as docs/schemas/help.json: the rows of @command and of @family, all when both are NULL. Exit code. */
int help_json_print(const struct cli *cli, const struct cli_command *command, const char *family);

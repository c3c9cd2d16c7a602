#pragma once

/* What is said when a command line is wrong; each says what would be right and returns CLI_USAGE. */

#include "tools/rhumb/command.h"

#include <jansson.h>

/* @second: what stands behind @first, "" for nothing. */
int fail_unknown_command(const struct cli *cli, const char *first, const char *second);
int fail_unknown_option(const struct cli *cli, const char *arg);
/* Too few or too many arguments. */
int fail_arguments(const struct cli *cli);
/* The first word of several commands stands alone. */
int fail_family(const struct cli *cli, const char *family);

/* A sentence as JSON. What was typed, or came over a socket, may be no UTF-8: such bytes become '?', also in @text. The caller's. */
json_t *fail_text_json(char *text);

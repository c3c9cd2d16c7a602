#pragma once

/* An attribute as explain's --attr has it: NAME=VALUE is a string, NAME:int=VALUE an integer, NAME:bool=VALUE a boolean. */

#include "tools/rhumb/command.h"

#include <jansson.h>

/* Adds what @text says to the object @all, as CloudEvents has it in JSON. CLI_OK, or CLI_USAGE after a sentence. */
int cli_attribute_take(const struct cli *cli, const char *text, json_t *all);

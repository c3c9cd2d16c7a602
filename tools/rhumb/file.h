#pragma once

/* Files that a command reads; "-" is the standard input. */

#include <stdio.h>

/* NULL with errno. */
FILE *cli_file_open(const char *name);
/* NULL is nothing; the standard input stays open. */
void cli_file_close(FILE *file);

#include "tools/rhumb/file.h"

#include <string.h>

FILE *cli_file_open(const char *name)
{
	return strcmp(name, "-") == 0 ? stdin : fopen(name, "rb");
}

void cli_file_close(FILE *file)
{
	if (file && file != stdin)
		(void)fclose(file);
}

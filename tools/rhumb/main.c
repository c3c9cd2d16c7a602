#include "tools/rhumb/command.h"

#include <signal.h>

int main(int argc, char **argv)
{
	struct cli cli;
	int code = cli_parse(&cli, argc, argv);

	/* A reader that went away ends output, not the process in the middle of a session. */
	(void)signal(SIGPIPE, SIG_IGN);
	if (code == CLI_OK)
		code = !cli.command || cli_option(&cli, "help") ? cli_help_run(&cli) : cli.command->run(&cli);
	if (fflush(stdout) != 0 && code == CLI_OK)
		code = CLI_REFUSED;
	cli_fini(&cli);
	return code;
}

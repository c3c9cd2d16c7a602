#include "controlplane/main/options.h"

#include "controlplane/api/ctl.h"

#include <stdio.h>

/* Day of the last change that people see; a build's date would make the page differ from day to day. */
#define MAN_DATE "November 21, 2026"

static const char head[] =
	".Dd " MAN_DATE "\n.Dt RHUMBD 8\n.Os\n"
	".Sh NAME\n.Nm rhumbd\n.Nd Rhumb event router\n"
	".Sh SYNOPSIS\n.Nm\n.Op Fl c Ar FILE\n.Nm\n.Fl -check Ar FILE\n"
	".Nm\n.Fl -reference | -man | -version | -help\n"
	".Sh DESCRIPTION\n.Nm\ntakes events from publishers and sends each to the subscribers that asked for it.\n"
	"It stays in the foreground, logs to standard error, and tells\n.Xr systemd 1\nhow it is.\n"
	".Xr rhumb 1\nlooks into it.\n.Pp\nOptions:\n.Bl -tag -width Ds\n";

static const char tail[] =
	".El\n.Sh SIGNALS\n.Bl -tag -width Ds\n"
	".It Dv SIGTERM , SIGINT\nDrain and stop; a second one stops at once.\n"
	".It Dv SIGHUP\nRead the configuration again and report what a restart would change.\n.El\n"
	".Sh ENVIRONMENT\n.Bl -tag -width Ds\n.It Ev " RHUMBD_CONFIG_ENV "\n"
	"Configuration, when\n.Fl -config\nis not given.\n.El\n"
	".Sh FILES\n.Bl -tag -width Ds\n.It Pa " RHUMBD_CONFIG_DEFAULT "\nThe configuration.\n"
	".It Pa " CTL_DEFAULT_SOCKET "\nThe control socket.\n.El\n"
	".Sh EXIT STATUS\n.Bl -tag -width Ds -compact\n.It 0\nStopped as asked, or done.\n"
	".It 1\nThe configuration or the machine does not allow it; standard error says why.\n"
	".It 2\nThe command line is wrong.\n.El\n"
	".Sh SEE ALSO\n.Xr rhumb 1\n";

void rhumbd_man(void)
{
	(void)fputs(head, stdout);
	for (const struct rhumbd_option *one = rhumbd_option_table; one->name; one++) {
		(void)printf(".It ");
		if (one->letter)
			(void)printf("Fl %c , ", one->letter);
		(void)printf("Fl -%s", one->name);
		if (one->argument)
			(void)printf(" Ar %s", one->argument);
		(void)printf("\n%s\n", one->help);
	}
	(void)fputs(tail, stdout);
}

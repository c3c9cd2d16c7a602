#include "tools/rhumb/command.h"

#include "controlplane/api/ctl.h"

#include <string.h>

/* Day of the last change of the table that people see; a build's date would make the page differ from day to day. */
#define MAN_DATE "November 21, 2026"

#define TEXT_COLUMNS 78

static void word_print(FILE *out, const char *word, size_t len)
{
	for (size_t i = 0; i < len; i++)
		fputs(word[i] == '\\' ? "\\e" : (const char[]){word[i], '\0'}, out);
}

/* Running text, filled, each sentence on a line of its own, with roff's escapes. */
static void text_print(FILE *out, const char *text)
{
	size_t column = 0, len;

	for (; *text; text += len + (text[len] == ' ')) {
		len = strcspn(text, " ");
		if (column && column + len >= TEXT_COLUMNS)
			column = 0, fputc('\n', out);
		if (column)
			fputc(' ', out);
		else if (*text == '.' || *text == '\'')
			fputs("\\&", out);
		word_print(out, text, len);
		column += len + 1;
		if (len && strchr(".?", text[len - 1]) && text[len])
			column = 0, fputc('\n', out);
	}
	if (column)
		fputc('\n', out);
}

/* Arguments of a macro: one quoted word. */
static void quoted_print(FILE *out, const char *text)
{
	fputs(" \"", out);
	for (; *text; text++) {
		if (*text == '"')
			fputs("\\(dq", out);
		else if (*text == '\\')
			fputs("\\e", out);
		else
			fputc(*text, out);
	}
	fputc('"', out);
}

static void options_man(FILE *out, const struct cli_option *list)
{
	fprintf(out, ".Bl -tag -width Ds -compact\n");
	for (; list->name; list++) {
		fprintf(out, ".It ");
		if (list->letter)
			fprintf(out, "Fl %c , ", list->letter);
		fprintf(out, "Fl -%s", list->name);
		if (list->argument) {
			fprintf(out, " Ar");
			quoted_print(out, list->argument);
		}
		fputc('\n', out);
		text_print(out, list->help);
		if (list->repeats)
			text_print(out, "May be given several times.");
	}
	fprintf(out, ".El\n");
}

static const char *permission_text(const struct cli_command *command)
{
	static const char *const texts[] = {"Needs read permission on the control socket.",
		"Needs change permission on the control socket.",
		"Needs admin permission on the control socket: root or the daemon's user."};
	int permission = command->needs == CLI_DAEMON ? ctl_type_permission(command->type) : -1;

	return permission < 0 ? NULL : texts[permission];
}

static void command_man(FILE *out, const struct cli_command *command)
{
	fprintf(out, ".It Ic");
	quoted_print(out, command->words);
	if (command->arguments[0]) {
		fprintf(out, " Ar");
		quoted_print(out, command->arguments);
	}
	fputc('\n', out);
	text_print(out, command->help);
	if (command->more) {
		fprintf(out, ".Pp\n");
		text_print(out, command->more);
	}
	if (permission_text(command)) {
		fprintf(out, ".Pp\n");
		text_print(out, permission_text(command));
	}
	if (command->options[0].name) {
		fprintf(out, ".Pp\n");
		options_man(out, command->options);
	}
}

static void head_man(FILE *out)
{
	fprintf(out, ".Dd " MAN_DATE "\n.Dt RHUMB 1\n.Os\n");
	fprintf(out, ".Sh NAME\n.Nm rhumb\n.Nd look into and use a Rhumb event router\n");
	fprintf(out, ".Sh SYNOPSIS\n.Nm\n.Op Fl j\n.Op Fl s Ar PATH\n.Ar command\n.Op Ar argument ...\n");
	fprintf(out, ".Sh DESCRIPTION\n.Nm\nasks a running rhumbd through its control socket, and publishes to and\n"
		     "subscribes at routers as a client of its own.\n.Pp\nOptions of every command:\n.Pp\n");
	options_man(out, cli_globals);
}

static void tail_man(FILE *out)
{
	fprintf(out, ".Sh ENVIRONMENT\n.Bl -tag -width Ds\n.It Ev RHUMB_SOCKET\nControl socket, when\n.Fl s\n"
		     "is not given.\n.It Ev RHUMB_ROUTER\nAddress of the router for\n.Ic pub\nand\n.Ic sub .\n.El\n");
	fprintf(out, ".Sh FILES\n.Bl -tag -width Ds\n.It Pa %s\nThe control socket.\n.El\n", CTL_DEFAULT_SOCKET);
	fprintf(out, ".Sh EXIT STATUS\n.Bl -tag -width Ds -compact\n.It 0\nDone.\n.It 1\nRefused; the sentence on "
		     "standard error says why.\n.It 2\nThe command line is wrong.\n.It 3\nNo daemon, or one that speaks another "
		     "version.\n.El\n");
	fprintf(out, ".Sh EXAMPLES\n.Dl rhumb match 'alarms/+/fire' alarms/7/fire\n");
	fprintf(out, ".Sh DIAGNOSTICS\nAn error is one line on standard error, rhumb COMMAND: and a sentence.\nWith\n.Fl j\n"
		     "it is a JSON object with the keys error (the sentence), kind (refused, usage or no_daemon, as the\n"
		     "exit status 1, 2 or 3) and command (null where none was understood); standard output\nthen holds answers "
		     "only.\n");
}

int cli_man_run(struct cli *cli)
{
	head_man(cli->out);
	fprintf(cli->out, ".Sh COMMANDS\n.Bl -tag -width Ds\n");
	for (size_t i = 0; i < cli_command_count; i++)
		command_man(cli->out, &cli_commands[i]);
	fprintf(cli->out, ".El\n");
	tail_man(cli->out);
	return CLI_OK;
}

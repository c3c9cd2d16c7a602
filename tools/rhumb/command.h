#pragma once

/*
 * The one table of commands (command_table.c): a row is the grammar, the help, the completion, the manual page and the handler.
 * Everything here runs on the one thread of the process.
 */

#include "dataplane/base/compiler.h"
#include "dataplane/filter/dialect.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum cli_exit { CLI_OK = 0, CLI_REFUSED = 1, CLI_USAGE = 2, CLI_NO_DAEMON = 3 };

/* What a command needs: nothing (CLI_LOCAL), a router (CLI_ROUTER), or the control socket, with the message in .type. */
enum cli_needs { CLI_LOCAL, CLI_ROUTER, CLI_DAEMON };

#define CLI_OPTIONS_MAX 20
#define CLI_ENDLESS	UINT16_MAX

struct cli_option {
	const char *name;     /* without the dashes */
	const char *argument; /* its name; FILE and PATH are completed as such; NULL: a flag */
	const char *help;
	char letter; /* short form, 0 for none */
	bool repeats;
};

struct cli;

struct cli_command {
	const char *words;     /* one or two, as they are typed */
	const char *arguments; /* as the usage line shows them; "" for none */
	const char *help;      /* one line */
	const char *more;      /* for the manual page; NULL for none */
	const char *no_json;   /* why --json is refused; NULL: it is answered */
	uint16_t least, most;  /* arguments */
	enum cli_needs needs;
	uint16_t type; /* CLI_DAEMON: enum ctl_type */
	int (*run)(struct cli *cli);
	struct cli_option options[CLI_OPTIONS_MAX]; /* ends with a NULL name */
};

extern const struct cli_command cli_commands[];
extern const size_t cli_command_count;
/* Options of every command; ends with a NULL name. */
extern const struct cli_option cli_globals[];

struct cli_value {
	const struct cli_option *option;
	const char *text; /* NULL for a flag */
};

/* A parsed command line; points into argv. */
struct cli {
	const struct cli_command *command; /* NULL: none was given, or only @family */
	const char *family;		   /* first word of several commands that stands alone; else NULL */
	const char **args;
	struct cli_value *values;
	uint16_t arg_count, value_count;
	bool json;
	FILE *out;
};

/* Parse @argv into @cli. CLI_OK, or CLI_USAGE after a sentence on stderr. */
int cli_parse(struct cli *cli, int argc, char **argv);
void cli_fini(struct cli *cli);
/* The row whose words @argv begins with, NULL when there is none; *used gets the number of words. */
const struct cli_command *cli_command_find(int argc, char *const *argv, int *used);
/* The second word of a row of two words whose first is @family; else NULL. */
const char *cli_second_word(const struct cli_command *command, const char *family);
/* Is @word the first of two words of some command ("show")? */
bool cli_is_family(const char *word);

/* The option's last value, "" for a flag that is given, NULL when it is not. @name must be in the table. */
const char *cli_option(const struct cli *cli, const char *name);
/* The @n-th value of an option that repeats; NULL behind the last. */
const char *cli_option_at(const struct cli *cli, const char *name, unsigned n);
/* A whole number in [@least, @most]; @absent when not given. CLI_OK or CLI_USAGE after a sentence. */
int cli_number(const struct cli *cli, const char *name, uint64_t least, uint64_t most, uint64_t absent,
	uint64_t *out);
/* Likewise with a fraction. */
int cli_decimal(const struct cli *cli, const char *name, double least, double most, double absent,
	double *out);

/* A dialect by its name. */
int cli_dialect(const struct cli *cli, const char *name, enum rh_dialect absent, enum rh_dialect *out);

/* One line on stderr: "rhumb COMMAND: ...", with --json docs/schemas/error.json. Returns @code, which is not CLI_OK. */
int cli_fail(const struct cli *cli, int code, const char *fmt, ...) rh_printf(3, 4);

/* The usage line of a row, without "usage:" and the line's end. */
void cli_usage_print(FILE *out, const struct cli_command *command);
/* Usage of a family: its commands, a line each. */
void cli_family_print(FILE *out, const char *family);

int cli_help_run(struct cli *cli);
int cli_version_run(struct cli *cli);
int cli_man_run(struct cli *cli);
int cli_completion_run(struct cli *cli);
int cli_match_run(struct cli *cli);
int cli_filter_eval_run(struct cli *cli);
int cli_filter_check_run(struct cli *cli);
int cli_pub_run(struct cli *cli);
int cli_sub_run(struct cli *cli);
int cli_show_run(struct cli *cli);
int cli_show_topics_run(struct cli *cli);
int cli_explain_run(struct cli *cli);
int cli_trace_start_run(struct cli *cli);
int cli_trace_show_run(struct cli *cli);
int cli_trace_follow_run(struct cli *cli);
int cli_log_level_run(struct cli *cli);
int cli_log_show_run(struct cli *cli);
int cli_shutdown_run(struct cli *cli);

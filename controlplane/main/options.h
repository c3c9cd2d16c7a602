#pragma once

/* The command line of rhumbd. */

#define RHUMBD_CONFIG_DEFAULT "/etc/rhumb/rhumb.json"
#define RHUMBD_CONFIG_ENV     "RHUMB_CONFIG"

enum rhumbd_action {
	RHUMBD_RUN,
	RHUMBD_CHECK,
	RHUMBD_VERSION_SHOW,
	RHUMBD_REFERENCE,
	RHUMBD_MAN,
	RHUMBD_HELP,
	RHUMBD_USAGE
};

struct rhumbd_option {
	const char *name; /* without the dashes */
	char letter;	  /* short form, 0 for none */
	const char *argument; /* its name; NULL: a flag. Its value is the configuration's path */
	enum rhumbd_action action;
	const char *help;
};

/* Getopt, the help and the manual page are made of it; ends with a NULL name. */
extern const struct rhumbd_option rhumbd_option_table[];

struct rhumbd_options {
	enum rhumbd_action action;
	const char *config;
};

/* RHUMBD_USAGE after a wrong option, which was named on stderr. */
void rhumbd_options_parse(int argc, char **argv, struct rhumbd_options *out);
void rhumbd_help(void);
/* The manual page rhumbd(8), mdoc, on stdout. */
void rhumbd_man(void);

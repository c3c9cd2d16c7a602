#pragma once

/* The command line of rhumbd. */

#define RHUMBD_CONFIG_DEFAULT "/etc/rhumb/rhumb.json"
#define RHUMBD_CONFIG_ENV     "RHUMB_CONFIG"

enum rhumbd_action {
	RHUMBD_RUN,
	RHUMBD_CHECK,
	RHUMBD_VERSION_SHOW,
	RHUMBD_REFERENCE,
	RHUMBD_HELP,
	RHUMBD_USAGE
};

struct rhumbd_options {
	enum rhumbd_action action;
	const char *config;
};

/* RHUMBD_USAGE after a wrong option, which was named on stderr. */
void rhumbd_options_parse(int argc, char **argv, struct rhumbd_options *out);
void rhumbd_help(void);

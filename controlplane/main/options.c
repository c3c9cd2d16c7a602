#include "controlplane/main/options.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

const struct rhumbd_option rhumbd_option_table[] = {
	{"config", 'c', "FILE", RHUMBD_RUN,
		"configuration (default: $" RHUMBD_CONFIG_ENV ", else " RHUMBD_CONFIG_DEFAULT ")"},
	{"check", 0, "FILE", RHUMBD_CHECK,
		"check a configuration, say what the router would do, and exit 0 or 1"},
	{"reference", 0, NULL, RHUMBD_REFERENCE, "print the reference of all settings (Markdown)"},
	{"man", 0, NULL, RHUMBD_MAN, "print the manual page rhumbd(8)"},
	{"version", 0, NULL, RHUMBD_VERSION_SHOW, "print the versions of rhumbd, Hyperscan and DPDK"},
	{"help", 'h', NULL, RHUMBD_HELP, "say what the options do"},
	{0},
};

#define ROW 256
#define OPTIONS (sizeof(rhumbd_option_table) / sizeof(rhumbd_option_table[0]))

void rhumbd_help(void)
{
	(void)printf("usage: rhumbd [--config FILE]\n"
		     "       rhumbd --check FILE | --reference | --man | --version | --help\n\n");
	for (const struct rhumbd_option *one = rhumbd_option_table; one->name; one++) {
		char letter[] = "-x, ";

		letter[1] = one->letter;
		(void)printf("  %4s--%-9s %-4s  %s\n", one->letter ? letter : "", one->name,
			one->argument ? one->argument : "", one->help);
	}
	(void)printf("\nSIGTERM and SIGINT drain and stop, a second one at once; SIGHUP reads the "
		     "configuration again\n"
		     "and reports what a restart would change. See rhumbd(8) and "
		     "docs/configuration.md.\n");
}

/* getopt's table: .val is the row's number, above all letters. */
static void longs_fill(struct option longs[OPTIONS])
{
	for (size_t i = 0; i < OPTIONS; i++)
		longs[i] = (struct option){rhumbd_option_table[i].name,
			rhumbd_option_table[i].argument ? required_argument : no_argument, NULL,
			rhumbd_option_table[i].name ? ROW + (int)i : 0};
}

static const struct rhumbd_option *row_of(int option)
{
	if (option >= ROW)
		return &rhumbd_option_table[option - ROW];
	for (const struct rhumbd_option *one = rhumbd_option_table; one->name; one++)
		if (one->letter == option)
			return one;
	return NULL;
}

void rhumbd_options_parse(int argc, char **argv, struct rhumbd_options *out)
{
	const char *from_environment = getenv(RHUMBD_CONFIG_ENV);
	struct option longs[OPTIONS];
	int option;

	*out = (struct rhumbd_options){RHUMBD_RUN,
		from_environment != NULL && from_environment[0] != '\0' ? from_environment
									: RHUMBD_CONFIG_DEFAULT};
	longs_fill(longs);
	while ((option = getopt_long(argc, argv, "c:h", longs, NULL)) != -1) {
		const struct rhumbd_option *row = row_of(option);

		if (row == NULL) {
			out->action = RHUMBD_USAGE;
			return;
		}
		if (row->argument != NULL)
			out->config = optarg;
		if (row->action != RHUMBD_RUN)
			out->action = row->action;
	}
	if (optind < argc) {
		(void)fprintf(stderr, "rhumbd: unexpected argument \"%s\"; see rhumbd --help\n",
			argv[optind]);
		out->action = RHUMBD_USAGE;
	}
}

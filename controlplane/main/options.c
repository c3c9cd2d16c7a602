#include "controlplane/main/options.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

static const struct option longs[] = {
	{"config", required_argument, NULL, 'c'},
	{"check", required_argument, NULL, 'C'},
	{"reference", no_argument, NULL, 'R'},
	{"version", no_argument, NULL, 'V'},
	{"help", no_argument, NULL, 'h'},
	{NULL, 0, NULL, 0},
};

void rhumbd_help(void)
{
	(void)printf("usage: rhumbd [--config FILE]\n"
		     "       rhumbd --check FILE | --reference | --version | --help\n"
		     "\n"
		     "  -c, --config FILE  configuration (default: $" RHUMBD_CONFIG_ENV
		     ", else " RHUMBD_CONFIG_DEFAULT ")\n"
		     "      --check FILE   check a configuration, say what the router would do, "
		     "and exit 0 or 1\n"
		     "      --reference    print the reference of all settings (Markdown)\n"
		     "      --version      print the versions of rhumbd, Hyperscan and DPDK\n"
		     "\n"
		     "SIGTERM and SIGINT drain and stop, a second one at once; SIGHUP reads the "
		     "configuration again\n"
		     "and reports what a restart would change. See rhumbd(8) and "
		     "docs/configuration.md.\n");
}

void rhumbd_options_parse(int argc, char **argv, struct rhumbd_options *out)
{
	const char *from_environment = getenv(RHUMBD_CONFIG_ENV);
	int option;

	*out = (struct rhumbd_options){RHUMBD_RUN,
		from_environment != NULL && from_environment[0] != '\0' ? from_environment
									: RHUMBD_CONFIG_DEFAULT};
	while ((option = getopt_long(argc, argv, "c:h", longs, NULL)) != -1) {
		switch (option) {
		case 'C':
			out->action = RHUMBD_CHECK;
			/* fall through */
		case 'c':
			out->config = optarg;
			break;
		case 'R':
			out->action = RHUMBD_REFERENCE;
			break;
		case 'V':
			out->action = RHUMBD_VERSION_SHOW;
			break;
		case 'h':
			out->action = RHUMBD_HELP;
			break;
		default:
			out->action = RHUMBD_USAGE;
			return;
		}
	}
	if (optind < argc) {
		(void)fprintf(stderr, "rhumbd: unexpected argument \"%s\"; see rhumbd --help\n",
			argv[optind]);
		out->action = RHUMBD_USAGE;
	}
}

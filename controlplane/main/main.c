#include "controlplane/main/check.h"
#include "controlplane/main/loop.h"
#include "controlplane/main/options.h"
#include "controlplane/main/router.h"
#include "controlplane/main/version.h"
#include "dataplane/base/cpu.h"
#include "dataplane/base/log.h"

#include <stdio.h>

#define EXIT_USAGE 2

static int run(const char *config)
{
	static struct router router;
	struct rh_error err = {""};

	router_signals_hold();
	router.config_path = config;
	if (router_up(&router, &err) < 0) {
		(void)fprintf(stderr, "rhumbd: %s\n", err.text);
		return 1;
	}
	rhumbd_loop_run(&router.loop, &router.stop);
	router_down(&router);
	rh_log_info(MAIN, "stopped");
	return 0;
}

int main(int argc, char **argv)
{
	struct rhumbd_options options;
	struct rh_error err;

	if (rh_cpu_check(&err) < 0) {
		(void)fprintf(stderr, "rhumbd: %s\n", err.text);
		return 1;
	}
	rhumbd_options_parse(argc, argv, &options);
	switch (options.action) {
	case RHUMBD_RUN:
		return run(options.config);
	case RHUMBD_CHECK:
		return rhumbd_check(options.config);
	case RHUMBD_VERSION_SHOW:
		(void)printf("rhumbd %s\nHyperscan %s\n%s\n", rhumbd_version(),
			rhumbd_hyperscan_version(), rhumbd_dpdk_version());
		return 0;
	case RHUMBD_REFERENCE:
		return cp_conf_reference(stdout) < 0;
	case RHUMBD_MAN:
		rhumbd_man();
		return 0;
	case RHUMBD_HELP:
		rhumbd_help();
		return 0;
	case RHUMBD_USAGE:
		break;
	}
	return EXIT_USAGE;
}

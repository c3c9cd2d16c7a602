#include "controlplane/conf/flatten_priv.h"

#include <sched.h>
#include <string.h>
#include <unistd.h>

#ifndef RHUMB_LIBEXEC
#define RHUMB_LIBEXEC "/usr/libexec/rhumb"
#endif

static void default_worker(struct cp_conf *conf)
{
	struct dp_worker_conf *worker = &conf->engine.workers[0];
	cpu_set_t set;

	worker->core = conf->eal.control_core;
	worker->idle = DP_IDLE_YIELD;
	CPU_ZERO(&set);
	if (sched_getaffinity(0, sizeof(set), &set) == 0)
		for (int cpu = CPU_SETSIZE - 1; cpu >= 0; cpu--)
			if (CPU_ISSET(cpu, &set) && (unsigned)cpu != conf->eal.control_core) {
				worker->core = (unsigned)cpu;
				worker->idle = DP_IDLE_POLL;
				break;
			}
	conf->engine.worker_count = 1;
}

/* rhumbd's own folder, then the build tree's, then where the package puts it. */
static void default_helper(struct cp_conf *conf)
{
	static const char *const places[] = {"rhumb-hsc", "tools/hsc/rhumb-hsc"};
	char dir[128];
	ssize_t n = readlink("/proc/self/exe", dir, sizeof(dir) - 1);
	char *slash;

	dir[n > 0 ? n : 0] = '\0';
	slash = strrchr(dir, '/');
	for (size_t i = 0; slash != NULL && i < RH_ARRAY_LEN(places); i++) {
		slash[1] = '\0';
		(void)snprintf(
			conf->compile_helper, sizeof(conf->compile_helper), "%s%s", dir, places[i]);
		if (access(conf->compile_helper, X_OK) == 0)
			return;
	}
	(void)snprintf(
		conf->compile_helper, sizeof(conf->compile_helper), RHUMB_LIBEXEC "/rhumb-hsc");
}

void conf_defaults(struct cp_conf *conf)
{
	if (conf->node_name[0] == '\0' &&
		gethostname(conf->node_name, sizeof(conf->node_name) - 1) != 0)
		(void)snprintf(conf->node_name, sizeof(conf->node_name), "rhumb");
	if (conf->engine.worker_count == 0)
		default_worker(conf);
	if (conf->compile_helper[0] == '\0')
		default_helper(conf);
}

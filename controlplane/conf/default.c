#include "controlplane/conf/flatten_priv.h"

#include <sched.h>
#include <string.h>
#include <unistd.h>

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

void conf_defaults(struct cp_conf *conf)
{
	if (conf->node_name[0] == '\0' &&
		gethostname(conf->node_name, sizeof(conf->node_name) - 1) != 0)
		(void)snprintf(conf->node_name, sizeof(conf->node_name), "rhumb");
	if (sched_getaffinity(0, sizeof(conf->cores), &conf->cores) < 0)
		CPU_ZERO(&conf->cores);
	if (conf->engine.worker_count == 0)
		default_worker(conf);
}

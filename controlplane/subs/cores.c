/* Where compilations run: the threads that wait for compile helpers, and with them the helpers. */
#include "controlplane/subs/cores.h"

#include <pthread.h>

void cp_cores_choose(const struct cp_conf *conf, cpu_set_t *out)
{
	*out = conf->cores;
	for (uint32_t i = 0; i < conf->engine.worker_count; i++)
		if (conf->engine.workers[i].idle == DP_IDLE_POLL)
			CPU_CLR(conf->engine.workers[i].core, out);
	/* Whoever has all cores polled shares the control loop's. */
	if (CPU_COUNT(&conf->cores))
		CPU_SET(conf->eal.control_core, out);
}

void cp_cores_use(pthread_t thread, const struct cp_conf *conf)
{
	cpu_set_t cores;

	cp_cores_choose(conf, &cores);
	/* Where it may not run there it stays where it is. */
	if (CPU_COUNT(&cores))
		(void)pthread_setaffinity_np(thread, sizeof(cores), &cores);
}

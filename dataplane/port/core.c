#include "dataplane/port/core.h"

#include "dataplane/port/eal_priv.h"
#include "dataplane/port/host.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>

/* As the kernel writes it: "0-3,8". */
static void list_write(const cpu_set_t *set, char *out, size_t size)
{
	size_t used = 0;

	out[0] = '\0';
	for (int cpu = 0; cpu < CPU_SETSIZE && used < size; cpu++) {
		int last = cpu;

		if (!CPU_ISSET(cpu, set))
			continue;
		while (last + 1 < CPU_SETSIZE && CPU_ISSET(last + 1, set))
			last++;
		used += (size_t)snprintf(out + used, size - used, "%s%d", used > 0 ? "," : "", cpu);
		if (last > cpu && used < size)
			used += (size_t)snprintf(out + used, size - used, "-%d", last);
		cpu = last;
	}
}

/*
 * What a thread could be pinned to: a mask (taskset, CPUAffinity=) can be widened by its owner and does not count, a cpuset
 * cannot. The kernel tells when asked for every processor; this thread's own mask is put back at once.
 */
static int allowed(cpu_set_t *out)
{
	cpu_set_t was, all;
	int ret;

	memset(&all, 0xff, sizeof(all));
	if (sched_getaffinity(0, sizeof(was), &was) < 0 || sched_setaffinity(0, sizeof(all), &all) < 0)
		return -errno;
	ret = sched_getaffinity(0, sizeof(*out), out) < 0 ? -errno : 0;
	(void)sched_setaffinity(0, sizeof(was), &was);
	return ret;
}

int dp_core_check_at(const char *root, unsigned core, struct rh_error *err)
{
	char list[128];
	cpu_set_t set;

	if (!dp_host_core_online(root, core, list, sizeof(list)))
		return rh_error_set(
			err, EINVAL, "core %u: not online on this machine: cores %s are", core, list);
	if (core >= DP_EAL_CONTROL_LCORE)
		return rh_error_set(err, EINVAL, "core %u: beyond what can be used: cores 0 to %u", core,
			DP_EAL_CONTROL_LCORE - 1);
	/* No answer to judge by: the start will tell. */
	if (*root || allowed(&set) < 0 || CPU_ISSET(core, &set))
		return 0;
	list_write(&set, list, sizeof(list));
	return rh_error_set(err, EINVAL, "core %u: a cpuset keeps this process off it: cores %s are allowed", core,
		list);
}

int dp_core_check(unsigned core, struct rh_error *err)
{
	return dp_core_check_at("", core, err);
}

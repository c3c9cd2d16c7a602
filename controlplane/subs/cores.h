#pragma once

#include "controlplane/conf/conf.h"

#include <pthread.h>
#include <sched.h>

/*
 * Cores for compilations and the content lane: those that the process was started with (taskset, CPUAffinity=, isolcpus=), without those of
 * workers that poll, and the control core. None: @conf does not know, as in tests.
 */
void cp_cores_choose(const struct cp_conf *conf, cpu_set_t *out);
/* Let @thread, and processes that it starts from now on, run there. The dataplane has pinned the control loop, from
 * which it would inherit one core for all. */
void cp_cores_use(pthread_t thread, const struct cp_conf *conf);

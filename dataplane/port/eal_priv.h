#pragma once

/*
 * Parts of EAL's start that tests look at one by one. Private to dataplane/port.
 */

#include "dataplane/api/port.h"

/* Id of the control thread's lcore: the last one EAL has, so that worker ids can equal core numbers. */
#define DP_EAL_CONTROL_LCORE 127
#define DP_EAL_ARGS_MAX	     48

struct dp_eal_args {
	char text[DP_EAL_ARGS_MAX][256];
	char *argv[DP_EAL_ARGS_MAX + 1];
	int count;
};

/* Fill @args for rte_eal_init, argv[0] included. */
void dp_eal_args_make(struct dp_eal_args *args, const struct dp_eal_conf *conf, bool hugepages);
/* Decide by what is free under @root (see host.h). 0, or -ENOMEM when hugepages are a must and too few. */
int dp_eal_choose_hugepages(
	const char *root, const struct dp_eal_conf *conf, bool *use, struct rh_error *err);
/* dp_eal_start with the machine's tree and the directory of locks given. */
int dp_eal_start_at(
	const char *root, const char *run_dir, const struct dp_eal_conf *conf, struct rh_error *err);
/* What EAL was started with; 0 when somebody else started it (tests). */
uint32_t dp_eal_memory_mb(void);

#include "dataplane/port/eal_priv.h"

#include "dataplane/base/log.h"
#include "dataplane/port/core.h"
#include "dataplane/port/eal_log.h"
#include "dataplane/port/host.h"
#include "dataplane/port/prefix_lock.h"

#include <errno.h>
#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_version.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define MEMORY_DEFAULT_MB 512

static struct {
	bool started, hugepages;
	uint32_t memory_mb;
	struct dp_prefix_lock lock;
} eal = {.lock = {.fd = -1}};

static uint32_t memory_of(const struct dp_eal_conf *conf)
{
	return conf->memory_mb ? conf->memory_mb : MEMORY_DEFAULT_MB;
}

static int check_cores(const char *root, const struct dp_eal_conf *conf, struct rh_error *err)
{
	int ret = dp_core_check_at(root, conf->control_core, err);

	for (uint32_t i = 0; !ret && i < conf->core_count; i++) {
		ret = dp_core_check_at(root, conf->cores[i], err);
		for (uint32_t j = 0; !ret && j < i; j++)
			if (conf->cores[i] == conf->cores[j])
				ret = rh_error_set(err, EINVAL,
					"core %u is listed twice: one worker runs on a core",
					conf->cores[i]);
		if (!ret && conf->cores[i] == conf->control_core)
			rh_log_warn(PORT,
				"core %u carries a worker and the control loop: use idle mode yield there",
				conf->cores[i]);
	}
	return ret;
}

int dp_eal_choose_hugepages(
	const char *root, const struct dp_eal_conf *conf, bool *use, struct rh_error *err)
{
	uint64_t free_mb = dp_host_hugepages_free_mb(root);
	uint32_t need_mb = memory_of(conf);

	*use = conf->hugepages != DP_HUGEPAGES_OFF && free_mb >= need_mb;
	if (*use || conf->hugepages == DP_HUGEPAGES_OFF)
		return 0;
	if (conf->hugepages == DP_HUGEPAGES_ON)
		return rh_error_set(err, ENOMEM,
			"not enough hugepages: %u MiB wanted, %lu MiB free: echo %u > "
			"/proc/sys/vm/nr_hugepages (see docs/operations.md)",
			need_mb, free_mb, (need_mb + 1) / 2);
	rh_log_info(PORT,
		"running without hugepages: %u MiB wanted, %lu MiB free (echo %u > /proc/sys/vm/nr_hugepages "
		"before start makes it faster)",
		need_mb, free_mb, (need_mb + 1) / 2);
	return 0;
}

static void arg_add(struct dp_eal_args *args, const char *fmt, ...) rh_printf(2, 3);

static void arg_add(struct dp_eal_args *args, const char *fmt, ...)
{
	va_list ap;

	if (args->count == DP_EAL_ARGS_MAX)
		return;
	args->argv[args->count] = args->text[args->count];
	va_start(ap, fmt);
	(void)vsnprintf(args->text[args->count++], sizeof(args->text[0]), fmt, ap);
	va_end(ap);
}

/* Lcore ids of workers are core numbers; the control thread has an id of its own, so that it may share a core. */
static void args_cores(struct dp_eal_args *args, const struct dp_eal_conf *conf)
{
	char map[256];
	int used = snprintf(map, sizeof(map), "%u@%u", DP_EAL_CONTROL_LCORE, conf->control_core);

	for (uint32_t i = 0; i < conf->core_count; i++)
		used += snprintf(map + used, sizeof(map) - used, ",%u@%u", conf->cores[i],
			conf->cores[i]);
	arg_add(args, "--lcores=%s", map);
	arg_add(args, "--main-lcore=%u", DP_EAL_CONTROL_LCORE);
}

void dp_eal_args_make(struct dp_eal_args *args, const struct dp_eal_conf *conf, bool hugepages)
{
	memset(args, 0, sizeof(*args));
	arg_add(args, "rhumbd");
	args_cores(args, conf);
	arg_add(args, "--file-prefix=%s", conf->file_prefix);
	arg_add(args, "--no-telemetry");
	arg_add(args, "-m");
	arg_add(args, "%u", memory_of(conf));
	if (hugepages) {
		arg_add(args, "--in-memory");
		arg_add(args, "--single-file-segments");
	} else {
		arg_add(args, "--no-huge");
		arg_add(args, "--no-shconf");
	}
	if (!conf->use_pci) {
		arg_add(args, "--no-pci");
		arg_add(args, "--iova-mode=va");
		return;
	}
	for (uint32_t i = 0; conf->pci_allow && conf->pci_allow[i]; i++)
		arg_add(args, "--allow=%s", conf->pci_allow[i]);
}

static int eal_init(const struct dp_eal_conf *conf, bool hugepages, struct rh_error *err)
{
	struct dp_eal_args args;
	char reason[256];
	int ret, code;

	dp_eal_args_make(&args, conf, hugepages);
	dp_eal_log_reset();
	dp_eal_log_hush();
	ret = rte_eal_init(args.count, args.argv);
	code = rte_errno;
	dp_eal_log_unhush();
	if (ret >= 0) {
		/* DPDK makes a folder for each prefix, puts nothing there in our modes, and never removes it. */
		(void)rmdir(rte_eal_get_runtime_dir());
		return 0;
	}
	return rh_error_set(err, code ? code : EIO, "DPDK does not start with %u MiB %s hugepages: %s",
		memory_of(conf), hugepages ? "of" : "without",
		dp_eal_log_reason(dp_eal_log_text(), reason, sizeof(reason)));
}

int dp_eal_start_at(
	const char *root, const char *run_dir, const struct dp_eal_conf *conf, struct rh_error *err)
{
	bool hugepages;
	int ret;

	if (eal.started)
		return rh_error_set(err, EALREADY, "DPDK was started before in this process");
	ret = check_cores(root, conf, err);
	if (!ret)
		ret = dp_eal_choose_hugepages(root, conf, &hugepages, err);
	if (ret)
		return ret;
	ret = dp_prefix_lock(&eal.lock, run_dir, conf->file_prefix, err);
	if (ret)
		return ret;
	ret = dp_eal_log_open() < 0 ? rh_error_set(err, ENOMEM, "no memory for the log of DPDK")
				    : eal_init(conf, hugepages, err);
	if (ret) {
		dp_prefix_unlock(&eal.lock);
		return ret;
	}
	eal.started = true;
	eal.hugepages = hugepages;
	eal.memory_mb = memory_of(conf);
	return 0;
}

int dp_eal_start(const struct dp_eal_conf *conf, struct rh_error *err)
{
	return dp_eal_start_at("", DP_RUN_DIR, conf, err);
}

void dp_eal_stop(void)
{
	if (!eal.started)
		return;
	(void)rte_eal_cleanup();
	dp_prefix_unlock(&eal.lock);
	eal.started = false;
}

const char *dp_eal_version(void)
{
	return rte_version();
}

bool dp_eal_has_hugepages(void)
{
	return eal.hugepages;
}

uint32_t dp_eal_memory_mb(void)
{
	return eal.memory_mb;
}

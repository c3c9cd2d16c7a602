#include "dataplane/port/eal_log.h"
#include "dataplane/port/eal_priv.h"
#include "dataplane/port/prefix_lock.h"
#include "tests/unit/dataplane/port/tree.h"

#include <errno.h>
#include <rte_eal.h>
#include <rte_lcore.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

static struct rh_error err;
static struct dp_eal_conf conf;
static struct dp_prefix_lock lock;

static void setup(void)
{
	tree_make();
	conf = (struct dp_eal_conf){
		.file_prefix = "unit",
		.hugepages = DP_HUGEPAGES_OFF,
		.memory_mb = 64,
		.cores = {1},
		.core_count = 1,
	};
}

TestSuite(eal, .init = setup, .fini = tree_remove);

static bool has(const struct dp_eal_args *args, const char *wanted)
{
	for (int i = 0; i < args->count; i++)
		if (strcmp(args->argv[i], wanted) == 0)
			return true;
	return false;
}

static void free_pages(const char *count)
{
	tree_file("/sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages", count);
}

Test(eal, pci_is_off_unless_a_port_wants_it)
{
	static const char *const allow[] = {"0000:81:00.0", "0000:81:00.1", NULL};
	struct dp_eal_args args;

	dp_eal_args_make(&args, &conf, false);
	cr_assert(has(&args, "--no-pci"));
	cr_assert(has(&args, "--no-huge"));
	cr_assert(has(&args, "--no-shconf"));
	cr_assert_not(has(&args, "--in-memory"), "EAL refuses it together with --no-huge");
	conf.use_pci = true;
	conf.pci_allow = allow;
	dp_eal_args_make(&args, &conf, true);
	cr_assert_not(has(&args, "--no-pci"));
	cr_assert(has(&args, "--allow=0000:81:00.0"));
	cr_assert(has(&args, "--allow=0000:81:00.1"));
	cr_assert(has(&args, "--in-memory"));
	cr_assert(has(&args, "--file-prefix=unit"));
}

Test(eal, hugepages_are_used_when_enough_are_free)
{
	bool use = false;

	conf.hugepages = DP_HUGEPAGES_AUTO;
	free_pages("32\n");
	cr_assert_eq(dp_eal_choose_hugepages(tree_root, &conf, &use, &err), 0);
	cr_assert(use);
}

Test(eal, too_few_hugepages_mean_none_in_auto_mode)
{
	bool use = true;

	conf.hugepages = DP_HUGEPAGES_AUTO;
	free_pages("31\n");
	cr_assert_eq(dp_eal_choose_hugepages(tree_root, &conf, &use, &err), 0);
	cr_assert_not(use);
}

Test(eal, too_few_hugepages_are_refused_when_they_are_a_must)
{
	bool use;

	conf.hugepages = DP_HUGEPAGES_ON;
	free_pages("31\n");
	cr_assert_eq(dp_eal_choose_hugepages(tree_root, &conf, &use, &err), -ENOMEM);
	cr_assert_str_eq(err.text,
		"not enough hugepages: 64 MiB wanted, 62 MiB free: echo 32 > /proc/sys/vm/nr_hugepages (see "
		"docs/operations.md)");
}

Test(eal, a_core_that_is_not_there_is_named)
{
	tree_file("/sys/devices/system/cpu/online", "0-1\n");
	conf.cores[0] = 5;
	cr_assert_eq(dp_eal_start_at(tree_root, tree_root, &conf, &err), -EINVAL);
	cr_assert_str_eq(err.text,
		"core 5: not online on this machine: cores 0-1 are");
	conf.cores[0] = 1;
	conf.control_core = 2;
	cr_assert_eq(dp_eal_start_at(tree_root, tree_root, &conf, &err), -EINVAL);
	cr_assert(strstr(err.text, "core 2: not online"), "%s", err.text);
}

Test(eal, a_core_is_listed_once_and_within_the_bound)
{
	conf.core_count = 2;
	conf.cores[1] = 1;
	cr_assert_eq(dp_eal_start_at(tree_root, tree_root, &conf, &err), -EINVAL);
	cr_assert(strstr(err.text, "core 1 is listed twice"), "%s", err.text);
	conf.cores[1] = 127;
	cr_assert_eq(dp_eal_start_at(tree_root, tree_root, &conf, &err), -EINVAL);
	cr_assert(strstr(err.text, "cores 0 to 126"), "%s", err.text);
}

Test(eal, starts_without_hugepages_and_pins_workers_by_core_number)
{
	cr_assert_eq(dp_eal_start_at(tree_root, tree_root, &conf, &err), 0, "%s", err.text);
	cr_assert(rte_lcore_is_enabled(1));
	cr_assert_not(rte_lcore_is_enabled(0));
	cr_assert_eq(rte_lcore_id(), DP_EAL_CONTROL_LCORE);
	cr_assert_not(dp_eal_has_hugepages());
	cr_assert_eq(dp_eal_start_at(tree_root, tree_root, &conf, &err), -EALREADY);
	dp_eal_stop();
	dp_eal_stop();
}

Test(eal, the_control_thread_may_share_a_core_with_a_worker)
{
	conf.core_count = 2;
	conf.cores[1] = 0;
	cr_assert_eq(dp_eal_start_at(tree_root, tree_root, &conf, &err), 0, "%s", err.text);
	cr_assert(rte_lcore_is_enabled(0));
	cr_assert(rte_lcore_is_enabled(1));
	cr_assert_eq(rte_lcore_count(), 3);
	dp_eal_stop();
}

Test(eal, memory_that_is_not_there_is_one_sentence)
{
	conf.memory_mb = 1u << 30;
	cr_assert_lt(dp_eal_start_at(tree_root, tree_root, &conf, &err), 0);
	cr_assert_str_eq(err.text, "DPDK does not start with 1073741824 MiB without hugepages: the machine has not "
				   "that much memory");
}

Test(eal, leaves_no_folder_of_dpdk_behind)
{
	struct stat st;

	conf.file_prefix = "unit-no-folder";
	cr_assert_eq(dp_eal_start_at(tree_root, tree_root, &conf, &err), 0, "%s", err.text);
	cr_assert_lt(stat(rte_eal_get_runtime_dir(), &st), 0);
	cr_assert_not_null(strstr(rte_eal_get_runtime_dir(), conf.file_prefix));
}

Test(eal, a_failed_start_releases_the_prefix)
{
	conf.memory_mb = 1u << 30;
	cr_assert_lt(dp_eal_start_at(tree_root, tree_root, &conf, &err), 0);
	cr_assert_eq(dp_prefix_lock(&lock, tree_root, "unit", &err), 0, "%s", err.text);
}

Test(eal, a_second_process_with_the_prefix_is_told_the_first_ones_pid)
{
	char pid[32], byte;
	pid_t child;
	int up[2];

	cr_assert_eq(pipe(up), 0);
	child = fork();
	if (child == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (dp_prefix_lock(&lock, tree_root, "unit", &err) == 0 && write(up[1], "x", 1) == 1)
			(void)pause();
		_exit(1);
	}
	cr_assert_eq(read(up[0], &byte, 1), 1);
	cr_assert_eq(dp_eal_start_at(tree_root, tree_root, &conf, &err), -EBUSY);
	(void)snprintf(pid, sizeof(pid), "process %d ", (int)child);
	cr_assert(strstr(err.text, "file prefix 'unit' is in use by"), "%s", err.text);
	cr_assert(strstr(err.text, pid), "%s", err.text);
	cr_assert_eq(kill(child, SIGKILL), 0);
	cr_assert_eq(waitpid(child, NULL, 0), child);
	cr_assert_eq(dp_eal_start_at(tree_root, tree_root, &conf, &err), 0, "%s", err.text);
	dp_eal_stop();
}

Test(eal, an_orderly_stop_leaves_no_lock_file)
{
	cr_assert_eq(dp_prefix_lock(&lock, tree_root, "unit", &err), 0, "%s", err.text);
	cr_assert_eq(access(lock.path, F_OK), 0);
	dp_prefix_unlock(&lock);
	cr_assert_neq(access(lock.path, F_OK), 0);
	dp_prefix_unlock(&lock);
}

Test(eal, a_prefix_is_a_file_name)
{
	static const char *const bad[] = {"", "a/b", "..", ".x",
		"0123456789012345678901234567890123456789012345678"};

	for (size_t i = 0; i < RH_ARRAY_LEN(bad); i++)
		cr_assert_eq(dp_prefix_lock(&lock, tree_root, bad[i], &err), -EINVAL, "%s", bad[i]);
	cr_assert_eq(dp_prefix_lock(&lock, tree_root, NULL, &err), -EINVAL);
	cr_assert_eq(dp_prefix_lock(&lock, "/proc/none", "unit", &err), -ENOENT);
	cr_assert(strstr(err.text, "cannot create /proc/none"), "%s", err.text);
}

Test(eal, known_words_of_eal_become_sentences)
{
	static const struct {
		const char *log, *meaning;
	} cases[] = {
		{"EAL: Detected CPU lcores: 2\nEAL: No free 2048 kB hugepages reported on node 0\n"
		 "EAL: FATAL: Cannot get hugepage information.\n",
			"there are not enough free hugepages"},
		{"EAL: Cannot create lock on '/var/run/dpdk/x/config'. Is another primary process running?\n",
			"the file prefix is in use by another DPDK process: choose another one"},
		{"EAL: core 5 unavailable\nEAL: invalid parameter for --lcores\n\nUsage: ...\n",
			"a core is offline, or taskset or a cpuset keeps this process off it"},
		{"EAL: something nobody foresaw\n", "something nobody foresaw"},
		{"rte_pmd_x(): half a line", "half a line"},
		{"pmd_pcap_probe(): Error - No rx or tx queues provided\n"
		 "EAL: Driver cannot attach the device (net_pcap0)\n"
		 "EAL: Failed to attach device on primary process\n",
			"Error - No rx or tx queues provided"},
		{"\n\n", "the driver gives no reason: look at the arguments"},
		{"", "the driver gives no reason: look at the arguments"},
	};
	char out[128];

	for (size_t i = 0; i < RH_ARRAY_LEN(cases); i++)
		cr_assert_str_eq(
			dp_eal_log_reason(cases[i].log, out, sizeof(out)), cases[i].meaning);
}

/*
 * What a copy costs at the least: take a packet buffer, copy a frame's bytes into it, give it back, one by one in bursts of 32, on one core. Prints one JSON object with
 * TSC cycles per copy. See docs/rig.md, scenario `fanout`.
 */

#include "dataplane/base/clock.h"
#include "dataplane/base/error.h"
#include "dataplane/api/port.h"

#include <inttypes.h>
#include <rte_launch.h>
#include <rte_lcore.h>
#include <rte_mbuf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BURST	   32
#define BATCHES	   201
#define BURSTS	   512 /* of a batch */
#define POOL	   16383
#define POOL_CACHE 512

struct job {
	struct rte_mempool *pool;
	uint16_t bytes;
	double least, median;
};

static uint8_t frame[RTE_MBUF_DEFAULT_DATAROOM];

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* Cycles of BURSTS bursts. */
static uint64_t batch(struct job *job)
{
	struct rte_mbuf *mbufs[BURST];
	uint64_t start = rh_tsc();

	for (int i = 0; i < BURSTS; i++) {
		for (int k = 0; k < BURST; k++) {
			mbufs[k] = rte_pktmbuf_alloc(job->pool);
			if (!mbufs[k])
				return 0;
			memcpy(rte_pktmbuf_mtod(mbufs[k], void *), frame, job->bytes);
			mbufs[k]->data_len = job->bytes;
			mbufs[k]->pkt_len = job->bytes;
		}
		for (int k = 0; k < BURST; k++)
			rte_pktmbuf_free(mbufs[k]);
	}
	return rh_tsc() - start;
}

static int work(void *arg)
{
	static double sample[BATCHES];
	struct job *job = arg;

	(void)batch(job);
	for (int i = 0; i < BATCHES; i++)
		sample[i] = (double)batch(job) / (BURSTS * BURST);
	qsort(sample, BATCHES, sizeof(sample[0]), by_value);
	job->least = sample[0];
	job->median = sample[BATCHES / 2];
	return job->least > 0 ? 0 : -1;
}

static int run(unsigned core, unsigned control, struct job *job, bool huge, struct rh_error *err)
{
	const struct dp_eal_conf conf = {
		.file_prefix = "rhumb-perf-copy",
		.hugepages = huge ? DP_HUGEPAGES_ON : DP_HUGEPAGES_OFF,
		.memory_mb = 128,
		.control_core = control,
		.cores = {core},
		.core_count = 1,
	};
	int ret = dp_eal_start(&conf, err);

	if (ret)
		return ret;
	job->pool = rte_pktmbuf_pool_create("copy", POOL, POOL_CACHE, 0, RTE_MBUF_DEFAULT_BUF_SIZE,
		SOCKET_ID_ANY);
	if (!job->pool)
		return rh_error_set(err, ENOMEM, "no memory for %d packet buffers", POOL);
	if (rte_eal_remote_launch(work, job, core) != 0 || rte_eal_wait_lcore(core) != 0)
		return rh_error_set(err, EIO, "core %u did not do its work", core);
	return 0;
}

int main(int argc, char **argv)
{
	struct job job = {0};
	struct rh_error err = {""};
	unsigned core, control;

	if (argc != 5 || (strcmp(argv[4], "huge") != 0 && strcmp(argv[4], "no-huge") != 0)) {
		(void)fprintf(stderr, "usage: rhumb-perf-copy CORE CONTROL-CORE BYTES huge|no-huge\n");
		return 2;
	}
	core = (unsigned)strtoul(argv[1], NULL, 10);
	control = (unsigned)strtoul(argv[2], NULL, 10);
	job.bytes = (uint16_t)strtoul(argv[3], NULL, 10);
	if (job.bytes > RTE_MBUF_DEFAULT_DATAROOM) {
		(void)fprintf(stderr, "rhumb-perf-copy: %s bytes: at most %d\n", argv[3], RTE_MBUF_DEFAULT_DATAROOM);
		return 2;
	}
	if (run(core, control, &job, strcmp(argv[4], "huge") == 0, &err) != 0) {
		(void)fprintf(stderr, "rhumb-perf-copy: %s\n", err.text);
		return 1;
	}
	(void)printf("{\"bytes\": %u, \"least_cycles\": %.2f, \"median_cycles\": %.2f, \"tsc_hz\": %" PRIu64 "}\n",
		job.bytes, job.least, job.median, rh_tsc_hz());
	dp_eal_stop();
	return 0;
}

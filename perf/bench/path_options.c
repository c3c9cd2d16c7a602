#include "perf/bench/path_options.h"

#include "perf/gen/options.h"

#include <errno.h>
#include <string.h>

int path_options_parse(int argc, char **argv, struct path_options *opt, struct rh_error *err)
{
	uint32_t core = 1, core2 = 0, control = 0;
	const struct option_row rows[] = {
		{"dir", OPTION_TEXT, &opt->dir, "folder for traces", NULL},
		{"file-prefix", OPTION_TEXT, &opt->file_prefix, "DPDK's name for this process", NULL},
		{"core", OPTION_U32, &core, "core of the worker", NULL},
		{"core2", OPTION_U32, &core2, "core of the second worker", NULL},
		{"control-core", OPTION_U32, &control, "core of everything else", NULL},
		{"windows", OPTION_U32, &opt->windows, "timed windows", NULL},
		{"seconds", OPTION_NUMBER, &opt->seconds, "of a window", NULL},
		{"cache", OPTION_U32, &opt->cache_entries, "entries of the result cache", NULL},
		{"record", OPTION_U32, &opt->record_bytes, "bytes of each PUBLISH record, a multiple of 8", NULL},
		{"workers", OPTION_U32, &opt->lanes, "1 or 2, each with ports and a trace of its own", NULL},
		{"check", OPTION_ON, &opt->check, "one pass, compared byte for byte", NULL},
		{"stages", OPTION_ON, &opt->stage_timing, "count cycles by stage", NULL},
		{"telemetry", OPTION_ON, &opt->telemetry, "stage timing; counters and topics read while it runs", NULL},
		{"queued", OPTION_ON, &opt->queued, "rhumb-perf-count: every copy waits for credit once", NULL},
		{"load", OPTION_NUMBER, &opt->load, "rhumb-perf-update: percent of the most that the worker takes", NULL},
		{"churned", OPTION_U32, &opt->churned, "rhumb-perf-update: subscriptions that come and go, beside the others", NULL},
		{"visible", OPTION_ON, &opt->visible, "rhumb-perf-update: time from update to effect, not rates", NULL},
		{"soak", OPTION_U32, &opt->soak, "rhumb-perf-update: so many events, then memory is compared; no windows", NULL},
		{"patterns", OPTION_TEXT, &opt->patterns, "rhumb-perf-content: literals or regexes", NULL},
		{"worker-share", OPTION_U32, &opt->content_share, "rhumb-perf-hostile: percent of a core that a tenant's content may cost a worker; 0: no bound", NULL},
		{"payload", OPTION_U32, &opt->payload_bytes, "rhumb-perf-content: bytes of the shortest payload", NULL},
		{"no-huge", OPTION_OFF, &opt->hugepages, "ordinary pages", NULL},
		{"memory", OPTION_ON, &opt->memory, "print the MiB of packet memory that this needs, and end", NULL},
		{"tenants", OPTION_U32, &opt->workload.tenants, "filters, topics and sessions are spread over as many", NULL},
		OPTIONS_WORKLOAD(&opt->workload),
	};
	int ret;

	*opt = (struct path_options){.file_prefix = "rhumb-perf-path", .lanes = 1, .workload = WORKLOAD_HOT,
		.record_bytes = TRACE_RECORD_HOT, .cache_entries = 65536, .hugepages = true,
		.seconds = 1, .windows = 3, .load = 90, .content_share = 0};
	opt->workload.seed = OPTIONS_SEED;
	if (argc == 2 && strcmp(argv[1], "--help") == 0) {
		options_print("rhumb-perf-path", rows, RH_ARRAY_LEN(rows));
		return 1;
	}
	ret = options_parse(argc, argv, rows, RH_ARRAY_LEN(rows), err);
	opt->cores[0] = core;
	opt->cores[1] = core2;
	opt->control_core = control;
	opt->stage_timing |= opt->telemetry;
	if (!ret && !opt->dir)
		ret = rh_error_set(err, EINVAL, "--dir DIR is needed: a folder for the traces");
	if (!ret && (!opt->lanes || opt->lanes > PATH_LANES))
		ret = rh_error_set(err, EINVAL, "--workers %u: 1 or %d", opt->lanes, PATH_LANES);
	return ret;
}

int path_options_two_lanes(const struct path_options *opt, struct rh_error *err)
{
	if (opt->check || opt->queued || opt->churned || opt->visible || opt->soak || opt->lanes != 1 || opt->workload.events != 1)
		return rh_error_set(err, EINVAL, "--check, --queued, --churned, --visible, --soak, --workers and --events belong to other programs");
	return 0;
}

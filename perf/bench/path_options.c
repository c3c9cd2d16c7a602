#include "perf/bench/path_options.h"

#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define DEFAULT_SEED 20260101

/* X(option, field, help): numbers. */
#define NUMBERS(X)                                                                                 \
	X("core", cores[0], "core of the worker")                                                  \
	X("core2", cores[1], "core of the second worker")                                          \
	X("control-core", control_core, "core of everything else")                                 \
	X("windows", windows, "timed windows")                                                     \
	X("cache", cache_entries, "entries of the result cache")                                   \
	X("record", record_bytes, "bytes of each PUBLISH record, a multiple of 8")                 \
	X("workers", lanes, "workers, 1 or 2, each with ports and a trace of its own")             \
	X("topics", workload.topics, "distinct topics")                                            \
	X("subscriptions", workload.subscriptions, "filters, copies included")                     \
	X("wildcards", workload.wildcards, "percent of the filters")                               \
	X("copies", workload.copies, "receivers of each event")                                    \
	X("publishers", workload.publishers, "sessions that publish")                              \
	X("subscribers", workload.subscribers, "sessions that subscribe")                          \
	X("trace", workload.datagrams, "datagrams before the trace repeats")                       \
	X("events", workload.events, "events in one datagram")

/* X(option, field, value, help): switches. */
#define SWITCHES(X)                                                                                \
	X("check", check, true, "one pass, compared byte for byte")                                \
	X("stages", stage_timing, true, "count cycles by stage")                                   \
	X("telemetry", telemetry, true, "stage timing, and counters and topics read while it runs") \
	X("no-huge", hugepages, false, "ordinary pages")                                           \
	X("memory", memory, true, "print the MiB of packet memory that this needs, and end")

enum {
	OPTION_DIR = 256,
	OPTION_SECONDS,
	OPTION_SEED,
	OPTION_ZIPF,
	OPTION_NUMBER, /* and up, in the order of the table */
	OPTION_SWITCH = 512
};

static const struct option longs[] = {
	{"dir", required_argument, NULL, OPTION_DIR},
	{"seconds", required_argument, NULL, OPTION_SECONDS},
	{"seed", required_argument, NULL, OPTION_SEED},
	{"zipf", required_argument, NULL, OPTION_ZIPF},
#define X(option, field, help) {option, required_argument, NULL, OPTION_NUMBER},
	NUMBERS(X)
#undef X
#define X(option, field, value, help) {option, no_argument, NULL, OPTION_SWITCH},
	SWITCHES(X)
#undef X
	{NULL, 0, NULL, 0}};

void path_options_usage(FILE *out)
{
	(void)fprintf(out, "usage: rhumb-perf-path --dir DIR [OPTION VALUE]...\n"
			   "  --dir DIR          folder for traces\n"
			   "  --seconds S        of a window\n"
			   "  --seed N           of workload and sessions\n"
			   "  --zipf S           exponent of popularity, 0: uniform\n");
#define X(option, field, help) (void)fprintf(out, "  --%-16s %s\n", option, help);
	NUMBERS(X)
#undef X
#define X(option, field, value, help) (void)fprintf(out, "  --%-16s %s\n", option, help);
	SWITCHES(X)
#undef X
}

void path_options_default(struct path_options *opt)
{
	*opt = (struct path_options){.cores = {1, 0}, .lanes = 1, .workload = WORKLOAD_HOT,
		.record_bytes = TRACE_RECORD_HOT, .cache_entries = 65536, .hugepages = true,
		.seconds = 1, .windows = 3};
	opt->workload.seed = DEFAULT_SEED;
}

static int number_parse(const char *text, uint32_t *out)
{
	char *end;
	unsigned long n = strtoul(text, &end, 10);

	if (end == text || *end || text[0] == '-' || n > UINT32_MAX)
		return -EINVAL;
	*out = (uint32_t)n;
	return 0;
}

static int positive_parse(const char *text, double *out)
{
	char *end;

	*out = strtod(text, &end);
	return end == text || *end || !(*out >= 0) ? -EINVAL : 0;
}

static int number_set(struct path_options *opt, const char *name, const char *text)
{
#define X(option, field, help)                                                                     \
	if (strcmp(name, option) == 0)                                                             \
		return number_parse(text, &opt->field);
	NUMBERS(X)
#undef X
	return -EINVAL;
}

static void switch_set(struct path_options *opt, const char *name)
{
#define X(option, field, value, help)                                                              \
	if (strcmp(name, option) == 0)                                                             \
		opt->field = value;
	SWITCHES(X)
#undef X
}

static int seed_parse(const char *text, uint64_t *out)
{
	char *end;

	*out = strtoull(text, &end, 10);
	return end == text || *end ? -EINVAL : 0;
}

static int one_parse(struct path_options *opt, int c, const char *name, const char *text)
{
	switch (c) {
	case OPTION_DIR: opt->dir = text; return 0;
	case OPTION_SECONDS: return positive_parse(text, &opt->seconds);
	case OPTION_SEED: return seed_parse(text, &opt->workload.seed);
	case OPTION_ZIPF: return positive_parse(text, &opt->workload.zipf);
	case OPTION_NUMBER: return number_set(opt, name, text);
	case OPTION_SWITCH: switch_set(opt, name); return 0;
	default: return -EINVAL;
	}
}

int path_options_parse(int argc, char **argv, struct path_options *opt, struct rh_error *err)
{
	int c, index = 0;

	opterr = 0;
	while ((c = getopt_long(argc, argv, "", longs, &index)) != -1)
		if (c == '?' || one_parse(opt, c, longs[index].name, optarg) < 0)
			return rh_error_set(err, EINVAL, "%s: no such option or no such value: see --help",
				argv[optind - 1]);
	if (optind != argc)
		return rh_error_set(err, EINVAL, "%s: options only", argv[optind]);
	if (!opt->dir)
		return rh_error_set(err, EINVAL, "--dir DIR is needed: a folder for the traces");
	if (!opt->lanes || opt->lanes > PATH_LANES)
		return rh_error_set(err, EINVAL, "--workers %u: 1 or %d", opt->lanes, PATH_LANES);
	return 0;
}

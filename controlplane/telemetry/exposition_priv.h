#pragma once

/* Writing one exposition: a family is HELP, TYPE and its samples, together, as OpenMetrics 1.0
 * wants them. */

#include "controlplane/telemetry/metrics.h"
#include "dataplane/api/counters.h"

#include <stdio.h>

#define EXPO_LABELS_MAX 512

struct expo {
	FILE *out;
	const struct cp_metrics_source *source;
	char base[EXPO_LABELS_MAX]; /* node="..",region="..",zone=".." */
	uint32_t workers;
	struct dp_counters *counters; /* one a worker, read once */
	struct dp_worker_status status[DP_LIMIT_WORKERS];
};

enum expo_type { EXPO_COUNTER, EXPO_GAUGE };

void expo_family(struct expo *e, enum expo_type type, const char *name, const char *help);
/* @labels: `a="b"`, may be empty. Counters get _total. */
void expo_sample(
	struct expo *e, enum expo_type type, const char *name, const char *labels, double value);
void expo_one(
	struct expo *e, enum expo_type type, const char *name, const char *help, double value);
/* Escape a label value (OpenMetrics 1.0, ABNF escaped-string). */
void expo_escape(const char *text, char *out, size_t size);

void expo_workers(struct expo *e);
void expo_ports(struct expo *e);
void expo_clients(struct expo *e);

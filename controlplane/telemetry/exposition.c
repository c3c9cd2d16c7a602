#include "controlplane/telemetry/exposition_priv.h"

#include "dataplane/base/clock.h"
#include "dataplane/base/rcu.h"

#include <stdlib.h>
#include <string.h>

void expo_escape(const char *text, char *out, size_t size)
{
	size_t n = 0;

	for (; *text != '\0' && n + 3 < size; text++) {
		if (*text == '\\' || *text == '"' || *text == '\n')
			out[n++] = '\\';
		out[n++] = *text == '\n' ? 'n' : *text;
	}
	out[n] = '\0';
}

void expo_family(struct expo *e, enum expo_type type, const char *name, const char *help)
{
	char escaped[EXPO_LABELS_MAX];

	expo_escape(help, escaped, sizeof(escaped));
	(void)fprintf(e->out, "# HELP %s %s\n# TYPE %s %s\n", name, escaped, name,
		type == EXPO_COUNTER ? "counter" : "gauge");
}

void expo_sample(
	struct expo *e, enum expo_type type, const char *name, const char *labels, double value)
{
	(void)fprintf(e->out, "%s%s{%s%s%s} %.17g\n", name, type == EXPO_COUNTER ? "_total" : "",
		e->base, labels[0] != '\0' ? "," : "", labels, value);
}

void expo_one(struct expo *e, enum expo_type type, const char *name, const char *help, double value)
{
	expo_family(e, type, name, help);
	expo_sample(e, type, name, "", value);
}

static void base_labels(struct expo *e)
{
	const struct cp_conf *conf = e->source->conf;
	char node[160], region[160], zone[160];

	expo_escape(conf->node_name, node, sizeof(node));
	expo_escape(conf->region, region, sizeof(region));
	expo_escape(conf->zone, zone, sizeof(zone));
	(void)snprintf(e->base, sizeof(e->base), "node=\"%s\",region=\"%s\",zone=\"%s\"", node,
		region, zone);
}

static void read_workers(struct expo *e)
{
	for (uint32_t w = 0; w < e->workers; w++) {
		(void)dp_counters_read(e->source->eng, w, &e->counters[w]);
		(void)dp_engine_worker_status(e->source->eng, w, &e->status[w]);
	}
}

static void laws(struct expo *e)
{
	struct dp_counters sum = {0};
	struct dp_laws law;

	for (uint32_t w = 0; w < e->workers; w++)
		dp_counters_add(&sum, &e->counters[w]);
	dp_counters_laws(&sum, &law);
	expo_family(e, EXPO_GAUGE, "rhumb_law_difference",
		"left minus right side of a conservation law; 0 whenever inputs are paused");
	expo_sample(
		e, EXPO_GAUGE, "rhumb_law_difference", "law=\"datagrams\"", (double)law.datagrams);
	expo_sample(e, EXPO_GAUGE, "rhumb_law_difference", "law=\"events\"", (double)law.events);
	expo_sample(e, EXPO_GAUGE, "rhumb_law_difference", "law=\"copies\"", (double)law.copies);
}

static void limits(struct expo *e)
{
	expo_family(e, EXPO_GAUGE, "rhumb_limit", "bounds of the dataplane");
#define X(id, value, unit, help)                                                                   \
	expo_sample(e, EXPO_GAUGE, "rhumb_limit", "name=\"" #id "\",unit=\"" unit "\"", value);
	DP_LIMITS(X)
#undef X
}

static void router(struct expo *e)
{
	const struct cp_metrics_source *s = e->source;

	(void)fprintf(e->out,
		"# HELP rhumb_build what runs\n# TYPE rhumb_build "
		"info\nrhumb_build_info{%s,version=\"%s\",dpdk=\"%s\",hyperscan=\"%s\"} 1\n",
		e->base, s->version, s->dpdk_version, s->hs_version);
	expo_one(e, EXPO_GAUGE, "rhumb_uptime_seconds", "since start",
		(double)(rh_clock_ns() - s->started_ns) / 1e9);
	expo_one(e, EXPO_GAUGE, "rhumb_health_level", "0 ok, 1 degraded, 2 failed",
		(double)cp_health_level(s->health));
	expo_one(e, EXPO_COUNTER, "rhumb_worker_stuck",
		"times a worker's loop stood still for a second",
		(double)cp_health_stuck_total(s->health));
	expo_one(e, EXPO_GAUGE, "rhumb_table_generation", "generation every worker has loaded",
		(double)dp_engine_seen(s->eng));
	expo_one(e, EXPO_GAUGE, "rhumb_rcu_grace_seconds", "length of the last grace period",
		(double)rh_rcu_last_grace_ns() / 1e9);
	expo_one(e, EXPO_GAUGE, "rhumb_rcu_backlog", "retired objects waiting to be freed",
		(double)rh_rcu_backlog());
	laws(e);
	limits(e);
}

char *cp_metrics_text(const struct cp_metrics_source *source, size_t *len)
{
	struct expo e = {.source = source, .workers = dp_engine_workers(source->eng)};
	char *text = NULL;

	e.counters =
		aligned_alloc(_Alignof(struct dp_counters), DP_LIMIT_WORKERS * sizeof(*e.counters));
	e.out = open_memstream(&text, len);
	if (e.counters != NULL && e.out != NULL) {
		memset(e.counters, 0, DP_LIMIT_WORKERS * sizeof(*e.counters));
		base_labels(&e);
		read_workers(&e);
		router(&e);
		expo_workers(&e);
		expo_ports(&e);
		expo_clients(&e);
		(void)fprintf(e.out, "# EOF\n");
	}
	if (e.out != NULL)
		(void)fclose(e.out);
	if (e.counters == NULL) {
		free(text);
		text = NULL;
	}
	free(e.counters);
	return text;
}

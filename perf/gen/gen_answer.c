#include "perf/gen/gen_answer.h"
#include "perf/gen/gen_host.h"
#include "perf/gen/gen_session.h"

#include "dataplane/base/compiler.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#define SECONDS_MAX  3600.0
#define QUEUE_MS_MAX 3600000

static void line_write(json_t *object)
{
	(void)json_dumpf(object, stdout, JSON_COMPACT | JSON_PRESERVE_ORDER);
	(void)fputc('\n', stdout);
	(void)fflush(stdout);
	json_decref(object);
}

static void put(json_t *object, const char *key, uint64_t value)
{
	(void)json_object_set_new(object, key, json_integer((json_int_t)value));
}

static int trial_parse(json_t *object, struct gen_trial_spec *t, struct rh_error *err)
{
	json_int_t rate = 0, ramp = 0, burst = 1, granted = 0, queue_ms = -1;
	json_error_t why;
	double seconds = 0;

	if (json_unpack_ex(object, &why, JSON_STRICT, "{s:s, s:I, s:F, s?I, s?I, s?I, s?I}", "do", &(const char *){NULL},
		    "rate", &rate, "seconds", &seconds, "ramp_from", &ramp, "burst", &burst,
		    "subscriber_rate", &granted, "queue_ms", &queue_ms) < 0)
		return rh_error_set(err, EINVAL, "trial: %s: rate and seconds are needed, burst, ramp_from, subscriber_rate and queue_ms may be given",
			why.text);
	if (rate < 1 || ramp < 0 || burst < 1 || burst > GEN_BURST || granted < 0 || !(seconds > 0) ||
		seconds > SECONDS_MAX || queue_ms > QUEUE_MS_MAX)
		return rh_error_set(err, EINVAL, "trial: rate from 1, seconds up to %.0f, burst 1 to %d, queue_ms up to %d", SECONDS_MAX,
			GEN_BURST, QUEUE_MS_MAX);
	*t = (struct gen_trial_spec){.rate = (uint64_t)rate, .ramp_from = (uint64_t)ramp,
		.seconds = seconds, .burst = (uint32_t)burst, .subscriber_rate = (uint64_t)granted,
		.judge_classes = queue_ms >= 0, .queue_ms = queue_ms > 0 ? (uint64_t)queue_ms : 0};
	return 0;
}

static int leave_parse(json_t *object, char *pcap, struct rh_error *err)
{
	const char *path;
	json_error_t why;

	if (json_unpack_ex(object, &why, JSON_STRICT, "{s:s, s:s}", "do", &(const char *){NULL}, "pcap", &path) < 0)
		return rh_error_set(err, EINVAL, "leave: %s: pcap, the file for the frames, is needed", why.text);
	if (!*path || strlen(path) >= GEN_PATH_MAX)
		return rh_error_set(err, EINVAL, "leave: pcap is a path of 1 to %d bytes", GEN_PATH_MAX - 1);
	memcpy(pcap, path, strlen(path) + 1);
	return 0;
}

static int churn_parse(json_t *object, uint64_t *pairs, struct rh_error *err)
{
	json_int_t count = 0;
	json_error_t why;

	if (json_unpack_ex(object, &why, JSON_STRICT, "{s:s, s:I}", "do", &(const char *){NULL}, "pairs", &count) < 0)
		return rh_error_set(err, EINVAL, "churn: %s: pairs is needed", why.text);
	if (count < 1)
		return rh_error_set(err, EINVAL, "churn: pairs from 1");
	*pairs = (uint64_t)count;
	return 0;
}

static int kind_of(const char *what)
{
	static const char *const names[] = {[GEN_COMMAND_TRIAL] = "trial", [GEN_COMMAND_STATUS] = "status",
		[GEN_COMMAND_CHURN] = "churn", [GEN_COMMAND_LEAVE] = "leave", [GEN_COMMAND_END] = "end"};

	for (int k = 0; what && k < (int)RH_ARRAY_LEN(names); k++)
		if (strcmp(what, names[k]) == 0)
			return k;
	return -1;
}

int gen_command_parse(const char *line, struct gen_command *out, struct rh_error *err)
{
	json_error_t why;
	json_t *object = json_loads(line, 0, &why);
	int kind = kind_of(json_string_value(json_object_get(object, "do"))), ret = 0;

	if (!object)
		return rh_error_set(err, EINVAL, "not JSON: %s", why.text);
	out->kind = (enum gen_command_kind)kind;
	if (kind < 0)
		ret = rh_error_set(err, EINVAL, "\"do\" is \"trial\", \"status\", \"churn\", \"leave\" or \"end\"");
	else if (kind == GEN_COMMAND_TRIAL)
		ret = trial_parse(object, &out->trial, err);
	else if (kind == GEN_COMMAND_CHURN)
		ret = churn_parse(object, &out->pairs, err);
	else if (kind == GEN_COMMAND_LEAVE)
		ret = leave_parse(object, out->pcap, err);
	json_decref(object);
	return ret;
}

static json_t *counts_object(const struct trial_counts *c)
{
	json_t *object = json_object();

	put(object, "sent", c->sent);
	put(object, "expected", c->expected);
	put(object, "received", c->received);
	put(object, "lost", c->lost);
	put(object, "doubled", c->doubled);
	put(object, "reordered", c->reordered);
	put(object, "altered", c->altered);
	put(object, "misdelivered", c->misdelivered);
	put(object, "beyond", c->beyond);
	put(object, "unsent", c->unsent);
	return object;
}

static json_t *classes_object(const struct trial_result *r)
{
	json_t *object = json_object();
	char name[4];

	for (int k = 0; k < TRIAL_CLASSES; k++)
		if (r->by_class[k].expected || r->by_class[k].received) {
			(void)snprintf(name, sizeof(name), "%d", k);
			(void)json_object_set_new(object, name, counts_object(&r->by_class[k]));
		}
	return object;
}

static json_t *latency_object(const struct rh_histogram *h)
{
	json_t *object = json_object();

	put(object, "count", h->count);
	put(object, "min", rh_histogram_min_ns(h));
	put(object, "p50", rh_histogram_percentile_ns(h, 5000));
	put(object, "p90", rh_histogram_percentile_ns(h, 9000));
	put(object, "p99", rh_histogram_percentile_ns(h, 9900));
	put(object, "p999", rh_histogram_percentile_ns(h, 9990));
	put(object, "max", h->max_ns);
	return object;
}

static json_t *histogram_array(const struct rh_histogram *h)
{
	struct rh_histogram_bucket bucket = {0};
	json_t *array = json_array();

	while (rh_histogram_next(h, &bucket))
		(void)json_array_append_new(array, json_pack("[I, I]", (json_int_t)bucket.lower_ns,
			(json_int_t)bucket.count));
	return array;
}

void gen_answer_trial(const struct trial_result *r, const struct gen_trial_spec *spec, const struct gen_trial_extra *extra)
{
	json_t *object = counts_object(&r->all), *gaps = json_object();

	put(object, "trial", r->trial);
	put(object, "offered", r->offered);
	put(object, "wire_full", extra->wire_full);
	if (spec->judge_classes)
		put(object, "inversions", extra->inversions);
	put(object, "frames_other", extra->frames_other);
	put(object, "late_sends", r->late_sends);
	put(object, "late", r->late);
	put(object, "early", r->early);
	put(object, "subscribers_with_loss", r->subscribers_with_loss);
	put(object, "wall_ns", r->wall_ns);
	put(object, "cpu_ns", r->cpu_ns);
	put(object, "longest_gap_ns", r->longest_gap_ns);
	put(gaps, "over_10us", r->gaps_10us);
	put(gaps, "over_100us", r->gaps_100us);
	put(gaps, "over_1ms", r->gaps_1ms);
	(void)json_object_set_new(object, "gaps", gaps);
	(void)json_object_set_new(object, "busy", json_real(extra->busy));
	(void)json_object_set_new(object, "first_fault", json_string(r->first_fault));
	(void)json_object_set_new(object, "by_class", classes_object(r));
	(void)json_object_set_new(object, "latency_ns", latency_object(&r->latency));
	(void)json_object_set_new(object, "histogram", histogram_array(&r->latency));
	line_write(object);
}

void gen_answer_churn(const struct gen_churn_result *result)
{
	line_write(json_pack("{s:I, s:f}", "pairs", (json_int_t)result->pairs, "seconds", (double)result->ns / 1e9));
}

void gen_answer_status(const struct gen *gen)
{
	struct gen_session_stats s;
	struct gen_port_stats p;

	gen_sessions_stats(gen, &s);
	gen_host_stats(gen->host, &p);
	line_write(json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "sessions", (json_int_t)s.sessions,
		"subscriptions", (json_int_t)s.subscriptions, "frame_bytes", (json_int_t)gen->frame_bytes,
		"rx_packets", (json_int_t)p.rx_packets, "rx_missed", (json_int_t)(p.rx_missed + p.rx_no_buffer),
		"tx_packets", (json_int_t)p.tx_packets, "tx_errors", (json_int_t)p.tx_errors));
}

void gen_answer_left(const struct gen *gen)
{
	const struct workload_spec *spec = &gen->workload.spec;
	uint64_t copies = 0;

	for (uint32_t e = 0; e < gen->places.count; e++)
		copies += gen->places.list[e].receiver_count;
	line_write(json_pack("{s:I, s:I, s:I, s:I, s:I}", "datagrams", (json_int_t)spec->datagrams, "events",
		(json_int_t)gen->places.count, "copies", (json_int_t)copies, "frame_bytes",
		(json_int_t)gen->frame_bytes, "publishers", (json_int_t)spec->publishers));
}

void gen_answer_error(const struct rh_error *err)
{
	line_write(json_pack("{s:s}", "error", err->text));
}

#include "perf/bench/content.h"

#include "dataplane/base/rcu.h"
#include "dataplane/frame/event.h"
#include "perf/gen/prose.h"
#include "tests/lib/patterns.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Of the workload's topics and of trace.c's attributes. */
#define TOPIC_BYTES	24
#define ATTRIBUTE_BYTES 38
/* Of so many payloads one holds a pattern; as many hold the begin of one. */
#define EVENTS_A_HIT	128
#define SUBSCRIBE_BATCH 256
#define INCARNATION	0x434f4e54454e5400ULL
#define CLIENT_AT	40000 /* addresses behind those of the path's clients */

static void payload_fill(const void *arg, uint32_t lane, uint32_t event, uint8_t *out, size_t len)
{
	const struct content *c = arg;
	struct perf_random rnd;
	char text[PATTERN_TEXT_MAX];
	uint64_t what;
	uint32_t n;

	(void)lane; /* both lanes have the same payloads */
	perf_random_init(&rnd, c->path.opt.workload.seed * 1000003 + event);
	prose_fill(&rnd, out, len);
	what = perf_random_below(&rnd, EVENTS_A_HIT);
	if (what > 1)
		return;
	n = pattern_set_occurrence(&c->set, (uint32_t)perf_random_below(&rnd, c->set.count), what == 1, &rnd, text);
	if (n <= len)
		memcpy(out + perf_random_below(&rnd, len - n + 1), text, n);
}

static int kind_of(const char *name, enum pattern_kind *out, uint32_t *count)
{
	if (name && strcmp(name, "literals") == 0) {
		*out = PATTERN_LITERAL;
		*count = 1000;
		return 0;
	}
	*out = PATTERN_REGEX;
	*count = 10000;
	return name && strcmp(name, "regexes") == 0 ? 0 : -EINVAL;
}

int content_options(struct content *c, const struct path_options *opt, struct path_options *out, struct rh_error *err)
{
	static struct trace_payload payload = {.fill = payload_fill};
	enum pattern_kind kind;
	uint32_t count;

	if (kind_of(opt->patterns, &kind, &count) < 0)
		return rh_error_set(err, EINVAL, "--patterns %s: literals or regexes", opt->patterns ? opt->patterns : "missing");
	if (!opt->payload_bytes || opt->payload_bytes > 1024)
		return rh_error_set(err, EINVAL, "--payload %u: 1 to 1024 bytes", opt->payload_bytes);
	if (pattern_set_init(&c->set, kind, count) < 0)
		return rh_error_set(err, ENOMEM, "no memory for %u patterns", count);
	payload.arg = c;
	*out = *opt;
	out->lanes = 2;
	out->matchers = 1;
	out->payload = &payload;
	out->same_draw = true;
	out->workload.burst = CONTENT_BURST;
	out->record_bytes = (RH_PUBLISH_HDR + TOPIC_BYTES + ATTRIBUTE_BYTES + opt->payload_bytes + 7) / 8 * 8;
	return 0;
}

static int serialized_read(struct content *c, const char *file)
{
	FILE *f = fopen(file, "rb");
	long len;

	if (!f)
		return -ENOENT;
	(void)fseek(f, 0, SEEK_END);
	len = ftell(f);
	rewind(f);
	c->serialized = len > 0 ? malloc((size_t)len) : NULL;
	c->serialized_len = (size_t)len;
	if (c->serialized && fread(c->serialized, 1, (size_t)len, f) != (size_t)len) {
		free(c->serialized);
		c->serialized = NULL;
	}
	(void)fclose(f);
	return c->serialized ? 0 : -EIO;
}

static void serialized_write(const struct content *c, const char *file)
{
	FILE *f = fopen(file, "wb");
	bool whole = f && fwrite(c->serialized, 1, c->serialized_len, f) == c->serialized_len;

	if (f && (fclose(f) != 0 || !whole))
		(void)remove(file);
}

static int compile(struct content *c)
{
	char(*text)[PATTERN_TEXT_MAX] = calloc(c->set.count, sizeof(*text));
	const char **list = calloc(c->set.count, sizeof(*list));

	for (uint32_t i = 0; text && list && i < c->set.count; i++) {
		(void)pattern_set_text(&c->set, i, text[i]);
		list[i] = text[i];
	}
	if (text && list)
		c->serialized = test_patterns_compile(list, c->set.count, &c->serialized_len);
	free(list);
	free(text);
	return c->serialized ? 0 : -EINVAL;
}

/* Ten thousand take seconds to compile: one folder does it once for all payload sizes. */
static int database_make(struct content *c, struct rh_error *err)
{
	char file[512];

	(void)snprintf(file, sizeof(file), "%s/%s.hs", c->path.opt.dir, c->path.opt.patterns);
	if (serialized_read(c, file) < 0) {
		if (compile(c) < 0)
			return rh_error_set(err, EINVAL, "Hyperscan refuses the patterns, or memory is short");
		serialized_write(c, file);
	}
	if (hs_deserialize_database(c->serialized, c->serialized_len, &c->db) != HS_SUCCESS ||
		hs_alloc_scratch(c->db, &c->scratch) != HS_SUCCESS)
		return rh_error_set(err, EINVAL, "%s: Hyperscan refuses the database: remove it", file);
	return 0;
}

static int session_open(struct content *c, uint32_t s, struct rh_error *err)
{
	struct dp_session_conf conf;
	uint32_t wire, check;

	path_session_conf(&c->path, 0, TRACE_CLIENT_IP + CLIENT_AT + s, &conf);
	conf.incarnation = INCARNATION + s;
	return dp_session_open(c->path.eng, &conf, &c->session[s], &wire, &check, err);
}

static int subscribe(struct content *c, struct rh_error *err)
{
	char text[WORKLOAD_TEXT_MAX];
	uint32_t len = workload_content_filter(&c->path.lane[0].workload, text);
	struct rh_filter filter;
	dp_sub_id_t sub;
	int ret = rh_filter_parse(RH_DIALECT_MQTT, text, len, &filter, err);

	if (!ret)
		ret = dp_table_patterns_set(c->path.table, 0, 0, c->serialized, c->serialized_len, c->set.count, err);
	for (uint32_t i = 0; i < c->set.count && !ret; i++) {
		const dp_pattern_id_t pattern = i + 1;

		ret = dp_table_content_add(c->path.table, 0, i + 1, NULL, &pattern, err);
		if (!ret)
			ret = dp_table_sub_add(c->path.table, 0, &filter, c->session[i % CONTENT_SESSIONS], i + 1, &sub, err);
		if (i % SUBSCRIBE_BATCH == 0)
			rh_rcu_quiescent();
	}
	(void)dp_table_publish(c->path.table);
	return ret;
}

/* The distinct sessions of the patterns in the payload. */
static int hits_find(const struct content *c, struct content_event *e)
{
	uint32_t found[CONTENT_HITS_MAX], n = pattern_set_find(&c->set, e->payload, e->payload_len, found, CONTENT_HITS_MAX);

	if (n > CONTENT_HITS_MAX)
		return -EINVAL;
	for (uint32_t i = 0; i < n; i++) {
		uint32_t s = found[i] % CONTENT_SESSIONS, k = 0;

		while (k < e->hits && e->hit[k] != s)
			k++;
		if (k == e->hits)
			e->hit[e->hits++] = s;
	}
	return 0;
}

static int event_make(struct content *c, uint32_t number, struct rh_error *err)
{
	const struct path_lane *lane = &c->path.lane[0];
	struct content_event *e = &c->events[number];
	struct rh_event view;

	trace_record(&lane->trace, number, e->record);
	if (rh_event_parse(e->record, lane->trace.record_bytes, false, &view) != RH_FRAME_OK)
		return rh_error_set(err, EINVAL, "record of event %u is not valid", number);
	e->topic = (const char *)view.topic;
	e->topic_len = view.topic_len;
	e->payload = view.payload;
	e->payload_len = view.payload_len;
	if (!workload_has_content(&lane->workload, number))
		return 0;
	if (hits_find(c, e) < 0)
		return rh_error_set(err, EINVAL, "event %u holds more than %d patterns", number, CONTENT_HITS_MAX);
	c->payload_bytes += e->payload_len;
	c->payloads++;
	c->hits += e->hits;
	if (e->payload_len >= c->path.opt.payload_bytes)
		return 0;
	return rh_error_set(err, EINVAL, "event %u has a payload of %u bytes, less than %u", number, e->payload_len, c->path.opt.payload_bytes);
}

int content_init(struct content *c, struct rh_error *err)
{
	uint32_t events = workload_events(&c->path.lane[0].workload);
	int ret = database_make(c, err);

	c->events = calloc(events, sizeof(*c->events));
	if (!ret && !c->events)
		ret = rh_error_set(err, ENOMEM, "no memory for %u events", events);
	for (uint32_t e = 0; e < events && !ret; e++)
		ret = event_make(c, e, err);
	for (uint32_t s = 0; s < CONTENT_SESSIONS && !ret; s++)
		ret = session_open(c, s, err);
	return ret ? ret : subscribe(c, err);
}

void content_fini(struct content *c)
{
	path_fini(&c->path);
	pattern_set_fini(&c->set);
	free(c->events);
	free(c->serialized);
	(void)hs_free_scratch(c->scratch);
	(void)hs_free_database(c->db);
}

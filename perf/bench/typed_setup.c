#include "perf/bench/typed.h"

#include "dataplane/base/clock.h"
#include "dataplane/base/rcu.h"
#include "dataplane/cesql/tree.h"
#include "dataplane/frame/event.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CACHE_ENTRIES	16384
#define SUBSCRIBE_BATCH 256

static int attribute_put(struct typed_event *e, const struct ssbg_attribute *a)
{
	static const uint8_t types[] = {[SSBG_INTEGER] = RH_ATTR_INTEGER, [SSBG_STRING] = RH_ATTR_STRING, [SSBG_BOOLEAN] = RH_ATTR_BOOLEAN};
	char name[SSBG_NAME_MAX], value[16];
	struct rh_attribute attr = {.name = name, .value = value, .key = RH_ATTR_EXTENSION, .type = types[a->value.type]};
	int len;

	attr.name_len = (uint8_t)ssbg_name(a->name, name);
	if (a->value.type == SSBG_STRING)
		len = snprintf(value, sizeof(value), "%.*s", a->value.size, a->value.text);
	else if (a->value.type == SSBG_INTEGER)
		len = snprintf(value, sizeof(value), "%d", a->value.integer);
	else
		len = snprintf(value, sizeof(value), "%s", a->value.integer ? "true" : "false");
	attr.value_len = (uint16_t)len;
	len = rh_attribute_put(e->wire, sizeof(e->wire), e->wire_len, &attr);
	if (len < 0)
		return len;
	e->wire_len = (uint16_t)len;
	return 0;
}

static int events_make(struct typed *t, struct rh_error *err)
{
	int ret = 0;

	t->events = calloc(t->opt.events, sizeof(*t->events));
	if (!t->events)
		return rh_error_set(err, ENOMEM, "no memory for %u events", t->opt.events);
	for (uint32_t i = 0; i < t->opt.events; i++) {
		struct typed_event *e = &t->events[i];

		e->count = ssbg_event(&t->ssbg, i, e->attribute);
		for (uint32_t k = 0; k < e->count && !ret; k++)
			ret = attribute_put(e, &e->attribute[k]);
		if (ret)
			return rh_error_set(err, -ret, "attributes of event %u are refused", i);
	}
	return 0;
}

static int filter_add(struct typed *t, uint32_t f, const struct rh_filter *all, struct rh_cesql_tree *tree, struct rh_error *err)
{
	char text[SSBG_TEXT_MAX];
	uint32_t len = ssbg_filter_text(&t->ssbg, f, text);
	dp_sub_id_t sub;
	int ret = rh_cesql_parse(text, len, tree, NULL, err);

	if (!ret)
		ret = dp_table_content_add(t->table, 0, f + 1, tree, NULL, err);
	return ret ? ret : dp_table_sub_add(t->table, 0, all, f % t->opt.sessions, f + 1, &sub, err);
}

static int subscribe(struct typed *t, struct rh_error *err)
{
	static const char text[] = "typed/#";
	struct rh_cesql_tree *tree = malloc(sizeof(*tree));
	struct rh_filter all;
	int ret = rh_filter_parse(RH_DIALECT_MQTT, text, sizeof(text) - 1, &all, err);

	if (!tree)
		return rh_error_set(err, ENOMEM, "no memory for an expression");
	for (uint32_t f = 0; f < t->opt.filters && !ret; f++) {
		ret = filter_add(t, f, &all, tree, err);
		if (f % SUBSCRIBE_BATCH == 0)
			rh_rcu_quiescent();
	}
	free(tree);
	(void)dp_table_publish(t->table);
	rh_rcu_quiescent();
	return ret;
}

static int table_make(struct typed *t, struct rh_error *err)
{
	struct dp_table_conf conf = {.seed = t->opt.seed, .cache_entries = CACHE_ENTRIES, .max_workers = 1};
	int ret = dp_table_create(&conf, &t->table, err);

	if (!ret && dp_match_create(t->table, 0, &t->match) < 0)
		ret = rh_error_set(err, ENOMEM, "no memory for a matcher");
	return ret ? ret : subscribe(t, err);
}

static double seconds_since(uint64_t begun)
{
	return (double)(rh_clock_ns() - begun) / RH_NS_PER_S;
}

int typed_init(struct typed *t, const struct typed_options *opt, struct rh_error *err)
{
	struct ssbg_spec spec = {.names = opt->names, .values = opt->values, .seed = opt->seed};
	uint64_t begun;
	int ret;

	memset(t, 0, sizeof(*t));
	t->opt = *opt;
	if (!opt->filters || opt->filters > DP_LIMIT_CONTENTS || !opt->sessions || opt->sessions > DP_LIMIT_SESSIONS || !opt->events || opt->events % TYPED_BURST)
		return rh_error_set(err, EINVAL, "%u filters, %u sessions, %u events: 1 to %d, 1 to %d, a multiple of %d", opt->filters, opt->sessions, opt->events,
			DP_LIMIT_CONTENTS, DP_LIMIT_SESSIONS, TYPED_BURST);
	ret = ssbg_init(&t->ssbg, &spec, err);
	if (!ret)
		ret = events_make(t, err);
	t->out = calloc(opt->sessions, sizeof(*t->out));
	if (!ret && !t->out)
		ret = rh_error_set(err, ENOMEM, "no memory for %u sessions", opt->sessions);
	begun = rh_clock_ns();
	if (!ret)
		ret = counting_create(&t->ssbg, opt->filters, opt->sessions, &t->counting, err);
	t->counting_seconds = seconds_since(begun);
	begun = rh_clock_ns();
	if (!ret)
		ret = table_make(t, err);
	t->rhumb_seconds = seconds_since(begun);
	return ret;
}

void typed_fini(struct typed *t)
{
	dp_match_destroy(t->match);
	dp_table_destroy(t->table);
	counting_destroy(t->counting);
	ssbg_fini(&t->ssbg);
	free(t->events);
	free(t->out);
}

void typed_match(struct typed *t, uint32_t first, struct dp_match_result *results)
{
	static const char topic[] = "typed/event";
	struct dp_match_key keys[TYPED_BURST];

	for (uint32_t i = 0; i < TYPED_BURST; i++) {
		const struct typed_event *e = &t->events[first + i];

		keys[i] = (struct dp_match_key){.topic = topic, .topic_len = sizeof(topic) - 1, .attributes = e->wire, .attributes_len = e->wire_len};
	}
	(void)dp_match_begin(t->match);
	dp_match_burst(t->match, keys, TYPED_BURST, results);
	rh_rcu_quiescent();
}

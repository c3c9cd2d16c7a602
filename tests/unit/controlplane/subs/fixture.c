#include "tests/unit/controlplane/subs/fixture.h"

#include "dataplane/base/atomic.h"
#include "dataplane/base/clock.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct fake_table fake;
const char *fake_database_kind = "this one";
int fake_first_error;
struct cp_conf conf;
struct cp_subs *subs;
uv_loop_t loop;

static struct fake_op *op(char what)
{
	struct fake_op *o = &fake.ops[fake.count++ % RH_ARRAY_LEN(fake.ops)];

	*o = (struct fake_op){.what = what};
	return o;
}

/* The one given back last comes first: what still knows it by then is wrong. */
static dp_sub_id_t number_take(void)
{
	cr_assert(fake.free_count || fake.next_fresh < FAKE_SUBS);
	return fake.free_count ? fake.free[--fake.free_count] : fake.next_fresh++;
}

static int fake_add(struct dp_table *table, uint16_t tenant, const struct rh_filter *filter,
	dp_session_id_t session, dp_content_id_t content, dp_sub_id_t *out, struct rh_error *err)
{
	static char text[RH_FILTER_TEXT_MAX];
	struct fake_op *o;

	(void)table;
	if (fake.add_error)
		return rh_error_set(err, fake.add_error, "refused");
	if (fake.refuse && !strncmp(filter->canon, fake.refuse, strlen(fake.refuse)))
		return rh_error_set(err, ENOSPC, "full");
	if (fake.subs_most && fake.live >= fake.subs_most)
		return rh_error_set(err, ENOSPC, "full");
	cr_assert(content < FAKE_CONTENTS && (!content || fake.contents[content].used), "content %u was not added",
		content);
	cr_assert(!content || fake.contents[content].tenant == tenant);
	o = op('+');
	o->sub = *out = number_take();
	o->session = session;
	o->content = content;
	o->pattern = fake.contents[content].pattern;
	fake.contents[content].subs++;
	cr_assert_geq(rh_filter_show(filter, text, sizeof(text), NULL), 0);
	(void)snprintf(o->filter, sizeof(o->filter), "%.63s", text);
	fake.subs[*out] = (struct fake_sub){true, filter->except, filter->len, tenant, session, content, ""};
	cr_assert_leq(filter->len, sizeof(fake.subs->canon));
	memcpy(fake.subs[*out].canon, filter->canon, filter->len);
	fake.live++;
	return 0;
}

static int fake_del(struct dp_table *table, dp_sub_id_t sub)
{
	(void)table;
	op('-')->sub = sub;
	cr_assert(sub < FAKE_SUBS && fake.subs[sub].used, "%u is not there", sub);
	fake.contents[fake.subs[sub].content].subs--;
	/* Whoever still reads it reads nonsense. */
	memset(&fake.subs[sub], 0xa5, sizeof(fake.subs[sub]));
	fake.subs[sub].used = false;
	fake.free[fake.free_count++] = sub;
	fake.live--;
	return 0;
}

static int fake_info(const struct dp_table *table, dp_sub_id_t sub, struct dp_sub_info *out)
{
	const struct fake_sub *s = &fake.subs[sub];

	(void)table;
	cr_assert(s->used, "%u is asked for after its removal", sub);
	*out = (struct dp_sub_info){.filter = s->canon,
		.len = s->len,
		.except = s->except,
		.tenant = s->tenant,
		.session = s->session,
		.content = s->content};
	return 0;
}

static int fake_price(const struct dp_table *table, dp_sub_id_t sub, struct dp_sub_price *out)
{
	(void)table;
	cr_assert(fake.subs[sub].used, "the price of %u is asked for after its removal", sub);
	*out = (struct dp_sub_price){1, 2, 3};
	return 0;
}

static unsigned pattern_count(const struct rh_cesql_tree *tree)
{
	struct rh_cesql_pattern pattern;
	uint16_t node = RH_CESQL_NONE;
	unsigned count = 0;

	while (rh_cesql_pattern_next(tree, &node, &pattern))
		count++;
	return count;
}

static int fake_content_add(struct dp_table *table, uint16_t tenant, dp_content_id_t id,
	const struct rh_cesql_tree *tree, const dp_pattern_id_t *patterns, struct rh_error *err)
{
	struct fake_content *c = &fake.contents[id];
	struct fake_op *o;

	(void)table;
	if (fake.content_error)
		return rh_error_set(err, fake.content_error, "content refused");
	cr_assert(id && id < FAKE_CONTENTS && !c->used, "%u is there", id);
	*c = (struct fake_content){.used = true, .tenant = tenant, .nodes = tree ? tree->nodes : 0};
	c->patterns = tree ? pattern_count(tree) : 1;
	for (unsigned i = 0; i < c->patterns; i++)
		cr_assert(patterns[i] && patterns[i] <= fake.max_pattern, "pattern %u was not installed", patterns[i]);
	c->pattern = c->patterns ? patterns[0] : 0;
	o = op('C');
	o->content = id;
	o->pattern = c->pattern;
	fake.live_contents++;
	return 0;
}

static int fake_content_del(struct dp_table *table, dp_content_id_t id)
{
	(void)table;
	cr_assert(id && id < FAKE_CONTENTS && fake.contents[id].used, "content %u is not there", id);
	cr_assert_eq(fake.contents[id].subs, 0, "content %u is in use", id);
	fake.contents[id].used = false;
	op('D')->content = id;
	fake.live_contents--;
	return 0;
}

static int fake_patterns(struct dp_table *table, uint16_t tenant, uint32_t tier,
	const void *serialized, size_t len, uint32_t max_pattern, struct rh_error *err)
{
	struct fake_op *o;

	(void)table, (void)tenant, (void)serialized;
	cr_assert_lt(tier, DP_LIMIT_PATTERN_TIERS);
	if (fake_first_error) {
		fake_first_error = 0;
		return rh_error_set(err, EINVAL, "not this one");
	}
	if (len ? fake.patterns_error : fake.empty_error)
		return rh_error_set(err, len ? fake.patterns_error : fake.empty_error,
			"no room for scratch");
	cr_assert(len == 0 || len > 100);
	o = op(len ? 'P' : 'E');
	o->pattern = max_pattern;
	o->tier = tier;
	fake.tiers = len ? fake.tiers | 1ull << tier : fake.tiers & ~(1ull << tier);
	if (max_pattern > fake.max_pattern)
		fake.max_pattern = max_pattern;
	return 0;
}

static uint64_t fake_publish(struct dp_table *table)
{
	(void)table;
	(void)op('!');
	rh_store_relaxed(&fake.generation, fake.generation + 1);
	return fake.generation;
}

static enum dp_collect fake_collect(struct dp_table *table)
{
	(void)table;
	return DP_COLLECT_DONE;
}

static uint64_t fake_generation(const struct dp_table *table)
{
	(void)table;
	return rh_load_relaxed(&fake.generation);
}

static void fake_stats(const struct dp_table *table, struct dp_table_stats *out)
{
	(void)table;
	*out = (struct dp_table_stats){.subscriptions = fake.live};
}

static int fake_explain(struct dp_table *table, const struct dp_explain_event *event, dp_explain_cb cb,
	void *arg, struct dp_explain_cost *cost, struct rh_error *err)
{
	struct dp_explain_row row = {.verdict = DP_EXPLAIN_DELIVER};

	(void)table;
	if (memchr(event->topic, '#', event->topic_len))
		return rh_error_set(err, EINVAL, "wildcard at 0");
	for (row.sub = 0; row.sub < event->payload_len; row.sub++)
		cb(arg, &row);
	*cost = (struct dp_explain_cost){.cycles = 77};
	return 0;
}

static uint64_t fake_seen(const struct dp_engine *eng)
{
	(void)eng;
	return fake.seen_follows ? rh_load_relaxed(&fake.generation) : rh_load_relaxed(&fake.seen);
}

static void fake_kind(char *out, size_t size)
{
	(void)snprintf(out, size, "%s", fake_database_kind);
}

static int fake_want(struct dp_table *table, uint16_t tenant)
{
	(void)table, (void)tenant;
	fake.wanted++;
	return 0;
}

static void fake_forget(struct dp_table *table, uint16_t tenant)
{
	(void)table, (void)tenant;
	fake.forgotten++;
}

static void fake_read(const struct dp_table *table, uint16_t tenant, struct dp_samples *out)
{
	(void)table;
	cr_assert_gt(fake.wanted, fake.forgotten);
	out->count = tenant ? 0 : fake.payloads;
	out->taken = out->count;
	for (uint32_t i = 0; i < out->count; i++) {
		out->len[i] = (uint32_t)strlen(fake.payload[i]);
		cr_assert_leq(out->len[i], DP_SAMPLE_BYTES);
		memcpy(out->bytes[i], fake.payload[i], out->len[i]);
	}
}

static int fake_cost(struct dp_table *table, uint16_t tenant, const struct dp_samples *samples, uint32_t *centicycles)
{
	(void)table, (void)tenant;
	cr_assert_eq(samples->count, fake.payloads);
	*centicycles = rh_load_relaxed(&fake.cost);
	rh_store_relaxed(&fake.measured, fake.measured + 1);
	return 0;
}

static const struct cp_subs_ops ops = {fake_add, fake_del, fake_info, fake_price, fake_content_add, fake_content_del,
	fake_patterns, fake_publish, fake_collect, fake_generation, fake_stats, fake_explain, fake_seen, fake_kind,
	fake_want, fake_forget, fake_read, fake_cost};

const struct cp_subs_ops *const subs_fake_ops = &ops;

void fixture_start(void)
{
	fixture_start_with(&ops, NULL);
}

void fixture_start_with(const struct cp_subs_ops *with, struct dp_table *table)
{
	struct rh_error err;

	memset(&fake, 0, sizeof(fake));
	fake.subs = calloc(FAKE_SUBS, sizeof(*fake.subs));
	fake.free = calloc(FAKE_SUBS, sizeof(*fake.free));
	fake.contents = calloc(FAKE_CONTENTS, sizeof(*fake.contents));
	cr_assert(fake.subs && fake.free && fake.contents);
	fake.seen_follows = true;
	conf.subs_per_session = 100000;
	conf.expressions_max = 100000;
	conf.expression_bytes_max = 1ull << 30;
	conf.patterns_max = 100;
	conf.compile_ms_max = 500;
	conf.compile_mb_max = 512;
	conf.scan_cycles_per_byte_max = 100000;
	if (!conf.compile_helper[0])
		(void)snprintf(conf.compile_helper, sizeof(conf.compile_helper), "%s", RHUMB_HSC);
	cr_assert_eq(uv_loop_init(&loop), 0);
	cr_assert_eq(cp_subs_create_with(&loop, with, table, NULL, &conf, &subs, &err), 0, "%s",
		err.text);
	/* On a busy machine, with a sanitizer, every pattern takes long: who tests what they may take together says so. */
	subs->small_us = UINT32_MAX;
	/* Who tests what happens when all is quiet says when that is. */
	subs->quiet_ns = UINT64_MAX;
}

void fixture_stop(void)
{
	cp_subs_destroy(subs);
	while (uv_run(&loop, UV_RUN_NOWAIT))
		;
	cr_assert_eq(uv_loop_close(&loop), 0);
	free(fake.subs);
	free(fake.free);
	free(fake.contents);
}

struct rh_sub_entry entry(const char *filter)
{
	return (struct rh_sub_entry){.filter = {filter, (uint16_t)strlen(filter)}};
}

struct rh_sub_entry entry_with(const char *filter, const char *pattern)
{
	struct rh_sub_entry e = entry(filter);

	e.content_kind = RH_CONTENT_PAYLOAD_REGEX;
	e.content = (struct rh_text){pattern, (uint16_t)strlen(pattern)};
	return e;
}

struct rh_sub_entry entry_cesql(const char *filter, const char *expression)
{
	struct rh_sub_entry e = entry_with(filter, expression);

	e.content_kind = RH_CONTENT_CESQL;
	return e;
}

void on_done(void *arg, const struct cp_sub_outcome *outcomes, uint16_t count, uint64_t generation)
{
	struct answer *a = arg;

	a->calls++;
	a->count = count;
	a->generation = generation;
	memcpy(a->outcomes, outcomes, count * sizeof(*outcomes));
}

void add(dp_session_id_t slot, struct rh_sub_entry e, struct answer *a)
{
	*a = (struct answer){0};
	cr_assert_eq(cp_subs_add(subs, slot, 0, &e, 1, on_done, a), 0);
}

void del(dp_session_id_t slot, struct rh_sub_entry e, struct answer *a)
{
	*a = (struct answer){0};
	cr_assert_eq(cp_subs_del(subs, slot, 0, &e, 1, on_done, a), 0);
}

void drop(dp_session_id_t slot, struct answer *a)
{
	*a = (struct answer){0};
	cr_assert_eq(cp_subs_drop_session(subs, slot, on_done, a), 0);
}

static void tick(uv_timer_t *timer)
{
	(void)timer;
}

static void turn_until(const struct answer *a, uint64_t ms)
{
	uint64_t end = rh_clock_ns() + ms * RH_NS_PER_MS;
	uv_timer_t timer;

	(void)uv_timer_init(&loop, &timer);
	(void)uv_timer_start(&timer, tick, 1, 1);
	while (rh_clock_ns() < end && !(a && a->calls))
		(void)uv_run(&loop, UV_RUN_ONCE);
	uv_close((uv_handle_t *)&timer, NULL);
	(void)uv_run(&loop, UV_RUN_NOWAIT);
}

void run_until(const struct answer *a)
{
	turn_until(a, 50000);
	cr_assert_eq(a->calls, 1, "called %u times", a->calls);
}

void run_for(unsigned ms)
{
	turn_until(NULL, ms);
}

uint8_t added(dp_session_id_t slot, struct rh_sub_entry e, struct answer *a)
{
	add(slot, e, a);
	run_until(a);
	return a->outcomes[0].code;
}

uint8_t deleted(dp_session_id_t slot, struct rh_sub_entry e, struct answer *a)
{
	del(slot, e, a);
	run_until(a);
	return a->outcomes[0].code;
}

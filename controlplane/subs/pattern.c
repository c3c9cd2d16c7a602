/*
 * Interned payload patterns of a tenant: one object for equal texts, found by hash, counted by
 * reference.
 */
#include "controlplane/subs/subs_priv.h"

#include "dataplane/base/clock.h"
#include "dataplane/base/hash.h"

#include <stdlib.h>
#include <string.h>

/* Refusals remembered: enough for a client that insists, too few to matter as memory (4 KB each at
 * most). */
#define REFUSED_MOST 256
#define REFUSED_NS   (30 * RH_NS_PER_S)
#define REST_SIZE    (HSC_PATTERNS_MAX + 1)

static void pattern_free(void *arg, struct rh_hnode *node)
{
	struct cp_pattern *p = rh_container(node, struct cp_pattern, node);

	(void)arg;
	free(p->own);
	free(p);
}

void cp_tenant_destroy(struct cp_tenant *t)
{
	if (!t)
		return;
	if (t->patterns.buckets)
		rh_htable_each(&t->patterns, pattern_free, NULL);
	rh_htable_fini(&t->patterns);
	free(t->by_id);
	free(t->rest);
	free(t);
}

struct cp_tenant *cp_tenant_get(struct cp_subs *subs, uint16_t id)
{
	struct cp_tenant *t = id < DP_LIMIT_TENANTS ? subs->tenants[id] : NULL;

	if (t || id >= DP_LIMIT_TENANTS)
		return t;
	t = calloc(1, sizeof(*t));
	if (!t)
		return NULL;
	t->subs = subs;
	t->id = id;
	t->take_most = UINT32_MAX;
	t->typical_centicycles = HSC_UNKNOWN;
	t->ready_tail = &t->ready_head;
	t->by_id = calloc(HSC_PATTERNS_MAX + 1, sizeof(struct cp_pattern *));
	t->rest = calloc(REST_SIZE, sizeof(*t->rest));
	if (!t->by_id || !t->rest || rh_htable_init(&t->patterns) < 0) {
		cp_tenant_destroy(t);
		return NULL;
	}
	subs->tenants[id] = t;
	return t;
}

struct cp_pattern *cp_pattern_find(struct cp_tenant *t, const char *text, size_t len)
{
	uint64_t hash = rh_hash(text, len, t->subs->seed);
	struct cp_pattern *p;

	for (struct rh_hnode *n = rh_htable_find(&t->patterns, hash); n;
		n = rh_htable_next(n, hash)) {
		p = rh_container(n, struct cp_pattern, node);
		if (p->len == len && !memcmp(p->text, text, len))
			return p;
	}
	return NULL;
}

/* 0: none is free now. */
static dp_pattern_id_t id_take(struct cp_tenant *t)
{
	struct cp_pattern_rest *oldest = &t->rest[t->rest_head];

	if (t->rest_head != t->rest_tail &&
		oldest->generation <= t->subs->ops->seen(t->subs->eng)) {
		t->rest_head = (t->rest_head + 1) % REST_SIZE;
		return oldest->id;
	}
	return t->id_most < HSC_PATTERNS_MAX ? ++t->id_most : 0;
}

static void id_rest(struct cp_pattern *p)
{
	struct cp_tenant *t = p->tenant;

	if (!p->id)
		return;
	t->by_id[p->id] = NULL;
	t->rest[t->rest_tail] = (struct cp_pattern_rest){p->id, p->gone_generation};
	t->rest_tail = (t->rest_tail + 1) % REST_SIZE;
	p->id = 0;
}

void cp_pattern_release(struct cp_pattern *p)
{
	id_rest(p);
	rh_htable_remove(&p->tenant->patterns, &p->node);
	free(p->own);
	free(p);
}

static void own_free(struct cp_pattern *p)
{
	free(p->own);
	p->own = NULL;
}

void cp_pattern_settle(struct cp_pattern *p)
{
	if (!p->held) {
		cp_pattern_release(p);
		return;
	}
	own_free(p);
	p->state = p->held & ~p->leaving ? CP_PATTERN_INSTALLED : CP_PATTERN_LEAVING;
}

void cp_ready_push(struct cp_pattern *p)
{
	struct cp_tenant *t = p->tenant;

	p->state = CP_PATTERN_READY;
	p->ready_next = NULL;
	p->ready_prev = t->ready_tail;
	*t->ready_tail = p;
	t->ready_tail = &p->ready_next;
	t->ready++;
}

void cp_ready_remove(struct cp_pattern *p)
{
	*p->ready_prev = p->ready_next;
	if (p->ready_next)
		p->ready_next->ready_prev = p->ready_prev;
	else
		p->tenant->ready_tail = p->ready_prev;
	p->tenant->ready--;
}

static void refused_forget_oldest(struct cp_tenant *t)
{
	struct cp_pattern *p = t->refused_head;

	t->refused_head = p->refused_next;
	t->refused_count--;
	cp_pattern_release(p);
}

static void refused_expire(struct cp_tenant *t)
{
	uint64_t now = rh_clock_ns();

	while (t->refused_head &&
		(t->refused_count > REFUSED_MOST || now - t->refused_head->refused_ns > REFUSED_NS))
		refused_forget_oldest(t);
}

static void refused_remember(struct cp_pattern *p)
{
	struct cp_tenant *t = p->tenant;

	p->refused_ns = rh_clock_ns();
	p->refused_next = NULL;
	if (t->refused_head)
		t->refused_tail->refused_next = p;
	else
		t->refused_head = p;
	t->refused_tail = p;
	t->refused_count++;
	refused_expire(t);
}

static void waiter_add(struct cp_pattern *p, struct cp_waiter *waiter)
{
	waiter->next = p->waiters;
	waiter->prev = &p->waiters;
	if (p->waiters)
		p->waiters->prev = &waiter->next;
	p->waiters = waiter;
}

void cp_waiter_remove(struct cp_waiter *waiter)
{
	if (!waiter->prev)
		return;
	*waiter->prev = waiter->next;
	if (waiter->next)
		waiter->next->prev = waiter->prev;
	waiter->prev = NULL;
}

static void waiters_tell(struct cp_pattern *p, const struct cp_sub_outcome *outcome)
{
	struct cp_waiter *waiter;

	while ((waiter = p->waiters)) {
		cp_waiter_remove(waiter);
		cp_need_decided(waiter, outcome);
	}
}

/* The last reference goes. */
static void unuse(struct cp_pattern *p)
{
	cp_runs_use(p, -1);
	p->tenant->used--;
	p->tenant->compile_us -= p->compile_us;
}

void cp_pattern_resolve(struct cp_pattern *p, const struct cp_sub_outcome *outcome)
{
	struct cp_tenant *t = p->tenant;
	bool lasting;

	if (!outcome) {
		waiters_tell(p, NULL);
		return;
	}
	lasting = outcome->code != RH_SUB_INTERNAL && outcome->code != RH_SUB_LIMIT;
	if (p->refs)
		unuse(p);
	p->refs = 0;
	/* It came back while it was leaving: those who wanted it are told, its number stays. */
	if (p->held) {
		cp_pattern_settle(p);
		waiters_tell(p, outcome);
		return;
	}
	p->state = CP_PATTERN_REFUSED;
	p->outcome = *outcome;
	own_free(p);
	id_rest(p);
	/* Those told may ask for the same text again at once: a passing failure must not answer
	 * them. */
	if (!lasting)
		rh_htable_remove(&t->patterns, &p->node);
	waiters_tell(p, &p->outcome);
	if (lasting)
		refused_remember(p);
	else
		free(p);
}

static struct cp_pattern *pattern_alloc(
	struct cp_tenant *t, dp_pattern_id_t id, const char *text, size_t len)
{
	struct cp_pattern *p = calloc(1, sizeof(*p) + len + 1);

	if (!p)
		return NULL;
	p->tenant = t;
	p->id = id;
	p->len = (uint32_t)len;
	memcpy(p->text, text, len);
	return p;
}

static void pattern_insert(struct cp_pattern *p)
{
	struct cp_tenant *t = p->tenant;

	rh_htable_insert(&t->patterns, &p->node, rh_hash(p->text, p->len, t->subs->seed));
	t->by_id[p->id] = p;
}

static struct cp_pattern *pattern_create(struct cp_tenant *t, dp_pattern_id_t id, const char *text,
	size_t len, dp_session_id_t slot)
{
	struct cp_pattern *p = pattern_alloc(t, id, text, len);

	if (!p)
		return NULL;
	if (!cp_check_push(p, slot)) {
		free(p);
		return NULL;
	}
	pattern_insert(p);
	return p;
}

/* A number that was never given out may be taken now. */
static void id_free(struct cp_tenant *t, dp_pattern_id_t id)
{
	t->rest[t->rest_tail] = (struct cp_pattern_rest){id, 0};
	t->rest_tail = (t->rest_tail + 1) % REST_SIZE;
}

struct cp_pattern *cp_pattern_stored(
	struct cp_tenant *t, dp_pattern_id_t id, const char *text, size_t len)
{
	struct cp_pattern *p = pattern_alloc(t, id, text, len);

	if (!p)
		return NULL;
	p->state = CP_PATTERN_COMPILING;
	pattern_insert(p);
	while (++t->id_most < id)
		id_free(t, t->id_most);
	return p;
}

/* A reference to a pattern nobody used: it counts against the tenant's limit again. */
static bool use(struct cp_tenant *t, struct cp_pattern *p, struct cp_sub_outcome *outcome)
{
	if (p && p->refs)
		return true;
	if (t->used >= t->subs->patterns_max) {
		t->subs->stats.patterns_over_limit++;
		cp_outcome_set(outcome, RH_SUB_LIMIT,
			"this tenant has its %u payload patterns: reuse one or unsubscribe some",
			t->subs->patterns_max);
		return false;
	}
	t->used++;
	if (p) {
		t->compile_us += p->compile_us;
		cp_runs_use(p, 1);
	}
	return true;
}

static struct cp_pattern *pattern_new(struct cp_tenant *t, const char *text, size_t len,
	dp_session_id_t slot, struct cp_sub_outcome *outcome)
{
	dp_pattern_id_t id = id_take(t);
	struct cp_pattern *p;

	if (!id) {
		t->subs->stats.pattern_numbers_full++;
		t->purge = true;
		cp_tenant_compile(t);
		cp_outcome_set(outcome, RH_SUB_LIMIT,
			"all %u pattern numbers are taken or were a moment ago: try again",
			HSC_PATTERNS_MAX);
		return NULL;
	}
	p = pattern_create(t, id, text, len, slot);
	if (!p) {
		id_free(t, id);
		cp_outcome_set(outcome, RH_SUB_INTERNAL, CP_TEXT_NO_MEMORY);
	}
	return p;
}

/* Asked for again while a run without it is being made: it gets one of its own. */
static struct cp_pattern *revive(
	struct cp_pattern *p, dp_session_id_t slot, struct cp_sub_outcome *outcome)
{
	if (!cp_check_push(p, slot)) {
		cp_outcome_set(outcome, RH_SUB_INTERNAL, CP_TEXT_NO_MEMORY);
		unuse(p);
		p->tenant->used++; /* the caller's to take back */
		return NULL;
	}
	p->state = CP_PATTERN_CHECKING;
	p->tenant->compile_us -= p->compile_us; /* it is measured again */
	p->compile_us = 0;
	return p;
}

struct cp_pattern *cp_pattern_get(struct cp_tenant *t, const char *text, size_t len,
	struct cp_waiter *waiter, bool *wait, struct cp_sub_outcome *outcome)
{
	dp_session_id_t slot = waiter->request->slot;
	struct cp_pattern *p;

	refused_expire(t);
	p = cp_pattern_find(t, text, len);
	if (p && p->state == CP_PATTERN_REFUSED) {
		*outcome = p->outcome;
		return NULL;
	}
	if (!use(t, p, outcome))
		return NULL;
	if (!p)
		p = pattern_new(t, text, len, slot, outcome);
	else if (p->state == CP_PATTERN_LEAVING)
		p = revive(p, slot, outcome);
	else if (p->check)
		cp_compile_join(p->check, slot);
	if (!p) {
		t->used--;
		return NULL;
	}
	p->refs++;
	*wait = p->state != CP_PATTERN_INSTALLED;
	if (*wait)
		waiter_add(p, waiter);
	return p;
}

void cp_pattern_put(struct cp_pattern *p)
{
	if (--p->refs)
		return;
	unuse(p);
	if (p->state != CP_PATTERN_READY)
		return;
	cp_ready_remove(p);
	cp_pattern_settle(p);
}

/*
 * One entry of a request: what it asks for is parsed, waits for its patterns, and is entered in or
 * taken out of the registry.
 */
#include "controlplane/subs/subs_priv.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static void filter_start(struct cp_entry *e, struct cp_sub_outcome *out)
{
	struct rh_filter filter;
	struct rh_error err;
	int ret;

	ret = rh_filter_parse(e->dialect, e->filter, e->filter_len, &filter, &err);
	if (ret == 0)
		ret = rh_filter_is_unshared(&filter, &err);
	if (ret < 0) {
		/* Dialects that are not known yet are a later version's. */
		bool later = ret == -ENOTSUP || e->dialect >= RH_DIALECT_COUNT;

		cp_outcome_set(out, later ? RH_SUB_UNSUPPORTED : RH_SUB_INVALID_FILTER, "%s",
			err.text);
		return;
	}
	assert(filter.len <= e->filter_len + CP_CANON_MORE);
	memcpy(e->filter, filter.canon, filter.len);
	e->filter_len = filter.len;
	e->except = filter.except;
}

static void needs_release(struct cp_entry *e)
{
	struct cp_pattern *p;

	for (uint16_t i = 0; i < e->need_count; i++) {
		p = e->needs[i].pattern;
		cp_waiter_remove(&e->needs[i].waiter);
		/* A refused one counts no references. */
		if (p && p->state != CP_PATTERN_REFUSED)
			cp_pattern_put(p);
	}
	free(e->needs);
	e->needs = NULL;
	e->need_count = 0;
}

/* Nothing is left to wait for. @e waits no more, and the request not for it. */
static bool wait_ends(struct cp_request *r, struct cp_entry *e)
{
	if (!e->pending)
		return false;
	e->pending = 0;
	r->waiting--;
	return true;
}

static bool need_start(struct cp_request *r, uint16_t i, uint16_t at, struct cp_tenant *t)
{
	struct cp_entry *e = &r->entries[i];
	const struct cp_expression_pattern *want = &e->expression->pattern[at];
	struct cp_need *need = &e->needs[at];
	struct cp_pattern *p;
	bool wait = false;

	need->waiter = (struct cp_waiter){.request = r, .entry = i};
	p = cp_pattern_get(t, want->text, want->len, &need->waiter, &wait, &r->outcomes[i]);
	/* Without one, @need may be gone: whom it was for was refused meanwhile. */
	if (!p)
		return false;
	need->pattern = p;
	e->pending += wait;
	return true;
}

static void needs_start(struct cp_request *r, uint16_t i)
{
	struct cp_entry *e = &r->entries[i];
	struct cp_tenant *t = cp_tenant_get(r->subs, r->tenant);
	uint16_t count = e->expression->patterns;

	e->needs = calloc(count, sizeof(*e->needs));
	if (!t || !e->needs) {
		cp_outcome_set(&r->outcomes[i], RH_SUB_INTERNAL, CP_TEXT_NO_MEMORY);
		return;
	}
	e->need_count = count;
	/* One is this function's, so that none ends the wait before all are known. */
	e->pending = 1;
	r->waiting++;
	for (uint16_t at = 0; at < count; at++) {
		if (need_start(r, i, at, t))
			continue;
		(void)wait_ends(r, e);
		needs_release(e);
		return;
	}
	if (--e->pending == 0)
		r->waiting--;
}

static uint32_t registry_bytes(const struct cp_expression *x)
{
	return (uint32_t)(CP_CONTENT_BYTES + x->len + x->patterns * sizeof(dp_pattern_id_t));
}

/* What @x counts for: in the registry, and compiled as if no other had any part of it. Some hundreds of bytes a node at the most. */
static uint32_t bytes_of(const struct cp_expression *x)
{
	return registry_bytes(x) + (uint32_t)x->price.bytes;
}

static bool over_limit(
	struct cp_subs *subs, uint16_t tenant, const struct cp_expression *x, struct cp_sub_outcome *out)
{
	const struct cp_contents_of *has = &subs->contents.of_tenant[tenant];

	if (has->count >= subs->contents_max) {
		subs->stats.contents_over_limit++;
		cp_outcome_set(out, RH_SUB_LIMIT,
			"this tenant has its %u content expressions: reuse one or unsubscribe some",
			subs->contents_max);
		return true;
	}
	if (has->bytes + bytes_of(x) <= subs->content_bytes_max)
		return false;
	subs->stats.content_bytes_over_limit++;
	cp_outcome_set(out, RH_SUB_LIMIT,
		"this content expression takes %u bytes, and this tenant's take %" PRIu64 " of their %" PRIu64
		": write it shorter, reuse one or unsubscribe some",
		bytes_of(x), has->bytes, subs->content_bytes_max);
	return true;
}

static struct cp_content *content_find(const struct cp_request *r, const struct cp_entry *e)
{
	struct cp_content *c = cp_content_find(
		&r->subs->contents, r->tenant, e->expression->text, e->expression->len);

	if (c)
		c->refs++;
	return c;
}

static bool expression_take(struct cp_request *r, struct cp_entry *e, struct cp_sub_outcome *out)
{
	struct cp_expression *x = cp_expression_create(e->content_kind, e->content, e->content_len, out);

	if (!x)
		return false;
	if (r->tenant >= DP_LIMIT_TENANTS || r->subs->open_bytes + x->bytes > CP_OPEN_BYTES_MOST) {
		free(x);
		cp_outcome_set(out, RH_SUB_INTERNAL, CP_TEXT_NO_MEMORY);
		return false;
	}
	r->bytes += x->bytes;
	r->subs->open_bytes += x->bytes;
	e->expression = x;
	return true;
}

static void content_start(struct cp_request *r, uint16_t i)
{
	struct cp_entry *e = &r->entries[i];
	struct cp_sub_outcome *out = &r->outcomes[i];

	if (e->except) {
		cp_outcome_set(out, RH_SUB_UNSUPPORTED,
			"an exception (!) with a content expression is not supported yet: leave "
			"the expression out, and all that the filter matches is excepted");
		return;
	}
	if (!expression_take(r, e, out))
		return;
	e->wanted = content_find(r, e);
	if (e->wanted || r->kind == CP_REQUEST_DEL || over_limit(r->subs, r->tenant, e->expression, out))
		return;
	if (e->expression->patterns)
		needs_start(r, i);
}

void cp_entry_start(struct cp_request *r, uint16_t i)
{
	filter_start(&r->entries[i], &r->outcomes[i]);
	if (!r->outcomes[i].code && r->entries[i].content_kind != RH_CONTENT_NONE)
		content_start(r, i);
}

void cp_need_decided(struct cp_waiter *waiter, const struct cp_sub_outcome *outcome)
{
	struct cp_request *r = waiter->request;
	struct cp_entry *e = &r->entries[waiter->entry];

	if (outcome) {
		r->outcomes[waiter->entry] = *outcome;
		needs_release(e);
	} else if (--e->pending) {
		return;
	}
	e->pending = 0;
	cp_request_decided(r);
}

static void wanted_put(struct cp_request *r, struct cp_entry *e)
{
	if (e->wanted)
		cp_content_put(r->subs, e->wanted);
	e->wanted = NULL;
}

void cp_entry_release(struct cp_request *r, uint16_t i)
{
	struct cp_entry *e = &r->entries[i];

	e->pending = 0;
	needs_release(e);
	wanted_put(r, e);
}

void cp_entry_fini(struct cp_entry *e)
{
	free(e->needs);
	free(e->expression);
}

/* Made of what the entry holds: its patterns' references go there. */
static struct cp_content *content_create(
	struct cp_request *r, struct cp_entry *e, struct cp_sub_outcome *out)
{
	const struct cp_expression *x = e->expression;
	struct cp_content *c;
	int ret;

	if (over_limit(r->subs, r->tenant, x, out))
		return NULL;
	ret = cp_content_create(&r->subs->contents, r->tenant, x->text, x->len, e->need_count, bytes_of(x), &c);
	if (ret == -ENOMEM) {
		cp_outcome_set(out, RH_SUB_INTERNAL, CP_TEXT_NO_MEMORY);
		return NULL;
	}
	if (ret < 0) {
		r->subs->stats.contents_full++;
		cp_outcome_set(out, RH_SUB_LIMIT,
			"the router has its %u content expressions: reuse one or unsubscribe some",
			DP_LIMIT_CONTENTS);
		return NULL;
	}
	for (uint16_t i = 0; i < e->need_count; i++) {
		c->pattern[i] = e->needs[i].pattern->id;
		e->needs[i].pattern = NULL;
	}
	c->refs = 1;
	return c;
}

/* False: refused. */
static bool content_settle(struct cp_request *r, struct cp_entry *e, struct cp_sub_outcome *out)
{
	if (!e->expression)
		return true;
	/* Another entry may have brought it meanwhile. */
	if (!e->wanted)
		e->wanted = content_find(r, e);
	if (!e->wanted)
		e->wanted = content_create(r, e, out);
	needs_release(e);
	return e->wanted;
}

void cp_change_set(
	struct cp_subs *subs, struct cp_change *change, enum cp_change_kind kind, uint32_t ref)
{
	change->kind = (uint8_t)kind;
	if (cp_ref_is_live(ref)) {
		change->id = cp_ref_sub(ref);
		return;
	}
	change->adding = cp_ref_adding(&subs->records, ref);
	change->adding->changes++;
}

static struct cp_sub_key key_of(const struct cp_request *r, const struct cp_entry *e)
{
	return (struct cp_sub_key){.filter = e->filter,
		.len = e->filter_len,
		.slot = r->slot,
		.content = e->wanted ? e->wanted->id : 0,
		.except = e->except};
}

/* The dearest to scan of those that @c looks for. NULL: none was measured alone. */
static const struct cp_pattern *dearest(const struct cp_subs *subs, const struct cp_content *c)
{
	const struct cp_tenant *t = subs->tenants[c->tenant];
	const struct cp_pattern *p, *found = NULL;

	for (uint16_t i = 0; i < c->patterns; i++) {
		p = t->by_id[c->pattern[i]];
		if (p->measured && (!found || p->centicycles > found->centicycles))
			found = p;
	}
	return found;
}

static void scan_tell(const struct cp_pattern *p, struct cp_sub_outcome *out)
{
	uint32_t worst = (p->centicycles + 5) / 10, typical = (p->typical_centicycles + 5) / 10;

	if (p->typical_centicycles == HSC_UNKNOWN)
		cp_outcome_set(out, RH_SUB_OK,
			"its pattern takes up to %u.%u cycles a payload byte; this tenant's payloads are not known yet",
			worst / 10, worst % 10);
	else
		cp_outcome_set(out, RH_SUB_OK,
			"its pattern takes up to %u.%u cycles a payload byte, %u.%u on this tenant's recent payloads",
			worst / 10, worst % 10, typical / 10, typical % 10);
}

/* What the expression of @e costs by its form, and its place in the registry, when but @refs refer to it; and which part is dear. */
static void content_price(
	const struct cp_subs *subs, const struct cp_entry *e, uint32_t refs, struct cp_sub_outcome *out)
{
	const struct cp_expression *x = e->expression;
	const struct cp_content *c = e->wanted;
	const struct cp_pattern *p;

	if (!c)
		return;
	if (x->price.dear_size && x->price.dear_size < x->len)
		cp_outcome_set(out, RH_SUB_OK, "%" PRIu64 " of its %" PRIu64 " cycles: %.*s", x->price.dear_cycles,
			x->price.cycles, x->price.dear_size, x->text + x->price.dear_at);
	else if ((p = dearest(subs, c)))
		scan_tell(p, out);
	if (c->refs != refs)
		return;
	out->price.bytes = registry_bytes(x);
	/* A pattern was measured, and the table knows what scans cost. */
	if (!x->alone)
		out->price.match_cycles = x->price.cycles < UINT32_MAX ? (uint32_t)x->price.cycles : UINT32_MAX;
}

/* The entry's reference to its content goes to the new subscription. */
static void add_new(struct cp_request *r, struct cp_subs_session *s, uint16_t i)
{
	struct cp_subs *subs = r->subs;
	struct cp_entry *e = &r->entries[i];
	struct cp_sub_key key = key_of(r, e);
	struct cp_adding *a = cp_registry_add(subs, s, r->tenant, &key, e->wanted);

	if (!a) {
		cp_outcome_set(&r->outcomes[i], RH_SUB_INTERNAL, CP_TEXT_NO_MEMORY);
		return;
	}
	r->changes[i].id = key.content;
	content_price(subs, e, 1, &r->outcomes[i]);
	e->wanted = NULL;
	cp_change_set(subs, &r->changes[i], CP_CHANGE_ADD, cp_ref_of_adding(&subs->records, a));
}

static void add_settled(struct cp_request *r, struct cp_subs_session *s, uint16_t i)
{
	struct cp_subs *subs = r->subs;
	struct cp_sub_key key = key_of(r, &r->entries[i]);
	uint32_t ref = cp_registry_find(subs, &key);

	if (ref) {
		/* The subscription's reference and the entry's. */
		content_price(subs, &r->entries[i], 2, &r->outcomes[i]);
		cp_change_set(subs, &r->changes[i],
			cp_ref_is_live(ref) ? CP_CHANGE_PRICE : CP_CHANGE_KEEP, ref);
	} else if (s->count >= subs->subs_per_session) {
		subs->stats.over_limit++;
		cp_outcome_set(&r->outcomes[i], RH_SUB_LIMIT,
			"this session has its %u subscriptions: unsubscribe some",
			subs->subs_per_session);
	} else {
		add_new(r, s, i);
	}
}

void cp_entry_add(struct cp_request *r, struct cp_subs_session *s, uint16_t i)
{
	struct cp_entry *e = &r->entries[i];

	if (content_settle(r, e, &r->outcomes[i]))
		add_settled(r, s, i);
	wanted_put(r, e);
}

void cp_entry_del(struct cp_request *r, struct cp_subs_session *s, uint16_t i)
{
	struct cp_entry *e = &r->entries[i];
	struct cp_sub_key key = key_of(r, e);
	uint32_t ref = 0;

	/* An expression that nobody has is nobody's subscription. */
	if (key.content || !e->content_kind)
		ref = cp_registry_find(r->subs, &key);
	if (ref) {
		cp_change_set(r->subs, &r->changes[i], CP_CHANGE_DEL, ref);
		cp_registry_remove(r->subs, s, ref);
	} else {
		cp_outcome_set(&r->outcomes[i], RH_SUB_NOT_SUBSCRIBED,
			"this session has no %s with that filter%s",
			e->except ? "exception" : "subscription",
			e->content_kind ? " and expression" : "");
	}
	wanted_put(r, e);
}

/*
 * A tenant's own payloads, which its patterns are measured on: workers sample them while it has patterns or asks for one. They go with
 * each pattern that is looked at to the compile helper, and now and then to the builder, which has the databases and says what they cost
 * together: what was cheap when it came may be dear for what is published now. They are shown and logged nowhere.
 */
#include "controlplane/subs/subs_priv.h"

#include "dataplane/base/clock.h"
#include "dataplane/base/log.h"

#include <stdlib.h>

#define TICK_MS 1000
/* A tenant without patterns is forgotten after so long: one whose pattern was refused asks again. */
#define FORGET_NS (60 * RH_NS_PER_S)
/* Measured again when something has been published since, one tenant a tick: a measurement takes the builder some milliseconds at most. */
#define MEASURE_NS (10 * RH_NS_PER_S)
_Static_assert(DP_SAMPLES <= HSC_PAYLOADS_MAX && DP_SAMPLE_BYTES <= HSC_PAYLOAD_MAX, "a helper takes all of them");

void cp_samples_want(struct cp_tenant *t)
{
	struct cp_subs *subs = t->subs;

	/* Without memory for them patterns are measured as without samples. */
	if (t->sampled || !subs->ops->samples_want || subs->ops->samples_want(subs->table, t->id) < 0)
		return;
	t->sampled = true;
	t->wanted_ns = rh_clock_ns();
	if (!uv_is_active((uv_handle_t *)&subs->sampling))
		(void)uv_timer_start(&subs->sampling, cp_samples_tick, TICK_MS, TICK_MS);
}

/* It has no patterns any more that could cost something. */
static void cost_forget(struct cp_tenant *t)
{
	t->dear = false;
	t->typical_centicycles = HSC_UNKNOWN;
}

static void forget(struct cp_tenant *t)
{
	t->subs->ops->samples_forget(t->subs->table, t->id);
	t->sampled = false;
}

void cp_samples_pack(struct cp_compile_job *job)
{
	struct cp_subs *subs = job->tenant->subs;
	struct dp_samples *samples = subs->samples;
	struct hsc_payload payload[DP_SAMPLES];

	/* A merge that brings nothing new makes scans fewer, whatever they cost. */
	if (!job->tenant->sampled || (job->type == HSC_COMPILE && !job->set.fresh))
		return;
	subs->ops->samples_read(subs->table, job->tenant->id, samples);
	for (uint32_t i = 0; i < samples->count; i++)
		payload[i] = (struct hsc_payload){samples->len[i], samples->bytes[i]};
	job->payloads_len = hsc_payloads_size(payload, samples->count);
	job->payloads = malloc(job->payloads_len);
	if (job->payloads)
		hsc_payloads_encode(job->payloads, payload, samples->count);
	else
		job->payloads_len = 0;
}

void cp_samples_drop(struct cp_compile_job *job)
{
	free(job->payloads);
	job->payloads = NULL;
	job->payloads_len = 0;
}

/* True: it was sent to the builder. */
static bool measure(struct cp_tenant *t, uint64_t now_ns)
{
	struct cp_subs *subs = t->subs;
	struct cp_measure_job *job;

	if (!t->sampled || t->measuring || !t->used || now_ns < t->measure_ns)
		return false;
	job = calloc(1, sizeof(*job));
	if (!job)
		return false;
	subs->ops->samples_read(subs->table, t->id, &job->samples);
	t->measure_ns = now_ns + MEASURE_NS;
	if (!job->samples.count || job->samples.taken == t->measured_taken) {
		free(job);
		return false;
	}
	job->builder.kind = CP_BUILDER_MEASURE;
	job->tenant = t;
	t->measuring = true;
	t->measured_taken = job->samples.taken;
	cp_lane_push(&subs->builder, &job->builder.job);
	return true;
}

void cp_samples_again(struct cp_tenant *t)
{
	t->measure_ns = 0;
	t->measured_taken = 0;
}

uint32_t cp_tenant_scan_most(const struct cp_tenant *t)
{
	uint32_t one = t->subs->centicycles_most / CP_HELPER_SET_SCAN_FACTOR;

	return t->used < CP_HELPER_SET_SCAN_FACTOR ? t->used * one : t->subs->centicycles_most;
}

static void tell(struct cp_tenant *t)
{
	uint32_t most = cp_tenant_scan_most(t) / 100, typical = t->typical_centicycles / 100;
	bool dear = typical > most;

	if (dear && !t->dear)
		rh_log_warn(SUBS,
			"tenant %u: its patterns cost %u cycles a byte to scan on its recent payloads, more than the %u allowed: "
			"traffic has made them dear; see rhumb show patterns",
			t->id, typical, most);
	else if (!dear && t->dear)
		rh_log_info(SUBS, "tenant %u: its patterns cost %u cycles a byte to scan on its recent payloads: within the %u allowed again",
			t->id, typical, most);
	t->dear = dear;
}

void cp_samples_measured(struct cp_measure_job *job)
{
	struct cp_tenant *t = job->tenant;

	t->measuring = false;
	if (job->builder.status == 0 && t->sampled && t->used) {
		t->typical_centicycles = job->centicycles;
		tell(t);
	}
	free(job);
}

/* False: it is not sampled any more. */
static bool keep(struct cp_tenant *t, uint64_t now_ns)
{
	if (!t->sampled)
		return false;
	if (!t->used)
		cost_forget(t);
	if (t->used || cp_tenant_keeps(t))
		t->wanted_ns = now_ns;
	if (now_ns - t->wanted_ns <= FORGET_NS)
		return true;
	forget(t);
	return false;
}

void cp_samples_tick(uv_timer_t *timer)
{
	struct cp_subs *subs = timer->data;
	uint64_t now_ns = rh_clock_ns();
	bool measured = false, any = false;

	for (unsigned i = 0; i < DP_LIMIT_TENANTS; i++) {
		unsigned at = (subs->sampling_next + i) % DP_LIMIT_TENANTS;

		if (!subs->tenants[at] || !keep(subs->tenants[at], now_ns))
			continue;
		any = true;
		if (measured || !measure(subs->tenants[at], now_ns))
			continue;
		measured = true;
		subs->sampling_next = at + 1;
	}
	if (!any)
		(void)uv_timer_stop(timer);
}

/*
 * Which databases a tenant's patterns are spread over. A new pattern becomes a run of its own, which costs nobody a
 * compilation: its check made the database. Every run is one more scan for an event, so runs merge, the small often and
 * the large seldom, each level in a process of its own: a merge of a few patterns takes milliseconds and does not wait
 * for one of ten thousand, which takes seconds. A large run is merged only with what comes near to its size, or when
 * all is quiet. The arithmetic is in docs/content-patterns.md.
 */
#include "controlplane/subs/subs_priv.h"

#include "dataplane/base/clock.h"

#include <stdlib.h>

/* Merges start when so many runs can go in and nothing has changed for a moment, or when a level has its most. */
#define MERGE_LEAST 4
#define CALM_NS	    (200 * RH_NS_PER_MS)
/* A run joins others that have at least one pattern for so many of its own. */
#define MERGE_RATIO 4
/* Ready patterns of one merge: they wait for each other. */
#define READY_MOST 64
/* Quiet is so many times as long as what will break it: the large merges of a tenant take at most a fifth of one core. */
#define QUIET_FACTOR 4

/* Runs of @least up to below @most patterns, until they are @enough together. Of these, @runs are merged at once: what
 * comes meanwhile needs the others. */
static const struct level {
	uint32_t least, most, enough, runs;
} levels[CP_LEVELS] = {{1, 8, 32, 12}, {8, 128, 256, 6}, {128, UINT32_MAX, UINT32_MAX, 6}};

/* More runs than the lower level's: large merges do not keep up, and the medium one, which has more of the processor, takes
 * what is theirs as well. */
#define GROWN_MOST 12
static const struct level pressed = {8, 1024, 1024, 6};

static bool is_idle(const struct cp_run *run)
{
	return run->count && !run->busy;
}

void cp_runs_use(struct cp_pattern *p, int step)
{
	for (uint64_t left = p->held; left; left &= left - 1)
		p->tenant->runs[__builtin_ctzll(left)].used += (uint32_t)step;
}

bool cp_run_take(struct cp_tenant *t, struct cp_set *set)
{
	for (uint8_t i = 0; i < CP_RUNS; i++) {
		struct cp_run *run = &t->runs[i];

		if (set->sources ? !(set->sources >> i & 1) : run->count || run->busy)
			continue;
		set->run = i;
		run->busy = true;
		for (uint64_t left = set->sources; left; left &= left - 1)
			t->runs[__builtin_ctzll(left)].busy = true;
		return true;
	}
	return false;
}

uint32_t cp_runs_free(const struct cp_tenant *t)
{
	uint32_t free = 0;

	for (uint32_t i = 0; i < CP_RUNS; i++)
		free += !t->runs[i].count && !t->runs[i].busy;
	return free;
}

uint32_t cp_runs_alone(const struct cp_tenant *t)
{
	uint32_t alone = 0;

	for (uint32_t i = 0; i < CP_RUNS; i++)
		alone += is_idle(&t->runs[i]) && t->runs[i].count == 1;
	return alone;
}

static uint32_t dearer(const struct cp_run *run)
{
	return run->centicycles > run->coming_centicycles ? run->centicycles
							   : run->coming_centicycles;
}

uint32_t cp_runs_cost(const struct cp_tenant *t, uint64_t without)
{
	uint32_t sum = 0;

	for (uint32_t i = 0; i < CP_RUNS; i++)
		sum += without >> i & 1 ? 0 : dearer(&t->runs[i]);
	return sum;
}

bool cp_tenant_keeps(const struct cp_tenant *t)
{
	return t->keep_until_ns && rh_clock_ns() < t->keep_until_ns;
}

uint64_t cp_runs_unused(const struct cp_tenant *t)
{
	uint64_t found = 0;

	for (uint32_t i = 0; i < CP_RUNS; i++)
		if (is_idle(&t->runs[i]) && !t->runs[i].used)
			found |= 1ull << i;
	return cp_tenant_keeps(t) ? 0 : found;
}

static int by_count(const void *left, const void *right)
{
	const struct cp_run *const *a = left, *const *b = right;

	return (*a)->count < (*b)->count ? -1 : (*a)->count > (*b)->count;
}

/* The idle ones, the smallest first. */
static uint32_t idle_runs(const struct cp_tenant *t, const struct cp_run **out)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < CP_RUNS; i++)
		if (is_idle(&t->runs[i]))
			out[count++] = &t->runs[i];
	qsort(out, count, sizeof(*out), by_count);
	return count;
}

static uint64_t mask_of(const struct cp_tenant *t, const struct cp_run *run)
{
	return 1ull << (run - t->runs);
}

static bool is_calm(const struct cp_tenant *t)
{
	return rh_clock_ns() > t->changed_ns + CALM_NS;
}

/* Those of a size. True: it is worth a merge. */
static bool alike(const struct cp_tenant *t, const struct level *level, uint64_t *sources)
{
	const struct cp_run *run[CP_RUNS];
	uint32_t count = idle_runs(t, run), found = 0, total = 0;

	*sources = 0;
	for (uint32_t i = 0; i < count && run[i]->count < level->most && total < level->enough; i++) {
		if (run[i]->count < level->least)
			continue;
		if (total && run[i]->count / MERGE_RATIO > total)
			break;
		*sources |= mask_of(t, run[i]);
		total += run[i]->count;
		found++;
	}
	return found >= (is_calm(t) ? MERGE_LEAST : level->runs) || total >= level->enough;
}

/* Idle or not, those that new patterns do not become. */
static uint32_t grown(const struct cp_tenant *t)
{
	uint32_t found = 0;

	for (uint32_t i = 0; i < CP_RUNS; i++)
		found += t->runs[i].count >= levels[1].least;
	return found;
}

static bool all_idle(const struct cp_tenant *t)
{
	for (uint32_t i = 0; i < CP_RUNS; i++)
		if (t->runs[i].busy)
			return false;
	return true;
}

/* More than one, or one of which much is unused. */
static uint64_t untidy(const struct cp_tenant *t)
{
	const struct cp_run *run[CP_RUNS];
	uint32_t count = idle_runs(t, run);
	uint64_t sources = 0;
	bool much = count > 1, keeps = cp_tenant_keeps(t);

	for (uint32_t i = 0; i < count; i++) {
		sources |= mask_of(t, run[i]);
		much |= !keeps && run[i]->count - run[i]->used > run[i]->count / MERGE_RATIO;
	}
	return much ? sources : 0;
}

static uint64_t with_unused(const struct cp_tenant *t)
{
	uint64_t found = 0;

	for (uint32_t i = 0; i < CP_RUNS; i++)
		if (is_idle(&t->runs[i]) && t->runs[i].used < t->runs[i].count)
			found |= 1ull << i;
	return found;
}

static bool is_quiet(const struct cp_tenant *t)
{
	uint64_t wait_ns = QUIET_FACTOR * t->large_ns;

	if (t->ready || t->checking || !all_idle(t))
		return false;
	if (wait_ns < t->subs->quiet_ns)
		wait_ns = t->subs->quiet_ns;
	return rh_clock_ns() - t->changed_ns > wait_ns;
}

static bool large_due(struct cp_tenant *t, struct cp_set *set)
{
	if (t->purge) {
		t->purge = false;
		t->keep_until_ns = 0;
		set->sources = with_unused(t);
		return set->sources != 0;
	}
	set->sources = is_quiet(t) ? untidy(t) : 0;
	if (set->sources)
		return true;
	return alike(t, &levels[CP_LEVELS - 1], &set->sources);
}

/* Everything at once, when nothing else is under way. */
static bool whole_due(struct cp_tenant *t, uint8_t level, struct cp_set *set)
{
	if (level != CP_LEVELS - 1 || !all_idle(t))
		return false;
	t->whole = false;
	for (uint32_t i = 0; i < CP_RUNS; i++)
		set->sources |= t->runs[i].count ? 1ull << i : 0;
	set->fresh = t->ready;
	return true;
}

uint64_t cp_runs_wide(const struct cp_tenant *t)
{
	const struct cp_run *run[CP_RUNS];
	uint32_t count = idle_runs(t, run), total = 0;
	uint64_t found = 0;

	for (uint32_t i = 0; i < count && run[i]->count < levels[1].most && total < levels[1].enough; i++) {
		found |= mask_of(t, run[i]);
		total += run[i]->count;
	}
	return found;
}

/* The ready ones that could not become runs of their own, and small runs with them. */
static bool ready_due(struct cp_tenant *t, struct cp_set *set)
{
	const struct cp_run *run[CP_RUNS];
	uint32_t count = idle_runs(t, run);

	set->fresh = t->ready < READY_MOST ? t->ready : READY_MOST;
	(void)alike(t, &levels[0], &set->sources);
	if (t->wide)
		set->sources |= cp_runs_wide(t);
	if (!set->sources && !cp_runs_free(t) && count)
		set->sources = mask_of(t, run[0]);
	return true;
}

bool cp_merge_due(struct cp_tenant *t, uint8_t level, struct cp_set *set)
{
	*set = (struct cp_set){.level = level};
	if (t->merging[level])
		return false;
	if (t->whole && t->ready)
		return whole_due(t, level, set);
	if (level == 0 && t->ready)
		return ready_due(t, set);
	if (rh_clock_ns() < t->not_before_ns[level])
		return false;
	if (level == CP_LEVELS - 1)
		return large_due(t, set);
	return alike(t, level == 1 && grown(t) > GROWN_MOST ? &pressed : &levels[level], &set->sources);
}

bool cp_merge_later(const struct cp_tenant *t)
{
	return untidy(t) || cp_tenant_keeps(t);
}

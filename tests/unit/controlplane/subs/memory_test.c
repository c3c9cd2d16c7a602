/* Every allocation of the control loop fails once: the answer says so, and nothing is left behind. */
#include "tests/unit/controlplane/subs/fixture.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>

/* Of this thread, until the one that fails; 0: none does. */
static __thread unsigned until_failure;
static __thread bool failed;

static bool fails(void)
{
	if (!until_failure || --until_failure)
		return false;
	failed = true;
	return true;
}

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *p, size_t size);
void *__real_rh_pages_reserve_sparse(size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *p, size_t size);
void *__wrap_rh_pages_reserve_sparse(size_t size);

void *__wrap_malloc(size_t size)
{
	return fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
	return fails() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *p, size_t size)
{
	return fails() ? NULL : __real_realloc(p, size);
}

void *__wrap_rh_pages_reserve_sparse(size_t size)
{
	return fails() ? NULL : __real_rh_pages_reserve_sparse(size);
}

TestSuite(memory, .timeout = 100);

Test(memory, a_registry_that_cannot_be_made_leaves_nothing)
{
	struct rh_error err;
	unsigned n = 0;
	int ret;

	fixture_start();
	fixture_stop();
	cr_assert_eq(uv_loop_init(&loop), 0);
	do {
		failed = false;
		until_failure = ++n;
		ret = cp_subs_create_with(&loop, subs_fake_ops, NULL, NULL, &conf, &subs, &err);
		until_failure = 0;
		if (ret < 0)
			cr_assert_eq(ret, -ENOMEM, "%s", err.text);
		else
			cp_subs_destroy(subs);
		while (uv_run(&loop, UV_RUN_NOWAIT))
			;
	} while (failed);
	cr_assert_gt(n, 6);
	cr_assert_eq(uv_loop_close(&loop), 0);
}

#define ENTRIES 3

static bool try_once(unsigned n, const struct rh_sub_entry *e, bool del, struct answer *a)
{
	int ret;

	*a = (struct answer){0};
	failed = false;
	until_failure = n;
	ret = del ? cp_subs_del(subs, 1, 0, e, ENTRIES, on_done, a)
		  : cp_subs_add(subs, 1, 0, e, ENTRIES, on_done, a);
	until_failure = 0;
	cr_assert(ret == 0 || (ret == -ENOMEM && failed));
	if (ret < 0)
		return false;
	run_until(a);
	for (unsigned i = 0; i < ENTRIES; i++)
		cr_assert(a->outcomes[i].code == RH_SUB_OK ||
				  (failed && a->outcomes[i].code == RH_SUB_INTERNAL),
			"%s", a->outcomes[i].text);
	return !failed;
}

static void try_all(bool del)
{
	static struct answer a;
	struct rh_sub_entry e[ENTRIES] = {entry("a/b"), entry_with("c/#", "needle"), entry_cesql("d", "a = 1 AND MATCHES(payload, 'x1') AND CONTAINS(payload, 'y1')")};
	unsigned n = 1;

	while (!try_once(n, e, del, &a)) {
		if (!a.calls)
			cr_assert_eq(cp_subs_session_count(subs, 1), del ? ENTRIES : 0);
		else if (del)
			(void)try_once(0, e, false, &a);
		else
			(void)cp_subs_del(subs, 1, 0, e, ENTRIES, on_done, &a);
		run_for(5);
		n++;
	}
	cr_assert_gt(n, 4);
	cr_assert_eq(cp_subs_session_count(subs, 1), del ? 0 : ENTRIES);
}

Test(memory, a_request_without_memory_is_refused_whole_or_by_entry, .init = fixture_start,
	.fini = fixture_stop)
{
	static struct answer a;

	try_all(false);
	try_all(true);
	run_for(5);
	cr_assert_eq(fake.live, 0);
	cr_assert_eq(fake.live_contents, 0);
	cr_assert_eq(subs->contents.used, 0);
	cr_assert_eq(subs->records.adding_used, 0);
	cr_assert_eq(cp_keys_pages(&subs->keys), 1);
	cr_assert_eq(subs->open_bytes, 0);
	cr_assert_eq(added(1, entry("a"), &a), RH_SUB_OK);
	drop(1, &a);
	run_until(&a);
	cr_assert_null(subs->sessions[1]);
}

Test(memory, a_drop_without_memory_may_be_asked_again, .init = fixture_start, .fini = fixture_stop)
{
	static struct answer a;
	unsigned n = 0;
	int ret;

	cr_assert_eq(added(1, entry("a"), &a), RH_SUB_OK);
	do {
		until_failure = ++n;
		a = (struct answer){0};
		ret = cp_subs_drop_session(subs, 1, on_done, &a);
		until_failure = 0;
		cr_assert(ret == 0 || cp_subs_session_count(subs, 1) == 1);
	} while (ret < 0);
	run_until(&a);
	cr_assert_gt(n, 4);
	cr_assert_eq(fake.live, 0);
}

/* A pattern is then looked at as if nothing were known of its tenant; a measurement is made the next time. */
Test(memory, payloads_that_have_no_room_do_not_go_with_a_pattern)
{
	struct cp_compile_job job = {.type = HSC_CHECK};
	struct answer a;

	fixture_start();
	fake.payload[0] = "one";
	fake.payloads = 1;
	cr_assert_eq(added(1, entry_with("a", "one"), &a), RH_SUB_OK);
	job.tenant = subs->tenants[0];
	until_failure = 1;
	cp_samples_pack(&job);
	cr_expect(failed);
	cr_expect_null(job.payloads);
	cr_expect_eq(job.payloads_len, 0);
	subs->tenants[0]->measure_ns = 0;
	until_failure = 1;
	failed = false;
	cp_samples_tick(&subs->sampling);
	cr_expect(failed);
	cr_expect_not(subs->tenants[0]->measuring);
	cp_samples_tick(&subs->sampling);
	cr_expect(subs->tenants[0]->measuring);
	fixture_stop();
}

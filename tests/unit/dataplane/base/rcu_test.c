#include "dataplane/base/rcu.h"

#include "dataplane/base/atomic.h"

#include <criterion/criterion.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#define OBJECTS 100

static int freed;

struct object {
	int value;
	struct rh_rcu_head rcu;
};

static void object_free(struct rh_rcu_head *head)
{
	free(caa_container_of(head, struct object, rcu));
	__atomic_add_fetch(&freed, 1, __ATOMIC_RELAXED);
}

static struct object *object_make(int value)
{
	struct object *object = malloc(sizeof(*object));

	cr_assert_not_null(object);
	object->value = value;
	return object;
}

Test(rcu, every_callback_runs_once_and_the_backlog_empties, .timeout = 30)
{
	rh_rcu_register();
	cr_assert_eq(rh_rcu_backlog(), 0);
	for (int i = 0; i < OBJECTS; i++)
		rh_rcu_call(&object_make(i)->rcu, object_free);
	rh_rcu_offline();
	rh_rcu_barrier();
	rh_rcu_online();
	cr_assert_eq(rh_load_relaxed(&freed), OBJECTS);
	cr_assert_eq(rh_rcu_backlog(), 0);
	cr_assert_gt(rh_rcu_last_grace_ns(), 0);
	rh_rcu_unregister();
}

/* A reader that took a reference and reports no quiescent state until told. */
struct reader {
	struct object **shared;
	struct object *held;
	int holds, release, seen;
};

static void *reader_run(void *arg)
{
	struct reader *reader = arg;

	rh_rcu_register();
	reader->held = rh_rcu_deref(*reader->shared);
	rh_store_release(&reader->holds, 1);
	while (!rh_load_acquire(&reader->release))
		(void)usleep(100);
	reader->seen = reader->held->value;
	rh_rcu_quiescent();
	rh_rcu_unregister();
	return NULL;
}

Test(rcu, nothing_is_freed_under_a_reader_that_was_not_quiescent, .timeout = 30)
{
	struct object *shared = object_make(1), *old = shared;
	struct reader reader = {.shared = &shared};
	pthread_t thread;

	rh_rcu_register();
	cr_assert_eq(pthread_create(&thread, NULL, reader_run, &reader), 0);
	while (!rh_load_acquire(&reader.holds))
		(void)usleep(100);
	rh_rcu_assign(shared, object_make(2));
	rh_rcu_call(&old->rcu, object_free);
	rh_rcu_offline();
	/* Several times the 10 ms that call_rcu waits. */
	(void)usleep(100000);
	cr_assert_eq(rh_load_relaxed(&freed), 0);
	cr_assert_eq(rh_rcu_backlog(), 1);
	rh_store_release(&reader.release, 1);
	cr_assert_eq(pthread_join(thread, NULL), 0);
	cr_assert_eq(reader.seen, 1, "freed under a reader");
	rh_rcu_barrier();
	cr_assert_eq(rh_load_relaxed(&freed), 1);
	cr_assert_eq(rh_rcu_backlog(), 0);
	rh_rcu_online();
	free(shared);
	rh_rcu_unregister();
}

/* The two memories of a worker: the ring of messages and the store of events. */

#include "dataplane/frame/wire.h"
#include "dataplane/node/bytering.h"
#include "dataplane/node/store.h"

#include <criterion/criterion.h>
#include <string.h>

Test(bytering, keeps_messages_of_any_length_in_order)
{
	struct dp_bytering r;
	uint32_t in = 0, out = 0;

	cr_assert_eq(dp_bytering_init(&r, 4096), 0);
	while (out < 20000) {
		size_t len = 1 + in * 37 % 600;
		uint8_t *p = dp_bytering_reserve(&r, len);
		const uint8_t *q;

		if (p) {
			memset(p, (int)(in & 0xff), len);
			dp_bytering_commit(&r, len);
			in++;
			continue;
		}
		/* Full: take half of it out. */
		for (int i = 0; i < 5 && (q = dp_bytering_peek(&r, &len)) != NULL; i++, out++) {
			cr_assert_eq(len, 1 + out * 37 % 600);
			cr_assert_eq(q[0], (uint8_t)out);
			cr_assert_eq(q[len - 1], (uint8_t)out);
			dp_bytering_release(&r, len);
		}
	}
	dp_bytering_fini(&r);
}

Test(bytering, refuses_what_can_never_fit_and_knows_when_it_is_empty)
{
	struct dp_bytering r;
	size_t len;

	cr_assert_eq(dp_bytering_init(&r, 4096), 0);
	cr_assert_null(dp_bytering_reserve(&r, 4096));
	cr_assert(dp_bytering_empty(&r));
	cr_assert_null(dp_bytering_peek(&r, &len));
	cr_assert_not_null(dp_bytering_reserve(&r, 0));
	cr_assert(dp_bytering_empty(&r), "reserved is not committed");
	dp_bytering_commit(&r, 0);
	cr_assert_not(dp_bytering_empty(&r));
	cr_assert_not_null(dp_bytering_peek(&r, &len));
	cr_assert_eq(len, 0);
	dp_bytering_fini(&r);
	dp_bytering_fini(&r);
}

Test(store, gives_a_place_for_every_size_up_to_the_largest_event)
{
	struct dp_store s;

	cr_assert_eq(dp_store_init(&s), 0);
	for (uint32_t len = 1; len <= RH_EVENT_MAX; len = len * 3 + 1) {
		dp_blob_id_t id = dp_store_alloc(&s, len);

		cr_assert_neq(id, DP_BLOB_NONE);
		cr_assert_eq(dp_store_get(&s, id)->len, len);
		memset(dp_store_get(&s, id)->bytes, 0xab, len);
		dp_store_put(&s, id, 1);
	}
	cr_assert_eq(dp_store_alloc(&s, 81920), DP_BLOB_NONE);
	dp_store_fini(&s);
}

Test(store, reuses_a_place_when_the_last_reference_went)
{
	struct dp_store s;
	dp_blob_id_t a, b;

	cr_assert_eq(dp_store_init(&s), 0);
	a = dp_store_alloc(&s, 100);
	dp_store_get(&s, a)->refs += 2;
	dp_store_put(&s, a, 2);
	b = dp_store_alloc(&s, 100);
	cr_assert_neq(a, b);
	dp_store_put(&s, a, 1);
	cr_assert_eq(dp_store_alloc(&s, 100), a);
	dp_store_fini(&s);
}

Test(store, is_bounded)
{
	struct dp_store s;
	uint32_t before, n = 0;

	cr_assert_eq(dp_store_init(&s), 0);
	before = dp_store_large_free(&s);
	while (dp_store_alloc(&s, RH_EVENT_MAX) != DP_BLOB_NONE)
		n++;
	cr_assert_eq(n, before);
	cr_assert_eq(dp_store_large_free(&s), 0);
	cr_assert_neq(dp_store_alloc(&s, 100), DP_BLOB_NONE, "small ones have places of their own");
	dp_store_fini(&s);
}

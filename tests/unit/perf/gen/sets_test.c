#include "perf/gen/sets.h"

#include "tests/lib/random.h"
#include "tests/lib/reference.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

#define PLACES	      200
#define SUBSCRIPTIONS 150
#define SUBSCRIBERS   20

static char topics[PLACES][256], filters[SUBSCRIPTIONS][256];
static struct sets_topic topic[PLACES];
static struct sets_subscription subscription[SUBSCRIPTIONS];

static void draw(struct rnd *rnd)
{
	for (uint32_t i = 0; i < PLACES; i++) {
		do
			topics[i][rnd_topic_text(rnd, 3, false, 0, topics[i])] = '\0';
		while (!ref_topic_valid(topics[i], strlen(topics[i])));
		topic[i] = (struct sets_topic){topics[i], (uint16_t)rnd_below(rnd, 2)};
	}
	for (uint32_t i = 0; i < SUBSCRIPTIONS; i++) {
		do
			filters[i][rnd_topic_text(rnd, 3, true, 0, filters[i])] = '\0';
		while (!ref_filter_valid(filters[i], strlen(filters[i])));
		subscription[i] = (struct sets_subscription){
			filters[i], rnd_below(rnd, SUBSCRIBERS), (uint16_t)rnd_below(rnd, 2)};
	}
}

static bool wanted(const struct sets_topic *t, uint32_t subscriber)
{
	for (uint32_t i = 0; i < SUBSCRIPTIONS; i++)
		if (subscription[i].subscriber == subscriber &&
			subscription[i].tenant == t->tenant &&
			ref_matches(filters[i], strlen(filters[i]), t->text, strlen(t->text)))
			return true;
	return false;
}

static void expect_list(const struct sets_topic *t, const struct sets_list *list)
{
	uint32_t n = 0;

	for (uint32_t subscriber = 0; subscriber < SUBSCRIBERS; subscriber++) {
		if (!wanted(t, subscriber))
			continue;
		cr_assert(n < list->count && list->receivers[n] == subscriber,
			"%s: subscriber %u is missing", t->text, subscriber);
		n++;
	}
	cr_assert_eq(n, list->count, "%s: receivers that nobody asked for", t->text);
}

Test(sets, list_each_receiver_once_in_order)
{
	struct rh_error err;
	struct sets sets;
	struct rnd rnd;

	rnd_init(&rnd, "sets");
	for (int round = 0; round < 20; round++) {
		draw(&rnd);
		cr_assert_eq(sets_make(&sets, topic, PLACES, subscription, SUBSCRIPTIONS, &err), 0,
			"%s", err.text);
		for (uint32_t p = 0; p < PLACES; p++)
			expect_list(&topic[p], &sets.of_place[p]);
		sets_fini(&sets);
	}
}

Test(sets, places_of_one_topic_share_a_list_but_not_over_tenants)
{
	const struct sets_topic same[] = {{"a/b", 0}, {"c", 0}, {"a/b", 0}, {"a/b", 1}};
	const struct sets_subscription subs[] = {{"a/+", 4, 0}, {"#", 2, 0}, {"a/b", 9, 1}};
	struct sets sets;

	cr_assert_eq(sets_make(&sets, same, 4, subs, 3, NULL), 0);
	cr_assert_eq(sets.owned_count, 3);
	cr_assert_eq(sets.of_place[0].receivers, sets.of_place[2].receivers);
	cr_assert_eq(sets.of_place[0].count, 2);
	cr_assert_eq(sets.of_place[0].receivers[0], 2);
	cr_assert_eq(sets.of_place[0].receivers[1], 4);
	cr_assert_eq(sets.of_place[1].count, 1);
	cr_assert_eq(sets.of_place[3].count, 1);
	cr_assert_eq(sets.of_place[3].receivers[0], 9);
	sets_fini(&sets);
}

Test(sets, without_subscriptions_nobody_gets_anything)
{
	struct sets sets;

	cr_assert_eq(sets_make(&sets, &(struct sets_topic){"a", 0}, 1, NULL, 0, NULL), 0);
	cr_assert_eq(sets.of_place[0].count, 0);
	sets_fini(&sets);
}

Test(sets, refuse_what_is_no_topic_or_filter)
{
	const struct sets_subscription good = {"a", 0, 0}, bad = {"a/#/b", 0, 0};
	const struct sets_topic no_topic[] = {{"a", 0}, {"a/+", 0}};
	struct rh_error err;
	struct sets sets;

	cr_assert_eq(sets_make(&sets, no_topic, 2, &good, 1, &err), -EINVAL);
	cr_assert(strstr(err.text, "a/+"), "%s", err.text);
	cr_assert_eq(sets_make(&sets, no_topic, 1, &bad, 1, &err), -EINVAL);
	cr_assert(strstr(err.text, "a/#/b"), "%s", err.text);
}

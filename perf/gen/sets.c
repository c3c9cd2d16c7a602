#include "perf/gen/sets.h"

#include "tests/lib/reference.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Places ordered by topic, so that equal topics stand together. */
struct order {
	struct sets_topic topic;
	uint32_t place;
};

static int order_compare(const void *left, const void *right)
{
	const struct sets_topic *a = &((const struct order *)left)->topic;
	const struct sets_topic *b = &((const struct order *)right)->topic;

	return a->tenant != b->tenant ? a->tenant - b->tenant : strcmp(a->text, b->text);
}

static int reference_fill(struct ref_set *set, const struct sets_subscription *subscriptions,
	uint32_t count, struct rh_error *err)
{
	for (uint32_t i = 0; i < count; i++) {
		const struct sets_subscription *s = &subscriptions[i];
		size_t len = strlen(s->filter);

		if (!ref_filter_valid(s->filter, len))
			return rh_error_set(
				err, EINVAL, "subscription %u: %s is not a filter", i, s->filter);
		(void)ref_set_add(set, s->tenant, s->filter, len, s->subscriber, 0);
	}
	return 0;
}

static int list_make(struct sets *sets, const struct ref_set *reference,
	const struct sets_topic *topic, uint32_t *room, uint32_t room_count, struct sets_list *out,
	struct rh_error *err)
{
	size_t len = strlen(topic->text), n;
	uint32_t *list;

	if (!ref_topic_valid(topic->text, len))
		return rh_error_set(err, EINVAL, "%s is not a topic", topic->text);
	n = ref_set_receivers(
		reference, topic->tenant, topic->text, len, NULL, NULL, room, room_count);
	list = malloc((n ? n : 1) * sizeof(*list));
	if (!list)
		return rh_error_set(
			err, ENOMEM, "no memory for %zu receivers of %s", n, topic->text);
	memcpy(list, room, n * sizeof(*list));
	sets->owned[sets->owned_count++] = list;
	*out = (struct sets_list){list, (uint32_t)n};
	return 0;
}

static int lists_make(struct sets *sets, const struct ref_set *reference, const struct order *order,
	uint32_t *room, uint32_t room_count, struct rh_error *err)
{
	struct sets_list list = {0};
	int ret = 0;

	for (uint32_t i = 0; i < sets->place_count && !ret; i++) {
		if (i == 0 || order_compare(&order[i - 1], &order[i]))
			ret = list_make(
				sets, reference, &order[i].topic, room, room_count, &list, err);
		sets->of_place[order[i].place] = list;
	}
	return ret;
}

int sets_make(struct sets *out, const struct sets_topic *topics, uint32_t place_count,
	const struct sets_subscription *subscriptions, uint32_t subscription_count,
	struct rh_error *err)
{
	struct ref_set *reference = ref_set_create();
	struct order *order = calloc(place_count + 1, sizeof(*order));
	uint32_t *room = calloc(subscription_count + 1, sizeof(*room));
	struct sets made = {
		.of_place = calloc(place_count + 1, sizeof(*made.of_place)),
		.place_count = place_count,
		.owned = calloc(place_count + 1, sizeof(*made.owned)),
	};
	int ret = order && room && made.of_place && made.owned
			  ? reference_fill(reference, subscriptions, subscription_count, err)
			  : rh_error_set(err, ENOMEM, "no memory for %u places", place_count);

	for (uint32_t p = 0; p < place_count && !ret; p++)
		order[p] = (struct order){topics[p], p};
	if (!ret) {
		qsort(order, place_count, sizeof(*order), order_compare);
		ret = lists_make(&made, reference, order, room, subscription_count, err);
	}
	free(order);
	free(room);
	ref_set_destroy(reference);
	if (ret)
		sets_fini(&made);
	else
		*out = made;
	return ret;
}

void sets_fini(struct sets *sets)
{
	for (uint32_t i = 0; i < sets->owned_count; i++)
		free(sets->owned[i]);
	free(sets->owned);
	free(sets->of_place);
	memset(sets, 0, sizeof(*sets));
}

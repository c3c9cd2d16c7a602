#include "perf/gen/places.h"

#include "dataplane/frame/wire.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define SERVICE_AT	 4 /* of the PUBLISH record: class in the three highest bits */
#define SERVICE_CLASS(c) ((uint8_t)((c) << 5))
#define SERVICE_OTHERS	 0x1f
#define SEED_OF_CLASSES	 0x636c6173736573ULL /* another stream than the topics' */

static uint64_t weights_sum(const uint32_t *weights)
{
	uint64_t sum = 0;

	for (uint32_t c = 0; c < PLACES_CLASSES; c++)
		sum += weights[c];
	return sum;
}

static uint8_t class_draw(const uint32_t *weights, uint64_t sum, struct perf_random *rnd)
{
	uint64_t at = perf_random_below(rnd, sum);
	uint8_t c = 0;

	while (at >= weights[c])
		at -= weights[c++];
	return c;
}

static int ascending(const void *left, const void *right)
{
	uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;

	return (a > b) - (a < b);
}

static void receivers_fill(const struct workload *w, uint32_t event, uint32_t *list)
{
	for (uint32_t k = 0; k < w->spec.copies; k++)
		list[k] = workload_receiver(w, event, k);
	qsort(list, w->spec.copies, sizeof(*list), ascending);
}

/* Number of each event's list: one for each distinct topic, in the order of first use. Returns how
 * many. */
static uint32_t lists_number(const struct workload *w, uint32_t *of_topic)
{
	uint32_t lists = 0;

	memset(of_topic, 0xff, (size_t)w->spec.topics * sizeof(*of_topic));
	for (uint32_t e = 0; e < workload_events(w); e++)
		if (!workload_is_restart(w, e) && of_topic[w->event_topic[e]] == UINT32_MAX)
			of_topic[w->event_topic[e]] = lists++;
	return lists;
}

static int receivers_make(struct places *places, const struct workload *w)
{
	uint32_t *of_topic = malloc((size_t)w->spec.topics * sizeof(*of_topic));
	uint32_t filled = 0;
	size_t lists;

	if (!of_topic)
		return -ENOMEM;
	lists = lists_number(w, of_topic);
	places->receivers = calloc(lists * w->spec.copies + 1, sizeof(*places->receivers));
	for (uint32_t e = 0; places->receivers && e < places->count; e++) {
		uint32_t number =
			workload_is_restart(w, e) ? UINT32_MAX : of_topic[w->event_topic[e]];

		if (number == UINT32_MAX)
			continue;
		places->list[e].receivers = places->receivers + (size_t)number * w->spec.copies;
		places->list[e].receiver_count = workload_copies(w, e);
		if (number != filled)
			continue;
		receivers_fill(w, e, places->receivers + (size_t)number * w->spec.copies);
		filled++;
	}
	free(of_topic);
	return places->receivers ? 0 : -ENOMEM;
}

static void records_make(struct places *places, const struct trace *t, const uint32_t *weights)
{
	uint64_t sum = weights ? weights_sum(weights) : 0;
	struct perf_random rnd;

	perf_random_init(&rnd, t->workload->spec.seed ^ SEED_OF_CLASSES);
	for (uint32_t e = 0; e < places->count; e++) {
		struct place *place = &places->list[e];
		uint8_t *record = places->records + (size_t)e * t->record_bytes;

		trace_record(t, e, record);
		place->record = record;
		place->len = t->record_bytes;
		place->class = weights ? class_draw(weights, sum, &rnd) : RH_CLASS_DEFAULT;
		record[SERVICE_AT] = (uint8_t)(SERVICE_CLASS(place->class) |
					       (record[SERVICE_AT] & SERVICE_OTHERS));
	}
}

int places_make(
	struct places *out, const struct trace *t, const uint32_t *weights, struct rh_error *err)
{
	uint32_t count = workload_events(t->workload);
	struct places made = {.count = count};

	if (weights && !weights_sum(weights))
		return rh_error_set(err, EINVAL, "classes: all shares are 0, one must be above");
	made.list = calloc(count, sizeof(*made.list));
	made.records = calloc(count, t->record_bytes);
	if (!made.list || !made.records || receivers_make(&made, t->workload)) {
		places_fini(&made);
		return rh_error_set(err, ENOMEM, "no memory for a trace of %u events", count);
	}
	records_make(&made, t, weights);
	*out = made;
	return 0;
}

void places_fini(struct places *places)
{
	free(places->list);
	free(places->records);
	free(places->receivers);
	memset(places, 0, sizeof(*places));
}

#include "perf/gen/workload.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

#define ALL UINT64_MAX

static struct workload_spec small(void)
{
	return (struct workload_spec){.topics = 500, .zipf = 1.0, .subscriptions = 800, .wildcards = 50,
		.copies = 8, .publishers = 4, .subscribers = 30, .datagrams = 1024, .events = 2,
		.seed = 11};
}

static void holds(const struct workload_spec *spec)
{
	struct rh_error err = {""};
	struct workload w;
	uint32_t topics;
	bool all;

	cr_assert_eq(workload_init(&w, spec, &err), 0, "%s", err.text);
	cr_assert_eq(workload_check(&w, ALL, &topics, &all, &err), 0, "%s", err.text);
	cr_assert(all);
	workload_fini(&w);
}

Test(workload, the_reference_matcher_agrees_with_the_construction)
{
	struct workload_spec spec = small();

	holds(&spec);
	spec.lane = 1;
	holds(&spec);
	spec.wildcards = 0;
	spec.topics = 100;
	holds(&spec);
	spec.wildcards = 100;
	spec.topics = 300;
	spec.zipf = 0;
	holds(&spec);
}

Test(workload, a_wrong_construction_is_found)
{
	struct workload_spec spec = small();
	struct rh_error err = {""};
	struct workload w;
	uint32_t topics;
	bool all;

	cr_assert_eq(workload_init(&w, &spec, &err), 0);
	w.filters -= 10;
	cr_assert_eq(workload_check(&w, ALL, &topics, &all, &err), -EINVAL);
	cr_assert_not_null(strstr(err.text, "against its construction"), "%s", err.text);
	workload_fini(&w);
}

Test(workload, a_bounded_check_asks_for_topics_from_the_whole_trace)
{
	struct workload_spec spec = small();
	struct workload w;
	uint32_t topics;
	bool all;

	cr_assert_eq(workload_init(&w, &spec, NULL), 0);
	cr_assert_eq(workload_check(&w, 100 * 20, &topics, &all, NULL), 0);
	cr_assert_eq(topics, 20, "20 times 100 distinct filters, not %u", topics);
	cr_assert_not(all);
	workload_fini(&w);
}

Test(workload, receivers_of_an_event_are_different_subscribers)
{
	struct workload_spec spec = small();
	struct workload w;

	cr_assert_eq(workload_init(&w, &spec, NULL), 0);
	for (uint32_t e = 0; e < workload_events(&w); e++) {
		bool seen[30] = {false};

		cr_assert_eq(workload_copies(&w, e), workload_is_restart(&w, e) ? 0 : 8);
		for (uint32_t k = 0; k < workload_copies(&w, e); k++) {
			uint32_t s = workload_receiver(&w, e, k);

			cr_assert_lt(s, 30);
			cr_assert_not(seen[s]);
			seen[s] = true;
		}
	}
	workload_fini(&w);
}

Test(workload, a_seed_gives_the_same_events_and_another_seed_others)
{
	struct workload_spec spec = small();
	struct workload w, same, other;

	cr_assert_eq(workload_init(&w, &spec, NULL), 0);
	cr_assert_eq(workload_init(&same, &spec, NULL), 0);
	spec.seed++;
	cr_assert_eq(workload_init(&other, &spec, NULL), 0);
	cr_assert_arr_eq(w.event_topic, same.event_topic, workload_events(&w) * sizeof(uint32_t));
	cr_assert_arr_neq(w.event_topic, other.event_topic, workload_events(&w) * sizeof(uint32_t));
	workload_fini(&w);
	workload_fini(&same);
	workload_fini(&other);
}

Test(workload, each_publisher_begins_with_one_restart_event)
{
	struct workload_spec spec = small();
	struct workload w;
	uint32_t restarts = 0;

	cr_assert_eq(workload_init(&w, &spec, NULL), 0);
	for (uint32_t e = 0; e < workload_events(&w); e++)
		if (workload_is_restart(&w, e)) {
			cr_assert_eq(workload_sequence(&w, e), 1);
			restarts++;
		}
	cr_assert_eq(restarts, 4);
	workload_fini(&w);
}

static void refused(struct workload_spec spec, const char *word)
{
	struct rh_error err = {""};
	struct workload w;

	cr_assert_eq(workload_init(&w, &spec, &err), -EINVAL, "%s", word);
	cr_assert_not_null(strstr(err.text, word), "%s", err.text);
}

Test(workload, refuses_what_cannot_be)
{
	struct workload_spec s = small();

	s.events = 0;
	refused(s, "at least 1");
	s = small();
	s.wildcards = 101;
	refused(s, "0 to 100");
	s = small();
	s.copies = 40;
	refused(s, "at most one each");
	s = small();
	s.subscriptions = 801;
	refused(s, "multiple of 8 copies");
	s = small();
	s.datagrams = 1023;
	refused(s, "multiple of 4 publishers");
	s = small();
	s.topics = 99;
	refused(s, "at least 100");
	s = small();
	s.topics = 501;
	refused(s, "plus a multiple of 50");
	s = small();
	s.lane = 2;
	refused(s, "lane 2");
}

Test(workload, popularity_is_zipf)
{
	struct perf_random rnd;
	struct perf_zipf zipf;
	uint32_t hits[4] = {0};
	const uint32_t draws = 1000000;

	cr_assert_eq(perf_zipf_init(&zipf, 1000, 1.0), 0);
	perf_random_init(&rnd, 3);
	for (uint32_t i = 0; i < draws; i++) {
		size_t rank = perf_zipf_rank(&zipf, &rnd);

		cr_assert_lt(rank, 1000);
		if (rank < 4)
			hits[rank]++;
	}
	/* H(1000) = 7.4855: rank k is drawn with probability 1 / (7.4855 (k + 1)). */
	for (uint32_t k = 0; k < 4; k++)
		cr_assert_float_eq(hits[k] / (double)draws, 1 / (7.4855 * (k + 1)), 0.003);
	perf_zipf_fini(&zipf);
}

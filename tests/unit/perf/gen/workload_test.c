#include "perf/gen/workload.h"

#include "tests/lib/reference.h"

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

static struct workload_spec deep(enum workload_family family, uint32_t filters, uint32_t catch_all)
{
	return (struct workload_spec){.family = family, .topics = filters - catch_all, .subscriptions = filters,
		.copies = 1, .publishers = 4, .subscribers = 30, .datagrams = 2048, .events = 1, .seed = 5};
}

Test(workload, the_reference_matcher_agrees_with_every_family)
{
	struct workload_spec spec = deep(WORKLOAD_EXACT, 600, 0);

	spec.copies = 2;
	spec.subscriptions *= 2;
	holds(&spec);
	spec = deep(WORKLOAD_SHAPES, 1207, 7);
	holds(&spec);
	spec = deep(WORKLOAD_HOSTILE, 364, 64);
	holds(&spec);
	spec = deep(WORKLOAD_MIXED, 500, 0);
	holds(&spec);
}

/* Two filters of one text would be one: the numbers of filters and shapes would not be true. */
Test(workload, filters_of_a_family_are_different)
{
	static const uint32_t catch_all[] = {0, 0, 7, 64, 0};
	static char text[1264][WORKLOAD_TEXT_MAX];

	for (int f = WORKLOAD_EXACT; f < WORKLOAD_FAMILY_COUNT; f++) {
		struct workload_spec spec = deep((enum workload_family)f, 1200 + catch_all[f], catch_all[f]);
		struct workload w;

		cr_assert_eq(workload_init(&w, &spec, NULL), 0);
		for (uint32_t s = 0; s < spec.subscriptions; s++) {
			cr_assert_eq(workload_filter(&w, s, text[s]), strlen(text[s]));
			for (uint32_t t = 0; t < s; t++)
				cr_assert_str_neq(text[s], text[t]);
		}
		workload_fini(&w);
	}
}

/* As a mask: bit i, level i is +; bit 15, a # behind bit 8..14's number of levels. */
static uint32_t shape_seen(const char *text)
{
	uint32_t mask = 0, level = 0;

	for (const char *p = text; p; level++, p = strchr(p, '/') ? strchr(p, '/') + 1 : NULL)
		if (*p == '#')
			return mask | level << 8 | 1u << 15;
		else if (*p == '+')
			mask |= 1u << level;
	return mask | level << 8;
}

Test(workload, shapes_are_all_masks_over_six_levels_and_all_tails)
{
	struct workload_spec spec = deep(WORKLOAD_SHAPES, 127, 7);
	static bool seen[1 << 16];
	struct workload w;
	uint32_t plain = 0, tails = 0;

	cr_assert_eq(workload_init(&w, &spec, NULL), 0);
	for (uint32_t s = 0; s < spec.subscriptions; s++) {
		char text[WORKLOAD_TEXT_MAX];
		uint32_t shape;

		(void)workload_filter(&w, s, text);
		shape = shape_seen(text);
		cr_assert_not(seen[shape], "%s", text);
		seen[shape] = true;
		plain += !(shape >> 15);
		tails += shape >> 15;
	}
	cr_assert_eq(plain, 64, "%u", plain);
	cr_assert_eq(tails, 63, "all masks over zero to five levels, not %u", tails);
	workload_fini(&w);
}

Test(workload, mixed_filters_have_forty_bytes_on_average)
{
	struct workload_spec spec = deep(WORKLOAD_MIXED, 200000, 0);
	uint64_t bytes = 0, plus = 0, tail = 0;
	struct workload w;

	cr_assert_eq(workload_init(&w, &spec, NULL), 0);
	for (uint32_t s = 0; s < spec.subscriptions; s++) {
		char text[WORKLOAD_TEXT_MAX];

		bytes += workload_filter(&w, s, text);
		plus += strchr(text, '+') != NULL;
		tail += strchr(text, '#') != NULL;
	}
	cr_assert_float_eq((double)bytes / spec.subscriptions, 40, 0.5, "%f", (double)bytes / spec.subscriptions);
	cr_assert_eq(plus, 100000);
	cr_assert_eq(tail, 20000);
	workload_fini(&w);
}

static struct workload_spec tenants(void)
{
	struct workload_spec spec = small();

	spec.copies = 1;
	spec.tenants = 10;
	spec.publishers = 20;
	spec.datagrams = 2000;
	spec.topics = 1200;
	return spec;
}

Test(workload, a_tenant_sees_its_own_topics_and_filters_alone)
{
	struct workload_spec spec = tenants();
	char text[WORKLOAD_TEXT_MAX], other[WORKLOAD_TEXT_MAX];
	struct workload w;

	holds(&spec);
	cr_assert_eq(workload_init(&w, &spec, NULL), 0);
	for (uint32_t e = 0; e < workload_events(&w); e++)
		for (uint32_t k = 0; k < workload_copies(&w, e); k++)
			cr_assert_eq(workload_receiver(&w, e, k) % 10, workload_publisher(&w, e) % 10);
	(void)workload_filter(&w, 20, text);
	(void)workload_filter(&w, 27, other);
	cr_assert_str_eq(text, other, "every tenant has the same texts");
	cr_assert_neq(workload_tenant(&w, 20), workload_tenant(&w, 27));
	workload_fini(&w);
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
	s = deep(WORKLOAD_SHAPES, 127, 6);
	refused(s, "121 topics for 127 filters, of which 7 match everything");
	s = deep(WORKLOAD_HOSTILE, 100, 64);
	s.subscribers = 1;
	refused(s, "two subscribers");
	s = deep(WORKLOAD_EXACT, 100, 0);
	s.wildcards = 25;
	refused(s, "wildcards and lane are 0");
	s = deep(WORKLOAD_FAMILY_COUNT, 100, 0);
	refused(s, "there are 5");
	s = tenants();
	s.publishers = 16;
	refused(s, "16 publishers");
	s = tenants();
	s.copies = 2;
	refused(s, "one copy");
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

static struct workload_spec with_content(void)
{
	return (struct workload_spec){.topics = 500, .zipf = 1.0, .subscriptions = 100, .wildcards = 50, .copies = 1, .publishers = 4,
		.subscribers = 30, .datagrams = 1024, .events = 1, .burst = 32, .seed = 11};
}

Test(workload, with_content_the_construction_still_holds)
{
	struct workload_spec spec = with_content();

	holds(&spec);
}

Test(workload, the_content_filter_matches_topics_with_content_alone_and_bursts_are_of_their_kind)
{
	struct workload_spec spec = with_content();
	uint32_t with[WORKLOAD_BURST_COUNT] = {0}, of[WORKLOAD_BURST_COUNT] = {0};
	struct workload w;

	for (spec.lane = 0; spec.lane < 2; spec.lane++) {
		char filter[WORKLOAD_TEXT_MAX], topic[WORKLOAD_TEXT_MAX];
		uint32_t len;

		cr_assert_eq(workload_init(&w, &spec, NULL), 0);
		len = workload_content_filter(&w, filter);
		for (uint32_t e = 0; e < workload_events(&w); e++) {
			bool content = workload_has_content(&w, e);

			cr_assert_eq(ref_matches(filter, len, topic, workload_topic(&w, e, topic)), content);
			if (e < spec.burst)
				continue;
			with[workload_burst_kind(&w, e)] += content;
			of[workload_burst_kind(&w, e)]++;
		}
		workload_fini(&w);
	}
	cr_assert_eq(with[WORKLOAD_BURST_CONTENT], of[WORKLOAD_BURST_CONTENT]);
	cr_assert_eq(with[WORKLOAD_BURST_PLAIN], 0);
	cr_assert_eq(2 * with[WORKLOAD_BURST_BOTH], of[WORKLOAD_BURST_BOTH]);
}

Test(workload, content_wants_the_plant_one_tenant_and_an_even_number_of_topics)
{
	struct workload_spec odd = with_content(), tenants = with_content();
	struct workload w;

	odd.topics = 450 + 25;
	odd.subscriptions = 50;
	tenants.tenants = 2;
	cr_assert_eq(workload_init(&w, &odd, NULL), -EINVAL);
	cr_assert_eq(workload_init(&w, &tenants, NULL), -EINVAL);
}

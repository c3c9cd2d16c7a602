#include "dataplane/base/typical.h"

#include <criterion/criterion.h>

#define BASE 20000 /* cycles of any scan */

/* A scan, and the clock that it moves. */
static struct fake {
	uint64_t now;
	uint32_t per_byte;
	uint32_t calls;
	bool disturbed; /* all runs of a payload but the second */
	uint32_t last, run;
} fake;

static uint64_t now(void)
{
	return fake.now;
}

static void scan(void *arg, const uint8_t *bytes, uint32_t len)
{
	struct fake *f = arg;

	(void)bytes;
	f->calls++;
	f->run = len == f->last ? f->run + 1 : 0;
	f->last = len;
	f->now += BASE + (uint64_t)f->per_byte * len + (f->disturbed && f->run != 1 ? 3000000 : 0);
}

static uint32_t cost(uint32_t per_byte, const struct rh_typical_payload *payloads, uint32_t count)
{
	fake.per_byte = per_byte;
	return rh_typical_cost_by(now, scan, &fake, payloads, count);
}

static const uint8_t bytes[8192];

TestSuite(typical, .timeout = 30);

Test(typical, is_by_the_byte_and_without_what_any_scan_takes)
{
	const struct rh_typical_payload one[] = {{bytes, 4096}}, several[] = {{bytes, 4096}, {bytes, 1000}, {bytes, 3000}};

	cr_expect_eq(cost(100, one, 1), 100u * 100 * 4095 / 4096);
	cr_expect_eq(cost(100, several, 3), 100u * 100 * (4095 + 999 + 2999) / (4096 + 1000 + 3000));
	cr_expect_eq(cost(0, one, 1), 0);
}

Test(typical, what_came_between_does_not_count)
{
	const struct rh_typical_payload several[] = {{bytes, 4096}, {bytes, 1000}};

	fake.disturbed = true;
	cr_expect_eq(cost(100, several, 2), 100u * 100 * (4095 + 999) / (4096 + 1000));
}

Test(typical, short_payloads_count_as_of_64_bytes)
{
	const struct rh_typical_payload tiny[] = {{bytes, 8}, {bytes, 16}};

	/* 7 and 15 bytes more than the shortest scan, by 128. */
	cr_expect_eq(cost(2000, tiny, 2), 22u * 2000 * 100 / 128);
}

Test(typical, what_takes_long_is_run_no_more_than_twice)
{
	const struct rh_typical_payload many[] = {{bytes, 4096}, {bytes, 4095}, {bytes, 4096}, {bytes, 4095}};

	cr_expect_eq(cost(5000, many, 4), 5000ull * 100 * 2 * (4095 + 4094) / (2 * (4096 + 4095)));
	cr_expect_eq(fake.calls, 4 + 4 * 2);
}

Test(typical, is_never_the_value_that_means_unknown)
{
	cr_expect_eq(cost(UINT32_MAX, &(struct rh_typical_payload){bytes, 8192}, 1), UINT32_MAX - 1);
}

#pragma once

/* A fake router, a session connected to it, and the events it got. Each Criterion test is a process of its own. */

#include "tests/unit/tools/librhumb/fake_router.h"
#include "tools/librhumb/rhumb.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static struct fake_router router;

struct got {
	unsigned events;
	uint64_t last_sequence;
	uint32_t last_len;
	bool content_good;
};

static inline void got_event(void *arg, const struct rhumb_event *event)
{
	struct got *got = arg;
	const uint8_t *bytes = event->payload;

	got->events++;
	got->last_sequence = event->sequence;
	got->last_len = event->payload_len;
	got->content_good = true;
	for (uint32_t i = 0; i < event->payload_len; i++)
		got->content_good &= bytes[i] == (uint8_t)(i * 7 + event->sequence);
}

static inline struct rhumb *client_connected(struct rhumb_options options)
{
	struct rhumb *r;

	options.router = fake_address(&router);
	r = rhumb_create(&options);
	cr_assert_not_null(r);
	cr_assert_eq(rhumb_connect(r, 5000), 0, "%s", rhumb_error(r));
	return r;
}

/* Poll until @cond or 10 s have passed. */
#define poll_until(r, cond)                                                                        \
	do {                                                                                       \
		for (int poll_turn = 0; poll_turn < 1000 && !(cond); poll_turn++)                  \
			cr_assert_geq(rhumb_poll(r, 10), 0, "%s", rhumb_error(r));                 \
		cr_assert(cond);                                                                   \
	} while (0)

static inline struct rhumb_stats stats_of(const struct rhumb *r)
{
	struct rhumb_stats stats;

	rhumb_stats_get(r, &stats);
	return stats;
}

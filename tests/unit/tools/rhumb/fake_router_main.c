/*
 * The fake router as a process, for tests of the CLI: prints its address, publishes EVENTS events of BYTES bytes once there is a
 * subscription (within the credit it was granted), and at the end of its standard input prints what it saw as JSON.
 */
#include "tests/unit/tools/librhumb/fake_router.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static struct fake_router router;

static void event_publish(uint64_t sequence, uint32_t bytes)
{
	if (bytes > 1300)
		fake_publish_sliced(&router, "demo/a", bytes, sequence,
			&(struct fake_slices){.slice = 1424, .id = (uint32_t)sequence});
	else
		fake_publish(&router, "demo/a", bytes, sequence);
}

static bool has_credit(uint32_t bytes)
{
	return fake_get(&router, sent_events) < fake_get(&router, granted_events) &&
		fake_get(&router, sent_bytes) + bytes + 100 <= fake_get(&router, granted_bytes);
}

/* Filter, dialect and content kind of those that were asked for last. */
static void entries_print(void)
{
	unsigned n = router.entries < FAKE_ENTRIES ? router.entries : FAKE_ENTRIES;

	printf("\"entries\":[");
	for (unsigned i = 0; i < n; i++)
		printf("%s[\"%s\",%u,%u]", i ? "," : "", router.entry[i].filter, router.entry[i].dialect,
			router.entry[i].kind);
	printf("],");
}

static void summary_print(void)
{
	unsigned last = router.events ? (router.events - 1) % FAKE_EVENTS : 0;

	printf("{");
	entries_print();

	printf("\"events\":%u,\"bad\":%u,\"over_credit\":%u,\"fragments\":%u,\"subscribes\":%u,\"byes\":%u,"
	       "\"last_topic\":\"%s\",\"last_payload_len\":%u,\"last_attributes_len\":%u,\"last_class\":%u}\n",
		router.events, router.bad, router.over_credit, router.fragments, router.subscribes, router.byes,
		router.event[last].topic, router.event[last].payload_len, router.event[last].attributes_len,
		router.event[last].class);
}

int main(int argc, char **argv)
{
	uint64_t events = argc > 1 ? strtoull(argv[1], NULL, 10) : 0, sent = 0;
	uint32_t bytes = argc > 2 ? (uint32_t)strtoul(argv[2], NULL, 10) : 10;
	struct pollfd end = {.fd = STDIN_FILENO, .events = POLLIN};

	fake_start(&router);
	fake_set(&router, window_events, 1024);
	fake_set(&router, sub_code, 1);
	printf("%s\n", fake_address(&router));
	(void)fflush(stdout);
	while (poll(&end, 1, 1) == 0) {
		while (sent < events && fake_get(&router, subscribes) && has_credit(bytes))
			event_publish(++sent, bytes);
	}
	fake_stop(&router);
	summary_print();
	return 0;
}

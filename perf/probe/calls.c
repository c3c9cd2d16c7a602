#include "perf/probe/calls.h"

#include "dataplane/base/clock.h"
#include "dataplane/base/compiler.h"

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#define MESSAGE_BYTES	64
#define CALLS_A_SAMPLE	16
#define SAMPLES_MAX	65536

/* What goes into one end comes out of the other; -1: not open. */
struct ends {
	int in, out;
};

static bool getpid_once(const struct ends *ends)
{
	(void)ends;
	/* Not the C library's function, which could remember. */
	return syscall(SYS_getpid) > 0;
}

static bool message_once(const struct ends *ends)
{
	char message[MESSAGE_BYTES] = {0};

	return write(ends->in, message, sizeof(message)) == (ssize_t)sizeof(message) &&
		read(ends->out, message, sizeof(message)) == (ssize_t)sizeof(message);
}

static bool nothing_open(struct ends *ends)
{
	(void)ends;
	return true;
}

static bool stream_open(struct ends *ends)
{
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) < 0)
		return false;
	*ends = (struct ends){pair[0], pair[1]};
	return true;
}

static bool udp_open(struct ends *ends)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(to);

	ends->in = socket(AF_INET, SOCK_DGRAM, 0);
	ends->out = socket(AF_INET, SOCK_DGRAM, 0);
	return ends->in >= 0 && ends->out >= 0 && bind(ends->out, (struct sockaddr *)&to, sizeof(to)) == 0 &&
		getsockname(ends->out, (struct sockaddr *)&to, &len) == 0 &&
		connect(ends->in, (struct sockaddr *)&to, sizeof(to)) == 0;
}

static void ends_close(const struct ends *ends)
{
	if (ends->in >= 0)
		(void)close(ends->in);
	if (ends->out >= 0)
		(void)close(ends->out);
}

static int by_value(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

/* Median cycles of @once over @cycles; 0 with errno when it failed. */
static uint64_t median(bool (*once)(const struct ends *), const struct ends *ends, uint64_t cycles)
{
	static uint64_t sample[SAMPLES_MAX];
	uint64_t end = rh_tsc() + cycles;
	size_t n = 0;

	while (n < SAMPLES_MAX && (n == 0 || rh_tsc() < end)) {
		uint64_t start = rh_tsc();

		for (int i = 0; i < CALLS_A_SAMPLE; i++)
			if (!once(ends))
				return 0;
		sample[n++] = (rh_tsc() - start) / CALLS_A_SAMPLE;
	}
	qsort(sample, n, sizeof(sample[0]), by_value);
	return sample[n / 2];
}

/* One row: what the two ends are and what is done with them. */
struct kind {
	const char *name;
	bool (*open)(struct ends *ends);
	bool (*once)(const struct ends *ends);
};

static int kind_measure(const struct kind *kind, uint64_t cycles, uint64_t *out)
{
	struct ends ends = {-1, -1};

	*out = kind->open(&ends) ? median(kind->once, &ends, cycles) : 0;
	if (!*out)
		(void)fprintf(stderr, "rhumb-perf-probe: the system calls of %s failed: %s\n", kind->name, strerror(errno));
	ends_close(&ends);
	return *out ? 0 : 1;
}

int calls_measure(unsigned core, double seconds)
{
	static const struct kind kinds[] = {
		{"getpid", nothing_open, getpid_once},
		{"stream", stream_open, message_once},
		{"udp", udp_open, message_once},
	};
	uint64_t cycles = (uint64_t)(seconds / (double)RH_ARRAY_LEN(kinds) * (double)rh_tsc_hz());
	uint64_t found[RH_ARRAY_LEN(kinds)];

	for (size_t i = 0; i < RH_ARRAY_LEN(kinds); i++)
		if (kind_measure(&kinds[i], cycles, &found[i]))
			return 1;
	(void)printf("{\"core\": %u, \"getpid_cycles\": %" PRIu64 ", \"stream_cycles\": %" PRIu64 ", \"udp_cycles\": %" PRIu64
		     ", \"tsc_hz\": %" PRIu64 "}\n",
		core, found[0], found[1], found[2], rh_tsc_hz());
	return 0;
}

#include "dataplane/port/eal_log.h"

#include "dataplane/base/compiler.h"
#include "dataplane/base/log.h"

#include <errno.h>
#include <rte_log.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define TEXT_MAX 16384

static char text[TEXT_MAX];
static size_t used;
static FILE *stream, *saved_out, *saved_err;
static bool hushed;

/* Drivers may log from any thread; stdio's lock on the stream makes this one at a time. */
static ssize_t stream_write(void *cookie, const char *bytes, size_t len)
{
	size_t room = TEXT_MAX - 1 - used, take = len < room ? len : room;

	(void)cookie;
	memcpy(text + used, bytes, take);
	used += take;
	text[used] = '\0';
	if (!hushed)
		rh_log_debug(PORT, "%.*s", (int)(len && bytes[len - 1] == '\n' ? len - 1 : len), bytes);
	return (ssize_t)len;
}

int dp_eal_log_open(void)
{
	if (stream)
		return 0;
	stream = fopencookie(NULL, "w", (cookie_io_functions_t){.write = stream_write});
	if (!stream)
		return -ENOMEM;
	(void)setvbuf(stream, NULL, _IOLBF, 1024);
	return rte_openlog_stream(stream) == 0 ? 0 : -ENOMEM;
}

void dp_eal_log_reset(void)
{
	if (stream)
		(void)fflush(stream);
	used = 0;
	text[0] = '\0';
}

const char *dp_eal_log_text(void)
{
	if (stream)
		(void)fflush(stream);
	return text;
}

/*
 * glibc lets stdout and stderr be assigned. The descriptors stay as they are, so that a sanitizer's or the kernel's last words
 * are not lost. Our own log goes to stderr too, so while it is swapped the debug copy waits.
 */
void dp_eal_log_hush(void)
{
	saved_out = stdout;
	saved_err = stderr;
	hushed = true;
	stdout = stream;
	stderr = stream;
}

void dp_eal_log_unhush(void)
{
	(void)fflush(stream);
	stdout = saved_out;
	stderr = saved_err;
	hushed = false;
	for (size_t at = 0, len; text[at]; at += len + (text[at + len] == '\n')) {
		len = strcspn(text + at, "\n");
		rh_log_debug(PORT, "%.*s", (int)len, text + at);
	}
}

/* Needle in EAL's line, what it means. Order matters: causes before their consequences. */
static const struct {
	const char *needle, *meaning;
} meanings[] = {
	{"Cannot create lock on", "the file prefix is in use by another DPDK process: choose another one"},
	{"no mounted hugetlbfs found", "no hugetlbfs is mounted, and hugepages were asked for"},
	{"hugepages reported on node", "there are not enough free hugepages"},
	{"Cannot get hugepage information", "there are not enough free hugepages"},
	{"Not enough memory available", "there are not enough free hugepages"},
	{"mmap() failed: Cannot allocate memory", "the machine has not that much memory"},
	{"Cannot init memory", "the machine has not that much memory"},
	{"Cannot get a virtual area", "the address space is too small for DPDK (ulimit -v, or valgrind)"},
	{"invalid parameter for --lcores", "a core is offline, or taskset or a cpuset keeps this process off it"},
	{"Permission denied", "permission denied: run as root"},
	{"Operation not permitted", "operation not permitted: run as root"},
	{"failed to parse device", "no DPDK driver knows the device: install the package libdpdk-dev's drivers "
				   "(librte-net-*), or look for a slip of the pen"},
	{"already called initialization", "EAL was started before in this process"},
};

/* What EAL adds below a driver's own words. */
static bool is_wrapping(const char *line, size_t len)
{
	static const char *const wrapping[] = {"Driver cannot attach the device", "Failed to attach device"};

	for (size_t i = 0; i < RH_ARRAY_LEN(wrapping); i++)
		if (memmem(line, len, wrapping[i], strlen(wrapping[i])))
			return true;
	return false;
}

static const char *last_line(const char *log, char *out, uint32_t size)
{
	const char *line = log, *best = "the driver gives no reason: look at the arguments";
	size_t best_len = strlen(best);

	while (*line) {
		size_t len = strcspn(line, "\n");
		const char *colon = memchr(line, ':', len);
		/* "EAL: text" and "rte_pmd_pcap: text": the part before the first ": " is the component. */
		size_t skip = colon && colon[1] == ' ' && colon - line < 40 ? colon - line + 2 : 0;

		if (len > skip && !is_wrapping(line, len)) {
			best = line + skip;
			best_len = len - skip;
		}
		line += len;
		line += *line == '\n';
	}
	(void)snprintf(out, size, "%.*s", (int)best_len, best);
	return out;
}

const char *dp_eal_log_reason(const char *log, char *out, uint32_t size)
{
	for (size_t i = 0; i < RH_ARRAY_LEN(meanings); i++) {
		if (!strstr(log, meanings[i].needle))
			continue;
		(void)snprintf(out, size, "%s", meanings[i].meaning);
		return out;
	}
	return last_line(log, out, size);
}

#pragma once

/*
 * The interface beneath an af_packet or af_xdp port still hands its frames to the kernel too. So that only the twin
 * speaks for the port, three settings are changed there: arp_ignore=8 (answer no ARP), rp_filter=1 (every source is
 * reached through the twin, so whatever IPv4 arrives beneath fails the strict test: no ICMP port-unreachable), disable_ipv6=1.
 *
 * The old values go to a state file before anything changes, and are put back from there at the next start if this
 * process was killed:
 *
 *     netns <inode>        the network namespace they belong to
 *     <path> <value>       one line a setting
 */

#include "dataplane/api/limits.h"
#include "dataplane/base/error.h"

#include <limits.h>

#define CP_SILENCE_PER_IFACE 3
#define CP_SILENCE_MAX	     (DP_LIMIT_PORTS * CP_SILENCE_PER_IFACE)

struct cp_silence {
	char root[64];	     /* before /proc; "" but in tests */
	char state[PATH_MAX]; /* file */
	struct cp_silence_saved {
		char path[96];
		char value[16];
	} saved[CP_SILENCE_MAX];
	uint32_t count;
};

/*
 * Make @s ready; put back what a killed process left behind in @state. 0, or -errno when the directory of @state cannot
 * be made. Ctx: control.
 */
int cp_silence_init(
	struct cp_silence *s, const char *root, const char *state, struct rh_error *err);
/* Silence @iface. Once per interface. On failure @iface is as before. Ctx: control. */
int cp_silence_add(struct cp_silence *s, const char *iface, struct rh_error *err);
/* Put every value back and remove the state file. Ctx: control. */
void cp_silence_fini(struct cp_silence *s);

#include "controlplane/kernel/silence.h"
#include "tests/unit/controlplane/kernel/netns.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define ARP_IGNORE   "/proc/sys/net/ipv4/conf/va/arp_ignore"
#define RP_FILTER    "/proc/sys/net/ipv4/conf/va/rp_filter"
#define DISABLE_IPV6 "/proc/sys/net/ipv6/conf/va/disable_ipv6"

static struct cp_silence silence;
static struct rh_error err;
static char state[64];

/* va is the interface beneath, vb its other end; the router's address is on a twin beside them. */
static void setup(void)
{
	netns_enter();
	run("ip link add va address 02:00:00:00:00:01 type veth peer name vb address 02:00:00:00:00:02 && "
	    "echo 0 > " RP_FILTER " && echo 2 > " ARP_IGNORE " && echo 0 > " DISABLE_IPV6 " && "
	    "ip link set va up && ip link set vb up");
	(void)snprintf(state, sizeof(state), "/tmp/rhumb-silence-%d/unit.restore", (int)getpid());
}

static void teardown(void)
{
	char dir[64];

	(void)unlink(state);
	(void)snprintf(dir, sizeof(dir), "/tmp/rhumb-silence-%d", (int)getpid());
	cr_assert_eq(rmdir(dir), 0, "something was left in %s", dir);
}

TestSuite(silence, .init = setup, .fini = teardown);

static void begin(void)
{
	cr_assert_eq(cp_silence_init(&silence, "", state, &err), 0, "%s", err.text);
}

static void expect_silent(void)
{
	cr_assert_str_eq(word_of(ARP_IGNORE), "8");
	cr_assert_str_eq(word_of(RP_FILTER), "1");
	cr_assert_str_eq(word_of(DISABLE_IPV6), "1");
}

static void expect_as_before(void)
{
	cr_assert_str_eq(word_of(ARP_IGNORE), "2");
	cr_assert_str_eq(word_of(RP_FILTER), "0");
	cr_assert_str_eq(word_of(DISABLE_IPV6), "0");
	cr_assert_neq(access(state, F_OK), 0, "the state file stays behind");
}

Test(silence, settings_change_and_come_back)
{
	begin();
	cr_assert_eq(cp_silence_add(&silence, "va", &err), 0, "%s", err.text);
	expect_silent();
	cr_assert_eq(access(state, F_OK), 0);
	cp_silence_fini(&silence);
	expect_as_before();
}

/* Silence va and end without restoring anything. */
static void child_silences_and_dies(void)
{
	pid_t child = fork();
	int status;

	if (child == 0) {
		if (cp_silence_init(&silence, "", state, &err) || cp_silence_add(&silence, "va", &err))
			_exit(1);
		_exit(0);
	}
	cr_assert_eq(waitpid(child, &status, 0), child);
	cr_assert_eq(status, 0);
}

Test(silence, what_a_killed_process_left_is_restored_at_the_next_start)
{
	child_silences_and_dies();
	expect_silent();
	begin();
	expect_as_before();
	cr_assert_eq(cp_silence_add(&silence, "va", &err), 0, "%s", err.text);
	expect_silent();
	cp_silence_fini(&silence);
	expect_as_before();
}

Test(silence, the_state_of_another_namespace_is_not_used)
{
	child_silences_and_dies();
	netns_enter();
	run("ip link add va type veth peer name vb && echo 5 > " ARP_IGNORE);
	begin();
	cr_assert_str_eq(word_of(ARP_IGNORE), "5");
	cp_silence_fini(&silence);
}

static void state_put(const char *lines)
{
	char dir[64];
	FILE *f;

	(void)snprintf(dir, sizeof(dir), "/tmp/rhumb-silence-%d", (int)getpid());
	run(strcat(strcpy((char[96]){0}, "mkdir -p "), dir));
	f = fopen(state, "w");
	cr_assert(f);
	(void)fprintf(f, "netns ");
	(void)fclose(f);
	run(strcat(strcpy((char[160]){0}, "stat -L -c %i /proc/self/ns/net >> "), state));
	f = fopen(state, "a");
	(void)fputs(lines, f);
	(void)fclose(f);
}

Test(silence, a_damaged_state_file_harms_nothing)
{
	state_put("/proc/sys/net/ipv4/conf/../../../kernel/sysrq 1\n/etc/passwd x\n" ARP_IGNORE " 3\n" RP_FILTER);
	begin();
	cr_assert_str_eq(word_of(ARP_IGNORE), "3");
	cr_assert_str_eq(word_of(RP_FILTER), "0");
	cr_assert_neq(access(state, F_OK), 0);
	state_put("");
	begin();
	cp_silence_fini(&silence);
}

Test(silence, an_interface_that_is_not_there_is_refused)
{
	begin();
	cr_assert_eq(cp_silence_add(&silence, "nope", &err), -ENOENT);
	cr_assert(strstr(err.text, "/proc/sys/net/ipv4/conf/nope/arp_ignore"), "%s", err.text);
	cp_silence_fini(&silence);
	expect_as_before();
}

Test(silence, an_interface_that_went_away_is_no_trouble)
{
	begin();
	cr_assert_eq(cp_silence_add(&silence, "va", &err), 0);
	run("ip link delete va");
	cp_silence_fini(&silence);
	cr_assert_neq(access(state, F_OK), 0);
}

static int packet_socket(const char *iface)
{
	struct sockaddr_ll at = {.sll_family = AF_PACKET,
		.sll_protocol = htons(ETH_P_ALL),
		.sll_ifindex = (int)if_nametoindex(iface)};
	int fd = socket(AF_PACKET, SOCK_RAW, htons(ETH_P_ALL));

	cr_assert_geq(fd, 0);
	cr_assert_eq(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	return fd;
}

/* Frames of Ethernet type @type that come to @fd from va's link address within @ms. */
static int answers(int fd, uint16_t type, int ms)
{
	static const uint8_t va[6] = {2, 0, 0, 0, 0, 1};
	struct pollfd ready = {.fd = fd, .events = POLLIN};
	uint8_t frame[2048];
	int n = 0;

	for (int i = 0; i < 100 && poll(&ready, 1, ms) == 1; i++) {
		ssize_t len = recv(fd, frame, sizeof(frame), 0);

		n += len > 14 && memcmp(frame + 6, va, 6) == 0 && (frame[12] << 8 | frame[13]) == type;
	}
	return n;
}

/* 10.0.0.2 at vb asks who has 10.0.0.1. */
static const uint8_t arp_request[42] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2, 0, 0, 0, 0, 2, 8, 6, 0, 1, 8,
	0, 6, 4, 0, 1, 2, 0, 0, 0, 0, 2, 10, 0, 0, 2, 0, 0, 0, 0, 0, 0, 10, 0, 0, 1};
/* A UDP datagram of 0 bytes from 10.0.0.2:1111 to 10.0.0.1:7557, UDP checksum unused. */
static const uint8_t udp[42] = {2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0, 0x45, 0, 0, 28, 0, 0, 0, 0, 64, 17,
	0x66, 0xcf, 10, 0, 0, 2, 10, 0, 0, 1, 4, 0x57, 0x1d, 0x85, 0, 8, 0, 0};

static void twin_with_address(void)
{
	run("ip link add twin type veth peer name other && ip link set twin up && ip link set other up && "
	    "ip addr add 10.0.0.1/24 dev twin && "
	    "ip neigh add 10.0.0.2 lladdr 02:00:00:00:00:02 dev va nud permanent");
}

Test(silence, beneath_the_twin_nothing_answers)
{
	int fd;

	twin_with_address();
	fd = packet_socket("vb");
	/* Without silence the kernel does answer ARP: what follows is a test of something. */
	run("echo 0 > " ARP_IGNORE);
	cr_assert_eq(send(fd, arp_request, sizeof(arp_request), 0), sizeof(arp_request));
	cr_assert_eq(answers(fd, ETHERTYPE_ARP, 300), 1);
	begin();
	cr_assert_eq(cp_silence_add(&silence, "va", &err), 0, "%s", err.text);
	cr_assert_eq(send(fd, arp_request, sizeof(arp_request), 0), sizeof(arp_request));
	cr_assert_eq(answers(fd, ETHERTYPE_ARP, 300), 0);
	cr_assert_eq(send(fd, udp, sizeof(udp), 0), sizeof(udp));
	cr_assert_eq(answers(fd, ETHERTYPE_IP, 300), 0, "ICMP port-unreachable from beneath");
	cp_silence_fini(&silence);
	(void)close(fd);
}

Test(silence, without_it_publishers_get_port_unreachable)
{
	int fd;

	/* The same datagram with the route back by va, as a plain host has it. */
	run("ip addr add 10.0.0.1/24 dev va && ip neigh replace 10.0.0.2 lladdr 02:00:00:00:00:02 dev va");
	fd = packet_socket("vb");
	cr_assert_eq(send(fd, udp, sizeof(udp), 0), sizeof(udp));
	cr_assert_geq(answers(fd, ETHERTYPE_IP, 300), 1);
	(void)close(fd);
	begin();
	cp_silence_fini(&silence);
}

/* What the network does to a socket: ICMP errors, small path MTUs. In a namespace of its own, since the kernel remembers. */
#include "tests/unit/tools/librhumb/fixture.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/ip.h>
#include <netinet/ip_icmp.h>
#include <netinet/udp.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/ioctl.h>

TestSuite(path, .timeout = 60);

#define SMALL_MTU 1000

static void namespace_enter(void)
{
	struct ifreq lo = {.ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING};
	int fd;

	if (unshare(CLONE_NEWNET) < 0)
		cr_skip_test("needs CAP_SYS_ADMIN for a network namespace");
	fd = socket(AF_INET, SOCK_DGRAM, 0);
	cr_assert_eq(ioctl(fd, SIOCSIFFLAGS, &lo), 0);
	close(fd);
}

static uint16_t checksum(const void *bytes, size_t len)
{
	const uint8_t *p = bytes;
	uint32_t sum = 0;

	for (size_t i = 0; i < len; i += 2)
		sum += (uint32_t)p[i] << 8 | (i + 1 < len ? p[i + 1] : 0);
	sum = (sum >> 16) + (sum & 0xffff);
	return htons((uint16_t)~(sum + (sum >> 16)));
}

/* An ICMP error as of a router on the way, about a datagram of @r. */
static void icmp_send(const struct rhumb *r, uint8_t code, uint16_t mtu)
{
	struct sockaddr_in own, peer;
	socklen_t own_len = sizeof(own), peer_len = sizeof(peer);
	struct {
		struct icmphdr icmp;
		struct iphdr ip;
		struct udphdr udp;
	} packet = {.icmp = {.type = ICMP_DEST_UNREACH, .code = code, .un.frag.mtu = htons(mtu)}};
	int raw = socket(AF_INET, SOCK_RAW, IPPROTO_ICMP);

	cr_assert_geq(raw, 0);
	cr_assert_eq(getsockname(rhumb_fd(r), (struct sockaddr *)&own, &own_len), 0);
	cr_assert_eq(getpeername(rhumb_fd(r), (struct sockaddr *)&peer, &peer_len), 0);
	packet.ip = (struct iphdr){.version = 4, .ihl = 5, .ttl = 64, .protocol = IPPROTO_UDP,
		.tot_len = htons(8000), .frag_off = htons(IP_DF),
		.saddr = own.sin_addr.s_addr, .daddr = peer.sin_addr.s_addr};
	packet.ip.check = checksum(&packet.ip, sizeof(packet.ip));
	packet.udp = (struct udphdr){.source = own.sin_port, .dest = peer.sin_port, .len = htons(7980)};
	packet.icmp.checksum = checksum(&packet, sizeof(packet));
	cr_assert_eq(sendto(raw, &packet, sizeof(packet), 0, (struct sockaddr *)&own, own_len),
		(ssize_t)sizeof(packet));
	close(raw);
}

Test(path, icmp_errors_end_nothing)
{
	static const uint8_t codes[] = {
		ICMP_NET_UNREACH, ICMP_HOST_UNREACH, ICMP_PROT_UNREACH, ICMP_PORT_UNREACH, ICMP_PKT_FILTERED};
	struct rhumb *r;

	namespace_enter();
	fake_start(&router);
	r = client_connected((struct rhumb_options){0});
	for (size_t i = 0; i < sizeof(codes); i++) {
		icmp_send(r, codes[i], 0);
		cr_expect_eq(rhumb_poll(r, 20), 0, "ICMP code %u: %s", codes[i], rhumb_error(r));
	}
	for (uint8_t i = 0; i < sizeof(codes); i++) {
		icmp_send(r, codes[i], 0);
		cr_expect_eq(rhumb_publish(r, &(struct rhumb_event){.topic = "a"}), 0);
	}
	cr_expect_eq(rhumb_flush(r, 5000), 0);
	cr_expect_eq(fake_get(&router, events), sizeof(codes), "an old error must not cost a new datagram");
	cr_expect_eq(stats_of(r).unsent_events, 0);
	rhumb_destroy(r);
	fake_stop(&router);
}

Test(path, a_path_mtu_that_shrinks_is_learnt)
{
	static uint8_t payload[4000];
	struct rhumb *r;

	namespace_enter();
	fake_start(&router);
	fake_set(&router, max_datagram, 8000);
	r = client_connected((struct rhumb_options){0});
	cr_assert_eq(rhumb_publish(r, &(struct rhumb_event){.topic = "a", .payload = payload, .payload_len = 4000}), 0);
	cr_assert_eq(rhumb_flush(r, 5000), 0);
	cr_expect_eq(fake_get(&router, fragments), 0);
	icmp_send(r, ICMP_FRAG_NEEDED, SMALL_MTU);
	cr_expect_eq(rhumb_poll(r, 20), 0, "%s", rhumb_error(r));
	cr_assert_eq(rhumb_publish(r, &(struct rhumb_event){.topic = "a", .payload = payload, .payload_len = 4000}), 0);
	cr_assert_eq(rhumb_flush(r, 5000), 0);
	cr_expect_eq(fake_get(&router, events), 2);
	cr_expect_geq(fake_get(&router, fragments), 4);
	cr_expect_eq(stats_of(r).unsent_events, 0);
	rhumb_destroy(r);
	fake_stop(&router);
}

Test(path, a_larger_datagram_than_the_path_takes_is_not_tried)
{
	static uint8_t payload[60000];
	struct ifreq lo = {.ifr_name = "lo", .ifr_mtu = 1500};
	struct rhumb *r;
	int fd;

	namespace_enter();
	fd = socket(AF_INET, SOCK_DGRAM, 0);
	cr_assert_eq(ioctl(fd, SIOCSIFMTU, &lo), 0);
	close(fd);
	fake_start(&router);
	fake_set(&router, max_datagram, 65000);
	r = client_connected((struct rhumb_options){.max_datagram = 60000});
	cr_assert_eq(rhumb_publish(r, &(struct rhumb_event){.topic = "a", .payload = payload, .payload_len = 50000}), 0);
	cr_assert_eq(rhumb_flush(r, 5000), 0);
	cr_expect_eq(fake_get(&router, events), 1);
	cr_expect_eq(stats_of(r).unsent_events, 0);
	rhumb_destroy(r);
	fake_stop(&router);
}

Test(path, a_new_source_address_is_found_after_a_silence)
{
	struct rhumb *r;

	namespace_enter();
	cr_assert_eq(system("ip addr add 10.9.9.1/32 dev lo && "
			    "ip route replace local 127.0.0.1 dev lo table local src 10.9.9.1"), 0);
	fake_start(&router);
	fake_set(&router, keepalive_ms, 30);
	fake_set(&router, timeout_ms, 100);
	r = client_connected((struct rhumb_options){0});
	cr_assert_eq(system("ip route replace local 127.0.0.1 dev lo table local src 127.0.0.1 && "
			    "ip addr del 10.9.9.1/32 dev lo"), 0);
	fake_set(&router, hellos, 0);
	poll_until(r, fake_get(&router, hellos) >= 2);
	cr_assert_eq(rhumb_publish_wait(r, &(struct rhumb_event){.topic = "a"}, 5000), 0);
	poll_until(r, fake_get(&router, events) == 1);
	rhumb_destroy(r);
	fake_stop(&router);
}

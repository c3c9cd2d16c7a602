#include "tests/lib/packet.h"

#include <string.h>

static void put16(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static uint16_t get16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static uint32_t sum_add(uint32_t sum, const uint8_t *p, size_t len)
{
	for (size_t i = 0; i < len; i++)
		sum += (uint32_t)p[i] << (i % 2 ? 0 : 8);
	return sum;
}

static uint16_t sum_fold(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

static uint32_t pseudo(uint8_t family, const uint8_t *src, const uint8_t *dst, size_t udp_len)
{
	size_t n = family == 4 ? 4 : 16;

	return sum_add(sum_add(17 + (uint32_t)udp_len, src, n), dst, n);
}

static void udp_put(uint8_t *udp, const struct packet_spec *s)
{
	size_t len = 8u + s->payload_len;
	uint16_t sum;

	put16(udp, s->src_port);
	put16(udp + 2, s->dst_port);
	put16(udp + 4, (uint32_t)((int)len + s->udp_len_off));
	put16(udp + 6, 0);
	if (s->payload_len)
		memcpy(udp + 8, s->payload, s->payload_len);
	if (s->no_udp_checksum)
		return;
	sum = (uint16_t)~sum_fold(sum_add(pseudo(s->family, s->src, s->dst, len), udp, len));
	put16(udp + 6, (uint32_t)((sum ? sum : 0xffff) ^ (s->bad_udp_checksum ? 0x0101 : 0)));
}

static size_t ipv4_put(uint8_t *ip, const struct packet_spec *s)
{
	size_t total = 28u + s->payload_len;

	memset(ip, 0, 20);
	ip[0] = 0x45;
	put16(ip + 2, (uint32_t)((int)total + s->ip_len_off));
	put16(ip + 4, s->ipv4_id);
	put16(ip + 6, s->ipv4_fragment);
	ip[8] = 64;
	ip[9] = 17;
	memcpy(ip + 12, s->src, 4);
	memcpy(ip + 16, s->dst, 4);
	put16(ip + 10, (uint16_t)~sum_fold(sum_add(0, ip, 20)) ^ (s->bad_ip_checksum ? 0x0101 : 0));
	udp_put(ip + 20, s);
	return total;
}

static size_t ipv6_put(uint8_t *ip, const struct packet_spec *s)
{
	size_t extra = s->ipv6_fragment ? 8 : 0, payload = extra + 8u + s->payload_len;

	memset(ip, 0, 40 + extra);
	ip[0] = 0x60;
	put16(ip + 4, (uint32_t)((int)payload + s->ip_len_off));
	ip[6] = s->ipv6_fragment ? 44 : 17;
	ip[7] = 64;
	memcpy(ip + 8, s->src, 16);
	memcpy(ip + 24, s->dst, 16);
	if (extra) {
		ip[40] = 17;
		put16(ip + 42, s->ipv6_offset);
	}
	udp_put(ip + 40 + extra, s);
	return 40 + payload;
}

size_t packet_build(uint8_t *out, const struct packet_spec *s)
{
	static const uint8_t macs[12] = {2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2};
	size_t len = sizeof(macs), ip;

	memcpy(out, macs, sizeof(macs));
	if (s->vlan != PACKET_VLAN_NONE) {
		put16(out + len, 0x8100);
		put16(out + len + 2, s->vlan);
		len += 4;
	}
	put16(out + len, s->family == 4 ? 0x0800 : 0x86dd);
	len += 2;
	ip = s->family == 4 ? ipv4_put(out + len, s) : ipv6_put(out + len, s);
	memset(out + len + ip, 0xa5, s->trailer);
	return len + ip + s->trailer;
}

static bool udp_view(const uint8_t *udp, size_t len, struct packet_view *v)
{
	if (len < 8 || get16(udp + 4) != len)
		return false;
	if (get16(udp + 6) == 0 && v->family == 6)
		return false;
	if (get16(udp + 6) &&
		sum_fold(sum_add(pseudo(v->family, v->src, v->dst, len), udp, len)) != 0xffff)
		return false;
	v->src_port = get16(udp);
	v->dst_port = get16(udp + 2);
	v->payload = udp + 8;
	v->payload_len = len - 8;
	return true;
}

static bool ipv4_view(const uint8_t *ip, size_t len, struct packet_view *v)
{
	if (len < 20 || ip[0] != 0x45 || get16(ip + 2) != len || ip[9] != 17 ||
		sum_fold(sum_add(0, ip, 20)) != 0xffff)
		return false;
	v->family = 4;
	memcpy(v->src, ip + 12, 4);
	memcpy(v->dst, ip + 16, 4);
	return udp_view(ip + 20, len - 20, v);
}

static bool ipv6_view(const uint8_t *ip, size_t len, struct packet_view *v)
{
	if (len < 40 || ip[0] >> 4 != 6 || get16(ip + 4) != len - 40u || ip[6] != 17)
		return false;
	v->family = 6;
	memcpy(v->src, ip + 8, 16);
	memcpy(v->dst, ip + 24, 16);
	return udp_view(ip + 40, len - 40, v);
}

bool packet_parse(const uint8_t *frame, size_t len, struct packet_view *v)
{
	size_t at = 12;

	memset(v, 0, sizeof(*v));
	v->vlan = PACKET_VLAN_NONE;
	if (len < 18)
		return false;
	memcpy(v->dst_mac, frame, 6);
	memcpy(v->src_mac, frame + 6, 6);
	if (get16(frame + at) == 0x8100) {
		v->vlan = get16(frame + at + 2);
		at += 4;
	}
	at += 2;
	if (get16(frame + at - 2) == 0x0800)
		return ipv4_view(frame + at, len - at, v);
	return get16(frame + at - 2) == 0x86dd && ipv6_view(frame + at, len - at, v);
}

#include "perf/bench/hot.h"

#include "dataplane/api/counters.h"
#include "dataplane/frame/bytes.h"
#include "dataplane/frame/datagram.h"
#include "perf/gen/headers.h"

#include <errno.h>
#include <inttypes.h>
#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DATAGRAM_BYTES (TRACE_FRAME_BYTES - HEADERS_BYTES)
/* Offset of the hop limit in a PUBLISH record (wire.h). */
#define HOP_LIMIT_AT   5

/* Copies that each subscriber must have after @datagrams of the endless trace: passes times the reference, and a part of a pass. */
static void expected_copies(const struct hot *hot, uint64_t datagrams, uint64_t *copies)
{
	uint64_t passes = datagrams / WORKLOAD_EVENTS, rest = datagrams % WORKLOAD_EVENTS;

	memset(copies, 0, WORKLOAD_SUBSCRIBERS * sizeof(*copies));
	for (uint32_t e = 0; e < WORKLOAD_EVENTS; e++)
		if (hot->receiver[e] != WORKLOAD_NOBODY)
			copies[hot->receiver[e]] += passes + (e < rest);
}

static int session_verify(const struct hot *hot, uint32_t s, uint64_t wanted, struct rh_error *err)
{
	struct dp_session_stats st;

	if (dp_session_stats(hot->eng, hot->subscriber_slot[s], &st) < 0)
		return rh_error_set(err, EINVAL, "subscriber %u has no session", s);
	if (st.copies_made == wanted && st.tx_events == wanted)
		return 0;
	return rh_error_set(err, EINVAL,
		"subscriber %u: %" PRIu64 " copies made, %" PRIu64 " sent, the reference says %" PRIu64,
		s, st.copies_made, st.tx_events, wanted);
}

static int laws_verify(const struct dp_counters *sum, struct rh_error *err)
{
	struct dp_laws laws;

	dp_counters_laws(sum, &laws);
	if (!laws.datagrams && !laws.events && !laws.copies)
		return 0;
	return rh_error_set(err, EINVAL,
		"conservation laws broken: datagrams %+" PRId64 ", events %+" PRId64 ", copies %+" PRId64,
		laws.datagrams, laws.events, laws.copies);
}

int hot_verify_counters(const struct hot *hot, struct rh_error *err)
{
	uint64_t copies[WORKLOAD_SUBSCRIBERS];
	struct dp_counters sum;
	int ret;

	dp_counters_sum(hot->eng, &sum);
	ret = laws_verify(&sum, err);
	/* What arrived while the engine stopped is the end of the trace, refused as a whole. */
	expected_copies(hot, sum.rx_datagrams - sum.drop_events[DP_DROP_DRAINING], copies);
	for (uint32_t s = 0; s < WORKLOAD_SUBSCRIBERS && !ret; s++)
		ret = session_verify(hot, s, copies[s], err);
	return ret;
}

void hot_expected_frame(const struct hot *hot, uint32_t s, uint32_t e, uint64_t number, uint8_t *frame)
{
	struct headers_address from = {.ip = TRACE_ROUTER_IP, .port = RH_WIRE_UDP_PORT};
	struct headers_address to = {
		.ip = TRACE_CLIENT_IP + WORKLOAD_PUBLISHERS + s, .port = TRACE_CLIENT_PORT};
	const struct rh_datagram d = {
		.session = hot->subscriber_wire[s],
		.check = hot->subscriber_check[s],
		.packet_number = number,
		.length = DATAGRAM_BYTES,
	};

	memcpy(from.mac, trace_router_mac, 6);
	memcpy(to.mac, trace_client_mac, 6);
	trace_frame(&hot->workload, hot->publishers, e, frame);
	headers_write(frame, &from, &to, DATAGRAM_BYTES, 64);
	rh_datagram_encode(frame + HEADERS_BYTES, &d);
	frame[HEADERS_BYTES + RH_DATAGRAM_HDR + HOP_LIMIT_AT]--;
}

static int frame_compare(const struct pcap_pkthdr *hdr, const uint8_t *got, const uint8_t *wanted,
	uint32_t e, struct rh_error *err)
{
	if (hdr->caplen != TRACE_FRAME_BYTES)
		return rh_error_set(err, EINVAL, "event %u left with %u bytes, not %u", e,
			hdr->caplen, TRACE_FRAME_BYTES);
	for (uint32_t i = 0; i < TRACE_FRAME_BYTES; i++)
		if (got[i] != wanted[i])
			return rh_error_set(err, EINVAL,
				"event %u: byte %u is 0x%02x, the reference says 0x%02x", e, i,
				got[i], wanted[i]);
	return 0;
}

static int frames_compare(const struct hot *hot, pcap_t *pcap, struct rh_error *err)
{
	uint64_t numbers[WORKLOAD_SUBSCRIBERS] = {0};
	uint8_t wanted[TRACE_FRAME_BYTES];
	struct pcap_pkthdr *hdr;
	const u_char *got;
	int ret;

	for (uint32_t e = 0; e < WORKLOAD_EVENTS; e++) {
		uint32_t s = hot->receiver[e];

		if (s == WORKLOAD_NOBODY)
			continue;
		if (pcap_next_ex(pcap, &hdr, &got) != 1)
			return rh_error_set(err, EINVAL, "event %u for subscriber %u never left", e, s);
		hot_expected_frame(hot, s, e, ++numbers[s], wanted);
		ret = frame_compare(hdr, got, wanted, e, err);
		if (ret)
			return ret;
	}
	if (pcap_next_ex(pcap, &hdr, &got) == 1)
		return rh_error_set(err, EINVAL, "more frames left than the reference says");
	return 0;
}

int hot_verify_frames(const struct hot *hot, struct rh_error *err)
{
	char path[512], why[PCAP_ERRBUF_SIZE];
	pcap_t *pcap;
	int ret;

	(void)snprintf(path, sizeof(path), "%s/out.pcap", hot->opt.dir);
	pcap = pcap_open_offline(path, why);
	if (!pcap)
		return rh_error_set(err, EIO, "%s", why);
	ret = frames_compare(hot, pcap, err);
	pcap_close(pcap);
	return ret;
}

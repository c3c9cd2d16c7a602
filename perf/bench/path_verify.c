#include "perf/bench/path.h"

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

/* Offsets in a PUBLISH record (wire.h) of what the router writes: hop limit, and the tenant of the publisher's session. */
#define HOP_LIMIT_AT 5
#define TENANT_AT    6

/* Copies of each subscriber after @events of the endless trace: passes times the construction, and a part of a pass. */
static void expected_copies(const struct workload *w, uint64_t events, uint64_t *copies)
{
	uint64_t passes = events / workload_events(w), rest = events % workload_events(w);

	for (uint32_t e = 0; e < workload_events(w); e++)
		for (uint32_t k = 0; k < workload_copies(w, e); k++)
			copies[workload_receiver(w, e, k)] += passes + (e < rest);
}

static int session_verify(const struct path *path, const struct path_lane *lane, uint32_t s,
	uint64_t wanted, struct rh_error *err)
{
	struct dp_session_stats st;

	if (dp_session_stats(path->eng, lane->subscriber_slot[s], &st) < 0)
		return rh_error_set(err, EINVAL, "subscriber %u has no session", s);
	if (st.copies_made == wanted && st.tx_events == wanted)
		return 0;
	return rh_error_set(err, EINVAL,
		"subscriber %u: %" PRIu64 " copies made, %" PRIu64 " sent, the reference says %" PRIu64,
		s, st.copies_made, st.tx_events, wanted);
}

int path_verify_laws(const struct path *path, struct rh_error *err)
{
	struct dp_counters sum;
	struct dp_laws laws;

	dp_counters_sum(path->eng, &sum);
	dp_counters_laws(&sum, &laws);
	if (!laws.datagrams && !laws.events && !laws.copies)
		return 0;
	return rh_error_set(err, EINVAL,
		"conservation laws broken: datagrams %+" PRId64 ", events %+" PRId64 ", copies %+" PRId64,
		laws.datagrams, laws.events, laws.copies);
}

int path_verify_lane(const struct path *path, uint32_t l, uint64_t events, struct rh_error *err)
{
	const struct path_lane *lane = &path->lane[l];
	const struct workload_spec *spec = &lane->workload.spec;
	uint64_t *copies = calloc(spec->subscribers, sizeof(*copies));
	int ret = 0;

	if (!copies)
		return rh_error_set(err, ENOMEM, "no memory for the copies of %u subscribers", spec->subscribers);
	expected_copies(&lane->workload, events, copies);
	for (uint32_t s = 0; s < spec->subscribers && !ret; s++)
		ret = session_verify(path, lane, s, copies[s], err);
	free(copies);
	return ret;
}

static int lane_counters_verify(const struct path *path, uint32_t l, struct rh_error *err)
{
	struct dp_counters c;
	int ret = dp_counters_read(path->eng, l, &c);

	if (ret < 0)
		return rh_error_set(err, -ret, "no counters of worker %u", l);
	/* What arrived while the engine stopped is the end of the trace and refused, perhaps from amid a datagram on. */
	return path_verify_lane(path, l, c.rx_datagrams * path->opt.workload.events - c.drop_events[DP_DROP_DRAINING], err);
}

int path_verify_counters(const struct path *path, struct rh_error *err)
{
	int ret = path_verify_laws(path, err);

	for (uint32_t l = 0; l < path->opt.lanes && !ret; l++)
		ret = lane_counters_verify(path, l, err);
	return ret;
}

/*
 * The events due to each subscriber in the order of the trace: event[first[s]] to event[first[s + 1] - 1], next[s] from 0. Several may share a
 * datagram; frames[s] counts those.
 */
struct due {
	uint32_t *first, *event, *next, *frames;
};

static void due_fini(struct due *due)
{
	free(due->first);
	free(due->event);
	free(due->next);
	free(due->frames);
}

static int due_init(struct due *due, const struct workload *w)
{
	uint32_t subscribers = w->spec.subscribers, copies = 0;

	*due = (struct due){.first = calloc(subscribers + 1, sizeof(uint32_t)),
		.next = calloc(subscribers, sizeof(uint32_t)),
		.frames = calloc(subscribers, sizeof(uint32_t))};
	if (!due->first || !due->next || !due->frames)
		return -ENOMEM;
	for (uint32_t e = 0; e < workload_events(w); e++)
		for (uint32_t k = 0; k < workload_copies(w, e); k++, copies++)
			due->first[workload_receiver(w, e, k) + 1]++;
	for (uint32_t s = 0; s < subscribers; s++)
		due->first[s + 1] += due->first[s];
	due->event = calloc(copies + 1, sizeof(uint32_t));
	if (!due->event)
		return -ENOMEM;
	for (uint32_t e = 0; e < workload_events(w); e++)
		for (uint32_t k = 0; k < workload_copies(w, e); k++) {
			uint32_t s = workload_receiver(w, e, k);

			due->event[due->first[s] + due->next[s]++] = e;
		}
	memset(due->next, 0, subscribers * sizeof(uint32_t));
	return 0;
}

/* What subscriber @s should receive as its @number-th datagram (from 1): @n events from @events on. */
static uint32_t expected_frame(const struct path_lane *lane, uint32_t s, const uint32_t *events, uint32_t n,
	uint64_t number, uint8_t *frame)
{
	uint32_t client = lane->trace.first_client + lane->workload.spec.publishers + s;
	struct headers_address from = {.ip = TRACE_ROUTER_IP, .port = RH_WIRE_UDP_PORT};
	struct headers_address to = {.ip = TRACE_CLIENT_IP + client, .port = TRACE_CLIENT_PORT};
	uint16_t bytes = (uint16_t)(RH_DATAGRAM_HDR + n * lane->trace.record_bytes);
	const struct rh_datagram d = {
		.session = lane->subscriber_wire[s],
		.check = lane->subscriber_check[s],
		.packet_number = number,
		.length = bytes,
		.lane = (uint8_t)(lane->workload.spec.lane),
	};

	memcpy(from.mac, trace_router_mac, 6);
	memcpy(to.mac, trace_client_mac, 6);
	/* The router's identification is its total length's complement. */
	headers_write(frame, &from, &to, bytes, 64, (uint16_t)~(20 + 8 + bytes));
	rh_datagram_encode(frame + HEADERS_BYTES, &d);
	for (uint32_t i = 0; i < n; i++) {
		uint8_t *record = frame + TRACE_OVERHEAD + (size_t)i * lane->trace.record_bytes;

		trace_record(&lane->trace, events[i], record);
		record[HOP_LIMIT_AT]--;
		rh_store_be16(record + TENANT_AT,
			(uint16_t)(workload_publisher(&lane->workload, events[i]) % lane->workload.tenants));
	}
	return HEADERS_BYTES + bytes;
}

static int frame_compare(const struct pcap_pkthdr *hdr, const uint8_t *got, const uint8_t *wanted,
	uint32_t bytes, uint32_t e, struct rh_error *err)
{
	if (hdr->caplen != bytes)
		return rh_error_set(err, EINVAL, "the datagram of event %u left with %u bytes, not %u", e,
			hdr->caplen, bytes);
	for (uint32_t i = 0; i < bytes; i++)
		if (got[i] != wanted[i])
			return rh_error_set(err, EINVAL,
				"the datagram of event %u: byte %u is 0x%02x, the reference says 0x%02x", e, i,
				got[i], wanted[i]);
	return 0;
}

/* The subscriber that a frame is addressed to (IPv4 destination), or WORKLOAD_NOBODY. */
static uint32_t addressee(const struct path_lane *lane, const struct pcap_pkthdr *hdr, const uint8_t *frame)
{
	uint32_t first = TRACE_CLIENT_IP + lane->trace.first_client + lane->workload.spec.publishers;
	uint32_t s = hdr->caplen >= TRACE_OVERHEAD ? rh_load_be32(frame + 30) - first : WORKLOAD_NOBODY;

	return s < lane->workload.spec.subscribers ? s : WORKLOAD_NOBODY;
}

static int frame_judge(const struct path_lane *lane, struct due *due, const struct pcap_pkthdr *hdr,
	const uint8_t *got, struct rh_error *err)
{
	uint32_t s = addressee(lane, hdr, got), at, bytes, n;
	uint8_t wanted[TRACE_FRAME_MAX];

	if (s == WORKLOAD_NOBODY)
		return rh_error_set(err, EINVAL, "a frame left for an address that is no subscriber's");
	at = due->first[s] + due->next[s];
	n = (hdr->caplen - TRACE_OVERHEAD) / lane->trace.record_bytes;
	if (!n || n > due->first[s + 1] - at)
		return rh_error_set(err, EINVAL, "subscriber %u: %u copies left, then %u in one datagram of %u bytes; the reference says %u in all", s,
			due->next[s], n, hdr->caplen, due->first[s + 1] - due->first[s]);
	bytes = expected_frame(lane, s, &due->event[at], n, ++due->frames[s], wanted);
	due->next[s] += n;
	return frame_compare(hdr, got, wanted, bytes, due->event[at], err);
}

static int frames_judge(const struct path_lane *lane, struct due *due, pcap_t *pcap, struct rh_error *err)
{
	struct pcap_pkthdr *hdr;
	const u_char *got;
	int ret = 0;

	while (!ret && pcap_next_ex(pcap, &hdr, &got) == 1)
		ret = frame_judge(lane, due, hdr, got, err);
	for (uint32_t s = 0; s < lane->workload.spec.subscribers && !ret; s++) {
		uint32_t wanted = due->first[s + 1] - due->first[s];

		if (due->next[s] < wanted)
			ret = rh_error_set(err, EINVAL,
				"subscriber %u: %u copies left, the reference says %u", s,
				due->next[s], wanted);
	}
	return ret;
}

static int lane_frames_verify(const struct path *path, uint32_t l, struct rh_error *err)
{
	const struct path_lane *lane = &path->lane[l];
	char file[512], why[PCAP_ERRBUF_SIZE];
	struct due due;
	pcap_t *pcap;
	int ret;

	(void)snprintf(file, sizeof(file), "%s/out%u.pcap", path->opt.dir, l);
	pcap = pcap_open_offline(file, why);
	if (!pcap)
		return rh_error_set(err, EIO, "%s", why);
	ret = due_init(&due, &lane->workload);
	ret = ret ? rh_error_set(err, ENOMEM, "no memory to judge the frames")
		  : frames_judge(lane, &due, pcap, err);
	due_fini(&due);
	pcap_close(pcap);
	return ret;
}

int path_verify_frames(const struct path *path, struct rh_error *err)
{
	int ret = 0;

	for (uint32_t l = 0; l < path->opt.lanes && !ret; l++)
		ret = lane_frames_verify(path, l, err);
	return ret;
}

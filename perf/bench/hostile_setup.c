#include "perf/bench/hostile.h"

#include "dataplane/base/rcu.h"
#include "dataplane/frame/datagram.h"
#include "perf/gen/pcap_file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define INCARNATION 0x484f5354494c4500ULL
#define CLIENT_AT   50000 /* addresses behind those of the path's clients */
#define OTHERS	    4	  /* tenants */
/* Seven of the others' datagrams come for one of the hostile tenant's. */
#define SHARE	    8

static const char topic[] = "hostile/bytes", restart[] = "restart";

static int file_read(const char *name, void **out, size_t *len, struct rh_error *err)
{
	FILE *f = fopen(name, "rb");
	long size;

	if (!f)
		return rh_error_set(err, ENOENT, "%s cannot be read: perf/run hostile makes it", name);
	(void)fseek(f, 0, SEEK_END);
	size = ftell(f);
	rewind(f);
	*out = size > 0 ? calloc(1, (size_t)size + 1) : NULL;
	*len = (size_t)size;
	if (*out && fread(*out, 1, *len, f) != *len) {
		free(*out);
		*out = NULL;
	}
	(void)fclose(f);
	return *out ? 0 : rh_error_set(err, EIO, "%s is empty or cannot be read", name);
}

/* The number of patterns, then a bait a line. */
static int baits_read(struct hostile *h, const char *name, struct rh_error *err)
{
	char *text, *line, *rest;
	size_t len;
	int ret = file_read(name, (void **)&text, &len, err);

	if (ret)
		return ret;
	h->bait = calloc(HOSTILE_BAITS_MAX, sizeof(*h->bait));
	line = strtok_r(text, "\n", &rest);
	h->patterns = line ? (uint32_t)strtoul(line, NULL, 10) : 0;
	while (h->bait && h->baits < HOSTILE_BAITS_MAX && (line = strtok_r(NULL, "\n", &rest)))
		(void)snprintf(h->bait[h->baits++], HOSTILE_BAIT_MAX, "%s", line);
	free(text);
	if (h->patterns && h->baits)
		return 0;
	return rh_error_set(err, EINVAL, "%s: a number of patterns and a bait are wanted, one a line", name);
}

static int files_read(struct hostile *h, const char *prefix, struct rh_error *err)
{
	char name[512];
	int ret;

	if (!prefix)
		return rh_error_set(err, EINVAL, "--patterns PREFIX is needed: PREFIX.hs, a serialized database, and PREFIX.baits");
	(void)snprintf(name, sizeof(name), "%s.hs", prefix);
	ret = file_read(name, &h->serialized, &h->serialized_len, err);
	(void)snprintf(name, sizeof(name), "%s.baits", prefix);
	return ret ? ret : baits_read(h, name, err);
}

static int session_open(struct path *path, uint32_t l, uint32_t client, uint64_t incarnation, dp_session_id_t *slot, uint32_t *wire, uint32_t *check, struct rh_error *err)
{
	struct dp_session_conf conf;

	path_session_conf(path, l, TRACE_CLIENT_IP + CLIENT_AT + client, &conf);
	conf.tenant = (uint16_t)(HOSTILE_TENANT + l);
	conf.incarnation = incarnation;
	return dp_session_open(path->eng, &conf, slot, wire, check, err);
}

static int sessions_open(struct path *path, void *arg, struct rh_error *err)
{
	struct hostile *h = arg;
	int ret = 0;

	for (uint32_t l = 0; l < path->opt.lanes && !ret; l++) {
		struct hostile_lane *lane = &h->lane[l];
		uint32_t wire, check;

		ret = session_open(path, l, 2 * l, INCARNATION + l, &lane->publisher, &lane->wire, &lane->check, err);
		if (!ret)
			ret = session_open(path, l, 2 * l + 1, INCARNATION + 2 + l, &lane->subscriber, &wire, &check, err);
	}
	return ret;
}

/* The first event of a pass goes to nobody, as those of the workload: that is what duplicate suppression takes for seeing the numbers begin anew. */
static void record_make(struct hostile *h, uint32_t lane, uint32_t event)
{
	struct rh_event_spec spec = {.topic = event ? topic : restart,
		.topic_len = (uint16_t)strlen(event ? topic : restart),
		.payload = h->payload,
		.payload_len = HOSTILE_PAYLOAD - (event ? 0 : sizeof(topic)),
		.sequence = event + 1,
		.incarnation = INCARNATION + lane,
		.origin_ns = 1700000000000000000ULL + event,
		.ttl_ms = RH_TTL_NONE,
		.class = RH_CLASS_DEFAULT,
		.hop_limit = RH_HOP_LIMIT_DEFAULT};

	h->record_len = (uint32_t)rh_event_encode(h->record, RH_EVENT_MAX, &spec, true);
}

/* Number @n of the hostile datagrams of a pass. */
static uint32_t fragment_make(struct hostile *h, uint32_t l, uint32_t n, uint8_t *out)
{
	uint32_t event = n / h->fragments, at = n % h->fragments * HOSTILE_SLICE, slice;
	struct headers_address from = {.ip = TRACE_CLIENT_IP + CLIENT_AT + 2 * l, .port = TRACE_CLIENT_PORT};
	struct headers_address to = {.ip = TRACE_ROUTER_IP, .port = RH_WIRE_UDP_PORT};
	struct rh_datagram d = {.session = h->lane[l].wire, .check = h->lane[l].check, .packet_number = n + 1};
	struct rh_fragment f = {.offset = at, .id = event + 1, .sequence = event + 1};

	if (at == 0)
		record_make(h, l, event);
	slice = h->record_len - at < HOSTILE_SLICE ? h->record_len - at : HOSTILE_SLICE;
	f.total = h->record_len;
	f.slice_len = slice;
	f.last = at + slice == h->record_len;
	d.length = (uint16_t)(RH_DATAGRAM_HDR + RH_FRAGMENT_HDR + (slice + 7) / 8 * 8);
	memset(out, 0, TRACE_FRAME_MAX);
	memcpy(from.mac, trace_client_mac, 6);
	memcpy(to.mac, trace_router_mac, 6);
	headers_write(out, &from, &to, d.length, 64, 0);
	rh_datagram_encode(out + HEADERS_BYTES, &d);
	rh_fragment_encode(out + TRACE_OVERHEAD, &f);
	memcpy(out + TRACE_OVERHEAD + RH_FRAGMENT_HDR, h->record + at, slice);
	return HEADERS_BYTES + d.length;
}

struct frames {
	struct hostile *h;
	uint32_t lane;
};

/* The hostile datagrams evenly between the others. */
static uint32_t frame_make(const void *arg, uint32_t i, uint8_t *out)
{
	const struct frames *f = arg;
	const struct trace *trace = &f->h->path.lane[f->lane].trace;
	uint64_t mine = f->h->hostile_datagrams, all = hostile_datagrams(f->h), before = i * mine / all;

	if ((i + 1) * mine / all > before)
		return fragment_make(f->h, f->lane, (uint32_t)before, out);
	trace_frame(trace, i - (uint32_t)before, out);
	return trace_frame_bytes(trace->workload->spec.events, trace->record_bytes);
}

static int trace_make(struct path *path, uint32_t lane, const char *file, void *arg, struct rh_error *err)
{
	struct frames frames = {.h = arg, .lane = lane};

	(void)path;
	return pcap_file_write(file, hostile_datagrams(arg), frame_make, &frames, err);
}

int hostile_options(struct hostile *h, const struct path_options *opt, struct path_options *out, struct rh_error *err)
{
	int ret = files_read(h, opt->patterns, err);

	h->path.opt = *opt;
	if (!ret)
		ret = hostile_payload_find(h, err);
	h->record = calloc(1, RH_EVENT_MAX);
	if (!ret && !h->record)
		ret = rh_error_set(err, ENOMEM, "no memory for an event");
	if (ret)
		return ret;
	record_make(h, 0, 1);
	h->fragments = (h->record_len + HOSTILE_SLICE - 1) / HOSTILE_SLICE;
	h->hostile_datagrams = HOSTILE_EVENTS * h->fragments;
	h->hooks = (struct path_hooks){.sessions = sessions_open, .trace = trace_make, .datagrams = h->hostile_datagrams, .arg = h};
	*out = *opt;
	out->lanes = 2;
	out->hooks = &h->hooks;
	out->workload.tenants = OTHERS;
	out->workload.datagrams = h->hostile_datagrams * (SHARE - 1) / out->workload.publishers * out->workload.publishers;
	/* Both lanes have the same draw. */
	out->same_draw = true;
	/* The content lane has the core that no worker of this program runs on. */
	CPU_SET(opt->cores[0], &out->lane_cores);
	h->path.opt = *out;
	if (hostile_datagrams(h) % HOSTILE_BURST == 0)
		return 0;
	return rh_error_set(err, EINVAL, "a pass of %u datagrams is not a multiple of %d: take other --publishers", hostile_datagrams(h), HOSTILE_BURST);
}

int hostile_subscribe(struct hostile *h, struct rh_error *err)
{
	struct rh_filter filter;
	dp_sub_id_t sub;
	int ret = rh_filter_parse(RH_DIALECT_MQTT, topic, sizeof(topic) - 1, &filter, err);

	if (!ret)
		ret = dp_table_patterns_set(h->path.table, HOSTILE_TENANT, 0, h->serialized, h->serialized_len, h->patterns, err);
	for (dp_pattern_id_t i = 1; i <= h->patterns && !ret; i++) {
		ret = dp_table_content_add(h->path.table, HOSTILE_TENANT, i, NULL, &i, err);
		if (!ret)
			ret = dp_table_sub_add(h->path.table, HOSTILE_TENANT, &filter, h->lane[0].subscriber, i, &sub, err);
	}
	(void)dp_table_publish(h->path.table);
	rh_rcu_quiescent();
	return ret;
}

void hostile_fini(struct hostile *h)
{
	path_fini(&h->path);
	free(h->payload);
	free(h->record);
	free(h->serialized);
	free(h->bait);
}

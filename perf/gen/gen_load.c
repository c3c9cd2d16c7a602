#include "perf/gen/gen.h"
#include "perf/gen/gen_host.h"
#include "perf/gen/pcap_file.h"
#include "perf/gen/stamp.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define CACHE_LINE 64
/* Incarnations only have to differ and not be 0; the time makes those of another run differ. */
#define INCARNATION_BASE 0x67656e0000000000ULL

static uint32_t tenants(const struct gen *gen)
{
	return gen->opt.tenant_count ? gen->opt.tenant_count : 1;
}

static int by_value(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

/* Subscribers of @event in its publisher's tenant, ascending; by reflection its publisher alone. */
static uint32_t receivers_of(const struct gen *gen, uint32_t event, uint32_t *out)
{
	uint32_t publisher = workload_publisher(&gen->workload, event), n = 0;

	if (gen->opt.reflect) {
		out[0] = publisher;
		return 1;
	}
	for (uint32_t k = 0; k < workload_copies(&gen->workload, event); k++) {
		uint32_t s = workload_receiver(&gen->workload, event, k);

		if (s % tenants(gen) == publisher % tenants(gen))
			out[n++] = s;
	}
	qsort(out, n, sizeof(*out), by_value);
	return n;
}

/* With reflection or several tenants, who gets an event depends on its publisher too. */
static int receivers_by_publisher(struct gen *gen)
{
	uint32_t *receivers;

	if (!gen->opt.reflect && tenants(gen) == 1)
		return 0;
	receivers = calloc((size_t)gen->places.count * gen->workload.spec.copies, sizeof(*receivers));
	gen->receivers = receivers;
	for (uint32_t e = 0; receivers && e < gen->places.count; e++) {
		struct place *place = &gen->places.list[e];

		place->receivers = receivers;
		place->receiver_count = receivers_of(gen, e, receivers);
		receivers += place->receiver_count;
	}
	return gen->receivers ? 0 : -ENOMEM;
}

static int memory_take(struct gen *gen)
{
	const struct workload_spec *spec = &gen->workload.spec;

	gen->publishers = calloc(spec->publishers, sizeof(*gen->publishers));
	gen->sequence = calloc(spec->publishers, sizeof(*gen->sequence));
	gen->packet_number = calloc(spec->publishers, sizeof(*gen->packet_number));
	gen->frames = aligned_alloc(CACHE_LINE, (size_t)spec->datagrams * gen->frame_room);
	return gen->publishers && gen->sequence && gen->packet_number && gen->frames ? 0 : -ENOMEM;
}

static int places_init(struct gen *gen, struct rh_error *err)
{
	uint32_t weights[PLACES_CLASSES] = {0};
	int ret;

	for (uint32_t i = 0; i < gen->opt.class_count; i++)
		weights[gen->opt.classes[i]]++;
	for (uint32_t p = 0; p < gen->workload.spec.publishers; p++)
		gen->publishers[p].incarnation = INCARNATION_BASE ^ gen->tsc_start ^ p;
	ret = places_make(&gen->places, &gen->trace, weights, err);
	if (!ret && receivers_by_publisher(gen) < 0)
		ret = rh_error_set(err, ENOMEM, "no memory for the receivers of %u events", gen->places.count);
	return ret;
}

int gen_load_init(struct gen *gen, struct rh_error *err)
{
	uint32_t subscribers = gen->opt.reflect ? gen->opt.workload.publishers : gen->opt.workload.subscribers;
	int ret = workload_init(&gen->workload, &gen->opt.workload, err);

	if (ret)
		return ret;
	gen->frame_bytes = trace_frame_bytes(gen->workload.spec.events, gen->opt.record_bytes);
	gen->frame_room = (gen->frame_bytes + CACHE_LINE - 1) / CACHE_LINE * CACHE_LINE;
	gen->trace = (struct trace){.workload = &gen->workload, .record_bytes = gen->opt.record_bytes};
	ret = trace_check(&gen->trace, err);
	if (ret)
		return ret;
	if (memory_take(gen) < 0)
		return rh_error_set(err, ENOMEM, "no memory for a trace of %u datagrams",
			gen->workload.spec.datagrams);
	gen->trace.publishers = gen->publishers;
	ret = places_init(gen, err);
	return ret ? ret : sink_create(&gen->sink,
		&(struct sink_spec){.places = gen->places.list, .place_count = gen->places.count,
			.publishers = gen->workload.spec.publishers,
			.subscribers = subscribers,
			.reflect = gen->opt.reflect},
		err);
}

void gen_load_frames(struct gen *gen)
{
	const struct workload_spec *spec = &gen->workload.spec;

	for (uint32_t d = 0; d < spec->datagrams; d++) {
		uint8_t *frame = gen->frames + (size_t)d * gen->frame_room;

		trace_frame(&gen->trace, d, frame);
		gen_host_address(gen->host, frame, d % spec->publishers,
			gen->frame_bytes - HEADERS_BYTES);
		for (uint32_t k = 0; k < spec->events; k++)
			memcpy(frame + TRACE_OVERHEAD + (size_t)k * gen->opt.record_bytes,
				gen->places.list[d * spec->events + k].record, gen->opt.record_bytes);
	}
}

static uint32_t frame_copy(const void *arg, uint32_t datagram, uint8_t *out)
{
	const struct gen *gen = arg;

	memcpy(out, gen->frames + (size_t)datagram * gen->frame_room, gen->frame_bytes);
	return gen->frame_bytes;
}

int gen_load_write(const struct gen *gen, const char *path, struct rh_error *err)
{
	return pcap_file_write(path, gen->workload.spec.datagrams, frame_copy, gen, err);
}

void gen_load_fini(struct gen *gen)
{
	sink_destroy(gen->sink);
	places_fini(&gen->places);
	free(gen->receivers);
	free(gen->frames);
	free(gen->publishers);
	free(gen->sequence);
	free(gen->packet_number);
	workload_fini(&gen->workload);
}

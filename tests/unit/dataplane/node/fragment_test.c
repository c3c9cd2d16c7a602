/* Events larger than a datagram: in slices to the router, in slices from it. */

#include "tests/unit/dataplane/node/fixture.h"

#include "dataplane/node/outgoing.h"
#include "dataplane/node/transmit.h"

#include <stdlib.h>

#define SLICE 1400

static struct fx_copy copy;
static struct fx_client pub, sub;
static uint8_t record[RH_EVENT_MAX + 8];
static uint8_t payload[RH_PAYLOAD_MAX];
static uint32_t record_len;

static void start_with(const struct fx_options *options)
{
	fx_start(options);
	fx_connect(&pub, 1);
	fx_connect(&sub, 2);
	(void)fx_subscribe(&sub, "big/#");
	for (size_t i = 0; i < sizeof(payload); i++)
		payload[i] = (uint8_t)(i * 7 + i / 251);
}

static void start(void)
{
	start_with(NULL);
}

static void start_narrow(void)
{
	start_with(&(struct fx_options){.mtu = DP_MTU_MIN});
}

TestSuite(fragment, .init = start, .fini = fx_stop);
TestSuite(narrow_port, .init = start_narrow, .fini = fx_stop);

static uint64_t make(uint32_t payload_len)
{
	struct rh_event_spec spec = fx_spec(&pub, "big/event", NULL);
	int len;

	spec.payload = payload;
	spec.payload_len = payload_len;
	len = rh_event_encode(record, sizeof(record), &spec, true);
	cr_assert_gt(len, 0);
	record_len = (uint32_t)len;
	return spec.sequence;
}

/* Topic, options and attributes as long as they may be, too. */
static uint64_t make_largest(void)
{
	static char topic[RH_TOPIC_MAX];
	static uint8_t options[RH_OPTIONS_MAX], attributes[RH_ATTRIBUTES_MAX];
	struct rh_event_spec spec = fx_spec(&pub, topic, NULL);
	int len;

	memset(topic, 't', sizeof(topic));
	memset(options, 0, sizeof(options));
	/* One extension attribute, "z", that fills the rest. */
	memset(attributes, 'v', sizeof(attributes));
	memcpy(attributes, "\x00\x01z", 3);
	rh_store_be16(attributes + 3, RH_ATTRIBUTES_MAX - 5);
	spec.topic_len = sizeof(topic);
	spec.options = options;
	spec.options_len = sizeof(options);
	spec.attributes = attributes;
	spec.attributes_len = sizeof(attributes);
	spec.payload = payload;
	spec.payload_len = RH_PAYLOAD_MAX;
	len = rh_event_encode(record, sizeof(record), &spec, true);
	cr_assert_eq(len, RH_EVENT_MAX);
	record_len = (uint32_t)len;
	return spec.sequence;
}

static uint32_t slices(void)
{
	return (record_len + SLICE - 1) / SLICE;
}

static struct rh_fragment slice_of(uint32_t index, uint64_t sequence, uint32_t id)
{
	struct rh_fragment f = {.offset = index * SLICE, .total = record_len, .id = id, .sequence = sequence};

	f.slice_len = record_len - f.offset < SLICE ? record_len - f.offset : SLICE;
	f.last = f.offset + f.slice_len == record_len;
	f.slice = record + f.offset;
	return f;
}

static void slice_in(const struct rh_fragment *f)
{
	uint8_t out[2048] = {0};

	rh_fragment_encode(out, f);
	memcpy(out + RH_FRAGMENT_HDR, f->slice, f->slice_len);
	fx_records_in(&pub, 0, out, RH_ALIGN_UP((size_t)RH_FRAGMENT_HDR + f->slice_len, RH_WIRE_ALIGN));
}

static void send_slice(uint32_t index, uint64_t sequence, uint32_t id)
{
	struct rh_fragment f = slice_of(index, sequence, id);

	slice_in(&f);
}

static void assert_delivered(uint64_t sequence, uint32_t payload_len)
{
	cr_assert(fx_copy(&sub, &copy));
	cr_assert_eq(copy.event.sequence, sequence);
	cr_assert_eq(copy.event.payload_len, payload_len);
	cr_assert_eq(memcmp(copy.event.payload, payload, payload_len), 0);
	cr_assert_eq(copy.event.hop_limit, RH_HOP_LIMIT_DEFAULT - 1);
}

Test(fragment, an_event_of_64_KiB_passes_in_order)
{
	uint64_t sequence = make(RH_PAYLOAD_MAX);

	for (uint32_t i = 0; i < slices(); i++)
		send_slice(i, sequence, 9);
	assert_delivered(sequence, RH_PAYLOAD_MAX);
	cr_assert_gt(copy.frames, 40);
	cr_assert_eq(fx_count(reassembled), 1);
	cr_assert_eq(fx_count(events_parsed), 1);
	cr_assert_eq(fx_count(fragments), slices());
	cr_assert_eq(fx_count(copies_tx), 1);
	cr_assert_eq(fx_stats(&pub).rx_bytes, record_len);
}

Test(fragment, slices_in_any_order)
{
	uint64_t sequence = make(20000);

	for (uint32_t i = slices(); i-- > 0;)
		send_slice(i, sequence, 1);
	assert_delivered(sequence, 20000);
}

Test(fragment, two_events_interleaved)
{
	static uint8_t first[RH_EVENT_MAX];
	uint64_t a = make(5000), b;
	uint32_t n = slices();

	memcpy(first, record, record_len);
	b = make(5000);
	for (uint32_t i = 0; i < n; i++) {
		struct rh_fragment f = slice_of(i, a, 1);

		f.slice = first + f.offset;
		slice_in(&f);
		send_slice(i, b, 2);
	}
	assert_delivered(a, 5000);
	assert_delivered(b, 5000);
}

Test(fragment, a_repeated_slice_changes_nothing)
{
	uint64_t sequence = make(5000);

	send_slice(0, sequence, 1);
	send_slice(0, sequence, 1);
	for (uint32_t i = 1; i < slices(); i++)
		send_slice(i, sequence, 1);
	assert_delivered(sequence, 5000);
	/* And all of them again, late. */
	for (uint32_t i = 0; i < slices(); i++)
		send_slice(i, sequence, 1);
	cr_assert_eq(fx_copies(&sub), 1);
	cr_assert_eq(fx_count(fragments_discarded), 1 + slices());
	cr_assert_eq(fx_counters().drop_events[DP_DROP_DUPLICATE], 0);
}

static void discards_event(const struct rh_fragment *bad, uint64_t sequence)
{
	slice_in(bad);
	cr_assert_eq(fx_dropped(events, FRAGMENT_OVERLAP), 1);
	for (uint32_t i = 0; i < slices(); i++)
		send_slice(i, sequence, 1);
	cr_assert_eq(fx_copies(&sub), 0);
	cr_assert_eq(fx_count(events_parsed), 1);
	cr_assert_eq(fx_dropped(events, FRAGMENT_OVERLAP), 1, "counted once");
	cr_assert_eq(fx.eng->ctx[0]->reassembly_count, 0);
}

Test(fragment, a_partial_overlap_discards_the_event)
{
	uint64_t sequence = make(5000);
	struct rh_fragment f;

	send_slice(0, sequence, 1);
	f = slice_of(1, sequence, 1);
	f.offset -= 8;
	f.slice -= 8;
	discards_event(&f, sequence);
}

Test(fragment, other_bytes_in_the_same_place_discard_the_event)
{
	static uint8_t other[SLICE];
	uint64_t sequence = make(5000);
	struct rh_fragment f;

	send_slice(1, sequence, 1);
	f = slice_of(1, sequence, 1);
	f.slice = other;
	discards_event(&f, sequence);
}

Test(fragment, another_total_discards_the_event)
{
	uint64_t sequence = make(5000);
	struct rh_fragment f;

	send_slice(0, sequence, 1);
	f = slice_of(1, sequence, 1);
	f.total += 8;
	discards_event(&f, sequence);
}

Test(fragment, a_record_with_another_sequence_inside_is_discarded)
{
	uint64_t sequence = make(5000) + 1;

	for (uint32_t i = 0; i < slices(); i++)
		send_slice(i, sequence, 1);
	cr_assert_eq(fx_copies(&sub), 0);
	cr_assert_eq(fx_dropped(events, FRAGMENT_OVERLAP), 1);
}

Test(fragment, a_malformed_record_is_discarded_with_its_reason)
{
	uint64_t sequence = make(5000);

	record[4] |= 1;
	for (uint32_t i = 0; i < slices(); i++)
		send_slice(i, sequence, 1);
	cr_assert_eq(fx_copies(&sub), 0);
	cr_assert_eq(fx_dropped(events, FRAME_VALUE), 1);
}

Test(fragment, what_never_completes_is_given_up_in_time)
{
	uint64_t sequence = make(5000);

	send_slice(0, sequence, 1);
	cr_assert_eq(fx.eng->ctx[0]->reassembly_count, 1);
	fx_age(DP_LIMIT_REASSEMBLY_MS + 1);
	for (int i = 0; i < 20; i++) {
		fx_age(0);
		fx_poll();
	}
	cr_assert_eq(fx_dropped(events, REASSEMBLY_TIMEOUT), 1);
	cr_assert_eq(fx.eng->ctx[0]->reassembly_count, 0);
	send_slice(1, sequence, 1);
	cr_assert_eq(fx_count(fragments_discarded), 1);
}

Test(fragment, a_session_holds_no_more_than_its_share)
{
	for (uint32_t i = 0; i < 100; i++)
		send_slice(0, make(60000), i);
	cr_assert_eq(fx.eng->ctx[0]->reassembly_count, DP_LIMIT_REASSEMBLY_PER_SESSION);
	cr_assert_eq(fx_dropped(events, REASSEMBLY_FULL), 100 - DP_LIMIT_REASSEMBLY_PER_SESSION);
	cr_assert_eq(dp_store_large_free(&fx.eng->ctx[0]->store),
		DP_LIMIT_EVENT_BUFFERS - DP_LIMIT_REASSEMBLY_PER_SESSION);
}

Test(fragment, an_event_refused_once_it_is_whole_gives_its_place_back)
{
	uint64_t sequence = make(60000);

	record[DP_OUTGOING_HOP_AT] = 0;
	for (uint32_t i = 0; i < slices(); i++)
		send_slice(i, sequence, 1);
	cr_assert_eq(fx_dropped(events, HOP_LIMIT), 1);
	cr_assert_eq(dp_store_large_free(&fx.eng->ctx[0]->store), DP_LIMIT_EVENT_BUFFERS);
}

/* Every place that could hold a large event. */
static dp_blob_id_t places[DP_LIMIT_EVENT_BUFFERS];

static void places_take(struct dp_store *store)
{
	for (uint32_t i = 0; i < DP_LIMIT_EVENT_BUFFERS; i++) {
		places[i] = dp_store_alloc(store, RH_EVENT_MAX);
		cr_assert_neq(places[i], DP_BLOB_NONE);
	}
	cr_assert_eq(dp_store_large_free(store), 0);
}

Test(fragment, an_event_that_finds_the_store_full_is_dropped_once_and_charged)
{
	struct dp_store *store = &fx.eng->ctx[0]->store;
	uint64_t sequence = make(60000);

	places_take(store);
	for (uint32_t i = 0; i < slices(); i++)
		send_slice(i, sequence, 1);
	cr_assert_eq(fx_dropped(events, NO_EVENT_BUFFER), 1);
	cr_assert_eq(fx_stats(&pub).drops[DP_DROP_NO_EVENT_BUFFER], 1);
	cr_assert_eq(fx_count(fragments_discarded), slices() - 1);
	cr_assert_eq(fx_count(events_parsed), 1);
	cr_assert_eq(fx_stats(&pub).rx_bytes, record_len, "it was sent, so it counts against its credit");
	cr_assert_eq(fx.eng->ctx[0]->reassembly_count, 0);
	fx_laws("store full");
	for (uint32_t i = 0; i < DP_LIMIT_EVENT_BUFFERS; i++)
		dp_store_put(store, places[i], 1);
	sequence = make(60000);
	for (uint32_t i = 0; i < slices(); i++)
		send_slice(i, sequence, 2);
	assert_delivered(sequence, 60000);
	cr_assert_eq(fx_count(lost_before_router), 0);
}

Test(fragment, what_is_unfinished_goes_with_its_session)
{
	send_slice(0, make(60000), 1);
	cr_assert_eq(dp_session_close(fx.eng, pub.slot), 0);
	fx_poll();
	cr_assert_eq(fx_dropped(events, SESSION_CLOSED), 1);
	cr_assert_eq(dp_store_large_free(&fx.eng->ctx[0]->store), DP_LIMIT_EVENT_BUFFERS);
}

/* A subscriber of everything, by small datagrams, for whom copies wait until it grants. */
static void slow_open(struct fx_client *slow, uint32_t n)
{
	struct dp_session_conf conf;

	fx_client_init(slow, n, 4, DP_VLAN_NONE);
	conf = fx_conf(slow);
	conf.tx_credit_events = 0;
	conf.max_datagram = RH_DATAGRAM_MIN_MAX;
	fx_open(slow, &conf);
	(void)fx_subscribe(slow, "#");
}

Test(fragment, a_large_event_waits_in_the_queue_and_leaves_whole)
{
	struct fx_client slow;
	uint64_t sequence;

	slow_open(&slow, 5);
	sequence = make(30000);
	for (uint32_t i = 0; i < slices(); i++)
		send_slice(i, sequence, 1);
	assert_delivered(sequence, 30000);
	cr_assert_not(fx_copy(&slow, &copy));
	fx_grant(&slow, 1, RH_CREDIT_UNLIMITED);
	fx_poll();
	fx.sent_read = fx.sent_read_at = 0;
	cr_assert(fx_copy(&slow, &copy));
	cr_assert_eq(copy.event.payload_len, 30000);
	cr_assert_eq(memcmp(copy.event.payload, payload, 30000), 0);
	cr_assert_gt(copy.frames, 60);
	cr_assert_leq(copy.packet.payload_len, RH_DATAGRAM_MIN_MAX);
}

/* The place where it was put together becomes what the queue holds; who is served from it at once gets it as it came all the same. */
Test(fragment, an_event_that_waits_for_one_leaves_for_others_one_hop_on)
{
	struct fx_client slow[2], later;
	uint64_t sequence;

	for (uint32_t i = 0; i < 2; i++)
		slow_open(&slow[i], 5 + i);
	fx_connect(&later, 8);
	(void)fx_subscribe(&later, "big/event");
	sequence = make(100);
	cr_assert_eq(slices(), 1);
	send_slice(0, sequence, 1);
	assert_delivered(sequence, 100);
	for (uint32_t i = 0; i < 2; i++)
		fx_grant(&slow[i], 1, RH_CREDIT_UNLIMITED);
	fx_poll();
	for (uint32_t i = 0; i < 3; i++) {
		fx.sent_read = fx.sent_read_at = 0;
		cr_assert(fx_copy(i < 2 ? &slow[i] : &later, &copy));
		cr_assert_eq(copy.event.hop_limit, RH_HOP_LIMIT_DEFAULT - 1);
	}
}

Test(fragment, a_whole_event_leaves_in_slices_to_a_client_with_small_datagrams)
{
	struct dp_session_conf conf;
	struct fx_client small;
	struct rh_event_spec spec;

	fx_client_init(&small, 5, 6, DP_VLAN_NONE);
	conf = fx_conf(&small);
	conf.max_datagram = RH_DATAGRAM_MIN_MAX;
	fx_open(&small, &conf);
	(void)fx_subscribe(&small, "whole");
	spec = fx_spec(&pub, "whole", NULL);
	spec.payload = payload;
	spec.payload_len = 1200;
	fx_event_in(&pub, &spec);
	cr_assert(fx_copy(&small, &copy));
	cr_assert_eq(copy.event.payload_len, 1200);
	cr_assert_eq(memcmp(copy.event.payload, payload, 1200), 0);
	cr_assert_eq(copy.frames, 3);
	cr_assert_eq(fx_count(copies_tx), 1);
	cr_assert_eq(fx_count(tx_datagrams), 3);
}

Test(fragment, the_time_in_reassembly_counts_against_the_time_to_live)
{
	for (uint32_t ttl = 200; ttl <= 2000; ttl += 1800) {
		uint64_t sequence = make(5000);

		rh_store_be32(record + 32, ttl);
		for (uint32_t i = 0; i < slices(); i++) {
			struct rh_fragment f = slice_of(i, sequence, ttl);

			slice_in(&f);
			if (!i)
				fx_age(300);
		}
	}
	cr_assert_eq(fx_dropped(events, EXPIRED), 1);
	cr_assert(fx_copy(&sub, &copy));
	cr_assert_leq(copy.event.ttl_ms, 1700);
	cr_assert_gt(copy.event.ttl_ms, 0);
	cr_assert_not(fx_copy(&sub, &copy));
}

Test(narrow_port, of_the_least_MTU_carries_the_largest_event_in_the_smallest_datagrams)
{
	struct dp_session_conf conf;
	uint32_t slice = (RH_DATAGRAM_MIN_MAX - RH_DATAGRAM_HDR - RH_FRAGMENT_HDR) & ~7u;
	struct fx_client six;
	uint64_t sequence;

	fx_client_init(&six, 6, 6, DP_VLAN_NONE);
	conf = fx_conf(&six);
	fx_open(&six, &conf);
	(void)fx_subscribe(&six, "#");
	sequence = make_largest();
	for (uint32_t i = 0; i < slices(); i++)
		send_slice(i, sequence, 1);
	fx_settle();
	cr_assert_eq(fx_count(copies_tx), 1);
	cr_assert(fx_copy(&six, &copy));
	cr_assert_eq(copy.event.payload_len, RH_PAYLOAD_MAX);
	cr_assert_eq(memcmp(copy.event.payload, payload, RH_PAYLOAD_MAX), 0);
	cr_assert_eq(copy.frames, (RH_EVENT_MAX + slice - 1) / slice);
	cr_assert_leq(copy.packet.payload_len, RH_DATAGRAM_MIN_MAX);
}

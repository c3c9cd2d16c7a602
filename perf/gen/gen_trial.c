#include "perf/gen/gen_trial.h"
#include "perf/gen/gen_host.h"
#include "perf/gen/gen_receive.h"
#include "perf/gen/gen_session.h"
#include "perf/gen/inversions.h"
#include "perf/gen/stamp.h"

#include "dataplane/base/atomic.h"
#include "dataplane/base/clock.h"
#include "dataplane/frame/bytes.h"

#include <errno.h>
#include <rte_launch.h>
#include <rte_mbuf.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* A send is late behind this: a burst of the router takes as long. */
#define LATE_NS		 50000
/* After the last event: so long without a copy, and at most so long in all. */
#define QUIET_NS	 (200 * RH_NS_PER_MS)
#define SETTLE_NS	 (5 * RH_NS_PER_S)
/* A schedule that is behind so much at its end is more than this generator can do: the rest stays unsent. */
#define OVERRUN_NS	 (10 * RH_NS_PER_MS)
#define TICK_NS		 RH_NS_PER_MS
#define IDLE_US		 20
#define GRANT_NS	 (2 * RH_NS_PER_MS)
#define PACKET_NUMBER_AT (HEADERS_BYTES + 8)

struct run {
	struct gen *gen;
	struct schedule schedule; /* of datagrams */
	uint32_t trial;
	uint64_t start_ns, now_ns;
	uint64_t tick_ns, grant_ns, granted;
	uint64_t subscriber_rate;
	struct inversions *inversions; /* NULL: not asked for */
	uint64_t turns, busy;
	bool over; /* nothing more is sent */
	uint64_t gaps_10us, gaps_100us, gaps_1ms, longest_gap_ns;
	uint64_t progress, progress_ns;
};

/* The receiving thread, when it is another one. */
static struct {
	struct gen *gen;
	int stop;
} receiver;

static int receive_loop(void *arg)
{
	(void)arg;
	while (!rh_load_acquire(&receiver.stop))
		(void)gen_host_poll(receiver.gen, gen_receive);
	return 0;
}

static bool has_receiver(const struct gen *gen)
{
	return gen->opt.rx_core != gen->opt.core;
}

static uint64_t cpu_ns(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return (uint64_t)ts.tv_sec * RH_NS_PER_S + (uint64_t)ts.tv_nsec;
}

static void sent_note(const struct run *run, const struct stamp *stamp)
{
	const struct place *place = &run->gen->places.list[stamp->place];

	sink_sent(run->gen->sink, stamp->place);
	for (uint32_t i = 0; run->inversions && i < place->receiver_count; i++)
		inversions_sent(run->inversions, place->receivers[i], place->class, stamp->intended_ns);
}

/* Datagram of the trace with its numbers and stamps, into @m. */
static void frame_fill(struct run *run, struct rte_mbuf *m)
{
	struct gen *gen = run->gen;
	const struct workload_spec *spec = &gen->workload.spec;
	uint32_t d = gen->cursor, publisher = d % spec->publishers;
	uint8_t *frame = (uint8_t *)rte_pktmbuf_append(m, (uint16_t)gen->frame_bytes);
	struct stamp stamp = {.trial = run->trial, .publisher = publisher,
		.intended_ns = run->start_ns + run->schedule.next_ns};

	memcpy(frame, gen->frames + (size_t)d * gen->frame_room, gen->frame_bytes);
	rh_store_be64(frame + PACKET_NUMBER_AT, ++gen->packet_number[publisher]);
	for (uint32_t k = 0; k < spec->events; k++) {
		stamp.place = d * spec->events + k;
		stamp.sequence = ++gen->sequence[publisher];
		stamp_put(frame + TRACE_OVERHEAD + (size_t)k * gen->opt.record_bytes,
			gen->opt.record_bytes, &stamp);
		sent_note(run, &stamp);
	}
	gen->cursor = d + 1 == spec->datagrams ? 0 : d + 1;
}

/* What is due leaves; what the device does not take is lost on the wire, as behind a NIC. */
static uint32_t send_due(struct run *run)
{
	struct rte_mbuf *mbufs[GEN_BURST];
	uint32_t n = run->over ? 0 : schedule_due(&run->schedule, run->now_ns - run->start_ns);

	n = n > GEN_BURST ? GEN_BURST : n;
	if (!n || !gen_host_buffers(run->gen->host, mbufs, n))
		return 0;
	for (uint32_t i = 0; i < n; i++)
		frame_fill(run, mbufs[i]);
	run->gen->wire_full += n - gen_host_burst(run->gen->host, mbufs, n);
	schedule_sent(&run->schedule, n, run->now_ns - run->start_ns);
	return n;
}

static void turn_begin(struct run *run)
{
	uint64_t now = gen_now_ns(run->gen), gap = now - run->now_ns;

	run->now_ns = now;
	run->turns += !run->over;
	if (rh_likely(gap < 10000))
		return;
	run->gaps_10us++;
	run->gaps_100us += gap >= 100000;
	run->gaps_1ms += gap >= RH_NS_PER_MS;
	run->longest_gap_ns = gap > run->longest_gap_ns ? gap : run->longest_gap_ns;
}

static void grant_due(struct run *run)
{
	uint32_t subscribers = run->gen->workload.spec.subscribers;
	uint64_t due;

	if (!run->subscriber_rate || run->now_ns - run->grant_ns < GRANT_NS)
		return;
	run->grant_ns = run->now_ns;
	due = (uint64_t)((__uint128_t)run->subscriber_rate * (run->now_ns - run->start_ns) / RH_NS_PER_S) /
		subscribers;
	if (due > run->granted)
		gen_sessions_grant(run->gen, due - run->granted, run->now_ns);
	run->granted = due;
}

static void turn(struct run *run)
{
	uint32_t work;

	turn_begin(run);
	work = send_due(run);
	if (!has_receiver(run->gen))
		work += gen_host_poll(run->gen, gen_receive);
	run->busy += work != 0 && !run->over;
	if (!work && run->gen->opt.yields)
		(void)usleep(IDLE_US);
	if (!run->gen->sessions)
		return;
	grant_due(run);
	if (run->now_ns - run->tick_ns > TICK_NS) {
		run->tick_ns = run->now_ns;
		gen_sessions_tick(run->gen, run->now_ns);
	}
}

/* Until every expected copy came, or none came for a while. */
static void settle(struct run *run)
{
	uint64_t begin = run->now_ns;

	run->progress_ns = begin;
	while (!sink_complete(run->gen->sink) && run->now_ns - begin < SETTLE_NS &&
		run->now_ns - run->progress_ns < QUIET_NS) {
		uint64_t progress;

		turn(run);
		progress = sink_progress(run->gen->sink);
		if (progress != run->progress)
			run->progress_ns = run->now_ns;
		run->progress = progress;
	}
}

static void result_complete(const struct run *run, uint64_t wall_ns, uint64_t cpu, struct trial_result *out)
{
	out->offered = run->schedule.total * run->gen->workload.spec.events;
	out->late_sends = run->schedule.late_sends * run->gen->workload.spec.events;
	out->longest_gap_ns = run->longest_gap_ns;
	out->gaps_10us = run->gaps_10us;
	out->gaps_100us = run->gaps_100us;
	out->gaps_1ms = run->gaps_1ms;
	out->wall_ns = wall_ns;
	out->cpu_ns = cpu;
}

static int schedule_make(struct run *run, const struct gen_trial_spec *spec, struct rh_error *err)
{
	uint32_t events = run->gen->workload.spec.events;
	struct schedule_spec s = {.rate = spec->rate / events,
		.ramp_from = (spec->ramp_from ? spec->ramp_from : spec->rate) / events,
		.duration_ns = (uint64_t)(spec->seconds * RH_NS_PER_S),
		.burst = spec->burst,
		.late_after_ns = LATE_NS};

	if (spec->burst > GEN_BURST)
		return rh_error_set(err, EINVAL, "burst %u: 1 to %d datagrams", spec->burst, GEN_BURST);
	if (spec->subscriber_rate && !run->gen->opt.paced)
		return rh_error_set(err, EINVAL, "subscriber_rate: start with --paced, credit cannot be taken back");
	return schedule_init(&run->schedule, &s, err);
}

static int inversions_make(struct run *run, const struct gen_trial_spec *spec, struct rh_error *err)
{
	const struct inversions_spec s = {.subscribers = run->gen->workload.spec.subscribers,
		.duration_ns = run->schedule.spec.duration_ns, .queue_ns = spec->queue_ms * RH_NS_PER_MS};

	return spec->judge_classes ? inversions_create(&run->inversions, &s, err) : 0;
}

static void run_all(struct run *run)
{
	uint64_t end = run->schedule.spec.duration_ns + OVERRUN_NS;
	struct gen *gen = run->gen;

	receiver.gen = gen;
	rh_store_release(&receiver.stop, 0);
	if (has_receiver(gen))
		(void)rte_eal_remote_launch(receive_loop, NULL, gen->opt.rx_core);
	run->start_ns = run->now_ns = run->tick_ns = gen_now_ns(gen);
	if (run->inversions)
		inversions_begin(run->inversions, run->start_ns);
	while (!schedule_done(&run->schedule) && run->now_ns - run->start_ns < end)
		turn(run);
	run->over = true;
	settle(run);
	rh_store_release(&receiver.stop, 1);
	if (has_receiver(gen))
		(void)rte_eal_wait_lcore(gen->opt.rx_core);
	gen_receive_flush(gen, run->now_ns);
}

int gen_trial(struct gen *gen, uint32_t trial, const struct gen_trial_spec *spec,
	struct trial_result *out, struct gen_trial_extra *extra, struct rh_error *err)
{
	struct run run = {.gen = gen, .trial = trial, .subscriber_rate = spec->subscriber_rate};
	uint64_t wall, cpu, full = gen->wire_full, other = gen->frames_other;
	int ret = schedule_make(&run, spec, err);

	if (!ret)
		ret = inversions_make(&run, spec, err);
	if (ret)
		return ret;
	sink_trial_begin(gen->sink, trial);
	sink_watch(gen->sink, run.inversions);
	wall = rh_clock_ns();
	cpu = cpu_ns();
	run_all(&run);
	wall = rh_clock_ns() - wall;
	cpu = cpu_ns() - cpu;
	sink_trial_end(gen->sink, out);
	result_complete(&run, wall, cpu, out);
	*extra = (struct gen_trial_extra){gen->wire_full - full, gen->frames_other - other,
		run.inversions ? inversions_count(run.inversions) : 0,
		run.turns ? (double)run.busy / (double)run.turns : 0};
	sink_watch(gen->sink, NULL);
	inversions_destroy(run.inversions);
	return gen_sessions_check(gen, err);
}

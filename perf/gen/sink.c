#include "perf/gen/sink.h"

#include "dataplane/base/atomic.h"
#include "dataplane/base/compiler.h"
#include "perf/gen/inversions.h"
#include "perf/gen/sink_priv.h"
#include "perf/gen/stamp.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* What one publisher sent to one subscriber in one class. Of another trial: as good as empty. */
struct stream {
	uint64_t highest; /* sequence; 0 before the first */
	uint32_t trial;
	/* Bit of sequence s at s % SINK_WINDOW, for the window up to highest. */
	uint64_t seen[SINK_WINDOW / 64];
};

struct sink {
	struct sink_spec spec;
	uint32_t trial;
	uint32_t class_row[TRIAL_CLASSES]; /* of streams */
	struct stream *streams;		   /* [row of class][subscriber][publisher] */
	uint64_t *got;			   /* [subscriber][TRIAL_CLASSES], this trial */
	uint64_t *lost;			   /* the same, after its end */

	/* Written by the receiving thread. */
	rh_cache_aligned uint64_t received;
	uint64_t verdicts[TRIAL_CLASSES][SINK_VERDICT_COUNT];
	uint64_t unreadable; /* altered, and not even the stamp is left */
	uint64_t late, early;
	struct inversions *watch; /* NULL: nobody wants to know */
	char first_fault[TRIAL_FAULT_MAX];
	struct rh_histogram latency[TRIAL_CLASSES];

	/* Written by the sending thread. */
	rh_cache_aligned uint64_t expected; /* copies of what was sent so far */
	uint64_t *sent;			    /* [place] */
};

static uint32_t class_rows(struct sink *s)
{
	bool occurs[TRIAL_CLASSES] = {false};
	uint32_t rows = 0;

	for (uint32_t p = 0; p < s->spec.place_count; p++)
		occurs[s->spec.places[p].class] = true;
	for (uint32_t c = 0; c < TRIAL_CLASSES; c++)
		s->class_row[c] = occurs[c] ? rows++ : 0;
	return rows;
}

static int tables_create(struct sink *s)
{
	size_t cells = (size_t)s->spec.subscribers * TRIAL_CLASSES;
	size_t pairs = (size_t)s->spec.subscribers * s->spec.publishers, streams;

	/* pairs cannot pass size_t, what is kept of them can. */
	if (__builtin_mul_overflow(pairs, class_rows(s) * sizeof(*s->streams), &streams))
		return -ENOMEM;
	s->streams = calloc(1, streams);
	s->got = calloc(cells, sizeof(*s->got));
	s->lost = calloc(cells, sizeof(*s->lost));
	s->sent = calloc(s->spec.place_count, sizeof(*s->sent));
	return s->streams && s->got && s->lost && s->sent ? 0 : -ENOMEM;
}

int sink_create(struct sink **out, const struct sink_spec *spec, struct rh_error *err)
{
	struct sink *s;
	int ret = sink_spec_check(spec, err);

	if (ret)
		return ret;
	s = aligned_alloc(RH_CACHE_LINE, sizeof(*s));
	if (!s)
		return rh_error_set(err, ENOMEM, "no memory for a sink");
	memset(s, 0, sizeof(*s));
	s->spec = *spec;
	ret = tables_create(s);
	if (ret) {
		sink_destroy(s);
		return rh_error_set(err, ENOMEM, "no memory for %u publishers times %u subscribers",
			spec->publishers, spec->subscribers);
	}
	*out = s;
	return 0;
}

void sink_destroy(struct sink *s)
{
	if (!s)
		return;
	free(s->got);
	free(s->lost);
	free(s->sent);
	free(s->streams);
	free(s);
}

void sink_trial_begin(struct sink *s, uint32_t trial)
{
	size_t cells = (size_t)s->spec.subscribers * TRIAL_CLASSES;

	s->trial = trial;
	s->received = s->expected = s->unreadable = s->late = s->early = 0;
	s->first_fault[0] = '\0';
	memset(s->verdicts, 0, sizeof(s->verdicts));
	memset(s->latency, 0, sizeof(s->latency));
	memset(s->got, 0, cells * sizeof(*s->got));
	memset(s->lost, 0, cells * sizeof(*s->lost));
	memset(s->sent, 0, s->spec.place_count * sizeof(*s->sent));
}

void sink_watch(struct sink *s, struct inversions *inversions)
{
	s->watch = inversions;
}

void sink_sent(struct sink *s, uint32_t place)
{
	s->sent[place]++;
	rh_add_relaxed(&s->expected, s->spec.places[place].receiver_count);
}

/* Bits of the sequences behind highest up to @sequence were of older ones. */
static void window_advance(struct stream *st, uint64_t sequence)
{
	uint64_t at = st->highest + 1;

	if (sequence - st->highest >= SINK_WINDOW)
		memset(st->seen, 0, sizeof(st->seen));
	else
		while (at <= sequence) {
			uint64_t bit = at % 64, room = 64 - bit, left = sequence - at + 1;
			uint64_t n = left < room ? left : room;

			st->seen[at / 64 % RH_ARRAY_LEN(st->seen)] &= ~(~0ULL >> (64 - n) << bit);
			at += n;
		}
	st->highest = sequence;
}

static enum sink_verdict stream_take(struct stream *st, uint32_t trial, uint64_t sequence)
{
	uint64_t *word = &st->seen[sequence / 64 % RH_ARRAY_LEN(st->seen)];
	uint64_t bit = 1ULL << sequence % 64;
	enum sink_verdict verdict = SINK_RECEIVED;

	if (st->trial != trial)
		*st = (struct stream){.trial = trial};
	if (sequence > st->highest)
		window_advance(st, sequence);
	else if (st->highest - sequence >= SINK_WINDOW)
		return SINK_BEYOND;
	else if (*word & bit)
		return SINK_DOUBLED;
	else
		verdict = SINK_REORDERED;
	*word |= bit;
	return verdict;
}

/* Halving without branches: who gets a copy is as good as random. */
static bool receives(const struct place *place, uint32_t subscriber)
{
	const uint32_t *at = place->receivers;
	uint32_t n = place->receiver_count;

	while (n > 1) {
		uint32_t half = n / 2;

		at += at[half] <= subscriber ? half : 0;
		n -= half;
	}
	return n && *at == subscriber;
}

static struct stream *stream_of(
	const struct sink *s, uint8_t class, uint32_t subscriber, uint32_t publisher)
{
	size_t row = (size_t)s->class_row[class] * s->spec.subscribers + subscriber;

	return &s->streams[row * s->spec.publishers + publisher];
}

static void received(struct sink *s, uint32_t subscriber, uint8_t class, const struct stamp *stamp,
	uint64_t now_ns)
{
	bool early = now_ns < stamp->intended_ns;

	rh_add_relaxed(&s->received, 1);
	s->got[(size_t)subscriber * TRIAL_CLASSES + class]++;
	s->early += early;
	rh_histogram_record(&s->latency[class], early ? 0 : now_ns - stamp->intended_ns);
	if (s->watch)
		inversions_received(s->watch, subscriber, class, stamp->intended_ns, now_ns);
}

static enum sink_verdict readable_take(struct sink *s, uint32_t subscriber, const uint8_t *record,
	uint32_t len, const struct stamp *stamp, uint64_t now_ns)
{
	const struct place *place = &s->spec.places[stamp->place];
	enum sink_verdict verdict = SINK_MISDELIVERED;

	if (rh_unlikely(!sink_record_same(place, s->spec.reflect, record, len, stamp->sequence)))
		verdict = SINK_ALTERED;
	else if (rh_likely(receives(place, subscriber)))
		verdict = stream_take(stream_of(s, place->class, subscriber, stamp->publisher),
			s->trial, stamp->sequence);
	s->verdicts[place->class][verdict]++;
	if (rh_likely(verdict <= SINK_REORDERED))
		received(s, subscriber, place->class, stamp, now_ns);
	return verdict;
}

enum sink_verdict sink_take(
	struct sink *s, uint32_t subscriber, const uint8_t *record, uint32_t len, uint64_t now_ns)
{
	enum sink_verdict verdict = SINK_ALTERED;
	struct stamp stamp = {0};
	bool readable = stamp_get(record, len, &stamp);

	if (rh_unlikely(readable && stamp.trial != s->trial)) {
		s->late++;
		return SINK_LATE;
	}
	readable = readable && stamp.sequence && stamp.place < s->spec.place_count &&
		   stamp.publisher < s->spec.publishers;
	if (rh_likely(readable))
		verdict = readable_take(s, subscriber, record, len, &stamp, now_ns);
	else
		s->unreadable++;
	if (rh_unlikely(verdict != SINK_RECEIVED && !s->first_fault[0]))
		sink_fault_tell(s->first_fault, &s->spec, verdict, subscriber, record, len,
			readable ? &stamp : NULL);
	return verdict;
}

bool sink_complete(const struct sink *s)
{
	return rh_load_relaxed(&s->received) >= rh_load_relaxed(&s->expected);
}

uint64_t sink_progress(const struct sink *s)
{
	return rh_load_relaxed(&s->received);
}

/* Expected copies into @lost, for now. */
static void expected_count(struct sink *s, struct trial_result *out)
{
	for (uint32_t p = 0; p < s->spec.place_count; p++) {
		const struct place *place = &s->spec.places[p];
		struct trial_counts *c = &out->by_class[place->class];

		c->sent += s->sent[p];
		c->expected += s->sent[p] * place->receiver_count;
		for (uint32_t i = 0; s->sent[p] && i < place->receiver_count; i++)
			s->lost[(size_t)place->receivers[i] * TRIAL_CLASSES + place->class] +=
				s->sent[p];
	}
}

static void lost_count(struct sink *s, struct trial_result *out)
{
	for (uint32_t i = 0; i < s->spec.subscribers; i++) {
		bool any = false;

		for (uint32_t c = 0; c < TRIAL_CLASSES; c++) {
			uint64_t *lost = &s->lost[(size_t)i * TRIAL_CLASSES + c];
			uint64_t got = s->got[(size_t)i * TRIAL_CLASSES + c];

			out->by_class[c].unsent += got > *lost ? got - *lost : 0;
			*lost -= got < *lost ? got : *lost;
			out->by_class[c].lost += *lost;
			any |= *lost;
		}
		out->subscribers_with_loss += any;
	}
}

static void verdicts_count(const uint64_t *v, struct trial_counts *c)
{
	c->received = v[SINK_RECEIVED] + v[SINK_REORDERED];
	c->reordered = v[SINK_REORDERED];
	c->doubled = v[SINK_DOUBLED];
	c->altered = v[SINK_ALTERED];
	c->misdelivered = v[SINK_MISDELIVERED];
	c->beyond = v[SINK_BEYOND];
}

static void counts_add(struct trial_counts *to, const struct trial_counts *from)
{
	to->sent += from->sent;
	to->expected += from->expected;
	to->received += from->received;
	to->lost += from->lost;
	to->reordered += from->reordered;
	to->doubled += from->doubled;
	to->altered += from->altered;
	to->misdelivered += from->misdelivered;
	to->beyond += from->beyond;
	to->unsent += from->unsent;
}

void sink_trial_end(struct sink *s, struct trial_result *out)
{
	*out = (struct trial_result){.trial = s->trial, .late = s->late, .early = s->early};
	out->all.altered = s->unreadable;
	memcpy(out->first_fault, s->first_fault, sizeof(out->first_fault));
	memset(s->lost, 0, (size_t)s->spec.subscribers * TRIAL_CLASSES * sizeof(*s->lost));
	expected_count(s, out);
	lost_count(s, out);
	for (uint32_t c = 0; c < TRIAL_CLASSES; c++) {
		verdicts_count(s->verdicts[c], &out->by_class[c]);
		counts_add(&out->all, &out->by_class[c]);
		rh_histogram_merge(&out->latency, &s->latency[c]);
	}
}

const struct rh_histogram *sink_latency(const struct sink *s, uint8_t class)
{
	return &s->latency[class];
}

uint64_t sink_lost(const struct sink *s, uint32_t subscriber, uint8_t class)
{
	return s->lost[(size_t)subscriber * TRIAL_CLASSES + class];
}

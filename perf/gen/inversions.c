#include "perf/gen/inversions.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define MEMORY_MAX (1ull << 30)

/* Of one subscriber and class in one slot. */
struct cell {
	uint32_t sent;	   /* in it; the sending thread's */
	uint32_t received; /* of these, whenever; from here on the receiving thread's */
	uint32_t left;	   /* got through in it, whenever sent */
	int32_t stays;	   /* more than in the slot before were surely there and got through later */
};

/* The same of all classes below one. */
struct lower {
	uint64_t left;  /* up to the slot before, from the start */
	int64_t stays; /* in this slot */
};

struct inversions {
	struct inversions_spec spec;
	uint64_t start_ns;
	size_t slots;
	struct lower *lower; /* [slots + 1], of the subscriber that is looked at */
	struct cell *cell;   /* [subscriber][class][slots + 1] */
};

int inversions_create(struct inversions **out, const struct inversions_spec *spec, struct rh_error *err)
{
	size_t slots = (size_t)((spec->duration_ns + spec->queue_ns) / INVERSIONS_SLOT_NS) + 1;
	size_t cells = (size_t)spec->subscribers * INVERSIONS_CLASSES * (slots + 1);
	struct inversions *v;

	if (cells > MEMORY_MAX / sizeof(struct cell))
		return rh_error_set(err, ENOMEM, "classes are judged for at most %llu MiB: fewer subscribers than %u, or a shorter trial",
			MEMORY_MAX >> 20, spec->subscribers);
	v = malloc(sizeof(*v));
	if (v)
		*v = (struct inversions){*spec, 0, slots, calloc(slots + 1, sizeof(*v->lower)), calloc(cells, sizeof(*v->cell))};
	if (!v || !v->lower || !v->cell) {
		inversions_destroy(v);
		return rh_error_set(err, ENOMEM, "no memory to judge the classes of %u subscribers", spec->subscribers);
	}
	*out = v;
	return 0;
}

void inversions_destroy(struct inversions *v)
{
	if (!v)
		return;
	free(v->lower);
	free(v->cell);
	free(v);
}

void inversions_begin(struct inversions *v, uint64_t start_ns)
{
	v->start_ns = start_ns;
}

static size_t slot_of(const struct inversions *v, uint64_t ns)
{
	return ns < v->start_ns ? 0 : (size_t)((ns - v->start_ns) / INVERSIONS_SLOT_NS);
}

/* The cell of @slot in the row of @subscriber and @class; the last one takes what is too late to be judged. */
static struct cell *cell_of(const struct inversions *v, uint32_t subscriber, uint32_t class, size_t slot)
{
	size_t row = ((size_t)subscriber * INVERSIONS_CLASSES + class) * (v->slots + 1);

	return &v->cell[row + (slot < v->slots ? slot : v->slots)];
}

void inversions_sent(struct inversions *v, uint32_t subscriber, uint8_t class, uint64_t sent_ns)
{
	cell_of(v, subscriber, class, slot_of(v, sent_ns))->sent++;
}

void inversions_received(struct inversions *v, uint32_t subscriber, uint8_t class, uint64_t sent_ns, uint64_t now_ns)
{
	size_t sent = slot_of(v, sent_ns), now = slot_of(v, now_ns);

	cell_of(v, subscriber, class, sent)->received++;
	cell_of(v, subscriber, class, now)->left++;
	/* A copy sent in slot s may come to the router up to s + GUARD, and one received in slot r may have left it in r - GUARD. */
	if (now > sent + 3 * INVERSIONS_GUARD) {
		cell_of(v, subscriber, class, sent + INVERSIONS_GUARD)->stays++;
		cell_of(v, subscriber, class, now - 2 * INVERSIONS_GUARD)->stays--;
	}
}

/* Did a lower class get through while a copy sent in @slot waited, for all that its time bound says? */
static bool passed_by(const struct inversions *v, size_t slot)
{
	size_t first = slot + 2 * INVERSIONS_GUARD, end = slot + (size_t)(v->spec.queue_ns / INVERSIONS_SLOT_NS);

	if (end > v->slots)
		end = v->slots;
	return first < end && v->lower[end].left > v->lower[first].left;
}

/* @row is below the next class. */
static void lower_add(struct inversions *v, const struct cell *row)
{
	uint64_t left = 0;
	int64_t stays = 0;

	for (size_t i = 0; i <= v->slots; i++) {
		stays += row[i].stays;
		v->lower[i].left += left;
		v->lower[i].stays += stays;
		left += row[i].left;
	}
}

static uint64_t row_count(const struct inversions *v, const struct cell *row)
{
	uint64_t n = 0;

	for (size_t i = 0; i < v->slots; i++)
		if (row[i].sent > row[i].received && (v->lower[i].stays || passed_by(v, i)))
			n += row[i].sent - row[i].received;
	return n;
}

uint64_t inversions_count(struct inversions *v)
{
	uint64_t n = 0;

	for (uint32_t s = 0; s < v->spec.subscribers; s++) {
		memset(v->lower, 0, (v->slots + 1) * sizeof(*v->lower));
		for (uint32_t class = 0; class < INVERSIONS_CLASSES; class++) {
			const struct cell *row = cell_of(v, s, class, 0);

			n += row_count(v, row);
			lower_add(v, row);
		}
	}
	return n;
}

#pragma once

/*
 * Whose loss is it? Where a subscriber takes less than comes, a copy may be lost while one of a lower class gets through, as long as the router had never both: credit that came
 * before the higher copy did cannot be saved for it, nor given to one whose time bound is over. An inversion is a lost copy that was there, to the same subscriber,
 *  - when one of a lower class was that had come before it and got through behind it: that one's place should have been taken, and its credit; or
 *  - with queues that lose by time alone: when any copy of a lower class got through before the time was over.
 *
 * All is counted in slots of a millisecond. What the generator and the wire may take to deliver, INVERSIONS_GUARD slots, is left out at each end, so nothing is
 * called an inversion that is none. One thread sends (inversions_sent), one receives (inversions_received); the rest is for when both rest.
 */

#include "dataplane/base/error.h"

#include <stdint.h>

#define INVERSIONS_CLASSES 8
#define INVERSIONS_SLOT_NS 1000000u
#define INVERSIONS_GUARD   20 /* slots */

struct inversions_spec {
	uint32_t subscribers;
	uint64_t duration_ns; /* what is sent later is not judged */
	uint64_t queue_ns;    /* time bound of the queues; 0: they may lose before it is over */
};

struct inversions;

/* 0, or -ENOMEM, also for more than 1 GiB, with a sentence. */
int inversions_create(struct inversions **out, const struct inversions_spec *spec, struct rh_error *err);
/* Accepts NULL. */
void inversions_destroy(struct inversions *v);

/* The trial starts at @start_ns, on the clock of the stamps, with nothing sent. */
void inversions_begin(struct inversions *v, uint64_t start_ns);
/* An event of @class for @subscriber was sent, at its time @sent_ns. No allocation. */
void inversions_sent(struct inversions *v, uint32_t subscriber, uint8_t class, uint64_t sent_ns);
/* It came back at @now_ns, unaltered and for the first time. No allocation. */
void inversions_received(struct inversions *v, uint32_t subscriber, uint8_t class, uint64_t sent_ns, uint64_t now_ns);
/* Lost copies that are inversions, so far. */
uint64_t inversions_count(struct inversions *v);

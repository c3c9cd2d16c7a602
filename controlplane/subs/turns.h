#pragma once

/*
 * Whose turn it is at a compiler. Each payer (a session, or a tenant) has a queue of its own and an
 * account of the time its jobs took, which halves every minute; the next job is the first of the
 * payer with the least on its account, of equals the one that waits longest. So whoever has used
 * little lately waits for the job that runs and nobody else, however many others keep asking and
 * however much they ask for. An account outlives its payer: to come back does not clear it. Time is
 * given by the caller. Ctx of everything: control loop.
 */

#include <stdbool.h>
#include <stdint.h>

#define CP_TURNS_HALF_NS 60000000000ULL

/* Embedded in a job that waits. */
struct cp_turn {
	struct cp_turn *next, **prev; /* prev NULL: it does not wait */
	uint32_t payer;
	uint64_t order;
};

struct cp_account {
	struct cp_turn *head, **tail;
	uint32_t waiting;
	uint64_t spent_ns, at_ns;	 /* as it was then */
	struct cp_account *next, **prev; /* of those that wait */
};

struct cp_turns {
	struct cp_account *accounts;
	uint32_t count;
	struct cp_account *busy; /* have waiting jobs */
	uint64_t order;
};

/* For payers below @payers. 0 or -ENOMEM. */
int cp_turns_init(struct cp_turns *turns, uint32_t payers);
/* Jobs that wait are the caller's to take before. */
void cp_turns_fini(struct cp_turns *turns);
void cp_turns_push(struct cp_turns *turns, struct cp_turn *turn, uint32_t payer);
/* NULL: nobody waits. */
struct cp_turn *cp_turns_take(struct cp_turns *turns, uint64_t now_ns);
/* Another payer wants what @turn waits for: it pays when its turn comes earlier. */
void cp_turns_join(struct cp_turns *turns, struct cp_turn *turn, uint32_t payer, uint64_t now_ns);
void cp_turns_charge(struct cp_turns *turns, uint32_t payer, uint64_t took_ns, uint64_t now_ns);
uint32_t cp_turns_waiting(const struct cp_turns *turns, uint32_t payer);

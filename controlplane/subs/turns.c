#include "controlplane/subs/turns.h"

#include <errno.h>
#include <stdlib.h>

int cp_turns_init(struct cp_turns *turns, uint32_t payers)
{
	*turns = (struct cp_turns){.accounts = calloc(payers, sizeof(*turns->accounts))};
	if (!turns->accounts)
		return -ENOMEM;
	turns->count = payers;
	return 0;
}

void cp_turns_fini(struct cp_turns *turns)
{
	free(turns->accounts);
}

/* Brought forward to @now_ns. */
static uint64_t spent(struct cp_account *a, uint64_t now_ns)
{
	uint64_t halves = now_ns > a->at_ns ? (now_ns - a->at_ns) / CP_TURNS_HALF_NS : 0;

	a->spent_ns = halves < 64 ? a->spent_ns >> halves : 0;
	a->at_ns += halves * CP_TURNS_HALF_NS;
	return a->spent_ns;
}

static void account_link(struct cp_turns *turns, struct cp_account *a)
{
	a->next = turns->busy;
	a->prev = &turns->busy;
	if (a->next)
		a->next->prev = &a->next;
	turns->busy = a;
}

static void account_unlink(struct cp_account *a)
{
	*a->prev = a->next;
	if (a->next)
		a->next->prev = a->prev;
}

static void insert(struct cp_turns *turns, struct cp_turn *turn, uint32_t payer)
{
	struct cp_account *a = &turns->accounts[payer];

	/* Not before it is used: most accounts never are. */
	if (!a->waiting)
		a->tail = &a->head;
	turn->payer = payer;
	turn->next = NULL;
	turn->prev = a->tail;
	*a->tail = turn;
	a->tail = &turn->next;
	if (!a->waiting++)
		account_link(turns, a);
}

static void take_out(struct cp_turns *turns, struct cp_turn *turn)
{
	struct cp_account *a = &turns->accounts[turn->payer];

	*turn->prev = turn->next;
	if (turn->next)
		turn->next->prev = turn->prev;
	else
		a->tail = turn->prev;
	turn->prev = NULL;
	if (!--a->waiting)
		account_unlink(a);
}

void cp_turns_push(struct cp_turns *turns, struct cp_turn *turn, uint32_t payer)
{
	turn->order = turns->order++;
	insert(turns, turn, payer);
}

struct cp_turn *cp_turns_take(struct cp_turns *turns, uint64_t now_ns)
{
	struct cp_account *best = turns->busy;
	struct cp_turn *turn;

	if (!best)
		return NULL;
	for (struct cp_account *a = best->next; a; a = a->next) {
		uint64_t least = spent(best, now_ns), mine = spent(a, now_ns);

		if (mine < least || (mine == least && a->head->order < best->head->order))
			best = a;
	}
	turn = best->head;
	take_out(turns, turn);
	return turn;
}

void cp_turns_join(struct cp_turns *turns, struct cp_turn *turn, uint32_t payer, uint64_t now_ns)
{
	if (spent(&turns->accounts[payer], now_ns) >= spent(&turns->accounts[turn->payer], now_ns))
		return;
	take_out(turns, turn);
	insert(turns, turn, payer);
}

void cp_turns_charge(struct cp_turns *turns, uint32_t payer, uint64_t took_ns, uint64_t now_ns)
{
	struct cp_account *a = &turns->accounts[payer];

	a->spent_ns = spent(a, now_ns) + took_ns;
}

uint32_t cp_turns_waiting(const struct cp_turns *turns, uint32_t payer)
{
	return turns->accounts[payer].waiting;
}

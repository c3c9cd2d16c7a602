#include "tests/unit/dataplane/node/many.h"

#include "dataplane/node/transmit.h"

#include <stdlib.h>

struct fx_client pub, sub[MOST];
dp_sub_id_t all[MOST];
uint32_t subs;

void many_start(void)
{
	fx_start(NULL);
	/* A pause of a busy machine is no standstill of the device. */
	fx.eng->ctx[0]->cycles_per_ms *= 1000;
	join(&pub, 1, 4, DP_VLAN_NONE);
}

void many_start_two(void)
{
	fx_start(&(struct fx_options){.workers = 2});
	join(&pub, 1, 4, DP_VLAN_NONE);
}

void many_start_jumbo(void)
{
	fx_start(&(struct fx_options){.mtu = 4000});
	join(&pub, 1, 4, DP_VLAN_NONE);
}

void many_stop(void)
{
	out_free();
	fx_settle();
	/* Criterion does not count a failed assertion here. */
	if (rte_mempool_in_use_count(pool()) != 0)
		abort();
	fx_stop();
}

struct dp_session *slot_of(uint32_t i)
{
	return &fx.eng->tables.slots[sub[i].slot];
}

struct dp_txq *txq(void)
{
	return fx.eng->ctx[0]->txq[fx.port];
}

void subscriber(uint8_t family, uint16_t vlan, uint32_t owner, uint16_t max_datagram)
{
	struct fx_client *c = &sub[subs];
	struct dp_session_conf conf;

	fx_client_init(c, FIRST + subs++, family, vlan);
	c->owner = owner;
	conf = fx_conf(c);
	conf.max_datagram = max_datagram;
	fx_open(c, &conf);
	all[subs - 1] = fx_subscribe(c, "#");
}

void subscribers(uint32_t n)
{
	while (n--)
		subscriber(4, DP_VLAN_NONE, 0, 1472);
}

struct rte_mbuf *frame_for(uint32_t i)
{
	struct rte_mbuf *found = NULL;

	for (uint32_t k = 0; k < out_count; k++)
		if (rte_pktmbuf_mtod(out[k], uint8_t *)[5] == FIRST + i) {
			cr_assert_null(found, "two frames for subscriber %u", i);
			found = out[k];
		}
	return found;
}

bool on_a_line(const struct rte_mbuf *m, const struct fx_client *to)
{
	uint32_t headers = (to->vlan == DP_VLAN_NONE ? 14 : 18) + DP_IPV4_UDP_HEADERS + RH_DATAGRAM_HDR;

	return (m->data_off + headers) % RH_CACHE_LINE == 0;
}

void expect(uint32_t i, const struct rh_event_spec *specs, uint32_t count, uint64_t number, bool line)
{
	const struct rte_mbuf *m = frame_for(i);

	cr_assert_not_null(m, "nothing for subscriber %u", i);
	expect_frame_of(m, &sub[i], specs, count, number);
	cr_assert_eq(on_a_line(m, &sub[i]), line, "subscriber %u", i);
	cr_assert_eq(m->port, line ? RTE_MBUF_PORT_INVALID : m->port);
	cr_assert_eq(rte_mbuf_refcnt_read(m), 1);
	cr_assert_null(m->next);
}

void expect_others(uint32_t except, const struct rh_event_spec *spec, uint64_t number)
{
	for (uint32_t i = 0; i < subs; i++)
		if (i != except)
			expect(i, spec, 1, number, i != subs - 1);
}

struct rh_event_spec next(void)
{
	return fx_spec(&pub, "some/topic", "13 bytes long");
}

void publish(struct rh_event_spec *spec)
{
	out_free();
	run(received(&pub, spec), 0);
}

static struct rte_mbuf *held[8192];
static uint32_t held_count;

void buffers_take(uint32_t left)
{
	while ((held[held_count] = rte_pktmbuf_alloc(pool())) != NULL)
		cr_assert_lt(++held_count, RH_ARRAY_LEN(held));
	rte_pktmbuf_free_bulk(held + held_count - left, left);
	held_count -= left;
}

void buffers_give(void)
{
	rte_pktmbuf_free_bulk(held, held_count);
	held_count = 0;
}

void backlog_of(uint32_t waiting)
{
	for (uint32_t i = 0; i < waiting; i++)
		dp_txq_put_other(txq(), rte_pktmbuf_alloc(pool()));
	txq()->blocked_since_tsc = 1;
}

void backlog_gone(uint32_t waiting)
{
	uint32_t at = txq()->head;

	for (uint32_t i = 0; i < waiting; i++)
		rte_pktmbuf_free(txq()->frame[(at + i) % DP_TX_BACKLOG]);
	txq()->head += waiting;
	txq()->blocked_since_tsc = 0;
}

void expect_half_full(uint32_t waiting)
{
	cr_assert_eq(dp_txq_waiting(txq()), DP_TX_BACKLOG_SOFT);
	cr_assert_eq(fx.eng->ctx[0]->queued_copies, waiting + SEVERAL - DP_TX_BACKLOG_SOFT);
	backlog_gone(waiting);
	fx_settle();
	for (uint32_t i = 0; i < SEVERAL; i++)
		cr_assert_eq(fx_copies(&sub[i]), 1);
	cr_assert_eq(fx_count(copies_tx), SEVERAL);
}

void ring_ends_behind(uint32_t left)
{
	fx_settle();
	cr_assert_eq(dp_txq_waiting(txq()), 0);
	txq()->head = txq()->tail = txq()->mark = 2 * DP_TX_BACKLOG - left;
	for (uint32_t i = 0; i < subs; i++)
		slot_of(i)->tx_open = 0;
}

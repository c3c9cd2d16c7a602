#include "dataplane/worker/engine_priv.h"

#include "dataplane/base/pages.h"
#include "dataplane/frame/wire.h"

#include <errno.h>
#include <stdlib.h>

int dp_tables_create(struct dp_tables *t, const struct dp_engine_conf *conf)
{
	t->slot_count = conf->max_sessions ? conf->max_sessions : DP_LIMIT_SESSIONS;
	t->udp_port = conf->udp_port ? conf->udp_port : RH_WIRE_UDP_PORT;
	t->stage_timing = conf->stage_timing;
	t->node_incarnation = conf->node_incarnation;
	t->slots = rh_pages_reserve(t->slot_count * sizeof(*t->slots));
	t->cold = rh_pages_reserve(t->slot_count * sizeof(*t->cold));
	t->drops = rh_pages_reserve_sparse(t->slot_count * sizeof(*t->drops));
	t->queues = rh_pages_reserve_sparse(t->slot_count * sizeof(*t->queues));
	t->hops = rh_pages_reserve(DP_LIMIT_ADJACENCIES * sizeof(struct dp_hop *));
	return t->slots && t->cold && t->drops && t->queues && t->hops ? 0 : -ENOMEM;
}

void dp_tables_destroy(struct dp_tables *t)
{
	uint32_t slots = t->slot_count;

	for (uint32_t i = 0; t->slots && i < slots; i++)
		if (t->slots[i].state != DP_SLOT_FREE)
			dp_aliases_free(&t->slots[i]);
	for (uint32_t i = 0; t->hops && i < DP_LIMIT_ADJACENCIES; i++)
		free(t->hops[i]);
	for (uint32_t i = 0; i < DP_LIMIT_PORTS; i++)
		free(t->local[i]);
	free(t->trace);
	rh_pages_release(t->slots, slots * sizeof(*t->slots));
	rh_pages_release(t->cold, slots * sizeof(*t->cold));
	rh_pages_release(t->drops, slots * sizeof(*t->drops));
	rh_pages_release(t->queues, slots * sizeof(*t->queues));
	rh_pages_release(t->hops, DP_LIMIT_ADJACENCIES * sizeof(struct dp_hop *));
}

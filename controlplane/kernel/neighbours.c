#include "controlplane/kernel/kernel_priv.h"
#include "dataplane/base/clock.h"
#include "dataplane/base/log.h"

#include <errno.h>

void cp_neighbours_refresh(struct cp_kernel *k, struct cp_adj *adj)
{
	struct cp_neighbour neighbour;
	bool usable = cp_netlink_neighbour_get(&k->netlink, adj->ifindex, &adj->next_hop, &neighbour) == 0 &&
		      neighbour.usable;

	cp_adj_set(k, adj, usable ? neighbour.mac : NULL);
	/* Also for a usable entry: it may be stale, and nobody but us knows that it is used. */
	(void)cp_netlink_neighbour_use(&k->netlink, adj->ifindex, &adj->next_hop);
}

static void on_neighbour(const struct cp_neighbour *neighbour, void *arg)
{
	struct cp_kernel *k = arg;
	const struct cp_twin *twin = cp_twin_by_ifindex(k, neighbour->ifindex);
	struct cp_adj *adj;

	if (!twin)
		return;
	adj = cp_adj_find(k, twin->port->index, twin->vlan, &neighbour->address);
	if (!adj || !adj->ifindex)
		return;
	cp_adj_set(k, adj, neighbour->usable ? neighbour->mac : NULL);
	/* Flushed or failed while in use: ask at once, copies are being dropped. */
	if (!neighbour->usable)
		(void)cp_netlink_neighbour_use(&k->netlink, adj->ifindex, &adj->next_hop);
}

static void on_moved(uv_timer_t *timer)
{
	struct cp_kernel *k = timer->data;
	uint64_t start = rh_clock_ns();

	if (k->moved_cb)
		k->moved_cb(k->moved_arg);
	k->moved_cost_ms = (rh_clock_ns() - start) / RH_NS_PER_MS;
}

static void on_route(void *arg)
{
	struct cp_kernel *k = arg;

	if (!uv_is_active((uv_handle_t *)&k->moved))
		(void)uv_timer_start(
			&k->moved, on_moved, CP_KERNEL_MOVED_MS + CP_KERNEL_MOVED_REST * k->moved_cost_ms, 0);
}

static void refresh_followed(struct cp_kernel *k, struct cp_adj *adj)
{
	if (adj->ifindex)
		cp_neighbours_refresh(k, adj);
}

static void on_events(uv_poll_t *handle, int status, int events)
{
	struct cp_kernel *k = handle->data;
	struct cp_netlink_events calls = {.neighbour = on_neighbour, .route = on_route, .arg = k};

	(void)events;
	if (status >= 0 && cp_netlink_events_read(&k->netlink, &calls) == 0)
		return;
	rh_log_warn(KERNEL, "the kernel dropped news of neighbours and routes: asking for all of them");
	cp_adj_walk(k, refresh_followed);
	on_route(k);
}

static void keep_alive(struct cp_kernel *k, struct cp_adj *adj)
{
	/* Resolved entries take turns, so that each tick has a part of the work. */
	if (adj->ifindex && (!adj->resolved || adj->id % CP_KERNEL_FRESH_TICKS ==
						      k->ticks % CP_KERNEL_FRESH_TICKS))
		(void)cp_netlink_neighbour_use(&k->netlink, adj->ifindex, &adj->next_hop);
}

static void on_tick(uv_timer_t *timer)
{
	struct cp_kernel *k = timer->data;

	k->ticks++;
	cp_adj_walk(k, keep_alive);
}

int cp_neighbours_watch(struct cp_kernel *k, uint32_t tick_ms)
{
	if (uv_poll_init(k->loop, &k->events, cp_netlink_events_fd(&k->netlink)))
		return -EIO;
	(void)uv_timer_init(k->loop, &k->tick);
	(void)uv_timer_init(k->loop, &k->moved);
	k->events.data = k->tick.data = k->moved.data = k;
	k->handles += 3;
	k->watching = true;
	(void)uv_timer_start(&k->tick, on_tick, tick_ms, tick_ms);
	return uv_poll_start(&k->events, UV_READABLE, on_events) ? -EIO : 0;
}

static void closed(uv_handle_t *handle)
{
	cp_kernel_handle_closed(handle->data);
}

void cp_neighbours_unwatch(struct cp_kernel *k)
{
	if (!k->watching)
		return;
	k->watching = false;
	(void)uv_poll_stop(&k->events);
	uv_close((uv_handle_t *)&k->events, closed);
	uv_close((uv_handle_t *)&k->tick, closed);
	uv_close((uv_handle_t *)&k->moved, closed);
}

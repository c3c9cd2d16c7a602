"""churn: pairs of unsubscribe and subscribe a second at dataplane/api, a million subscriptions, the worker at 90 % load; beside liburcu's bare hash table."""

import statistics

from lib import one_core, update, windows, wire
from lib.machine import MachineError
from lib.pairs import collect
from lib.result import Result, cell

SUMMARY = "subscribe and unsubscribe at 1M under 90 % load without loss; beside bare cds_lfht delete and add"
KEYS = ("ratio_to_lfht", "dataplane_ratio", "lost")
FLOORS = {"ratio_to_lfht": 0.25, "dataplane_ratio": 0.90, "lost": 0}
ON_WIRE = "wire_pairs_per_second"
WIRE = {"subscriptions": 2 * update.STAY, "topics": 2 * update.STAY, "wildcards": 25, "zipf": 0, "subscribers": 1000, "publishers": 1}
# As perf/bench/pace.h.
PACE_RING = 4096


def _pairs_ns(found):
    """Median time of a pair, of the windows @found."""
    return statistics.median(w["update_ns"] / w["pairs"] for w in found)


def pair(rig):
    """One run: the worker alone, bare updates, updates, and updates with all that the worker can take."""
    count, seconds = rig.pick((5, 1.0), (3, 0.5))
    kinds, found = update.run(rig, count, seconds)
    bare, churn = update.valid(kinds, "lfht"), update.valid(kinds, "churn")
    before, during = (windows.middle(update.valid(kinds, kind), "events") for kind in ("saturated", "saturated_churn"))
    lfht_ns, pair_ns = _pairs_ns(bare), _pairs_ns(churn)
    return {"ratio_to_lfht": lfht_ns / pair_ns, "dataplane_ratio": windows.rate(during, "events") / windows.rate(before, "events"),
            "lost": max(w["lost"] for w in churn), "offered": sum(w["offered"] for w in churn), "pairs_per_second": 1e9 / pair_ns,
            "lfht_per_second": 1e9 / lfht_ns, "before_mpps": windows.rate(before, "events") / 1e6,
            "during_mpps": windows.rate(during, "events") / 1e6, "load": statistics.median(w["offered"] / w["wall_ns"] for w in churn) * 1e3,
            "bytes_per_subscription": found["table_bytes"] / found["subscriptions"], "tag": found["tag"], "checked": found["checked"]}


def _wire(rig, result):
    """The same over the wire, for comparison: UNSUBSCRIBE and SUBSCRIBE of 16 filters each, 64 sessions at a time, no events meanwhile."""
    try:
        with rig.memory(0), wire.router(rig, WIRE) as (device, generator):
            found = generator.churn(rig.pick(1_000_000, 200_000))
            result.checked(f"over the wire: {wire.check(device, generator, WIRE['subscriptions'])} events came to exactly who asked, after the changes")
    except MachineError as why:
        result.unmeasured(ON_WIRE, str(why))
        return
    result.add(cell("1M, over the wire", ON_WIRE, [{ON_WIRE: found["pairs"] / found["seconds"]}]), [])
    result.metric(ON_WIRE)


def run(rig):
    """The worst pair's loss is the key: one event lost is one too many."""
    result = Result("churn", FLOORS, rig.quick)
    with rig.memory(update.memory(rig)):
        samples, void = collect(rig.pick(7, 2), lambda: pair(rig), rig.say, rig.late)
        result.extra(hugepages=rig.huge)
    tag, same = update.most(samples)
    result.checked(same[0]["checked"])
    name = f"1M, {tag}"
    for key in KEYS:
        found = cell(name, key, same)
        if key == "lost":
            found["median"] = found["worst"]
        result.add(found, same if key == KEYS[0] else [], void if key == KEYS[0] else ())
        result.metric(key)
    result.extra(curve=[one_core.middles(same, ("pairs_per_second", "lfht_per_second", "before_mpps", "during_mpps", "load"))])
    if len(same) < len(samples):
        result.note(f"{len(samples) - len(same)} pairs with the cores not {tag} are left out")
    _wire(rig, result)
    result.note("dataplane_ratio: events a second with all that the worker can take, while subscriptions change over before; lost: of the worst window at 90 % of the "
                f"latter, with {PACE_RING} descriptors in front of the worker")
    return result.end()

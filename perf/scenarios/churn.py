"""churn: pairs of unsubscribe and subscribe a second at dataplane/api, a million subscriptions, the worker at 90 % load; beside liburcu's bare hash table."""

import statistics

from lib import one_core, update, windows, wire
from lib.machine import MachineError
from lib.pairs import Void, collect
from lib.result import Result, cell

SUMMARY = "subscribe and unsubscribe at 1M under 90 % load without loss; beside bare cds_lfht delete and add"
KEYS = ("ratio_to_lfht", "dataplane_ratio", "lost")
FLOORS = {"ratio_to_lfht": 0.25, "dataplane_ratio": 0.90, "lost": 0}
ON_WIRE = "wire_pairs_per_second"
WIRE = {"subscriptions": 2 * update.STAY, "topics": 2 * update.STAY, "wildcards": 25, "zipf": 0, "subscribers": 1000, "publishers": 1}
# As perf/bench/pace.h.
PACE_RING = 4096
# A turn says what updates cost the worker only if the machine gave it as much after as before: hosts are shared.
STEADY = 0.05


def _pairs_ns(found):
    """Median time of a pair, of the windows @found."""
    return statistics.median(w["update_ns"] / w["pairs"] for w in found)


def _turns(found):
    """The windows of a run by turns: {kind: window}, with "after", the saturated one behind it."""
    turns, row = [], {}
    for window in found["windows"]:
        if window["kind"] == "saturated" and row:
            turns.append({**row, "after": window})
            row = {}
        row[window["kind"]] = window
    return turns


def _steady(found):
    """Turns in which no window is void and the worker alone could take as much afterwards as before; Void where none is."""
    why = "no turn is whole"
    good = []
    for turn in _turns(found):
        before, after = (windows.rate(turn[kind], "events") for kind in ("saturated", "after"))
        void = next((windows.void(w) for w in turn.values() if windows.void(w)), None)
        if void or abs(after / before - 1) > STEADY:
            why = void or f"the worker alone took {before / 1e6:.2f} million events a second before a turn and {after / 1e6:.2f} after it"
            continue
        good.append({**turn, "alone": (before + after) / 2})
    if not good:
        raise Void(why)
    return good


def pair(rig):
    """One run: turns of the worker alone, bare updates, updates, and updates with all that the worker can take."""
    count, seconds = rig.pick((5, 1.0), (3, 0.5))
    _, found = update.run(rig, count, seconds)
    turns = _steady(found)
    churn = [turn["churn"] for turn in turns]
    lfht_ns, pair_ns = _pairs_ns([turn["lfht"] for turn in turns]), _pairs_ns(churn)
    during = [windows.rate(turn["saturated_churn"], "events") for turn in turns]
    return {"ratio_to_lfht": lfht_ns / pair_ns, "dataplane_ratio": statistics.median(rate / turn["alone"] for rate, turn in zip(during, turns)),
            "lost": max(w["lost"] for w in churn), "offered": sum(w["offered"] for w in churn), "pairs_per_second": 1e9 / pair_ns,
            "lfht_per_second": 1e9 / lfht_ns, "before_mpps": statistics.median(turn["alone"] for turn in turns) / 1e6,
            "during_mpps": statistics.median(during) / 1e6, "load": statistics.median(w["offered"] / w["wall_ns"] for w in churn) * 1e3, "turns": len(turns),
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
    result.note(f"turns count in which the worker alone could take the same, within {STEADY:.0%}, before and after")
    result.note("dataplane_ratio: events a second with all that the worker can take, while subscriptions change over before; lost: of the worst window at 90 % of the "
                f"latter, with {PACE_RING} descriptors in front of the worker")
    return result.end()

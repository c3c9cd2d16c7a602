"""churn: pairs of unsubscribe and subscribe a second at dataplane/api, a million subscriptions, the worker at 90 % load; beside liburcu's bare hash table."""

import math
import statistics

from lib import one_core, update, windows, wire
from lib.machine import MachineError
from lib.pairs import Void, collect
from lib.result import Result, cell

SUMMARY = "subscribe and unsubscribe at 1M under 90 % load without loss; beside bare cds_lfht delete and add"
KEYS = ("ratio_to_lfht", "dataplane_ratio", "lost")
FLOORS = {"ratio_to_lfht": 0.25, "dataplane_ratio": 0.90, "lost": 0}
BARE = ("lfht", "lfht_after")
ON_WIRE = "wire_pairs_per_second"
WIRE = {"subscriptions": 2 * update.STAY, "topics": 2 * update.STAY, "wildcards": 25, "zipf": 0, "subscribers": 1000, "publishers": 1}
# As perf/bench/pace.h.
PACE_RING = 4096
# A turn says what updates cost the worker only if the machine gave it as much after as before: hosts are shared.
STEADY = 0.05
# Windows at 90 % lose events on a host that is shared, whatever the router does. Updates are at fault where theirs lose more often than bare ones do
# beside them, and chance would have it so less than this often.
CHANCE = 0.01


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


def _by_chance(ours, bare):
    """How probable is it that so many of the lossy windows are ours, or more, if a window is as likely to lose as any other? (Fisher's exact test.) Both: what each window lost."""
    lossy, all_windows = sum(map(bool, ours)) + sum(map(bool, bare)), len(ours) + len(bare)
    least, most = sum(map(bool, ours)), min(lossy, len(ours))
    return sum(math.comb(len(ours), k) * math.comb(len(bare), lossy - k) for k in range(least, most + 1)) / math.comb(all_windows, lossy)


def _lost(result, samples):
    """The worst window of updates, if they are at fault; else none. Says what was seen."""
    ours, bare = ([lost for s in samples for lost in s[key]] for key in ("lost_beside_updates", "lost_beside_bare"))
    chance = _by_chance(ours, bare)
    result.note(f"at {update.LOAD_PERCENT} % load {sum(map(bool, ours))} of {len(ours)} windows beside updates lost events, at most {max(ours)}, and {sum(map(bool, bare))} of {len(bare)} "
                f"beside bare ones, at most {max(bare)}: so many or more of them ours by chance alone: {chance:.2f}; below {CHANCE} the worst of ours is lost, else it is the machine's")
    return max(ours) if chance < CHANCE else 0


def pair(rig):
    """One run: turns of the worker alone, bare updates, updates, bare ones again, and updates with all that the worker can take."""
    count, seconds = rig.pick((25, 0.2), (12, 0.2))
    _, found = update.run(rig, count, seconds)
    turns = _steady(found)
    churn = [turn["churn"] for turn in turns]
    lfht_ns, pair_ns = _pairs_ns([turn[kind] for turn in turns for kind in BARE]), _pairs_ns(churn)
    during = [windows.rate(turn["saturated_churn"], "events") for turn in turns]
    return {"ratio_to_lfht": lfht_ns / pair_ns, "dataplane_ratio": statistics.median(rate / turn["alone"] for rate, turn in zip(during, turns)),
            "lost_beside_updates": [w["lost"] for w in churn], "lost_beside_bare": [turn[kind]["lost"] for turn in turns for kind in BARE], "offered": sum(w["offered"] for w in churn), "pairs_per_second": 1e9 / pair_ns,
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
    """One event lost by our doing is one too many."""
    result = Result("churn", FLOORS, rig.quick)
    with rig.memory(update.memory(rig)):
        samples, void = collect(rig.pick(7, 2), lambda: pair(rig), rig.say, rig.late)
        result.extra(hugepages=rig.huge)
    tag, same = update.most(samples)
    result.checked(same[0]["checked"])
    name = f"1M, {tag}"
    for key in KEYS[:2]:
        result.add(cell(name, key, same), same if key == KEYS[0] else [], void if key == KEYS[0] else ())
        result.metric(key)
    result.add(cell(name, "lost", [{"lost": _lost(result, same)}]), [])
    result.metric("lost")
    result.extra(curve=[one_core.middles(same, ("pairs_per_second", "lfht_per_second", "before_mpps", "during_mpps", "load"))])
    if len(same) < len(samples):
        result.note(f"{len(samples) - len(same)} pairs with the cores not {tag} are left out")
    _wire(rig, result)
    result.note(f"turns count in which the worker alone could take the same, within {STEADY:.0%}, before and after")
    result.note("dataplane_ratio: events a second with all that the worker can take, while subscriptions change over before; lost: at 90 % of the latter, with "
                f"{PACE_RING} descriptors in front of the worker")
    return result.end()

"""
overload: what is left when more comes than the router can do. NDR beside MRR; goodput at twice the MRR; and, with the output at half the rate
of the input, whether the loss falls on the lowest class alone: where copies wait until their time is over, and where they find their queue full.
"""

import statistics

from lib import probe, search, trials
from lib.dut import Memif, Router, linked
from lib.generator import faults
from lib.machine import MachineError
from lib.pairs import Void
from lib.result import Result, cell

SUMMARY = "NDR/MRR, goodput at twice the MRR, loss by class with the output at half rate; rhumbd over memif"
KEYS = ("ndr_mrr", "goodput_ratio", "class_inversions")
FLOORS = {"ndr_mrr": 0.90, "goodput_ratio": 0.90, "class_inversions": 0}
# Every event misses, and a pattern is looked for in its payload: the router is slow enough for one generator core to offer twice what it can do.
CACHE_OFF = {"result-cache-entries": 0}
OPTIONS = {"trace": 2048, "scan": "(time|event|order).{1,40}never[0-9]+x"}
# All of it on the worker: nothing is put off to the content lane.
CONTENT = {"worker-share": 100, "scan-cost-max": 10_000}
CLASSES = {"trace": 2048, "classes": "1,3,6", "paced": True, "subscribers": 32, "subscriptions": 320, "topics": 3200}
LOWEST, HIGHEST, START = 10_000, 20_000_000, 500_000
HALF_RATE = 200_000
QUEUE_MS = 200
# A queue of so many bytes is full in a part of that time.
QUEUE_BYTES = 65536
# What may become of a copy that waits for its session. Lost elsewhere it is lost whatever its class.
QUEUE_DROPS = ("queue_full", "queue_expired")
# What the judge of inversions allows for on the way (INVERSIONS_GUARD in perf/gen/inversions.h).
GUARD_MS = 20
BURST = 8
MEMORY_MIB = 1600


class CardMemif(Memif):
    """As many descriptors as a card has at most."""

    ring = "rsize=12"


class LongMemif(Memif):
    """Room for 80 ms of what comes: a router that is away for less loses nothing before its queues."""

    ring = "rsize=14"


def _goodput(rig, device, generator, mrr, void):
    """Twice the MRR and the MRR itself by turns: a host's core may become faster meanwhile."""
    seconds = search.SHORT_SECONDS
    found = [[trials.patient(device, generator, rate, seconds, void, burst=BURST) for rate in (mrr, 2 * mrr)] for _ in range(rig.pick(*search.SHORT_TRIALS))]
    offered = statistics.median(twice["sent"] for _, twice in found) / seconds
    if offered < 1.8 * mrr:
        raise MachineError(f"the generator offers {offered:,.0f} a second, less than twice the MRR of {mrr:,.0f}: a second generator core is needed")
    return [{"goodput_ratio": twice["received"] / once["received"], "offered": twice["sent"] / seconds} for once, twice in found]


def lost_elsewhere(before, after, found):
    """What was lost between the generator's schedule and the queues of the sessions, as a sentence, or None."""
    gone = {f"as {reason} ({level})": count - before.get(level, {}).get(reason, 0) for level in ("drop_datagrams", "drop_events", "drop_copies")
            for reason, count in after.get(level, {}).items() if reason not in QUEUE_DROPS}
    gone["on the wire to the router"] = found["wire_full"]
    gone = {where: count for where, count in gone.items() if count}
    return ", ".join(f"{count} lost {where}" for where, count in gone.items()) or None


def away(device, found):
    """Who may have been away for longer than the judge allows for, as a sentence, or None."""
    spans = {"the generator": found["longest_gap_ns"] / 1e6,
             "the router, since it started,": max(worker["longest_loop_us"] for worker in device.show("workers")["workers"]) / 1e3}
    return next((f"{found['inversions']} inversions, but {who} was away for {span:.1f} ms" for who, span in spans.items() if span > GUARD_MS / 2), None)


def _class_trial(device, generator, seconds, queue_ms):
    before = device.counters()
    found = generator.trial(HALF_RATE, seconds, burst=BURST, subscriber_rate=HALF_RATE // 2, queue_ms=queue_ms)
    wrong = faults(found)
    if wrong:
        raise MachineError(f"the router delivered wrongly: {wrong}")
    why = lost_elsewhere(before, device.counters(), found)
    # Without inversions it says so whoever was away: that makes some up, and hides none.
    if not why and found["inversions"]:
        why = away(device, found)
    if why:
        raise Void(why)
    return found


def _class_samples(rig, void, session, queue_ms):
    seconds = rig.pick(2.0, 1.0)
    with linked(rig, LongMemif, Router, CLASSES, session=session) as (device, generator):
        found = [trials.again(lambda: _class_trial(device, generator, seconds, queue_ms), void) for _ in range(rig.pick(5, 2))]
    return [{"class_inversions": f["inversions"],
             **{f"class_{name}_received_of_expected": one["received"] / one["expected"] for name, one in f["by_class"].items()}} for f in found]


def _classes(rig, result, void):
    """A cell for each way to lose a copy that waits."""
    for name, session, queue_ms in (("half rate, until time is over", {"queue-time": QUEUE_MS}, QUEUE_MS),
                                    ("half rate, until the queue is full", {"queue-time": QUEUE_MS, "queue-bytes": QUEUE_BYTES}, 0)):
        samples = _class_samples(rig, void, session, queue_ms)
        result.add(cell(name, "class_inversions", samples), samples)
    result.metric("class_inversions")


def _overload(rig, result, void):
    tag = probe.line(rig.build, rig.control, rig.worker)["tag"]
    with linked(rig, CardMemif, Router, OPTIONS, dataplane=CACHE_OFF, content=CONTENT) as (device, generator):
        trial = trials.for_search(rig, device, generator, void, burst=BURST)
        rate, found = search.by_short_trials(trial, rig.quick, START, LOWEST, HIGHEST, beyond=1.5)
        # What the host gave meanwhile is between the two, or the ratio flatters.
        rate = max(rate, search.mrr(trial, HIGHEST, search.SHORT_SECONDS, rig.pick(*search.SHORT_TRIALS)))
        rig.say(f"MRR {rate:,.0f} events a second, cores {tag}")
        rig.say(f"NDR {found['ndr']['lower']:,.0f}, PDR {found['pdr']['lower']:,.0f} events a second")
        result.add(cell("cache off", "ndr_mrr", [{"ndr_mrr": found["ndr"]["lower"] / rate}]),
                   [{"ndr": found["ndr"]["lower"], "pdr": found["pdr"]["lower"], "mrr": rate, "tag": tag}])
        result.metric("ndr_mrr")
        result.extra(search=found, mrr=rate, hugepages=rig.huge)
        samples = _goodput(rig, device, generator, rate, void)
    result.add(cell("2 x MRR", "goodput_ratio", samples), samples)
    result.metric("goodput_ratio")


def run(rig):
    """The three keys; what cannot be had on this machine is said."""
    result, void = Result("overload", FLOORS, rig.quick), []
    result.checked("every copy judged by the generator's sink: receivers, order, bytes, no doubles; conservation laws of the router")
    with rig.memory(MEMORY_MIB):
        for keys, part in ((("ndr_mrr", "goodput_ratio"), _overload), (("class_inversions",), _classes)):
            try:
                part(rig, result, void)
            except (MachineError, Void, search.SearchError) as why:
                for key in keys:
                    if key not in result.data["metrics"]:
                        result.unmeasured(key, str(why))
    result.extra(void=void)
    return result.end()

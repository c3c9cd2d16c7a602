"""memif: rhumbd beside macswap, each in a process of its own on one core, the generator on the other."""

import statistics

from lib import pairs, probe, trials
from lib.dut import Macswap, Memif, Router, linked
from lib.machine import MachineError
from lib.pairs import Void
from lib.result import Result, cell

SUMMARY = "rhumbd over memif, generator on the other core; beside macswap over memif"
KEYS = ("ratio_to_macswap",)
FLOORS = {"ratio_to_macswap": 0.70}
LINK = Memif
OPTIONS = {"trace": 2048}
# More than the generator can make: it sends as fast as it can.
MOST = 20_000_000
WARM_UP = 100_000
BURST = 32
# A device that passes on more than this of what comes is not at its limit; and rates are the same that are as close as this.
GENERATOR_LIMIT = 0.98
MEMORY_MIB = 1600


def one(device, generator, rate, seconds):
    """One trial: frames a second offered, and of them those that the device took: nobody asked for some of the router's events, which it takes all the same. And its busy cycles for each."""
    before = device.busy()
    found = trials.judged(device, generator, rate, seconds, burst=BURST)
    cycles, frames = (now - then for now, then in zip(device.busy(), before))
    passed = found["received"] / found["expected"]
    return {"rate": found["sent"] * passed / seconds, "offered": found["sent"] / seconds, "cycles": cycles / frames, "limited": passed < GENERATOR_LIMIT}


def at(device, generator, rate, seconds, times, void):
    """The trial of median rate of one device at @rate, with the median of cycles: of trials that count, and of no others."""
    found = [trials.again(lambda: one(device, generator, rate, seconds), void) for _ in range(times)]
    found.sort(key=lambda f: f["rate"])
    return {**found[len(found) // 2], "cycles": statistics.median(f["cycles"] for f in found)}


def half(rig, link, device_kind, seconds, times, void, other=None):
    """One device at the most the generator can do, with the tag of the cores; its cycles at the rate of @other, if that is lower."""
    before = probe.line(rig.build, rig.control, rig.worker)
    with linked(rig, link, device_kind, OPTIONS) as (device, generator):
        # The first frames are cold, and macswap tells no cycles before it saw one.
        generator.trial(WARM_UP, 0.2)
        found = at(device, generator, MOST, seconds, times, void)
        if other and other < GENERATOR_LIMIT * found["offered"]:
            found["cycles"] = at(device, generator, other, seconds, times, void)["cycles"]
    after = probe.line(rig.build, rig.control, rig.worker)
    if before["tag"] != after["tag"]:
        raise Void(f"the cores went from {before['tag']} to {after['tag']}")
    return {**found, "tag": before["tag"]}


def pair(rig, link, void):
    """Router and macswap one after the other, macswap's cycles at the router's rate; the generator's own limit is told apart."""
    seconds, times = link.trial_seconds, rig.pick(*link.trials)
    ours = half(rig, link, Router, seconds, times, void)
    theirs = half(rig, link, Macswap, seconds, times, void, ours["offered"])
    if ours["tag"] != theirs["tag"]:
        raise Void(f"the cores were {ours['tag']} for the router and {theirs['tag']} for macswap")
    return {"mpps": ours["rate"] / 1e6, "macswap_mpps": theirs["rate"] / 1e6, "offered_mpps": ours["offered"] / 1e6,
            "macswap_offered_mpps": theirs["offered"] / 1e6, "cycles": ours["cycles"], "macswap_cycles": theirs["cycles"],
            "rate_ratio": ours["rate"] / theirs["rate"], "cycle_ratio": theirs["cycles"] / ours["cycles"],
            "ratio_to_macswap": min(ours["rate"] / theirs["rate"], theirs["cycles"] / ours["cycles"]),
            "generator_limits_router": not ours["limited"], "generator_limits_macswap": not theirs["limited"], "tag": ours["tag"]}


def measure(rig, name, link, floors):
    """The scenario on any link."""
    result, void = Result(name, floors, rig.quick), []
    with rig.memory(MEMORY_MIB):
        try:
            samples, reasons = pairs.collect(rig.pick(7, 2), lambda: pair(rig, link, void), rig.say, rig.late)
        except MachineError as why:
            result.unmeasured("ratio_to_macswap", str(why))
            result.checked("nothing was measured")
            return result.end()
        result.extra(hugepages=rig.huge)
    result.add(cell(link.name, "ratio_to_macswap", samples), samples, reasons + void)
    result.checked("every copy judged by the generator's sink: receivers, order, bytes, no doubles; conservation laws of the router")
    result.metric("ratio_to_macswap")
    for who in ("router", "macswap"):
        if any(s[f"generator_limits_{who}"] for s in samples):
            result.note(f"the generator, not {who}, was the limit in at least one pair: by rates the figure flatters "
                        f"{'macswap' if who == 'router' else 'the router'}")
    result.note("the ratio is the smaller one of rates, each at the most that the generator could send, and of busy cycles a frame, both at the most that it could send to the router: "
                "a frame costs a device less the faster frames come")
    return result.end()


def run(rig):
    """Pairs over memif."""
    return measure(rig, "memif", LINK, FLOORS)

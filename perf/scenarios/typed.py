"""typed: a million filters over attributes, each a CESQL expression of its own, beside a counting matcher written from the paper, on the same filters and events."""

import json
import statistics

from lib import machine, path, probe
from lib.machine import MachineError
from lib.pairs import Void, collect
from lib.result import Result, cell

SUMMARY = "1M filters over attributes (SSBG-like CESQL), events a second beside a counting matcher"
KEYS = ("ratio_to_counting",)
FLOORS = {"ratio_to_counting": 5}
FILTERS = 1_000_000
# Said beside the key: without the Bloom filters of names, which the authors' library has and the paper's algorithm has not.
PLAIN = "ratio_to_plain_counting"
ON_CPU_SHARE = 0.8
# Bytes that a filter may cost both sides together while they are made.
BYTES_EACH = 1500


def command(build, core, options):
    """One thread does it all."""
    words = [str(build / "perf/bench/rhumb-perf-typed"), "--core", str(core), "--filters", str(FILTERS)]
    for name, value in options.items():
        words += [f"--{name}", str(value)]
    return words


def figures(window):
    """Ratios of one window, larger is better: cycles of the counting matchers over the router's."""
    return {"ratio_to_counting": min(window["counting"], window["pruned"]) / window["router"], PLAIN: window["counting"] / window["router"],
            "cycles": window["router"], "counting_cycles": window["counting"], "pruned_cycles": window["pruned"]}


def pair(rig, options):
    """One run; the medians of its windows in which the thread had its core."""
    spins = [probe.spin(rig.build, rig.worker)]
    found = json.loads(path._run(command(rig.build, rig.worker, options)))  # pylint: disable=protected-access
    spins.append(probe.spin(rig.build, rig.worker))
    for spin in spins:
        if spin["shared"] > probe.SHARED_SHARE:
            raise Void(f"core {spin['core']} was shared with a neighbour's thread beside the window, for {spin['shared']:.0%} of a spin")
    good = [figures(w) for w in found["windows"] if w["cpu_ns"] / w["wall_ns"] >= ON_CPU_SHARE]
    if not good:
        raise Void(f"on its core for less than {ON_CPU_SHARE:.0%} of every window")
    sample = {key: statistics.median(g[key] for g in good) for key in good[0]}
    hz = found["tsc_hz"]
    return {**sample, "events_per_second": hz / sample["cycles"], "counting_per_second": hz / min(sample["counting_cycles"], sample["pruned_cycles"]),
            "filters_matched": found["matched"], "receivers": found["receivers"], "events": found["events"], "bytes_per_filter": found["table_bytes"] / found["filters"],
            "counting_bytes_per_filter": found["counting_bytes"] / found["filters"], "build_seconds": found["build_seconds"],
            "checked": found["checked"]}


def run(rig):
    """The faster of the two counting matchers is the reference."""
    result = Result("typed", FLOORS, rig.quick)
    need, free = FILTERS * BYTES_EACH // 2**20, machine.memory_available_kib() // 1024
    if need > free:
        raise MachineError(f"{FILTERS:,} filters want about {need} MiB, {free} MiB are free")
    options = {"windows": rig.pick(5, 1), "seconds": rig.pick(2, 0.5)}
    with rig.memory(0):
        samples, void = collect(rig.pick(5, 1), lambda: pair(rig, options), rig.say, rig.late)
        result.extra(hugepages=False)
    result.checked(samples[0]["checked"])
    beside = {key: statistics.median(s[key] for s in samples) for key in ("cycles", "counting_cycles", "pruned_cycles", "filters_matched", "receivers", "bytes_per_filter")}
    result.add(cell("1M", "ratio_to_counting", samples, **beside), samples, void)
    result.metric("ratio_to_counting", cycles_per_event=beside["cycles"], counting_cycles=min(beside["counting_cycles"], beside["pruned_cycles"]))
    result.add(cell("1M", PLAIN, samples), [])
    result.metric(PLAIN)
    result.note(f"an event matches {beside['filters_matched']:.0f} filters of {beside['receivers']:.0f} sessions; cycles an event: router {beside['cycles']:,.0f}, counting {beside['counting_cycles']:,.0f}, "
                f"counting with Bloom filters of names {beside['pruned_cycles']:,.0f}")
    result.note("the router reads attributes from the wire, the counting matchers get them read and their names numbered; ordinary pages")
    return result.end()

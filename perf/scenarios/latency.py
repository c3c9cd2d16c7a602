"""latency: one-way time through the router beside macswap at the same rates, 10, 50 and 90 % of the router's NDR, open loop."""

import statistics

from lib import pairs, probe, search, trials
from lib.dut import Macswap, Memif, Router, linked
from lib.machine import MachineError
from lib.pairs import Void
from lib.result import Result, cell

SUMMARY = "p50 and p99 through rhumbd over memif at 10, 50, 90 % of its NDR; beside macswap at the same rates"
KEYS = ("p50_ratio", "p99_ratio")
FLOORS = {"p50_ratio": 2, "p99_ratio": 3}
OPTIONS = {"trace": 2048}
LOADS = (10, 50, 90)
# The keys are of these loads; the first is for the plot.
JUDGED = (50, 90)
LOWEST, HIGHEST, START = 10_000, 20_000_000, 1_000_000
BURST = 8
# Where the generator does not keep to its schedule at the highest load, loads are of so much less, so often.
LESS, TIMES = 0.95, 12
MEMORY_MIB = 1600
PERCENTILES = ("p50", "p90", "p99", "max")



def find_ndr(rig, device, generator, void):
    """NDR and PDR of @device."""
    return search.by_short_trials(trials.for_search(rig, device, generator, void, burst=BURST), rig.quick, START, LOWEST, HIGHEST)[1]


def kept(rig, device, generator, ndr, void):
    """The most up to @ndr of which the generator sends the highest load in time."""
    for _ in range(TIMES):
        found = trials.several(rig.pick(*search.SHORT_TRIALS), device, generator, ndr * LOADS[-1] / 100, search.SHORT_SECONDS, void, burst=BURST)
        if statistics.median(map(trials.late_share, found)) <= trials.LATE_SHARE:
            return ndr
        ndr *= LESS
    raise Void(f"the generator sends late even at {ndr * LOADS[-1] / 100:,.0f} events a second")


def half(rig, device_kind, rates, void):
    """Latencies at each of @rates, with the tag of the cores."""
    # The median of many short trials is one without the host's interruptions.
    times = rig.pick(*search.SHORT_TRIALS)
    before = probe.line(rig.build, rig.control, rig.worker)
    found = {}
    with linked(rig, Memif, device_kind, OPTIONS) as (device, generator):
        for load, rate in rates.items():
            each = trials.several(times, device, generator, rate, search.SHORT_SECONDS, void, in_time=True, burst=BURST)
            found[load] = {p: statistics.median(one["latency_ns"][p] for one in each) for p in PERCENTILES}
    after = probe.line(rig.build, rig.control, rig.worker)
    if before["tag"] != after["tag"]:
        raise Void(f"the cores went from {before['tag']} to {after['tag']}")
    return found, before["tag"]


def pair(rig, rates, void):
    """Router and macswap one after the other."""
    ours, tag = half(rig, Router, rates, void)
    theirs, their_tag = half(rig, Macswap, rates, void)
    if tag != their_tag:
        raise Void(f"the cores were {tag} for the router and {their_tag} for macswap")
    sample = {"tag": tag}
    for load in rates:
        for p in PERCENTILES:
            sample[f"router_{p}_us_{load}"] = ours[load][p] / 1000
            sample[f"macswap_{p}_us_{load}"] = theirs[load][p] / 1000
        for p in ("p50", "p99"):
            sample[f"{p}_ratio_{load}"] = ours[load][p] / theirs[load][p]
    return sample


def _curve(samples):
    return [{"who": who, "load_percent": load, **{f"{p}_us": statistics.median(s[f"{who}_{p}_us_{load}"] for s in samples) for p in PERCENTILES}}
            for who in ("router", "macswap") for load in LOADS]


def _measure(rig, result, void):
    with linked(rig, Memif, Router, OPTIONS) as (device, generator):
        found = find_ndr(rig, device, generator, void)
        ndr = kept(rig, device, generator, found["ndr"]["lower"], void)
    rig.say(f"NDR {found['ndr']['lower']:,.0f}, PDR {found['pdr']['lower']:,.0f} events a second")
    if ndr < found["ndr"]["lower"]:
        result.note(f"loads are of {ndr:,.0f} events a second: above {LOADS[-1]} % of that the generator sends late, and times are from when an event was to be sent")
    rates = {load: ndr * load / 100 for load in LOADS}
    samples, reasons = pairs.collect(rig.pick(7, 2), lambda: pair(rig, rates, void), rig.say, rig.late)
    for key in KEYS:
        for load in JUDGED:
            result.add(cell(f"{load} % of NDR", key, [{key: s[f"{key}_{load}"]} for s in samples]), [])
        result.metric(key)
    result.add(cell("all loads", "samples", [{"samples": 1.0, **s} for s in samples]), samples, reasons + void)
    result.extra(search=found, curve=_curve(samples), hugepages=rig.huge)


def run(rig):
    """Search, then pairs."""
    result, void = Result("latency", FLOORS, rig.quick), []
    result.checked("every copy judged by the generator's sink: receivers, order, bytes, no doubles; conservation laws of the router")
    with rig.memory(MEMORY_MIB):
        try:
            _measure(rig, result, void)
        except (MachineError, Void, search.SearchError) as why:
            for key in KEYS:
                result.unmeasured(key, str(why))
    return result.end()

"""
overload: what is left when more comes than the router can do. NDR beside MRR; goodput at twice the MRR; and, with the output at half the rate
of the input, whether the loss falls on the lowest class alone.
"""

import statistics

from lib import probe, search, trials
from lib.dut import Memif, Router, linked
from lib.machine import MachineError
from lib.pairs import Void
from lib.result import Result, cell

SUMMARY = "NDR/MRR, goodput at twice the MRR, loss by class with the output at half rate; rhumbd over memif"
KEYS = ("ndr_mrr", "goodput_ratio", "class_inversions")
FLOORS = {}
# Every event misses: the router is slow enough for one generator core to offer twice what it can do.
CACHE_OFF = {"result-cache-entries": 0}
OPTIONS = {"trace": 2048}
CLASSES = {"trace": 2048, "classes": "1,3,6", "paced": True, "subscribers": 32, "subscriptions": 320, "topics": 3200}
LOWEST, HIGHEST, START = 10_000, 20_000_000, 500_000
HALF_RATE = 200_000
BURST = 8
MEMORY_MIB = 1600


def _search(rig, device, generator, void):
    goals = [goal if not rig.quick else search.quick(goal) for goal in (search.NDR, search.PDR)]
    return search.mlrsearch(trials.for_search(rig, device, generator, void, burst=BURST), goals, START, LOWEST, HIGHEST)


def _goodput(rig, device, generator, mrr, void):
    seconds = rig.pick(2.0, 1.0)
    found = [trials.patient(device, generator, 2 * mrr, seconds, void, burst=BURST) for _ in range(rig.pick(7, 3))]
    offered = statistics.median(f["sent"] for f in found) / seconds
    if offered < 1.8 * mrr:
        raise MachineError(f"the generator offers {offered:,.0f} a second, less than twice the MRR of {mrr:,.0f}: a second generator core is needed")
    return [{"goodput_ratio": f["received"] / seconds / mrr, "offered": f["sent"] / seconds} for f in found]


def inversions(by_class):
    """Copies lost of classes above the lowest one that still got something through: all of them should have been taken from it."""
    lost = 0
    served = [int(name) for name, one in by_class.items() if one["received"]]
    if not served:
        return 0
    for name, one in by_class.items():
        below = sum(other["received"] for other_name, other in by_class.items() if int(other_name) < int(name))
        lost += min(one["lost"], below)
    return lost


def _classes(rig, void):
    seconds = rig.pick(2.0, 1.0)
    with linked(rig, Memif, Router, CLASSES, session={"queue-time": 200}) as (device, generator):
        found = [trials.patient(device, generator, HALF_RATE, seconds, void, burst=BURST, subscriber_rate=HALF_RATE // 2)
                 for _ in range(rig.pick(5, 2))]
    return [{"class_inversions": inversions(f["by_class"]),
             **{f"class_{name}_received_of_expected": one["received"] / one["expected"] for name, one in f["by_class"].items()}} for f in found]


def _overload(rig, result, void):
    tag = probe.line(rig.build, rig.control, rig.worker)["tag"]
    with linked(rig, Memif, Router, OPTIONS, dataplane=CACHE_OFF) as (device, generator):
        rate = search.mrr(trials.for_search(rig, device, generator, void, burst=BURST), HIGHEST, rig.pick(1.0, 0.5), rig.pick(7, 3))
        rig.say(f"MRR {rate:,.0f} events a second, cores {tag}")
        found = _search(rig, device, generator, void)
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
        for keys, part in ((("ndr_mrr", "goodput_ratio"), lambda: _overload(rig, result, void)), (("class_inversions",), None)):
            try:
                if part:
                    part()
                    continue
                samples = _classes(rig, void)
                result.add(cell("output at half rate", "class_inversions", samples), samples, void)
                result.metric("class_inversions")
            except (MachineError, Void, search.SearchError) as why:
                for key in keys:
                    if key not in result.data["metrics"]:
                        result.unmeasured(key, str(why))
    return result.end()

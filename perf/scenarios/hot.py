"""hot: 258-byte event frames, Zipf(1.0) over 100k topics, 10k subscriptions, fan-out 1, pcap port to null port, one worker."""

from lib import one_core
from lib.pairs import Void
from lib.result import Result, cell

SUMMARY = "one worker, pcap port to null port, 10k subscriptions, one match each; beside testpmd macswap"
KEYS = ("ratio_to_macswap",)
FLOORS = {"ratio_to_macswap": 0.33}
# The defaults of rhumb-perf-path are this scenario.
OPTIONS = {}


def run(rig):
    """Check one pass byte for byte, then measure interleaved pairs."""
    result = Result("hot", FLOORS, rig.quick)
    with rig.memory(rig.path_memory(OPTIONS)):
        result.checked(rig.check(OPTIONS))
        samples, void = one_core.pairs(rig, OPTIONS, rig.pick(7, 5))
        result.add(cell("hot", "ratio_to_macswap", samples), samples, void)
        try:
            result.extra(stage_cycles=one_core.stages(rig, OPTIONS))
        except Void as why:
            result.unmeasured("stage_cycles", str(why))
        result.extra(hugepages=rig.huge)
    result.metric("ratio_to_macswap", **one_core.middles(samples))
    return result.end()

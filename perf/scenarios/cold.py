"""cold: 1M subscriptions, a quarter of them with wildcards, uniform over 1M topics, one match each, one worker."""

from lib import one_core
from lib.pairs import Void
from lib.result import Result, cell

SUMMARY = "as hot, but 1M subscriptions (25 % wildcards) and topics drawn uniformly from 1M"
KEYS = ("ratio_to_macswap",)
FLOORS = {}
# A trace four times as long as the result cache has entries, so that most events meet a topic that is not there.
OPTIONS = {"subscriptions": 1_000_000, "topics": 1_000_000, "wildcards": 25, "zipf": 0, "trace": 262144}


def run(rig):
    """Check one pass byte for byte, then measure interleaved pairs; macswap over 16,384 frames, as always."""
    result = Result("cold", FLOORS, rig.quick)
    with rig.memory(rig.path_memory(OPTIONS)):
        result.checked(rig.check(OPTIONS))
        samples, void = one_core.pairs(rig, OPTIONS, rig.pick(7, 5))
        result.add(cell("1M", "ratio_to_macswap", samples), samples, void)
        try:
            result.extra(stage_cycles=one_core.stages(rig, OPTIONS))
        except Void as why:
            result.unmeasured("stage_cycles", str(why))
        result.extra(hugepages=rig.huge)
    result.metric("ratio_to_macswap", **one_core.middles(samples))
    return result.end()

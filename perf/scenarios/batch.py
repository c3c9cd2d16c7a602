"""batch: eight events of 104 bytes, eight topics, eight receivers, in one datagram; events beside macswap's frames of that size."""

from lib import one_core
from lib.result import Result, cell

SUMMARY = "8 events of 104 bytes in one datagram, as hot otherwise; beside macswap on frames of that size"
KEYS = ("events_per_macswap_frame",)
FLOORS = {"events_per_macswap_frame": 0.8}
# Records align to 8 bytes: 104 is the next size above 100.
OPTIONS = {"events": 8, "record": 104}


def run(rig):
    """events/s of the router over frames/s of macswap."""
    result = Result("batch", FLOORS, rig.quick)
    with rig.memory(rig.path_memory(OPTIONS)):
        result.checked(rig.check(OPTIONS))
        samples, void = one_core.pairs(rig, OPTIONS, rig.pick(7, 5))
        # A rate of events over a rate of frames is what one_core calls ratio_to_macswap.
        samples = [{"events_per_macswap_frame": s.pop("ratio_to_macswap"), **s} for s in samples]
        result.add(cell("8x104", "events_per_macswap_frame", samples), samples, void)
        result.extra(hugepages=rig.huge)
    result.metric("events_per_macswap_frame", **one_core.middles(samples))
    return result.end()

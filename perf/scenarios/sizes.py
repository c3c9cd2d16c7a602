"""sizes: the whole path over frames from the smallest the trace allows to a full MTU; each size beside macswap on its own size."""

from lib import one_core
from lib.machine import MachineError
from lib.result import Result, cell

SUMMARY = "hot with frames of 162 to 1,514 bytes; each size beside testpmd macswap on frames of that size"
KEYS = ("ratio_to_macswap",)
FLOORS = {}
# Before the record: Ethernet 14, IPv4 20, UDP 8, datagram header 24.
OVERHEAD = 66
# Records are multiples of 8. 96 is the smallest of the trace, 1448 the largest in an MTU of 1,500.
RECORDS = (96, 192, 448, 960, 1448)


def options(record):
    """hot, but for the size of its records."""
    return {"record": record}


def _size(rig, result, record):
    """One cell; what the machine disturbs is said and does not stop the other sizes."""
    frame = OVERHEAD + record
    result.checked(f"{frame} bytes: {rig.check(options(record))}")
    try:
        samples, void = one_core.pairs(rig, options(record), rig.pick(5, 2))
    except MachineError as why:
        result.unmeasured(f"ratio_to_macswap at {frame}", str(why))
        return
    result.add(cell(f"{frame}", "ratio_to_macswap", samples, frame_bytes=samples[0]["frame_bytes"], **one_core.middles(samples)), samples, void)


def run(rig):
    """Every size is checked byte for byte and measured in interleaved pairs; the key is its worst size, if all have a figure."""
    result = Result("sizes", FLOORS, rig.quick)
    with rig.memory(rig.path_memory(options(RECORDS[-1]))):
        for record in RECORDS:
            _size(rig, result, record)
        result.extra(hugepages=rig.huge)
    without = len(result.data["unmeasured"])
    if without:
        result.unmeasured("ratio_to_macswap", f"{without} of {len(RECORDS)} sizes have no figure, so the worst is not known")
    else:
        result.metric("ratio_to_macswap")
    return result.end()

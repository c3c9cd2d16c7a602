"""flat: cycles an event as the number of subscriptions grows, random topics, one match each; ten million beside a thousand."""

from lib import machine, one_core, path
from lib.pairs import collect
from lib.result import Result, cell

SUMMARY = "cycles an event from 1k to 10M subscriptions, uniform topics, one match each"
KEYS = ("ratio_10m_1k",)
FLOORS = {}
SIZES = (1_000, 10_000, 100_000, 1_000_000, 10_000_000)
BASE, TOP = SIZES[0], SIZES[-1]
# Bytes that a subscription may cost in the builder while it is filled, measured; more than it keeps.
BYTES_EACH = 1000


def options(size):
    """One distinct filter and one topic for each subscription; the same length of trace for all."""
    return {"subscriptions": size, "topics": size, "wildcards": 25, "zipf": 0, "trace": 262144}


def _fits(size, packets_mib):
    free = machine.memory_available_kib() // 1024
    need = packets_mib + size * BYTES_EACH // 2**20
    return None if need < free else f"{size:,} subscriptions want about {need} MiB, {free} MiB are free"


def _pair(rig, size):
    small, _, _ = one_core.cost(rig, options(BASE))
    large, lane, found = one_core.cost(rig, options(size))
    return {"cycles_1k": small, "cycles": large, "ratio_to_1k": large / small, "hit_rate": lane["hit_rate"],
            "bytes_per_subscription": found["table_bytes"] / size, "checked": found["checked"]}


def run(rig):
    """Every size beside 1k in interleaved pairs; the key is that of 10M alone."""
    result = Result("flat", FLOORS, rig.quick)
    curve = []
    packets = path.memory_mib(rig.build, options(BASE))
    with rig.memory(packets + 64):
        result.checked(rig.check(options(rig.pick(1_000_000, 100_000))))
        for size in rig.pick(SIZES[1:], (1_000_000, TOP)):
            why = _fits(size, packets)
            if why:
                result.unmeasured(f"cycles at {size:,}", why)
                continue
            samples, void = collect(rig.pick(5, 1) if size < TOP else rig.pick(3, 1), lambda s=size: _pair(rig, s), rig.say, rig.late)
            key = "ratio_10m_1k" if size == TOP else "ratio_to_1k"
            samples = [{key: s.pop("ratio_to_1k"), **s} for s in samples]
            result.add(cell(f"{size}", key, samples), samples, void)
            curve.append({"subscriptions": size, **one_core.middles(samples, ("cycles", "cycles_1k", "hit_rate", "bytes_per_subscription"))})
    if any(c["key"] == "ratio_10m_1k" for c in result.data["cells"]):
        result.metric("ratio_10m_1k")
    else:
        result.unmeasured("ratio_10m_1k", result.data["unmeasured"].get(f"cycles at {TOP:,}", "not asked for"))
    result.extra(curve=curve)
    return result.end()

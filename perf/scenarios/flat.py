"""flat: cycles an event as the number of subscriptions grows, random topics, one match each; ten million beside a thousand; without the result cache."""

from lib import machine, one_core, path
from lib.pairs import collect
from lib.result import Result, cell

SUMMARY = "cycles an event from 1k to 10M subscriptions, uniform topics, one match each, result cache off"
KEYS = ("ratio_10m_1k",)
FLOORS = {"ratio_10m_1k": 4.0}
SIZES = (1_000, 10_000, 100_000, 1_000_000, 10_000_000)
BASE, TOP = SIZES[0], SIZES[-1]
# Bytes that a subscription may cost in the builder while it is filled, measured; more than it keeps.
BYTES_EACH = 1000
# A router that is slow with a thousand subscriptions is flat without merit: the ratio counts only where its base is this fast beside macswap.
BASE_FLOOR = 0.25
RAW, WITH_CACHE, SAME_TRACE = "ratio_10m_1k_raw", "ratio_10m_1k_with_cache", "ratio_10m_1k_same_trace"
SMALL, SMALL_TRACE, TRACE = 1_000, 16384, 262144


def options(size):
    """One distinct filter and one topic for each subscription, and a trace that has many more frames than the result cache entries; that of
    macswap where it holds every topic many times over, so that a small table is not charged with the memory of frames."""
    return {"subscriptions": size, "topics": size, "wildcards": 25, "zipf": 0, "trace": TRACE if size > SMALL else SMALL_TRACE, "cache": 0}


def same_trace(size):
    """With as many frames for the smallest as for the others."""
    return {**options(size), "trace": TRACE}


def with_cache(size):
    """The same with the result cache of the defaults."""
    return one_core.with_cache(options(size))


def _fits(size, packets_mib):
    free = machine.memory_available_kib() // 1024
    need = packets_mib + size * BYTES_EACH // 2**20
    return None if need < free else f"{size:,} subscriptions want about {need} MiB, {free} MiB are free"


def _pair(rig, size, key, made=options):
    small, _, _ = one_core.cost(rig, made(BASE))
    large, lane, found = one_core.cost(rig, made(size))
    return {key: large / small, "cycles_1k": small, "cycles": large, "hit_rate": lane["hit_rate"],
            "bytes_per_subscription": found["table_bytes"] / size, "checked": found["checked"]}


def _base(rig, result):
    """What the 1k run is worth beside macswap."""
    samples, void = one_core.pairs(rig, options(BASE), rig.pick(5, 2))
    samples = [{"base_to_macswap": s.pop("ratio_to_macswap"), **s} for s in samples]
    result.add(cell(f"{BASE}", "base_to_macswap", samples, **one_core.middles(samples)), samples, void)
    result.metric("base_to_macswap")
    return result.data["metrics"]["base_to_macswap"]


def _size(rig, result, size, wanted):
    key = RAW if size == TOP else "ratio_to_1k"
    samples, void = collect(wanted, lambda: _pair(rig, size, key), rig.say, rig.late)
    found = one_core.middles(samples, ("cycles", "cycles_1k", "hit_rate", "bytes_per_subscription"))
    result.add(cell(f"{size}", key, samples, **found), samples, void)
    return {"subscriptions": size, **found}


def _beside(rig, result, key, made, wanted):
    """What is said beside the judged figure, never judged."""
    samples, void = collect(wanted, lambda: _pair(rig, TOP, key, made), rig.say, rig.late)
    result.add(cell(f"{TOP}", key, samples, **one_core.middles(samples, ("cycles", "cycles_1k", "hit_rate"))), samples, void)
    result.metric(key)


def _judge(result, base):
    """The raw ratio becomes the key where its base is fast enough."""
    raw = next((c for c in result.data["cells"] if c["key"] == RAW), None)
    if raw is None:
        result.unmeasured("ratio_10m_1k", result.data["unmeasured"].get(f"cycles at {TOP:,}", "not asked for"))
        return
    result.metric(RAW)
    if base < BASE_FLOOR:
        result.unmeasured("ratio_10m_1k", f"does not count: the run at {BASE:,} is {base:.3f} of macswap, at least {BASE_FLOOR} is wanted; "
                                          f"as it stands the ratio is {raw['median']:.3f}")
        return
    result.add({**raw, "key": "ratio_10m_1k"}, [])
    result.metric("ratio_10m_1k")


def run(rig):
    """Every size beside 1k in interleaved pairs; the key is that of 10M alone, and counts only with a fast base."""
    result = Result("flat", FLOORS, rig.quick)
    curve = []
    packets = path.memory_mib(rig.build, same_trace(BASE))
    with rig.memory(packets + 640):
        result.checked(rig.check(options(rig.pick(1_000_000, 100_000))))
        base = _base(rig, result)
        for size in rig.pick((TOP, *SIZES[1:-1]), (TOP, 1_000_000)):
            why = _fits(size, packets)
            if why:
                result.unmeasured(f"cycles at {size:,}", why)
                continue
            curve.append(_size(rig, result, size, rig.pick(3 if size == TOP else 2, 1)))
            if size == TOP:
                _beside(rig, result, WITH_CACHE, with_cache, rig.pick(3, 1))
                _beside(rig, result, SAME_TRACE, same_trace, rig.pick(2, 1))
    _judge(result, base)
    result.note(f"judged without the result cache; {WITH_CACHE} is the same with it, 10M beside 1k; {SAME_TRACE}: 1k with a trace as long as 10M's, whose frames "
                "come from memory; judged is the larger ratio, beside a trace as macswap's")
    result.extra(curve=sorted(curve, key=lambda c: c["subscriptions"]))
    return result.end()

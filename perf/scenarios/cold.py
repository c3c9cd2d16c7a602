"""cold: 1M subscriptions, a quarter of them with wildcards, uniform over 1M topics, one match each, one worker; without the result cache."""

from lib import one_core
from lib.pairs import Void
from lib.result import Result, cell

SUMMARY = "1M subscriptions (25 % wildcards), topics uniform from 1M, result cache off; also in 1,000 tenants"
KEYS = ("ratio_to_macswap",)
FLOORS = {"ratio_to_macswap": 0.10}
# Every event walks the index. A trace four times as long as the result cache has entries, so that with it most events meet a topic that is not there.
OPTIONS = {"subscriptions": 1_000_000, "topics": 1_000_000, "wildcards": 25, "zipf": 0, "trace": 262144, "cache": 0}
# Each of a thousand tenants has a thousand subscriptions, a publisher and a subscriber; the trace is a whole number of events for each.
TENANTS = {**OPTIONS, "tenants": 1000, "publishers": 1000, "subscribers": 1000, "trace": 262000}
CELLS = {"1M": OPTIONS, "1M in 1,000 tenants": TENANTS}
# What is said beside the judged figure, never judged.
WITH_CACHE = "ratio_to_macswap_with_cache"


def _cached(rig, name, options, result):
    samples, void = one_core.pairs(rig, one_core.with_cache(options), rig.pick(3, 1))
    samples = [{WITH_CACHE: s.pop("ratio_to_macswap"), **s} for s in samples]
    result.add(cell(name, WITH_CACHE, samples, **one_core.middles(samples)), samples, void)


def run(rig):
    """Check one pass of each byte for byte, then measure interleaved pairs; macswap over 16,384 frames, as always."""
    result = Result("cold", FLOORS, rig.quick)
    with rig.memory(rig.path_memory(OPTIONS)):
        for (name, options), wanted in zip(CELLS.items(), (rig.pick(7, 5), rig.pick(5, 2))):
            result.checked(f"{name}: {rig.check(options)}")
            samples, void = one_core.pairs(rig, options, wanted)
            result.add(cell(name, "ratio_to_macswap", samples, **one_core.middles(samples)), samples, void)
        judged = result.data["cells"][0]
        for name, options in CELLS.items():
            _cached(rig, name, options, result)
        try:
            result.extra(stage_cycles=one_core.stages(rig, OPTIONS))
        except Void as why:
            result.unmeasured("stage_cycles", str(why))
        result.extra(hugepages=rig.huge)
    result.note("judged without the result cache; ratio_to_macswap_with_cache is the same with it")
    result.metric("ratio_to_macswap", **{key: judged[key] for key in ("mpps", "cycles_per_event", "macswap_mpps", "macswap_cycles", "hit_rate")})
    result.metric(WITH_CACHE)
    return result.end()

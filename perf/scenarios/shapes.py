"""shapes: what wildcards at every place of a filter cost, and what filters cost that were made to be costly; without the result cache."""

from lib import one_core
from lib.pairs import collect
from lib.result import Result, cell

SUMMARY = "every wildcard shape of depth 6 live beside exact filters alone; filters made to cost beside hot; result cache off"
KEYS = ("ratio_shapes", "ratio_adversarial")
FLOORS = {"ratio_shapes": 6, "ratio_adversarial": 20}
# 120 shapes with a literal level, 832 filters of each, and the 7 without: those match everything and belong to one session, so each event has two
# copies. Exact filters have two subscribers each for that reason.
EACH = 120 * 832
DEEP = {"topics": EACH, "zipf": 0, "wildcards": 0, "trace": 131072, "cache": 0}
SHAPES = {**DEEP, "family": "shapes", "subscriptions": EACH + 7}
EXACT = {**DEEP, "family": "exact", "subscriptions": 2 * EACH, "copies": 2}
# All topics share six levels; each of the 64 masks of + over them is there with a # behind, so 64 filters match every event, and one of its own.
HOSTILE = {"family": "hostile", "topics": 100_000, "zipf": 1.0, "wildcards": 0, "subscriptions": 100_064, "trace": 16384, "cache": 0}
# The scenario of that name, as it is: with its cache.
HOT = {}
# key: (cell, what is asked, what it stands beside)
JUDGED = {"ratio_shapes": ("127 shapes", SHAPES, EXACT), "ratio_adversarial": ("64 match everything", HOSTILE, HOT)}
# Said beside them.
BESIDE = {"shapes_with_cache": ("127 shapes", one_core.with_cache(SHAPES), one_core.with_cache(EXACT)),
          "adversarial_with_cache": ("64 match everything", one_core.with_cache(HOSTILE), HOT),
          "adversarial_to_hot_without_cache": ("64 match everything", HOSTILE, {**HOT, "cache": 0})}


def _pair(rig, key, subject, reference):
    theirs, _, _ = one_core.cost(rig, reference)
    ours, lane, found = one_core.cost(rig, subject)
    return {key: ours / theirs, "cycles": ours, "reference_cycles": theirs, "hit_rate": lane["hit_rate"], "checked": found["checked"]}


def _measure(rig, result, key, where, wanted):
    name, subject, reference = where
    samples, void = collect(wanted, lambda: _pair(rig, key, subject, reference), rig.say, rig.late)
    result.add(cell(name, key, samples, **one_core.middles(samples, ("cycles", "reference_cycles"))), samples, void)
    result.metric(key)


def run(rig):
    """Each is checked byte for byte, then measured in interleaved pairs with what it stands beside."""
    result = Result("shapes", FLOORS, rig.quick)
    with rig.memory(rig.path_memory(SHAPES)):
        for name, options in (("shapes", SHAPES), ("exact", EXACT), ("adversarial", HOSTILE)):
            result.checked(f"{name}: {rig.check(options)}")
        for key, where in JUDGED.items():
            _measure(rig, result, key, where, rig.pick(7, 2))
        for key, where in BESIDE.items():
            _measure(rig, result, key, where, rig.pick(3, 1))
        result.extra(hugepages=rig.huge)
    result.note("judged without the result cache, but for hot itself: that is the scenario of the name; what stands beside says the others")
    return result.end()

"""visible: from an update of one topic subscription to the first burst that loaded its generation, the worker at 90 % load."""

import statistics

from lib import update
from lib.pairs import Void, collect
from lib.result import Result, cell

SUMMARY = "update of a topic subscription to its effect at 1M under 90 % load, p99 in us"
KEYS = ("topic_p99_us",)
FLOORS = {"topic_p99_us": 500}
PERCENTILES = ("p50_us", "p90_us", "p99_us", "p999_us", "max_us")


def pair(rig):
    """One run; of its windows in which both threads had their cores, the medians."""
    count, seconds = rig.pick((5, 1.0), (3, 1.0))
    kinds, found = update.run(rig, count, seconds, visible=True)
    good = [w for w in update.valid(kinds, "visible") if not update.builder_void(w)]
    if not good:
        raise Void(update.builder_void(kinds["visible"][0]) or "no window in which both threads had their cores")
    sample = {f"topic_{p}": statistics.median(w[p] for w in good) for p in PERCENTILES}
    return {**sample, "updates": sum(w["updates"] for w in good), "lost": max(w["lost"] for w in good), "tag": found["tag"], "checked": found["checked"]}


def run(rig):
    """Percentiles above the 99th are the machine's; they are in the samples."""
    result = Result("visible", FLOORS, rig.quick)
    with rig.memory(update.memory(rig)):
        samples, void = collect(rig.pick(5, 2), lambda: pair(rig), rig.say, rig.late)
        result.extra(hugepages=rig.huge)
    tag, same = update.most(samples)
    result.checked(same[0]["checked"])
    result.checked("50 times: a session that asks for everything gets copies once its subscription was seen, and none after its end was")
    result.add(cell(f"1M, {tag}", "topic_p99_us", same), same, void)
    result.metric("topic_p99_us")
    result.add(cell(f"1M, {tag}", "topic_p50_us", same), [])
    result.metric("topic_p50_us")
    if len(same) < len(samples):
        result.note(f"{len(samples) - len(same)} pairs with the cores not {tag} are left out")
    result.note("the time includes the call itself, its publish and the builder's look at the worker's generation; one update a publish, at random moments")
    return result.end()

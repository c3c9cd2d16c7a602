"""Subscriptions that change under load: one run of rhumb-perf-update, its worker on one core and its builder on another."""

import json

from lib import path, probe, windows
from lib.pairs import Void

# Half of a million subscriptions are those of the traffic, the other half comes and goes; as many filters have wildcards as in cold.
STAY = CHANGE = 500_000
OPTIONS = {"subscriptions": STAY, "topics": STAY, "wildcards": 25, "zipf": 0, "trace": 65536, "churned": CHANGE}
LOAD_PERCENT = 90


def command(build, folder, cores, hugepages, options):
    """As that of rhumb-perf-path."""
    _, *words = path.command(build, folder, cores, hugepages, options)
    return [str(build / "perf/bench/rhumb-perf-update"), *words]


def by_kind(found):
    """{kind: windows} of a run."""
    kinds = {}
    for window in found["windows"]:
        kinds.setdefault(window["kind"], []).append(window)
    return kinds


def valid(kinds, kind):
    """The windows of @kind that count; Void where none does."""
    good = [w for w in kinds.get(kind, ()) if not windows.void(w)]
    if not good:
        raise Void(f"{kind}: {windows.void(kinds[kind][0])}" if kinds.get(kind) else f"no window of {kind}")
    return good


def builder_void(window):
    """Why a window in which the builder waits for the worker says nothing, or None."""
    share = window["others_ns"] / window["wall_ns"]
    return f"the builder was on its core for {share:.0%} of the window" if share < windows.ON_CPU_SHARE else None


def run(rig, count, seconds, **more):
    """({kind: windows}, the whole run with "tag"); Void where the machine disturbed it."""
    cores = rig.control, rig.worker
    before, spins = probe.line(rig.build, *cores), probe.settle(rig.build, cores)
    text = path._run(command(rig.build, rig.folder, cores, rig.huge,  # pylint: disable=protected-access
                             {**OPTIONS, "load": LOAD_PERCENT, "windows": count, "seconds": seconds, **more}))
    found = json.loads(text[text.index("{"):])
    spins += [probe.spin(rig.build, core) for core in cores]
    after = probe.line(rig.build, *cores)
    why = probe.disturbed(spins)
    if why:
        raise Void(why)
    if before["tag"] != after["tag"]:
        raise Void(f"the cores went from {before['tag']} to {after['tag']} in the run")
    found["tag"] = before["tag"]
    return by_kind(found), found


def memory(rig):
    """MiB of packets, with room to spare; the table comes from ordinary memory."""
    return path.memory_mib(rig.build, {key: value for key, value in OPTIONS.items() if key != "churned"}) + 640


def most(samples):
    """The tag with the most pairs, and those pairs: near and far are not mixed."""
    tags = [s["tag"] for s in samples]
    tag = max(sorted(set(tags)), key=tags.count)
    return tag, [s for s in samples if s["tag"] == tag]

"""content: what payload patterns cost beside bare hs_scan on the same database and bytes, and what topics without them pay; 1k literals and 10k anchored regular expressions, 64 to 512 bytes."""

import json
import statistics

from lib import path, probe
from lib.machine import MachineError
from lib.pairs import Void, collect
from lib.result import Result, cell

SUMMARY = "content stage beside bare hs_scan: 1k literals, 10k regular expressions, 64 to 512 B; and what other topics pay"
KEYS = ("ratio_to_hs_scan", "unfiltered_penalty")
FLOORS = {"ratio_to_hs_scan": 1.40, "unfiltered_penalty": 0.10}
SETS = ("literals", "regexes")
PAYLOADS = (64, 128, 256, 512)
# Medians over passes stand for as much.
ON_CPU_SHARE = 0.8
# Said beside the key: over scans one burst after the other, with nothing else in the caches.
HOT = "ratio_to_hot_hs_scan"
# What is kept of a sample beside its keys.
BESIDE = ("with_cycles", "without_cycles", "hs_scan_cycles", "hs_scan_both_cycles", "hs_scan_hot_cycles", HOT, "plain_cycles", "plain_without_cycles", "payload_bytes", "hits")


def command(build, folder, cores, hugepages, options):
    """One thread does it all on the worker's core; the lanes' own cores have nothing to do."""
    control, worker = cores
    _, *words = path.command(build, folder, (worker, control), hugepages, options)
    return [str(build / "perf/bench/rhumb-perf-content"), *words, "--core2", str(worker)]


def figures(window):
    """
    Of one window: content's own cycles by bursts of such topics alone; what other topics pay in bursts of their own, and where both share a burst: what such a burst takes more than the scans of its payloads
    and what an event with content takes beside its scan.
    """
    ours, theirs, bare = window["with"], window["without"], window["hs_scan"]
    shared, shared_without = (2 * lane["both"] - lane["content"] for lane in (ours, theirs))
    warming = window["hs_scan_both"] - bare
    return {"ratio_to_hs_scan": (ours["content"] - theirs["content"]) / bare, "own_bursts": ours["plain"] / theirs["plain"] - 1,
            "shared_bursts": (shared - warming) / shared_without - 1, "hs_scan_both_cycles": window["hs_scan_both"], "with_cycles": ours["content"], "without_cycles": theirs["content"], "hs_scan_cycles": bare, "hs_scan_hot_cycles": window["hs_scan_hot"], HOT: (ours["content"] - theirs["content"]) / window["hs_scan_hot"],
            "plain_cycles": ours["plain"], "plain_without_cycles": theirs["plain"]}


def _void(spins, found):
    """Why a run says nothing, or None. Each burst is timed for itself by turns and the median over the passes taken, so that the worker may be away now and then: half of a core is what spoils it."""
    for spin in spins:
        if spin["shared"] > probe.SHARED_SHARE:
            return f"core {spin['core']} was shared with a neighbour's thread beside the window, for {spin['shared']:.0%} of a spin"
    share = max(w["cpu_ns"] / w["wall_ns"] for w in found["windows"])
    return f"on its core for {share:.0%} of the window" if share < ON_CPU_SHARE else None


def pair(rig, options, count, seconds):
    """One run; the medians of its windows that count."""
    cores = rig.control, rig.worker
    spins = [probe.spin(rig.build, rig.worker)]
    text = path._run(command(rig.build, rig.folder, cores, rig.huge, {**options, "windows": count, "seconds": seconds}))  # pylint: disable=protected-access
    found = json.loads(text[text.index("{"):])
    spins.append(probe.spin(rig.build, rig.worker))
    why = _void(spins, found)
    if why:
        raise Void(why)
    good = [figures(w) for w in found["windows"] if w["cpu_ns"] / w["wall_ns"] >= ON_CPU_SHARE]
    sample = {key: statistics.median(g[key] for g in good) for key in good[0]}
    return {**sample, "payload_bytes": found["payload_bytes"], "hits": found["hits"], "database_bytes": found["database_bytes"], "hs_version": found["hs_version"], "checked": found["checked"]}


def _cell(rig, result, name, options):
    count, seconds = rig.pick((5, 0.5), (1, 0.3))
    samples, void = collect(rig.pick(5, 1), lambda: pair(rig, options, count, seconds), rig.say, rig.late)
    beside = {key: statistics.median(s[key] for s in samples) for key in BESIDE}
    result.checked(f"{name}: {samples[0]['checked']}")
    result.add(cell(name, "ratio_to_hs_scan", samples, **beside), samples, void)
    for where in ("own_bursts", "shared_bursts"):
        result.add(cell(f"{name}, {where.replace('_', ' ')}", "unfiltered_penalty", [{"unfiltered_penalty": s[where]} for s in samples]), [])
    return samples[0]


def run(rig):
    """Every set with every payload; the worst cell is the key."""
    result = Result("content", FLOORS, rig.quick)
    options = {"patterns": SETS[0], "payload": PAYLOADS[-1]}
    need = int(path._run(command(rig.build, ".", (0, 1), True, {**options, "memory": True})))  # pylint: disable=protected-access
    with rig.memory(need):
        for patterns in SETS:
            for size in PAYLOADS:
                try:
                    sample = _cell(rig, result, f"{patterns} {size} B", {"patterns": patterns, "payload": size})
                except MachineError as why:
                    for key in KEYS:
                        result.unmeasured(f"{key} of {patterns} {size} B", str(why))
                    continue
                result.note(f"Hyperscan {sample['hs_version']}; {patterns}: a database of {sample['database_bytes']:,} bytes")
        result.extra(hugepages=rig.huge)
    for key in KEYS:
        missing = len(SETS) * len(PAYLOADS) - len({c["cell"].split(",")[0] for c in result.data["cells"] if c["key"] == key})
        if missing:
            result.unmeasured(key, f"{missing} of {len(SETS) * len(PAYLOADS)} cells have no figure")
        else:
            result.metric(key)
    result.note("every pattern has a subscription of its own to one filter that matches half of the topics; ratio_to_hs_scan: cycles of an event of these topics less those of the same event "
                "on a lane without content, in bursts of them alone, over hs_scan on the same database and bytes between the bursts of that other lane; "
                f"{HOT}: over the same scans with nothing between their bursts, {max((c[HOT] for c in result.data['cells'] if HOT in c), default=0):.2f} in its worst cell")
    return result.end()

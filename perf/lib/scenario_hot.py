"""hot: 258-byte event frames, Zipf(1.0) over 100k topics, 10k subscriptions, fan-out 1, pcap port to null port, one worker."""

import json
import pathlib
import statistics
import subprocess
import tempfile

from lib import machine
from lib.testpmd import Reference

SUMMARY = "one worker, pcap port to null port, 10k subscriptions, one match each; beside testpmd macswap"
FLOOR = 0.20
MEMORY_MIB = 1536
# Below this share of a window on the CPU, the machine was busy with others and the window says nothing.
ON_CPU_SHARE = 0.96
TRIES_PER_PAIR = 4


def _router(build, folder, hugepages, *more):
    control, worker = machine.cores()
    command = [str(build / "perf/bench/rhumb-perf-hot"), "--dir", folder, "--core", str(worker), "--control-core",
               str(control), *([] if hugepages else ["--no-huge"]), *more]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    if done.returncode != 0:
        raise machine.MachineError(done.stderr.strip().splitlines()[-1] if done.stderr.strip() else
                                   f"{command[0]} ended with status {done.returncode}")
    return json.loads(done.stdout[done.stdout.index("{"):])


def _rate(count, window):
    return count * 1e9 / window["cpu_ns"]


def _void(window):
    return window["cpu_ns"] < ON_CPU_SHARE * window["wall_ns"]


def _best_window(windows, key):
    """The median of the valid windows by rate, or None."""
    valid = sorted((w for w in windows if not _void(w)), key=lambda w: _rate(w[key], w))
    return valid[len(valid) // 2] if valid else None


def _reference_windows(folder, hugepages, count, seconds):
    control, worker = machine.cores()
    reference = Reference(f"{folder}/trace.pcap", control, worker, hugepages, f"{folder}/testpmd.log")
    try:
        return [reference.window(seconds) for _ in range(count)]
    finally:
        reference.close()


def _pair(build, folder, hugepages, count, seconds):
    """One A and one B, each the median of its valid windows; None when the machine was too busy."""
    ours = _router(build, folder, hugepages, "--windows", str(count), "--seconds", str(seconds))
    theirs = _reference_windows(folder, hugepages, count, seconds)
    mine, ref = _best_window(ours["windows"], "events"), _best_window(theirs, "packets")
    if not mine or not ref:
        return None
    rate, ref_rate, hz = _rate(mine["events"], mine), _rate(ref["packets"], ref), ours["tsc_hz"]
    return {"mpps": rate / 1e6, "cycles_per_event": hz / rate, "macswap_mpps": ref_rate / 1e6,
            "macswap_cycles": hz / ref_rate, "ratio_to_macswap": rate / ref_rate, "hit_rate": mine["hit_rate"],
            "checked": ours["checked"]}


def _pairs(build, folder, hugepages, wanted, count, seconds):
    samples, void = [], 0
    while len(samples) < wanted and void < wanted * TRIES_PER_PAIR:
        pair = _pair(build, folder, hugepages, count, seconds)
        if pair is None:
            void += 1
            print("  pair void: the machine was busy with others, trying again", flush=True)
            continue
        samples.append(pair)
        print(f"  pair {len(samples)}: {pair['mpps']:.2f} Mpps, {pair['cycles_per_event']:.0f} cycles an event; macswap "
              f"{pair['macswap_mpps']:.2f} Mpps, {pair['macswap_cycles']:.0f} cycles; ratio {pair['ratio_to_macswap']:.3f}",
              flush=True)
    if not samples:
        raise machine.MachineError("no valid pair: the worker's core is busy with others; stop them and run again")
    return samples, void


def _stages(build, folder, hugepages, seconds):
    """Cycles per event by stage, from a run of its own: its clock reads cost the run itself some."""
    run = _router(build, folder, hugepages, "--windows", "3", "--seconds", str(seconds), "--stages")
    stages = [w["stage_cycles"] for w in run["windows"]]
    return {name: statistics.median(s[name] for s in stages) for name in stages[0]}


def _report(result):
    metrics = result["metrics"]
    print(f"hot: {metrics['mpps']:.2f} Mpps, {metrics['cycles_per_event']:.0f} cycles an event, hit rate "
          f"{metrics['hit_rate']:.4f}")
    print("     cycles by stage: " + ", ".join(f"{k} {v:.0f}" for k, v in result["stage_cycles"].items()))
    print(f"     ratio to macswap: median {metrics['ratio_to_macswap']:.3f}, worst pair {metrics['ratio_worst']:.3f} "
          f"(floor {FLOOR:.2f}) - {'reached' if result['passed'] else 'NOT REACHED'}")


def run(build, quick):
    """Check one pass byte for byte, then measure interleaved pairs."""
    pairs, count, seconds = (3, 3, 0.5) if quick else (7, 5, 1.0)
    with tempfile.TemporaryDirectory(prefix="rhumb-perf-") as folder, machine.hugepages(MEMORY_MIB) as huge:
        print(f"hot: {'hugepages' if huge else 'no hugepages'}; one pass is compared with the reference ...", flush=True)
        checked = _router(build, folder, huge, "--check")["checked"]
        print(f"hot: {checked} equal the reference; {pairs} pairs follow", flush=True)
        samples, void = _pairs(build, folder, huge, pairs, count, seconds)
        stages = _stages(build, folder, huge, seconds)
    middle = {key: statistics.median(s[key] for s in samples) for key in samples[0] if key != "checked"}
    middle["ratio_worst"] = min(s["ratio_to_macswap"] for s in samples)
    result = {"scenario": "hot", "metrics": middle, "samples": samples, "void_pairs": void, "stage_cycles": stages,
              "hugepages": huge, "checked": checked, "floor": FLOOR, "passed": middle["ratio_to_macswap"] >= FLOOR}
    _report(result)
    return result

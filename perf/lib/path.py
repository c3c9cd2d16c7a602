"""The router's side of the one-core scenarios: one run of rhumb-perf-path."""

import json
import subprocess

from lib import probe, windows
from lib.machine import MachineError

TIMEOUT_SECONDS = 600


def command(build, folder, cores, hugepages, options):
    """cores: control, worker, and the second worker's where there is one."""
    control, *workers = cores
    words = [str(build / "perf/bench/rhumb-perf-path"), "--dir", str(folder), "--control-core", str(control),
             "--core", str(workers[0])]
    if len(workers) > 1:
        words += ["--core2", str(workers[1]), "--workers", "2"]
    if not hugepages:
        words.append("--no-huge")
    for name, value in options.items():
        words += [f"--{name}"] if value is True else [f"--{name}", str(value)]
    return words


def _call(words):
    try:
        return subprocess.run(words, capture_output=True, text=True, timeout=TIMEOUT_SECONDS, check=False)
    except FileNotFoundError as error:
        raise MachineError(f"{words[0]} is missing: build first, tools/check --quick does") from error
    except subprocess.TimeoutExpired as error:
        raise MachineError(f"{words[0]} did not end in {TIMEOUT_SECONDS} s: {' '.join(words[1:])}") from error


def _run(words):
    done = _call(words)
    if done.returncode != 0:
        last = done.stderr.strip().splitlines()[-1:] or [f"{words[0]} ended with status {done.returncode}"]
        raise MachineError(last[0])
    return done.stdout


def memory_mib(build, options):
    """Packet memory that a run with @options needs."""
    return int(_run(command(build, ".", (0, 1), True, {**options, "memory": True})))


def check(build, folder, cores, hugepages, options):
    """One pass, every frame compared with the reference; returns what was checked."""
    text = _run(command(build, folder, cores, hugepages, {**options, "check": True}))
    return json.loads(text[text.index("{"):])["checked"]


def run(build, folder, cores, hugepages, options):
    """Windows beside their spins: {"windows", "tsc_hz", "frame_bytes", "table_bytes", "checked", "spins"}; Void where the workers' cores do not settle."""
    before = probe.settle(build, cores[1:])
    text = _run(command(build, folder, cores, hugepages, options))
    found = json.loads(text[text.index("{"):])
    found["spins"] = before + [probe.spin(build, core) for core in cores[1:]]
    for window in found["windows"]:
        for lane in window["lanes"]:
            lane["wall_ns"] = window["wall_ns"]
    return found


def middle(found, key="events"):
    """Of each lane the median window that counts; None, with the reason in found["void"], where there is none."""
    found["void"] = probe.disturbed(found["spins"])
    if found["void"]:
        return None
    lanes = zip(*(w["lanes"] for w in found["windows"]))
    middles = [windows.middle(lane, key) for lane in lanes]
    if not all(middles):
        found["void"] = next(why for w in found["windows"] for lane in w["lanes"] if (why := windows.void(lane)))
        return None
    return middles

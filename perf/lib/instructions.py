"""Instructions per event by stage: rhumb-perf-count under callgrind, one run for each shape."""

import json
import os
import pathlib
import re
import subprocess
import tempfile

from lib import callgrind, kept
from lib.machine import MachineError

TOP = pathlib.Path(__file__).resolve().parents[2]
KEPT = TOP / "perf/instructions.json"
PROGRAM = "perf/bench/rhumb-perf-count"
TIMEOUT_SECONDS = 300

# What each shape is for stands in docs/rig.md.
SHAPES = {
    "hot": {},
    "miss": {"cache": 0},
    "copies": {"copies": 8, "subscriptions": 8000, "topics": 10_000},
    "queued": {"queued": True},
    "runs": {"events": 10, "record": 144, "topics": 1, "subscriptions": 1, "wildcards": 0, "zipf": 0, "publishers": 1, "subscribers": 1},
}

# Each calls the next one, so a stage's own share is what the next one leaves of it.
PIPELINE = (("rx", "dp_node_rx"), ("classify", "dp_node_classify"), ("parse", "dp_node_parse"),
            ("session", "dp_node_session"), ("match", "dp_node_match"), ("fanout", "dp_node_fanout"))
BESIDE = (("egress", "dp_node_egress"), ("tx", "dp_node_transmit"), ("housekeeping", "dp_worker_housekeeping"))
ROUND = "dp_worker_poll_once"
# Called only when a copy had to wait.
SOMETIMES = ("dp_node_egress",)

# The C library chooses its copy and compare functions by processor: everywhere those that x86-64-v3 has.
TUNABLES = "glibc.cpu.hwcaps=-AVX512F,-AVX512VL,-AVX512BW,-ERMS,-FSRM,-RTM"
# Options of the build that change what is counted.
BUILD_OPTIONS = ("buildtype", "march", "b_lto", "b_sanitize")


def stages(costs, events):
    """Instructions per event of each stage, of the loop around them, and their sum. @costs: callgrind.inclusive."""
    def cost(function):
        if function not in costs and function not in SOMETIMES:
            raise MachineError(f"callgrind saw no {function}(): inlined (link-time optimisation?) or renamed; its stage cannot be told apart")
        return costs.get(function, 0)

    line = [cost(function) for _, function in PIPELINE] + [0]
    found = {name: (line[i] - line[i + 1]) / events for i, (name, _) in enumerate(PIPELINE)}
    found.update({name: cost(function) / events for name, function in BESIDE})
    total = cost(ROUND) / events
    found["loop"] = total - sum(found.values())
    return {name: round(value, 2) for name, value in found.items()}, round(total, 2)


def _call(words):
    # What lies in the environment moves the heap, and where a comparison crosses a page.
    environment = {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "GLIBC_TUNABLES": TUNABLES}
    try:
        done = subprocess.run(words, capture_output=True, text=True, env=environment, timeout=TIMEOUT_SECONDS, check=False)
    except FileNotFoundError as error:
        raise MachineError(f"{words[0]} is missing: apt-get install {words[0]} (tools/check does)") from error
    except subprocess.TimeoutExpired as error:
        raise MachineError(f"{words[0]} did not end in {TIMEOUT_SECONDS} s: {' '.join(words[1:])}") from error
    if done.returncode != 0:
        last = done.stderr.strip().splitlines()[-1:] or [f"status {done.returncode}"]
        raise MachineError(f"{' '.join(words)}: {last[0]}")
    return done.stdout


def count(program, options):
    """One shape: {"events", "copies", "stages", "sum"}, and what the program says of itself."""
    if not pathlib.Path(program).is_file():
        raise MachineError(f"{program} is missing: build first, tools/check --quick does")
    core = str(min(os.sched_getaffinity(0)))
    with tempfile.TemporaryDirectory(prefix="rhumb-perf-") as folder:
        out = pathlib.Path(folder) / "callgrind.out"
        words = ["valgrind", "--tool=callgrind", "--instr-atstart=no", f"--callgrind-out-file={out}", str(program), "--dir", folder,
                 "--file-prefix", pathlib.Path(folder).name, "--no-huge", "--control-core", core, "--core", core]
        for name, value in options.items():
            words += [f"--{name}"] if value is True else [f"--{name}", str(value)]
        text = _call(words)
        told = json.loads(text[text.index("{"):])
        costs = callgrind.inclusive(out.read_text(encoding="utf-8"))
    by_stage, total = stages(costs, told["events"])
    return {"events": told["events"], "copies": told["copies"], "stages": by_stage, "sum": total}, told


def made_with(build, told):
    """What figures must have in common to be compared."""
    options = {o["name"]: o["value"] for o in json.loads((build / "meson-info/intro-buildoptions.json").read_text(encoding="utf-8"))}
    version = re.search(r"\d+(\.\d+)+", _call(["valgrind", "--version"]))
    return {"compiler": told["compiler"], "dpdk": told["dpdk"], "libc": told["libc"], "valgrind": version[0] if version else "unknown",
            "build": ", ".join(f"{name} {options.get(name)}" for name in BUILD_OPTIONS)}


def measure(build):
    """All shapes: {"made_with", "shapes"}."""
    shapes, told = {}, None
    for name, options in SHAPES.items():
        shapes[name], told = count(build / PROGRAM, options)
    return {"made_with": made_with(build, told), "shapes": shapes}


def show(found):
    """A line for each shape."""
    for name, shape in found["shapes"].items():
        rows = ", ".join(f"{stage} {value:.1f}" for stage, value in shape["stages"].items())
        print(f"{name}: {shape['sum']:.1f} instructions an event: {rows}")


def run(build, json_file=None, reason=None, kept_file=KEPT):
    """perf/run --instructions: 0; 1 for a rise or figures that cannot be used; 77 where nothing can be compared."""
    found = measure(build)
    show(found)
    if reason is not None:
        kept.write(kept_file, found, reason)
        print(f"kept in {kept_file}: commit it with the change that it is about")
        verdict = kept.Verdict()
    else:
        verdict = kept.compare(kept.read(kept_file), found)
        verdict.show()
    if json_file:
        report = {**found, "comparable": verdict.comparable, "findings": verdict.findings, "passed": verdict.passed}
        pathlib.Path(json_file).write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    return verdict.status()

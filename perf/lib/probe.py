"""What the machine does to us: gaps in a spinning loop, and the way between two cores."""

import json
import subprocess

from lib.machine import MachineError

NEAR_BELOW_CYCLES = 600
GAP_NS = 1_000_000
SPIN_SECONDS = 0.1
LINE_SECONDS = 0.1
CALLS_SECONDS = 0.2
# Median cycles of each: nothing at all; 64 bytes written to a stream socket and read from its other end; 64 bytes sent and received by UDP on loopback.
CALLS = ("getpid_cycles", "stream_cycles", "udp_cycles")


def _probe(build, *args):
    command = [str(build / "perf/probe/rhumb-perf-probe"), *map(str, args)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    except FileNotFoundError as error:
        raise MachineError(f"{command[0]} is missing: build first, tools/check --quick does") from error
    if done.returncode != 0:
        raise MachineError(done.stderr.strip() or f"{command[0]} ended with status {done.returncode}")
    return json.loads(done.stdout)


def spin(build, core):
    """Gaps that a loop on @core saw."""
    return _probe(build, "spin", core, SPIN_SECONDS)


def line(build, one, other):
    """Round trip of a cache line between two cores, with its tag: near or far."""
    found = _probe(build, "line", one, other, LINE_SECONDS)
    found["tag"] = "near" if found["median_cycles"] < NEAR_BELOW_CYCLES else "far"
    return found


def calls(build, core):
    """What system calls cost on @core."""
    return _probe(build, "calls", core, CALLS_SECONDS)


def disturbed(spins):
    """Why the windows between these spins say nothing, or None."""
    for found in spins:
        if found["longest_ns"] > GAP_NS:
            return f"core {found['core']} was away for {found['longest_ns'] / 1e6:.1f} ms beside the window"
    return None

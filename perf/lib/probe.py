"""What the machine does to us: gaps in a spinning loop, and the way between two cores."""

import json
import subprocess
import time

from lib.machine import MachineError
from lib.pairs import Void

NEAR_BELOW_CYCLES = 600
GAP_NS = 1_000_000
# A core whose other hardware thread (SMT) belongs to somebody busy gives half: of a spin, the share at which that is so. Alone some 5 to 30 % are, beside a busy one 70 and more.
SHARED_SHARE = 0.5
SPIN_SECONDS = 0.1
LINE_SECONDS = 0.1
CALLS_SECONDS = 0.2
# Neighbours come and go within seconds: so often, with so long between, is looked before a measurement begins.
LOOKS = 6
PAUSE_SECONDS = 0.4
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
    """Gaps that a loop on @core saw, and the share of it in which somebody else had half of the core."""
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
        if found["shared"] > SHARED_SHARE:
            return f"core {found['core']} was shared with a neighbour's thread beside the window, for {found['shared']:.0%} of a spin"
    return None


def settle(build, cores, looks=LOOKS):
    """Wait for undisturbed spins on all of @cores, and return them; Void after so many @looks."""
    while why := disturbed(spins := [spin(build, core) for core in cores]):
        looks -= 1
        if looks <= 0:
            raise Void(why)
        time.sleep(PAUSE_SECONDS)
    return spins

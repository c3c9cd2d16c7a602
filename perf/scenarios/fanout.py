"""fanout: what one more copy of a 258-byte frame costs, 8 to 1,024 receivers, beside a bare alloc, copy and free."""

import json
import subprocess

from lib import one_core
from lib.machine import MachineError
from lib.pairs import collect
from lib.result import Result, cell

SUMMARY = "marginal cycles of a copy at 8, 64 and 1,024 receivers; beside raw alloc, memcpy, free"
KEYS = ("ratio_per_copy",)
FLOORS = {"ratio_per_copy": 1.6}
COPIES = (8, 64, 1024)
FRAME = 258


def options(copies):
    """1,000 distinct filters, each with @copies subscribers."""
    return {"subscriptions": 1000 * copies, "topics": 10_000, "copies": copies, "subscribers": 1024}


def _raw(rig):
    words = [str(rig.build / "perf/bench/rhumb-perf-copy"), str(rig.worker), str(rig.control), str(FRAME),
             "huge" if rig.huge else "no-huge"]
    done = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)
    if done.returncode != 0:
        raise MachineError(done.stderr.strip().splitlines()[-1] if done.stderr.strip() else f"{words[0]} failed")
    return json.loads(done.stdout[done.stdout.index("{"):])["median_cycles"]


def _pair(rig, copies):
    one, _, _ = one_core.cost(rig, options(1))
    many, lane, found = one_core.cost(rig, options(copies))
    raw = _raw(rig)
    marginal = (many - one) / (copies - 1)
    return {"cycles_1": one, "cycles": many, "cycles_per_copy": marginal, "raw_cycles": raw, "ratio_per_copy": marginal / raw,
            "hit_rate": lane["hit_rate"], "checked": found["checked"]}


def run(rig):
    """The key is the worst of the three."""
    result = Result("fanout", FLOORS, rig.quick)
    with rig.memory(rig.path_memory(options(8))):
        for copies in COPIES:
            # One pass makes trace times copies frames: a shorter one where they are many.
            result.checked(f"{copies} copies: " + rig.check({**options(copies), "trace": 16384 if copies < 100 else 1024}))
            samples, void = collect(rig.pick(5, 2), lambda c=copies: _pair(rig, c), rig.say, rig.late)
            result.add(cell(f"{copies}", "ratio_per_copy", samples), samples, void)
    result.metric("ratio_per_copy", **one_core.middles(samples, ("cycles_per_copy", "raw_cycles")))
    return result.end()

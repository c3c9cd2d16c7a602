"""perf/run --all: every scenario within its budget; what one cannot measure does not stop the others."""

import subprocess
import time

from lib import report
from lib.machine import MachineError
from lib.rig import Rig

# Seconds that a scenario may take: (full, --quick). Their sums keep two and a half hours, and 24 minutes.
BUDGETS = {
    "hot": (200, 50), "cold": (500, 100), "flat": (1300, 170), "shapes": (450, 65), "churn": (250, 50), "visible": (150, 35), "memory": (500, 65),
    "fanout": (700, 75), "batch": (200, 45), "sizes": (600, 90), "scale": (400, 75), "latency": (500, 75), "overload": (500, 80), "memif": (200, 50),
    "kernel-path": (200, 50), "peers": (550, 120), "content": (400, 55), "typed": (450, 58), "hostile": (250, 50), "visible-regex": (700, 58),
}


def budget(name, quick):
    """Seconds for scenario @name, or None where it has none."""
    return BUDGETS[name][1 if quick else 0] if name in BUDGETS else None


def failed(name, module, quick, why):
    """The result of a scenario that ended with a sentence instead of figures: every key is unmeasured."""
    return {"scenario": name, "quick": quick, "failed": why, "metrics": {}, "unmeasured": {key: why for key in module.KEYS}, "cells": [],
            "samples": [], "void": [], "checked": [], "notes": [], "floors": module.FLOORS, "passed": False}


def one(name, module, build, quick, allowed):
    """(result, seconds) of one scenario; never raises for what the machine did."""
    began = time.monotonic()
    try:
        result = module.run(Rig(name, build, quick, allowed))
    except (MachineError, OSError, subprocess.SubprocessError) as error:
        result = failed(name, module, quick, " ".join(str(error).split()) or type(error).__name__)
    return result, time.monotonic() - began


def _time(name, seconds, allowed):
    over = allowed is not None and seconds > allowed
    print(f"{name}: took {seconds:.0f} s" + (f", {seconds - allowed:.0f} s OVER its budget of {allowed} s" if over else ""), flush=True)


def run(scenarios, build, quick, keep):
    """Run @scenarios in order and call keep(result, seconds, budget) after each."""
    total = 0
    for name, module in scenarios.items():
        allowed = budget(name, quick)
        result, seconds = one(name, module, build, quick, allowed)
        report.show(result)
        _time(name, seconds, allowed)
        keep(result, seconds, allowed)
        total += seconds
    print(f"all: took {total:.0f} s", flush=True)

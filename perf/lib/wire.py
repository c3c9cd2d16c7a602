"""A rhumbd that gets its subscriptions over the wire: sessions and SUBSCRIBE by rhumb-gen, over memif."""

import contextlib
import time

from lib.dut import Memif, Router, linked, resident_bytes
from lib.machine import MachineError

# As perf/gen/gen.h.
CLIENTS_PER_ADDRESS = 40_000
# Between a change and a look at memory: what was replaced is freed by then.
SETTLE_SECONDS = 2.0
PATIENCE_SECONDS = 600


def settled(device):
    """Resident bytes once nothing is freed any more."""
    time.sleep(SETTLE_SECONDS)
    return resident_bytes(device.process.pid)


@contextlib.contextmanager
def router(rig, workload):
    """(rhumbd, rhumb-gen) with everything subscribed. Ordinary pages, packet buffers as few as do, no bound on control records; the worker yields and shares its core with
    rhumb-gen, so that the control plane has the other one."""
    clients = workload["subscribers"] + workload["publishers"]
    port = {"buffers": 16384}
    options = {**workload, "core": rig.worker, "yield": True, "trace": 2048}
    rig.huge = False
    with linked(rig, Memif, Router, options, port=port, addresses=-(-clients // CLIENTS_PER_ADDRESS), patience=PATIENCE_SECONDS,
                session={"sessions-max": clients, "timeout": 3_600_000},
                dataplane={"memory": 256, "worker": [{"core": rig.worker, "idle": "yield"}], "control-rate": 0}) as (device, generator):
        try:
            yield device, generator
        finally:
            # No goodbye: to take down 100,000 sessions is not what is measured.
            generator.kill()


def check(device, generator, subscriptions):
    """Subscriptions are as many as they should be, and a thousand events reach exactly those who asked; MachineError where not."""
    held = device.show("status")["subscriptions"]
    if held != subscriptions:
        raise MachineError(f"rhumbd has {held:,} subscriptions, not {subscriptions:,}")
    found = generator.trial(2000, 0.5)
    wrong = {key: found[key] for key in ("lost", "doubled", "reordered", "altered", "misdelivered") if found[key]}
    if wrong or not found["received"]:
        raise MachineError(f"of {found['expected']} copies {found['received']} came: {wrong or 'none'} {found['first_fault']}")
    return found["received"]

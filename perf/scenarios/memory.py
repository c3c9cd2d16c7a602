"""memory: resident bytes of a whole rhumbd for each subscription, ten million of a hundred thousand sessions, subscribed over the wire; and after all of them changed."""

import time

from lib import machine, wire
from lib.dut import resident_bytes
from lib.machine import MachineError
from lib.result import Result, cell

SUMMARY = "resident memory of rhumbd for each of 10M subscriptions of 100k sessions; after 10M changes"
KEYS = ("bytes_per_subscription", "churn_growth")
FLOORS = {"bytes_per_subscription": 120, "churn_growth": 1.2}
SUBSCRIPTIONS = 10_000_000
# With --quick every tenth of them changes.
QUICK_CHANGES = SUBSCRIPTIONS // 10
EACH_SESSION = 100
COPIES = 5
# Bytes that a subscription may cost at the most, for rhumbd; rhumb-gen comes beside.
BYTES_EACH, GENERATOR_MIB = 1000, 1500


def workload(subscriptions):
    """Filters of 40 bytes on average, five subscribers each; sessions with a hundred subscriptions."""
    filters = subscriptions // COPIES
    return {"family": "mixed", "subscriptions": subscriptions, "copies": COPIES, "topics": filters, "zipf": 0, "wildcards": 0,
            "subscribers": subscriptions // EACH_SESSION, "publishers": 1}


def _fits(subscriptions):
    need, free = subscriptions * BYTES_EACH // 2**20 + GENERATOR_MIB, machine.memory_available_kib() // 1024
    if need > free:
        raise MachineError(f"{subscriptions:,} subscriptions want about {need} MiB, {free} MiB are free")


def measure(rig, subscriptions, changes):
    """One router, filled, looked at, changed, looked at again."""
    began = time.monotonic()
    with wire.router(rig, workload(subscriptions)) as (device, generator):
        filled = time.monotonic() - began
        before = wire.settled(device)
        copies = wire.check(device, generator, subscriptions)
        before = max(before, resident_bytes(device.process.pid))
        rig.say(f"{subscriptions:,} subscriptions in {filled:.0f} s, {before / 2**20:,.0f} MiB")
        changed = generator.churn(changes)
        after = wire.settled(device)
        copies += wire.check(device, generator, subscriptions)
    return {"bytes_per_subscription": before / subscriptions, "churn_growth": after / before, "resident_mib": before / 2**20, "after_mib": after / 2**20,
            "start_mib": device.start_bytes / 2**20, "fill_seconds": filled, "churned": changed["pairs"], "wire_pairs_per_second": changed["pairs"] / changed["seconds"],
            "copies": copies}


def run(rig):
    """One sample: memory has no noise worth a second one."""
    result = Result("memory", FLOORS, rig.quick)
    changes = rig.pick(SUBSCRIPTIONS, QUICK_CHANGES)
    try:
        _fits(SUBSCRIPTIONS)
        with rig.memory(0):
            sample = measure(rig, SUBSCRIPTIONS, changes)
    except MachineError as why:
        for key in KEYS:
            result.unmeasured(key, str(why))
        result.checked("nothing was measured")
        return result.end()
    for key in KEYS:
        result.add(cell(f"{SUBSCRIPTIONS // 10**6}M", key, [sample]), [sample] if key == KEYS[0] else [])
        result.metric(key)
    result.checked(f"{sample['copies']} events, before and after the changes, came to exactly the five subscribers that the reference matcher's construction says; "
                   "subscriptions counted by rhumbd")
    result.note(f"resident and huge pages of the whole process; {sample['start_mib']:.0f} MiB of it before the first session")
    if rig.quick:
        result.note(f"quick: {changes:,} of the subscriptions changed, not each once")
    return result.end()

"""Trials through a device: which count, what they found."""

from lib.generator import faults
from lib.machine import MachineError
from lib.pairs import Void
from lib.windows import ON_CPU_SHARE

TRIES = 8
# A thread that runs has its time on the CPU added up at the kernel's ticks: so much of it may be missing before a trial, and after.
TICK_NS = 4_000_000
# Times are from when an event was to be sent: where more of them than this left late (rhumb-gen says which), they are the generator's.
LATE_SHARE = 0.01


def late_share(found):
    """Which part of its events the generator sent late."""
    return found["late_sends"] / max(1, found["sent"])


def judged(device, generator, rate, seconds, lossless_counts=False, in_time=False, **more):
    """
    One trial; Void when generator or device was disturbed, MachineError when a copy was wrong. @lossless_counts: one that lost nothing says so whatever
    disturbed it. @in_time: void is also one that the generator did not keep to its schedule in.
    """
    before = device.cpu_ns()
    found = generator.trial(rate, seconds, **more)
    share = (device.cpu_ns() - before) / found["wall_ns"]
    wrong = faults(found)
    if wrong:
        raise MachineError(f"the router delivered wrongly: {wrong}")
    if lossless_counts and not found["lost"]:
        return found
    if share + TICK_NS / found["wall_ns"] < ON_CPU_SHARE:
        raise Void(f"the worker was on its core for {share:.0%} of the trial")
    if found["longest_gap_ns"] > device.gap_ns:
        raise Void(f"the generator was away for {found['longest_gap_ns'] / 1e6:.1f} ms")
    if in_time and late_share(found) > LATE_SHARE:
        raise Void(f"the generator sent {late_share(found):.0%} of the events late")
    return found


def again(trial, void):
    """@trial(), again and again while it is void; the reasons go to @void."""
    for _ in range(TRIES):
        try:
            return trial()
        except Void as why:
            void.append(str(why))
    raise Void(f"{TRIES} void trials in a row, the last one: {void[-1]}")


def patient(device, generator, rate, seconds, void, **more):
    """As judged, again while it is void."""
    return again(lambda: judged(device, generator, rate, seconds, **more), void)


def several(times, *trial, **more):
    """patient(*trial, **more), so many times."""
    return [patient(*trial, **more) for _ in range(times)]


def for_search(rig, device, generator, void, **more):
    """The trial function of lib.search: (copies expected, copies lost); what the generator itself could not send is not offered."""
    def trial(rate, seconds):
        if rig.late():
            raise Void(f"the budget of {rig.budget} s is spent, {len(void)} trials were void" + (f", the last one: {void[-1]}" if void else ""))
        found = patient(device, generator, rate, seconds, void, lossless_counts=True, **more)
        return found["expected"], found["lost"]
    return trial

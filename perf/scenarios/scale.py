"""scale: two workers that share nothing beside one, and everything an operator can watch beside nothing."""

from lib import machine, one_core, probe, windows
from lib.pairs import Void, collect
from lib.result import Result, cell

SUMMARY = "two workers beside one; telemetry on beside off"
KEYS = ("two_one", "telemetry_ratio")
FLOORS = {"two_one": 1.7, "telemetry_ratio": 0.94}


def _rate(lanes):
    return sum(windows.rate(lane, "events") for lane in lanes)


def _tagged(rig, measure):
    """@measure between two looks at the way between the cores; Void where it changed."""
    before = probe.line(rig.build, rig.control, rig.worker)
    found = measure()
    after = probe.line(rig.build, rig.control, rig.worker)
    if before["tag"] != after["tag"]:
        raise Void(f"the cores went from {before['tag']} to {after['tag']} in the window")
    return found, before["tag"]


def _workers_pair(rig, count, seconds):
    # The second worker runs on the control core: on a machine with more cores, on the next one.
    cores = machine.three_cores()
    (one, _), tag = _tagged(rig, lambda: rig.router({}, count, seconds))
    (two, _), tag_two = _tagged(rig, lambda: rig.router({}, count, seconds, cores))
    if tag != tag_two:
        raise Void(f"the cores were {tag} for one worker and {tag_two} for two")
    return {"one_mpps": _rate(one) / 1e6, "two_mpps": _rate(two) / 1e6, "two_one": _rate(two) / _rate(one), "tag": tag}


def _telemetry_pair(rig, count, seconds):
    off, _ = rig.router({}, count, seconds)
    on, _ = rig.router({"telemetry": True}, count, seconds)
    return {"off_mpps": _rate(off) / 1e6, "on_mpps": _rate(on) / 1e6, "telemetry_ratio": _rate(on) / _rate(off)}


def run(rig):
    """Both keys; the pairs of each are interleaved."""
    result = Result("scale", FLOORS, rig.quick)
    count, seconds = rig.pick((5, 1.0), (3, 0.5))
    options = {"workers": 2}
    with rig.memory(rig.path_memory(options)):
        result.checked(rig.check({}, machine.three_cores()))
        for key, pair in (("telemetry_ratio", _telemetry_pair), ("two_one", _workers_pair)):
            try:
                samples, void = collect(rig.pick(7, 3), lambda p=pair: p(rig, count, seconds), rig.say, rig.late)
            except machine.MachineError as why:
                result.unmeasured(key, str(why))
                continue
            result.add(cell(key, key, samples), samples, void)
            result.metric(key, **one_core.middles(samples, [k for k in samples[0] if k.endswith("_mpps")]))
    return result.end()

"""Pairs of the one-core scenarios: the router on pcap to null, macswap on the same."""

import statistics

from lib import windows
from lib.pairs import collect


def pair(rig, options, count, seconds):
    """One router run and one macswap run over frames of the same size."""
    (lane,), found = rig.router(options, count, seconds)
    ref = rig.reference(count, seconds)
    hz, rate, ref_rate = found["tsc_hz"], windows.rate(lane, "events"), windows.rate(ref, "packets")
    return {"mpps": rate / 1e6, "cycles_per_event": hz / rate, "cycles_per_copy": hz / windows.rate(lane, "copies") if lane["copies"] else None,
            "macswap_mpps": ref_rate / 1e6, "macswap_cycles": hz / ref_rate, "ratio_to_macswap": rate / ref_rate,
            "hit_rate": lane["hit_rate"], "frame_bytes": found["frame_bytes"], "table_bytes": found["table_bytes"],
            "checked": found["checked"]}


def with_cache(options):
    """@options with the result cache of the defaults."""
    return {key: value for key, value in options.items() if key != "cache"}


def pairs(rig, options, wanted):
    """Interleaved pairs for one cell."""
    count, seconds = rig.pick((5, 1.0), (3, 0.5))
    return collect(wanted, lambda: pair(rig, options, count, seconds), rig.say, rig.late)


def cost(rig, options):
    """Cycles an event of one router run, with the run."""
    count, seconds = rig.pick((5, 1.0), (3, 0.5))
    (lane,), found = rig.router(options, count, seconds)
    return found["tsc_hz"] / windows.rate(lane, "events"), lane, found


def stages(rig, options):
    """Cycles per event by stage, from a run of its own: its clock reads cost the run itself some."""
    (lane,), _ = rig.router({**options, "stages": True}, 3, rig.pick(1.0, 0.5))
    return lane["stage_cycles"]


def middles(samples, keys=("mpps", "cycles_per_event", "macswap_mpps", "macswap_cycles", "hit_rate")):
    """Medians of what stands beside the ratio."""
    return {key: statistics.median(s[key] for s in samples) for key in keys}

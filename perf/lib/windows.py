"""Windows of a measured thread: which count, what they say."""

import statistics

from lib.probe import GAP_NS, SHARED_SHARE

# Below this share of a window on the CPU, the machine was busy with others and the window says nothing.
ON_CPU_SHARE = 0.96
# Datagrams that the router takes in one round: with a thousand copies of each, a round alone is longer than a gap may be.
ROUND = 32


def rate(window, key):
    """Per second on the CPU."""
    return window[key] * 1e9 / window["cpu_ns"]


def void(window):
    """Why @window says nothing, or None."""
    share = window["cpu_ns"] / window["wall_ns"]
    if share < ON_CPU_SHARE:
        return f"on its core for {share:.0%} of the window"
    own = ROUND * window["cpu_ns"] / window["datagrams"] if window.get("datagrams") else 0
    if window.get("longest_gap_ns", 0) > GAP_NS + own:
        return f"away for {window['longest_gap_ns'] / 1e6:.1f} ms"
    # Of the looks of a thread that looks itself (perf/bench/pace.h).
    if window.get("shared", 0) > SHARED_SHARE:
        return f"on a core that was shared for {window['shared']:.0%} of the window"
    return None


def middle(windows, key):
    """The median by rate of the windows that count, or None."""
    valid = sorted((w for w in windows if not void(w)), key=lambda w: rate(w, key))
    return valid[len(valid) // 2] if valid else None


def spread(values):
    """Least, median and most."""
    return {"least": min(values), "median": statistics.median(values), "most": max(values)}

"""What a scenario found, in the shape of docs/schemas/perf.json."""

import statistics

# A metric of which more is worse: its worst value is the largest.
RISING = ("ratio_10m_1k", "ratio_10m_1k_raw", "ratio_10m_1k_with_cache", "ratio_to_1k", "ratio_per_copy", "p50_ratio", "p99_ratio", "class_inversions",
          "ratio_shapes", "ratio_adversarial", "shapes_with_cache", "adversarial_with_cache", "adversarial_to_hot_without_cache", "lost",
          "topic_p50_us", "topic_p99_us", "bytes_per_subscription", "churn_growth", "ratio_to_hs_scan", "unfiltered_penalty", "regex_ratio")


def worst(key, values):
    """The worst of @values for metric @key."""
    return max(values) if key in RISING else min(values)


def reached(key, floor, metrics):
    """Is the floor of @key reached? No figure does not reach it."""
    value = metrics.get(key)
    return value is not None and (value <= floor if key in RISING else value >= floor)


def cell(name, key, samples, **more):
    """One cell of a metric: the median of its pairs and the worst one."""
    values = [s[key] for s in samples]
    return {"cell": name, "key": key, "median": statistics.median(values), "worst": worst(key, values), "pairs": len(values), **more}


class Result:
    """Collects cells and samples; ends as one JSON object."""

    def __init__(self, scenario, floors, quick):
        self.floors = floors
        self.data = {"scenario": scenario, "quick": quick, "metrics": {}, "unmeasured": {}, "cells": [], "samples": [],
                     "void": [], "checked": [], "notes": [], "floors": floors, "passed": True}

    def add(self, found, samples, void=()):
        """A cell with the pairs behind it and the reasons of the void ones."""
        self.data["cells"].append(found)
        self.data["samples"] += [{"cell": found["cell"], **s} for s in samples]
        self.data["void"] += list(void)

    def checked(self, what):
        """What was compared with what, once."""
        if what not in self.data["checked"]:
            self.data["checked"].append(what)

    def extra(self, **more):
        """Figures beside the metrics: stages, curves."""
        self.data.update(more)

    def metric(self, key, **more):
        """The worst cell of @key becomes the metric."""
        cells = [c for c in self.data["cells"] if c["key"] == key]
        if not cells:
            raise KeyError(key)
        self.data["metrics"][key] = worst(key, [c["median"] for c in cells])
        self.data["metrics"][f"{key}_worst"] = worst(key, [c["worst"] for c in cells])
        self.data["metrics"].update(more)

    def unmeasured(self, key, why):
        """There is no figure for @key on this machine; never silently."""
        self.data["unmeasured"][key] = why

    def note(self, text):
        """What a reader must know beside the figures."""
        if text not in self.data["notes"]:
            self.data["notes"].append(text)

    def end(self):
        """Judge the floors."""
        self.data["passed"] = all(reached(key, floor, self.data["metrics"]) for key, floor in self.floors.items())
        return self.data

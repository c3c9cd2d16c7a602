"""Results read back: a folder of perf/run --all or a file of perf/run --json, checked as far as a comparison needs."""

import json
import math
import pathlib

NOT_SCENARIOS = ("summary.json", "instructions.json")


class Unusable(Exception):
    """This is not a result; the text says which file and what is wrong."""


def _constant(word):
    raise ValueError(f"{word} is not a number")


def _json(path):
    try:
        return json.loads(path.read_text(encoding="utf-8"), parse_constant=_constant)
    except OSError as error:
        raise Unusable(f"{path}: cannot be read: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise Unusable(f"{path}: is not JSON: {error}") from error


def is_number(value):
    """A finite number, and no truth value."""
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


SHAPES = {"scenario": str, "cells": list, "samples": list, "unmeasured": dict, "machine": dict}


def _want(path, condition, what):
    if not condition:
        raise Unusable(f"{path}: is not a result of perf/run: {what}")


def _checked(path, result):
    """@result, if it is one."""
    _want(path, isinstance(result, dict), "an object is wanted")
    for key, kind in SHAPES.items():
        _want(path, isinstance(result.get(key), kind), f"no '{key}', or of the wrong kind")
    for n, cell in enumerate(result["cells"]):
        _want(path, isinstance(cell, dict) and isinstance(cell.get("cell"), str) and isinstance(cell.get("key"), str) and is_number(cell.get("median")),
              f"cells[{n}] wants 'cell', 'key' and a number 'median'")
    for n, sample in enumerate(result["samples"]):
        _want(path, isinstance(sample, dict) and isinstance(sample.get("cell"), str), f"samples[{n}] wants 'cell'")
    for key, why in result["unmeasured"].items():
        _want(path, isinstance(why, str), f"unmeasured '{key}' wants a sentence")
    stages = result.get("stage_cycles", {})
    _want(path, isinstance(stages, dict) and all(map(is_number, stages.values())), "stage_cycles wants numbers")
    _want(path, isinstance(result["machine"].get("cpu"), str) and is_number(result["machine"].get("cores")), "machine wants 'cpu' and 'cores'")
    return result


def _results(path):
    found = _json(path)
    return [_checked(path, result) for result in (found if isinstance(found, list) else [found])]


def _files(path):
    if not path.is_dir():
        return [path]
    files = sorted(p for p in path.glob("*.json") if p.name not in NOT_SCENARIOS)
    if not files:
        raise Unusable(f"{path}: holds no results: a folder of perf/run --all has one JSON file a scenario")
    return files


def load(name):
    """{"scenarios": {name: result}, "instructions": object or None} from folder or file @name; Unusable."""
    path = pathlib.Path(name)
    scenarios = {}
    for file in _files(path):
        for result in _results(file):
            if result["scenario"] in scenarios:
                raise Unusable(f"{file}: scenario '{result['scenario']}' is there twice")
            scenarios[result["scenario"]] = result
    if not scenarios:
        raise Unusable(f"{path}: holds no results")
    counted = path / "instructions.json"
    return {"scenarios": scenarios, "instructions": _json(counted) if path.is_dir() and counted.exists() else None}


def values(result):
    """(key, cell) -> its pairs, those of different core distance apart; [] for a cell without samples."""
    found = {}
    for key, name in dict.fromkeys((c["key"], c["cell"]) for c in result["cells"]):
        mine = [s for s in result["samples"] if s["cell"] == name and is_number(s.get(key))]
        if not mine:
            found[key, name] = []
        for sample in mine:
            label = f"{name}, {sample['tag']}" if "tag" in sample else name
            found.setdefault((key, label), []).append(sample[key])
    return found

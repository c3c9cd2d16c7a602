"""Two sets of results side by side: lines of what became slower, faster, or cannot be told."""

from lib import results, resultset, verdict

# One run each and no pairs: a stage that moves less says nothing.
STAGE_CHANGE, STAGE_CYCLES = 0.10, 3
# Instructions of a fixed trace are exact; what is below is layout and alignment.
INSTRUCTION_CHANGE = 0.02
SAME_BUILD = ("compiler", "dpdk", "hs_version")


def _line(kind, scenario, key, cell, **more):
    return {"kind": kind, "scenario": scenario, "key": key, "cell": cell, **more}


def _only(side, where, lacking=None):
    """A line of one side alone, with the reason that @lacking, the other side's result, gave."""
    why = (lacking or {}).get("unmeasured", {}).get(where["key"])
    return {**where, "verdict": f"only_in_{side}", **({"why": why} if why else {})}


def _keys(scenario, a, b):
    """Lines of one scenario's keys."""
    one, other = (resultset.values(r) if r else {} for r in (a, b))
    for key, cell in dict.fromkeys([*one, *other]):
        where = _line("key", scenario, key, cell)
        if (key, cell) not in other:
            yield _only("a", where, b)
        elif (key, cell) not in one:
            yield _only("b", where, a)
        elif not one[key, cell] or not other[key, cell]:
            yield {**where, "verdict": "no_pairs"}
        else:
            yield {**where, **verdict.judge(key, one[key, cell], other[key, cell])}


def _counted(kind, scenario, one, other, tells):
    """Lines of single figures: more, fewer or same, as @tells says of (old, new)."""
    for name in dict.fromkeys([*one, *other]):
        where = _line(kind, scenario, name, "")
        if name not in other or name not in one:
            yield _only("a" if name in one else "b", where)
            continue
        old, new = one[name], other[name]
        word = ("more" if new > old else "fewer") if tells(old, new) else "same"
        yield {**where, "verdict": word, "a": old, "b": new, "change": verdict.told(verdict.change(old, new))}


def _stage_told(old, new):
    return abs(new - old) >= STAGE_CYCLES and abs(verdict.change(old, new)) >= STAGE_CHANGE


def _instruction_told(old, new):
    return abs(verdict.change(old, new)) > INSTRUCTION_CHANGE


def _flat(data, path=()):
    """Numbers of nested objects by their dotted names."""
    if isinstance(data, dict):
        return {name: number for key, value in data.items() for name, number in _flat(value, (*path, str(key))).items()}
    return {".".join(path): data} if resultset.is_number(data) else {}


def _instructions(one, other):
    counts = [_flat(data.get("instructions", data) if isinstance(data, dict) else {}) for data in (one, other)]
    return _counted("instructions", "instructions", *counts, _instruction_told)


def _machines(found):
    return {results.slug(r["machine"]) for r in found["scenarios"].values()}


def _values(found, key):
    return sorted({str(r["machine"][key]).splitlines()[0] for r in found["scenarios"].values() if r["machine"].get(key)})


def _notes(a, b, same_machine):
    """What a reader must know before the lines."""
    notes = []
    if not same_machine:
        notes.append(f"different machines ({', '.join(sorted(_machines(a)))} and {', '.join(sorted(_machines(b)))}): only ratios compare, "
                     "cycles by stage are left out")
    for key in SAME_BUILD:
        one, other = _values(a, key), _values(b, key)
        if one != other:
            notes.append(f"{key} differs: {', '.join(one) or 'unknown'} and {', '.join(other) or 'unknown'}")
    for side, found in (("A", a), ("B", b)):
        if any(r.get("quick") for r in found["scenarios"].values()):
            notes.append(f"{side} is a quick run: few and short windows")
    return notes


def compare(a, b):
    """{"notes", "same_machine", "lines", "slower", "faster"} of two resultset.load()."""
    same_machine = len(_machines(a) | _machines(b)) == 1
    lines = []
    for name in dict.fromkeys([*a["scenarios"], *b["scenarios"]]):
        one, other = a["scenarios"].get(name), b["scenarios"].get(name)
        lines += _keys(name, one, other)
        if same_machine and one and other:
            lines += _counted("stage", name, one.get("stage_cycles", {}), other.get("stage_cycles", {}), _stage_told)
    if a["instructions"] is not None and b["instructions"] is not None:
        lines += _instructions(a["instructions"], b["instructions"])
    if not any(line["kind"] == "key" and "a" in line for line in lines):
        raise resultset.Unusable("A and B have no key with pairs in both: nothing can be compared")
    return {"notes": _notes(a, b, same_machine), "same_machine": same_machine, "lines": lines,
            "slower": sum(_slower(line) for line in lines), "faster": sum(line["verdict"] == "faster" for line in lines)}


def _slower(line):
    """Does @line say that B is slower? A stage is a hint and never does."""
    return line["verdict"] == "slower" or (line["kind"] == "instructions" and line["verdict"] == "more")

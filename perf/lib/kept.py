"""The kept figures of perf/run --instructions and what became more or less since."""

import datetime
import json
import pathlib

from lib.machine import MachineError

# What a change may cost without a word; below LEAST instructions a stage is too small to judge by percent.
TOLERANCE_PERCENT = 2
LEAST = 5
NOT_COMPARABLE = 77
RECORD = 'perf/run --instructions --record "WHY"'


class Verdict:
    """findings: dicts with what, old, new, percent, kind (rise, fall, missing, new)."""

    def __init__(self):
        self.findings, self.differs = [], []

    @property
    def comparable(self):
        """Were both counted with the same programs?"""
        return not self.differs

    @property
    def passed(self):
        """Nothing rose, nothing is missing."""
        return all(f["kind"] == "fall" for f in self.findings)

    def status(self):
        """Exit status: 77 is what meson and tools/check show as skipped."""
        if not self.comparable:
            return NOT_COMPARABLE
        return 0 if self.passed else 1

    def show(self):
        """A line for each finding, and what to do."""
        for text in self.differs:
            print(f"NOT COMPARABLE with the kept figures: {text}")
        for finding in self.findings:
            print(_SENTENCES[finding["kind"]].format(**finding))
        if self.differs:
            print(f"record new figures where they are to count: {RECORD}")
        elif self.findings:
            print(f"if that is meant, record it: {RECORD}")
        else:
            print(f"no stage rose or fell by more than {TOLERANCE_PERCENT} %")


_SENTENCES = {
    "rise": "RISE: {what}: {old:.1f} -> {new:.1f} instructions an event ({percent:+.1f} %)",
    "fall": "fall: {what}: {old:.1f} -> {new:.1f} instructions an event ({percent:+.1f} %): record it, so that it stays",
    "missing": "MISSING: {what} has a kept figure ({old:.1f}) and was not counted",
    "new": "NEW: {what} was counted ({new:.1f}) and has no kept figure",
}


def _judge(what, old, new):
    if old is None:
        return {"what": what, "kind": "new", "old": None, "new": new, "percent": None}
    if new is None:
        return {"what": what, "kind": "missing", "old": old, "new": None, "percent": None}
    if max(old, new) < LEAST or abs(new - old) <= old * TOLERANCE_PERCENT / 100:
        return None
    percent = (new - old) / old * 100 if old else float(100)
    return {"what": what, "kind": "rise" if new > old else "fall", "old": old, "new": new, "percent": round(percent, 2)}


def _flat(shapes):
    rows = {}
    for name, shape in shapes.items():
        rows.update({f"{name}: stage {stage}": value for stage, value in shape["stages"].items()})
        rows[f"{name}: sum"] = shape["sum"]
    return rows


def compare(old, new):
    """@old from read, @new from instructions.measure."""
    verdict = Verdict()
    for key, value in old["made_with"].items():
        if new["made_with"].get(key) != value:
            verdict.differs.append(f"{key}: kept '{value}', here '{new['made_with'].get(key)}'")
    before, after = _flat(old["shapes"]), _flat(new["shapes"])
    for what in list(before) + [w for w in after if w not in before]:
        finding = _judge(what, before.get(what), after.get(what))
        if finding:
            verdict.findings.append(finding)
    return verdict


def _number(value):
    return isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value < float("inf")


def _check(data):
    """What is wrong with it, or None."""
    if not isinstance(data, dict) or not isinstance(data.get("made_with"), dict) or not data["made_with"]:
        return "no 'made_with'"
    if not isinstance(data.get("shapes"), dict) or not data["shapes"]:
        return "no 'shapes'"
    for name, shape in data["shapes"].items():
        if not isinstance(shape, dict) or not isinstance(shape.get("stages"), dict) or not shape["stages"]:
            return f"shape '{name}' has no 'stages'"
        for stage, value in [*shape["stages"].items(), ("sum", shape.get("sum"))]:
            if not _number(value):
                return f"shape '{name}': '{stage}' is {value!r}, not a number of instructions"
    return None


def read(path):
    """The kept figures; MachineError with what is wrong with them."""
    try:
        data = json.loads(pathlib.Path(path).read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise MachineError(f"{path} is missing: {RECORD} writes it") from error
    except ValueError as error:
        raise MachineError(f"{path} is not JSON ({error}): take it from git, or write it anew with {RECORD}") from error
    wrong = _check(data)
    if wrong:
        raise MachineError(f"{path}: {wrong}: take it from git, or write it anew with {RECORD}")
    return data


def write(path, found, reason):
    """Keep @found; who reads it later wants to know why it changed."""
    if not reason.strip():
        raise MachineError('--record needs a reason: --record "what was gained for it"')
    data = {"reason": reason.strip(), "date": datetime.date.today().isoformat(), **found}
    pathlib.Path(path).write_text(json.dumps(data, indent=2) + "\n", encoding="utf-8")

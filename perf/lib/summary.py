"""What a whole run found: summary.json (docs/schemas/perf-summary.json) and summary.md."""

from lib.result import reached


def new(machine, revision, date, quick):
    """A summary before its first scenario."""
    return {"date": date, "revision": revision, "quick": quick, "machine": machine, "seconds": 0, "passed": True, "scenarios": {}, "plots": {}}


def add(summary, result, seconds, budget):
    """Keep what summary.md and others need of @result."""
    entry = {key: result[key] for key in ("metrics", "unmeasured", "floors", "cells", "checked", "passed")}
    entry.update(void=len(result["void"]), seconds=round(seconds, 1), budget_seconds=budget,
                 over_budget=budget is not None and seconds > budget)
    if "failed" in result:
        entry["failed"] = result["failed"]
    summary["scenarios"][result["scenario"]] = entry
    summary["seconds"] = round(summary["seconds"] + seconds, 1)
    summary["passed"] = summary["passed"] and result["passed"]


def _number(value):
    return f"{value:.3f}" if abs(value) < 100 else f"{value:,.0f}"


def _cells(entry, key):
    cells = [c for c in entry["cells"] if c["key"] == key]
    return ", ".join(f"{c['cell']}: {_number(c['median'])} ({c['pairs']})" for c in cells)


def _keys(entry):
    """Keys with a figure or without, and those of which there are cells alone."""
    found = [key for key in entry["metrics"] if f"{key}_worst" in entry["metrics"]]
    found += [key for key in entry["unmeasured"] if key not in found]
    return found + sorted({c["key"] for c in entry["cells"]} - set(found))


def _row(name, entry, key):
    metrics, floor = entry["metrics"], entry["floors"].get(key)
    words = [name, f"`{key}`", "", "", "" if floor is None else _number(floor), _cells(entry, key)]
    if key in entry["unmeasured"]:
        words[2] = f"**unmeasured**: {entry['unmeasured'][key]}"
    elif key in metrics:
        words[2:4] = _number(metrics[key]), _number(metrics[f"{key}_worst"])
    if floor is not None and not reached(key, floor, metrics):
        words[4] += " **not reached**"
    return "| " + " | ".join(word.replace("|", "\\|") for word in words) + " |"


def _void(entry):
    pairs = sum(c["pairs"] for c in entry["cells"])
    return f"{entry['void']} void beside {pairs} that count"


def _durations(summary):
    lines = ["| scenario | seconds | budget | pairs |", "|---|---|---|---|"]
    for name, entry in summary["scenarios"].items():
        over = " **over**" if entry["over_budget"] else ""
        lines.append(f"| {name} | {entry['seconds']:.0f}{over} | {entry['budget_seconds'] or ''} | {_void(entry)} |")
    return lines + [f"| all | {summary['seconds']:.0f} | | |"]


def _plots(summary):
    lines = []
    for title, plot in summary["plots"].items():
        lines.append(f"![{title}]({plot['file']})" if "file" in plot else f"- No plot of {title}: {plot['missing']}.")
        lines.append("")
    return lines


def markdown(summary):
    """The summary for people."""
    machine = summary["machine"]
    lines = [f"# Rhumb, {summary['date']}, {machine['cpu']}", "",
             f"Revision {summary['revision']}, `perf/run --all{' --quick' if summary['quick'] else ''}`, {summary['seconds'] / 60:.0f} minutes."
             + (" Quick: fewer and shorter windows, a look and not a figure to quote." if summary["quick"] else ""),
             "Compare ratios, not machines; docs/rig.md says how a figure comes about.", "",
             "## Figures", "", "| scenario | key | median of the worst cell | worst pair | floor | cells: median (pairs) |", "|---|---|---|---|---|---|"]
    for name, entry in summary["scenarios"].items():
        lines += [_row(name, entry, key) for key in _keys(entry)]
    lines += ["", "## Plots", "", *_plots(summary), "## What was checked", ""]
    for name, entry in summary["scenarios"].items():
        lines += [f"- {name}: {what}" for what in entry["checked"] or [f"nothing, it failed: {entry.get('failed', 'no reason given')}"]]
    lines += ["", "## Time and void pairs", "", *_durations(summary), "", "## Machine", ""]
    lines += [f"- {key}: {str(value).splitlines()[0] if str(value) else ''}" for key, value in machine.items()]
    return "\n".join(lines) + "\n"

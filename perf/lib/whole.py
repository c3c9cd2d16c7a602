"""perf/run --all: a folder of results, kept after each scenario, with summary and plots at the end."""

import datetime
import pathlib

from lib import machine, plots, results, suite, summary


def folder_for(described, date):
    """perf/results/DATE-MACHINE of this repository."""
    return results.TOP / "perf/results" / f"{date}-{results.slug(described)}"


def _write(folder, found):
    results.write(folder / "summary.json", found)
    (folder / "summary.md").write_text(summary.markdown(found), encoding="utf-8")


def run(scenarios, build, quick, out=None):
    """Run all of @scenarios; exit status: 1 where one failed or missed a floor."""
    date, described = datetime.date.today().isoformat(), machine.describe(build)
    folder = pathlib.Path(out) if out else folder_for(described, date)
    results.prepare(folder, quick, [f"{name}.json" for name in scenarios] + ["summary.json", "summary.md", *plots.FILES])
    found, kept = summary.new(described, results.revision(), date, quick), {}

    def keep(result, seconds, budget):
        result["machine"] = described
        kept[result["scenario"]] = result
        results.write(folder / f"{result['scenario']}.json", result)
        summary.add(found, result, seconds, budget)
        _write(folder, found)

    suite.run(scenarios, build, quick, keep)
    found["plots"] = plots.draw(kept, folder)
    for title, plot in found["plots"].items():
        if "missing" in plot:
            print(f"all: no plot of {title}: {plot['missing']}")
    _write(folder, found)
    print(f"all: results in {folder}")
    return 0 if found["passed"] else 1

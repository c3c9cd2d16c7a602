"""Plots of a whole run, as SVG by gnuplot. A plot without data is left out and says why."""

import shutil
import statistics
import subprocess

GNUPLOT_SECONDS = 60
HEAD = """set terminal svg size 900,540 dynamic font 'sans-serif,14' background 'white' noenhanced
set output
set title "{title}"
set grid ytics back lt 1 lw 1 lc rgb '#dddddd'
set border 3
set xtics nomirror
set ytics nomirror
set key outside right top
set style line 1 lc rgb '#0b6e99' lw 2 pt 7 ps 0.7
set style line 2 lc rgb '#c2571a' lw 2 pt 5 ps 0.7
set style line 3 lc rgb '#4b8b3b' lw 2 pt 9 ps 0.8
set style line 4 lc rgb '#7a4b94' lw 2 pt 11 ps 0.8
"""
COLOURS = ("#0b6e99", "#c2571a", "#4b8b3b", "#7a4b94", "#b8a000", "#b03060", "#607080", "#30a090", "#905010", "#a0a0a0")


class Missing(Exception):
    """A plot cannot be; the text says why."""


def _word(value):
    """@value as a quoted word of gnuplot's data."""
    return '"' + "".join(" " if c in '"\\`' or ord(c) < 32 else c for c in str(value)) + '"'


def _block(name, rows):
    lines = [" ".join(_word(v) if isinstance(v, str) else f"{v:.9g}" for v in row) for row in rows]
    return "\n".join([f"${name} << END", *lines, "END", ""])


def _result(results, name):
    result = results.get(name)
    if not result:
        raise Missing(f"scenario {name} did not run")
    if "failed" in result:
        raise Missing(f"scenario {name} failed: {result['failed']}")
    return result


def _curve(results, name, keys):
    points = [p for p in _result(results, name).get("curve", []) if all(key in p for key in keys)]
    if not points:
        raise Missing(f"scenario {name} gave no curve of {keys[0]}")
    return points


def _frame_sizes(results):
    """Router and macswap by frame size: median with least and most of the pairs."""
    by_size = {}
    for s in _result(results, "sizes")["samples"]:
        by_size.setdefault(s["frame_bytes"], []).append(s)
    if not by_size:
        raise Missing("scenario sizes has no pairs")
    blocks = [_block(key, [(size, statistics.median(v), min(v), max(v)) for size, pairs in sorted(by_size.items())
                           for v in [[s[key] for s in pairs]]]) for key in ("mpps", "macswap_mpps")]
    return "".join(blocks) + ("set xlabel 'frame, bytes without FCS'\nset ylabel 'million frames a second, one core'\nset yrange [0:*]\nset xrange [0:1600]\n"
                              "plot $macswap_mpps using 1:2:3:4 with yerrorlines ls 2 title 'testpmd macswap', "
                              "$mpps using 1:2:3:4 with yerrorlines ls 1 title 'Rhumb'\n")


PERCENTILES = (("p50_us", "p50"), ("p90_us", "p90"), ("p99_us", "p99"), ("max_us", "most"))
# Who -> dash type, so that router and reference of one percentile share a colour.
DASHES = {"router": 1, "macswap": 2}


def _latency(results):
    """Percentiles of the router and of macswap by load."""
    points = _curve(results, "latency", ("load_percent", "who", *(key for key, _ in PERCENTILES)))
    blocks, lines = [], []
    for who in dict.fromkeys(p["who"] for p in points):
        name = f"who{len(blocks)}"
        blocks.append(_block(name, [(p["load_percent"], *(p[key] for key, _ in PERCENTILES))
                                    for p in sorted(points, key=lambda p: p["load_percent"]) if p["who"] == who]))
        lines += [f"${name} using 1:{column} with linespoints ls {column - 1} dt {DASHES.get(who, 3)} title {_word(f'{who} {label}')}"
                  for column, (_, label) in enumerate(PERCENTILES, 2)]
    return "".join(blocks) + ("set xlabel 'load, percent of NDR'\nset ylabel 'latency from the intended send time, us'\nset logscale y\nset xrange [0:100]\n"
                              "plot " + ", ".join(lines) + "\n")


def _subscriptions(results):
    """Cycles an event by number of subscriptions, 1k first."""
    points = _curve(results, "flat", ("subscriptions", "cycles", "cycles_1k"))
    rows = [(1000, statistics.median(p["cycles_1k"] for p in points))]
    rows += sorted((p["subscriptions"], p["cycles"]) for p in points)
    return _block("cost", rows) + ("set xlabel 'subscriptions'\nset ylabel 'cycles an event'\nset logscale x\nset format x '%.0s%c'\nset yrange [0:*]\nset xrange [500:20000000]\n"
                                   "plot $cost using 1:2 with linespoints ls 1 title 'Rhumb'\n")


def _stages(results):
    """A bar for each scenario that counted cycles by stage."""
    found = {name: r["stage_cycles"] for name, r in results.items() if r.get("stage_cycles")}
    if not found:
        raise Missing("no scenario counted cycles by stage")
    stages = list(dict.fromkeys(stage for cycles in found.values() for stage in cycles))
    rows = [(name, *(cycles.get(stage, 0) for stage in stages)) for name, cycles in found.items()]
    bars = [f"$stages using {column}{':xtic(1)' if column == 2 else ''} title {_word(stage)} lc rgb '{COLOURS[(column - 2) % len(COLOURS)]}'"
            for column, stage in enumerate(stages, 2)]
    return _block("stages", rows) + ("set ylabel 'cycles an event'\nset yrange [0:*]\nset style data histograms\nset style histogram rowstacked\n"
                                     "set style fill solid 1.0 border rgb 'white'\nset boxwidth 0.6\nset key invert\nplot " + ", ".join(bars) + "\n")


PLOTS = (
    ("throughput by frame size", "throughput.svg", _frame_sizes),
    ("latency percentiles by load", "latency.svg", _latency),
    ("cost by subscriptions", "subscriptions.svg", _subscriptions),
    ("cycles by stage", "stages.svg", _stages),
)
FILES = tuple(name for _, name, _ in PLOTS)


def _gnuplot(script):
    if not shutil.which("gnuplot"):
        raise Missing("gnuplot is missing: run tools/check once, it installs the packages")
    try:
        done = subprocess.run(["gnuplot", "-"], input=script, capture_output=True, text=True, timeout=GNUPLOT_SECONDS, check=False)
    except subprocess.TimeoutExpired as error:
        raise Missing(f"gnuplot did not end in {GNUPLOT_SECONDS} s") from error
    if done.returncode != 0 or not done.stdout.rstrip().endswith("</svg>"):
        words = done.stderr.strip().splitlines()[-1:] or ["no word why"]
        raise Missing(f"gnuplot ended with status {done.returncode}: {words[0]}")
    return done.stdout


def draw(results, folder):
    """Every plot that @results, by scenario, have data for, into @folder. Returns {title: {"file"} or {"missing"}}."""
    found = {}
    for title, name, script in PLOTS:
        try:
            (folder / name).write_text(_gnuplot(HEAD.format(title=title) + script(results)), encoding="utf-8")
            found[title] = {"file": name}
        except Missing as why:
            found[title] = {"missing": str(why)}
        except (KeyError, TypeError, ValueError) as error:
            found[title] = {"missing": f"the results do not hold what it needs ({type(error).__name__}: {error})"}
    return found

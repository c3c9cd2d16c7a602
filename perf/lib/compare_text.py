"""A comparison for people: one line a key and stage."""

from lib import ranks, verdict


def _number(value):
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.3f}"


def _percent(share):
    if share is None:
        return "from zero"
    return f"{share * 100:+.0f} %" if abs(share) >= 0.1 else f"{share * 100:+.1f} %"


def _p(value):
    return "p<0.001" if value < 0.001 else f"p={value:.3f}"


def _pairs(line):
    return f"{line['pairs_a']} and {line['pairs_b']} pairs"


def _enough():
    """The least number of pairs on both sides that can tell anything."""
    return next(n for n in range(1, 100) if ranks.least_p(n, n) <= verdict.ALPHA)


def _same(line):
    least = line["smallest_change"]
    could = "these pairs could show none below 95 %" if least is None else f"smallest change these pairs could show: {least * 100:.0f} %"
    return f"no change seen ({could})"


def _only(line):
    here, there = ("A", "B") if line["verdict"] == "only_in_a" else ("B", "A")
    return f"only in {here}" + (f" ({there}: unmeasured: {line['why']})" if "why" in line else "")


def _verdict(line):
    word = line["verdict"]
    if word in ("slower", "faster"):
        return f"{word.upper()} ({_p(line['p'])}, {_pairs(line)})"
    if word == "few":
        return f"too few pairs to tell ({_pairs(line)}; {_enough()} and {_enough()} can)"
    if word == "no_pairs":
        return "no samples behind the figure: cannot be compared"
    if word in ("only_in_a", "only_in_b"):
        return _only(line)
    if line["kind"] == "key":
        return _same(line)
    if line["kind"] == "stage":
        return "no change seen" if word == "same" else f"{word.upper()}, a hint: one run each, noise unknown"
    return "no change" if word == "same" else f"{word.upper()} instructions: {'SLOWER' if word == 'more' else 'FASTER'}, exact"


def _where(line):
    if line["kind"] == "stage":
        return f"{line['scenario']} stage {line['key']}"
    if line["kind"] == "instructions":
        return f"instructions {line['key']}"
    return f"{line['scenario']} {line['key']} [{line['cell']}]"


def text(found):
    """@found of compare.compare() as text."""
    lines = [f"note: {note}" for note in found["notes"]]
    for line in found["lines"]:
        figures = f" {_number(line['a'])} -> {_number(line['b'])} {_percent(line['change'])}" if "a" in line else ""
        lines.append(f"{_where(line)}{figures} {_verdict(line)}")
    counts = {}
    for line in found["lines"]:
        counts[line["verdict"]] = counts.get(line["verdict"], 0) + 1
    same, few = counts.get("same", 0), counts.get("few", 0) + counts.get("no_pairs", 0)
    lone = counts.get("only_in_a", 0) + counts.get("only_in_b", 0)
    lines.append(f"compare: {found['slower']} slower, {found['faster']} faster, {same} without a change seen, {few} that cannot be told, {lone} in one alone")
    return "\n".join(lines)

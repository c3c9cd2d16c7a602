"""docs/filters.md: every example of its tables is what rhumb match and rhumb filter say."""
import json
import re
import shlex
import sys

from cli import check, finish, run

SECTION = re.compile(r"^### Dialect `(\w+)`")
SPAN = re.compile(r"`([^`]*)`|\((empty)\)")


def spans(cell):
    return [code for code, _ in SPAN.findall(cell)]


def cells(line):
    return [cell.strip() for cell in line.strip().strip("|").split("|")]


def matched(dialect, filters, topic):
    stdin = "".join(f"{one}\t{topic}\n" for one in filters).encode()
    return "match" in run("match", "--dialect", dialect, "--second-dialect", "mqtt", "--batch", stdin=stdin)[1].split()


dialect, topics, pairs, excepting, expressions, in_json = None, {}, {}, [], [], []
for line in open(sys.argv[2], encoding="utf-8"):
    if line.startswith("#"):
        found = SECTION.match(line)
        dialect = found.group(1) if found else None
        section = line.strip("# \n")
    row = cells(line)
    if not line.startswith("|") or row[0] in ("filter", "filters", "first", "expression", "question", "") or set(row[0]) == {"-"}:
        continue
    if dialect and len(row) == 3:
        wanted = [(t, "match") for t in spans(row[1])] + [(t, "nomatch") for t in spans(row[2])]
        for topic, verdict in wanted:
            topics.setdefault(dialect, []).append((spans(row[0])[0], topic, verdict))
    elif section in ("Attribute filters: CESQL", "Payloads in expressions") and len(row) == 3:
        expressions.append([spans(cell)[0] if cell else None for cell in row])
    elif section == "Attribute filters in JSON" and len(row) == 3:
        in_json.append([spans(cell)[0] for cell in row])
    elif section == "Groups and exceptions" and len(row) == 3 and row[0] != "filters of a session":
        excepting.append(row)
    elif len(row) == 5 and row[3] in ("yes", "no"):
        pairs.setdefault(tuple(row[2].split(", ")), []).append((spans(row[0])[0], spans(row[1])[0], *row[3:]))

check("dialects with examples", sorted(topics), ["amqp", "mqtt", "nats", "solace", "zenoh"])
for name, rows in topics.items():
    check(f"examples of {name}", len(rows) >= 9, True)
    stdin = "".join(f"{f}\t{t}\n" for f, t, _ in rows).encode()
    said = run("match", "--dialect", name, "--batch", stdin=stdin)[1].split()
    check(f"answers for {name}", len(said), len(rows))
    for (filter_text, topic, verdict), got in zip(rows, said):
        check(f"{name} {filter_text!r} {topic!r}", got, verdict)
check("examples of exceptions", len(excepting) >= 3, True)
for first, gets, misses in excepting:
    name = "nats" if "(nats)" in first else "mqtt"
    wanted, exceptions = ([one for one in spans(first) if one.startswith("!") == sign] for sign in (False, True))
    for topic, due in [(t, True) for t in spans(gets)] + [(t, False) for t in spans(misses)]:
        check(f"{first}: {topic}", matched(name, wanted, topic) and not matched(name, exceptions, topic), due)
        check(f"{first}: {topic} without its exceptions", matched(name, wanted, topic), True)
check("pairs", sum(map(len, pairs.values())) >= 10, True)
for (one, two), rows in pairs.items():
    stdin = "".join(f"{a}\t{b}\n" for a, b, *_ in rows).encode()
    for option, column in (("--intersects", 2), ("--covers", 3)):
        said = run("match", option, "--dialect", one, "--second-dialect", two, "--batch", stdin=stdin)[1].split()
        check(f"{option} {one} {two}", said, [row[column] for row in rows])
event = json.loads(re.search(r"```json\n(.*?)```", open(sys.argv[2], encoding="utf-8").read(), re.S).group(1))
check("expressions", len(expressions) >= 15, True)
stdin = "".join(json.dumps({"expression": row[0], "event": event}) + "\n" for row in expressions).encode()
for (expression, value, error), line in zip(expressions, run("filter", "eval", "--batch", stdin=stdin)[1].splitlines()):
    got = json.loads(line)
    check(expression, (got["result"], (got["error"] or {}).get("type")), (json.loads(value), error))
shown = re.findall(r"```\n\$ rhumb ([^\n]*)\n(.*?)```", open(sys.argv[2], encoding="utf-8").read(), re.S)
check("commands with what they print", len(shown), 1)
for command, printed in shown:
    check(command, run(*shlex.split(command))[1], printed)
check("filters in JSON", len(in_json) >= 10, True)
stdin = "".join(json.dumps({"filters": row[0], "event": event}) + "\n" for row in in_json).encode()
for (filters, expression, value), line in zip(in_json, run("filter", "eval", "--batch", stdin=stdin)[1].splitlines()):
    check(filters, json.loads(line)["result"], json.loads(value))
    check(f"{filters} means", json.loads(run("filter", "check", "-j", "--filters", filters)[1])["expression"], expression)
finish()

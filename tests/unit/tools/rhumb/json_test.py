"""--json: every command answers in JSON or refuses it; every error is one JSON line on stderr. All against docs/schemas."""
import json
import os
import pathlib
import sys

import jsonschema
from cli import check, check_in, finish, run

SCHEMAS = pathlib.Path(sys.argv[2])
env = {**{k: v for k, v in os.environ.items() if k != "RHUMB_ROUTER"}, "RHUMB_SOCKET": "/nonexistent/rhumb.sock"}
KINDS = {1: "refused", 2: "usage", 3: "no_daemon"}


def fits(name, schema, text):
    """The value of @text, after a check against a schema."""
    try:
        value = json.loads(text)
        jsonschema.validate(value, json.loads((SCHEMAS / f"{schema}.json").read_text(encoding="utf-8")))
        return value
    except (ValueError, jsonschema.ValidationError) as error:
        check(f"{name}: {text!r} as {schema}.json", str(error), "")
        return {}


def error_of(name, *args, code, command, **more):
    """Run what must fail: nothing on stdout, one line on stderr. Returns the sentence."""
    got, out, err = run(*args, env=env, **more)
    check(f"{name}: {args} exit, stdout, lines", (got, out, err.count("\n")), (code, "", 1))
    line = fits(f"{name}: {args}", "error", err)
    check(f"{name}: {args} kind, command", (line.get("kind"), line.get("command")), (KINDS[code], command))
    return line.get("error", "")


def words(rows):
    return [row["command"] for row in rows.get("commands", [])]


table = fits("help", "help", run("help", "-j")[1])
check("help in JSON lists what help lists", [f"  {row['command']} {row['arguments']}".rstrip() for row in table["commands"]],
      [line[:2 + len(f"{row['command']} {row['arguments']}".rstrip())] for line, row in
       zip(run("help")[1].split("commands:\n")[1].splitlines(), table["commands"])])
check("-j -h", run("-j", "-h")[1], run("help", "-j")[1])
check("help of one", words(fits("one", "help", run("help", "match", "-j")[1])), ["match"])
check("--help of one", run("-j", "match", "--help")[1], run("help", "match", "-j")[1])
check("help of a family", words(fits("family", "help", run("-j", "help", "log")[1])), ["log level", "log show"])
check("help of a family that is a command", words(fits("family", "help", run("-j", "help", "trace")[1])),
      ["trace start", "trace stop", "trace show", "trace"])

# Every row of the table: what can be answered without a daemon is, everything else fails in JSON.
LOCAL = {"help": "help", "version": "version"}
for row in table["commands"]:
    line = [*row["command"].split(), *["a/b"] * row["least_arguments"], "-j"]
    if row["command"] == "trace":
        line += ["--follow", "1"]
    if not row["json"]:
        check_in("why not", "no JSON form", error_of("refused", *line, code=2, command=row["command"]))
        check("help has JSON all the same", run(*row["command"].split(), "-j", "-h")[0], 0)
    elif row["needs"] == "daemon":
        check_in("no daemon", "/nonexistent/rhumb.sock", error_of("no daemon", *line, code=3, command=row["command"]))
    elif row["needs"] == "router":
        error_of("no router named", *line, "a", code=2, command=row["command"])
        error_of("no router there", *line, "a", "--router", "127.0.0.1:9", code=3, command=row["command"])
    elif row["command"] in LOCAL:
        code, out, err = run(*line)
        check(f"{line}", (code, err), (0, ""))
        fits(f"{line}", LOCAL[row["command"]], out)
    else:
        check("commands that need nothing", row["command"] in ("match", "filter eval", "filter check"), True)
check("those that refuse", [row["command"] for row in table["commands"] if not row["json"]], ["completion", "man"])

# Command lines that cannot be parsed, wherever -j stands.
for args, command in [
    (("-j",), None), (("fly", "-j"), None), (("-j", "show"), None), (("show", "nothing", "--json"), None),
    (("-j", "trace"), "trace"), (("show", "status", "extra", "-j"), "show status"), (("match", "--fast", "-j"), "match"),
    (("-j", "match", "--dialect"), "match"), (("-j", "match", "a"), "match"), (("help", "fly", "-j"), "help"),
    (("-j", "show", "topics", "--limit", "x"), "show topics"), (("-j", b"f\xff\n\x1b"), None),
    (("-j", "show", "status", "-s", "/" + "x" * 200), "show status"),
]:
    error_of("usage", *args, code=2, command=command)
check("a value that looks like -j is none", run("match", "--dialect", "-j", "a", "a")[2],
      "rhumb match: dialect -j is unknown: mqtt, solace, nats, zenoh and amqp are known\n")
check("so is an argument", run("match", "--", "-j", "-j")[1], "match\n")

# Verdicts.
for args, code, verdict in [(("a", "a"), 0, "match"), (("a", "b"), 1, "nomatch"), (("a+", "b"), 2, "invalid")]:
    got, out, err = run("-j", "match", *args)
    check(f"match {args}", (got, fits("verdict", "match", out).get("verdict"), bool(err)), (code, verdict, code == 2))
code, out, err = run("-j", "match", "--batch", stdin=b"a\ta\na\tb\nnothing\n\xff\ta\n\xc3+\ta")
check("batch", (code, [fits("batch", "match", line).get("verdict") for line in out.splitlines()], err),
      (0, ["match", "nomatch", "invalid", "invalid", "invalid"], ""))

# Expressions.
for args, code, result in [(("TRUE",), 0, True), (("1 + 1",), 1, 2), (("nothere",), 1, False), (("1 +",), 2, False)]:
    got, out, err = run("-j", "filter", "eval", *args)
    check(f"filter eval {args}", (got, fits("answer", "filter-eval", out).get("result"), bool(err)), (code, result, code == 2))
code, out, err = run("-j", "filter", "check", "a = 1 OR a = 1")
check("filter check", (code, fits("check", "filter-check", out), err), (0, {"expression": "((a = 1) OR (a = 1))", "predicates": 1, "cycles": 108, "bytes": 417,
                                                                      "dear": {"part": "(a = 1)", "position": 1, "cycles": 78}}, ""))
check("filter check of a constant", fits("check", "filter-check", run("-j", "filter", "check", "TRUE")[1])["dear"], None)
check_in("filter check of none", "cesql: at 3:", error_of("no expression", "-j", "filter", "check", "a =", code=2, command="filter check"))
finish()

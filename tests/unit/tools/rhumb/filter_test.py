"""rhumb filter: values, errors, exit codes, batch."""
import json
import tempfile

from cli import check, check_in, finish, run

EVENT = {"specversion": "1.0", "id": "A1", "source": "/plant/7", "type": "com.example.made", "hop": 5, "urgent": True,
         "subject": "café", "gone": None, "data": {"x": [1, "é"]}}

# Expression, result, type of the error and its position: cesql/spec.md section 3, on EVENT.
ROWS = [
    ("type LIKE 'com.example.%' AND hop < 10", True, None, None),
    ("hop = '5'", True, None, None),
    ("urgent", True, None, None),
    ("hop + 1", 6, None, None),
    ("UPPER(subject)", "CAFÉ", None, None),
    ("EXISTS gone", False, None, None),
    ("EXISTS data", False, None, None),
    ("urgent AND gone = 'x'", False, "MissingAttributeError", 11),
    ("5 / 0", 0, "MathError", 2),
    ("subject = 1", False, "CastError", 8),
    ("LEFT(subject, -1)", "café", "FunctionEvaluationError", 0),
    ("FOO(1)", False, "MissingFunctionError", 0),
    ("payload LIKE '{\"x\":[1,\"_\"]}'", True, None, None),
    ("MATCHES(payload, '[0-9],') AND CONTAINS(subject, 'f')", True, None, None),
    ("JSON(payload, '/x/0') + 1", 2, None, None),
    ("TRUE AND JSON(payload, '/y') = 1", False, "FunctionEvaluationError", 9),
    ("hop = 5 AND MATCHES(payload, '(a)\\1')", False, "ParseError", 12),
    ("MATCHES(payload, 'a*')", False, "ParseError", 0),
    ("payload", False, "ParseError", 0),
    ("subject = ( )", False, "ParseError", 12),
    ("", False, "ParseError", 0),
]
INVALID = ("ParseError", "MissingFunctionError")


def answer(out):
    line = json.loads(out)
    check("keys", sorted(line), ["error", "result"])
    error = line["error"] or {"type": None, "position": None, "message": None}
    if error["message"] is not None and error["position"] is not None:
        check_in("message", f"cesql: at {error['position']}: ", error["message"])
    return line["result"], error["type"], error["position"]


with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
    json.dump(EVENT, file)
    file.flush()
    for expression, *want in ROWS:
        code, out, err = run("filter", "eval", expression, file.name)
        check(expression, (code, *answer(out)), (2 if want[1] in INVALID else 0 if want[0] is True else 1, *want))
        if want[1] in INVALID:
            check_in("an invalid one says why", "rhumb filter eval: cesql: at ", err)

lines = "".join(json.dumps({"expression": row[0], "event": EVENT}) + "\n" for row in ROWS).encode()
code, out, err = run("filter", "eval", "--batch", stdin=lines)
check("batch", (code, [list(answer(line)) for line in out.splitlines()], err), (0, [row[1:] and list(row[1:]) for row in ROWS], ""))
check("from stdin", run("filter", "eval", "hop = 5", "-", stdin=b'{"hop": 5}')[0], 0)
check("no event", run("filter", "eval", "EXISTS hop")[:2], (1, '{"result":false,"error":null}\n'))
check("an integer is no boolean", run("filter", "eval", "1")[0], 1)
check("an expression that looks like an option", run("filter", "eval", "--", "-1 = -1")[0], 0)

BAD_LINES = [b"nothing", b"[]", b"{}", b'{"expression": 1}', b'{"expression": "TRUE", "event": 1}',
             b'{"expression": "TRUE", "event": {"Hop": 1}}', b'{"expression": "TRUE", "event": {"": 1}}',
             b'{"expression": "TRUE", "event": {"hop": 1.5}}', b'{"expression": "TRUE", "event": {"hop": 2147483648}}',
             b'{"expression": "TRUE", "event": {"hop": []}}', b'{"expression": "TRUE", "event": {"a": "\\u0000"}}',
             b'{"expression": "TRUE", "event": {"a": 1, "a": 2}}', b'{"expression": "TR\xff"}', b""]
code, out, err = run("filter", "eval", "--batch", stdin=b"\n".join(BAD_LINES) + b'\n{"expression": "TRUE"}')
check("bad lines", (code, [answer(line) for line in out.splitlines()], err),
      (0, [(None, "GenericError", None)] * len(BAD_LINES) + [(True, None, None)], ""))
check("an empty batch", run("filter", "eval", "--batch")[:2], (0, ""))
for args, stdin, sentence in [
    (("TRUE", "-"), b"{", "-: line 1: "),
    (("TRUE", "-"), b"[1]", "the event is no JSON object"),
    (("TRUE", "-"), b'{"a": 1.5}', "attribute a of the event is neither string, integer nor boolean"),
    (("TRUE", "/nonexistent"), b"", "/nonexistent: No such file"),
    (("--batch", "TRUE"), b"", "--batch reads expressions and events from stdin"),
    ((), b"", "an EXPRESSION is needed, or --batch"),
    (("a\xff",), b"", "is no UTF-8"),
]:
    code, _, err = run("filter", "eval", *(arg.encode("latin-1") for arg in args), stdin=stdin)
    check(f"filter eval {args}", code, 2)
    check_in(f"sentence of {args}", sentence, err)

FILTERS = '[{"exact": {"subject": "café", "hop": "5"}}, {"not": {"sql": "gone"}}]'
check("filters", run("filter", "eval", "--filters", FILTERS, "-", stdin=json.dumps(EVENT).encode()), (0, '{"result":true,"error":null}\n', ""))
check("filters that do not hold", run("filter", "eval", "--filters", FILTERS)[0], 1)
code, out, err = run("filter", "eval", "--filters", '{"exact": {"gone": "x"}}', "-", stdin=json.dumps(EVENT).encode())
check("an error in filters names their byte", (code, *answer(out.replace("filters: at", "cesql: at"))), (1, False, "MissingAttributeError", 19))
check_in("and their language", "filters: at 19: the event has no such attribute", out)
code, out, err = run("filter", "eval", "--filters", "[{}]")
check("filters that are none", (code, json.loads(out)["error"]["position"]), (2, 2))
check_in("says why", "rhumb filter eval: filters: at 2: a dialect is expected", err)
lines = [{"filters": FILTERS, "event": EVENT}, {"filters": "[", "event": EVENT}, {"filters": []}]
code, out, err = run("filter", "eval", "--batch", stdin="".join(json.dumps(line) + "\n" for line in lines).encode())
check("batch of filters", [(line["result"], (line["error"] or {}).get("type")) for line in map(json.loads, out.splitlines())],
      [(True, None), (False, "ParseError"), (None, "GenericError")])
check("batch with --filters", run("filter", "eval", "--batch", "--filters")[0], 2)
code, out, _ = run("filter", "check", "--filters", FILTERS)
check("check of filters", (code, "".join(out.splitlines(True)[:2])),
      (0, "((subject = 'café') AND (hop = '5') AND (NOT HOLDS((('TRUE' = gone) AND ('true' = gone)))))\n4 distinct predicates\n"))
check("check of bad filters", run("filter", "check", "--filters", "1")[:2], (2, ""))

def payload_of(**event):
    """Hexadecimal digits that the payload has, asked for one by one; each of the payloads here has one byte."""
    wanted = [f"{byte:02x}" for byte in range(256)]
    lines = "".join(json.dumps({"expression": f"MATCHES(payload, '^\\x{digits}\\z')", "event": event}) + "\n" for digits in wanted)
    said = run("filter", "eval", "--batch", stdin=lines.encode())[1].splitlines()
    return [digits for digits, line in zip(wanted, said) if json.loads(line)["result"]]


def holds(expression, event):
    return json.loads(run("filter", "eval", expression, "-", stdin=json.dumps(event).encode())[1])["result"]


check("base64", payload_of(data_base64="/w=="), ["ff"])
check("a string", payload_of(data="7"), ["37"])
check("a number", payload_of(data=7), ["37"])
for event, payload in [({}, ""), ({"data": ""}, ""), ({"data": "a b"}, "a b"), ({"data": "a", "datacontenttype": "text/plain"}, "a"),
                       ({"data": "a", "datacontenttype": "application/json"}, '"a"'), ({"data": None}, "null"),
                       ({"data": "a", "datacontenttype": "application/x+json; charset=utf-8"}, '"a"'), ({"data": [1, {"b": 2}]}, '[1,{"b":2}]'),
                       ({"data_base64": ""}, ""), ({"data_base64": "YWI="}, "ab")]:
    check(f"payload of {event}", holds(f"payload LIKE '{payload}'", event), True)
for event, sentence in [({"data": 1, "data_base64": ""}, "it has one payload"), ({"data_base64": "x"}, "data_base64 of the event is no base64"),
                        ({"data_base64": 1}, "data_base64 of the event is no base64")]:
    code, out, err = run("filter", "eval", "TRUE", "-", stdin=json.dumps(event).encode())
    check(f"{event}", code, 2)
    check_in(f"{event} says why", sentence, err)
code, out, err = run("filter", "check", "hop = 5 AND MATCHES(payload, '(?=a)b')")
check("check of a pattern", (code, out), (2, ""))
check_in("says what it lacks", "rhumb filter check: cesql: at 12: Zero-width assertions are not supported.", err)
code, out, err = run("filter", "check", "--filters", '{"sql": "MATCHES(payload, \'a*\')"}')
check_in("and in filters", "filters: at 9: the regular expression matches the empty payload", err)

check("check", run("filter", "check", "a=1 and not b like 'x%'"), (0, "((a = 1) AND ((NOT b) LIKE 'x%'))\n2 distinct predicates\n"
      "282 cycles an event, 1012 bytes\n174 cycles of them: ((NOT b) LIKE 'x%')\n", ""))
check("check of one", run("filter", "check", "a = 1 OR a != 1")[1], "((a = 1) OR (a != 1))\n1 distinct predicate\n"
      "108 cycles an event, 417 bytes\n78 cycles of them: (a = 1)\n")
check("check of what costs nothing", run("filter", "check", "TRUE")[1], "TRUE\n0 distinct predicates\n30 cycles an event, 80 bytes\n")
code, out, err = run("filter", "check", "a AND b OR c")
check("check of a mix", (code, out), (2, ""))
check_in("says how", "write (a AND b) OR c or a AND (b OR c)", err)
finish()

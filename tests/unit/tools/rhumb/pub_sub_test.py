"""rhumb pub and rhumb sub as processes, against the fake router."""
import base64
import hashlib
import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time

import jsonschema
from cli import RHUMB, check, check_in, finish, run

FAKE = sys.argv[2]
SCHEMAS = {name: json.loads(pathlib.Path(sys.argv[3], f"{name}.json").read_text(encoding="utf-8"))
           for name in ("pub", "sub", "error")}


class Router:
    def __init__(self, events=0, size=10):
        self.process = subprocess.Popen([FAKE, str(events), str(size)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        text=True)
        self.address = self.process.stdout.readline().strip()

    def stop(self):
        return json.loads(self.process.communicate(timeout=30)[0])


def fits(schema, text):
    value = json.loads(text)
    jsonschema.validate(value, SCHEMAS[schema])
    return value


def pub(*args, stdin=b""):
    router = Router()
    result = run("pub", "--router", router.address, *args, stdin=stdin)
    return result, router.stop()


# One event, in each way to say its payload.
(code, out, err), seen = pub("a/b", "--payload", "hello", "--attr", "zone=7", "--attr", "type=x=y")
check("one event", (code, out, err, seen["events"], seen["last_payload_len"]), (0, "", "", 1, 5))
check("its attributes", seen["last_attributes_len"] > 10, True)
check("it says goodbye", seen["byes"], 1)
with tempfile.NamedTemporaryFile() as file:
    file.write(b"\0" * 60000)
    file.flush()
    (code, out, err), seen = pub("a/b", "--file", file.name)
check("a file", (code, seen["last_payload_len"], seen["events"], seen["bad"]), (0, 60000, 1, 0))
(code, out, err), seen = pub("a", "--stdin-lines", stdin=b"one\n\nthree")
check("lines", (code, seen["events"], seen["last_payload_len"]), (0, 3, 5))
(code, out, err), seen = pub("a", "--count", "5000", "--payload", "x", "-j")
fits("pub", out)
check("count", (code, json.loads(out)["published"], seen["events"], seen["over_credit"]), (0, 5000, 5000, 0))
start = time.monotonic()
(code, out, err), seen = pub("a", "--count", "20", "--rate", "100")
check("rate is a bound", time.monotonic() - start >= 0.19, True)

# Batch.
lines = [{"topic": "a/b", "payload": "text"}, {"topic": "a", "payload_base64": base64.b64encode(b"\xff\0x").decode()},
         {"topic": "a", "payload": "x" * 70000}, {"topic": "a", "payload": "nul\0inside"},
         {"topic": "a/c", "payload": "é" * 30000, "attributes": {"n": 5, "b": True, "s": "text"}, "class": 0, "ttl_ms": 9}]
(code, out, err), seen = pub("--batch", stdin="\n".join(map(json.dumps, lines)).encode() + b"\n\n")
summary = json.loads(out)
check("batch", (code, summary["published"], summary["refused"]), (0, 4, {"too_large": 1, "invalid": 0}))
check("batch bytes", summary["bytes"], 4 + 3 + 10 + 60000)
check("batch at the router", (seen["events"], seen["last_topic"], seen["last_payload_len"], seen["last_class"]),
      (4, "a/c", 60000, 0))
check_in("too large says where", "line 3: payload of 70000 bytes", err)
(code, out, err), seen = pub("-j", "--batch", stdin="\n".join(map(json.dumps, lines)).encode() + b"\nnone\n")
fits("pub", out)
check("complaints in JSON", [(fits("error", line)["error"][:7], json.loads(line)["kind"]) for line in err.splitlines()],
      [("line 3:", "refused"), ("line 6:", "refused")])
bad = [b"{", b"[]", b"{}", b'{"topic":7}', b'{"topic":"a/+"}', b'{"topic":"a","payload":7}', b'{"topic":"a","x":1}',
       b'{"topic":"a","payload_base64":"!"}', b'{"topic":"a","payload":"a","payload_base64":"YQ=="}', b"\xff",
       b'{"topic":"a","attributes":[]}', b'{"topic":"a","attributes":{"A":"x"}}', b'{"topic":"a","attributes":{"a":null}}',
       b'{"topic":"a","attributes":{"a":"x\\u0000y"}}', b'{"topic":"a","class":8}', b'{"topic":"a","ttl_ms":-1}', b'{"topic":"a","topic":"b"}']
(code, out, err), seen = pub("--batch", stdin=b"\n".join(bad) + b'\n{"topic":"good"}\n')
check("bad lines are counted, good ones go", (code, json.loads(out)["refused"]["invalid"], seen["events"]), (1, len(bad), 1))
check("not every bad line is told", err.count("\n") <= 5, True)

# Whoever feeds it may pause: what was given so far is at the router before the pipe is closed.
router = Router()
with subprocess.Popen([RHUMB, "pub", "--batch", "--router", router.address], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
    process.stdin.write(b'{"topic":"a/early"}\n{"topic":"a/ha')
    process.stdin.flush()
    time.sleep(1)
    seen = router.stop()
    process.kill()
check("events do not wait for the end of the input", (seen["events"], seen["last_topic"]), (1, "a/early"))

# Usage and nobody there.
env = {k: v for k, v in os.environ.items() if k != "RHUMB_ROUTER"}
for args in (("pub", "a"), ("sub", "a"), ("pub", "--router", "127.0.0.1"), ("sub", "--router", "127.0.0.1:1", "--slow", "x", "a"),
             ("pub", "a", "--router", "127.0.0.1:x"), ("pub", "a", "--router", "127.0.0.1:70000"), ("pub", "a", "--router", "[::1]:0"),
             ("pub", "a", "--router", "127.0.0.1:"), ("pub", "--batch", "a", "--router", "x"), ("pub", "a", "--payload", "x", "--file", "y"),
             ("pub", "a", "--attr", "novalue", "--router", "x"), ("pub", "a", "--count", "0", "--router", "x")):
    check(f"usage of {args}", run(*args, env=env)[0], 2)
code, _, err = run("pub", "a", "--router", "127.0.0.1:9")
check("nobody there", code, 3)
check_in("and what to do", "is rhumbd running", err)

# Subscriber.
router = Router(2000, 100)
with tempfile.TemporaryDirectory() as folder:
    ready = folder + "/ready"
    code, out, err = run("-j", "sub", "demo/#", "--count", "2000", "--ready-file", ready, "--router", router.address)
    check("ready file", os.path.exists(ready), True)
rows = [json.loads(line) for line in out.splitlines()]
for text in out.splitlines():
    fits("sub", text)
check("events and a summary", (code, len(rows)), (0, 2001))
check("in order", [r["sequence"] for r in rows[:-1]], list(range(1, 2001)))
payload = bytes((i * 7 + 9) & 255 for i in range(100))
row = rows[8]
check("an event's keys", sorted(row), sorted(["topic", "publisher", "sequence", "attributes", "payload_len", "payload_sha256",
                                              "origin_ns", "received_ns", "latency_us"]))
check("its hash", row["payload_sha256"], hashlib.sha256(payload).hexdigest())
check("its publisher", row["publisher"], "0000000000abcdef")
check("summary", (rows[-1]["summary"]["events"], rows[-1]["summary"]["bytes"], rows[-1]["summary"]["lost"]), (2000, 200000, 0))
router.stop()

router = Router(1)
# Until nothing comes: the router's event may arrive between the two answers.
code, out, err = run("-j", "sub", "demo/#", "b", "--price", "--idle-exit", "1", "--router", router.address)
told = [fits("sub", line) for line in out.splitlines()]
check("prices as JSON", (code, [row for row in told if "subscription" in row]),
      (0, [{"subscription": {"filter": name, "every_cycles": 20 + i, "match_cycles": 280, "bytes": 164, "dear": ""}} for i, name in enumerate(["demo/#", "b"])]))
router.stop()
router = Router(1)
code, out, err = run("sub", "demo/#", "--price", "--count", "1", "--router", router.address)
check_in("prices for people", "demo/#: 20 cycles for each event, 280 more for each that matches, 164 bytes\n", err)
router.stop()

router = Router(30, 65000)
code, out, err = run("-j", "sub", "demo/a", "--idle-exit", "1", "--payload", "--router", router.address)
rows = [json.loads(line) for line in out.splitlines()]
for text in out.splitlines():
    fits("sub", text)
check("large events", (code, len(rows), rows[-1]["summary"]["reassembled"]), (0, 31, 30))
check("a payload that is no text", base64.b64decode(rows[0]["payload_base64"])[:3], bytes([1, 8, 15]))
router.stop()

router = Router(3, 5)
code, out, err = run("sub", "demo/a", "--count", "3", "--router", router.address)
check("for people, escaped", (code, out.splitlines()[0]), (0, "demo/a \\x01\\x08\\x0f\\x16\\x1d"))
check("refused filter", run("sub", "refuse/me", "--router", router.address)[0], 1)
router.stop()
router = Router(1, 5)
check("topics only", run("sub", "a", "--count", "1", "--quiet-payload", "--router", router.address)[1], "demo/a\n")
router.stop()

# Dialects and exceptions.
router = Router(1, 5)
with tempfile.NamedTemporaryFile(mode="w") as file:
    file.write("f.*\n!f.>\n")
    file.flush()
    code, out, err = run("sub", "--dialect", "nats", "--match", "x", "a.>", "!a.*.b", "--filters-from", file.name, "--count", "1", "--router", router.address)
check("filters in a dialect", (code, out), (0, "demo/a \\x01\\x08\\x0f\\x16\\x1d\n"))
check("the expression is not for exceptions", router.stop()["entries"], [["a.>", 2, 1], ["!a.*.b", 2, 0], ["f.*", 2, 1], ["!f.>", 2, 0]])
for option, kind in (("--cesql", 2), ("--filters", 3)):
    router = Router(1, 5)
    check(option, run("sub", option, "{}", "a", "!b", "--count", "1", "--router", router.address)[0], 0)
    check("its kind", router.stop()["entries"], [["a", 0, kind], ["!b", 0, 0]])
router = Router(1, 5)
code, _, err = run("sub", "--cesql", "a", "--match", "x", "a", "--router", router.address)
check("two kinds of content", (code, "give one of --match, --cesql and --filters" in err), (2, True))
check("ask for nothing", router.stop()["entries"], [])
router = Router(1, 5)
check("the empty key of amqp", run("sub", "--dialect", "amqp", "", "--count", "1", "--router", router.address)[0], 0)
check("is sent", router.stop()["entries"], [["", 4, 0]])
router = Router(1, 5)
code, _, err = run("sub", "--dialect", "smtp", "a", "--router", router.address)
check("an unknown dialect", code, 2)
check_in("names those that are known", "dialect smtp is unknown: mqtt, solace, nats, zenoh and amqp are known", err)
check("and asks for nothing", router.stop()["entries"], [])

# Many filters, a slow subscriber, and the end by signal.
router = Router(1000, 20)
with tempfile.NamedTemporaryFile(mode="w") as file:
    file.write("".join(f"f/{i}\n" for i in range(300)))
    file.flush()
    with subprocess.Popen([RHUMB, "-j", "sub", "--filters-from", file.name, "--slow", "20", "--router", router.address],
                          stdout=subprocess.PIPE, text=True) as process:
        time.sleep(2)
        process.send_signal(signal.SIGTERM)
        out = process.communicate(timeout=30)[0]
    check("ends well on SIGTERM", process.returncode, 0)
got = json.loads(out.splitlines()[-1])["summary"]["events"]
check("slow on purpose", 1 <= got <= 100, True)
check("requests hold many filters", router.stop()["subscribes"] <= 12, True)
finish()

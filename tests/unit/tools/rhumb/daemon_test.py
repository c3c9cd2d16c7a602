"""Commands that ask the daemon, against a control socket in this process that answers what the test wants."""
import grp
import json
import os
import socket
import struct
import subprocess
import tempfile
import threading

from cli import RHUMB, check, check_in, finish, run

HEAD = struct.Struct(">HHIIHH")
HELLO = {"daemon": "rhumbd", "version": "0.1.0", "protocol": 1, "node": "n", "uid": 0, "permission": "admin"}
folder = tempfile.mkdtemp(prefix="rhumb-ctl-")
path = folder + "/s"


class Daemon(threading.Thread):
    """Answers the handshake, then each request with @replies: a list of (status, flags, body) for each type; body may be bytes."""

    def __init__(self, replies=None, hello=None, raw=None):
        super().__init__(daemon=True)
        self.replies, self.hello, self.raw, self.asked = replies or {}, hello, raw, []
        self.server = socket.socket(socket.AF_UNIX)
        if os.path.exists(path):
            os.unlink(path)
        self.server.bind(path)
        self.server.listen(4)
        self.start()

    def run(self):
        connection, _ = self.server.accept()
        with connection:
            while True:
                head = connection.recv(HEAD.size, socket.MSG_WAITALL)
                if len(head) < HEAD.size:
                    return
                version, kind, length, request, _, _ = HEAD.unpack(head)
                body = connection.recv(length, socket.MSG_WAITALL) if length else b""
                self.asked.append((kind, json.loads(body)))
                if self.raw is not None:
                    connection.sendall(self.raw)
                    return
                parts = [self.hello or (0, 0, HELLO)] if kind == 1 else self.replies.get(kind, [(5, 0, {"error": "what?"})])
                for status, flags, answer in parts:
                    data = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
                    connection.sendall(HEAD.pack(version, kind, len(data), request, status, flags) + data)


def ask(replies, *args, **how):
    daemon = Daemon(replies, **how)
    result = run("-s", path, *args)
    daemon.server.close()
    daemon.join(10)
    return result, daemon.asked


# Every show passes its answer through unchanged, and has a form for people.
ANSWERS = {
    ("show", "status"): (10, {"node": "n1", "health": "ok", "problems": ["a b", "c"], "hugepages": False, "x": None}),
    ("show", "ports"): (11, {"ports": [{"index": 0, "name": "p0", "link": "up", "addresses": ["198.18.1.1/24", "fe80::1/64"]}]}),
    ("show", "workers"): (12, {"workers": [{"worker": 0, "core": 1, "busy_share": 0.5}], "rcu": {"grace_us": 3, "backlog": 0}}),
    ("show", "sessions"): (13, {"sessions": [{"session": 1, "client_id": "c", "credit_events": None, "drops": {"queue_full": 3}}]}),
    ("show", "subscriptions"): (14, {"subscriptions": []}),
    ("show", "topics"): (15, {"topics": [{"topic": "a/\x1b[2J", "events": 5, "exact": True}], "shown": 1, "matched": 65536, "cached": 70000, "left_out": 2,
                              "sample": 1, "missed_error": 16, "topic_missed_at_most": 3,
                              "rest": {"events": 12031, "bytes": 9, "topics": 9000, "topics_error": 144}}),
    ("show", "drops"): (16, {"drops": [{"reason": "short", "level": "datagram", "count": 0, "help": "fewer bytes"}]}),
    ("show", "counters"): (17, {"total": {"rx_datagrams": 7, "drop_events": {"duplicate": 2}},
                                "workers": [{"worker": 0, "rx_datagrams": 3}, {"worker": 1, "rx_datagrams": 4}],
                                "laws": {"datagrams": 0, "events": -1, "copies": 0}, "hold": False}),
    ("show", "limits"): (18, {"limits": [{"name": "WORKERS", "limit": 16, "used": None, "unit": "workers", "hits": 0, "help": "h"}]}),
    ("show", "patterns"): (19, {"patterns": [{"tenant": 3, "patterns": 1, "databases": 1, "worst_cycles_per_byte": 0.93,
                                              "typical_cycles_per_byte": 101.7, "limit_cycles_per_byte": 32.24, "dear": True}]}),
    ("log", "show"): (31, {"rooms": [{"room": "main", "level": "info"}]}),
    ("trace", "show"): (23, {"events": [{"at": "2026-01-01T00:00:00Z", "topic": "a"}], "tracing": False}),
    ("trace", "stop"): (22, {"tracing": False}),
    ("shutdown",): (40, {"draining_ms": 100}),
}
for words, (kind, answer) in ANSWERS.items():
    (code, out, err), asked = ask({kind: [(0, 0, answer)]}, "-j", *words)
    check(f"{words} in JSON", (code, err, json.loads(out)), (0, "", answer))
    check(f"{words} asks", [k for k, _ in asked], [1, kind])
    (code, out, err), _ = ask({kind: [(0, 0, answer)]}, *words)
    check(f"{words} for people", (code, err, bool(out)), (0, "", True))
    check(f"{words} leaves the terminal alone", "\x1b" in out, False)

people = {words: ask({kind: [(0, 0, answer)]}, *words)[0][1] for words, (kind, answer) in ANSWERS.items()}
check_in("counters by worker", "rx_datagrams      7         3         4", people[("show", "counters")])
check_in("drops of counters", "drop_events duplicate  2", people[("show", "counters")])
check_in("a broken law is seen", "laws hold: no", people[("show", "counters")])
check_in("a drop reason of a session", "queue_full=3", people[("show", "sessions")])
check_in("what patterns cost", "101.7", people[("show", "patterns")])
check_in("lists take a line each", "problems   a b\n           c\n", people[("show", "status")])
check_in("an empty list has its heading", "subscription  session", people[("show", "subscriptions")])
topics = people[("show", "topics")]
check_in("how many topics are shown", "\n1 of 65,536 topics shown: --limit N shows more\n2 topics more did not fit", topics)
check_in("what is not told apart", "\n12,031 further events, of about 9,000 topics (+- 144), are not told apart\nat most 3 of them are of the topic asked for "
         "(16 too many at most, ", topics)
few = {"topics": [], "shown": 0, "matched": 0, "sample": 1, "rest": {"events": 0}}
check_in("nothing but what is shown", "\n0 of 0 topics shown\nevery event is in one of the topics\n", ask({15: [(0, 0, few)]}, "show", "topics")[0][1])
few.update(sample=16, rest={"events": 999, "topics": 3, "topics_error": 1})
check_in("sampled topics", "\nthe result cache is off: one event in 16 was looked at, all counts are estimates\nabout 999 further events, of about 3 topics",
         ask({15: [(0, 0, few)]}, "show", "topics")[0][1])
check_in("what to do next", "rhumb trace start", people[("trace", "show")])

# Arguments become members.
for args, kind, want in [
    (("show", "subscriptions", "--session", "7"), 14, {"session": 7}),
    (("show", "topics"), 15, {"max": 40}),
    (("show", "topics", "a/#", "--limit", "5", "--tenant", "t", "--sort", "bytes"), 15, {"filter": "a/#", "max": 5, "tenant": "t", "sort": "bytes"}),
    (("show", "topics", "a.*", "--dialect", "nats"), 15, {"filter": "a.*", "dialect": "nats", "max": 40}),
    (("trace", "start"), 21, {}), (("trace", "start", "a/#"), 21, {"filter": "a/#"}),
    (("trace", "start", "a.*", "--dialect", "amqp"), 21, {"filter": "a.*", "dialect": "amqp"}),
    (("trace", "show", "--max", "9"), 23, {"max": 9}),
    (("log", "level", "session", "debug"), 30, {"room": "session", "level": "debug"}),
    (("shutdown", "--drain-ms", "0"), 40, {"drain_ms": 0}), (("shutdown",), 40, {}),
    (("explain", "a/b", "--attr", "n=1", "--attr", "type=a=b"), 20, {"topic": "a/b", "attributes": {"n": "1", "type": "a=b"}}),
    (("explain", "a/b", "--attr", "n:int=-5", "--attr", "b:bool=true", "--attr", "c:bool=false", "--attr", "s=a:int=7"), 20,
     {"topic": "a/b", "attributes": {"n": -5, "b": True, "c": False, "s": "a:int=7"}}),
    (("explain", "a/b"), 20, {"topic": "a/b"}), (("explain", "a/b", "--client", "x"), 20, {"topic": "a/b", "client_id": "x"}),
]:
    (code, _, _), asked = ask({kind: [(0, 0, {})]}, *args)
    check(f"request of {args}", (code, asked[-1]), (0, (kind, want)))
with tempfile.NamedTemporaryFile() as file:
    file.write(b"\xff\0a")
    file.flush()
    (code, out, _), asked = ask({20: [(0, 0, {"candidates": [{"verdict": "deliver", "filter": "a"}], "copies": 1, "undecided": 2,
                                               "cost": {"shapes": 5, "compared": 4, "matched": 3, "scans": 1, "copies": 2, "cycles": 640}})]},
                                "explain", "a", "--payload", file.name)
    check("payload of explain", asked[-1][1], {"topic": "a", "payload_base64": "/wBh"})
    check_in("explain for people", "2 depend on the event: give --payload FILE and --attr", out)
    check_in("its cost", "640 cycles, about: 1 topic cut, 5 shapes probed, 4 filters compared, 3 matched, 1 payload scans, 2 copies", out)
    file.write(b"x" * 65536)
    file.flush()
    check("a payload beyond the limit", run("-s", path, "explain", "a", "--payload", file.name)[0], 1)

# A long answer comes in parts.
(code, out, _), _ = ask({13: [(0, 1, {"sessions": [{"session": 1}], "n": 1}), (0, 1, {"sessions": [{"session": 2}]}),
                              (0, 0, {"sessions": [{"session": 3}]})]}, "-j", "show", "sessions")
check("parts are put together", json.loads(out), {"sessions": [{"session": 1}, {"session": 2}, {"session": 3}], "n": 1})

# Follow: each event once, and the trace is stopped.
event = {"at": "t", "topic": "a", "sequence": 1}
(code, out, _), asked = ask({21: [(0, 0, {})], 22: [(0, 0, {})], 23: [(0, 0, {"events": [event], "tracing": True})]},
                            "-j", "trace", "a/#", "--follow", "1")
check("follow", (code, [json.loads(l) for l in out.splitlines()]), (0, [event]))
check("follow ends the trace", asked[-1][0], 22)

# Refusals and broken daemons.
for status, want in ((1, 1), (2, 1), (3, 1), (4, 1), (5, 1), (6, 3), (7, 1), (99, 1)):
    (code, _, err), _ = ask({10: [(status, 0, {"error": "because of x"})]}, "show", "status")
    check(f"status {status}", (code, err), (want, "rhumb show status: because of x\n"))
(code, _, err), _ = ask({}, "show", "status", hello=(6, 0, {"error": "speak 2"}))
check("another version", (code, err), (3, "rhumb show status: speak 2\n"))
for name, raw in (("hangs up", b""), ("half a header", b"\0\1\0"), ("version 9", HEAD.pack(9, 1, 0, 1, 0, 0)),
                  ("too long", HEAD.pack(1, 1, 1 << 21, 1, 0, 0)), ("half a body", HEAD.pack(1, 1, 10, 1, 0, 0) + b"{}"),
                  ("no JSON", HEAD.pack(1, 1, 2, 1, 0, 0) + b"{["), ("no object", HEAD.pack(1, 1, 2, 1, 0, 0) + b"[]"),
                  ("another request", HEAD.pack(1, 1, 2, 77, 0, 0) + b"{}"), ("another type", HEAD.pack(1, 2, 2, 1, 0, 0) + b"{}")):
    (code, out, err), _ = ask({}, "show", "status", raw=raw)
    check(f"a daemon that is broken: {name}", (code, out, err.count("\n")), (3, "", 1))
os.unlink(path)
code, _, err = run("-s", path, "show", "status")
check("no daemon", code, 3)
check_in("no daemon: what to do", "start rhumbd", err)
with socket.socket(socket.AF_UNIX) as stale:
    stale.bind(path)
check("nobody listens", run("-s", path, "show", "status")[0], 3)
with tempfile.NamedTemporaryFile() as file:
    code, _, err = run("-s", file.name, "show", "status")
check("a file that is no socket", (code, err), (3, f"rhumb show status: {file.name} is not a socket: name rhumbd's with --socket PATH\n"))


def as_nobody(group, mode):
    """What somebody without rights is told about a socket of @group in a folder of @mode."""
    os.chown(path, 0, group)
    os.chmod(path, 0o660)
    os.chmod(folder, mode)
    done = subprocess.run([RHUMB, "-s", path, "show", "status"], capture_output=True, text=True, check=False, user=65534,
                          group=65534, extra_groups=[])
    check("permission denied: exit, stdout", (done.returncode, done.stdout), (1, ""))
    return done.stderr


if os.geteuid() == 0:
    named = grp.getgrall()[1]
    check_in("a group that may ask", f"member of group {named.gr_name} (usermod", as_nobody(named.gr_gid, 0o755))
    check_in("root's own socket", "root may ask, or members of its group, which is root", as_nobody(0, 0o755))
    check_in("a closed folder", "its folder is closed to this user", as_nobody(0, 0o700))
else:
    print("skipped: what is told to somebody without rights: needs root")
check("environment", run("show", "status", env={**os.environ, "RHUMB_SOCKET": path})[0], 3)
check("a path that is too long", run("-s", "/" + "x" * 200, "show", "status")[0], 2)
for attribute, sentence in (("x", "NAME=VALUE, NAME:int=VALUE or NAME:bool=VALUE is needed"), (":int=5", "is needed"),
                            ("n:int=", "'' is no integer"), ("n:int=+5", "'+5' is no integer: -2147483648 to 2147483647 are right"),
                            ("n:int= 5", "no integer"), ("n:int=2147483648", "no integer"), ("n:int=99999999999999999999", "no integer"),
                            ("n:int=5x", "no integer"), ("n:int=-", "no integer"), ("b:bool=1", "'1' is no boolean: true or false is right"),
                            ("n:float=1", "type 'float' is unknown: int and bool are known"), ("n:=1", "type '' is unknown"),
                            ("n:int:bool=1", "type 'int:bool' is unknown")):
    code, out, err = run("-s", path, "explain", "a", "--attr", attribute)
    check(f"usage of --attr {attribute}", (code, out), (2, ""))
    check_in(f"what is wrong with --attr {attribute}", f"--attr {attribute}: ", err)
    check_in(f"why --attr {attribute}", sentence, err)
for args in (("show", "topics", "a", "--dialect", "smtp"), ("trace", "start", "a", "--dialect", ""), ("trace", "a", "--follow", "1", "--dialect", "x"),
             ("show", "subscriptions", "--session", "x"), ("log", "level", "main"), ("explain",), ("explain", "a", "--attr", "x"), ("explain", "a", "--attr", "=x"), ("explain", "a", "--attr", "x=1", "--attr", "x=2"), ("explain", "a", "--attr", "x=1", "--attr", "x:int=2"), ("trace", "a"), ("shutdown", "now"),
             ("show", "topics", "a", "b"), ("show", "topics", "--limit", "0"), ("show", "topics", "--limit", "5000")):
    check(f"usage of {args}", run("-s", path, *args)[0], 2)
os.unlink(path)
os.rmdir(folder)
finish()

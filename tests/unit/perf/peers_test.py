"""The clients of other brokers and the scenario that measures them; servers are the test's own."""

import io
import json
import os
import pathlib
import re
import socket
import subprocess
import sys
import tempfile
import threading
import types
import unittest
from contextlib import contextmanager, redirect_stdout
from unittest import mock

import jsonschema

TOP = pathlib.Path(__file__).resolve().parents[3]
sys.path.insert(0, str(TOP / "perf"))

from lib import machine, path, peer, probe, report  # noqa: E402
from lib.machine import MachineError  # noqa: E402
from lib.pairs import Void  # noqa: E402
from lib.rig import Rig  # noqa: E402
from peers import client, mqtt, nats, pump, server_time, wire  # noqa: E402
from peers.cycle import Cycle  # noqa: E402
from peers.pump import Expected, Pump  # noqa: E402
from peers.wire import Connection, Fault  # noqa: E402
from scenarios import peers  # noqa: E402

HZ = 2_000_000_000
SECOND = 1_000_000_000
QUIET = {"core": 1, "longest_ns": 20_000, "over_1ms": 0}
BUSY = {"core": 1, "longest_ns": 3_000_000, "over_1ms": 1}


@contextmanager
def served(*answers):
    """A server on a port of its own, one connection after the other: each of @answers talks to one."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(20)

        def serve():
            for answer in answers:
                taken, _ = listener.accept()
                taken.settimeout(20)
                with taken:
                    answer(taken)
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield listener.getsockname()[1]
        thread.join(20)


def says(*lines):
    """Send @lines, one after each piece that is read, then the end."""
    def answer(taken):
        for number, line in enumerate(lines):
            if number:
                taken.recv(65536)
            taken.sendall(line)
        taken.shutdown(socket.SHUT_WR)
        while taken.recv(65536):
            pass
    return answer


class Nats(unittest.TestCase):
    def test_bytes_are_those_of_the_protocol(self):
        self.assertEqual(nats.subscription("plant/e5/line", 6), b"SUB plant.e5.line 6\r\n")
        self.assertEqual(nats.published("plant/e5", b"abc"), b"PUB plant.e5 3\r\nabc\r\n")
        self.assertEqual(nats.delivered("plant/e5", 6, b"abc"), b"MSG plant.e5 6 3\r\nabc\r\n")
        self.assertFalse(json.loads(nats.CONNECT.removeprefix(b"CONNECT "))["verbose"])

    def greet(self, *lines):
        with served(says(*lines)) as port:
            connection = Connection(port)
            try:
                nats.greet(connection)
            finally:
                connection.close()

    def test_a_greeting_ends_with_pong(self):
        self.greet(b'INFO {"server_id":"x"}\r\n', b"PONG\r\n")

    def test_a_ping_within_the_greeting_is_answered(self):
        heard = []

        def answer(taken):
            taken.sendall(b'INFO {"server_id":"x"}\r\n')
            while b"\r\nPING\r\n" not in b"".join(heard):
                heard.append(taken.recv(65536))
            taken.sendall(b"PING\r\nPONG\r\n")
            while got := taken.recv(65536):
                heard.append(got)
        with served(answer) as port:
            connection = Connection(port)
            nats.greet(connection)
            connection.close()
        self.assertTrue(b"".join(heard).endswith(b"PING\r\nPONG\r\n"))

    def test_a_refusal_is_a_sentence(self):
        with self.assertRaisesRegex(Fault, "the server says 'Authorization Violation'"):
            self.greet(b'INFO {"server_id":"x"}\r\n', b"-ERR 'Authorization Violation'\r\n")

    def test_another_protocol_is_told(self):
        with self.assertRaisesRegex(Fault, "INFO was expected.*HTTP/1.1 400.*is this nats-server"):
            self.greet(b"HTTP/1.1 400 Bad Request\r\n")

    def test_a_line_without_end_is_not_read_for_ever(self):
        with self.assertRaisesRegex(Fault, "a line of more than 8192 bytes"):
            self.greet(b"x" * 10000)

    def test_a_server_that_goes_is_told(self):
        with self.assertRaisesRegex(Fault, "closed the connection, its last bytes were b'INF'"):
            self.greet(b"INF")


class Mqtt(unittest.TestCase):
    def test_lengths_are_those_of_the_specification(self):
        # The first and last values of each size, table 2.4.
        for length, data in ((0, "00"), (127, "7f"), (128, "8001"), (16383, "ff7f"), (16384, "808001"), (2097151, "ffff7f"), (268435455, "ffffff7f")):
            self.assertEqual(mqtt.remaining(length).hex(), data)

    def test_bytes_are_those_of_the_protocol(self):
        self.assertEqual(mqtt.published("a/b", b"xyz"), bytes.fromhex("3008" "0003612f62" "78797a"))
        self.assertEqual(mqtt.delivered("a/b", 9, b"xyz"), mqtt.published("a/b", b"xyz"))

    def talk(self, what, *lines):
        heard = []

        def answer(taken):
            for line in lines:
                heard.append(taken.recv(65536))
                taken.sendall(line)
            while got := taken.recv(65536):
                heard.append(got)
        with served(answer) as port:
            connection = Connection(port)
            try:
                what(connection)
            finally:
                connection.close()
        return heard

    def test_connect_is_3_1_1_without_keep_alive(self):
        heard = self.talk(mqtt.greet, bytes.fromhex("20020000"))
        self.assertEqual(heard, [bytes.fromhex("100c" "00044d515454" "04" "02" "0000" "0000")])

    def test_a_subscription_asks_for_qos_0(self):
        heard = self.talk(lambda connection: mqtt.subscribe(connection, ["a/b"]), bytes.fromhex("9003000100"))
        self.assertEqual(heard, [bytes.fromhex("8208" "0001" "0003612f62" "00")])

    def test_refusals_are_sentences(self):
        with self.assertRaisesRegex(Fault, "refuses the connection: not authorized"):
            self.talk(mqtt.greet, bytes.fromhex("20020005"))
        with self.assertRaisesRegex(Fault, "refuses the connection: code 77"):
            self.talk(mqtt.greet, bytes.fromhex("2002004d"))
        with self.assertRaisesRegex(Fault, "refuses the subscription to a/b"):
            self.talk(lambda connection: mqtt.subscribe(connection, ["a/b"]), bytes.fromhex("9003000180"))

    def test_what_is_no_answer_is_told(self):
        with self.assertRaisesRegex(Fault, "CONNACK was expected, a packet 0x49 came"):
            self.talk(mqtt.greet, b"INFO {}\r\n")
        with self.assertRaisesRegex(Fault, "CONNACK has a length of more than 4 bytes"):
            self.talk(mqtt.greet, bytes.fromhex("20ffffffffff"))
        with self.assertRaisesRegex(Fault, "refuses the connection: b''"):
            self.talk(mqtt.greet, bytes.fromhex("2000"))


class Cycles(unittest.TestCase):
    def test_positions_and_messages(self):
        cycle = Cycle([b"ab", b"cde", b"f"])
        self.assertEqual([cycle.end(n) for n in range(8)], [0, 2, 5, 6, 8, 11, 12, 14])
        self.assertEqual([cycle.whole(p) for p in range(9)], [0, 0, 1, 1, 1, 2, 3, 3, 4])
        self.assertEqual((cycle.piece(1, 3), cycle.piece(4, 10), cycle.piece(6, 2)), (b"bcd", b"ef", b"ab"))

    def test_every_topic_is_drawn_and_the_draw_is_the_same_each_time(self):
        names = client.topics(10)
        one, other = (client.cycles(nats, names, 1000)[0].data for _ in range(2))
        self.assertEqual(one, other)
        self.assertEqual(len({line for line in one.split(b"\r\n") if line.startswith(b"PUB")}), 10)

    def test_payloads_have_64_bytes_and_differ(self):
        self.assertEqual({len(client.payload(n)) for n in range(1000)}, {64})
        self.assertEqual(len({client.payload(n) for n in range(1000)}), 1000)


MESSAGES = [nats.delivered(f"t/{n % 3}", n % 3 + 1, client.payload(n)) for n in range(20)]


def fed(data, size=7):
    """What is expected of MESSAGES after @data came in pieces of @size."""
    answers = []
    expected = Expected(Cycle(MESSAGES), nats.control, answers.append)
    for at in range(0, len(data), size):
        expected.feed(data[at:at + size])
    return expected, answers


class Stream(unittest.TestCase):
    def test_pieces_of_any_size_are_the_same(self):
        for size in (1, 2, 7, 64, 100, 5000):
            self.assertEqual(fed(b"".join(MESSAGES) * 3, size)[0].delivered, 60)

    def test_a_message_that_is_not_whole_does_not_count(self):
        self.assertEqual(fed(b"".join(MESSAGES)[:-1])[0].delivered, 19)

    def test_pings_between_messages_are_answered(self):
        for size in (1, 4, 5000):
            expected, answers = fed(MESSAGES[0] + b"PING\r\n" + MESSAGES[1] + b"PONG\r\nPING\r\n", size)
            self.assertEqual((expected.delivered, expected.flushes, answers), (2, 1, [b"PONG\r\n", b"PONG\r\n"]))

    def test_each_kind_of_fault_is_found(self):
        a, b, c = MESSAGES[:3]
        for name, data in (("lost", a + c), ("doubled", a + a + b), ("reordered", b + a), ("altered", a + b[:-5] + b"#" + b[-4:]),
                           ("cut", a + b[:10] + b"PING\r\n" + b[10:]), ("unknown", a + b"HELLO\r\n")):
            for size in (1, 13, 5000):
                with self.subTest(name, size=size), self.assertRaisesRegex(Fault, "expected was"):
                    fed(data, size)

    def test_the_server_may_say_what_is_wrong(self):
        with self.assertRaisesRegex(Fault, "the server says 'Slow Consumer'.*expected was message 1"):
            fed(MESSAGES[0] + b"-ERR 'Slow Consumer'\r\n", 5000)

    def test_mqtt_knows_nothing_but_its_own_answer(self):
        expected = Expected(Cycle([mqtt.published("a", b"x")]), mqtt.control, None)
        expected.feed(mqtt.published("a", b"x") + b"\xd0")
        expected.feed(b"\x00")
        self.assertEqual((expected.delivered, expected.flushes), (1, 1))
        with self.assertRaisesRegex(Fault, "xe0.* came"):
            expected.feed(b"\xe0\x00")

    def test_the_common_beginning(self):
        for one, other, length in ((b"", b"", 0), (b"abc", b"abd", 2), (b"abc", b"abc", 3), (b"xbc", b"abc", 0), (b"abcd", b"ab", 2)):
            self.assertEqual(pump.common(one, other), length)


class Broker:
    """A NATS server for one subscriber and one publisher, strict in what it reads. @harm(number, message) returns what is delivered for it."""

    def __init__(self, harm=lambda _number, message: message, ping_every=0):
        self.harm, self.ping_every = harm, ping_every
        self.numbers, self.subscriber, self.waiting = {}, None, b""
        self.seen = self.pongs = 0

    def _lines(self, taken):
        taken.sendall(b'INFO {"server_id":"x"}\r\n')
        file = taken.makefile("rb")
        while line := file.readline():
            words = line.split()
            if words[0] == b"PING":
                taken.sendall(b"PONG\r\n")
            elif words[0] == b"PONG":
                self.pongs += 1
            elif words[0] != b"CONNECT":
                yield words, file

    def subscribe(self, taken):
        self.subscriber = taken
        for words, _ in self._lines(taken):
            self.numbers[words[1]] = words[2]

    def publish(self, taken):
        for (verb, subject, size), file in self._lines(taken):
            data = file.read(int(size) + 2)
            assert verb == b"PUB" and data.endswith(b"\r\n"), (verb, data)
            message = b"MSG %s %s %s\r\n%s" % (subject, self.numbers[subject], size, data)
            self.subscriber.sendall(self.harm(self.seen, message))
            self.seen += 1
            if self.ping_every and self.seen % self.ping_every == 0:
                taken.sendall(b"PING\r\n")
                self.subscriber.sendall(b"PING\r\n")

    @contextmanager
    def listen(self):
        """Its port. The subscriber comes first and stays."""
        threads = []

        def aside(taken):
            kept = taken.dup()
            kept.settimeout(20)

            def serve():
                with kept:
                    quietly(kept, self.subscribe)
            threads.append(threading.Thread(target=serve, daemon=True))
            threads[0].start()

        def quietly(taken, serve):
            try:
                serve(taken)
            except OSError:
                pass  # the client found its fault and went
        with served(aside, lambda taken: quietly(taken, self.publish)) as port:
            yield port


@contextmanager
def joined(broker, subscriptions, window):
    """A pump through @broker."""
    names = client.topics(subscriptions)
    with broker.listen() as port:
        subscriber, publisher = client.connect(nats, port), client.connect(nats, port)
        try:
            nats.subscribe(subscriber, names)
            yield Pump(nats, publisher, subscriber, *client.cycles(nats, names, 50), window)
        finally:
            subscriber.close()
            publisher.close()


def pumped(broker, count):
    """How many messages a pump delivered of @count or a few more."""
    with joined(broker, 3, 64) as sut:
        sut.run(lambda: sut.published < count)
        return sut.drain()


class Pumps(unittest.TestCase):
    def test_everything_arrives(self):
        broker = Broker()
        delivered = pumped(broker, 2000)
        self.assertGreaterEqual(delivered, 2000)
        self.assertEqual(broker.seen, delivered)

    def test_never_more_under_way_than_the_window(self):
        held, under_way = [], []

        def hold(_number, message):
            held.append(message)
            if len(held) < 20:
                return b""
            out = b"".join(held)
            held.clear()
            return out
        with joined(Broker(hold), 1, 40) as sut:
            def goes_on():
                under_way.append(sut.published - sut.delivered)
                return sut.published < 990
            sut.run(goes_on)
        self.assertLessEqual(max(under_way), 40)
        self.assertGreaterEqual(max(under_way), 20)

    def test_pings_are_answered_between_messages_only(self):
        broker = Broker(ping_every=10)
        delivered = pumped(broker, 2000)
        self.assertEqual(broker.seen, delivered)
        self.assertGreater(broker.pongs, 200)

    def test_faults_of_the_server_are_found(self):
        for name, harm in (("lost", lambda n, m: b"" if n == 700 else m), ("doubled", lambda n, m: m + m if n == 700 else m),
                           ("altered", lambda n, m: m[:-4] + b"?\r\n\r\n"[:4] if n == 700 else m)):
            with self.subTest(name), self.assertRaisesRegex(Fault, "message 70[01] "):
                pumped(Broker(harm), 2000)

    def test_the_last_message_missing_is_found(self):
        last = []

        def harm(_number, message):
            last.append(message)
            return b"" if len(last) > 150 else message
        with mock.patch.object(pump, "STALL_SECONDS", 0.5), self.assertRaisesRegex(Fault, "message 150 did not arrive within|[0-9]+ of [0-9]+ messages did not arrive"):
            pumped(Broker(harm), 151)

    def test_a_stall_ends(self):
        with mock.patch.object(pump, "STALL_SECONDS", 0.3), self.assertRaisesRegex(Fault, "message 0 did not arrive within 0.3 s"):
            pumped(Broker(lambda _n, _m: b""), 2000)


def run_client(port, *more):
    words = [sys.executable, str(TOP / "perf/peers/client.py"), "nats", str(port), str(os.getpid()), "--server-core", str(min(os.sched_getaffinity(0))),
             "--windows", "2", "--seconds", "0.2", "--warm-up", "0.1", "--messages", "500", *more]
    return subprocess.run(words, capture_output=True, text=True, timeout=50, check=False)


class Client(unittest.TestCase):
    def test_windows_count_what_was_delivered_and_what_it_cost(self):
        broker = Broker()
        with broker.listen() as port:
            done = run_client(port, "--subscriptions", "5", "--window", "100")
        self.assertEqual(done.stderr, "")
        found = json.loads(done.stdout)
        self.assertEqual(len(found["windows"]), 2)
        self.assertEqual(found["delivered"], broker.seen)
        for window in found["windows"]:
            self.assertGreater(window["messages"], 0)
            self.assertGreater(window["cpu_ns"], 0)
            self.assertGreaterEqual(window["wall_ns"], 200_000_000)

    def test_a_fault_is_one_line_and_no_figure(self):
        with Broker(lambda n, m: b"" if n == 700 else m).listen() as port:
            done = run_client(port)
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertRegex(done.stderr, r"\Anats: in message 700 .*\n\Z")

    def test_nobody_there_is_one_line(self):
        with socket.create_server(("127.0.0.1", 0)) as listener:
            port = listener.getsockname()[1]
        done = run_client(port)
        self.assertEqual((done.returncode, done.stderr.count("\n")), (1, 1))
        self.assertIn("refused", done.stderr)


class ServerTime(unittest.TestCase):
    def test_the_processor_time_of_a_process(self):
        before = server_time.cpu_ns(os.getpid())
        sum(range(1_000_000))
        self.assertGreater(server_time.cpu_ns(os.getpid()), before)

    def test_a_core_that_is_not_there(self):
        with self.assertRaisesRegex(OSError, "no line of core 9999"):
            server_time.idle_ns(9999)


class Here:
    """A namespace that is none."""

    @staticmethod
    def command(*words):
        return [str(word) for word in words]


class Servers(unittest.TestCase):
    def start(self, script):
        core = min(os.sched_getaffinity(0))
        with tempfile.TemporaryDirectory() as folder:
            file = pathlib.Path(folder) / "server"
            file.write_text("#!/bin/sh\n" + script)
            file.chmod(0o755)
            rig = types.SimpleNamespace(folder=pathlib.Path(folder), worker=core)
            with mock.patch.object(peer, "program", lambda _name: str(file)), mock.patch.object(peer, "START_SECONDS", 0.5):
                return peer.Server(rig, Here, "nats", {"ANSWER": "no room"})

    def test_one_that_ends_is_told_with_its_last_words(self):
        with self.assertRaisesRegex(MachineError, "nats-server did not start: no room for me"):
            self.start("echo $ANSWER for me; exit 3\n")

    def test_one_that_never_listens_is_ended(self):
        with self.assertRaisesRegex(MachineError, "nats-server did not start: it said nothing"):
            self.start("exec sleep 30\n")

    def test_a_missing_program_names_its_package(self):
        with mock.patch.object(peer.shutil, "which", lambda *_a, **_k: None):
            for name, package in (("nats", "nats-server"), ("mosquitto", "mosquitto")):
                with self.assertRaisesRegex(MachineError, f"^{package} is missing: apt-get install {package},.*tools/check"):
                    peer.program(name)

    def test_the_packages_are_on_the_list(self):
        listed = [line.split()[0] for line in (TOP / "tools/packages").read_text().splitlines() if line and not line.startswith("#")]
        for _, package, _, _ in peer.PEERS.values():
            self.assertIn(package, listed)

    def test_listening_is_read_from_proc(self):
        text = ("  sl  local_address rem_address   st tx_queue\n"
                "   0: 0100007F:378E 00000000:0000 0A 00000000:00000000\n"
                "   1: 0100007F:2E6B 0100007F:9999 01 00000000:00000000\n")
        self.assertTrue(peer.listens(text, 14222))
        self.assertFalse(peer.listens(text, 11883))
        self.assertFalse(peer.listens(text, 14223))


def taken(messages, cpu_ns, idle_ns=None, wall_ns=SECOND):
    """One window of a client."""
    return {"messages": messages, "cpu_ns": cpu_ns, "idle_ns": wall_ns - cpu_ns if idle_ns is None else idle_ns, "wall_ns": wall_ns}


class PeerWindows(unittest.TestCase):
    def test_a_server_may_be_idle_but_not_kept_from_its_core(self):
        for name, least, most in (("nats", 0.09, 0.11), ("mosquitto", 0.03, 0.05)):
            self.assertIsNone(peer.void(name, taken(1, 500_000_000)))
            self.assertIsNone(peer.void(name, taken(1, 500_000_000, (0.5 - least) * SECOND)))
            self.assertIn(f"others had its core for {most:.0%}", peer.void(name, taken(1, 500_000_000, (0.5 - most) * SECOND)))

    def test_the_middle_is_by_cost_and_of_those_that_count(self):
        found = [taken(100, 900_000_000), taken(300, 900_000_000), taken(200, 900_000_000), taken(1, 100_000_000, 0), taken(0, 0)]
        self.assertEqual(peer.middle("nats", found)["messages"], 200)
        with self.assertRaisesRegex(Void, "nats: others had its core for 90%"):
            peer.middle("nats", found[3:4])
        with self.assertRaisesRegex(Void, "nats: delivered nothing"):
            peer.middle("nats", found[4:])


def router(words):
    """What rhumb-perf-path would print: 200 cycles a copy, 400 with a million subscriptions."""
    cycles = 400 if "1000000" in words else 200
    lane = {"events": 5_000_100, "copies": 5_000_000, "busy_cycles": 5_000_000 * cycles, "cpu_ns": SECOND, "longest_gap_ns": 1000,
            "stage_cycles": {}, "hit_rate": 1.0}
    return {"tsc_hz": HZ, "checked": "every counter", "frame_bytes": 210, "table_bytes": 1000, "windows": [{"wall_ns": SECOND, "lanes": [lane]}] * 3}


# Nanoseconds of processor time for a message.
COSTS = {("nats", 1): 500, ("mosquitto", 1): 4000, ("nats", 1_000_000): 3000}


def answer(name, options):
    """What the client of server @name would print."""
    windows = [taken(n, n * COSTS[name, options["subscriptions"]]) for n in (100_000, 110_000, 120_000)]
    return {"windows": windows, "subscribe_seconds": 1.0, "delivered": 330_000, "checked": "every byte"}


def run(served_by=answer, spin=lambda *_: QUIET, which=lambda *_a, **_k: "/usr/sbin/x", free_kib=64 << 20):
    """The scenario with servers, router and machine of the test's own."""
    @contextmanager
    def nothing(*_):
        yield False

    with mock.patch.object(path, "_run", side_effect=lambda words: "512" if "--memory" in words else json.dumps(router(words))), \
            mock.patch.object(peer, "run", lambda _rig, _host, name, options, _env: served_by(name, options)), \
            mock.patch.object(peer, "namespace", nothing), mock.patch.object(peer.shutil, "which", which), \
            mock.patch.object(peer.time, "sleep", lambda _s: None), \
            mock.patch.object(probe, "spin", spin), mock.patch.object(machine, "cores", lambda: (0, 1)), \
            mock.patch.object(machine, "memory_available_kib", lambda: free_kib), \
            mock.patch.object(machine, "hugepages", nothing), redirect_stdout(io.StringIO()) as said:
        found = peers.run(Rig("peers", TOP / "build", True))
        report.show(found)
    return found, said.getvalue()


class Scenario(unittest.TestCase):
    def test_server_cycles_over_router_cycles(self):
        metrics = run()[0]["metrics"]
        # 500 ns at 2 GHz are 1,000 cycles; the router takes 200.
        self.assertAlmostEqual(metrics["vs_nats"], 5.0)
        self.assertAlmostEqual(metrics["vs_mosquitto"], 40.0)
        self.assertAlmostEqual(metrics["vs_nats_1m"], 6000 / 400)
        self.assertAlmostEqual(metrics["nats_1m_cycles"], 6000)
        self.assertAlmostEqual(metrics["nats_1m_router_cycles"], 400)

    def test_both_sides_have_the_same_shape(self):
        for _, _, theirs, ours, _ in peers.SHAPES.values():
            self.assertEqual(theirs["subscriptions"], ours["subscriptions"])
            self.assertEqual((ours["topics"], ours["wildcards"], ours["zipf"]), (ours["subscriptions"], 0, 0))
            longest = len(f"plant/e{ours['topics'] - 1}/line/a/temp")
            self.assertLessEqual(56 + longest + client.PAYLOAD_BYTES, ours["record"])

    def test_the_result_fits_its_schema(self):
        found, _ = run()
        found["machine"] = machine.describe(TOP / "build")
        jsonschema.validate(found, json.loads((TOP / "docs/schemas/perf.json").read_text(encoding="utf-8")))
        self.assertTrue(found["passed"])
        self.assertEqual(set(peers.KEYS), {c["key"] for c in found["cells"]})

    def test_a_missing_server_leaves_its_key_unmeasured_and_the_others_stand(self):
        found, said = run(which=lambda file, **_k: None if file == "mosquitto" else "/usr/sbin/" + file)
        self.assertEqual(sorted(found["unmeasured"]), ["vs_mosquitto"])
        self.assertNotIn("vs_mosquitto", found["metrics"])
        self.assertIn("vs_nats", found["metrics"])
        self.assertTrue(re.search("vs_mosquitto UNMEASURED: mosquitto is missing: apt-get install mosquitto,", said), said)

    def test_no_server_at_all_gives_no_figure_and_says_so(self):
        found, _ = run(which=lambda *_a, **_k: None)
        self.assertEqual((found["metrics"], found["checked"], sorted(found["unmeasured"])), ({}, ["nothing was measured"], sorted(peers.KEYS)))

    def test_too_little_memory_is_said(self):
        found, _ = run(free_kib=1 << 20)
        self.assertRegex(found["unmeasured"]["vs_nats_1m"], "a million subscriptions want about 4096 MiB, 1024 MiB are free")
        self.assertIn("vs_nats", found["metrics"])

    def test_a_busy_machine_gives_no_figure(self):
        found, _ = run(spin=lambda *_: BUSY)
        self.assertEqual(found["metrics"], {})
        self.assertRegex(found["unmeasured"]["vs_nats"], "no valid pair in 12 tries.*nats: core 1 was away for 3.0 ms")

    def test_a_lost_message_voids_the_pair(self):
        turns = iter(range(100))

        def lossy(name, options):
            if name == "nats" and next(turns) == 1:
                raise Void("nats: in message 700 b'' came")
            return answer(name, options)
        found, _ = run(lossy)
        self.assertEqual(found["void"], ["nats: in message 700 b'' came"])
        self.assertEqual(next(c["pairs"] for c in found["cells"] if c["key"] == "vs_nats"), 3)


if __name__ == "__main__":
    unittest.main()

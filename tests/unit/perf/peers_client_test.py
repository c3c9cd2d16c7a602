"""The client of other brokers: protocols, stream, pump; the servers are the test's own."""

import json
import os
import pathlib
import socket
import subprocess
import sys
import threading
import unittest
from contextlib import contextmanager
from unittest import mock

TOP = pathlib.Path(__file__).resolve().parents[3]
sys.path.insert(0, str(TOP / "perf"))

from peers import client, mqtt, nats, pump  # noqa: E402
from peers.cycle import Cycle  # noqa: E402
from peers.pump import Expected, Pump  # noqa: E402
from peers.wire import Connection, Fault  # noqa: E402


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


if __name__ == "__main__":
    unittest.main()

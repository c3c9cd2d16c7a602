"""What arrives from a port or the socket costs a counter and never more."""

import os
import random
import socket
import struct
import time

import lib.case as case
from lib.case import wire

INCARNATION = 0x1122334455667788


class Datagrams(case.RouterCase):
    def setUp(self):
        super().setUp()
        self.client = self.greeted("a", "bad", incarnation=INCARNATION)
        self.reader = self.greeted("b", "reader")
        self.assertEqual(self.reader.subscribe(["#"])[0][0], 0)

    def assert_costs_one(self, reason, send):
        before = self.router.drops()
        send()
        grown = case.wait_for(lambda: sum(self.router.drops().values()) - sum(before.values()))
        after = self.router.drops()
        self.assertEqual({name: after[name] - before.get(name, 0) for name in after if after[name] != before.get(name, 0)},
                         {name: 1 for name in after if name[1] == reason and after[name] != before.get(name, 0)}, f"{reason}: {grown}")
        self.assertEqual(grown, 1)

    def still_works(self):
        # A client that broke the protocol may have lost its session: greet again.
        self.assertTrue(self.client.greet())
        before = len(self.reader.events)
        self.client.sequence += 1000
        self.client.publish("ok", b"good")
        self.assertEqual(len(self.reader.gather(before + 1)), before + 1)

    def as_is(self, data):
        return lambda: self.client.socket.send(data)

    def own(self, records, **more):
        return lambda: self.client.send(records, **more)

    def event(self, topic, payload=b"", sequence=1, **more):
        return wire.publish(topic, payload, sequence, INCARNATION, **more)

    def test_each_malformed_datagram_costs_one_counter_and_nothing_else(self):
        good = self.event("t")
        long_record = bytearray(good)
        struct.pack_into(">H", long_record, 2, len(good) + 64)
        payload_lie = bytearray(good)
        struct.pack_into(">I", payload_lie, 44, 5000)
        for reason, send in (
                ("short", self.as_is(b"x")),
                ("short", self.as_is(wire.datagram(b"")[:23])),
                ("short", self.as_is(wire.datagram(good, length=500))),
                ("bad_length", self.as_is(wire.datagram(good, length=len(good)))),
                ("bad_version", self.as_is(wire.datagram(good, version=9))),
                ("bad_flags", self.as_is(wire.datagram(good, flags=0x80))),
                ("auth_unsupported", self.as_is(wire.datagram(good + bytes(16), flags=1))),
                ("bad_record", self.own(wire.record(0x77, bytes(4)))),
                ("short", self.own(bytes(long_record))),
                ("bad_length", self.own(bytes(payload_lie))),
                ("bad_topic", self.own(self.event("a/+/b", sequence=11))),
                ("bad_topic", self.own(self.event(b"a/\xff\xfe", sequence=12))),
                ("bad_topic", self.own(self.event("", sequence=13))),
                ("bad_topic", self.own(self.event("/" * 1000, sequence=14))),
                ("bad_value", self.own(self.event("t", sequence=0)))):
            with self.subTest(reason=reason):
                self.assertTrue(self.client.greet())
                self.assert_costs_one(reason, send)
        self.still_works()

    def test_a_replayed_event_is_eaten_once_and_counted(self):
        self.client.sequence = 0
        self.client.publish("t", b"first")
        self.reader.gather(1)
        self.assert_costs_one("duplicate", self.own(self.event("t", b"first", sequence=1)))
        self.assertEqual(len(self.reader.drain()), 1)

    def test_a_gap_in_the_sequence_is_counted_as_lost_before_us(self):
        for sequence in (1, 2, 6):
            self.client.send(self.event("t", sequence=sequence))
        self.reader.gather(3)
        self.assertTrue(case.wait_for(lambda: self.total("lost_before_router") == 3), self.total("lost_before_router"))

    def test_a_session_used_from_another_address_is_refused(self):
        thief = self.raw_client("b", "thief")
        thief.session, thief.check = self.client.session, self.client.check
        self.assert_costs_one("wrong_source", lambda: thief.send(self.event("t")))
        self.still_works()

    def raw_client(self, host, name):
        return self.raw(host, name, incarnation=INCARNATION)

    def test_fragments_that_overlap_or_never_complete_are_bounded_and_counted(self):
        parts = wire.fragments("t", bytes(5000), 1, INCARNATION)
        self.client.send(parts[0])
        overlapping = bytearray(parts[1])
        struct.pack_into(">I", overlapping, 4, 600)
        self.client.send(bytes(overlapping))
        self.assertTrue(case.wait_for(lambda: self.dropped("fragment_overlap")))
        for sequence in range(2, 400):
            self.client.send(wire.fragments("t", bytes(60000), sequence, INCARNATION, identity=sequence)[0])
        lost = ("reassembly_full", "reassembly_timeout", "no_event_buffer")
        self.assertTrue(case.wait_for(lambda: sum(map(self.dropped, lost)) > 0, 20))
        self.assertTrue(case.wait_for(lambda: self.reassemblies() == 0, 30), f"{self.reassemblies()} reassemblies never end")
        self.still_works()

    def reassemblies(self):
        return self.router.ask("show workers")["workers"][0]["reassemblies"]

    def test_random_bytes_end_nothing(self):
        seed = random.randrange(1 << 32)
        print(f"seed {seed}")
        source = random.Random(seed)
        template = wire.datagram(self.event("a/b", b"payload") + wire.subscribe([wire.entry("#")], 1))
        for _ in range(3000):
            data = bytearray(template if source.random() < 0.8 else source.randbytes(source.randrange(1400)))
            for _ in range(source.randrange(6)):
                if data:
                    data[source.randrange(len(data))] = source.randrange(256)
            self.client.socket.send(bytes(data))
        self.router.settle()
        self.still_works()

    def test_an_unknown_session_is_told_so_at_a_bounded_rate(self):
        stranger = self.raw_client("a", "stranger")
        stranger.session, stranger.check = 0x00ABCDEF, 1
        for _ in range(3000):
            stranger.send(self.event("t"))
        answers = 0
        while (found := stranger.receive(0.3)) is not None:
            answers += bool(found.of(wire.UNKNOWN_SESSION))
        self.assertGreater(answers, 0)
        # Ten a second to one source; the test lasts some seconds.
        self.assertLess(answers, 100 * case.SLOW)
        self.assertGreaterEqual(self.dropped("unknown_session"), 2900)

    def test_an_ip_datagram_in_fragments_is_dropped(self):
        sender = case.RawClient(self.hosts["a"].name, "198.18.0.1", "big")
        self.addCleanup(sender.close)
        sender.socket.setsockopt(socket.IPPROTO_IP, 10, 0)  # IP_MTU_DISCOVER off: the kernel fragments
        sender.socket.send(bytes(4000))
        # A packet ring puts fragments together before the router sees them and cuts what is longer than its slots; a NIC hands the first over.
        self.assertTrue(case.wait_for(lambda: self.dropped("ip_fragment") + self.dropped("bad_ip_length") == 1), self.router.drops())
        self.still_works()


class Forged(case.RouterCase):
    def test_a_forged_source_gets_at_most_three_bytes_for_each_it_sent(self):
        sink = case.RawClient(self.hosts["a"].name, "198.18.0.1", "sink")
        self.addCleanup(sink.close)
        for data in (wire.datagram(wire.hello("v", 1)), wire.datagram(wire.hello("v", 1, b"x" * 32)), b"", b"x", bytes(24),
                     wire.datagram(wire.publish("t", b"", 1, 1), session=77, number=1)):
            sink.socket.send(data)
            got = 0
            sink.socket.settimeout(0.5)
            try:
                while True:
                    got += len(sink.socket.recv(65535))
            except TimeoutError:
                pass
            self.assertLessEqual(got, 3 * len(data), data)

    def test_no_state_is_kept_before_the_address_is_proven(self):
        sink = case.RawClient(self.hosts["a"].name, "198.18.0.1", "sink")
        self.addCleanup(sink.close)
        for number in range(500):
            sink.socket.send(wire.datagram(wire.hello(f"forged-{number}", number + 1)))
        self.assertIsNotNone(sink.wait(wire.CHALLENGE))
        self.assertEqual(self.router.ask("show status")["sessions"], 0)

    def test_a_cookie_of_another_address_is_not_taken(self):
        first = case.RawClient(self.hosts["a"].name, "198.18.0.1", "first")
        other = case.RawClient(self.hosts["b"].name, "198.18.1.1", "first", incarnation=first.incarnation)
        self.addCleanup(first.close)
        self.addCleanup(other.close)
        challenge = None
        for _ in range(5):  # as a client does: the first may meet a next hop that is not known yet
            first.socket.send(wire.datagram(wire.hello("first", first.incarnation)))
            if (challenge := first.wait(wire.CHALLENGE, 1)) is not None:
                break
        size, = struct.unpack_from(">H", challenge)
        other.socket.send(wire.datagram(wire.hello("first", first.incarnation, challenge[12:12 + size])))
        self.assertIsNone(other.wait(wire.WELCOME, 1))
        self.assertEqual(self.router.ask("show status")["sessions"], 0)


class ControlSocket(case.RouterCase):
    HOSTS = ("a",)

    def talk(self, data):
        """What the daemon answers to @data, until it closes or 1 s passes."""
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(1)
            connection.connect(self.router.socket)
            got = b""
            try:
                connection.sendall(data)
                while more := connection.recv(65536):
                    got += more
            except (TimeoutError, ConnectionError):
                pass
        return got

    def message(self, kind, body, version=1, length=None, request=1):
        size = len(body) if length is None else length
        return struct.pack(">HHIIHH", version, kind, size, request, 0, 0) + body

    def test_garbage_closes_that_connection_only(self):
        with socket.socket(socket.AF_UNIX) as steady:
            steady.connect(self.router.socket)
            steady.sendall(self.message(1, b'{"client": "steady"}'))
            steady.recv(65536)
            for data in (b"", b"\0", os.urandom(4096), self.message(1, b"{}", version=99), self.message(1, b"", length=1 << 31),
                         self.message(1, b"["), self.message(1, b'{"client": 7}'), self.message(10, b"{}"), self.message(1, b"\xff" * 100),
                         self.message(1, b"{" * 50000), b"GET / HTTP/1.0\r\n\r\n"):
                self.talk(data)
            steady.sendall(self.message(10, b"{}", request=2))
            steady.settimeout(5)
            self.assertIn(b"uptime_s", steady.recv(65536))

    def test_a_client_that_never_reads_delays_nobody(self):
        with socket.socket(socket.AF_UNIX) as deaf:
            deaf.connect(self.router.socket)
            deaf.setblocking(False)
            try:
                deaf.send(self.message(1, b'{"client": "deaf"}'))
                for number in range(20000):
                    deaf.send(self.message(16, b"{}", request=number + 2))
            except (BlockingIOError, ConnectionError):
                pass
            started = time.monotonic()
            self.assertEqual(self.router.ask("show status")["health"], "ok")
            self.assertLess(time.monotonic() - started, 5 * case.SLOW)

    def test_the_socket_is_for_its_owner_and_group(self):
        self.assertEqual(os.stat(self.router.socket).st_mode & 0o777, 0o660)


if __name__ == "__main__":
    case.main()

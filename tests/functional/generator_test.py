"""rhumb-gen against a router: a clean trial is exact, and each fault done on purpose is found and counted."""

import os
import pathlib
import struct
import subprocess
import sys

import lib
import lib.case as case

# The rig's own modules are in a package of the same name.
lib.__path__.append(str(pathlib.Path(__file__).resolve().parents[2] / "perf/lib"))

# pylint: disable=wrong-import-position
from lib.generator import Generator, faults  # noqa: E402
from lib.machine import MachineError  # noqa: E402

# Sends the frames of a pcap file, paced so that no queue overflows.
PLAY = """
import socket, struct, sys, time
with open(sys.argv[1], "rb") as file, socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as link:
    link.bind(("eth0", 0))
    file.read(24)
    while head := file.read(16):
        link.send(file.read(struct.unpack("<IIII", head)[2]))
        time.sleep(0.0002)
"""
RATE = 2000
SECONDS = 1.0
EVERY = 100


class Trials(case.RouterCase):
    HOSTS = ("a",)
    MORE = {"session": {"publisher-window-events": 0, "publisher-window-bytes": 0}}

    def setUp(self):
        super().setUp()
        # No port is opened on what carries the default route.
        self.hosts["a"].ip("route", "del", "default")
        self.hosts["a"].ip("-6", "route", "del", "default")

    def generator(self, **more):
        # An address that the host's kernel does not have: it must not answer for the generator.
        options = {"ip": "198.18.0.9", "router": "198.18.0.1", "prefix": self.prefix + "gen", "no-huge": True, "yield": True,
                   "topics": 300, "subscriptions": 200, "publishers": 4, "subscribers": 20, "trace": 1024, **more}
        made = Generator(pathlib.Path(case.paths.BUILD), "net_af_packet_g,iface=eth0,blocksz=65536,framesz=2048,framecnt=4096", options,
                         log=os.path.join(self.folder, "gen.log"), popen=lambda words, **more: self.hosts["a"].popen(*words, **more))
        self.addCleanup(made.kill)
        return made

    def trial(self, generator, **more):
        # What a first trial finds cold is not the subject.
        return generator.trial(RATE, SECONDS, **more)

    def test_a_pattern_is_looked_for_in_every_payload_and_nobody_gets_more(self):
        generator = self.generator(scan="[x-z]{9}never")
        before = self.total("content_scans")
        found = self.trial(generator)
        self.assertEqual((found["lost"], found["misdelivered"], found["first_fault"]), (0, 0, ""))
        # Events that the first subscriber is due anyway need no look: one in twenty.
        self.assertGreater(self.total("content_scans") - before, 0.9 * found["expected"])
        self.assertEqual(generator.close(), 0)

    def test_a_clean_trial_is_exact(self):
        generator = self.generator(copies=4, events=2, classes="0,3,7")
        self.assertEqual((generator.ready["sessions"], generator.ready["subscriptions"]), (24, 200))
        for _ in range(2):
            found = self.trial(generator)
            self.assertEqual(found["sent"], RATE * SECONDS)
            self.assertEqual((found["lost"], faults(found)), (0, None))
            self.assertEqual(found["received"], found["expected"])
            self.assertEqual(sorted(found["by_class"]), ["0", "3", "7"])
            self.assertEqual(sum(one["received"] for one in found["by_class"].values()), found["received"])
            self.assertEqual(found["latency_ns"]["count"], found["received"])
        total = self.assert_laws()
        self.assertEqual((total["events_parsed"], total["lost_before_router"]), (2 * RATE * SECONDS, 0))
        self.assertEqual(generator.close(), 0)
        self.assertTrue(case.wait_for(lambda: not self.router.sessions()), "BYE ends every session")

    def test_each_fault_done_on_purpose_is_found(self):
        for kind, key in (("lose", "lost"), ("double", "doubled"), ("reorder", "reordered"), ("alter", "altered")):
            with self.subTest(kind):
                # Few pairs of publisher and subscriber: what is held back is soon overtaken.
                generator = self.generator(fault=f"{kind}:{EVERY}", subscribers=2, subscriptions=20, topics=30, prefix=f"{self.prefix}{kind}")
                found = self.trial(generator)
                arrived = found["expected"]
                done = arrived // EVERY
                self.assertGreater(done, 10)
                # The last one held back for reordering may have nothing behind it.
                self.assertIn(found[key], (done - 1, done) if kind == "reorder" else (done,), found)
                others = {"lost", "doubled", "reordered", "altered", "misdelivered"} - {key} - ({"lost"} if kind == "alter" else set())
                self.assertEqual({name: found[name] for name in others}, dict.fromkeys(others, 0))
                self.assertEqual(generator.close(), 0)

    def test_after_subscriptions_changed_events_reach_exactly_who_asked(self):
        generator = self.generator(copies=2)
        changed = generator.churn(500)
        self.assertGreaterEqual(changed["pairs"], 500)
        self.assertEqual(self.router.ask("show status")["subscriptions"], 200)
        found = self.trial(generator)
        self.assertEqual((found["lost"], faults(found), found["received"]), (0, None, found["expected"]))
        self.assertEqual(generator.close(), 0)

    def test_left_sessions_serve_whoever_plays_the_frames(self):
        generator = self.generator(copies=2)
        pcap = os.path.join(self.folder, "frames.pcap")
        told = generator.leave(pcap)
        self.assertEqual((generator.process.returncode, told["datagrams"], told["publishers"]), (0, 1024, 4))
        self.assertEqual(len(self.router.sessions()), 24)
        self.hosts["a"].run(sys.executable, "-c", PLAY, pcap)
        self.assertTrue(case.wait_for(lambda: self.router.counters()["total"]["events_parsed"] == told["events"]))
        self.assertTrue(case.wait_for(lambda: self.router.counters()["total"]["copies_tx"] == told["copies"]))
        self.assert_laws()

    def test_the_file_is_what_its_sessions_would_send(self):
        pcap = os.path.join(self.folder, "frames.pcap")
        told = self.generator(copies=2).leave(pcap)
        with open(pcap, "rb") as file:
            data = file.read()
        self.assertEqual(struct.unpack_from("=IHHiIII", data)[0::6], (0xa1b2c3d4, 1))
        at, last = 24, {}
        while at < len(data):
            kept, length = struct.unpack_from("=II", data, at + 8)
            frame, at = data[at + 16:at + 16 + kept], at + 16 + kept
            self.assertEqual((kept, length), (told["frame_bytes"],) * 2)
            self.assertEqual(sum(struct.unpack("!10H", frame[14:34])) % 0xffff, 0, "IPv4 header checksum, RFC 1071")
            self.assertEqual(struct.unpack_from("!H", frame, 16)[0], len(frame) - 14)
            source, to, udp = struct.unpack_from("!HHH", frame, 34)
            version, _, size, session, number = struct.unpack_from("!BBHIQ", frame, 42)
            self.assertEqual((to, udp, version, size), (6750, len(frame) - 34, 1, len(frame) - 42))
            self.assertTrue(session and struct.unpack_from("!I", frame, 62)[0])
            sequence = struct.unpack_from("!Q", frame, 66 + 8)[0]
            self.assertEqual((number, sequence, session), (last.get(source, (0, 0, session))[0] + 1,
                                                           last.get(source, (0, 0, session))[1] + 1, last.get(source, (0, 0, session))[2]))
            last[source] = number, sequence, session
        self.assertEqual((len(last), sum(count for count, _, _ in last.values())), (told["publishers"], told["datagrams"]))

    def test_left_sessions_can_be_greeted_anew(self):
        self.generator().leave(os.path.join(self.folder, "frames.pcap"))
        sessions = len(self.router.sessions())
        self.assertEqual(self.generator().status()["sessions"], sessions)
        self.assertEqual(len(self.router.sessions()), sessions)

    def test_a_file_that_cannot_be_written_is_told_and_ends_it(self):
        generator = self.generator()
        with self.assertRaisesRegex(MachineError, "/no/such/folder/f: cannot write the trace"):
            generator.leave("/no/such/folder/f")

    def test_bounded_publisher_credit_is_refused_with_what_to_set(self):
        self.router.config["rhumb:rhumb"]["session"] = {}
        self.assertEqual(self.router.stop(20 * case.SLOW), 0)
        self.router.start(30 * case.SLOW)
        with self.assertRaisesRegex(MachineError, "set session/publisher-window-events and publisher-window-bytes to 0"):
            self.generator()

    def test_a_wrong_command_is_answered_with_what_is_right(self):
        generator = self.generator()
        for wrong, words in ((dict(rate=0, seconds=1), "rate from 1"), (dict(rate=1, seconds=-1), "seconds up to"),
                             (dict(rate=1, seconds=1, burst=99), "burst 1 to 32"), (dict(rate=1, seconds=1, subscriber_rate=5), "--paced")):
            with self.assertRaisesRegex(MachineError, words):
                generator.trial(**wrong)
        self.assertEqual(self.trial(generator)["lost"], 0)
        self.assertEqual(generator.close(), 0)

    def test_wrong_options_end_with_one_line(self):
        program = os.path.join(case.paths.BUILD, "perf/gen/rhumb-gen")
        for words, said in ((["--nope"], "--nope: no such option"), (["--copies"], "--copies: a value is missing"),
                            (["--topics", "x"], "--topics x: not a value"), ([], "--device, --ip and --router are needed"),
                            (["--device", "net_null0", "--ip", "198.18.0.9", "--router", "198.18.0.1", "--fault", "eat:3"], "not a value"),
                            (["--device", "net_null0", "--ip", "198.18.0.9", "--router", "198.18.0.1", "--scan", "x", "--subscriptions", "7", "--subscribers", "2"],
                             "all need as many")):
            done = subprocess.run([program, *words], capture_output=True, text=True, timeout=20, check=False)
            self.assertEqual(done.returncode, 2, words)
            self.assertIn(said, done.stderr)
            self.assertEqual(len(done.stderr.strip().splitlines()), 1)


if __name__ == "__main__":
    case.main()

"""Servers of other brokers and the scenario that measures them; the client's answers are the test's own."""

import io
import json
import os
import pathlib
import re
import sys
import tempfile
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
from peers import client, server_time  # noqa: E402
from scenarios import peers  # noqa: E402

HZ = 2_000_000_000
SECOND = 1_000_000_000
QUIET = {"core": 1, "longest_ns": 20_000, "over_1ms": 0}
BUSY = {"core": 1, "longest_ns": 3_000_000, "over_1ms": 1}


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

"""Servers of other brokers and the scenario that measures them; the client's answers are the test's own."""

import io
import json
import os
import pathlib
import re
import sys
import tempfile
import time
import types
import unittest
from contextlib import contextmanager, redirect_stdout
from unittest import mock

import jsonschema

TOP = pathlib.Path(__file__).resolve().parents[3]
sys.path.insert(0, str(TOP / "perf"))

from lib import machine, path, peer, peer_veth, probe, report, trials  # noqa: E402
from lib.machine import MachineError  # noqa: E402
from lib.pairs import Void  # noqa: E402
from lib.rig import Rig  # noqa: E402
from peers import client, server_time  # noqa: E402
from scenarios import peers  # noqa: E402

HZ = 2_000_000_000
SECOND = 1_000_000_000
QUIET = {"core": 1, "longest_ns": 20_000, "over_1ms": 0, "shared": 0.1}
BUSY = {"core": 1, "longest_ns": 3_000_000, "over_1ms": 1, "shared": 0.1}


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
        self.assertFalse(peer.listens(text, 14222, "198.18.0.1"))
        self.assertTrue(peer.listens(text.replace("0100007F:378E", "010012C6:378E"), 14222, "198.18.0.1"))


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


def word(words, name, default="1"):
    """What stands behind --@name."""
    return words[words.index(f"--{name}") + 1] if f"--{name}" in words else default


def router(words):
    """What rhumb-perf-path would print: 100 cycles a copy in full datagrams, twice as many with a million subscriptions, and with one event a datagram."""
    cycles = 100 * (2 if word(words, "subscriptions") == "1000000" else 1) * (2 if word(words, "events") == "1" else 1)
    lane = {"events": 5_000_100, "copies": 5_000_000, "busy_cycles": 5_000_000 * cycles, "cpu_ns": SECOND, "longest_gap_ns": 1000,
            "stage_cycles": {}, "hit_rate": 1.0}
    return {"tsc_hz": HZ, "checked": "every counter", "frame_bytes": 210, "table_bytes": 1000, "windows": [{"wall_ns": SECOND, "lanes": [lane]}] * 3}


# Nanoseconds of processor time for a message.
COSTS = {("nats", 1): 500, ("mosquitto", 1): 4000, ("nats", 1_000_000): 3000}


def answer(name, options):
    """What the client of server @name would print."""
    windows = [{**taken(n, n * COSTS[name, options["subscriptions"]]), "client_cpu_ns": SECOND // 2, "client_idle_ns": SECOND // 2}
               for n in (100_000, 110_000, 120_000)]
    return {"windows": windows, "subscribe_seconds": 1.0, "delivered": 330_000, "checked": "every byte"}


class Veth:
    """rhumbd and generator: up to @capacity a second come through, what the generator makes is @most; @wrong copies in every trial."""

    gap_ns = SECOND

    def __init__(self, capacity=300_000, most=500_000, wrong=0, away=0.0):
        self.capacity, self.most, self.wrong, self.away, self.clock = capacity, most, wrong, away, 0

    def cpu_ns(self):
        return self.clock

    def trial(self, rate, seconds, **_more):
        sent = int(min(rate, self.most) * seconds)
        received = min(sent, int(self.capacity * seconds))
        self.clock += int(seconds * SECOND * (1 - self.away))
        return {"sent": sent, "expected": sent, "received": received, "lost": sent - received, "wall_ns": int(seconds * SECOND), "longest_gap_ns": 0,
                "first_fault": "subscriber 0", **dict.fromkeys(("doubled", "reordered", "altered", "misdelivered", "unsent"), 0), "doubled": self.wrong}


CALLS = {"getpid_cycles": 200, "stream_cycles": 1300, "udp_cycles": 2500}


@contextmanager
def nothing(*_):
    yield False


@contextmanager
def hosts(_rig):
    yield Here, Here


def run(served_by=answer, spin=lambda *_: QUIET, which=lambda *_a, **_k: "/usr/sbin/x", free_kib=64 << 20, veth=None, calls=lambda *_: CALLS, clock=None):
    """The scenario with servers, router, link and machine of the test's own."""
    veth = veth or Veth()

    @contextmanager
    def linked(*_):
        yield veth, veth

    with mock.patch.object(path, "_run", side_effect=lambda words: "512" if "--memory" in words else json.dumps(router(words))), \
            mock.patch.object(peer, "run", lambda _rig, _host, name, options, *_more: served_by(name, options)), \
            mock.patch.object(peer, "namespace", nothing), mock.patch.object(peer.shutil, "which", which), \
            mock.patch.object(probe.time, "sleep", lambda _s: None), mock.patch.object(peer_veth, "cable", hosts), \
            mock.patch.object(peer_veth, "linked", linked), mock.patch.object(probe, "calls", calls), \
            mock.patch.object(probe, "spin", spin), mock.patch.object(machine, "cores", lambda: (0, 1)), \
            mock.patch.object(machine, "memory_available_kib", lambda: free_kib), mock.patch.object(peers, "monotonic", clock or time.monotonic), \
            mock.patch.object(machine, "hugepages", nothing), redirect_stdout(io.StringIO()) as said:
        found = peers.run(Rig("peers", TOP / "build", True))
        report.show(found)
    return found, said.getvalue()


class Scenario(unittest.TestCase):
    def test_server_cycles_over_router_cycles(self):
        metrics = run()[0]["metrics"]
        # 500 ns at 2 GHz are 1,000 cycles; the router takes 100.
        self.assertAlmostEqual(metrics["vs_nats"], 10.0)
        self.assertAlmostEqual(metrics["vs_mosquitto"], 80.0)
        self.assertAlmostEqual(metrics["vs_nats_1m"], 6000 / 200)
        self.assertAlmostEqual(metrics["nats_1m_cycles"], 6000)
        self.assertAlmostEqual(metrics["nats_1m_router_cycles"], 200)

    def test_one_event_a_datagram_stands_beside_it(self):
        found, said = run()
        for key in peers.SHAPES:
            self.assertAlmostEqual(found["metrics"][key + "_single"], found["metrics"][key] / 2)
            self.assertEqual([c["pairs"] for c in found["cells"] if c["key"] == key + "_single"], [1])
            self.assertNotIn(key + "_single", found["floors"])
        self.assertAlmostEqual(found["metrics"]["nats_router_single_cycles"], 200)
        self.assertIn("peers: vs_nats_single [nats] median 5.000", said)

    def test_floors_judge_full_datagrams(self):
        found, said = run()
        self.assertEqual(found["floors"], {"vs_nats": 6, "vs_mosquitto": 100, "vs_nats_1m": 15})
        self.assertFalse(found["passed"])
        self.assertIn("vs_nats 10.000, floor 6.00: reached", said)
        self.assertIn("vs_mosquitto 80.000, floor 100.00: NOT REACHED", said)

    def test_both_sides_have_the_same_shape(self):
        for _, _, theirs, ours, single, _ in peers.SHAPES.values():
            self.assertEqual(theirs["subscriptions"], ours["subscriptions"])
            self.assertEqual((ours["topics"], ours["wildcards"], ours["zipf"]), (ours["subscriptions"], 0, 0))
            longest = len(f"plant/e{ours['topics'] - 1}/line/a/temp")
            self.assertLessEqual(56 + longest + client.PAYLOAD_BYTES, ours["record"])
            self.assertEqual({**ours, "events": 1, "trace": 0}, {"events": 1, **single, "trace": 0})

    def test_a_datagram_holds_as_many_events_as_fit_into_its_frame(self):
        for options in (peers.ROUTER_ONE, peers.ROUTER_MANY):
            self.assertLessEqual(66 + options["events"] * options["record"], 1514)
            self.assertGreater(66 + (options["events"] + 1) * options["record"], 1514)
        self.assertEqual((peers.ROUTER_ONE["events"], peers.ROUTER_MANY["events"]), (10, 9))
        self.assertEqual(peers.CLIENT_MANY["messages"], peers.ROUTER_MANY["events"] * peers.ROUTER_MANY["trace"])
        self.assertGreaterEqual(peers.CLIENT_MANY["messages"], peers.MANY["trace"])

    def test_traces_are_compared_once_even_where_the_first_server_is_missing(self):
        found, _ = run()
        self.assertEqual(sum("router, 10 events" in what for what in found["checked"]), 1)
        found, _ = run(which=lambda file, **_k: None if file == "nats-server" else "/usr/sbin/" + file)
        self.assertTrue(found["checked"][0].startswith("mosquitto, router, 10 events a datagram: every"), found["checked"])
        self.assertTrue(found["checked"][1].startswith("mosquitto, router, 1 events a datagram: every"), found["checked"])

    def test_the_result_fits_its_schema(self):
        found, _ = run()
        found["machine"] = machine.describe(TOP / "build")
        jsonschema.validate(found, json.loads((TOP / "docs/schemas/perf.json").read_text(encoding="utf-8")))
        self.assertEqual({*peers.KEYS, *(key + "_single" for key in peers.SHAPES), "vs_mosquitto_patient"}, {c["key"] for c in found["cells"]})

    def test_a_patient_subscriber_of_mosquitto_stands_beside_it_unjudged(self):
        asked = []

        def served(name, options):
            asked.append((name, options.get("wake")))
            return answer(name, options)
        found, _ = run(served)
        self.assertIn(("mosquitto", 65536), asked)
        self.assertIn(("mosquitto", None), asked)
        self.assertIn("vs_mosquitto_patient", found["metrics"])
        self.assertNotIn("vs_mosquitto_patient", found["floors"])

    def test_a_missing_server_leaves_its_key_unmeasured_and_the_others_stand(self):
        found, said = run(which=lambda file, **_k: None if file == "mosquitto" else "/usr/sbin/" + file)
        self.assertEqual(sorted(found["unmeasured"]), ["vs_mosquitto"])
        self.assertNotIn("vs_mosquitto", found["metrics"])
        self.assertIn("vs_nats", found["metrics"])
        self.assertTrue(re.search("vs_mosquitto UNMEASURED: mosquitto is missing: apt-get install mosquitto,", said), said)

    def test_no_server_at_all_gives_no_figure_and_says_so(self):
        found, _ = run(which=lambda *_a, **_k: None)
        self.assertEqual((found["cells"], found["checked"], sorted(found["unmeasured"])), ([], ["nothing was measured"], sorted(peers.KEYS)))

    def test_too_little_memory_is_said(self):
        found, _ = run(free_kib=1 << 20)
        self.assertRegex(found["unmeasured"]["vs_nats_1m"], "a million subscriptions want about 4096 MiB, 1024 MiB are free")
        self.assertIn("vs_nats", found["metrics"])

    def test_a_busy_machine_gives_no_figure(self):
        found, _ = run(spin=lambda *_: BUSY)
        self.assertFalse(set(peers.SHAPES) & set(found["metrics"]))
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


class OverVeth(unittest.TestCase):
    def test_delivered_a_second_over_delivered_a_second(self):
        metrics = run(veth=Veth(capacity=330_000))[0]["metrics"]
        # 110,000 messages in a second; the search is 2 % wide.
        self.assertAlmostEqual(metrics["veth_nats_mps"], 0.11)
        self.assertAlmostEqual(metrics["vs_nats_veth"], 3, delta=0.06)
        self.assertLessEqual(metrics["veth_router_mps"], 0.33)

    def test_a_generator_that_is_the_limit_is_said(self):
        found, said = run(veth=Veth(capacity=1e9, most=220_000))
        self.assertAlmostEqual(found["metrics"]["vs_nats_veth"], 2)
        self.assertIn("vs_nats_veth is a lower bound", said)
        self.assertNotIn("lower bound", run()[1])

    def test_a_wrong_copy_is_no_figure(self):
        found, _ = run(veth=Veth(wrong=1))
        self.assertIn("the router delivered wrongly: 1 doubled: subscriber 0", found["unmeasured"]["vs_nats_veth"])
        self.assertIn("vs_nats", found["metrics"])

    def test_a_router_that_loses_at_every_rate_is_no_figure(self):
        found, _ = run(veth=Veth(capacity=100))
        self.assertRegex(found["unmeasured"]["vs_nats_veth"], "rhumbd over veth: ndr: loses more than 0.0% even at 50,000")

    def test_a_rate_wants_both_cores(self):
        window = answer("nats", {"subscriptions": 1})["windows"][0]
        self.assertIsNone(peer_veth.void(window))
        self.assertIn("the server's core for 11%", peer_veth.void({**window, "idle_ns": window["idle_ns"] - 0.11 * SECOND}))
        self.assertIn("the client's core for 11%", peer_veth.void({**window, "client_idle_ns": 0.39 * SECOND}))
        with self.assertRaisesRegex(Void, "nats over veth: delivered nothing"):
            peer_veth.middle([{**window, "messages": 0}])

    def test_server_and_client_stand_at_the_two_ends(self):
        asked = []

        def served(*args):
            asked.append(args)
            return answer("nats", {"subscriptions": 1})

        @contextmanager
        def ends(_rig):
            yield "near end", "far end"
        with mock.patch.object(peer, "run", served), mock.patch.object(peer_veth, "cable", ends):
            found = peer_veth.nats("the rig", {"subscriptions": 1})
        self.assertEqual(asked, [("the rig", "near end", "nats", {"subscriptions": 1, "windows": 3, "seconds": 1.0}, {}, "198.18.0.1", "far end")])
        self.assertAlmostEqual(found["nats_client_share"], 0.5)

    @unittest.skipUnless(os.geteuid() == 0, "network namespaces want root")
    def test_the_pair_carries_large_segments_whole_and_is_gone_afterwards(self):
        from netns import existing  # pylint: disable=import-outside-toplevel,import-error
        with peer_veth.cable(types.SimpleNamespace(folder=None)) as hosts_at:
            for host, interface, ip in zip(hosts_at, ("v0", "v1"), ("198.18.0.1", "198.18.0.2")):
                self.assertIn(f"inet {ip}/24", host.run("ip", "addr", "show", interface).stdout)
                self.assertIn("tcp-segmentation-offload: on", host.run("ethtool", "-k", interface).stdout)
            names = [host.name for host in hosts_at]
        self.assertFalse(set(names) & set(existing("rhumbp-")))

    def test_its_time_is_bounded(self):
        seconds = iter(range(0, 10**6, 20))
        found, _ = run(clock=lambda: next(seconds))
        self.assertRegex(found["unmeasured"]["vs_nats_veth"], "no pair over veth within its time")

    def test_a_worker_away_from_its_core_voids_trials_and_ends(self):
        found, _ = run(veth=Veth(away=0.2))
        self.assertRegex(found["unmeasured"]["vs_nats_veth"], f"{trials.TRIES} void trials in a row.*80%")


class SystemCalls(unittest.TestCase):
    def test_their_cost_stands_beside_the_figures(self):
        self.assertEqual({key: run()[0]["metrics"][f"call_{key}"] for key in CALLS}, CALLS)

    def test_no_figure_is_said(self):
        def broken(*_):
            raise MachineError("the system calls of udp failed")
        self.assertIn("udp failed", run(calls=broken)[0]["unmeasured"]["system_calls"])


if __name__ == "__main__":
    unittest.main()

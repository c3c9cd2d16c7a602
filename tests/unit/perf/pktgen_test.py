"""Pktgen-DPDK as a generator: trials.lua under a stub of Pktgen's own functions, the counters' chain, what is refused."""

import os
import pathlib
import shutil
import stat
import subprocess
import sys
import tempfile
import unittest
from unittest import mock

TOP = pathlib.Path(__file__).resolve().parents[3]
sys.path.insert(0, str(TOP / "perf"))

from lib import crosscheck, kernel_pktgen, pktgen, pktgen_run  # noqa: E402
from lib.machine import MachineError  # noqa: E402

FRAME = 226  # and 24 on the wire: 2,000 bits
RUN = TOP / "perf/pktgen/run"


class Folder(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="rhumb-pktgen-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def script(self, *lines):
        path = self.folder / "pktgen"
        path.write_text("\n".join(["#!/bin/sh", *lines, ""]))
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
        return str(path)

    def stub(self, **env):
        lua = shutil.which("lua5.3")
        self.assertIsNotNone(lua, "lua5.3 is missing: tools/packages names it")
        words = " ".join(f"{name}={value}" for name, value in env.items())
        return self.script(f"TRIALS_LUA={pktgen.SCRIPT} {words} exec {lua} {TOP / 'tests/unit/perf/pktgen_stub.lua'}")

    def start(self, binary):
        # The stub is one thread.
        patch = mock.patch.object(pktgen.Pktgen, "_sender_ns", lambda _self: 7)
        patch.start()
        self.addCleanup(patch.stop)
        made = pktgen.Pktgen("net_memif0", self.folder / "frames.pcap", FRAME, (0, 0), False, self.folder, binary=binary)
        self.addCleanup(made.process.wait)
        return made


class Trials(Folder):
    def test_rate_and_counters_of_each_trial(self):
        made = self.start(self.stub(STUB_LOSES=10))
        self.assertEqual((made.link_mbits, made.version), (1000, "23.03.0"))
        for _ in range(2):
            found, window = made.trial(100_000, 0.5, lambda: 5)
            self.assertEqual((window.sender_ns, window.others_ns), (0, 0))
            self.assertGreater(window.wall_ns, 0)
            self.assertEqual((found.sent, found.received), (50_000, 45_000))
        # More than the link holds is all of it.
        self.assertEqual(made.trial(10**9, 1.0)[0].sent, 500_000)
        made.close()
        self.assertEqual(made.process.returncode, 0)

    def test_a_link_that_is_down_is_said(self):
        with self.assertRaisesRegex(MachineError, "no link on net_memif0"):
            self.start(self.stub(STUB_LINK="'<--Down-->'"))

    def test_another_version_is_refused(self):
        with self.assertRaisesRegex(MachineError, "version 3.7.2: 23.03 for DPDK 22.11 is needed"):
            self.start(self.stub(STUB_VERSION="3.7.2"))

    def test_the_script_is_lua(self):
        done = subprocess.run([shutil.which("luac5.3") or "luac", "-p", pktgen.SCRIPT], capture_output=True, text=True, check=False)
        self.assertEqual((done.returncode, done.stderr), (0, ""))

    def test_one_that_dies_says_its_last_words(self):
        with self.assertRaisesRegex(MachineError, "status 1: EAL: Error - exiting with code: 1"):
            self.start(self.script("echo 'EAL: Error - exiting with code: 1'", "exit 1"))

    def test_one_that_is_silent_does_not_hold_us(self):
        with mock.patch.object(pktgen, "START_SECONDS", 0.5), self.assertRaisesRegex(MachineError, "does not answer in 0 s"):
            made = self.script("exec sleep 5")
            self.start(made)

    def test_a_comma_in_the_file_is_refused(self):
        with self.assertRaisesRegex(MachineError, "comma"):
            pktgen.Pktgen("d", self.folder / "a,b", FRAME, (0, 0), False, self.folder, binary="x")


class Binary(Folder):
    def test_none_named_or_none_there(self):
        for env, words in (({}, "PKTGEN is not set: build Pktgen-DPDK 23.03"), ({"PKTGEN": "/no/such"}, "/no/such is not there"),
                           ({"PKTGEN": __file__}, "not executable")):
            with mock.patch.dict(os.environ, env, clear=True), self.assertRaisesRegex(MachineError, words):
                pktgen.program()
        done = subprocess.run([RUN, "--quick"], capture_output=True, text=True, env={"PATH": os.environ["PATH"]}, check=False)
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stderr, r"^perf/pktgen/run: PKTGEN is not set: [^\n]*\n$")

    def test_wrong_command_lines_are_told(self):
        for words, said in ((["--device", "x"], "belongs to --router-device DEV or --router ADDR"), (["--router", "x"], "--device names Pktgen's port"),
                            (["--frames", "100"], "--frames 100: 66 bytes of headers"), (["--cores", "1"], "two numbers"),
                            (["--show", "x"], "belongs to --router"), (["--demonstrate", "--router", "a", "--device", "c"], "leave out --router"), (["--router", "a", "--router-device", "b", "--device", "c"], "give one of them")):
            done = subprocess.run([RUN, *words], capture_output=True, text=True, check=False)
            self.assertEqual(done.returncode, 2, words)
            self.assertIn(said, done.stderr)

    def test_a_whole_run_says_before_it_begins_that_there_is_none(self):
        for words, env, said in ((["--all", "--ports", "a", "b"], {}, "perf/run: PKTGEN is not set"), (["--ports", "a", "b"], {}, "belongs to --all"),
                                 (["--all", "--ports", "a"], {}, "expected 2 arguments")):
            done = subprocess.run([TOP / "perf/run", *words], capture_output=True, text=True, timeout=20,
                                  env={"PATH": os.environ["PATH"], **env}, check=False)
            self.assertIn(said, done.stderr)
            self.assertNotIn("hot:", done.stdout)

    def test_devices_and_memory_on_the_command_line(self):
        pci = pktgen.command("p", "0000:81:00.1", "f", (2, 3), True, "x")
        self.assertEqual(pci[1:3], ["--lcores=1@2,2@3", "--main-lcore=1"])
        self.assertIn("--in-memory", pci)
        self.assertEqual(pci[pci.index("--allow") + 1], "0000:81:00.1")
        self.assertIn("--allow", pktgen.command("p", "81:00.1,rxq_cqe_comp_en=0", "f", (2, 3), True, "x"))
        vdev = pktgen.command("p", "net_memif0,role=client", "f", (0, 0), False, "x")
        self.assertEqual(vdev[vdev.index("--vdev") + 1], "net_memif0,role=client")
        self.assertTrue({"--no-pci", "--no-huge"} <= set(vdev))


def totals(**more):
    return {"rx_datagrams": 0, "event_datagrams": 0, "copies_tx": 0, "drop_datagrams": {}, "drop_events": {}, "drop_copies": {}, "events_parsed": 0, "events_unmatched": 0,
            **more}


# Of one pass: two publishers.
FILE = {"datagrams": 500, "events": 500, "publishers": 2, "copies": 498, "frame_bytes": FRAME}


class Chain(unittest.TestCase):
    def account(self, sent, received, missed=0, copies=1, exact=False, **after):
        file = {**FILE, "copies": 498 * copies}
        return crosscheck.account(pktgen.Counters(sent=sent, received=received), totals(), totals(**after), missed, file, exact)

    def test_nothing_lost(self):
        found = self.account(1000, 996, event_datagrams=1000, rx_datagrams=1001, copies_tx=996, drop_events={"stale_sequence": 4})
        self.assertEqual((found["lost"], found["expected"], found["router_other"]), (0, 996, 1))

    def test_only_restarts_of_the_file_may_cost_events(self):
        found = self.account(1000, 0, event_datagrams=1000, rx_datagrams=1000, drop_events={"duplicate": 1000})
        self.assertEqual((found["lost"], found["expected"]), (992, 992), "two passes, perhaps cut, of two publishers")

    def test_each_place_of_loss_counts(self):
        for loss in (dict(event_datagrams=900), dict(event_datagrams=1000, drop_datagrams={"malformed": 100}),
                     dict(event_datagrams=1000, drop_events={"ttl_expired": 100}), dict(event_datagrams=1000, drop_copies={"queue_full": 100})):
            self.assertEqual(self.account(1000, 900, rx_datagrams=loss["event_datagrams"], copies_tx=900, **loss)["lost"], 100, loss)
        self.assertEqual(self.account(1000, 900, event_datagrams=1000, rx_datagrams=1000, copies_tx=1000)["lost"], 100)

    def test_counters_that_cannot_be_are_an_error(self):
        with self.assertRaisesRegex(MachineError, "more frames than Pktgen sent"):
            self.account(1000, 1001, event_datagrams=1001, rx_datagrams=1001, copies_tx=1001)
        with self.assertRaisesRegex(MachineError, "more copies than the router sent"):
            self.account(1000, 1001, event_datagrams=1000, rx_datagrams=1000, copies_tx=1000)
        with self.assertRaisesRegex(MachineError, "missed 5 frames, only 0"):
            self.account(1000, 1000, missed=5, event_datagrams=1000, rx_datagrams=1000, copies_tx=1000)

    def test_the_first_event_of_a_publisher_is_for_nobody(self):
        found = self.account(1000, 998, event_datagrams=1000, rx_datagrams=1000, copies_tx=998, events_unmatched=2)
        self.assertEqual((found["lost"], found["expected"]), (0, 998))

    def test_subscriptions_that_are_gone_are_no_success(self):
        with self.assertRaisesRegex(MachineError, "no receiver for 992 events"):
            self.account(1000, 0, event_datagrams=1000, rx_datagrams=1000, events_unmatched=1000)

    def test_sessions_that_are_gone_are_no_loss(self):
        for reason in ("unknown_session", "wrong_source"):
            with self.assertRaisesRegex(MachineError, "does not know the sessions of 1000 frames"):
                self.account(1000, 0, event_datagrams=1000, rx_datagrams=1000, drop_datagrams={reason: 1000})

    def test_copies_that_vanish_in_the_router_are_an_error(self):
        with self.assertRaisesRegex(MachineError, "^counters do not agree: 10 copies are missing"):
            self.account(1000, 990, event_datagrams=1000, rx_datagrams=1000, copies_tx=990)

    def test_expected_and_lost_are_copies(self):
        found = self.account(1000, 7200, copies=8, event_datagrams=900, rx_datagrams=900, copies_tx=7200)
        self.assertEqual((found["expected"], found["lost"]), (8000, 800))
        found = self.account(1000, 7990, copies=8, event_datagrams=1000, rx_datagrams=1000, copies_tx=7995, drop_copies={"tx_backlog_full": 5})
        self.assertEqual(found["lost"], 10)

    def test_frames_that_no_device_counted_are_an_error_where_each_is_counted(self):
        some = dict(event_datagrams=900, rx_datagrams=900, copies_tx=900)
        self.assertEqual(self.account(1000, 900, missed=100, exact=True, **some)["lost"], 100)
        with self.assertRaisesRegex(MachineError, "60 frames left Pktgen and reached neither"):
            self.account(1000, 900, missed=40, exact=True, **some)

    def test_what_was_there_before_does_not_count(self):
        before = totals(event_datagrams=7, rx_datagrams=7, copies_tx=7, drop_events={"duplicate": 3, "hop_limit": 2})
        after = totals(event_datagrams=107, rx_datagrams=107, copies_tx=106, drop_events={"duplicate": 4, "hop_limit": 2})
        found = crosscheck.account(pktgen.Counters(sent=100, received=99), before, after, 0, FILE)
        self.assertEqual((found["lost"], found["drop_events"]), (0, {"duplicate": 1}))


class Windows(unittest.TestCase):
    def trial(self, sent=1000, sender=1.0, worker=1.0, asked=1000, most=False):
        """lib.search's trial over one second in which both threads ran for a share of it."""
        router, player, found = mock.Mock(), mock.Mock(), {"trials": [], "void": []}
        looks = [totals(), totals(event_datagrams=sent, rx_datagrams=sent, copies_tx=sent)] * pktgen_run.TRIES
        router.show.side_effect = lambda noun: {"ports": []} if noun == "ports" else {"total": looks.pop(0)}
        player.trial.return_value = (pktgen.Counters(sent=sent, received=sent), pktgen.Window(10**9, int(sender * 1e9), int(worker * 1e9)))
        measure = pktgen_run.searched(mock.Mock(), router, player, FILE, found, most=most)
        return measure(asked, 1.0)

    def test_threads_that_were_away_make_no_figure(self):
        self.assertEqual(self.trial(), (1000, 0))
        with self.assertRaisesRegex(MachineError, "8 void trials in a row: the router's worker was on its core for 90%"):
            self.trial(worker=0.9)
        with self.assertRaisesRegex(MachineError, "8 void trials in a row: the sender was on its core for 90%"):
            self.trial(sender=0.9)

    def test_a_rate_that_was_not_sent_has_not_passed(self):
        with self.assertRaisesRegex(MachineError, "sent 1,000 frames a second and was asked for 2,000"):
            self.trial(asked=2000)
        self.assertEqual(self.trial(asked=2000, most=True), (1000, 0))
        with self.assertRaisesRegex(MachineError, "Pktgen sent nothing"):
            self.trial(sent=0, most=True)

    def test_a_router_that_cannot_be_asked_is_named(self):
        with self.assertRaisesRegex(MachineError, "no-such-program -j show ports: .*--show names"):
            pktgen_run.Asked(["no-such-program"]).show("ports")


class Kernel(Folder):
    def test_where_there_is_none_it_is_said(self):
        self.assertIn("skipped: the kernel's pktgen is not loaded", kernel_pktgen.availability(self.folder / "none"))

    def test_orders_and_count(self):
        proc = self.folder
        for name in ("kpktgend_0", "v0", "pgctrl"):
            (proc / name).write_text("")

        def write(path, line):
            with open(path, "a", encoding="ascii") as file:
                file.write(line + "\n")
            if path.name == "pgctrl":
                write(proc / "v0", "Current:\n     pkts-sofar: 500  errors: 0")
        with mock.patch.object(kernel_pktgen, "_say", write):
            self.assertEqual(kernel_pktgen.offer("v0", "02:00:00:00:00:01", "198.18.0.1", 500, 258, proc), 500)
        said = (proc / "v0").read_text()
        for line in ("count 500", "pkt_size 258", "dst 198.18.0.1", "dst_mac 02:00:00:00:00:01", "udp_dst_min 6750"):
            self.assertIn(line + "\n", said)

    def test_each_frame_has_to_be_refused(self):
        before = totals()
        found = kernel_pktgen.agree(500, before, totals(drop_datagrams={"bad_version": 498}))
        self.assertEqual((found["refused"], found["lost_before_router"]), (498, 2))
        with self.assertRaisesRegex(MachineError, "3 events were taken"):
            kernel_pktgen.agree(500, before, totals(events_parsed=3))
        with self.assertRaisesRegex(MachineError, "refused 501 frames"):
            kernel_pktgen.agree(500, before, totals(drop_datagrams={"bad_version": 501}))


if __name__ == "__main__":
    unittest.main()

"""rhumb-perf-probe: what it prints and what it refuses."""

import json
import os
import pathlib
import subprocess
import sys
import unittest
from unittest import mock

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[3] / "perf"))

from lib import probe  # noqa: E402
from lib.pairs import Void  # noqa: E402

PROGRAM = sys.argv.pop(1)
CORE = str(min(os.sched_getaffinity(0)))


def run(*args):
    return subprocess.run([PROGRAM, *args], capture_output=True, text=True, timeout=30, check=False)


class Calls(unittest.TestCase):
    def test_each_kind_has_its_cycles(self):
        found = json.loads(run("calls", CORE, "0.03").stdout)
        for name in probe.CALLS:
            self.assertGreater(found[name], 0)
        # 64 bytes through two calls cost more than one call that does nothing.
        self.assertGreater(found["udp_cycles"], found["getpid_cycles"])

    def test_a_time_of_nothing_is_one_sample(self):
        self.assertGreater(json.loads(run("calls", CORE, "0").stdout)["stream_cycles"], 0)

    def test_a_core_that_is_not_there_is_one_line(self):
        done = run("calls", "4095", "0.1")
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertRegex(done.stderr, r"\Arhumb-perf-probe: cannot run on core 4095: .*\n\Z")


class Spin(unittest.TestCase):
    ALONE = {"core": 1, "longest_ns": 20_000, "shared": 0.1}
    SHARED = {**ALONE, "shared": 0.75}
    AWAY = {**ALONE, "longest_ns": 2_000_000}

    def test_says_how_long_the_core_was_shared(self):
        found = json.loads(run("spin", CORE, "0.01").stdout)
        self.assertGreaterEqual(found["shared"], 0)
        self.assertLessEqual(found["shared"], 1)
        self.assertGreaterEqual(found["seconds"], 0.01)

    def test_what_disturbs(self):
        self.assertIsNone(probe.disturbed([self.ALONE, self.ALONE]))
        self.assertRegex(probe.disturbed([self.ALONE, self.AWAY]), "core 1 was away for 2.0 ms")
        self.assertRegex(probe.disturbed([self.SHARED]), "core 1 was shared with a neighbour's thread .* 75% of a spin")

    def settle(self, spins, looks=3):
        spins = iter(spins)
        with mock.patch.object(probe, "spin", lambda *_: next(spins)), mock.patch.object(probe.time, "sleep", lambda _s: None):
            return probe.settle("build", (0, 1), looks)

    def test_waits_until_every_core_is_quiet(self):
        self.assertEqual(self.settle([self.SHARED, self.ALONE, self.ALONE, self.AWAY, self.ALONE, self.ALONE]), [self.ALONE, self.ALONE])

    def test_does_not_wait_for_ever(self):
        with self.assertRaisesRegex(Void, "shared with a neighbour"):
            self.settle([self.ALONE, self.SHARED] * 3)


class Usage(unittest.TestCase):
    def test_what_it_can_do_is_said(self):
        for words in ((), ("calls",), ("calls", CORE), ("spin", CORE), ("jump", CORE, "1")):
            done = run(*words)
            self.assertEqual((done.returncode, done.stdout), (2, ""))
            for kind in ("spin", "calls", "line"):
                self.assertIn(f"rhumb-perf-probe {kind} CORE", done.stderr)


if __name__ == "__main__":
    unittest.main()

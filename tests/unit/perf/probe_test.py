"""rhumb-perf-probe: what it prints and what it refuses."""

import json
import os
import pathlib
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[3] / "perf"))

from lib import probe  # noqa: E402

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


class Usage(unittest.TestCase):
    def test_what_it_can_do_is_said(self):
        for words in ((), ("calls",), ("calls", CORE), ("spin", CORE), ("jump", CORE, "1")):
            done = run(*words)
            self.assertEqual((done.returncode, done.stdout), (2, ""))
            for kind in ("spin", "calls", "line"):
                self.assertIn(f"rhumb-perf-probe {kind} CORE", done.stderr)


if __name__ == "__main__":
    unittest.main()

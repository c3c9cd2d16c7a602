"""Soak: a worker under all the load that it takes while subscriptions change, counted against the construction; memory is flat at the end.

The program judges: every subscriber's copies are what the construction says, the laws hold, nothing has grown. 100,000 events, 100 million with RHUMB_LONG=1.
"""

import json
import os
import subprocess
import sys
import tempfile
import unittest

EXE = sys.argv.pop(1)
LONG = os.environ.get("RHUMB_LONG") == "1"
EVENTS = 100_000_000 if LONG else 100_000
SUBSCRIPTIONS = 200_000 if LONG else 20_000
SECONDS = 3000 if LONG else 100


def soak(*more):
    cores = sorted(os.sched_getaffinity(0))
    with tempfile.TemporaryDirectory(prefix="rhumb-soak-") as folder:
        args = [EXE, "--no-huge", "--file-prefix", f"rhumb-soak-{os.getpid()}", "--dir", folder, "--core", str(cores[1]), "--control-core", str(cores[0]),
                "--subscriptions", str(SUBSCRIPTIONS), "--topics", str(SUBSCRIPTIONS), "--churned", str(SUBSCRIPTIONS), "--wildcards", "25", "--zipf", "0",
                "--subscribers", "1000", "--publishers", "1", "--cache", "16384", "--soak", str(EVENTS), *more]
        return subprocess.run(args, capture_output=True, text=True, timeout=SECONDS, check=False)


@unittest.skipIf(len(os.sched_getaffinity(0)) < 2, "a worker and a builder want two cores")
class Soak(unittest.TestCase):
    def test_events_are_counted_exactly_and_memory_is_flat_while_everything_changes(self):
        ran = soak()
        self.assertEqual(ran.returncode, 0, ran.stdout + ran.stderr)
        found = json.loads(ran.stdout)
        print(found["windows"][0], file=sys.stderr)
        self.assertGreaterEqual(found["windows"][0]["events"], EVENTS)
        self.assertGreater(found["windows"][0]["updates"], 10_000)
        self.assertIn("every counter", found["checked"])


if __name__ == "__main__":
    unittest.main(verbosity=2)

"""rhumb-perf-content: the content stage delivers what its reference says, in both lanes."""

import json
import os
import subprocess
import sys
import tempfile
import unittest

PROGRAM = sys.argv.pop()


def run(folder, *more):
    words = [PROGRAM, "--dir", folder, "--file-prefix", f"rhumb-content-{os.getpid()}", "--no-huge", "--control-core", "0", "--core", "1", "--core2", "0",
             "--trace", "2048", "--publishers", "8", "--windows", "1", "--seconds", "0", *more]
    return subprocess.run(words, capture_output=True, text=True, timeout=50, check=False)


@unittest.skipIf(len(os.sched_getaffinity(0)) < 2, "two cores are named")
class Content(unittest.TestCase):
    def test_every_receiver_is_the_references_and_every_burst_has_its_time(self):
        with tempfile.TemporaryDirectory() as folder:
            done = run(folder, "--patterns", "literals", "--payload", "128")
            self.assertEqual(done.returncode, 0, done.stderr)
            found = json.loads(done.stdout)
        self.assertIn("receivers of every event, and every counter", found["checked"])
        self.assertGreaterEqual(found["payload_bytes"], 128)
        self.assertGreater(found["hits"], 0)
        window, = found["windows"]
        for lane in ("with", "without"):
            self.assertTrue(all(cycles > 0 for cycles in window[lane].values()))
        for bare in ("hs_scan", "hs_scan_both", "hs_scan_hot"):
            self.assertGreater(window[bare], 0)

    def test_what_cannot_be_measured_is_refused_with_a_sentence(self):
        with tempfile.TemporaryDirectory() as folder:
            for more, why in ((["--patterns", "words", "--payload", "64"], "literals or regexes"), (["--payload", "64"], "literals or regexes"),
                              (["--patterns", "literals"], "1 to 1024 bytes"), (["--patterns", "literals", "--payload", "64", "--check"], "belong to other programs")):
                done = run(folder, *more)
                self.assertNotEqual(done.returncode, 0)
                self.assertIn(why, done.stderr)


if __name__ == "__main__":
    unittest.main()

"""rhumb-hsc asked as rhumbd asks it, and rhumb-perf-hostile on what it admitted."""

import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

PROGRAM = pathlib.Path(sys.argv.pop())
BUILD = pathlib.Path(sys.argv.pop())
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[3] / "perf"))

from lib import hsc  # noqa: E402


def hostile(folder, prefix, *more):
    words = [PROGRAM, "--dir", folder, "--file-prefix", f"rhumb-hostile-{os.getpid()}", "--no-huge", "--control-core", "0", "--core", "1", "--core2", "0",
             "--windows", "1", "--seconds", "0", *more]
    return subprocess.run([*words, "--patterns", prefix], capture_output=True, text=True, timeout=100, check=False)


@unittest.skipIf(len(os.sched_getaffinity(0)) < 2, "two cores are named")
class Hostile(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def files(self, lines, database):
        (self.folder / "set.hs").write_bytes(database)
        (self.folder / "set.baits").write_text("\n".join(lines) + "\n", encoding="utf-8")
        return self.folder / "set"

    def test_admitted_patterns_are_scanned_for_the_hostile_tenant_and_the_others_get_every_copy(self):
        # Its measure of cycles is not what is tested: any is allowed.
        with hsc.Helper(BUILD, cycles_per_byte=10_000, set_cycles_per_byte=10_000) as helper:
            self.assertGreater(helper.check("the.*and"), 0)
            with self.assertRaisesRegex(hsc.Refused, "parenthesis"):
                helper.check("(")
            _, database = helper.compile(["the.*and", "needle"])
        done = hostile(self.folder, self.files(["2", "the and ", "hay"], database))
        self.assertEqual(done.returncode, 0, done.stderr)
        found = json.loads(done.stdout)
        self.assertIn("every copy of the other tenants", found["checked"])
        self.assertEqual(found["hostile_events"], 160)
        self.assertGreater(found["windows"][0]["with"], 0)

    def test_files_that_are_missing_or_wrong_are_refused_with_a_sentence(self):
        done = hostile(self.folder, self.folder / "none")
        self.assertIn("cannot be read", done.stderr)
        for lines, why in ((["0"], "a number of patterns and a bait"), (["1", "x"], "refuses the database")):
            done = hostile(self.folder, self.files(lines, b"x"))
            self.assertNotEqual(done.returncode, 0)
            self.assertIn(why, done.stderr)


if __name__ == "__main__":
    unittest.main()

"""rhumb-perf-typed: the router's matcher finds exactly whom two counting matchers and the plain reference find."""

import json
import subprocess
import sys
import unittest

PROGRAM = sys.argv.pop()


def run(*more):
    return subprocess.run([PROGRAM, "--core", "0", "--windows", "1", "--seconds", "0", *more], capture_output=True, text=True, timeout=100, check=False)


class Typed(unittest.TestCase):
    def test_all_four_agree_on_filters_that_often_match(self):
        done = run("--filters", "5000", "--sessions", "700", "--names", "12", "--values", "60", "--events", "64")
        self.assertEqual(done.returncode, 0, done.stderr)
        found = json.loads(done.stdout)
        self.assertGreaterEqual(found["events"], 32)
        self.assertGreater(found["matched"], found["receivers"])
        self.assertIn("the same", found["checked"])
        window, = found["windows"]
        self.assertTrue(all(window[who] > 0 for who in ("counting", "pruned", "router")))

    def test_every_session_alone(self):
        done = run("--filters", "2000", "--sessions", "2000", "--names", "10", "--values", "30", "--events", "32", "--seed", "9")
        self.assertEqual(done.returncode, 0, done.stderr)
        found = json.loads(done.stdout)
        self.assertEqual(found["matched"], found["receivers"])

    def test_what_cannot_be_is_refused_with_a_sentence(self):
        for more, why in ((["--events", "33"], "a multiple of 32"), (["--sessions", "0"], "1 to"), (["--names", "3"], "3 names"), (["--filters", "x"], "not a value"), (["--nonsense", "1"], "no such option")):
            done = run(*more)
            self.assertNotEqual(done.returncode, 0)
            self.assertIn(why, done.stderr)


if __name__ == "__main__":
    unittest.main()

"""A stage made slow is found and named: instructions_slow_test.py PROGRAM SLOW, both under callgrind."""

import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[3] / "perf"))

from lib import instructions, kept  # noqa: E402

# Small: setting up is most of the time.
OPTIONS = {"topics": 2000, "subscriptions": 500, "trace": 8320}


def figures(program):
    shape, told = instructions.count(program, OPTIONS)
    return {"made_with": {"compiler": told["compiler"]}, "shapes": {"small": shape}}


class Slow(unittest.TestCase):
    def test_the_slow_stage_and_the_sum_are_named_and_no_other(self):
        program, slow = sys.argv[1:3]
        usual = figures(program)
        self.assertEqual(kept.compare(usual, figures(program)).findings, [])
        verdict = kept.compare(usual, figures(slow))
        self.assertEqual([f["what"] for f in verdict.findings], ["small: stage match", "small: sum"])
        self.assertTrue(all(f["kind"] == "rise" for f in verdict.findings))
        self.assertEqual(verdict.status(), 1)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])

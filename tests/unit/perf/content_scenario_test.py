"""The scenarios of content, with programs of the test's own: content, typed, hostile."""

import pathlib
import sys
import tempfile
import unittest
from unittest import mock

import scenario_test as base

TOP = pathlib.Path(__file__).resolve().parents[3]
sys.path.insert(0, str(TOP / "perf"))

from lib import hsc, machine  # noqa: E402
from scenarios import content, hostile, typed  # noqa: E402


def contents(words, cpu_ns=base.SECOND, slow=1.0):
    """What rhumb-perf-content would print: payloads cost as much as they have bytes."""
    if "--memory" in words:
        return 512
    size = int(base.option(words, "--payload"))
    dear = 1.5 if base.option(words, "--patterns") == "regexes" and size == 256 else 1.1
    lanes = {"with": {"content": 300 + dear * size * slow, "both": (300 + dear * size * slow + 306) / 2, "plain": 303}, "without": {"content": 300, "both": 300, "plain": 300}}
    return {"tsc_hz": base.HZ, "hs_version": "5.4.9", "patterns": 1000, "database_bytes": 10, "payload_bytes": size + 2.0, "hits": 0.01, "checked": "every receiver",
            "windows": [{"wall_ns": base.SECOND, "cpu_ns": cpu_ns, "passes": 9, **lanes, "hs_scan": size}]}


class Content(unittest.TestCase):
    def test_the_worst_cell_of_each_is_the_key_and_the_rest_of_the_event_does_not_count(self):
        found = base.run(content, contents, [])
        self.assertAlmostEqual(found["metrics"]["ratio_to_hs_scan"], 1.5, places=6)
        self.assertAlmostEqual(found["metrics"]["unfiltered_penalty"], 0.02, places=6)
        self.assertFalse(found["passed"])
        self.assertIn("ratio_to_hs_scan 1.500, floor 1.40: NOT REACHED", found["said"])
        self.assertEqual(len([c for c in found["cells"] if c["key"] == "ratio_to_hs_scan"]), 8)
        self.assertEqual(len([c for c in found["cells"] if c["key"] == "unfiltered_penalty"]), 16)
        self.assertEqual(len(found["checked"]), 8)

    def test_one_thread_on_the_worker_s_core_is_worker_of_both_lanes(self):
        seen = []
        base.run(content, lambda words: seen.append(words) or contents(words), [])
        self.assertEqual({(base.option(w, "--control-core"), base.option(w, "--core2")) for w in seen}, {("1", "1")})

    def test_a_run_with_half_a_core_or_without_its_core_is_void_and_the_key_has_no_figure(self):
        for answer, spin in ((contents, lambda *_: {**base.QUIET, "shared": 0.8}), (lambda words: contents(words, cpu_ns=base.SECOND // 2), lambda *_: base.QUIET)):
            found = base.run(content, answer, [], spin)
            self.assertEqual(found["metrics"], {})
            self.assertIn("8 of 8 cells have no figure", found["unmeasured"]["ratio_to_hs_scan"])
            self.assertFalse(found["passed"])


def expressions(_words, cpu_ns=base.SECOND):
    """What rhumb-perf-typed would print."""
    window = {"wall_ns": base.SECOND, "cpu_ns": cpu_ns, "passes": 3, "counting": 240_000.0, "pruned": 120_000.0, "router": 20_000.0}
    return {"tsc_hz": base.HZ, "filters": 1_000_000, "events": 1024, "matched": 500.0, "receivers": 490.0, "table_bytes": 10**8, "counting_bytes": 10**8, "build_seconds": 3.0,
            "counting_build_seconds": 2.0, "windows": [window, {**window, "cpu_ns": 10, "router": 1.0}], "checked": "receivers"}


class Typed(unittest.TestCase):
    def test_the_faster_counting_matcher_is_the_reference_and_windows_off_the_core_do_not_count(self):
        found = base.run(typed, expressions, [])
        self.assertAlmostEqual(found["metrics"]["ratio_to_counting"], 6.0, places=6)
        self.assertAlmostEqual(found["metrics"]["ratio_to_plain_counting"], 12.0, places=6)
        self.assertTrue(found["passed"])
        self.assertAlmostEqual(found["samples"][0]["events_per_second"], base.HZ / 20_000)

    def test_half_a_core_is_void_and_too_little_memory_is_said(self):
        with self.assertRaisesRegex(machine.MachineError, "shared with a neighbour"):
            base.run(typed, expressions, [], lambda *_: {**base.QUIET, "shared": 0.8})
        with mock.patch.object(machine, "memory_available_kib", lambda: 1 << 20), self.assertRaisesRegex(machine.MachineError, "1,000,000 filters want about [0-9]+ MiB, 1024 MiB are free"):
            base.run(typed, expressions, [])


class Admission:
    """rhumb-hsc that admits what it is told to."""

    refused = ("e",)

    def __init__(self, _build):
        self.compiled = []

    def __enter__(self):
        return self

    def __exit__(self, *_why):
        pass

    def check(self, pattern):
        if pattern in self.refused:
            raise hsc.Refused("costs 44 cycles")
        return float(len(pattern))

    def compile(self, patterns):
        if len(patterns) > 5:
            raise hsc.Refused("together too dear")
        return 10.0 * len(patterns), b"database"


def beside(_words, with_it=10_000_000, cpu_ns=base.SECOND):
    """What rhumb-perf-hostile would print."""
    window = {"wall_ns": base.SECOND, "cpu_ns": cpu_ns, "passes": 3, "with": with_it, "without": 9_500_000, "longest_round_cycles": base.HZ // 1000}
    return {"tsc_hz": base.HZ, "hs_version": "5.4.9", "patterns": 5, "others_events": 70_000, "hostile_events": 160, "hostile_datagrams": 10_000, "payload": "prose",
            "cycles_per_byte": 47.0, "patterns_in_payload": 3, "windows": [window], "checked": "every copy"}


class Hostile(unittest.TestCase):
    def run_hostile(self, answer, spin=lambda *_: base.QUIET):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        with mock.patch.object(hsc, "Helper", Admission):
            return base.run(hostile, answer, [], spin)

    def test_the_others_beside_the_same_frames_without_content(self):
        found = self.run_hostile(beside)
        self.assertAlmostEqual(found["metrics"]["ratio_others"], 0.95, places=6)
        self.assertTrue(found["passed"])
        self.assertAlmostEqual(found["metrics"]["longest_round_us"], 1000)
        self.assertIn("5 of 25 patterns admitted, 50 cycles a byte", found["said"])
        self.assertIn("12.5% of the datagrams are the hostile tenant's", found["said"])

    def test_a_worker_that_scans_for_the_hostile_one_fails(self):
        self.assertFalse(self.run_hostile(lambda words: beside(words, with_it=190_000_000))["passed"])

    def test_the_dearest_patterns_come_first_and_refused_ones_are_left_out(self):
        said = []
        with Admission(None) as helper:
            patterns, baits, cost, database = hostile.admitted(helper, said.append)
        self.assertEqual(len(patterns), 5)
        self.assertEqual([len(p) for p in patterns], sorted((len(p) for p, _ in hostile.CANDIDATES), reverse=True)[:5])
        self.assertEqual((len(baits), cost, database), (5, 50.0, b"database"))
        self.assertIn("refused: e: costs 44 cycles", said)

    def test_no_core_of_its_own_is_void(self):
        with self.assertRaisesRegex(machine.MachineError, "less than 80% of every window"):
            self.run_hostile(lambda words: beside(words, cpu_ns=base.SECOND // 2))


if __name__ == "__main__":
    unittest.main()

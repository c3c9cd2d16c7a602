"""The scenarios of content, with programs of the test's own: content, typed, hostile, visible-regex."""

import pathlib
import struct
import sys
import tempfile
import unittest
from unittest import mock

import scenario_test as base

TOP = pathlib.Path(__file__).resolve().parents[3]
sys.path.insert(0, str(TOP / "perf"))

from lib import hsc, machine, raw_clients, regexes  # noqa: E402
from scenarios import content, hostile, typed, visible_regex  # noqa: E402


def contents(words, cpu_ns=base.SECOND, slow=1.0):
    """What rhumb-perf-content would print: payloads cost as much as they have bytes, and 40 more where half as many are scanned at once."""
    if "--memory" in words:
        return 512
    size = int(base.option(words, "--payload"))
    dear = 1.5 if base.option(words, "--patterns") == "regexes" and size == 256 else 1.1
    lanes = {"with": {"content": 300 + dear * size * slow, "both": (300 + dear * size * slow + 40 + 306) / 2, "plain": 303}, "without": {"content": 300, "both": 300, "plain": 300}}
    return {"tsc_hz": base.HZ, "hs_version": "5.4.9", "patterns": 1000, "database_bytes": 10, "payload_bytes": size + 2.0, "hits": 0.01, "checked": "every receiver",
            "windows": [{"wall_ns": base.SECOND, "cpu_ns": cpu_ns, "passes": 9, **lanes, "hs_scan": size, "hs_scan_both": size + 40, "hs_scan_hot": size / 2}]}


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
    window = {"wall_ns": base.SECOND, "cpu_ns": cpu_ns, "passes": 3, "with": with_it, "without": 9_500_000, "with_all": 2 * with_it, "without_all": 19_000_000, "to_lane": 40,
              "longest_round_cycles": base.HZ // 1000}
    return {"tsc_hz": base.HZ, "hs_version": "5.4.9", "patterns": 5, "others_events": 70_000, "hostile_events": 160, "hostile_datagrams": 10_000, "payload": "prose",
            "cycles_per_byte": 47.0, "patterns_in_payload": 3, "windows": [window], "hostile_copies": 30, "hostile_refused": 400,
            "checked": "every copy"}


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


class VisibleRegex(unittest.TestCase):
    def run_visible(self, effects, whole=8.0):
        answer = [(seconds / 2, seconds) for seconds in effects], 30.0
        with mock.patch.object(visible_regex, "measure", lambda *_: answer), mock.patch.object(visible_regex, "full_seconds", lambda *_: whole):
            return base.run(visible_regex, lambda _words: {}, [])

    def test_the_99th_percentile_over_a_full_compilation(self):
        found = self.run_visible([0.004] * 198 + [0.04, 3.0])
        self.assertAlmostEqual(found["metrics"]["regex_ratio"], 0.04 / 8)
        self.assertTrue(found["passed"])
        self.assertAlmostEqual(found["samples"][0]["p50_ms"], 4.0)
        self.assertAlmostEqual(found["samples"][0]["suback_p50_ms"], 2.0)
        self.assertAlmostEqual(found["samples"][0]["most_ms"], 3000.0)
        self.assertNotIn("stands for the 99th percentile", found["said"])

    def test_three_slow_adds_fail_and_a_few_adds_are_said_to_be_few(self):
        self.assertFalse(self.run_visible([0.004] * 197 + [3.0] * 3)["passed"])
        found = self.run_visible([0.004, 0.09])
        self.assertAlmostEqual(found["metrics"]["regex_ratio"], 0.09 / 8)
        self.assertIn("2 adds in the time there was", found["said"])

    def test_an_event_that_does_not_come_or_comes_without_reason_is_an_error(self):
        class Session:
            def __init__(self, got):
                self.events, self.got = [], got

            def gather(self, _count, _seconds):
                self.events += [("regex/3", text, 1) for text in self.got]

        writer = mock.Mock()
        visible_regex.events(Session([regexes.payload(3)]), writer, 3)
        self.assertEqual([call.args for call in writer.publish.call_args_list], [("regex/3", regexes.payload(3, near=True)), ("regex/3", regexes.payload(3))])
        for got in ([], [regexes.payload(3, near=True)], [regexes.payload(3, near=True), regexes.payload(3)]):
            with self.assertRaisesRegex(machine.MachineError, "pattern 3: . of 2 events came, 1 are due"):
                visible_regex.events(Session(got), writer, 3)


class Regexes(unittest.TestCase):
    def test_each_has_a_payload_of_its_own_and_one_that_is_near(self):
        self.assertEqual(len({regexes.literal(n) for n in range(10_000)}), 10_000)
        for number in range(0, 10_000, 7):
            self.assertTrue(regexes.occurs(number, regexes.payload(number)))
            self.assertFalse(regexes.occurs(number, regexes.payload(number, near=True)))
            self.assertFalse(regexes.occurs(number + 1, regexes.payload(number)))


class Answering:
    """A session whose router answers once it was asked @after times, with @code."""

    def __init__(self, after=1, code=0):
        self.client_id, self.request, self.after, self.code, self.asked = "s", 0, after, code, 0

    def send(self, _records):
        self.asked += 1

    def receive(self, _seconds):
        wire = raw_clients.wire()
        if self.asked < self.after:
            return None
        text = b"too dear" if self.code else b""
        body = struct.pack(">IHHI", self.request, 1, 0, 0)[:12] + bytes(8) + struct.pack(">BB6x", self.code, len(text)) + wire.pad(text)
        return wire.Datagram(1, 1, 1, 0, 0, [(wire.SUBACK, 0, body)])


class Loading(unittest.TestCase):
    def setUp(self):
        for where, value in (("REPEAT_SECONDS", 0.01),):
            patch = mock.patch.object(raw_clients, where, value)
            patch.start()
            self.addCleanup(patch.stop)

    def test_every_session_is_asked_again_until_it_answers(self):
        sessions = [Answering(), Answering(after=3)]
        raw_clients.Loader(sessions, [[("a/#", "x")]] * 2).wait(5)
        self.assertEqual(sessions[0].asked, 1)
        self.assertGreaterEqual(sessions[1].asked, 3)

    def test_a_refusal_and_silence_are_errors(self):
        with self.assertRaisesRegex(machine.MachineError, "s: too dear"):
            raw_clients.Loader([Answering(code=3)], [[("a/#", "x")]]).wait(5)
        with self.assertRaisesRegex(machine.MachineError, "1 requests were not answered in 0.05 s"):
            raw_clients.Loader([Answering(after=10**9)], [[("a/#", "x")]]).wait(0.05)


if __name__ == "__main__":
    unittest.main()

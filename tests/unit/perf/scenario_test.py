"""perf/run's method, with a router and a reference of the test's own."""

import io
import json
import os
import pathlib
import sys
import tempfile
import unittest
from contextlib import contextmanager, redirect_stdout
from unittest import mock

import jsonschema

TOP = pathlib.Path(__file__).resolve().parents[3]
sys.path.insert(0, str(TOP / "perf"))

from lib import machine, path, probe, report, result, suite, windows, wire  # noqa: E402
from lib.pairs import Void, collect  # noqa: E402
from lib.rig import Rig  # noqa: E402
from scenarios import churn, cold, flat, hot, scale, shapes, sizes, visible  # noqa: E402

HZ = 2_000_000_000
SECOND = 1_000_000_000
QUIET = {"core": 1, "longest_ns": 20_000, "over_1ms": 0, "shared": 0.1}


def window(key, count, wall_ns=SECOND, cpu_ns=SECOND, **more):
    return {key: count, "wall_ns": wall_ns, "cpu_ns": cpu_ns, **more}


def router(events, cpu_ns=SECOND, lanes=1, gap_ns=1000):
    """What rhumb-perf-path would print."""
    lane = {"cpu_ns": cpu_ns, "longest_gap_ns": gap_ns, "stage_cycles": {"rx": 10.0, "match": 30.0}, "hit_rate": 1.0}
    return {"tsc_hz": HZ, "checked": "every counter", "frame_bytes": 258, "table_bytes": 1000,
            "windows": [{"wall_ns": SECOND, "lanes": [{"events": n, "copies": n, **lane}] * lanes} for n in events]}


class FakeReference:
    """testpmd with windows of the test's own."""

    windows = []

    def __init__(self, *_args):
        self.left = list(self.windows)

    def window(self, _seconds):
        return self.left.pop(0) if self.left else self.windows[-1]

    def close(self):
        pass


@contextmanager
def pages(_mebibytes):
    yield True


@contextmanager
def no_router(_rig, _workload):
    raise machine.MachineError("no router in this test")
    yield  # pylint: disable=unreachable


def run(scenario, ours, theirs, spin=lambda *_: QUIET, line=lambda *_: {"tag": "near"}):
    """Run @scenario with @ours, a router's output or a function of its command, and @theirs, windows of macswap."""
    answer = ours if callable(ours) else lambda _words: ours
    FakeReference.windows = theirs
    with mock.patch.object(path, "_run", side_effect=lambda words: "512" if "--memory" in words else json.dumps(answer(words))), \
            mock.patch("lib.rig.Reference", FakeReference), mock.patch.object(probe, "spin", spin), mock.patch.object(probe.time, "sleep", lambda _s: None), \
            mock.patch.object(probe, "line", line), mock.patch.object(machine, "cores", lambda: (0, 1)), \
            mock.patch.object(machine, "three_cores", lambda: (0, 1, 0)), \
            mock.patch.object(wire, "router", no_router), \
            mock.patch.object(machine, "hugepages", pages), redirect_stdout(io.StringIO()) as said:
        found = scenario.run(Rig("test", TOP / "build", True))
        report.show(found)
    found["said"] = said.getvalue()
    return found


class Windows(unittest.TestCase):
    def test_off_its_core_or_away_is_void(self):
        self.assertIsNone(windows.void(window("events", 1)))
        self.assertIn("95%", windows.void(window("events", 1, cpu_ns=950_000_000)))
        self.assertIn("1.2 ms", windows.void(window("events", 1, longest_gap_ns=1_200_000)))

    def test_a_round_that_is_long_by_itself_is_no_absence(self):
        # A thousand copies of each datagram: 40 us of work, 32 of them a round.
        busy = window("events", 1, cpu_ns=10**9, datagrams=25_000, longest_gap_ns=2_200_000)
        self.assertIsNone(windows.void(busy))
        self.assertIn("2.4 ms", windows.void({**busy, "longest_gap_ns": 2_400_000}))

    def test_half_a_core_is_void(self):
        self.assertIsNone(windows.void(window("events", 1, shared=0.3)))
        self.assertIn("shared for 80%", windows.void(window("events", 1, shared=0.8)))

    def test_the_middle_is_of_those_that_count(self):
        found = [window("events", n) for n in (1, 2, 3)] + [window("events", 100, cpu_ns=100)]
        self.assertEqual(windows.middle(found, "events")["events"], 2)
        self.assertIsNone(windows.middle([window("events", 1, cpu_ns=1)], "events"))


class Alone(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def lock(self, path):
        return mock.patch.object(machine, "LOCK", path)

    def test_a_second_run_is_refused_while_the_first_measures(self):
        with self.lock(self.folder / "lock"):
            with machine.alone():
                with self.assertRaisesRegex(machine.MachineError, f"process {os.getpid()}: wait for its end"), machine.alone():
                    pass
            with machine.alone():
                pass

    def test_where_no_lock_can_be_had_it_goes_on(self):
        with self.lock("/no/such/folder/lock"), machine.alone():
            pass

    def test_pages_are_given_back_whatever_happens(self):
        pages = self.folder / "pages"
        pages.write_text("7\n", encoding="ascii")
        with self.lock(self.folder / "lock"), mock.patch.object(machine, "HUGEPAGES", pages):
            with self.assertRaises(KeyError), machine.hugepages(64) as had:
                self.assertTrue(had)
                self.assertEqual(pages.read_text(encoding="ascii"), "32")
                raise KeyError
        self.assertEqual(pages.read_text(encoding="ascii"), "7\n".strip())


class Pairs(unittest.TestCase):
    def test_void_pairs_are_kept_apart(self):
        turns = iter([Void("busy"), {"a": 1}, Void("busy"), {"a": 2}])

        def measure():
            turn = next(turns)
            if isinstance(turn, Void):
                raise turn
            return turn
        samples, void = collect(2, measure, lambda _text: None)
        self.assertEqual((samples, void), ([{"a": 1}, {"a": 2}], ["busy", "busy"]))

    def test_tries_are_bounded_and_none_is_an_error(self):
        calls = []

        def measure():
            calls.append(1)
            raise Void("busy")
        with self.assertRaisesRegex(machine.MachineError, "no valid pair in 8 tries.*busy"):
            collect(2, measure, lambda _text: None)
        self.assertEqual(len(calls), 8)

    def test_late_one_pair_is_enough(self):
        samples, _ = collect(5, lambda: {"a": 1}, lambda _text: None, late=lambda: True)
        self.assertEqual(len(samples), 1)

    def test_late_the_tries_for_one_pair_are_bounded_too(self):
        calls = []

        def measure():
            calls.append(1)
            raise Void("busy")
        with self.assertRaisesRegex(machine.MachineError, "no valid pair in 4 tries"):
            collect(5, measure, lambda _text: None, late=lambda: True)
        self.assertEqual(len(calls), 4)

    def test_a_rig_is_late_when_its_budget_is_spent(self):
        with mock.patch.object(machine, "cores", lambda: (0, 1)):
            self.assertFalse(Rig("x", TOP, True, budget=3600).late())
            self.assertFalse(Rig("x", TOP, True).late())
            self.assertTrue(Rig("x", TOP, True, budget=-1).late())


class Results(unittest.TestCase):
    def test_a_key_over_cells_is_its_worst_cell(self):
        found = result.Result("x", {}, True)
        for name, values in (("a", [3, 4, 5]), ("b", [1, 2, 9])):
            for key in ("ratio_to_macswap", "p99_ratio"):
                found.add(result.cell(name, key, [{key: v} for v in values]), [])
        found.metric("ratio_to_macswap")
        found.metric("p99_ratio")
        metrics = found.end()["metrics"]
        self.assertEqual(metrics["ratio_to_macswap"], 2)
        self.assertEqual(metrics["ratio_to_macswap_worst"], 1)
        self.assertEqual(metrics["p99_ratio"], 4)
        self.assertEqual(metrics["p99_ratio_worst"], 9)

    def test_a_floor_without_a_figure_is_not_reached(self):
        found = result.Result("x", {"ratio_to_macswap": 0.2}, True)
        found.unmeasured("ratio_to_macswap", "no core")
        self.assertFalse(found.end()["passed"])

    def test_a_rising_metric_fails_above_its_floor(self):
        for value, passed in ((2.9, True), (3.1, False)):
            found = result.Result("x", {"p99_ratio": 3}, True)
            found.add(result.cell("a", "p99_ratio", [{"p99_ratio": value}]), [])
            found.metric("p99_ratio")
            self.assertEqual(found.end()["passed"], passed)


class Hot(unittest.TestCase):
    def test_ratio_is_per_second_on_the_cpu(self):
        found = run(hot, router([6_800_000] * 3, cpu_ns=980_000_000), [window("packets", 20_000_000)])
        self.assertAlmostEqual(found["metrics"]["ratio_to_macswap"], 6.8 / 0.98 / 20, places=6)
        self.assertAlmostEqual(found["metrics"]["cycles_per_event"], HZ / (6.8e6 / 0.98), places=3)
        self.assertTrue(found["passed"])

    def test_below_the_floor_fails(self):
        self.assertFalse(run(hot, router([6_500_000] * 3), [window("packets", 20_000_000)])["passed"])

    def test_a_void_window_is_never_counted(self):
        theirs = [window("packets", 20_000_000), window("packets", 99, cpu_ns=100), window("packets", 20_000_000)]
        found = run(hot, router([5_000_000] * 3), theirs)
        self.assertAlmostEqual(found["metrics"]["ratio_to_macswap"], 0.25, places=6)

    def test_nothing_but_void_windows_is_an_error_and_no_figure(self):
        for ours, spin in ((router([5_000_000] * 3, cpu_ns=900_000_000), lambda *_: QUIET),
                           (router([5_000_000] * 3, gap_ns=2_000_000), lambda *_: QUIET),
                           (router([5_000_000] * 3), lambda *_: {**QUIET, "longest_ns": 1_500_000}),
                           (router([5_000_000] * 3), lambda *_: {**QUIET, "shared": 0.8})):
            with self.assertRaisesRegex(machine.MachineError, "no valid pair"):
                run(hot, ours, [window("packets", 20_000_000)], spin)

    def test_result_fits_its_schema(self):
        found = run(hot, router([5_000_000] * 3), [window("packets", 20_000_000)])
        del found["said"]
        found["machine"] = machine.describe(TOP / "build")
        schema = json.loads((TOP / "docs/schemas/perf.json").read_text(encoding="utf-8"))
        jsonschema.validate(found, schema)
        del found["checked"]
        with self.assertRaises(jsonschema.ValidationError):
            jsonschema.validate(found, schema)


class Sizes(unittest.TestCase):
    def answer(self, words):
        record = int(words[words.index("--record") + 1])
        return {**router([4_000_000 if record == 1448 else 6_000_000] * 3), "frame_bytes": 66 + record}

    def test_every_size_beside_macswap_of_its_size_and_the_worst_is_the_key(self):
        found = run(sizes, self.answer, [window("packets", 20_000_000)])
        self.assertEqual([c["frame_bytes"] for c in found["cells"]], [162, 258, 514, 1026, 1514])
        self.assertEqual([c["cell"] for c in found["cells"]], ["162", "258", "514", "1026", "1514"])
        self.assertAlmostEqual(found["metrics"]["ratio_to_macswap"], 0.2, places=6)
        self.assertEqual(len(found["checked"]), 5)


    def test_a_size_without_a_figure_leaves_the_key_unmeasured_and_the_other_sizes_stand(self):
        def answer(words):
            found = self.answer(words)
            return found if found["frame_bytes"] != 514 else {**router([6_000_000] * 3, gap_ns=4_000_000), "frame_bytes": 514}
        found = run(sizes, answer, [window("packets", 20_000_000)])
        self.assertNotIn("ratio_to_macswap", found["metrics"])
        self.assertIn("1 of 5 sizes have no figure", found["unmeasured"]["ratio_to_macswap"])
        self.assertIn("away for 4.0 ms", found["unmeasured"]["ratio_to_macswap at 514"])
        self.assertEqual(len(found["cells"]), 4)


class Scale(unittest.TestCase):
    def answer(self, words):
        return router([4_000_000] * 3, lanes=2) if "--core2" in words else router([5_000_000] * 3)

    def test_two_over_one(self):
        found = run(scale, self.answer, [])
        self.assertAlmostEqual(found["metrics"]["two_one"], 1.6, places=6)
        self.assertAlmostEqual(found["metrics"]["telemetry_ratio"], 1.0, places=6)

    def test_tags_that_differ_leave_the_key_unmeasured_and_say_so(self):
        tags = iter(["near", "near", "far", "far"] * 100)
        found = run(scale, self.answer, [], line=lambda *_: {"tag": next(tags)})
        self.assertNotIn("two_one", found["metrics"])
        self.assertIn("near for one worker and far for two", found["unmeasured"]["two_one"])
        self.assertIn("two_one UNMEASURED", found["said"])


def option(words, name):
    """Value of an option on a command line, or None."""
    return words[words.index(name) + 1] if name in words else None


class Cold(unittest.TestCase):
    def answer(self, words):
        cached, tenants = option(words, "--cache") is None, option(words, "--tenants") is not None
        return router([4_000_000 if cached else 2_400_000 if tenants else 3_000_000] * 3)

    def test_the_key_is_the_worst_cell_without_the_cache(self):
        found = run(cold, self.answer, [window("packets", 20_000_000)])
        self.assertAlmostEqual(found["metrics"]["ratio_to_macswap"], 0.12, places=6)
        self.assertAlmostEqual(found["metrics"]["ratio_to_macswap_with_cache"], 0.2, places=6)
        self.assertAlmostEqual(found["metrics"]["mpps"], 3.0, places=6)
        self.assertTrue(found["passed"])
        self.assertEqual([(c["cell"], c["key"]) for c in found["cells"]],
                         [(name, key) for key in ("ratio_to_macswap", "ratio_to_macswap_with_cache") for name in ("1M", "1M in 1,000 tenants")])

    def test_the_cache_cannot_lift_it_over_the_floor(self):
        slow = router([1_900_000] * 3)
        found = run(cold, lambda words: slow if "--cache" in words else self.answer(words), [window("packets", 20_000_000)])
        self.assertFalse(found["passed"])
        self.assertIn("ratio_to_macswap 0.095, floor 0.10: NOT REACHED", found["said"])


class Flat(unittest.TestCase):
    base = 10_000_000

    def answer(self, words):
        size, cached = int(option(words, "--subscriptions")), option(words, "--cache") is None
        small = 1.5 if option(words, "--trace") == "262144" else 1
        return router([int(self.base / (small if size == 1000 else 2 if cached else 3))] * 3)

    def run_flat(self, available=64 << 20):
        with mock.patch.object(machine, "memory_available_kib", lambda: available):
            return run(flat, self.answer, [window("packets", 20_000_000)])

    def test_ten_million_beside_a_thousand_without_the_cache(self):
        found = self.run_flat()
        self.assertAlmostEqual(found["metrics"]["ratio_10m_1k"], 3.0, places=5)
        self.assertAlmostEqual(found["metrics"]["ratio_10m_1k_raw"], 3.0, places=5)
        self.assertAlmostEqual(found["metrics"]["ratio_10m_1k_with_cache"], 2.0, places=5)
        self.assertAlmostEqual(found["metrics"]["ratio_10m_1k_same_trace"], 2.0, places=5)
        self.assertAlmostEqual(found["metrics"]["base_to_macswap"], 0.5, places=5)
        self.assertTrue(found["passed"])
        self.assertEqual([point["subscriptions"] for point in found["curve"]], [1_000_000, 10_000_000])
        for key, name in (("ratio_to_1k", "1000000"), ("ratio_10m_1k_raw", "10000000")):
            self.assertAlmostEqual(next(s for s in found["samples"] if s["cell"] == name)[key], 3.0, places=5)

    def test_a_slow_base_leaves_the_key_unmeasured_and_the_raw_ratio_stands(self):
        self.base = 4_800_000
        found = self.run_flat()
        self.assertNotIn("ratio_10m_1k", found["metrics"])
        self.assertAlmostEqual(found["metrics"]["ratio_10m_1k_raw"], 3.0, places=5)
        self.assertIn("ratio_10m_1k UNMEASURED: does not count: the run at 1,000 is 0.240 of macswap, at least 0.25 is wanted; as it stands the ratio is 3.000",
                      found["said"])
        self.assertFalse(found["passed"])

    def test_too_little_memory_is_said_and_gives_no_figure(self):
        found = self.run_flat(4 << 20)
        self.assertNotIn("ratio_10m_1k", found["metrics"])
        self.assertRegex(found["unmeasured"]["ratio_10m_1k"], "10,000,000 subscriptions want about [0-9]+ MiB, 4096 MiB are free")


class Shapes(unittest.TestCase):
    def answer(self, words):
        rates = {("shapes", "0"): 1, ("exact", "0"): 4, ("shapes", None): 2, ("exact", None): 4, ("hostile", "0"): 0.5, ("hostile", None): 2, (None, None): 5, (None, "0"): 4}
        return router([int(1_000_000 * rates[(option(words, "--family"), option(words, "--cache"))])] * 3)

    def test_judged_without_the_cache_and_the_rest_beside_it(self):
        found = run(shapes, self.answer, [])
        self.assertAlmostEqual(found["metrics"]["ratio_shapes"], 4.0, places=6)
        self.assertAlmostEqual(found["metrics"]["ratio_adversarial"], 10.0, places=6)
        self.assertAlmostEqual(found["metrics"]["shapes_with_cache"], 2.0, places=6)
        self.assertAlmostEqual(found["metrics"]["adversarial_with_cache"], 2.5, places=6)
        self.assertAlmostEqual(found["metrics"]["adversarial_to_hot_without_cache"], 8.0, places=6)
        self.assertTrue(found["passed"])
        self.assertEqual(len(found["checked"]), 3)


def updates(words, lost=0, bare_lost=0, gap_ns=1000, others_ns=980_000_000, during=4_750_000, after=5_000_000):
    """What rhumb-perf-update would print."""
    def one(kind, events, **more):
        return {"kind": kind, "wall_ns": SECOND, "cpu_ns": SECOND, "others_ns": others_ns, "datagrams": events, "events": events, "copies": events,
                "busy_cycles": HZ, "offered": events + lost, "lost": 0, "longest_gap_ns": gap_ns, **more}
    if "--visible" in words:
        found = [one("visible", 4_500_000, updates=5000, p50_us=5.0, p90_us=9.0, p99_us=80.0 + n, p999_us=900.0, max_us=950.0) for n in range(3)]
    else:
        found = [one("saturated", 5_000_000), one("lfht", 4_500_000, pairs=1_000_000, update_ns=500_000_000, lost=bare_lost),
                 one("churn", 4_500_000, pairs=400_000, update_ns=500_000_000, lost=lost), one("lfht_after", 4_500_000, pairs=1_000_000, update_ns=500_000_000), one("saturated_churn", during, pairs=1, update_ns=1)] * 3
        found.append(one("saturated", after))
    return {"tsc_hz": HZ, "subscriptions": 1_000_000, "table_bytes": 500_000_000, "load_percent": 90.0, "checked": "every counter",
            "windows": [*found, {"kind": "end"}]}


class Churn(unittest.TestCase):
    def test_pairs_beside_bare_ones_and_the_dataplane_beside_itself(self):
        found = run(churn, updates, [])
        self.assertAlmostEqual(found["metrics"]["ratio_to_lfht"], 0.4, places=6)
        self.assertAlmostEqual(found["metrics"]["dataplane_ratio"], 0.95, places=6)
        self.assertEqual(found["metrics"]["lost"], 0)
        self.assertTrue(found["passed"])
        self.assertEqual({c["cell"] for c in found["cells"]}, {"1M, near"})
        self.assertEqual(found["unmeasured"], {"wire_pairs_per_second": "no router in this test"})

    def test_one_lost_event_in_every_window_fails_alone(self):
        found = run(churn, lambda words: updates(words, lost=1), [])
        self.assertEqual(found["metrics"]["lost"], 1)
        self.assertFalse(found["passed"])
        self.assertIn("lost 1.000, floor 0.00: NOT REACHED", found["said"])
        self.assertIn("dataplane_ratio 0.950, floor 0.90: reached", found["said"])

    def test_what_bare_updates_lose_as_often_is_the_machine_s(self):
        found = run(churn, lambda words: updates(words, lost=700, bare_lost=900), [])
        self.assertEqual(found["metrics"]["lost"], 0)
        self.assertTrue(found["passed"])
        self.assertIn("6 of 6 windows beside updates lost events, at most 700, and 6 of 12 beside bare ones, at most 900", found["said"])

    def test_chance_is_fisher_s(self):
        chance = churn._by_chance  # pylint: disable=protected-access
        self.assertAlmostEqual(chance([1, 1, 1], [0, 0, 0]), 1 / 20)
        self.assertAlmostEqual(chance([1, 1, 0], [1, 0, 0]), 0.5)
        self.assertEqual(chance([0, 0], [1, 0, 5]), 1)
        self.assertEqual(chance([0, 0], [0]), 1)
        self.assertLess(chance([3] * 6, [0] * 12), 0.001)

    def test_a_stall_is_void_and_never_a_figure(self):
        with self.assertRaisesRegex(machine.MachineError, "no valid pair.*away for 1.5 ms"):
            run(churn, lambda words: updates(words, gap_ns=1_500_000), [])

    def test_a_turn_after_which_the_machine_was_another_does_not_count(self):
        turns = iter([4_000_000, 5_000_000, 5_000_000])
        found = run(churn, lambda words: updates(words, after=next(turns)), [])
        self.assertEqual([s["turns"] for s in found["samples"] if "turns" in s], [2, 3])

    def test_no_steady_turn_is_void_with_what_was_seen(self):
        def one_turn(words):
            found = updates(words, after=4_000_000)
            found["windows"] = found["windows"][10:]
            return found
        with self.assertRaisesRegex(machine.MachineError, "the worker alone took 5.00 million events a second before a turn and 4.00 after it"):
            run(churn, one_turn, [])

    def test_cores_that_move_void_the_run(self):
        tags = iter(["near", "far"] * 100)
        with self.assertRaisesRegex(machine.MachineError, "from near to far"):
            run(churn, updates, [], line=lambda *_: {"tag": next(tags)})

    def test_pairs_of_the_other_tag_are_left_out_and_that_is_said(self):
        tags = iter(["near", "near", "far", "far"])
        found = run(churn, updates, [], line=lambda *_: {"tag": next(tags)})
        self.assertEqual({c["pairs"] for c in found["cells"]}, {1})
        self.assertIn("1 pairs with the cores not far are left out", found["said"])


class Visible(unittest.TestCase):
    def test_median_window_of_the_worst_cell(self):
        found = run(visible, updates, [])
        self.assertAlmostEqual(found["metrics"]["topic_p99_us"], 81.0)
        self.assertAlmostEqual(found["metrics"]["topic_p50_us"], 5.0)
        self.assertTrue(found["passed"])

    def test_a_builder_that_was_away_is_void(self):
        with self.assertRaisesRegex(machine.MachineError, "the builder was on its core for 90% of the window"):
            run(visible, lambda words: updates(words, others_ns=900_000_000), [])


class Budgets(unittest.TestCase):
    def test_together_they_keep_two_hours_and_a_half_and_24_minutes(self):
        self.assertLessEqual(sum(full for full, _ in suite.BUDGETS.values()), 9000)
        self.assertLessEqual(sum(quick for _, quick in suite.BUDGETS.values()), 1440)


if __name__ == "__main__":
    unittest.main()

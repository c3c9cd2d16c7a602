"""perf/compare: what became slower is found, noise is not, and what cannot be compared is a sentence."""

import itertools
import json
import pathlib
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import unittest
from unittest import mock

import jsonschema

TOP = pathlib.Path(__file__).resolve().parents[3]
sys.path.insert(0, str(TOP / "perf"))

from lib import ranks, verdict  # noqa: E402

MACHINE = {"cpu": "Intel(R) Xeon(R) Processor", "cpu_model": "207", "cores": 2, "hypervisor": "KVM", "compiler": "gcc 12", "dpdk": "22.11", "hs_version": "5.4"}
STAGES = {"rx": 60.0, "match": 55.0, "fanout": 84.0}


def noisy(middle, noise=0.03, pairs=7, seed=1):
    draw = random.Random(seed)
    return [middle * draw.gauss(1, noise) for _ in range(pairs)]


def result(scenario, values, key="ratio_to_macswap", **more):
    """A result with one cell of @key, or with cells {name: values}."""
    cells = values if isinstance(values, dict) else {scenario: values}
    return {"scenario": scenario, "quick": False, "metrics": {}, "unmeasured": {}, "void": [], "checked": ["all"], "floors": {}, "passed": True,
            "cells": [{"cell": name, "key": key, "median": statistics.median(v), "worst": min(v), "pairs": len(v)} for name, v in cells.items()],
            "samples": [{"cell": name, key: v} for name, pairs in cells.items() for v in pairs], "machine": MACHINE, **more}


class Ranks(unittest.TestCase):
    def by_hand(self, one, other):
        """All ways to part the values, one by one."""
        both = [*one, *other]
        rank = {v: sum(o < v for o in both) + (sum(o == v for o in both) + 1) / 2 for v in both}
        middle = len(one) * (len(both) + 1) / 2
        far = abs(sum(rank[v] for v in one) - middle)
        sums = [sum(rank[both[i]] for i in chosen) for chosen in itertools.combinations(range(len(both)), len(one))]
        return sum(abs(s - middle) >= far - 1e-9 for s in sums) / len(sums)

    def test_p_is_the_share_of_all_partings(self):
        draw = random.Random(4)
        for _ in range(50):
            one, other = ([draw.randrange(6) for _ in range(draw.randrange(1, 6))] for _ in range(2))
            self.assertAlmostEqual(ranks.p_value(one, other), self.by_hand(one, other))

    def test_sets_apart_give_the_least_p(self):
        self.assertAlmostEqual(ranks.p_value([1, 2, 3, 4, 5], [6, 7, 8, 9, 10]), 2 / 252)
        self.assertAlmostEqual(ranks.least_p(5, 5), 2 / 252)
        self.assertEqual(ranks.p_value([1, 1], [1, 1]), 1)


    def test_many_values_go_by_the_normal_distribution_close_to_the_exact_one(self):
        for seed, shift in ((1, 1), (2, 1.01), (3, 1.03)):
            one, other = noisy(1, 0.03, 20, seed), noisy(shift, 0.03, 20, seed + 10)
            exact = ranks.p_value(one, other)
            with mock.patch.object(ranks, "EXACT_VALUES", 0):
                self.assertAlmostEqual(ranks.p_value(one, other), exact, delta=0.01)
        self.assertEqual(ranks.p_value([1] * 30, [1] * 30), 1)
        self.assertLess(ranks.p_value(range(500), range(300, 800)), 1e-9)


class Verdicts(unittest.TestCase):
    def count(self, slow, noise, key="ratio_to_macswap", tries=200, level=0.225):
        found = [verdict.judge(key, noisy(level, noise, seed=2 * n), noisy(level * slow, noise, seed=2 * n + 1))["verdict"] for n in range(tries)]
        return {word: found.count(word) / tries for word in ("slower", "faster", "same")}

    def test_a_change_well_above_the_noise_is_found(self):
        self.assertGreater(self.count(0.8, 0.03)["slower"], 0.98)
        self.assertGreater(self.count(1.25, 0.03)["faster"], 0.98)

    def test_noise_alone_is_hardly_ever_a_change(self):
        for noise in (0.005, 0.03, 0.10):
            self.assertGreaterEqual(self.count(1, noise)["same"], 0.98)

    def test_a_change_of_the_noises_own_size_is_not_called_one(self):
        self.assertLess(self.count(0.9, 0.15)["slower"], 0.1)

    def test_many_pairs_do_not_make_a_change_below_the_spread(self):
        one = [0.9 + 0.2 * n / 39 for n in range(40)]
        other = [0.93 * v for v in one]
        self.assertLess(ranks.p_value(one, other), verdict.ALPHA)
        self.assertEqual(verdict.judge("ratio_to_macswap", one, other)["verdict"], "same")

    def test_less_than_two_percent_is_no_change_however_sure(self):
        self.assertEqual(verdict.judge("ratio_to_macswap", [100 + n / 100 for n in range(7)], [98.5 + n / 100 for n in range(7)])["verdict"], "same")
        self.assertEqual(verdict.judge("ratio_to_macswap", [100 + n / 100 for n in range(7)], [97.5 + n / 100 for n in range(7)])["verdict"], "slower")

    def test_more_of_a_rising_key_is_slower(self):
        self.assertGreater(self.count(1.25, 0.03, key="p99_ratio")["slower"], 0.98)
        self.assertGreater(self.count(0.8, 0.03, key="ratio_to_1k")["faster"], 0.98)

    def test_few_pairs_are_never_a_verdict(self):
        self.assertEqual(verdict.judge("ratio_to_macswap", [1, 1.01, 1.02, 1.03], [0.1, 0.11, 0.12, 0.13])["verdict"], "few")
        self.assertEqual(verdict.judge("ratio_to_macswap", [1, 1.01, 1.02, 1.03, 1.04], [0.1, 0.11, 0.12, 0.13, 0.14])["verdict"], "slower")

    def test_the_smallest_change_is_one_that_would_be_seen(self):
        one, other = noisy(1, 0.03, seed=1), noisy(1, 0.03, seed=2)
        found = verdict.judge("ratio_to_macswap", one, other)
        shift = found["smallest_change"] + 0.001
        level = statistics.median(one) / statistics.median(other)
        self.assertEqual(verdict.judge("ratio_to_macswap", one, [v * level * (1 - shift) for v in other])["verdict"], "slower")
        self.assertGreater(shift, 0.02)

    def test_nothing_beside_something(self):
        self.assertEqual(verdict.judge("class_inversions", [0] * 7, [0] * 7)["verdict"], "same")
        found = verdict.judge("class_inversions", [0] * 7, [3] * 7)
        self.assertEqual((found["verdict"], found["change"]), ("slower", None))


class Compare(unittest.TestCase):
    def setUp(self):
        kept = tempfile.TemporaryDirectory()
        self.addCleanup(kept.cleanup)
        self.top = pathlib.Path(kept.name)

    def folder(self, name, *found, **files):
        path = self.top / name
        shutil.rmtree(path, ignore_errors=True)
        path.mkdir()
        for r in found:
            (path / f"{r['scenario']}.json").write_text(json.dumps(r), encoding="utf-8")
        for file, data in files.items():
            (path / f"{file}.json").write_text(data if isinstance(data, str) else json.dumps(data), encoding="utf-8")
        return path

    def compare(self, a, b, *words):
        done = subprocess.run([str(TOP / "perf/compare"), str(a), str(b), *words], capture_output=True, text=True, timeout=30, check=False)
        self.assertNotIn("Traceback", done.stderr)
        return done.returncode, done.stdout, done.stderr

    def test_a_slowed_scenario_is_found_and_the_others_are_not(self):
        a = self.folder("a", result("hot", noisy(0.225, seed=1)), result("cold", noisy(0.08, seed=3)), summary={"any": 1})
        b = self.folder("b", result("hot", noisy(0.180, seed=2)), result("cold", noisy(0.08, seed=4)))
        status, said, _ = self.compare(a, b)
        self.assertEqual(status, 1)
        self.assertRegex(said, r"(?m)^hot ratio_to_macswap \[hot\] 0\.2\d\d -> 0\.1\d\d -\d\d % SLOWER \(p(=0\.00\d|<0\.001), 7 and 7 pairs\)$")
        self.assertRegex(said, r"(?m)^cold ratio_to_macswap \[cold\] .* no change seen \(smallest change these pairs could show: \d+ %\)$")
        self.assertRegex(said, "compare: 1 slower, 0 faster, 1 without")

    def test_a_stage_that_takes_longer_is_found_by_the_whole_path(self):
        """Each pair's cost is the sum of its stages: half as long again in match is an eighth of the whole."""
        def measured(slow, seed):
            draw = random.Random(seed)
            cycles = {**STAGES, "match": STAGES["match"] * slow}
            return result("hot", [63 / (sum(cycles.values()) * draw.gauss(1, 0.02)) for _ in range(7)], stage_cycles=cycles)
        before = self.folder("before", measured(1, 1))
        status, said, _ = self.compare(before, self.folder("after", measured(1.5, 2)))
        self.assertEqual(status, 1)
        self.assertRegex(said, r"hot ratio_to_macswap .*SLOWER")
        self.assertRegex(said, r"hot stage match .*\+50 % MORE")
        self.assertEqual(said.count("MORE"), 1)
        self.assertEqual(self.compare(before, self.folder("again", measured(1, 3)))[0], 0)

    def test_noise_alone_is_status_0(self):
        a = self.folder("a", result("hot", noisy(0.225, 0.05, seed=1)))
        b = self.folder("b", result("hot", noisy(0.225, 0.05, seed=2)))
        self.assertEqual(self.compare(a, b)[0], 0)
        self.assertEqual(self.compare(a, a)[0], 0)

    def test_faster_is_status_0_and_said(self):
        status, said, _ = self.compare(self.folder("a", result("hot", noisy(0.2, seed=1))), self.folder("b", result("hot", noisy(0.3, seed=2))))
        self.assertEqual(status, 0)
        self.assertIn("FASTER", said)

    def test_one_slowed_cell_of_many_is_found(self):
        sizes = {str(n): noisy(0.2, seed=n) for n in (162, 258, 1514)}
        status, said, _ = self.compare(self.folder("a", result("sizes", sizes)), self.folder("b", result("sizes", {**sizes, "258": noisy(0.15, seed=9)})))
        self.assertEqual(status, 1)
        self.assertEqual(said.count("SLOWER"), 1)
        self.assertRegex(said, r"sizes ratio_to_macswap \[258\] .*SLOWER")

    def test_a_slowed_stage_is_a_hint(self):
        a = self.folder("a", result("hot", noisy(0.225), stage_cycles=STAGES))
        b = self.folder("b", result("hot", noisy(0.225), stage_cycles={**STAGES, "match": 110.0, "rx": 62.0}))
        status, said, _ = self.compare(a, b)
        self.assertEqual(status, 0)
        self.assertIn("hot stage match 55.000 -> 110 +100 % MORE, a hint: one run each, noise unknown", said)
        self.assertIn("hot stage rx 60.000 -> 62.000 +3.3 % no change seen", said)

    def test_a_key_of_one_side_says_so_with_the_other_sides_reason(self):
        a = self.folder("a", result("hot", noisy(0.2)), result("cold", noisy(0.1)), result("flat", noisy(3), key="ratio_10m_1k"))
        b = self.folder("b", result("hot", noisy(0.2)), {**result("flat", {}), "unmeasured": {"ratio_10m_1k": "too little memory"}}, result("batch", noisy(1)))
        status, said, _ = self.compare(a, b)
        self.assertEqual(status, 0)
        self.assertIn("cold ratio_to_macswap [cold] only in A\n", said)
        self.assertIn("batch ratio_to_macswap [batch] only in B\n", said)
        self.assertIn("flat ratio_10m_1k [flat] only in A (B: unmeasured: too little memory)", said)

    def test_other_machines_compare_by_ratios_alone(self):
        a = self.folder("a", result("hot", noisy(0.225), stage_cycles=STAGES))
        b = self.folder("b", {**result("hot", noisy(0.1), stage_cycles=STAGES), "machine": {**MACHINE, "cpu": "AMD EPYC 9R14", "compiler": "gcc 13"}})
        status, said, _ = self.compare(a, b)
        self.assertEqual(status, 1)
        self.assertIn("note: different machines (intel-xeon-model-207-2c-kvm and amd-epyc-9r14-2c-kvm): ", said)
        self.assertIn("only ratios compare, cycles by stage are left out", said)
        self.assertIn("note: compiler differs: gcc 12 and gcc 13", said)
        self.assertNotIn("stage rx", said)

    def test_near_and_far_pairs_are_never_compared(self):
        near, far = ({**result("scale", noisy(value), key="two_one"), "samples": [{"cell": "scale", "two_one": v, "tag": tag} for v in noisy(value)]}
                     for value, tag in ((1.9, "near"), (1.2, "far")))
        hot = result("hot", noisy(0.2))
        status, said, _ = self.compare(self.folder("a", hot, near), self.folder("b", hot, far))
        self.assertEqual(status, 0)
        self.assertIn("scale two_one [scale, near] only in A", said)
        self.assertIn("scale two_one [scale, far] only in B", said)

    def test_few_pairs_and_none_are_said(self):
        a = self.folder("a", result("hot", [0.2, 0.21, 0.22]), {**result("cold", noisy(0.1)), "samples": []})
        b = self.folder("b", result("hot", [0.1, 0.11, 0.12]), result("cold", noisy(0.1)))
        status, said, _ = self.compare(a, b)
        self.assertEqual(status, 0)
        self.assertIn("-48 % too few pairs to tell (3 and 3 pairs; 5 and 5 can)", said)
        self.assertIn("cold ratio_to_macswap [cold] no samples behind the figure", said)

    def test_instructions_are_exact(self):
        hot = result("hot", noisy(0.2))
        a = self.folder("a", hot, instructions={"trace": 1, "instructions": {"hot": {"match": 200.0, "rx": 100.0}}})
        b = self.folder("b", hot, instructions={"trace": 2, "instructions": {"hot": {"match": 206.0, "rx": 101.0}}})
        status, said, _ = self.compare(a, b)
        self.assertEqual(status, 1)
        self.assertIn("instructions hot.match 200 -> 206 +3.0 % MORE instructions: SLOWER, exact", said)
        self.assertIn("instructions hot.rx 100 -> 101 +1.0 % no change", said)
        self.assertEqual(self.compare(a, self.folder("c", hot))[0], 0)

    def test_files_of_one_scenario_and_of_many(self):
        for name, data in (("one", result("hot", noisy(0.2))), ("many", [result("hot", noisy(0.1)), result("cold", noisy(0.1))])):
            (self.top / name).write_text(json.dumps(data), encoding="utf-8")
        status, said, _ = self.compare(self.top / "one", self.top / "many")
        self.assertEqual(status, 1)
        self.assertIn("only in B", said)

    def test_json_fits_its_schema(self):
        schema = json.loads((TOP / "docs/schemas/perf-compare.json").read_text(encoding="utf-8"))
        a = self.folder("a", result("hot", noisy(0.2), stage_cycles=STAGES), result("overload", [0] * 7, key="class_inversions"), result("flat", [1]), instructions={"x": 1})
        b = self.folder("b", result("hot", noisy(0.1), stage_cycles={"rx": 0}), result("overload", [2] * 7, key="class_inversions"), result("flat", [2]), instructions={"x": 2})
        status, said, _ = self.compare(a, b, "-j")
        self.assertEqual(status, 1)
        found = json.loads(said, parse_constant=self.fail)
        jsonschema.validate(found, schema)
        self.assertEqual(found["slower"], 3)

    def test_garbage_is_status_2_and_one_sentence_with_the_file(self):
        good = self.folder("good", result("hot", noisy(0.2)))
        hot = result("hot", noisy(0.2))
        empty = self.folder("empty", summary={"a": 1})
        cases = [(self.top / "nothing", "nothing: cannot be read: No such file"), (empty, "empty: holds no results")]
        for n, (data, sentence) in enumerate((
                ("{", "is not JSON"), ("", "is not JSON"), ("[" * 100000, "is not JSON"), ("\udcff", "is not JSON"), ("NaN", "NaN is not a number"), ("[]", "holds no results"),
                ("7", "an object is wanted"), ("{}", "no 'scenario'"), ([hot, hot], "scenario 'hot' is there twice"), ({**hot, "cells": {}}, "no 'cells'"),
                ({**hot, "cells": [{"cell": "a", "key": "b", "median": True}]}, r"cells\[0\] wants"), ({**hot, "samples": [7]}, r"samples\[0\] wants"),
                ({**hot, "machine": {}}, "machine wants"), ({**hot, "machine": {"cpu": 7, "cores": 2}}, "machine wants"), ({**hot, "stage_cycles": {"rx": "many"}}, "stage_cycles wants"),
                ({**hot, "unmeasured": {"a": 1}}, "unmeasured 'a' wants a sentence"))):
            path = self.top / f"bad{n}"
            path.mkdir()
            text = data if isinstance(data, str) else json.dumps(data)
            (path / "hot.json").write_bytes(text.encode("utf-8", "surrogateescape"))
            cases.append((path, sentence))
        for path, sentence in cases:
            for pair in ((good, path), (path, good)):
                status, said, why = self.compare(*pair)
                self.assertEqual((status, said), (2, ""), sentence)
                self.assertRegex(why, f"^perf/compare: .*{sentence}")
                self.assertEqual(len(why.splitlines()), 1)

    def test_nothing_in_common_is_unusable(self):
        status, _, why = self.compare(self.folder("a", result("hot", noisy(1))), self.folder("b", result("cold", noisy(1))))
        self.assertEqual(status, 2)
        self.assertIn("no key with pairs in both", why)


if __name__ == "__main__":
    unittest.main()

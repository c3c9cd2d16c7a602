"""perf/run --all: one folder, whatever single scenarios do; summary and plots."""

import io
import json
import pathlib
import subprocess
import sys
import tempfile
import types
import unittest
import xml.etree.ElementTree
from contextlib import redirect_stdout
from unittest import mock

import jsonschema

TOP = pathlib.Path(__file__).resolve().parents[3]
sys.path.insert(0, str(TOP / "perf"))

from lib import machine, plots, results, suite, whole  # noqa: E402
from lib.result import Result, cell  # noqa: E402

MACHINE = {"cpu": "Intel(R) Xeon(R) Processor", "cpu_model": "207", "cores": 2, "hypervisor": "KVM", "memory_kib": 1, "kernel": "6", "compiler": "gcc",
           "dpdk": "22", "rhumbd": "1", "hs_version": "5", "load_1m": 0.1}
STAGES = {"rx": 60.0, "match": 55.0, "fanout": 84.0}


def scenario(name, pairs=(0.22, 0.23, 0.24), key="ratio_to_macswap", floors=None, unmeasured=(), why=None, **extra):
    """A scenario that finds what the test says, or ends with @why."""
    def measure(rig):
        if why:
            raise why
        found = Result(name, floors or {}, rig.quick)
        found.checked("every counter")
        samples = [{key: p} for p in pairs]
        found.add(cell("one", key, samples), samples, ["busy", "busy"])
        found.metric(key)
        for what in unmeasured:
            found.unmeasured(what, "too | little memory")
        found.extra(**extra)
        return found.end()
    return types.SimpleNamespace(SUMMARY=name, KEYS=(key,), FLOORS=floors or {}, run=measure)


def sizes():
    samples = [{"ratio_to_macswap": 0.2, "frame_bytes": size, "mpps": 9 - size / 1000 + p, "macswap_mpps": 40 + p} for size in (162, 258, 1514) for p in (0, 1)]

    def measure(rig):
        found = Result("sizes", {}, rig.quick)
        found.checked("every counter")
        found.add(cell("all", "ratio_to_macswap", samples), samples)
        found.metric("ratio_to_macswap")
        return found.end()
    return types.SimpleNamespace(SUMMARY="sizes", KEYS=("ratio_to_macswap",), FLOORS={}, run=measure)


LATENCY = [{"load_percent": load, "p50_us": 5 + load / 10, "p90_us": 9, "p99_us": 30, "max_us": 900, "who": who} for who in ("router", "macswap") for load in (10, 50, 90)]
FLAT = [{"subscriptions": n, "cycles": 300 + n / 1e5, "cycles_1k": 290} for n in (10_000, 1_000_000)]


def everything():
    return {"hot": scenario("hot", stage_cycles=STAGES), "cold": scenario("cold", stage_cycles={**STAGES, "match": 300.0}), "sizes": sizes(),
            "flat": scenario("flat", key="ratio_10m_1k", pairs=[3], curve=FLAT), "latency": scenario("latency", key="p99_ratio", curve=LATENCY)}


class Folders(unittest.TestCase):
    def setUp(self):
        self.kept = tempfile.TemporaryDirectory()
        self.addCleanup(self.kept.cleanup)
        self.folder = pathlib.Path(self.kept.name) / "results"

    def run_all(self, scenarios, quick=True):
        with mock.patch.object(machine, "describe", lambda _build: dict(MACHINE)), mock.patch.object(machine, "cores", lambda: (0, 1)), \
                redirect_stdout(io.StringIO()) as said:
            self.status = whole.run(scenarios, TOP / "build", quick, str(self.folder))
        self.said = said.getvalue()
        self.page = (self.folder / "summary.md").read_text(encoding="utf-8")
        return self.load("summary.json")

    def load(self, name):
        return json.loads((self.folder / name).read_text(encoding="utf-8"))

    def schema(self, name):
        return json.loads((TOP / f"docs/schemas/{name}.json").read_text(encoding="utf-8"))


class Whole(Folders):
    def test_every_scenario_has_its_file_and_all_fit_their_schemas(self):
        found = self.run_all(everything())
        self.assertEqual(self.status, 0)
        for name in everything():
            jsonschema.validate(self.load(f"{name}.json"), self.schema("perf"))
        jsonschema.validate(found, self.schema("perf-summary"))
        self.assertEqual(list(found["scenarios"]), list(everything()))
        self.assertEqual(found["scenarios"]["hot"]["metrics"], {"ratio_to_macswap": 0.23, "ratio_to_macswap_worst": 0.22})
        self.assertEqual(found["scenarios"]["hot"]["void"], 2)
        self.assertIn("| hot | `ratio_to_macswap` | 0.230 | 0.220 |  | one: 0.230 (3) |", self.page)
        self.assertIn("2 void beside 3 that count", self.page)
        self.assertIn("- hot: every counter", self.page)

    def test_one_that_fails_does_not_stop_the_others(self):
        for why in (machine.MachineError("no valid pair,\nstop what else runs"), OSError("no valid pair, stop what else runs"),
                    subprocess.TimeoutExpired("no valid pair, stop what else runs", 60)):
            found = self.run_all({"hot": scenario("hot", why=why), "batch": scenario("batch")})
            self.assertEqual(self.status, 1)
            self.assertIn("no valid pair, stop what else runs", found["scenarios"]["hot"]["unmeasured"]["ratio_to_macswap"])
            self.assertIn("batch", found["scenarios"])
            self.assertIn("| hot | `ratio_to_macswap` | **unmeasured**: ", self.page)
            jsonschema.validate(self.load("hot.json"), self.schema("perf"))
            jsonschema.validate(found, self.schema("perf-summary"))

    def test_a_failed_result_may_not_hold_figures(self):
        self.run_all({"hot": scenario("hot", why=machine.MachineError("busy"))})
        found = {**self.load("hot.json"), "cells": [{"cell": "a", "key": "b", "median": 1, "worst": 1, "pairs": 1}]}
        with self.assertRaises(jsonschema.ValidationError):
            jsonschema.validate(found, self.schema("perf"))

    def test_a_programming_error_is_loud_and_what_was_found_before_is_kept(self):
        with self.assertRaises(ZeroDivisionError):
            self.run_all({"hot": scenario("hot"), "cold": scenario("cold", why=ZeroDivisionError())})
        self.assertIn("hot", self.load("summary.json")["scenarios"])

    def test_a_floor_not_reached_is_status_1_and_is_seen(self):
        found = self.run_all({"hot": scenario("hot", floors={"ratio_to_macswap": 0.5})})
        self.assertEqual((self.status, found["passed"]), (1, False))
        self.assertIn("0.500 **not reached**", self.page)

    def test_unmeasured_keys_are_in_the_table_and_bars_do_not_break_it(self):
        self.run_all({"scale": scenario("scale", unmeasured=["two_one"])})
        self.assertIn("| scale | `two_one` | **unmeasured**: too \\| little memory |", self.page)

    def test_an_overrun_is_said(self):
        with mock.patch.dict(suite.BUDGETS, hot=(-1, -2)):
            found = self.run_all({"hot": scenario("hot")})
        self.assertTrue(found["scenarios"]["hot"]["over_budget"])
        self.assertRegex(self.said, "hot: took 0 s, 2 s OVER its budget of -2 s")
        self.assertIn("all: took 0 s", self.said)
        self.assertIn("**over**", self.page)

    def test_budgets_keep_two_hours_and_a_half_and_24_minutes(self):
        self.assertLessEqual(sum(full for full, _ in suite.BUDGETS.values()), 9000)
        self.assertLessEqual(sum(quick for _, quick in suite.BUDGETS.values()), 1440)

    def test_a_quick_run_does_not_replace_a_full_one(self):
        self.run_all({"hot": scenario("hot")}, quick=False)
        with self.assertRaisesRegex(machine.MachineError, "holds a full run"):
            self.run_all({"hot": scenario("hot")}, quick=True)
        self.run_all({"hot": scenario("hot")}, quick=False)

    def test_nothing_of_an_earlier_run_stays_and_nothing_else_goes(self):
        self.run_all(everything())
        (self.folder / "notes.json").write_text("mine", encoding="utf-8")
        self.run_all({name: scenario(name, why=machine.MachineError("busy")) for name in everything()})
        self.assertEqual(sorted(p.name for p in self.folder.glob("*.svg")), [])
        self.assertTrue((self.folder / "notes.json").exists())


class Plots(Folders):
    def test_plots_are_svg_with_their_data(self):
        found = self.run_all(everything())
        for file, words in (("stages.svg", ["rx", "match", "fanout", "hot", "cold"]), ("throughput.svg", ["testpmd macswap", "Rhumb"]),
                            ("latency.svg", ["router p50", "macswap p99"]), ("subscriptions.svg", ["cycles an event"])):
            tree = xml.etree.ElementTree.parse(self.folder / file)
            text = " ".join("".join(e.itertext()) for e in tree.iter("{http://www.w3.org/2000/svg}text"))
            for word in words:
                self.assertIn(word, text, file)
        self.assertEqual(found["plots"]["cycles by stage"], {"file": "stages.svg"})
        self.assertIn("![cycles by stage](stages.svg)", self.page)

    def test_a_plot_without_data_is_left_out_and_says_why(self):
        self.run_all({"hot": scenario("hot"), "sizes": scenario("sizes", why=machine.MachineError("busy")), "flat": scenario("flat", curve=[])})
        for line in ("No plot of throughput by frame size: scenario sizes failed: busy.", "No plot of latency percentiles by load: scenario latency did not run.",
                     "No plot of cost by subscriptions: scenario flat gave no curve of subscriptions.", "No plot of cycles by stage: no scenario counted"):
            self.assertIn(line, self.page)

    def test_samples_that_lack_what_a_plot_needs_are_a_sentence(self):
        found = self.run_all({"sizes": scenario("sizes")})
        self.assertIn("do not hold what it needs (KeyError: 'frame_bytes')", found["plots"]["throughput by frame size"]["missing"])

    def test_without_gnuplot_the_results_are_there(self):
        with mock.patch.object(plots.shutil, "which", lambda _name: None):
            self.run_all(everything())
        self.assertEqual(self.status, 0)
        self.assertIn("No plot of cycles by stage: gnuplot is missing: run tools/check once", self.page)
        self.assertEqual(self.load("hot.json")["metrics"]["ratio_to_macswap"], 0.23)

    def test_what_gnuplot_refuses_is_a_sentence(self):
        with self.assertRaisesRegex(plots.Missing, "gnuplot ended with status 1: .*invalid command"):
            plots._gnuplot("this is not gnuplot\n")

    def test_words_cannot_leave_their_quotes(self):
        found = self.run_all({"hot": scenario("hot", stage_cycles={'a"\nset output "/tmp/x': 1.0, "`id`": 2.0})})
        self.assertEqual(found["plots"]["cycles by stage"], {"file": "stages.svg"})


class Folder(unittest.TestCase):
    def test_a_machine_in_a_few_words(self):
        for cpu, model, hypervisor, slug in (("Intel(R) Xeon(R) Processor", "207", "KVM", "intel-xeon-model-207-2c-kvm"),
                                             ("AMD EPYC 9R14 96-Core Processor", "17", "none", "amd-epyc-9r14-2c-none"),
                                             ("Intel(R) Core(TM) i7-8700 CPU @ 3.20GHz", "158", "none", "intel-core-i7-8700-2c-none")):
            self.assertEqual(results.slug({"cpu": cpu, "cpu_model": model, "cores": 2, "hypervisor": hypervisor}), slug)

    def test_this_machine_has_a_name_without_its_host(self):
        described = machine.describe(TOP / "build")
        self.assertRegex(results.slug(described), "^[a-z0-9-]+$")
        self.assertEqual(whole.folder_for(MACHINE, "2026-01-02"), TOP / "perf/results/2026-01-02-intel-xeon-model-207-2c-kvm")

    def test_results_are_not_hidden_from_git(self):
        done = subprocess.run(["git", "-C", str(TOP), "check-ignore", "-q", "perf/results/2026-01-02-x/summary.json"], check=False)
        self.assertNotEqual(done.returncode, 0)


class Line(unittest.TestCase):
    def test_wrong_words_are_refused(self):
        for words, sentence in ((["--all", "hot"], "leave out 'hot', or name a folder for these with --out DIR"), (["--all", "--json", "x"], "leave out --json"),
                                (["--out", "x", "hot"], "--out DIR belongs to --all")):
            done = subprocess.run([str(TOP / "perf/run"), *words], capture_output=True, text=True, timeout=20, check=False)
            self.assertEqual(done.returncode, 2)
            self.assertRegex(done.stderr, sentence)

    def test_every_scenario_has_a_budget(self):
        done = subprocess.run([str(TOP / "perf/run"), "--list"], capture_output=True, text=True, timeout=20, check=True)
        names = [line.split()[0] for line in done.stdout.splitlines()]
        self.assertIn("sizes", names)
        self.assertEqual([name for name in names if suite.budget(name, True) is None], [])


if __name__ == "__main__":
    unittest.main()

"""perf/run --instructions: callgrind's file, shares of the stages, and the comparison with kept figures, on made-up ones."""

import copy
import io
import json
import pathlib
import subprocess
import sys
import tempfile
import unittest
from contextlib import redirect_stdout
from unittest import mock

import jsonschema

TOP = pathlib.Path(__file__).resolve().parents[3]
sys.path.insert(0, str(TOP / "perf"))

from lib import callgrind, instructions, kept  # noqa: E402
from lib.machine import MachineError  # noqa: E402

MADE_WITH = {"compiler": "gcc 12.2.0", "dpdk": "DPDK 22.11.11", "libc": "2.36", "valgrind": "3.19.0", "build": "buildtype release"}
STAGES = {"rx": 100.0, "match": 200.0, "egress": 0.0, "housekeeping": 1.0}
SCHEMA = json.loads((TOP / "docs/schemas/perf-instructions.json").read_text(encoding="utf-8"))

# Two calls of main: a() costs 5 of its own in two files and calls b() (30); names are given once.
CALLGRIND = """# callgrind format
version: 1
positions: line
events: Ir

fl=(1) loop.c
fn=(1) main
10 2
cfn=(2) a
calls=1 20
+1 35

fn=(2)
20 3
fi=(2) inlined.h
* 2
fe=(1)
cfi=(3) b.c
cfn=(3) b'2
calls=7 1
+2 30

fl=(3)
fn=(3)
1 30

totals: 37
"""


def figures(**stages):
    by_stage = {**STAGES, **stages}
    return {"made_with": dict(MADE_WITH),
            "shapes": {"hot": {"events": 10, "copies": 10, "stages": by_stage, "sum": sum(v for v in by_stage.values())}}}


def told(verdict):
    with redirect_stdout(io.StringIO()) as said:
        verdict.show()
    return said.getvalue()


class Callgrind(unittest.TestCase):
    def test_a_function_costs_itself_and_its_calls(self):
        self.assertEqual(callgrind.inclusive(CALLGRIND), {"main": 37, "a": 35, "b": 30})

    def test_another_file_is_refused(self):
        with self.assertRaisesRegex(MachineError, "events: Ir"):
            callgrind.inclusive("version: 1\nevents: Ir Dr\n")


class Stages(unittest.TestCase):
    COSTS = {"dp_node_rx": 1000, "dp_node_classify": 900, "dp_node_parse": 700, "dp_node_session": 400, "dp_node_match": 300,
             "dp_node_fanout": 100, "dp_node_transmit": 50, "dp_worker_housekeeping": 10, "dp_worker_poll_once": 1100}

    def test_a_stage_is_what_the_next_one_leaves(self):
        found, total = instructions.stages(self.COSTS, 10)
        self.assertEqual(found, {"rx": 10, "classify": 20, "parse": 30, "session": 10, "match": 20, "fanout": 10, "egress": 0, "tx": 5,
                                 "housekeeping": 1, "loop": 4})
        self.assertEqual((total, sum(found.values())), (110, 110))

    def test_a_stage_that_was_inlined_is_named(self):
        costs = {k: v for k, v in self.COSTS.items() if k != "dp_node_match"}
        with self.assertRaisesRegex(MachineError, r"dp_node_match\(\)"):
            instructions.stages(costs, 10)

    def test_a_missing_program_says_how_to_get_it(self):
        with self.assertRaisesRegex(MachineError, "build first"):
            instructions.count("/nonexistent/rhumb-perf-count", {})


class Compare(unittest.TestCase):
    def test_the_same_and_small_changes_pass(self):
        for new in (figures(), figures(match=203.9), figures(match=196.1), figures(housekeeping=4.9)):
            verdict = kept.compare(figures(), new)
            self.assertEqual((verdict.findings, verdict.status()), ([], 0))
            self.assertIn("no stage rose", told(verdict))

    def test_a_rise_names_stage_old_new_percent_and_how_to_record(self):
        verdict = kept.compare(figures(), figures(match=205.0))
        self.assertEqual(verdict.status(), 1)
        said = told(verdict)
        self.assertIn("RISE: hot: stage match: 200.0 -> 205.0 instructions an event (+2.5 %)", said)
        self.assertIn('perf/run --instructions --record "WHY"', said)
        self.assertNotIn("sum", said)

    def test_many_small_rises_are_found_in_the_sum(self):
        old = figures(**{f"s{i}": 4.0 for i in range(50)})
        new = figures(**{f"s{i}": 4.9 for i in range(50)})
        self.assertEqual([f["what"] for f in kept.compare(old, new).findings], ["hot: sum"])

    def test_a_fall_passes_and_asks_to_be_recorded(self):
        verdict = kept.compare(figures(), figures(match=190.0))
        self.assertEqual(verdict.status(), 0)
        self.assertIn("fall: hot: stage match: 200.0 -> 190.0", told(verdict))
        self.assertIn("--record", told(verdict))

    def test_a_fall_does_not_hide_a_rise(self):
        verdict = kept.compare(figures(), figures(match=190.0, rx=110.0))
        self.assertEqual(([f["kind"] for f in verdict.findings], verdict.status()), (["rise", "fall"], 1))

    def test_a_stage_that_did_nothing_and_now_does_is_a_rise(self):
        verdict = kept.compare(figures(), figures(egress=50.0))
        self.assertEqual(verdict.findings[0]["what"], "hot: stage egress")
        self.assertEqual(verdict.status(), 1)

    def test_a_missing_or_new_stage_or_shape_fails(self):
        short, more = figures(), figures()
        del short["shapes"]["hot"]["stages"]["rx"]
        more["shapes"]["miss"] = copy.deepcopy(more["shapes"]["hot"])
        self.assertEqual([(f["kind"], f["what"]) for f in kept.compare(figures(), short).findings], [("missing", "hot: stage rx")])
        self.assertIn("MISSING: hot: stage rx", told(kept.compare(figures(), short)))
        self.assertEqual([f["kind"] for f in kept.compare(short, figures()).findings], ["new"])
        self.assertEqual(kept.compare(figures(), more).status(), 1)
        self.assertEqual(kept.compare(more, figures()).status(), 1)

    def test_another_compiler_or_library_is_not_comparable(self):
        for key in MADE_WITH:
            new = figures(match=400.0)
            new["made_with"][key] = "another"
            verdict = kept.compare(figures(), new)
            self.assertEqual(verdict.status(), kept.NOT_COMPARABLE)
            self.assertIn(f"NOT COMPARABLE with the kept figures: {key}: kept '{MADE_WITH[key]}', here 'another'", told(verdict))
            self.assertIn("RISE: hot: stage match", told(verdict))


class Kept(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.file = pathlib.Path(self.folder.name) / "instructions.json"

    def run_with(self, found, **more):
        report = pathlib.Path(self.folder.name) / "report.json"
        with mock.patch.object(instructions, "measure", lambda _build: found), redirect_stdout(io.StringIO()):
            status = instructions.run(TOP, json_file=report, kept_file=self.file, **more)
        return status, json.loads(report.read_text(encoding="utf-8"))

    def test_what_is_recorded_is_read_again_and_fits_its_schema(self):
        status, report = self.run_with(figures(), reason=" checks more ")
        self.assertEqual(status, 0)
        jsonschema.validate(report, SCHEMA)
        data = json.loads(self.file.read_text(encoding="utf-8"))
        jsonschema.validate(data, SCHEMA)
        self.assertEqual(data["reason"], "checks more")
        self.assertEqual(kept.compare(kept.read(self.file), figures()).findings, [])

    def test_the_report_of_a_rise_fits_its_schema(self):
        self.run_with(figures(), reason="first")
        status, report = self.run_with(figures(match=300.0))
        self.assertEqual((status, report["passed"], report["comparable"]), (1, False, True))
        jsonschema.validate(report, SCHEMA)

    def test_no_reason_writes_nothing(self):
        with self.assertRaisesRegex(MachineError, "needs a reason"):
            kept.write(self.file, figures(), " ")
        self.assertFalse(self.file.exists())

    def test_a_missing_file_says_how_to_write_it(self):
        with self.assertRaisesRegex(MachineError, "missing.*--record"):
            kept.read(self.file)

    def test_garbage_is_refused_with_what_is_wrong(self):
        good = json.dumps(figures())
        for text, wrong in (("{", "not JSON"), ("\udcff", "not JSON"), ("[]", "no 'made_with'"), ('{"made_with": {}}', "no 'made_with'"),
                            ('{"made_with": {"a": "b"}}', "no 'shapes'"),
                            ('{"made_with": {"a": "b"}, "shapes": {"hot": 3}}', "shape 'hot' has no 'stages'"),
                            (good.replace("200.0", '"many"'), "'match' is 'many'"), (good.replace("200.0", "-1"), "'match' is -1"),
                            (good.replace("200.0", "NaN"), "'match' is nan"), (good.replace("200.0", "true"), "'match' is True"),
                            (good.replace('"sum"', '"sun"'), "'sum' is None")):
            self.file.write_bytes(text.encode("utf-8", "surrogateescape"))
            with self.assertRaisesRegex(MachineError, wrong):
                kept.read(self.file)

    def test_the_kept_figures_of_the_source_are_sound(self):
        data = kept.read(instructions.KEPT)
        jsonschema.validate(data, SCHEMA)
        self.assertEqual(set(data["shapes"]), set(instructions.SHAPES))


class CommandLine(unittest.TestCase):
    def test_options_that_do_not_belong_together_are_refused(self):
        for words, wrong in ((["--record", "why"], "belongs to --instructions"), (["--instructions", "--record", ""], "says why"),
                             (["--instructions", "hot"], "run of its own"), (["--instructions", "--all"], "run of its own"),
                             (["--instructions", "--out", "x"], "--out DIR belongs to --all")):
            done = subprocess.run([sys.executable, str(TOP / "perf/run"), *words], capture_output=True, text=True, timeout=20, check=False)
            self.assertEqual(done.returncode, 2)
            self.assertIn(wrong, done.stderr)


if __name__ == "__main__":
    unittest.main()

"""perf/run's method, with a router and a reference of the test's own."""

import io
import json
import pathlib
import sys
import unittest
from contextlib import contextmanager, redirect_stdout
from unittest import mock

import jsonschema

TOP = pathlib.Path(__file__).resolve().parents[3]
sys.path.insert(0, str(TOP / "perf"))

from lib import machine, scenario_hot  # noqa: E402

HZ = 2_000_000_000


def window(key, count, wall_ns=1_000_000_000, cpu_ns=1_000_000_000, **more):
    return {key: count, "wall_ns": wall_ns, "cpu_ns": cpu_ns, **more}


def router(events, cpu_ns=1_000_000_000):
    """What rhumb-perf-hot would print."""
    stages = {"stage_cycles": {"rx": 10.0, "match": 30.0}, "hit_rate": 1.0}
    return {"tsc_hz": HZ, "checked": "counters",
            "windows": [window("events", n, cpu_ns=cpu_ns, **stages) for n in events]}


@contextmanager
def pages(_mebibytes):
    yield True


def run(ours, theirs):
    with mock.patch.object(scenario_hot, "_router", side_effect=lambda *a: ours), \
            mock.patch.object(scenario_hot, "_reference_windows", side_effect=lambda *a: theirs), \
            mock.patch.object(machine, "hugepages", pages), redirect_stdout(io.StringIO()):
        return scenario_hot.run(pathlib.Path("build"), True)


class Scenario(unittest.TestCase):
    def test_ratio_is_per_second_on_the_cpu(self):
        ours = router([5_000_000] * 3, cpu_ns=980_000_000)
        result = run(ours, [window("packets", 20_000_000)] * 3)
        self.assertAlmostEqual(result["metrics"]["ratio_to_macswap"], 5 / 0.98 / 20, places=6)
        self.assertAlmostEqual(result["metrics"]["cycles_per_event"], HZ / (5e6 / 0.98), places=3)
        self.assertTrue(result["passed"])

    def test_below_the_floor_fails(self):
        self.assertFalse(run(router([3_900_000] * 3), [window("packets", 20_000_000)] * 3)["passed"])

    def test_a_void_window_is_never_counted(self):
        theirs = [window("packets", 20_000_000), window("packets", 99, cpu_ns=100), window("packets", 20_000_000)]
        result = run(router([5_000_000] * 3), theirs)
        self.assertAlmostEqual(result["metrics"]["ratio_to_macswap"], 0.25, places=6)

    def test_nothing_but_void_windows_is_an_error_and_no_figure(self):
        with self.assertRaisesRegex(machine.MachineError, "busy with others"):
            run(router([5_000_000] * 3, cpu_ns=900_000_000), [window("packets", 20_000_000)] * 3)

    def test_result_fits_its_schema(self):
        result = run(router([5_000_000] * 3), [window("packets", 20_000_000)] * 3)
        result["machine"] = machine.describe(TOP / "build")
        schema = json.loads((TOP / "docs/schemas/perf.json").read_text(encoding="utf-8"))
        jsonschema.validate(result, schema)
        del result["checked"]
        with self.assertRaises(jsonschema.ValidationError):
            jsonschema.validate(result, schema)


if __name__ == "__main__":
    unittest.main()

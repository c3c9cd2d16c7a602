"""Scenarios with a generator beyond the port, on devices and generators of the test's own."""

import io
import json
import os
import pathlib
import sys
import types
import unittest
from contextlib import contextmanager, redirect_stdout
from unittest import mock

import jsonschema

TOP = pathlib.Path(__file__).resolve().parents[3]
sys.path.insert(0, str(TOP / "perf"))

from lib import dut, machine, probe, report, trials, wire  # noqa: E402
from lib.dut import Macswap, Memif, Router  # noqa: E402
from lib.generator import faults  # noqa: E402
from lib.machine import MachineError  # noqa: E402
from lib.pairs import Void  # noqa: E402
from lib.rig import Rig  # noqa: E402
from scenarios import latency, memif, memory, overload  # noqa: E402

SECOND = 1_000_000_000


class Device:
    """Takes up to @capacity a second, for so many @cycles a frame (or what they are at a rate); latency grows with the load. @away: share of each trial off its core; @unasked: of events for nobody."""

    gap_ns = 1_000_000

    def __init__(self, capacity, cycles, base_ns, away=0.0, wrong=None, generator_most=1e12, inversions=0, drops=("queue_expired",), loop_us=90, in_time_most=1e12, unasked=0.0):
        self.in_time_most, self.unasked = in_time_most, unasked
        self.capacity, self.cycles, self.base_ns, self.away, self.wrong, self.generator_most = capacity, cycles, base_ns, away, wrong, generator_most
        self.inversions, self.drops, self.loop_us = inversions, drops, loop_us
        self.clock = self.frames = self.asked = self.spent = 0

    def show(self, noun):
        return {noun: [{"longest_loop_us": 20}, {"longest_loop_us": self.loop_us}]}

    def counters(self):
        """Each call finds more of every drop."""
        self.asked += 1
        return {"drop_events": {}, "drop_copies": {reason: self.asked for reason in self.drops}}

    def cpu_ns(self):
        return self.clock

    def busy(self):
        return self.spent, self.frames

    def trial(self, rate, seconds, **_more):
        sent = int(min(rate, self.generator_most) * seconds)
        taken = int(min(sent, self.capacity * seconds))
        expected, received = int(sent * (1 - self.unasked)), int(taken * (1 - self.unasked))
        self.clock += int(seconds * SECOND * (1 - self.away))
        self.frames += taken
        self.spent += taken * (self.cycles(rate) if callable(self.cycles) else self.cycles)
        latency_ns = {p: self.base_ns * (1 + n) for n, p in enumerate(("p50", "p90", "p99", "max"))}
        found = {"sent": sent, "expected": expected, "received": received, "lost": expected - received, "wall_ns": int(seconds * SECOND),
                 "longest_gap_ns": 1000, "late_sends": sent if rate > self.in_time_most else 0, "latency_ns": latency_ns, "first_fault": "", "wire_full": 0, "inversions": self.inversions,
                 "by_class": {"1": {"expected": expected, "received": received, "lost": expected - received}},
                 **dict.fromkeys(("doubled", "reordered", "altered", "misdelivered", "unsent"), 0)}
        if self.wrong:
            found[self.wrong] = 1
            found["first_fault"] = "subscriber 3"
        return found


@contextmanager
def pages(_mebibytes):
    yield True


def run(scenario, devices, line=lambda *_: {"tag": "near"}):
    """Run @scenario; @devices: what stands for Router and Macswap."""
    @contextmanager
    def linked(_rig, _link, kind, _options, **_more):
        device = devices[kind]
        yield device, device
    with mock.patch.object(scenario, "linked", linked), mock.patch.object(probe, "line", line), \
            mock.patch.object(machine, "cores", lambda: (0, 1)), mock.patch.object(machine, "hugepages", pages), \
            redirect_stdout(io.StringIO()) as said:
        found = scenario.run(Rig("test", TOP / "build", True))
        report.show(found)
    valid = {**found, "machine": machine.describe(TOP / "build")}
    jsonschema.validate(valid, json.loads((TOP / "docs/schemas/perf.json").read_text(encoding="utf-8")))
    found["said"] = said.getvalue()
    return found


class Trials(unittest.TestCase):
    def test_a_wrong_copy_is_an_error_and_no_figure(self):
        for key in ("doubled", "reordered", "altered", "misdelivered"):
            device = Device(1e6, 1, 1, wrong=key)
            with self.assertRaisesRegex(MachineError, f"1 {key}: subscriber 3"):
                trials.judged(device, device, 1000, 1.0)

    def test_a_worker_off_its_core_is_void_and_tries_are_bounded(self):
        device, reasons = Device(1e6, 1, 1, away=0.1), []
        with self.assertRaisesRegex(Void, "8 void trials in a row.*90%"):
            trials.patient(device, device, 1000, 1.0, reasons)
        self.assertEqual(len(reasons), 8)

    def test_a_generator_that_sends_late_is_void_where_times_count(self):
        device = Device(1e6, 1, 1, in_time_most=500)
        self.assertEqual(trials.judged(device, device, 1000, 1.0)["late_sends"], 1000)
        with self.assertRaisesRegex(Void, "sent 100% of the events late"):
            trials.judged(device, device, 1000, 1.0, in_time=True)

    def test_loss_is_no_fault(self):
        self.assertIsNone(faults(Device(10, 1, 1).trial(1000, 1.0)))


class MemifScenario(unittest.TestCase):
    def test_ratio_of_rates_where_both_are_at_their_limit(self):
        found = run(memif, {Router: Device(4e6, 500, 1), Macswap: Device(8e6, 200, 1)})
        self.assertAlmostEqual(found["metrics"]["ratio_to_macswap"], 0.4)
        self.assertNotIn("flatters", found["said"])

    def test_a_generator_that_is_the_limit_is_said(self):
        found = run(memif, {Router: Device(4e6, 500, 1), Macswap: Device(8e6, 250, 1, generator_most=5e6)})
        self.assertAlmostEqual(found["metrics"]["ratio_to_macswap"], 0.5, msg="the cycles', not 4 / 5")
        self.assertIn("flatters the router", found["said"])

    def test_cycles_are_compared_at_the_same_rate(self):
        found = run(memif, {Router: Device(4e6, 500, 1, generator_most=3e6), Macswap: Device(8e6, lambda rate: 400 if rate <= 3e6 else 200, 1, generator_most=4e6)})
        self.assertAlmostEqual(found["metrics"]["ratio_to_macswap"], 0.75, msg="3 / 4 of the rate; 400 / 500 of the cycles")
        found = run(memif, {Router: Device(4e6, 500, 1, generator_most=3e6), Macswap: Device(8e6, lambda rate: 300 if rate <= 3e6 else 200, 1, generator_most=4e6)})
        self.assertAlmostEqual(found["metrics"]["ratio_to_macswap"], 0.6, msg="300 / 500 of the cycles")

    def test_events_for_nobody_are_taken_too(self):
        found = run(memif, {Router: Device(4e6, 300, 1, unasked=0.25), Macswap: Device(8e6, 300, 1)})
        self.assertAlmostEqual(found["metrics"]["ratio_to_macswap"], 0.5, msg="4 / 8 of the frames, not 3 / 8")

    def test_cycles_of_void_trials_do_not_count(self):
        class AtFirstDisturbed(Device):
            """Off its core in the first trials, and slow."""

            def trial(self, rate, seconds, **more):
                disturbed = not self.frames
                self.away, self.cycles = (0.5, 9000) if disturbed else (0, 500)
                return super().trial(rate, seconds, **more)

        device = AtFirstDisturbed(4e6, 500, 1)
        self.assertEqual(memif.at(device, device, 1e6, 1.0, 1, [])["cycles"], 500)

    def test_a_trial_that_was_slow_does_not_speak_for_all(self):
        cycles = iter([500, 500, 9000, 500, 500])
        device = Device(4e6, lambda _rate: next(cycles), 1)
        self.assertEqual(memif.at(device, device, 1e6, 1.0, 5, [])["cycles"], 500)

    def test_tags_that_change_leave_it_unmeasured(self):
        tags = iter(["near", "far"] * 100)
        found = run(memif, {Router: Device(4e6, 500, 1), Macswap: Device(8e6, 200, 1)}, lambda *_: {"tag": next(tags)})
        self.assertIn("from near to far", found["unmeasured"]["ratio_to_macswap"])
        self.assertEqual(found["metrics"], {})


class Addresses(unittest.TestCase):
    def test_more_clients_than_an_address_has_ports_have_the_next_ones(self):
        rig = types.SimpleNamespace(huge=False, control=0, worker=1, folder=pathlib.Path("/tmp"))
        link = types.SimpleNamespace(device="net_x", macs=("a", "b"))
        port = dut.configuration(rig, link, addresses=3, port={"buffers": 4096})["rhumb:rhumb"]["port"][0]
        self.assertEqual([n["ip"] for n in port["neighbor"]], ["198.18.0.2", "198.18.0.3", "198.18.0.4"])
        self.assertEqual(port["buffers"], 4096)
        self.assertEqual(len(dut.configuration(rig, link)["rhumb:rhumb"]["port"][0]["neighbor"]), 1)

    def test_what_the_kernel_does_for_a_worker_is_on_its_core_too(self):
        device = dut.Device(types.SimpleNamespace(pid=os.getpid()), pathlib.Path("/proc/self/comm").read_text(encoding="utf-8").strip())
        alone = device.cpu_ns()
        device.beside = lambda: 10**15
        self.assertGreaterEqual(device.cpu_ns(), alone + 10**15)
        self.assertGreater(alone, 0)

    def test_the_kernel_works_on_a_veth_alone(self):
        with mock.patch.object(dut, "softirq_ns", lambda core: 7 + core):
            self.assertEqual(dut.Veth.beside(None, 1), 8)
            self.assertEqual(dut.Memif.beside(None, 1), 0)
        self.assertEqual(dut.softirq_ns(1 << 20), 0, "no such core")

    def test_resident_memory_is_ordinary_and_huge_pages(self):
        self.assertGreater(dut.resident_bytes("self"), 1 << 20)


class FullRouter:
    """rhumbd and rhumb-gen of the memory scenario: @held subscriptions, @lost copies, memory that grows by @growth."""

    def __init__(self, held=10_000_000, lost=0, growth=1.1):
        self.held, self.lost, self.growth, self.start_bytes, self.changed = held, lost, growth, 50 << 20, False
        self.process = types.SimpleNamespace(pid=self)

    def show(self, _noun):
        return {"subscriptions": self.held}

    def trial(self, rate, seconds):
        sent = int(rate * seconds)
        return {"expected": 5 * sent, "received": 5 * sent - self.lost, "lost": self.lost, "doubled": 0, "reordered": 0, "altered": 0,
                "misdelivered": 0, "first_fault": ""}

    def churn(self, pairs):
        self.changed = True
        return {"pairs": pairs, "seconds": 4.0}

    def resident(self):
        return 2_000_000_000 * (self.growth if self.changed else 1)


def fill(full, available=64 << 20):
    """The memory scenario with @full."""
    @contextmanager
    def router(_rig, _workload):
        yield full, full
    with mock.patch.object(wire, "router", router), mock.patch.object(wire, "SETTLE_SECONDS", 0), mock.patch.object(machine, "cores", lambda: (0, 1)), \
            mock.patch.object(machine, "hugepages", pages), mock.patch.object(machine, "memory_available_kib", lambda: available), \
            mock.patch.object(wire, "resident_bytes", lambda pid: pid.resident()), mock.patch.object(memory, "resident_bytes", lambda pid: pid.resident()), \
            redirect_stdout(io.StringIO()) as said:
        found = memory.run(Rig("test", TOP / "build", True))
        report.show(found)
    jsonschema.validate({**found, "machine": machine.describe(TOP / "build")}, json.loads((TOP / "docs/schemas/perf.json").read_text(encoding="utf-8")))
    found["said"] = said.getvalue()
    return found


class Memory(unittest.TestCase):
    def test_bytes_of_the_whole_process_and_what_changes_leave_behind(self):
        found = fill(FullRouter())
        self.assertAlmostEqual(found["metrics"]["bytes_per_subscription"], 200.0)
        self.assertAlmostEqual(found["metrics"]["churn_growth"], 1.1)
        self.assertIn("bytes_per_subscription 200.000, floor 120.00: NOT REACHED", found["said"])
        self.assertIn("churn_growth 1.100, floor 1.20: reached", found["said"])

    def test_a_lost_copy_or_subscription_is_no_figure(self):
        for full, why in ((FullRouter(lost=1), "'lost': 1"), (FullRouter(held=9_999_999), "rhumbd has 9,999,999 subscriptions, not 10,000,000")):
            found = fill(full)
            self.assertEqual(found["metrics"], {})
            self.assertIn(why, found["unmeasured"]["bytes_per_subscription"])

    def test_too_little_memory_is_said(self):
        self.assertIn("10,000,000 subscriptions want about", fill(FullRouter(), 1 << 20)["unmeasured"]["churn_growth"])


class Latency(unittest.TestCase):
    def test_keys_are_ratios_at_the_judged_loads(self):
        found = run(latency, {Router: Device(2e6, 1, 3000), Macswap: Device(9e6, 1, 2000)})
        self.assertAlmostEqual(found["metrics"]["p50_ratio"], 1.5)
        self.assertAlmostEqual(found["metrics"]["p99_ratio"], 1.5)
        self.assertAlmostEqual(found["search"]["ndr"]["lower"] / 2e6, 1, delta=0.03)
        self.assertEqual({(p["who"], p["load_percent"]) for p in found["curve"]}, {(w, n) for w in ("router", "macswap") for n in (10, 50, 90)})

    def test_loads_are_what_the_generator_sends_in_time(self):
        found = run(latency, {Router: Device(2e6, 1, 3000, in_time_most=1.5e6), Macswap: Device(9e6, 1, 2000)})
        self.assertAlmostEqual(found["metrics"]["p50_ratio"], 1.5)
        self.assertIn("above 90 % of that the generator sends late", found["said"])
        found = run(latency, {Router: Device(2e6, 1, 3000, in_time_most=1000), Macswap: Device(9e6, 1, 2000)})
        self.assertIn("sends late even at", found["unmeasured"]["p50_ratio"])

    def test_a_router_that_always_loses_has_no_latency(self):
        found = run(latency, {Router: Device(0, 1, 1), Macswap: Device(9e6, 1, 1)})
        self.assertIn("even at 10,000", found["unmeasured"]["p50_ratio"])


class Overload(unittest.TestCase):
    def test_a_device_that_holds_its_rate(self):
        found = run(overload, {Router: Device(1e6, 1, 1)})
        self.assertAlmostEqual(found["metrics"]["ndr_mrr"], 1, delta=0.03)
        self.assertAlmostEqual(found["metrics"]["goodput_ratio"], 1, delta=0.01)

    def test_a_generator_too_slow_for_twice_the_rate_is_said(self):
        found = run(overload, {Router: Device(1e6, 1, 1, generator_most=1.5e6)})
        self.assertIn("a second generator core is needed", found["unmeasured"]["goodput_ratio"])
        self.assertIn("ndr_mrr", found["metrics"])

    def test_inversions_are_the_generator_s(self):
        found = run(overload, {Router: Device(1e6, 1, 1, inversions=3)})
        self.assertEqual(found["metrics"]["class_inversions"], 3)
        self.assertFalse(found["passed"])
        self.assertEqual([c["cell"] for c in found["cells"] if c["key"] == "class_inversions"],
                         ["half rate, until time is over", "half rate, until the queue is full"])
        self.assertTrue(run(overload, {Router: Device(1e6, 1, 1)})["passed"])

    def test_inversions_count_only_where_nobody_was_away(self):
        found = run(overload, {Router: Device(1e6, 1, 1, inversions=3, loop_us=10_001)})
        self.assertIn("3 inversions, but the router, since it started, was away for 10.0 ms", found["unmeasured"]["class_inversions"])
        self.assertEqual(run(overload, {Router: Device(1e6, 1, 1, inversions=0, loop_us=1e6)})["metrics"]["class_inversions"], 0)
        gone = {"inversions": 1, "longest_gap_ns": 10_000_001}
        self.assertIn("the generator was away for 10.0 ms", overload.away(Device(1e6, 1, 1), gone))
        self.assertIsNone(overload.away(Device(1e6, 1, 1), {**gone, "longest_gap_ns": 10_000_000}))

    def test_a_trial_that_lost_elsewhere_is_void(self):
        found = run(overload, {Router: Device(1e6, 1, 1, drops=("queue_full", "no_buffer"))})
        self.assertNotIn("class_inversions", found["metrics"])
        self.assertIn("1 lost as no_buffer (drop_copies)", found["unmeasured"]["class_inversions"])
        self.assertIn("1 lost as no_buffer (drop_copies)", found["void"])

    def test_what_was_lost_elsewhere_is_told(self):
        before = {"drop_events": {"expired": 3}, "drop_copies": {"queue_full": 1}}
        after = {"drop_datagrams": {"short": 2}, "drop_events": {"expired": 3}, "drop_copies": {"queue_full": 9, "queue_expired": 7, "owner_full": 4}}
        self.assertEqual(overload.lost_elsewhere(before, after, {"wire_full": 5}),
                         "2 lost as short (drop_datagrams), 4 lost as owner_full (drop_copies), 5 lost on the wire to the router")
        self.assertIsNone(overload.lost_elsewhere(after, after, {"wire_full": 0}))


class Links(unittest.TestCase):
    def test_a_stale_socket_is_taken_away(self):
        import tempfile
        with tempfile.TemporaryDirectory() as folder:
            stale = pathlib.Path(folder) / "memif.sock"
            stale.touch()
            link = Memif(pathlib.Path(folder))
            self.assertFalse(stale.exists())
            self.assertIn(str(stale), link.device)


if __name__ == "__main__":
    unittest.main()

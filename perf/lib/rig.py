"""What every scenario gets: the build, a folder of its own, cores, memory, a voice."""

import contextlib
import pathlib
import tempfile
import time

from lib import machine, path, probe, windows
from lib.pairs import Void
from lib.testpmd import Reference


class Rig:
    """One scenario's hands. @full and @quick choose by --quick. @budget: seconds it should end within, or None."""

    def __init__(self, scenario, build, quick, budget=None):
        self.scenario, self.build, self.quick = scenario, pathlib.Path(build), quick
        self.control, self.worker = machine.cores()
        self.budget, self.began = budget, time.monotonic()
        self.folder = None
        self.huge = False

    def pick(self, full, quick):
        """The one or the other by --quick."""
        return quick if self.quick else full

    def late(self):
        """Is the budget spent? What has one pair then goes on to the next cell."""
        return self.budget is not None and time.monotonic() - self.began > self.budget

    def say(self, text):
        """A line of progress."""
        print(f"{self.scenario}: {text}", flush=True)

    @contextlib.contextmanager
    def memory(self, mebibytes, must=False):
        """A scratch folder and, where they can be had, hugepages. @must: MachineError without."""
        with tempfile.TemporaryDirectory(prefix="rhumb-perf-") as folder, machine.hugepages(mebibytes) as huge:
            if must and not huge:
                raise machine.MachineError(f"{mebibytes} MiB of hugepages cannot be had: free memory, or take a machine with more")
            self.folder, self.huge = pathlib.Path(folder), huge
            yield self

    def path_memory(self, options):
        """MiB for a run of rhumb-perf-path and the reference beside it."""
        return path.memory_mib(self.build, options) + 640

    def check(self, options, cores=None):
        """One pass compared byte for byte; returns what was checked."""
        return path.check(self.build, self.folder, cores or (self.control, self.worker), self.huge, options)

    def router(self, options, count, seconds, cores=None):
        """(median window of each lane, the whole run); Void when none counts."""
        found = path.run(self.build, self.folder, cores or (self.control, self.worker), self.huge,
                         {**options, "windows": count, "seconds": seconds})
        lanes = path.middle(found)
        if not lanes:
            raise Void(f"router {found['void']}")
        return lanes, found

    def reference(self, count, seconds, trace="reference.pcap"):
        """Median window of macswap over @trace in the scenario's folder; Void when none counts."""
        spins = probe.settle(self.build, (self.worker,))
        reference = Reference(f"{self.folder}/{trace}", self.control, self.worker, self.huge, f"{self.folder}/testpmd.log")
        try:
            found = [reference.window(seconds) for _ in range(count)]
        finally:
            reference.close()
        spins.append(probe.spin(self.build, self.worker))
        why = probe.disturbed(spins)
        best = windows.middle(found, "packets")
        if why or not best:
            raise Void(f"macswap {why or windows.void(found[0])}")
        return best

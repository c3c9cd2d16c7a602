"""The reference: dpdk-testpmd --forward-mode=macswap on the same devices, the same trace, the same core."""

import pathlib
import re
import shutil
import subprocess
import time

from lib.machine import MachineError, thread_ns

PROMPT_SECONDS = 30
RX = re.compile(r"Forward statistics for port 0.*?RX-packets:\s*(\d+)", re.S)


def _cpu_ns(pid):
    """On-CPU ns of the forwarding thread."""
    ns = thread_ns(pid, "worker")
    if ns is None:
        raise MachineError("dpdk-testpmd has no worker thread: did it start?")
    return ns


def _command(devices, control, worker, hugepages, more):
    """The command line; answers must not wait in a buffer."""
    memory = ["--in-memory", "--single-file-segments", "-m", "512"] if hugepages else ["--no-huge", "--no-shconf", "-m", "512"]
    vdevs = [word for device in devices for word in ("--vdev", device)]
    return ["stdbuf", "-oL", "dpdk-testpmd", "-l", f"{control},{worker}", "--main-lcore", str(control), *memory, "--no-pci", "--no-telemetry",
            "--file-prefix", "rhumb-perf-ref", *vdevs, "--", "-i", "--nb-cores=1", "--total-num-mbufs=65535", "--forward-mode=macswap", *more]


def command(trace, control, worker, hugepages):
    """macswap from @trace without end into nothing."""
    return _command((f"net_pcap0,rx_pcap={trace},infinite_rx=1", "net_null0,no-rx=1"), control, worker, hugepages, ("--portmask=0x3",))


def forwarder(device, control, worker, hugepages):
    """macswap on one device, from the start."""
    return _command((device,), control, worker, hugepages, ("--auto-start", "--portmask=0x1", "--record-core-cycles"))


class Reference:
    """One testpmd process; each window is packets, wall and on-CPU time of its forwarding core."""

    def __init__(self, trace, control, worker, hugepages, log):
        if not shutil.which("dpdk-testpmd"):
            raise MachineError("dpdk-testpmd is missing: run tools/check once, it installs the packages")
        self.log_path = log
        self.log = open(log, "w+", encoding="utf-8")
        self.process = subprocess.Popen(command(trace, control, worker, hugepages), stdin=subprocess.PIPE,
                                        stdout=self.log, stderr=subprocess.STDOUT, text=True)
        self._wait("testpmd>")
        self._say("start")
        time.sleep(0.5)

    def _text(self):
        return pathlib.Path(self.log_path).read_text(encoding="utf-8", errors="replace")

    def _wait(self, mark, after=0):
        deadline = time.monotonic() + PROMPT_SECONDS
        while mark not in self._text()[after:]:
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.close()
                raise MachineError(f"dpdk-testpmd did not start, its last words: {self._text()[-300:].strip()}")
            time.sleep(0.02)

    def _say(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def _sample(self):
        before = len(self._text())
        self._say("show fwd stats all")
        deadline = time.monotonic() + PROMPT_SECONDS
        while True:
            found = RX.search(self._text(), before)
            if found:
                return int(found.group(1)), time.monotonic_ns(), _cpu_ns(self.process.pid)
            if time.monotonic() > deadline:
                raise MachineError("dpdk-testpmd no longer answers")
            time.sleep(0.002)

    def window(self, seconds):
        """Packets, wall_ns, cpu_ns of one window."""
        packets, wall, cpu = self._sample()
        time.sleep(seconds)
        packets2, wall2, cpu2 = self._sample()
        return {"packets": packets2 - packets, "wall_ns": wall2 - wall, "cpu_ns": cpu2 - cpu}

    def close(self):
        """End the process and wait for it."""
        if self.process.poll() is None:
            try:
                self._say("quit")
                self.process.wait(timeout=20)
            except (OSError, subprocess.TimeoutExpired):
                self.process.kill()
                self.process.wait()
        self.log.close()

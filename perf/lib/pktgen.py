"""Pktgen-DPDK as a process: perf/pktgen/trials.lua runs in it, takes orders by one pipe and answers by another."""

import dataclasses
import os
import pathlib
import re
import select
import shutil
import subprocess
import time

from lib.machine import MachineError, thread_ns

SCRIPT = pathlib.Path(__file__).resolve().parents[1] / "pktgen/trials.lua"
VERSION = "23.03"
START_SECONDS = 60
# Beyond its duration a trial waits until nothing counts any more: trials.lua.
PATIENCE_SECONDS = 45
# FCS, preamble, start and gap of a frame on the wire.
WIRE_OVERHEAD = 24


@dataclasses.dataclass(frozen=True)
class Counters:
    """Sums over Pktgen's ports since its start."""

    sent: int = 0
    received: int = 0
    missed: int = 0
    errors: int = 0
    no_buffers: int = 0

    def since(self, before):
        """What came after @before."""
        return Counters(*(now - then for now, then in zip(dataclasses.astuple(self), dataclasses.astuple(before))))


@dataclasses.dataclass(frozen=True)
class Window:
    """The time in which Pktgen sent: by the clock, and of the threads on their cores."""

    wall_ns: int
    sender_ns: int
    others_ns: int | None = None


def program():
    """The binary that $PKTGEN names; MachineError says what to do without."""
    path = os.environ.get("PKTGEN")
    if not path:
        raise MachineError(f"PKTGEN is not set: build Pktgen-DPDK {VERSION} with -Denable_lua=true (Debian has no package) and run "
                           "PKTGEN=/path/to/pktgen perf/pktgen/run")
    found = shutil.which(path)
    if not found:
        raise MachineError(f"PKTGEN={path} is {'not executable' if os.path.exists(path) else 'not there'}: name the pktgen binary")
    return found


def percent(rate, frame_bytes, link_mbits):
    """@rate frames a second as Pktgen wants it: percent of the link, at most all of it."""
    return min(100.0, rate * (frame_bytes + WIRE_OVERHEAD) * 8 / (link_mbits * 1e6) * 100)


def command(binary, device, pcap, cores, hugepages, prefix):
    """The command line; @cores: main and sending core, which may be one."""
    main, sender = cores
    memory = ["--in-memory", "-m", "1024"] if hugepages else ["--no-huge", "--no-shconf", "-m", "1024"]
    where = ["--allow", device] if re.fullmatch(r"([0-9a-f]{4}:)?[0-9a-f]{2}:[0-9a-f]{2}\.[0-7](,.*)?", device) else ["--no-pci", "--vdev", device]
    return [binary, f"--lcores=1@{main},2@{sender}", "--main-lcore=1", *memory, *where, "--no-telemetry", f"--file-prefix={prefix}",
            "--", "-P", "-m", "2.0", "-s", f"0:{pcap}", "-f", str(SCRIPT)]


def tolerant(build, device):
    """Environment for @device: one that cannot set its MTU ends Pktgen 23.03, which perf/pktgen/tolerate_mtu.c prevents."""
    if not re.match(r"(net|eth)_(memif|ring|null|pcap)", device):
        return {}
    library = build / "perf/pktgen/librhumb-pktgen-mtu.so"
    if not library.exists():
        raise MachineError(f"{library} is missing: build first, tools/check --quick does")
    return {"LD_PRELOAD": str(library)}


class Pktgen:
    """One process. @before: words before the command, as to run in a namespace; @env: more of the environment."""

    def __init__(self, device, pcap, frame_bytes, cores, hugepages, folder, before=(), binary=None, env=None):
        if "," in str(pcap):
            raise MachineError(f"{pcap}: Pktgen takes a comma for the start of another file: use a folder without")
        self.frame_bytes, self.log_path = frame_bytes, folder / "pktgen.log"
        orders, answers = folder / "pktgen.orders", folder / "pktgen.answers"
        for pipe in (orders, answers):
            pipe.unlink(missing_ok=True)
            os.mkfifo(pipe)
        words = [*before, *command(binary or program(), device, pcap, cores, hugepages, f"rhumb-perf-pktgen-{os.getpid()}")]
        with open(self.log_path, "wb") as log:
            self.process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT,
                                            env={**os.environ, "RHUMB_ORDERS": str(orders), "RHUMB_ANSWERS": str(answers), "TERM": "dumb",
                                                 **(env or {})})
        # Both ends at once: opening one end alone would wait for a process that may have died.
        self.orders, self.answers = os.open(orders, os.O_RDWR), os.open(answers, os.O_RDWR)
        self.rest, self.total = b"", Counters()
        try:
            _, mbits, self.version = self._answer(START_SECONDS).split(" ", 2)
            self.link_mbits = int(mbits)
            if VERSION not in self.version:
                raise MachineError(f"PKTGEN is version {self.version}: {VERSION} for DPDK 22.11 is needed")
            if not self.link_mbits:
                raise MachineError(f"Pktgen sees no link on {device}: is the router up and the cable in?")
        except Exception:
            self.close()
            raise

    def _text(self):
        return self.log_path.read_text(encoding="utf-8", errors="replace")

    def _last_words(self):
        plain = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", self._text())
        lines = [line.strip() for line in plain.splitlines() if line.strip()]
        wrong = [line for line in lines if re.search(r"!PANIC!|rror|annot|nvalid|fail", line)]
        return (wrong or lines or ["it said nothing"])[-1]

    def _answer(self, seconds):
        deadline = time.monotonic() + seconds
        while b"\n" not in self.rest:
            ready, _, _ = select.select([self.answers], [], [], 0.1)
            if ready:
                self.rest += os.read(self.answers, 4096)
            elif self.process.poll() is not None:
                raise MachineError(f"Pktgen ended with status {self.process.returncode}: {self._last_words()}")
            elif time.monotonic() > deadline:
                raise MachineError(f"Pktgen does not answer in {seconds:.0f} s: {self._last_words()}")
        line, self.rest = self.rest.split(b"\n", 1)
        return line.decode()

    def _sender_ns(self):
        """On-CPU ns of the sending thread."""
        ns = thread_ns(self.process.pid, "worker")
        if ns is None:
            raise MachineError(f"Pktgen has no sending thread: {self._last_words()}")
        return ns

    def _reached(self, mark, seconds, others):
        said = self._answer(seconds)
        if said != mark:
            raise MachineError(f"Pktgen's script says '{said}' instead of '{mark}': is trials.lua of this revision?")
        return time.monotonic_ns(), self._sender_ns(), others()

    def trial(self, rate, seconds, others=lambda: None):
        """Play the file at @rate frames a second; (what was counted, the Window of sending). @others: more on-CPU ns to read in it."""
        share = percent(rate, self.frame_bytes, self.link_mbits)
        os.write(self.orders, f"trial {share:.9f} {seconds:.3f}\n".encode())
        began = self._reached("started", PATIENCE_SECONDS, others)
        ended = self._reached("stopped", seconds + PATIENCE_SECONDS, others)
        total = Counters(*map(int, self._answer(PATIENCE_SECONDS).split()))
        found, self.total = total.since(self.total), total
        return found, Window(*(None if now is None else now - then for now, then in zip(ended, began)))

    def close(self):
        """End it."""
        if self.process.poll() is None:
            os.write(self.orders, b"quit\n")
            try:
                self.process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        os.close(self.orders)
        os.close(self.answers)

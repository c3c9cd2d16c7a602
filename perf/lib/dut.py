"""What stands beyond the generator's port: rhumbd, or testpmd as the plain forwarder; by memif or by a veth pair."""

import contextlib
import ipaddress
import json
import os
import pathlib
import re
import subprocess
import sys
import time

from lib import search
from lib.generator import Generator
from lib.machine import MachineError, on_cpu_ns, thread_ns
from lib.testpmd import forwarder

sys.path.append(str(pathlib.Path(__file__).resolve().parents[2] / "tools/demolib"))

START_SECONDS = 30
ROUTER_IP, CLIENT_IP = "198.18.0.1", "198.18.0.2"
ROUTER_MAC, CLIENT_MAC = "02:00:00:00:00:01", "02:00:00:00:00:02"
# "... (total cycles=123 / total macswap packets=456) ..."
CORE_CYCLES = re.compile(r"total cycles=(\d+) / total \w+ packets=(\d+)")
MEMIF_RING = "rsize=11"
PACKET_RING = "blocksz=65536,framesz=2048,framecnt=4096"


class Memif:
    """Two processes joined by shared memory: the device is the server."""

    name = "memif"
    ring = MEMIF_RING
    gap_ns = 1_000_000
    trial_seconds, trials = search.SHORT_SECONDS, search.SHORT_TRIALS
    before_device = before_generator = ()

    def __init__(self, folder):
        self.socket = folder / "memif.sock"
        # What a killed run left would take the server's place.
        self.socket.unlink(missing_ok=True)

    def _device(self, role, mac):
        return f"net_memif0,role={role},socket={self.socket},socket-abstract=no,{self.ring},mac={mac}"

    @property
    def device(self):
        return self._device("server", ROUTER_MAC)

    @property
    def generator(self):
        return self._device("client", CLIENT_MAC)

    macs = (ROUTER_MAC, CLIENT_MAC)

    def beside(self, core):
        """On-CPU ns of what else is part of the path on @core: nothing."""
        del core
        return 0

    def close(self):
        self.socket.unlink(missing_ok=True)


class Veth:
    """Two namespaces joined by a veth pair, af_packet on both ends."""

    name = "veth"
    # A send is a system call which does the kernel's work for both ends: gaps of a millisecond are its own.
    gap_ns = 20_000_000
    trial_seconds, trials = 1.0, (5, 3)

    def __init__(self, folder):
        from netns import Host, cable  # pylint: disable=import-outside-toplevel,import-error
        prefix = f"rhumbp-{os.getpid()}-"
        self.hosts = Host(prefix + "router").create(), Host(prefix + "gen").create()
        # Only what is measured is on the link: the kernel's own frames would be counted as copies.
        for host in self.hosts:
            for where in ("all", "default"):
                host.sysctl(f"net/ipv6/conf/{where}/disable_ipv6", 1)
        cable(self.hosts[0], "v0", self.hosts[1], "v1")
        self.before_device, self.before_generator = (tuple(host.command()) for host in self.hosts)
        self.macs = self.hosts[0].mac("v0"), self.hosts[1].mac("v1")
        self.device = f"net_af_packet0,iface=v0,{PACKET_RING}"
        self.generator = f"net_af_packet0,iface=v1,{PACKET_RING}"
        del folder

    def beside(self, core):
        """The kernel's, which carries each frame."""
        return softirq_ns(core)

    def close(self):
        for host in self.hosts:
            host.destroy()


def resident_bytes(pid):
    """All memory of a process: ordinary and huge pages."""
    kib = 0
    for line in pathlib.Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines():
        name, _, value = line.partition(":")
        if name in ("VmRSS", "HugetlbPages"):
            kib += int(value.split()[0])
    return kib * 1024


def softirq_ns(core):
    """On-CPU ns of the kernel's thread that hands frames on at @core when a sender has been at it for too long; 0 where it is not to be seen."""
    for comm in pathlib.Path("/proc").glob("[0-9]*/comm"):
        try:
            if comm.read_text() == f"ksoftirqd/{core}\n":
                return on_cpu_ns(comm.parent)
        except OSError:
            continue
    return 0


class Device:
    """A process with a worker thread; knows how long that thread ran."""

    beside = staticmethod(lambda: 0)

    def __init__(self, process, worker):
        self.process, self.worker = process, worker

    def cpu_ns(self):
        """On-CPU ns of the worker thread, and of what works for it on its core."""
        own = thread_ns(self.process.pid, self.worker)
        if own is None:
            raise MachineError(f"process {self.process.pid} has no thread {self.worker}: did it start?")
        return own + self.beside()


def configuration(rig, link, **more):
    """rhumbd on one port of @link; clients beyond it have static neighbours, one or as many as @more's addresses."""
    session = {"keepalive": 600000, "timeout": 1800000, "publisher-window-events": 0, "publisher-window-bytes": 0, **more.pop("session", {})}
    port = {"name": "p0", "device": link.device, "slow-path": "none", "software-checksum": False, "address": [{"ip": f"{ROUTER_IP}/24"}],
            "neighbor": [{"ip": str(ipaddress.ip_address(CLIENT_IP) + i), "mac": link.macs[1]} for i in range(more.pop("addresses", 1))],
            **more.pop("port", {})}
    dataplane = {"hugepages": "on" if rig.huge else "off", "memory": 512, "file-prefix": "rhumb-perf-router", "control-core": rig.control,
                 "stage-timing": False, "worker": [{"core": rig.worker, "idle": "poll"}], **more.pop("dataplane", {})}
    return {"rhumb:rhumb": {"dataplane": dataplane, "port": [port], "session": session,
                            "control": {"socket": str(rig.folder / "rhumb.sock")}, **more}}


def _stop(process):
    process.terminate()
    try:
        process.wait(timeout=20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


class Router(Device):
    """rhumbd."""

    def __init__(self, rig, link, **more):
        self.build, self.socket = rig.build, rig.folder / "rhumb.sock"
        config, self.log = rig.folder / "rhumb.json", rig.folder / "rhumbd.log"
        config.write_text(json.dumps(configuration(rig, link, **more)), encoding="utf-8")
        with open(self.log, "wb") as log:
            process = subprocess.Popen([*link.before_device, str(rig.build / "rhumbd"), "--config", str(config)],
                                       stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        super().__init__(process, f"worker-{rig.worker}")
        self._wait()
        self.start_bytes = resident_bytes(process.pid)

    def _wait(self):
        deadline = time.monotonic() + START_SECONDS
        while self.show("status", check=False) is None:
            if self.process.poll() is not None or time.monotonic() > deadline:
                _stop(self.process)
                lines = self.log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
                raise MachineError(f"rhumbd did not start: {lines[-1] if lines else 'it said nothing'}")
            time.sleep(0.1)

    def show(self, noun, check=True):
        """What rhumb show @noun answers; None where it fails and @check is off."""
        done = subprocess.run([str(self.build / "rhumb"), "--socket", str(self.socket), "-j", "show", noun], capture_output=True,
                              text=True, timeout=20, check=False)
        if done.returncode != 0:
            if check:
                raise MachineError(f"rhumb show {noun}: {done.stderr.strip()}")
            return None
        return json.loads(done.stdout)

    def counters(self):
        """Sum over the workers."""
        return self.show("counters")["total"]

    def busy(self):
        """(cycles of rounds with work, events) so far."""
        total = self.counters()
        return total["busy_cycles"], total["events_parsed"]

    def close(self):
        """Stop it; the conservation laws must hold once nothing moves."""
        found, deadline = self.show("counters", check=False), time.monotonic() + 10
        while found and not found["hold"] and time.monotonic() < deadline:
            time.sleep(0.2)
            found = self.show("counters", check=False)
        _stop(self.process)
        if found and not found["hold"]:
            raise MachineError(f"conservation laws broken: {found['laws']}")


class Macswap(Device):
    """testpmd on one port: every frame goes back with its addresses swapped."""

    def __init__(self, rig, link):
        self.log = rig.folder / "testpmd-link.log"
        with open(self.log, "wb") as log:
            # Its prompt ends at the end of input: the pipe stays open as long as it is to run.
            process = subprocess.Popen([*link.before_device, *forwarder(link.device, rig.control, rig.worker, rig.huge)],
                                       stdin=subprocess.PIPE, stdout=log, stderr=subprocess.STDOUT)
        super().__init__(process, "worker")
        deadline = time.monotonic() + START_SECONDS
        while "testpmd>" not in self._text():
            if process.poll() is not None or time.monotonic() > deadline:
                _stop(process)
                raise MachineError(f"dpdk-testpmd did not start, its last words: {self._text()[-300:].strip()}")
            time.sleep(0.05)

    def _text(self):
        return self.log.read_text(encoding="utf-8", errors="replace")

    def busy(self):
        """(cycles of rounds with frames, frames) so far."""
        seen = len(self._text())
        self.process.stdin.write(b"show fwd stats all\n")
        self.process.stdin.flush()
        deadline = time.monotonic() + START_SECONDS
        while not (found := CORE_CYCLES.search(self._text(), seen)):
            if time.monotonic() > deadline:
                raise MachineError("dpdk-testpmd no longer answers")
            time.sleep(0.01)
        return int(found.group(1)), int(found.group(2))

    def close(self):
        """Stop it."""
        try:
            self.process.stdin.write(b"quit\n")
            self.process.stdin.close()
            self.process.wait(timeout=20)
        except (OSError, subprocess.TimeoutExpired):
            _stop(self.process)


@contextlib.contextmanager
def linked(rig, link_kind, device_kind, options, patience=START_SECONDS * 3, **more):
    """(device, generator) on a link of their own; all of it is gone afterwards. @patience: seconds until all sessions must be open."""
    with contextlib.ExitStack() as stack:
        link = link_kind(rig.folder)
        stack.callback(link.close)
        device = device_kind(rig, link, **more)
        stack.callback(device.close)
        words = {"core": rig.control, "ip": CLIENT_IP, "router": ROUTER_IP, "router-mac": link.macs[0], "prefix": "rhumb-perf-gen", **options}
        if device_kind is Macswap:
            words["reflect"] = True
        if not rig.huge:
            words["no-huge"] = True
        generator = Generator(rig.build, link.generator, words, link.before_generator, rig.folder / "gen.log", patience=patience)
        stack.callback(generator.close)
        device.gap_ns = link.gap_ns
        device.beside = lambda: link.beside(rig.worker)
        yield device, generator

"""The machine under the figures: description, hugepages, worker and control cores."""

import contextlib
import fcntl
import os
import pathlib
import subprocess

HUGEPAGES = pathlib.Path("/proc/sys/vm/nr_hugepages")
PAGE_KIB = 2048
LOCK = "/run/rhumb-perf.lock"


class MachineError(Exception):
    """Something the person at the keyboard has to put right; the text says what."""


def cores():
    """(control, worker): the worker gets the last core, control the first."""
    online = sorted(os.sched_getaffinity(0))
    if len(online) < 2:
        raise MachineError("two cores are needed, one for the worker: this process may use only one")
    return online[0], online[-1]


def on_cpu_ns(task):
    """What a thread, a folder of /proc, has run so far."""
    return int((task / "schedstat").read_text().split()[0])


def thread_ns(pid, name):
    """On-CPU ns of the thread of process @pid that has @name in its own; None: there is none."""
    for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
        if name in (task / "comm").read_text():
            return on_cpu_ns(task)
    return None


def three_cores():
    """(control, worker, second worker): on two cores the second worker shares the control core, whose thread sleeps meanwhile."""
    control, worker = cores()
    online = sorted(os.sched_getaffinity(0))
    return control, worker, online[-2] if len(online) > 2 else control


def memory_available_kib():
    """What the kernel thinks can be had without swapping."""
    return int(_first("/proc/meminfo", "MemAvailable").split()[0])


@contextlib.contextmanager
def alone():
    """No other run measures meanwhile; two would void each other's windows and give back each other's pages. MachineError when one does."""
    try:
        file = open(LOCK, "a+", encoding="ascii")
    except OSError:  # Not root: there are no pages to quarrel about either.
        yield
        return
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            file.seek(0)
            raise MachineError(f"another perf/run measures on this machine, process {file.read().strip() or 'unknown'}: wait for its end") from error
        file.truncate(0)
        file.write(f"{os.getpid()}\n")
        file.flush()
        yield


@contextlib.contextmanager
def hugepages(mebibytes):
    """Reserve 2 MiB pages for a block, which is alone, and put the old number back. Yields False where they cannot be had."""
    with alone():
        yield from _pages(mebibytes)


def _pages(mebibytes):
    before = int(HUGEPAGES.read_text())
    wanted = max(before, mebibytes * 1024 // PAGE_KIB)
    try:
        HUGEPAGES.write_text(str(wanted))
    except OSError:
        yield False
        return
    try:
        yield int(HUGEPAGES.read_text()) >= wanted
    finally:
        HUGEPAGES.write_text(str(before))


def _first(path, key):
    for line in pathlib.Path(path).read_text(encoding="utf-8").splitlines():
        if line.startswith(key):
            return line.split(":", 1)[1].strip()
    return "unknown"


def _version(command):
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    except OSError:
        return "not found"
    return (done.stdout or done.stderr).strip()


def _hypervisor():
    """What lscpu calls it: KVM, Xen, ...; none on bare metal."""
    for line in _version(["lscpu"]).splitlines():
        if line.startswith("Hypervisor vendor:"):
            return line.split(":", 1)[1].strip()
    return "none"


def _hs_version(build):
    """rhumbd --version names the pattern engine in its own words."""
    for word in _version([str(build / "rhumbd"), "--version"]).replace(",", "\n").splitlines():
        if "yperscan" in word or "ectorscan" in word:
            return word.strip()
    return "unknown"


def describe(build):
    """What a reader needs to judge a figure."""
    return {
        "cpu": _first("/proc/cpuinfo", "model name"),
        "cpu_model": _first("/proc/cpuinfo", "model\t"),
        "cores": os.cpu_count(),
        "hypervisor": _hypervisor(),
        "memory_kib": int(_first("/proc/meminfo", "MemTotal").split()[0]),
        "kernel": os.uname().release,
        "compiler": _version(["gcc", "--version"]).splitlines()[0],
        "dpdk": _version(["pkg-config", "--modversion", "libdpdk"]),
        "rhumbd": _version([str(build / "rhumbd"), "--version"]),
        "hs_version": _hs_version(build),
        "load_1m": os.getloadavg()[0],
    }

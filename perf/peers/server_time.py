"""What a server spent, and what its core had left."""

import os
import pathlib
import time

# linux/posix-timers.h: the clock of process PID, all threads, user and system, in ns.
PROCESS_CLOCK = 2


def cpu_ns(pid):
    """User and system time of process @pid."""
    return time.clock_gettime_ns((~pid << 3) | PROCESS_CLOCK)


def idle_ns(core):
    """How long @core had nothing to run, in steps of a tick (10 ms)."""
    for line in pathlib.Path("/proc/stat").read_text(encoding="ascii").splitlines():
        words = line.split()
        # proc(5): user, nice, system, idle, iowait.
        if words[0] == f"cpu{core}":
            return (int(words[4]) + int(words[5])) * (1_000_000_000 // os.sysconf("SC_CLK_TCK"))
    raise OSError(f"/proc/stat has no line of core {core}")

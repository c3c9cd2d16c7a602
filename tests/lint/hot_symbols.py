"""Worker code never allocates, locks, formats, logs or enters the kernel: read from its objects' undefined symbols."""

import glob
import os
import re
import subprocess

FORBIDDEN = re.compile(r"""^(
    malloc|calloc|realloc|reallocarray|free|posix_memalign|aligned_alloc|strn?dup|v?asprintf
    |(__)?v?[fsd]?n?printf(_chk)?|puts|putchar|fputs|fwrite|fopen|fclose|perror|strerror
    |pthread_(mutex|rwlock|cond|spin|barrier)_\w+|pthread_(create|join)|sem_\w+
    |(clock_)?nanosleep|u?sleep|sched_yield|poll|ppoll|select|epoll_\w+
    |read|write|readv|writev|recv\w*|send\w*|ioctl|open|openat|close|mmap|munmap|madvise|syscall|fcntl|socket
    |clock_gettime|gettimeofday|time|localtime\w*|gmtime\w*|strftime
    |rte_(z?malloc|calloc|realloc)\w*|rte_free|rte_memzone_reserve\w*|rte_(v?log)|rte_\w+_create|rte_\w+_destroy
    |rte_delay_us\w*|rte_spinlock\w*|rte_eth_(dev_\w+|link_get\w*)|rte_eal_\w+
    |hs_(compile|alloc|free|clone)\w*
    |rh_log\w*|rh_error_\w+|rh_clock_(real|wall)\w*|rh_rcu_(call|synchronize|barrier)\w*
    |abort|exit|_exit
)$""", re.X)

# (object, symbol): why it may stand there. Symbols of rcu_quiescent_state's wake-up are inside liburcu and do not show.
ALLOWED = {
    ("loop.c.o", "syscall"): "rcu_quiescent_state wakes a waiting reclaimer, at most once a grace period (liburcu, inlined)",
    ("yield.c.o", "syscall"): "the same, going offline before sleeping",
    ("yield.c.o", "clock_nanosleep"): "a worker in yield mode sleeps when there is nothing to do",
    ("lane_serve.c.o", "syscall"): "the same in the content lane's thread, which is no worker",
    ("bell.c.o", "write"): "the bells of the punt ring, at most once a millisecond, when control asked for it, and of the content lane, when it sleeps",
}

# Files of dataplane/worker that run on the control thread: start, stop, commands, readers.
COLD = re.compile(r"_(ctl|build)\.c\.o$")

HOT = ("dataplane/node/*.a.p/*.o", "dataplane/worker/*.a.p/*.o", "dataplane/match/*.a.p/*_lookup.c.o")


def objects(build):
    found = []
    for pattern in HOT:
        found += glob.glob(os.path.join(build, pattern))
    return sorted(path for path in found if not COLD.search(path))


def undefined(path):
    done = subprocess.run(["nm", "-u", "--format=posix", path], capture_output=True, text=True, check=True)
    return [line.split()[0].split("@")[0] for line in done.stdout.splitlines() if line.strip()]


def check(root, build=None):
    if glob.glob(os.path.join(root, "dataplane/node/*.c")) and not objects(build):
        return [f"{build}: no objects of dataplane/node to read: build first, or the layout has changed"]
    findings = []
    for path in objects(build):
        name = os.path.basename(path)
        for symbol in undefined(path):
            if FORBIDDEN.match(symbol) and (name, symbol) not in ALLOWED:
                findings.append(f"{os.path.relpath(path, build)}: worker code calls {symbol}()")
    return findings

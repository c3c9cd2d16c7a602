"""Memory, processors and devices of this machine, as the demo uses them."""

import os
import stat

import state

PAGE_MB = 2
# What rhumbd gets, and a few pages more: EAL takes some for itself.
MEMORY_MB = 512
PAGES = MEMORY_MB // PAGE_MB + 32


def hugepages_free():
    try:
        return state.read_number(state.HUGEPAGES + "/free_hugepages")
    except (OSError, ValueError):
        return None


def hugepages_wanted():
    """How many pages to ask the kernel for in all, or None when enough are free or there is no such thing."""
    free = hugepages_free()
    if free is None or free >= PAGES:
        return None
    return state.read_number(state.HUGEPAGES + "/nr_hugepages") + PAGES - free


def reserve_hugepages(noted):
    """True when rhumbd can have its memory from hugepages; what could not be had whole is given back."""
    free, wanted = hugepages_free(), hugepages_wanted()
    if free is None:
        return False
    if wanted is None:
        return True
    before = state.read_number(state.HUGEPAGES + "/nr_hugepages")
    noted.note(hugepages=before)
    try:
        state.write_number(state.HUGEPAGES + "/nr_hugepages", wanted)
    except OSError:
        return False
    if (hugepages_free() or 0) >= PAGES:
        return True
    state.write_number(state.HUGEPAGES + "/nr_hugepages", before)
    return False


def processors():
    return sorted(os.sched_getaffinity(0))


def cores():
    """(worker's core, cores of everything else, whether the worker has its core to itself)."""
    found = processors()
    if len(found) == 1:
        return found[0], found, False
    return found[1], [core for core in found if core != found[1]], True


def need_tun(noted):
    """Where the device node is missing (a container's /dev), make it."""
    if os.path.exists("/dev/net/tun"):
        return
    noted.note(tun=True)
    os.makedirs("/dev/net", exist_ok=True)
    os.mknod("/dev/net/tun", stat.S_IFCHR | 0o600, os.makedev(10, 200))

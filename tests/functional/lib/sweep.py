#!/usr/bin/env python3
"""Remove what functional tests left whose process is gone: namespaces with all that runs inside, folders, files. Names are rhumbt-PID-..."""

import os
import shutil
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

# pylint: disable=wrong-import-position
import paths  # noqa: F401
import netns

PREFIX = "rhumbt-"
PLACES = ("/tmp/", "/var/run/dpdk/", "/run/rhumb/")


def alive(pid):
    # Numbers come round: what bears this process' own, it has not made yet.
    if int(pid) == os.getpid():
        return False
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            return b"python" in file.read()
    except OSError:
        return False


def stale(names):
    for name in names:
        owner = name[len(PREFIX):].split("-")[0]
        if owner.isdigit() and not alive(owner):
            yield name


def entries(place):
    try:
        return [name for name in os.listdir(place) if name.startswith(PREFIX)]
    except FileNotFoundError:
        return []


def remove(path):
    if os.path.isdir(path):
        shutil.rmtree(path, ignore_errors=True)
        return
    try:
        os.unlink(path)
    except FileNotFoundError:
        pass  # another run sweeps too


def main():
    """Before this process makes anything of its own."""
    for name in stale(netns.existing(PREFIX)):
        netns.destroy(name)
    for place in PLACES:
        for name in stale(entries(place)):
            remove(place + name)


if __name__ == "__main__":
    main()

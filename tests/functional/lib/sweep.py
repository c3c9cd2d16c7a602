#!/usr/bin/env python3
"""Remove namespaces of functional tests whose process is gone. Names are rhumbt-PID-HOST."""

import os
import shutil
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

# pylint: disable=wrong-import-position
import paths  # noqa: F401
import netns

PREFIX = "rhumbt-"
FOLDERS = "/tmp/"


def alive(pid):
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


def main():
    for name in stale(netns.existing(PREFIX)):
        netns.destroy(name)
    for name in stale(name for name in os.listdir(FOLDERS) if name.startswith(PREFIX)):
        shutil.rmtree(FOLDERS + name, ignore_errors=True)


if __name__ == "__main__":
    main()

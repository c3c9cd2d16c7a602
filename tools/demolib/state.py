"""
What the demo changed on this machine, on disk before each change is made, so that `tools/demo --undo`, the demo's own end and the next
run after a kill can all put it back.
"""

import fcntl
import json
import os
import shutil
import signal

import netns

FOLDER = "/run/rhumb-demo"
PREFIX = "rhumb-demo-"
HUGEPAGES = "/sys/kernel/mm/hugepages/hugepages-2048kB"


class Busy(Exception):
    """Another demo is running."""


def read_number(path):
    with open(path, encoding="ascii") as file:
        return int(file.read())


def write_number(path, number):
    with open(path, "w", encoding="ascii") as file:
        file.write(str(number))


class State:
    def __init__(self, folder=FOLDER):
        self.folder = folder
        self.path = os.path.join(folder, "state.json")
        self.lock = None
        self.found = {}

    def claim(self):
        """Be the only demo on this machine; ends with the process."""
        os.makedirs(self.folder, mode=0o700, exist_ok=True)
        # Beside the folder: undo() removes the folder, and the lock must outlive it.
        self.lock = open(self.folder + ".lock", "w", encoding="ascii")  # pylint: disable=consider-using-with
        try:
            fcntl.flock(self.lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            self.lock.close()
            raise Busy("another tools/demo is running") from error

    def load(self):
        """What an earlier run left. True when there is something to undo."""
        try:
            with open(self.path, encoding="utf-8") as file:
                self.found = json.load(file)
        except (FileNotFoundError, ValueError):
            self.found = {}
        return bool(self.found) or bool(netns.existing(PREFIX))

    def note(self, **changes):
        """Write down what is about to change."""
        os.makedirs(self.folder, mode=0o700, exist_ok=True)
        self.found.update(changes)
        beside = self.path + ".new"
        with open(beside, "w", encoding="utf-8") as file:
            json.dump(self.found, file)
            file.flush()
            os.fsync(file.fileno())
        os.rename(beside, self.path)

    def undo(self):
        """Put everything back; list of sentences. May be repeated, and starts from any half-way point."""
        said = []
        for name in netns.existing(PREFIX):
            netns.destroy(name)
            said.append(f"removed namespace {name}, its interfaces and programs")
        before = self.found.get("hugepages")
        if before is not None:
            try:
                if read_number(HUGEPAGES + "/nr_hugepages") != before:
                    write_number(HUGEPAGES + "/nr_hugepages", before)
                    said.append(f"hugepages of 2 MiB back to {before}")
            except OSError as error:
                said.append(f"hugepages stay as they are: {error}")
        if self.found.get("outputs"):
            shutil.rmtree(self.found["outputs"], ignore_errors=True)
        if self.found.get("tun"):
            try:
                os.unlink("/dev/net/tun")
                said.append("removed /dev/net/tun")
            except FileNotFoundError:
                pass
        shutil.rmtree(self.folder, ignore_errors=True)
        self.found = {}
        return said


def ignore_signals():
    """While things are put back: a second Ctrl-C must not leave half."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)

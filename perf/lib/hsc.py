"""rhumb-hsc as rhumbd runs it: which patterns are admitted, and the database of a set (controlplane/api/hsc.h)."""

import contextlib
import os
import struct
import subprocess

from lib.machine import MachineError

VERSION, CHECK, COMPILE = 3, 1, 2
OK, WORKING = 0, 5
HEADER = struct.Struct(">IHHII")
COST = struct.Struct(">IIII")
NO_PAYLOADS = struct.pack(">I", 0)
# The defaults of content/compile-time-max, compile-memory-max and scan-cost-max, and what rhumbd makes of them for a set.
LIMITS = {"memory-mb": 1024, "check-ms": 5000, "set-ms": 150_000, "cycles-per-byte": 32, "set-cycles-per-byte": 128}


class Refused(Exception):
    """The text is the sentence that a subscriber would read."""


class Helper:
    """One rhumb-hsc."""

    def __init__(self, build, **limits):
        path = build / "rhumb-hsc"
        words = [str(path), "--parent", str(os.getpid())]
        for name, value in {**LIMITS, **limits}.items():
            words += [f"--{name.replace('_', '-')}", str(value)]
        try:
            self.process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        except FileNotFoundError as error:
            raise MachineError(f"{path} is missing: build first, tools/check --quick does") from error
        self.request = 0

    def __enter__(self):
        return self

    def __exit__(self, *_why):
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.close()
        self.process.stdout.close()
        try:
            self.process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def _read(self, size):
        data = self.process.stdout.read(size)
        if len(data) != size:
            raise MachineError("rhumb-hsc ended in the middle of a reply")
        return data

    def _ask(self, kind, body):
        self.request += 1
        body = NO_PAYLOADS + body
        try:
            self.process.stdin.write(HEADER.pack(len(body), VERSION, kind, self.request, 0) + body)
            self.process.stdin.flush()
        except BrokenPipeError as error:
            raise MachineError(f"rhumb-hsc ended: does it speak version {VERSION} of its protocol?") from error
        status = WORKING
        while status == WORKING:
            length, _, _, _, status = HEADER.unpack(self._read(HEADER.size))
            reply = self._read(length)
        if status != OK:
            raise Refused(reply.decode())
        return reply

    def check(self, pattern):
        """Cycles a byte of @pattern alone; Refused where it is not admitted."""
        return COST.unpack(self._ask(CHECK, struct.pack(">I", 1) + pattern.encode())[:COST.size])[2] / 100

    def _compile(self, patterns):
        body = struct.pack(">I", len(patterns))
        for number, pattern in enumerate(patterns, 1):
            text = pattern.encode()
            body += struct.pack(">II", number, len(text)) + text
        return self._ask(COMPILE, body)

    def compile(self, patterns):
        """(cycles a byte, the serialized database) of a set with ids from 1 on; Refused likewise."""
        reply = self._compile(patterns)
        return COST.unpack(reply[:COST.size])[2] / 100, reply[COST.size:]

    def compile_seconds(self, patterns):
        """Processor time that the compilation of a set takes; Refused likewise."""
        return COST.unpack(self._compile(patterns)[:COST.size])[1] / 1e6

"""rhumb-gen as a process: trials in, results out."""

import json
import select
import subprocess
import time

from lib.machine import MachineError

START_SECONDS = 90
# Beyond its duration a trial settles for at most 5 s.
PATIENCE_SECONDS = 30


class Generator:
    """One rhumb-gen. @options: names of its command line without dashes; True for a switch."""

    def __init__(self, build, device, options, before=(), log=None, popen=subprocess.Popen, patience=START_SECONDS):
        self.words = [*before, str(build / "perf/gen/rhumb-gen"), "--device", device]
        for name, value in options.items():
            self.words += [f"--{name}"] if value is True else [f"--{name}", str(value)]
        self.log_path = log
        self.log = open(log, "wb") if log else subprocess.DEVNULL
        try:
            self.process = popen(self.words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.log)
        except FileNotFoundError as error:
            raise MachineError(f"{self.words[len(before)]} is missing: build first, tools/check --quick does") from error
        self.rest = b""
        self.patience = patience
        self.ready = self._answer(patience)

    def _last_words(self):
        if not self.log_path:
            return "see its log"
        with open(self.log_path, encoding="utf-8", errors="replace") as file:
            lines = [line for line in file.read().splitlines() if line.startswith("rhumb-gen:")]
        return lines[-1] if lines else "it said nothing"

    def _answer(self, seconds):
        deadline = time.monotonic() + seconds
        while b"\n" not in self.rest:
            ready, _, _ = select.select([self.process.stdout], [], [], max(0, deadline - time.monotonic()))
            got = self.process.stdout.read1(65536) if ready else b""
            if not got:
                self.kill()
                raise MachineError(f"rhumb-gen {'ended' if ready else f'does not answer in {seconds} s'}: {self._last_words()}")
            self.rest += got
        line, self.rest = self.rest.split(b"\n", 1)
        return json.loads(line)

    def _ask(self, question, seconds):
        try:
            self.process.stdin.write(json.dumps(question).encode() + b"\n")
            self.process.stdin.flush()
        except BrokenPipeError as error:
            self.kill()
            raise MachineError(f"rhumb-gen ended: {self._last_words()}") from error
        found = self._answer(seconds)
        if "error" in found:
            raise MachineError(f"rhumb-gen: {found['error']}")
        return found

    def trial(self, rate, seconds, **more):
        """One open-loop trial; the answer is docs/rig.md's."""
        return self._ask({"do": "trial", "rate": int(rate), "seconds": seconds, **more}, seconds + PATIENCE_SECONDS)

    def status(self):
        """Sessions, subscriptions, the port's counters."""
        return self._ask({"do": "status"}, PATIENCE_SECONDS)

    def churn(self, pairs):
        """@pairs subscriptions end and begin anew: {"pairs", "seconds"}."""
        return self._ask({"do": "churn", "pairs": pairs}, self.patience)

    def leave(self, pcap):
        """Write the frames to @pcap and end without goodbye: the sessions are whoever's who plays them. What the frames are."""
        found = self._ask({"do": "leave", "pcap": str(pcap)}, PATIENCE_SECONDS)
        self.process.wait(timeout=20)
        self._close_files()
        return found

    def close(self):
        """End it; returns its exit status."""
        if self.process.poll() is None:
            try:
                self.process.stdin.write(b'{"do":"end"}\n')
                self.process.stdin.close()
                self.process.wait(timeout=20)
            except (OSError, subprocess.TimeoutExpired):
                self.kill()
        self._close_files()
        return self.process.returncode

    def kill(self):
        """At once."""
        self.process.kill()
        self.process.wait()
        self._close_files()

    def _close_files(self):
        for pipe in (self.process.stdin, self.process.stdout):
            try:
                pipe.close()
            except BrokenPipeError:
                pass
        if self.log_path and not self.log.closed:
            self.log.close()


def faults(found):
    """What a judged trial says against the router, as a sentence, or None. Loss is not a fault: it is counted."""
    wrong = {key: found[key] for key in ("doubled", "reordered", "altered", "misdelivered", "unsent") if found[key]}
    if not wrong:
        return None
    return ", ".join(f"{count} {key}" for key, count in wrong.items()) + f": {found['first_fault']}"

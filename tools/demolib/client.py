"""`rhumb pub` and `rhumb sub` as processes on a host: started, fed, read, ended."""

import base64
import json
import os
import subprocess
import threading
import time

from shell import CommandError, stop


class Process:
    """A rhumb command; its errors go to NAME.err in the folder."""

    def __init__(self, build, host, router, folder, name):
        self.program = os.path.join(build, "rhumb")
        self.host, self.router, self.folder, self.name = host, router, folder, name
        self.process = None

    def path(self, suffix):
        return os.path.join(self.folder, f"{self.name}.{suffix}")

    def popen(self, args, **streams):
        with open(self.path("err"), "wb") as errors:
            self.process = self.host.popen(self.program, *args, stderr=errors, start_new_session=True, **streams)

    def last_words(self):
        with open(self.path("err"), encoding="utf-8", errors="replace") as file:
            lines = file.read().strip().splitlines()
        return lines[-1] if lines else "it said nothing"


class Subscriber(Process):
    """
    Events go to NAME.out, a JSON object a line. @filters: topic filters, or pairs of filter and payload pattern (one pattern for all but
    exceptions), written in @dialect (None: mqtt). @slow: takes so many events a second. @payload: whole payloads instead of their digests.
    @options: further ones of `rhumb sub`.
    """

    numbers = iter(range(1, 1 << 30))

    def __init__(self, build, host, router, filters, folder, *, name=None, slow=None, queue_ms=None, payload=True, dialect=None, options=()):
        super().__init__(build, host, router, folder, name or f"subscriber-{next(self.numbers)}")
        self.filters = [(one, None) if isinstance(one, str) else one for one in filters]
        self.slow, self.queue_ms, self.payload, self.dialect = slow, queue_ms, payload, dialect
        self.options = list(options)
        self.position, self.events = 0, []
        self.prices = {}  # by filter, with the option --price

    def arguments(self):
        args = ["sub", "--json", "--router", self.router, "--client-id", self.name, "--ready-file", self.path("ready")]
        patterns = {pattern for _, pattern in self.filters if pattern}
        for option, value in (("--match", patterns.pop() if patterns else None), ("--dialect", self.dialect), ("--slow", self.slow),
                              ("--queue-ms", self.queue_ms)):
            if value is not None:
                args += [option, str(value)]
        return args + self.options + ["--payload"] * self.payload + [one for one, _ in self.filters]

    def spawn(self):
        with open(self.path("out"), "wb") as output:
            self.popen(self.arguments(), stdin=subprocess.DEVNULL, stdout=output)
        return self

    def wait_subscribed(self, patience_s=10):
        """Until the router has acknowledged every filter."""
        deadline = time.monotonic() + patience_s
        while time.monotonic() < deadline:
            if os.path.exists(self.path("ready")):
                return self
            if self.process.poll() is not None:
                break
            time.sleep(0.02)
        raise CommandError(f"{self.name} is not subscribed within {patience_s} s: {self.last_words()}")

    def start(self, patience_s=10):
        return self.spawn().wait_subscribed(patience_s)

    def size(self):
        return os.path.getsize(self.path("out"))

    def read(self):
        """Events that have come since the last call, as dicts: topic, payload (bytes) or
        payload_sha256, attributes, origin_ns, received_ns."""
        with open(self.path("out"), "rb") as file:
            file.seek(self.position)
            for line in file:
                if not line.endswith(b"\n"):
                    break
                self.position += len(line)
                event = json.loads(line)
                if "subscription" in event:
                    self.prices[event["subscription"]["filter"]] = event["subscription"]
                elif "summary" not in event:
                    yield decode(event)

    def wait(self, wanted, timeout_s=15):
        """Until @wanted events have come in all; all of them, however many there are by then."""
        deadline = time.monotonic() + timeout_s
        while True:
            self.events += self.read()
            if len(self.events) >= wanted or time.monotonic() > deadline:
                return self.events
            time.sleep(0.02)


def decode(event):
    """The payload as bytes, where the line holds it."""
    if "payload_base64" in event:
        event["payload"] = base64.b64decode(event["payload_base64"])
    elif "payload" in event:
        event["payload"] = event["payload"].encode()
    return event


class Publisher(Process):
    """Reads events as JSON lines from its pipe; credit and pipe hold the writer back."""

    numbers = iter(range(1, 1 << 30))

    def __init__(self, build, host, router, folder, *, name=None, rate=None):
        super().__init__(build, host, router, folder, name or f"publisher-{next(self.numbers)}")
        self.rate = rate  # events a second at most
        self.lock = threading.Lock()

    def start(self):
        with open(self.path("out"), "wb") as output:
            args = ["pub", "--batch", "--router", self.router, "--client-id", self.name]
            if self.rate is not None:
                args += ["--rate", f"{max(self.rate, 1):.1f}"]
            self.popen(args, stdin=subprocess.PIPE, stdout=output)
        return self

    def publish(self, topic, payload=b"", attributes=None):
        line = json.dumps({"topic": topic, "payload_base64": base64.b64encode(payload).decode(), "attributes": attributes or {}})
        with self.lock:
            self.process.stdin.write(line.encode() + b"\n")
            self.process.stdin.flush()

    def close(self):
        """No more events: it ends when the router has them all."""
        self.process.stdin.close()

    def finish(self, patience_s=60):
        self.close()
        try:
            status = self.process.wait(patience_s)
        except subprocess.TimeoutExpired:
            stop(self.process, 1)
            raise CommandError(f"{self.name} does not end: {self.last_words()}") from None
        if status != 0:
            raise CommandError(f"{self.name} ended with status {status}: {self.last_words()}")

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        if kind is None:
            self.finish()

    def summary(self):
        with open(self.path("out"), encoding="utf-8") as file:
            lines = file.read().strip().splitlines()
        return json.loads(lines[-1]) if lines else {}

    @property
    def too_large(self):
        """Events it did not send because they are larger than the router takes."""
        return self.summary().get("refused", {}).get("too_large", 0)

"""The demo's hosts and programs: a router in the middle, two hosts of publishers, two of subscribers."""

import os
import tempfile
import threading
import time

import machine
import netns
import state
from client import Publisher, Subscriber
from router import Router, configuration, port
from shell import CommandError, stop

# Host, network number; the router is .1 and ::1 in each, the host .2 and ::2. 198.18.0.0/15: RFC 2544, 2001:db8::/32: RFC 3849.
HOSTS = (("pub4", 1), ("pub6", 2), ("sub4", 3), ("sub6", 4))
QUEUE_BYTES = 256 << 20
# Seconds that the playing is spread over, where credit permits: long enough to watch, and latencies are not those of full queues.
PLAY_SECONDS = 12
SLOW_RATE, SLOW_QUEUE_MS = 20, 500  # events a second, and how long the router may hold what it does not take
# What may wait in the router for subscribers that are not slow on purpose, before publishers are given a rest.
BACKLOG_HIGH, BACKLOG_LOW = 2 << 20, 1 << 20


def namespaces():
    return [state.PREFIX + name for name in ("router", *(name for name, _ in HOSTS))]


class Stage:
    def __init__(self, build, noted, hugepages):
        self.build, self.noted, self.hugepages = build, noted, hugepages
        self.worker_core, self.other_cores, self.alone = machine.cores()
        self.hosts = {}
        self.router = None
        self.subscribers, self.publishers, self.feeders = [], [], []
        self.gate = threading.Event()
        self.gate.set()
        self.stopping = False
        self.folder = None

    def build_hosts(self):
        self.folder = tempfile.mkdtemp(prefix="rhumb-demo-")
        self.noted.note(outputs=self.folder, namespaces=namespaces())
        router = self.hosts["router"] = netns.Host(state.PREFIX + "router").create()
        for name, number in HOSTS:
            host = self.hosts[name] = netns.Host(state.PREFIX + name).create()
            netns.cable(router, f"veth-{name}", host, "eth0")
            netns.address(host, "eth0", f"198.18.{number}.2/24", f"2001:db8:{number}::2/64")

    def start_router(self):
        ports = [port(name, f"veth-{name}", (f"198.18.{number}.1/24", f"2001:db8:{number}::1/64")) for name, number in HOSTS]
        workers = [{"core": self.worker_core, "idle": "poll" if self.alone else "yield"}]
        config = configuration(state.FOLDER, state.PREFIX + "router", ports, workers, hugepages="on" if self.hugepages else "off",
                               memory=machine.MEMORY_MB, metrics_port=9464, session={"queue-bytes": QUEUE_BYTES, "queue-time": 120000,
                                                                                     "keepalive": 5000, "timeout": 60000},
                               dataplane={"control-core": self.other_cores[0]})
        self.router = Router(self.build, self.hosts["router"], state.FOLDER, config)
        self.router.start(60)
        # The worker has its core; the rest, this program too, stays away from it. Programs started from here inherit it.
        os.sched_setaffinity(0, self.other_cores)

    def address(self, name, ipv6):
        number = dict(HOSTS)[name]
        return f"2001:db8:{number}::1" if ipv6 else f"198.18.{number}.1"

    def subscribe(self, plan):
        for number, one in enumerate(plan):
            host = "sub6" if one.ipv6 or number % 2 else "sub4"
            interest, options = one.interest, ["--price"]
            if interest.content is not None:
                options += ["--" + interest.content.kind, interest.content.text]
            made = Subscriber(self.build, self.hosts[host], self.address(host, one.ipv6), [(text, interest.pattern) for text in interest.filters],
                              self.folder, name=one.name, dialect=interest.dialect, slow=SLOW_RATE if one.slow else None,
                              queue_ms=SLOW_QUEUE_MS if one.slow else None, payload=False, options=options)
            self.subscribers.append(made)
            made.spawn()
        for made in self.subscribers:
            made.wait_subscribed(60)

    def publish(self, events):
        """Start three publishers (one over IPv6) and deal the events out to them."""
        for number, (host, ipv6) in enumerate((("pub4", False), ("pub6", False), ("pub6", True))):
            made = Publisher(self.build, self.hosts[host], self.address(host, ipv6), self.folder, name=f"publisher-{number + 1}",
                             rate=len(events) / 3 / PLAY_SECONDS)
            self.publishers.append(made)
            made.start()
        for number, made in enumerate(self.publishers):
            feeder = threading.Thread(target=self.feed, args=(made, events[number::len(self.publishers)]), daemon=True)
            self.feeders.append(feeder)
            feeder.start()

    def feed(self, publisher, events):
        """The router's credit paces the publisher, the pipe paces this thread, the gate keeps subscribers' queues short."""
        try:
            for event in events:
                self.gate.wait()
                if self.stopping:
                    return
                publisher.publish(event.topic, event.payload, event.attributes)
            publisher.close()
        except (BrokenPipeError, ValueError):
            pass  # its exit status says why

    @property
    def feeding(self):
        return any(feeder.is_alive() for feeder in self.feeders) or any(one.process.poll() is None for one in self.publishers)

    def pace(self):
        """Look at the queues once and set the gate; the rows of show sessions."""
        sessions = self.router.sessions()
        slow = {one.name for one in self.subscribers if one.slow}
        waiting = max((row["queued_bytes"] for name, row in sessions.items() if name not in slow), default=0)
        if waiting > BACKLOG_HIGH:
            self.gate.clear()
        elif waiting < BACKLOG_LOW:
            self.gate.set()
        return sessions

    def check_alive(self):
        if self.router.process.poll() is not None:
            raise CommandError(f"rhumbd ended with status {self.router.process.returncode}: {self.router.last_words()}")
        for one in self.subscribers:
            if one.process.poll() is not None:
                raise CommandError(f"subscriber {one.name} ended with status {one.process.returncode}: {one.last_words()}")
        for one in self.publishers:
            if one.process.poll() not in (None, 0):
                raise CommandError(f"{one.name} ended with status {one.process.returncode}: {one.last_words()}")

    def drain(self, patience_s=30):
        """Wait until nothing waits in the router and no subscriber receives any more; (counters, sessions)."""
        deadline = time.monotonic() + patience_s
        counters = self.router.settle(patience_s)
        sessions = self.router.sessions()
        while any(row["queued_events"] for row in sessions.values()) and time.monotonic() < deadline:
            time.sleep(0.2)
            sessions = self.router.sessions()
        sizes = None
        while (now := [one.size() for one in self.subscribers]) != sizes and time.monotonic() < deadline:
            sizes = now
            time.sleep(0.5)
        return self.router.settle(5), self.router.sessions() or sessions

    def stop(self):
        """Programs only: namespaces and the rest are the state's to undo. rhumbd's exit status."""
        self.stopping = True
        self.gate.set()
        for one in self.publishers + self.subscribers:
            stop(one.process, 3)
        return self.router.stop() if self.router else 0

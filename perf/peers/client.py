#!/usr/bin/env python3
"""Publish and subscribe through a NATS or MQTT server and say what each delivered message cost it: one JSON object. Every byte
delivered is compared. perf/run peers starts it; see docs/rig.md."""

import argparse
import json
import os
import pathlib
import random
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from peers import mqtt, nats, server_time  # noqa: E402
from peers.cycle import Cycle  # noqa: E402
from peers.pump import Pump  # noqa: E402
from peers.wire import Connection, Fault  # noqa: E402

WIRES = {"nats": nats, "mqtt": mqtt}
PAYLOAD_BYTES = 64
SEED = 20260101


def topics(count):
    """As those of the router's bench: perf/gen/workload.h."""
    return [f"plant/e{number}/line/a/temp" for number in range(count)]


def payload(number):
    """Its number, and bytes that differ from message to message."""
    return (b"%016d" % number) + bytes(48 + (number * 7 + at * (1 + number % 9)) % 10 for at in range(PAYLOAD_BYTES - 16))


def cycles(wire, names, messages):
    """(what is sent, what must come): topics drawn uniformly, the same seed always."""
    draw = random.Random(SEED)
    sent, expected = [], []
    for number in range(messages):
        topic, data = draw.randrange(len(names)), payload(number)
        sent.append(wire.published(names[topic], data))
        expected.append(wire.delivered(names[topic], topic + 1, data))
    return Cycle(sent), Cycle(expected)


def connect(wire, port, host="127.0.0.1"):
    """A connection that the server accepted."""
    connection = Connection(port, host)
    wire.greet(connection)
    return connection


def sample(pump, args):
    """Now. Without a core of its own the client cannot say what that had left."""
    own = {} if args.core is None else {"client_cpu_ns": time.process_time_ns(), "client_idle_ns": server_time.idle_ns(args.core)}
    return {"messages": pump.delivered, "cpu_ns": server_time.cpu_ns(args.pid), "idle_ns": server_time.idle_ns(args.server_core), **own,
            "wall_ns": time.monotonic_ns()}


def keep(pump, seconds):
    """Run the pump that long."""
    end = time.monotonic() + seconds
    pump.run(lambda: time.monotonic() < end)


def windows(pump, args):
    """Differences of one sample and the next."""
    found, before = [], sample(pump, args)
    for _ in range(args.windows):
        keep(pump, args.seconds)
        now = sample(pump, args)
        found.append({key: now[key] - before[key] for key in now})
        before = now
    return found


def measure(args):
    """The whole run."""
    wire, names = WIRES[args.wire], topics(args.subscriptions)
    sent, expected = cycles(wire, names, args.messages)
    subscriber, publisher = (connect(wire, args.port, args.host) for _ in range(2))
    began = time.monotonic()
    wire.subscribe(subscriber, names)
    subscribed = time.monotonic() - began
    pump = Pump(wire, publisher, subscriber, sent, expected, args.window, args.wake)
    keep(pump, args.warm_up)
    found = windows(pump, args)
    delivered = pump.drain()
    return {"windows": found, "subscribe_seconds": subscribed, "delivered": delivered,
            "checked": f"every byte of {delivered} messages in order, none missing, none left over"}


def parse_args():
    """The command line."""
    parser = argparse.ArgumentParser(description="Measure what a message costs a server on loopback.")
    parser.add_argument("wire", choices=sorted(WIRES))
    parser.add_argument("port", type=int)
    parser.add_argument("pid", type=int, help="of the server")
    parser.add_argument("--host", default="127.0.0.1", help="address of the server (default: 127.0.0.1)")
    parser.add_argument("--server-core", type=int, required=True, help="where the server runs, alone if it can")
    parser.add_argument("--core", type=int, help="run there")
    parser.add_argument("--subscriptions", type=int, default=1)
    parser.add_argument("--messages", type=int, default=65536, help="before they repeat")
    parser.add_argument("--window", type=int, default=16384, help="messages sent and not yet delivered")
    parser.add_argument("--wake", type=int, default=1, metavar="BYTES", help="let the subscriber sleep until so many came")
    parser.add_argument("--windows", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=1.0, help="of a window")
    parser.add_argument("--warm-up", type=float, default=0.5, metavar="SECONDS")
    return parser.parse_args()


def main():
    """Exit status 1 with one sentence where the server is at fault."""
    args = parse_args()
    try:
        if args.core is not None:
            os.sched_setaffinity(0, {args.core})
        json.dump(measure(args), sys.stdout)
        print()
    except (Fault, OSError) as error:
        print(f"{args.wire}: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

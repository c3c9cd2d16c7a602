"""nats-server and rhumbd behind the same path: a veth pair between two namespaces, device and client each on a core of its own, messages delivered a second."""

import contextlib
import statistics

from lib import peer, search, trials
from lib.dut import CLIENT_IP, ROUTER_IP, Router, Veth, linked
from lib.machine import MachineError
from lib.pairs import Void

# Ours is the highest rate whose trials mostly lose nothing; nats-server paces its client and loses nothing at any.
GOAL = search.quick(search.NDR)
LOWEST = 50_000
# More than the generator can make: it sends as fast as it can, and the search ends at what it sent.
MOST = 20_000_000
WARM_UP = 100_000
# As many as the router takes at once: a client that publishes at rate writes as much with one system call.
BURST = 32
# Where a core has time left, the kernel's work on it belongs to nobody, as on loopback.
OTHERS_SHARE = peer.OTHERS_SHARE["nats"]
WINDOWS, SECONDS = 3, 1.0


@contextlib.contextmanager
def cable(rig):
    """(server's host, client's host) with addresses on a veth pair, which passes on large segments whole: the kernel's default, and TCP's best."""
    link = Veth(rig.folder)
    try:
        for host, interface, ip in zip(link.hosts, ("v0", "v1"), (ROUTER_IP, CLIENT_IP)):
            host.run("ethtool", "-K", interface, "tx", "on", "tso", "on")
            host.ip("addr", "add", f"{ip}/24", "dev", interface)
        yield link.hosts
    finally:
        link.close()


def void(window):
    """Why @window of the broker says nothing, or None: a rate wants both cores."""
    for who, cpu, idle in (("server", "cpu_ns", "idle_ns"), ("client", "client_cpu_ns", "client_idle_ns")):
        others = 1 - (window[cpu] + window[idle]) / window["wall_ns"]
        if others > OTHERS_SHARE:
            return f"others had the {who}'s core for {others:.0%} of the window"
    return None


def rate(window):
    """Messages a second."""
    return window["messages"] * 1e9 / window["wall_ns"]


def middle(found):
    """The median window by rate of those that count; Void without."""
    valid = sorted((w for w in found if w["messages"] and not void(w)), key=rate)
    if not valid:
        raise Void(f"nats over veth: {void(found[0]) or 'delivered nothing in its window'}")
    return valid[len(valid) // 2]


def nats(rig, options):
    """What nats-server delivers at its steady rate."""
    with cable(rig) as (server, client):
        found = peer.run(rig, server, "nats", {**options, "windows": WINDOWS, "seconds": SECONDS}, {}, ROUTER_IP, client)
    best = middle(found["windows"])
    return {"nats_mps": rate(best) / 1e6, "nats_server_share": best["cpu_ns"] / best["wall_ns"], "nats_client_share": best["client_cpu_ns"] / best["wall_ns"],
            "checked": found["checked"]}


class Trials:
    """The trial function of lib.search; remembers what was delivered a second at each rate that lost nothing, and voids a search that takes too long."""

    def __init__(self, device, generator, reasons, late):
        self.device, self.generator, self.reasons, self.late = device, generator, reasons, late
        self.delivered = {}

    def measure(self, per_second):
        """One trial of the goal's length."""
        return trials.patient(self.device, self.generator, per_second, GOAL.seconds, self.reasons, burst=BURST)

    def __call__(self, per_second, seconds):
        if self.late():
            raise Void("rhumbd over veth: out of time within the search")
        found = trials.patient(self.device, self.generator, per_second, seconds, self.reasons, burst=BURST)
        if not found["lost"] and found["expected"]:
            self.delivered.setdefault(per_second, []).append(found["received"] * 1e9 / found["wall_ns"])
        return found["expected"], found["lost"]


def ours(rig, options, reasons, late):
    """What rhumbd delivers at the highest rate without loss."""
    with linked(rig, Veth, Router, options) as (device, generator):
        # The first frames are cold.
        generator.trial(WARM_UP, 0.2)
        trial = Trials(device, generator, reasons, late)
        # The search goes no higher than this: one trial that was disturbed must not bound it.
        most = max((trial.measure(MOST) for _ in range(2)), key=lambda found: found["sent"])
        highest = max(LOWEST, most["sent"] / GOAL.seconds)
        try:
            found = search.mlrsearch(trial, [GOAL], most["received"] / GOAL.seconds, LOWEST, highest)[GOAL.name]
        except search.SearchError as why:
            raise Void(f"rhumbd over veth: {why}") from why
    # A load passes when most of its time lost nothing, so there is a trial of it that did.
    return {"router_mps": statistics.median(trial.delivered[found["lower"]]) / 1e6, "generator_limits_router": found["upper"] is None,
            "overload_mps": most["received"] / GOAL.seconds / 1e6}


def pair(rig, client, options, reasons, late):
    """nats-server and rhumbd by turns; @late: is the time for all pairs spent?"""
    if late():
        raise MachineError(f"no pair over veth within its time{': ' + reasons[-1] if reasons else ''}; stop what else runs on the machine and run again")
    theirs = nats(rig, client)
    found = ours(rig, options, reasons, late)
    return {"vs_nats_veth": found["router_mps"] / theirs["nats_mps"], **found, **theirs}

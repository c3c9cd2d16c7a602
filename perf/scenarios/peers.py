"""peers: processor cycles of nats-server and mosquitto for each delivered message, over the router's for each delivered event."""

from lib import machine, peer
from lib.machine import MachineError
from lib.one_core import middles
from lib.pairs import collect
from lib.result import Result, cell

SUMMARY = "cycles a message of nats-server and mosquitto on loopback, 64 bytes one to one; over the router's"
KEYS = ("vs_nats", "vs_mosquitto", "vs_nats_1m")
FLOORS = {}
ONE = {"subscriptions": 1, "topics": 1, "wildcards": 0, "zipf": 0, "publishers": 1, "subscribers": 1}
MANY = {**ONE, "subscriptions": 1_000_000, "topics": 1_000_000, "trace": 262144}
# 56 before the topic, the longest topic, 64 of payload, up to the next multiple of 8: shorter topics leave more payload, never less.
ROUTER_ONE, ROUTER_MANY = {**ONE, "record": 144}, {**MANY, "record": 152}
CLIENT_ONE = {"subscriptions": 1, "messages": 65536}
CLIENT_MANY = {"subscriptions": 1_000_000, "messages": MANY["trace"]}
# nats-server with a million subscriptions was seen to hold 2.5 GiB; the client and the router's table come beside it.
MANY_MIB = 4096
# One collection of that much garbage takes longer than all windows, and a message then costs 12,000 cycles instead of 6,800: a figure would
# say whether it met one. Without any is the server's best.
MANY_ENVIRONMENT = {"GOGC": "off"}
# key: (cell, server, client's options, router's options, the server's environment)
SHAPES = {
    "vs_nats": ("nats", "nats", CLIENT_ONE, ROUTER_ONE, {}),
    "vs_mosquitto": ("mosquitto", "mosquitto", CLIENT_ONE, ROUTER_ONE, {}),
    "vs_nats_1m": ("nats 1M", "nats", CLIENT_MANY, ROUTER_MANY, MANY_ENVIRONMENT),
}


def pair(rig, host, key):
    """One run of the server and one of the router."""
    _, name, client, options, environment = SHAPES[key]
    count, seconds = rig.pick((5, 1.0), (3, 0.5))
    # A second always: the idle time of a core is told in steps of 10 ms.
    window, found = peer.measure(rig, host, name, {**client, "windows": count, "seconds": 1.0}, environment)
    (lane,), run = rig.router(options, count, seconds)
    server_cycles = peer.cost_ns(window) * run["tsc_hz"] / 1e9
    router_cycles = lane["busy_cycles"] / lane["copies"]
    return {key: server_cycles / router_cycles, "server_cycles": server_cycles, "router_cycles": router_cycles,
            "server_mps": window["messages"] * 1e3 / window["wall_ns"], "server_share": window["cpu_ns"] / window["wall_ns"],
            "subscribe_seconds": found["subscribe_seconds"], "hit_rate": lane["hit_rate"], "frame_bytes": run["frame_bytes"],
            "checked": f"{found['checked']}; router: {run['checked']}"}


def _measure(rig, host, result, key):
    where, name, client, options, _ = SHAPES[key]
    peer.program(name)
    if client is CLIENT_MANY and machine.memory_available_kib() < MANY_MIB * 1024:
        raise MachineError(f"a million subscriptions want about {MANY_MIB} MiB, {machine.memory_available_kib() // 1024} MiB are free")
    result.checked(f"{where}, router: {rig.check(options)}")
    samples, void = collect(rig.pick(7, 3) if client is CLIENT_ONE else rig.pick(3, 1), lambda: pair(rig, host, key), rig.say, rig.late)
    result.add(cell(where, key, samples), samples, void)
    result.checked(f"{where}: every byte of every message that the server delivered, in order; none missing, none left over")
    found = middles(samples, ("server_cycles", "router_cycles"))
    prefix = key.removeprefix("vs_")
    result.metric(key, **{f"{prefix}_cycles": found["server_cycles"], f"{prefix}_router_cycles": found["router_cycles"]})


def run(rig):
    """Each key by itself: what one server cannot give does not stop the others."""
    result = Result("peers", FLOORS, rig.quick)
    with peer.namespace() as host, rig.memory(rig.path_memory(ROUTER_MANY)):
        for key in KEYS:
            try:
                _measure(rig, host, result, key)
            except MachineError as why:
                result.unmeasured(key, str(why))
        result.extra(hugepages=rig.huge)
    if not result.data["checked"]:
        result.checked("nothing was measured")
    return result.end()

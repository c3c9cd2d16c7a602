"""
peers: processor cycles of nats-server and mosquitto for each delivered message, over the router's for each delivered event; and messages a second over
the same veth path.
"""

from time import monotonic

from lib import machine, peer, peer_veth, probe
from lib.machine import MachineError
from lib.one_core import middles
from lib.pairs import collect
from lib.result import Result, cell

SUMMARY = "cycles a message of nats-server and mosquitto on loopback, 64 bytes one to one; over the router's; rates over veth"
KEYS = ("vs_nats", "vs_mosquitto", "vs_nats_1m", "vs_nats_veth")
FLOORS = {"vs_nats": 6, "vs_mosquitto": 100, "vs_nats_1m": 15}
ONE = {"subscriptions": 1, "topics": 1, "wildcards": 0, "zipf": 0, "publishers": 1, "subscribers": 1, "trace": 16384}
MANY = {**ONE, "subscriptions": 1_000_000, "topics": 1_000_000, "trace": 262144}
# perf/gen/trace.h: a frame of an MTU of 1,500, and what is in it before the first record.
FRAME_BYTES, OVERHEAD_BYTES = 1514, 66
# What the key becomes with one event a datagram.
SINGLE = "_single"


def batched(options):
    """@options with as many events in a datagram as its frame holds, as both sides' clients write them; the trace has as many events as before."""
    events = (FRAME_BYTES - OVERHEAD_BYTES) // options["record"]
    return {**options, "events": events, **({"trace": -(-options["trace"] // events)} if "trace" in options else {})}


# 56 before the topic, the longest topic, 64 of payload, up to the next multiple of 8: shorter topics leave more payload, never less.
SINGLE_ONE, SINGLE_MANY = {**ONE, "record": 144}, {**MANY, "record": 152}
ROUTER_ONE, ROUTER_MANY = batched(SINGLE_ONE), batched(SINGLE_MANY)
CLIENT_ONE = {"subscriptions": 1, "messages": 65536}
CLIENT_MANY = {"subscriptions": 1_000_000, "messages": ROUTER_MANY["trace"] * ROUTER_MANY["events"]}
# nats-server with a million subscriptions was seen to hold 2.5 GiB; the client and the router's table come beside it.
MANY_MIB = 4096
# One collection of that much garbage takes longer than all windows, and a message then costs 12,000 cycles instead of 6,800: a figure would
# say whether it met one. Without any is the server's best.
MANY_ENVIRONMENT = {"GOGC": "off"}
# key: (cell, server, client's options, router's options, the same with one event a datagram, the server's environment)
SHAPES = {
    "vs_nats": ("nats", "nats", CLIENT_ONE, ROUTER_ONE, SINGLE_ONE, {}),
    "vs_mosquitto": ("mosquitto", "mosquitto", CLIENT_ONE, ROUTER_ONE, SINGLE_ONE, {}),
    "vs_nats_1m": ("nats 1M", "nats", CLIENT_MANY, ROUTER_MANY, SINGLE_MANY, MANY_ENVIRONMENT),
}
# What a subscriber gives mosquitto that is not woken for less than 64 KiB, as no client does.
PATIENT, PATIENT_KEY = {**CLIENT_ONE, "wake": 65536}, "vs_mosquitto_patient"
VETH_TRACE = 2048
VETH_MIB = 1600


def _router(rig, options):
    """Busy cycles a copy of one run, with its lane and the run."""
    (lane,), run = rig.router(options, *rig.pick((5, 1.0), (3, 0.5)))
    return lane["busy_cycles"] / lane["copies"], lane, run


def _single(rig, key, server_cycles):
    """The same with one event a datagram."""
    cycles, _, _ = _router(rig, SHAPES[key][4])
    return {key + SINGLE: server_cycles / cycles, "router_single_cycles": cycles}


def _both(rig, host, key, client):
    """One run of @key's server with @client's options and one of the router: what a message costs each, and what else is worth telling."""
    _, name, _, options, _, environment = SHAPES[key]
    # A second always: the idle time of a core is told in steps of 10 ms.
    window, found = peer.measure(rig, host, name, {**client, "windows": rig.pick(5, 3), "seconds": 1.0}, environment)
    router_cycles, lane, run = _router(rig, options)
    return {"server_cycles": peer.cost_ns(window) * run["tsc_hz"] / 1e9, "router_cycles": router_cycles, "events": options["events"],
            "server_mps": window["messages"] * 1e3 / window["wall_ns"], "server_share": window["cpu_ns"] / window["wall_ns"],
            "subscribe_seconds": found["subscribe_seconds"], "hit_rate": lane["hit_rate"], "frame_bytes": run["frame_bytes"],
            "checked": f"{found['checked']}; router: {run['checked']}"}


def pair(rig, host, key, with_single):
    """Server and router; @with_single: one more run of the router, with one event a datagram."""
    found = _both(rig, host, key, SHAPES[key][2])
    return {key: found["server_cycles"] / found["router_cycles"], **found, **(_single(rig, key, found["server_cycles"]) if with_single else {})}


def _check(rig, result, key, compared):
    """Both traces of the router, byte for byte; what is in @compared already was the same for an earlier key."""
    where, _, _, *both, _ = SHAPES[key]
    for options in both:
        if options not in compared:
            result.checked(f"{where}, router, {options.get('events', 1)} events a datagram: {rig.check(options)}")
            compared.append(options)


def _measure(rig, host, result, key, compared):
    where, name, client, *_ = SHAPES[key]
    peer.program(name)
    if client is CLIENT_MANY and machine.memory_available_kib() < MANY_MIB * 1024:
        raise MachineError(f"a million subscriptions want about {MANY_MIB} MiB, {machine.memory_available_kib() // 1024} MiB are free")
    _check(rig, result, key, compared)
    taken = []

    def measure():
        taken.append(pair(rig, host, key, len(taken) < rig.pick(3, 1)))
        return taken[-1]
    samples, void = collect(rig.pick(7, 3) if client is CLIENT_ONE else rig.pick(3, 1), measure, rig.say, rig.late)
    singles = [s for s in samples if key + SINGLE in s]
    result.add(cell(where, key, samples), samples, void)
    result.add(cell(where, key + SINGLE, singles), [])
    result.checked(f"{where}: every byte of every message that the server delivered, in order; none missing, none left over")
    found = {**middles(samples, ("server_cycles", "router_cycles")), **middles(singles, ("router_single_cycles",))}
    prefix = key.removeprefix("vs_")
    result.metric(key, **{f"{prefix}_{name.removeprefix('server_')}": value for name, value in found.items()})
    result.metric(key + SINGLE)


def _patient(rig, host, result):
    """mosquitto's least cost, beside the judged one."""
    def measure():
        found = _both(rig, host, "vs_mosquitto", PATIENT)
        return {PATIENT_KEY: found["server_cycles"] / found["router_cycles"], **found}
    samples, void = collect(rig.pick(3, 1), measure, rig.say, rig.late)
    result.add(cell("mosquitto", PATIENT_KEY, samples), samples, void)
    result.metric(PATIENT_KEY, mosquitto_patient_cycles=middles(samples, ("server_cycles",))["server_cycles"])


def _costs(rig, result):
    """Each key by itself: what one server cannot give does not stop the others."""
    compared = []
    with peer.namespace() as host, rig.memory(rig.path_memory(SINGLE_MANY)):
        for key in SHAPES:
            try:
                _measure(rig, host, result, key, compared)
            except MachineError as why:
                result.unmeasured(key, str(why))
        if "vs_mosquitto" in result.data["metrics"]:
            _patient(rig, host, result)
        result.extra(hugepages=rig.huge)


def _rates(rig, result):
    """vs_nats_veth, within a time of its own."""
    end, reasons = monotonic() + rig.pick(90, 30), []
    options = {**ROUTER_ONE, "trace": VETH_TRACE}
    with rig.memory(VETH_MIB):
        peer.program("nats")
        samples, void = collect(rig.pick(3, 1), lambda: peer_veth.pair(rig, CLIENT_ONE, options, reasons, lambda: monotonic() > end), rig.say,
                                lambda: monotonic() > end)
    result.add(cell("veth", "vs_nats_veth", samples), samples, void + reasons)
    result.checked("veth: every byte of every message of nats-server, in order; of rhumbd every copy judged by the generator's sink: receivers, order, "
                   "bytes, no doubles; its conservation laws")
    result.metric("vs_nats_veth", **{f"veth_{key}": value for key, value in middles(samples, ("router_mps", "nats_mps")).items()})
    if any(s["generator_limits_router"] for s in samples):
        result.note("over veth the generator, not rhumbd, was the limit in at least one pair: vs_nats_veth is a lower bound")


def _calls(rig, result):
    """What system calls cost here: a figure of theirs is mostly such calls."""
    found = probe.calls(rig.build, rig.worker)
    result.data["metrics"].update({f"call_{name}": found[name] for name in probe.CALLS})


def run(rig):
    """Costs, rates, system calls."""
    result = Result("peers", FLOORS, rig.quick)
    _costs(rig, result)
    for key, part in (("vs_nats_veth", _rates), ("system_calls", _calls)):
        try:
            part(rig, result)
        except MachineError as why:
            result.unmeasured(key, str(why))
    if not result.data["checked"]:
        result.checked("nothing was measured")
    return result.end()

"""visible-regex: a payload pattern added to a tenant's ten thousand, from its SUBSCRIBE to the first event that it selects, beside a full compilation of that set."""

import statistics
import time

from lib import hsc, raw_clients, regexes
from lib.dut import Router, Veth
from lib.machine import MachineError
from lib.result import Result, cell

SUMMARY = "a regular expression added to a set of 10k over the wire, p99 to its effect; beside a full compilation of that set"
KEYS = ("regex_ratio",)
FLOORS = {"regex_ratio": 0.01}
# The set grows from the one to the other: a tenant may have no more.
TOP, ADDS = 10_000, 200
# With --quick: to fill ten thousand takes a minute by itself.
QUICK_TOP = 2_000
# Entries of one SUBSCRIBE, which is one datagram; a session has one request under way at a time.
EACH_REQUEST = 20
FILTER = "regex/#"
# Fewer adds than this have no 99th percentile: the most of them stands for it, and a note says so.
ENOUGH_ADDS = 100
EFFECT_SECONDS = 5
# Of the patterns of before, so many are looked at again in the end.
LOOKED_AT = 20


def percentile(values, share):
    """The smallest value that @share of @values do not exceed."""
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


def events(session, publisher, number, seconds=EFFECT_SECONDS):
    """Publish an event that nearly matches pattern @number and one that does, and wait for what comes to @session; MachineError where it is not the second alone."""
    session.events.clear()
    sent = [regexes.payload(number, near=True), regexes.payload(number)]
    due = [text for text in sent if regexes.occurs(number, text)]
    for text in sent:
        publisher.publish(f"regex/{number}", text)
    session.gather(len(due), seconds)
    got = [text for _, text, _ in session.events]
    if got != due:
        raise MachineError(f"pattern {number}: {len(got)} of {len(sent)} events came, {len(due)} are due, after SUBACK said that it has its effect")


def add(session, publisher, number):
    """(seconds to SUBACK, seconds to the event)."""
    begun = time.monotonic()
    acknowledged = raw_clients.subscribe(session, [(FILTER, regexes.pattern(number))])
    events(session, publisher, number)
    return acknowledged, time.monotonic() - begun


def fill(link, base, say):
    """Sessions with patterns 0 to @base - 1, all asked for at once."""
    begun = time.monotonic()
    requests = [[(FILTER, regexes.pattern(n)) for n in range(first, min(first + EACH_REQUEST, base))] for first in range(0, base, EACH_REQUEST)]
    sessions = [raw_clients.client(link, f"base-{number}") for number in range(len(requests))]
    raw_clients.Loader(sessions, requests).wait()
    say(f"{base:,} patterns of {len(sessions)} sessions in {time.monotonic() - begun:.0f} s")
    return sessions, time.monotonic() - begun


def full_seconds(rig, top):
    """Processor time of hs_compile for the whole set, by a rhumb-hsc of its own."""
    with hsc.Helper(rig.build, set_ms=600_000, cycles_per_byte=10_000, set_cycles_per_byte=10_000) as helper:
        seconds = helper.compile_seconds([regexes.pattern(n) for n in range(top)])
    rig.say(f"a full compilation of {top:,} patterns takes {seconds:.2f} s")
    return seconds


def router(rig, link):
    """A rhumbd whose worker sleeps when it has nothing to do: control loop and compile helpers have the cores."""
    return Router(rig, link, session={"sessions-max": 2048}, dataplane={"memory": 256, "worker": [{"core": rig.worker, "idle": "yield"}]},
                  content={"scan-cost-max": 10_000})


def measure(rig, top, seconds):
    """([(to SUBACK, to effect)] of as many adds as there is time for, at least two; seconds to fill), the set growing to @top."""
    base = top - ADDS
    link = Veth(rig.folder)
    found, device = [], None
    try:
        raw_clients.connect(link)
        device = router(rig, link)
        sessions, filled = fill(link, base, rig.say)
        subscriber, publisher = raw_clients.client(link, "adds"), raw_clients.client(link, "publishes")
        until = time.monotonic() + seconds
        for number in range(base, top):
            if len(found) >= 2 and (time.monotonic() > until or rig.late()):
                break
            found.append(add(subscriber, publisher, number))
        # Those of before are still there.
        for number in range(0, base, base // LOOKED_AT):
            events(sessions[number // EACH_REQUEST], publisher, number)
    finally:
        if device:
            device.close()
        link.close()
    return found, filled


def run(rig):
    """Adds one after the other, each with its event; then the same set compiled whole."""
    result = Result("visible-regex", FLOORS, rig.quick)
    top = rig.pick(TOP, QUICK_TOP)
    with rig.memory(0):
        rig.huge = False
        found, filled = measure(rig, top, rig.pick(400, 10))
        whole = full_seconds(rig, top)
    acknowledged, effect = ([pair[i] for pair in found] for i in range(2))
    p99 = percentile(effect, 0.99)
    sample = {"regex_ratio": p99 / whole, "p50_ms": statistics.median(effect) * 1e3, "p99_ms": p99 * 1e3, "most_ms": max(effect) * 1e3,
              "suback_p50_ms": statistics.median(acknowledged) * 1e3, "suback_p99_ms": percentile(acknowledged, 0.99) * 1e3, "full_seconds": whole, "fill_seconds": filled,
              "adds": len(found)}
    result.checked(f"after each of {len(found)} SUBACKs an event with that pattern came and one with its literal alone did not, and likewise with {LOOKED_AT} of those before; by Python's re")
    result.add(cell(f"{top // 1000}k", "regex_ratio", [sample], **{key: value for key, value in sample.items() if key != "regex_ratio"}), [sample])
    result.metric("regex_ratio")
    if rig.quick:
        result.note(f"quick: a set of {top:,}, not of {TOP:,}")
    if len(found) < ENOUGH_ADDS:
        result.note(f"{len(found)} adds in the time there was: the longest one stands for the 99th percentile")
    result.note(f"over: processor time of hs_compile alone for all {top:,}; effect: from SUBSCRIBE to the first event that the pattern selects, published after SUBACK; af_packet on veth, clients in Python, the worker yields; "
                "content/scan-cost-max is raised so that a busy machine refuses none")
    return result.end()

"""What Pktgen counted beside what the router counted, frame by frame: every difference has a place and a name, or the trial is wrong."""

from lib.machine import MachineError

# What the router says of the event that shows it that a publisher numbers anew: docs/protocol.md section 4.5.
RESTARTS = ("duplicate", "stale_sequence")


def _grew(after, before, key):
    now, then = after.get(key, {}), before.get(key, {})
    return {name: now[name] - then.get(name, 0) for name in now if now[name] != then.get(name, 0)}


def account(pktgen, before, after, missed, file):
    """
    One trial as a chain from Pktgen's transmit to Pktgen's receive. @before, @after: totals of rhumb show counters around it;
    @missed: frames that the router's device counted as missed meanwhile; @file: what rhumb-gen said of the frames it wrote.
    Each time the file begins anew costs one event of each publisher, which is no loss; what is dropped beyond that is.
    MachineError where the chain does not close.
    """
    events = file["events"] // file["datagrams"]
    spared = (pktgen.sent // file["datagrams"] + 2) * file["publishers"]
    datagrams = after["event_datagrams"] - before["event_datagrams"]
    other = after["rx_datagrams"] - before["rx_datagrams"] - datagrams
    copies = after["copies_tx"] - before["copies_tx"]
    drops = {level: _grew(after, before, f"drop_{level}") for level in ("datagrams", "events", "copies")}
    found = {"sent": pktgen.sent, "router_received": datagrams, "router_other": other, "router_missed": missed,
             "copies_sent": copies, "received": pktgen.received, "pktgen_missed": pktgen.missed + pktgen.no_buffers,
             "drop_datagrams": drops["datagrams"], "drop_events": drops["events"], "drop_copies": drops["copies"],
             "lost_before": pktgen.sent - datagrams, "lost_behind": copies - pktgen.received}
    restarts = min(spared, sum(drops["events"].get(reason, 0) for reason in RESTARTS))
    found["lost"] = (max(found["lost_before"], 0) * events + sum(drops["datagrams"].values()) * events
                     + sum(drops["events"].values()) - restarts + sum(drops["copies"].values()) + max(found["lost_behind"], 0))
    found["expected"] = pktgen.sent * events - restarts
    for key, where in (("lost_before", "the router received more frames than Pktgen sent"),
                       ("lost_behind", "Pktgen received more copies than the router sent")):
        if found[key] < 0:
            raise MachineError(f"counters do not agree: {where} ({-found[key]} more): does something else use the link?")
    if found["lost_before"] < missed:
        raise MachineError(f"counters do not agree: the router's device missed {missed} frames, only {found['lost_before']} did not arrive")
    return found

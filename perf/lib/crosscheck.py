"""What Pktgen counted beside what the router counted, frame by frame: every difference has a place and a name, or the trial is wrong."""

from lib.machine import MachineError

# What the router says of the event that shows it that a publisher numbers anew: docs/protocol.md section 4.5.
RESTARTS = ("duplicate", "stale_sequence")
# No load makes these: the frames are not those of the sessions.
STRANGERS = ("unknown_session", "wrong_source")


def _grew(after, before, key):
    now, then = after.get(key, {}), before.get(key, {})
    return {name: now[name] - then.get(name, 0) for name in now if now[name] != then.get(name, 0)}


def _refuse(found, missed, unmatched, exact):
    """MachineError where the chain does not close. @exact: the device counts every frame that it does not give to the router."""
    strangers = sum(found["drop_datagrams"].get(reason, 0) for reason in STRANGERS)
    if strangers:
        raise MachineError(f"the router does not know the sessions of {strangers} frames: did it restart, or session/timeout pass?")
    if unmatched:
        raise MachineError(f"the router found no receiver for {unmatched} events that subscribers asked for: are the subscriptions gone?")
    for key, where in (("lost_before", "the router received more frames than Pktgen sent"),
                       ("lost_behind", "Pktgen received more copies than the router sent")):
        if found[key] < 0:
            raise MachineError(f"counters do not agree: {where} ({-found[key]} more): does something else use the link?")
    if found["lost_before"] < missed:
        raise MachineError(f"counters do not agree: the router's device missed {missed} frames, only {found['lost_before']} did not arrive")
    if exact and found["lost_before"] != missed:
        raise MachineError(f"counters do not agree: {found['lost_before'] - missed} frames left Pktgen and reached neither the router nor its device's counters")
    if found["unexplained"]:
        raise MachineError(f"counters do not agree: {found['unexplained']} copies are missing (negative: too many) between what the router took and what it sent")


def account(pktgen, before, after, missed, file, exact=False):
    """
    One trial as a chain from Pktgen's transmit to Pktgen's receive. @before, @after: totals of rhumb show counters around it;
    @missed: frames that the router's device counted as missed meanwhile; @file: what rhumb-gen said of the frames it wrote.
    `expected` and `lost` are copies. Each time the file begins anew costs one event of each
    publisher, sent for nobody, which is no loss; what is dropped beyond that is.
    MachineError where the chain does not close.
    """
    # The first event of each publisher in the file is for nobody.
    events, received = file["events"] // file["datagrams"], file["events"] - file["publishers"]
    copies_each = file["copies"] // received
    if not copies_each or file["copies"] != copies_each * received:
        raise MachineError(f"{file['copies']} copies of {received} events: each event needs as many receivers as the others")
    spared = (pktgen.sent // file["datagrams"] + 2) * file["publishers"]
    datagrams = after["event_datagrams"] - before["event_datagrams"]
    other = after["rx_datagrams"] - before["rx_datagrams"] - datagrams
    copies = after["copies_tx"] - before["copies_tx"]
    drops = {level: _grew(after, before, f"drop_{level}") for level in ("datagrams", "events", "copies")}
    found = {"sent": pktgen.sent, "router_received": datagrams, "router_other": other, "router_missed": missed,
             "copies_sent": copies, "received": pktgen.received, "pktgen_missed": pktgen.missed + pktgen.no_buffers,
             "drop_datagrams": drops["datagrams"], "drop_events": drops["events"], "drop_copies": drops["copies"],
             "lost_before": pktgen.sent - datagrams, "lost_behind": copies - pktgen.received}
    unmatched = after["events_unmatched"] - before["events_unmatched"]
    dropped = min(max(spared - unmatched, 0), sum(drops["events"].get(reason, 0) for reason in RESTARTS))
    restarts = unmatched + dropped
    inside = (sum(drops["datagrams"].values()) * events + sum(drops["events"].values()) - dropped) * copies_each + sum(drops["copies"].values())
    found["expected"] = (pktgen.sent * events - restarts) * copies_each
    before_copies = max(found["lost_before"], 0) * events * copies_each
    found["unexplained"] = found["expected"] - before_copies - inside - copies
    found["lost"] = before_copies + inside + max(found["lost_behind"], 0)
    _refuse(found, missed, max(unmatched - spared, 0), exact)
    return found

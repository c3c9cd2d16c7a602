"""Did every subscriber get exactly its events?"""

import collections
import dataclasses
import hashlib

import judge


def identity(topic, payload):
    """What makes an event itself: topics may repeat, payloads too, both together only by being sent twice."""
    return topic, hashlib.sha256(payload).hexdigest()


@dataclasses.dataclass
class Outcome:
    subscriber: object
    expected: int
    received: int
    missing: int
    extra: int
    dropped: dict     # reason -> copies, as the router attributes them
    latencies: list   # ns, ascending
    examples: list    # topics that are missing or extra
    price: dict = None  # what the router says it costs

    @property
    def exact(self):
        if self.extra:
            return False
        if self.subscriber.slow:
            # Its loss is accounted for, copy by copy, and there was some: else nothing was shown.
            return self.missing > 0 and self.missing == sum(self.dropped.values())
        return self.missing == 0 and not self.dropped


def outcome(subscriber, events, identities, received, drops, price=None):
    """@received: list of (identity, latency in ns)."""
    wanted = [identities[index] for index in judge.expected(subscriber.interest, events)]
    difference = judge.compare(wanted, [one for one, _ in received])
    examples = [topic for topic, _ in (difference.missing + difference.extra)[:3]]
    return Outcome(subscriber, len(wanted), len(received), len(difference.missing), len(difference.extra), dict(drops),
                   sorted(latency for _, latency in received), examples, price)


def complaints(outcomes, counters, events, refused):
    """Sentences; none when all is as it must be. @refused: events too large, as publishers and router counted them."""
    said = []
    for one in outcomes:
        if one.subscriber.interest.asks and not (one.price and one.price["match_cycles"]):
            said.append(f"{one.subscriber.name}: the router did not say what {one.subscriber.interest.asks} costs")
        if not one.exact:
            said.append(f"{one.subscriber.name}: {one.missing} missing, {one.extra} extra, dropped {one.dropped or 'none'}"
                        + (f", such as {one.examples[0]}" if one.examples else ""))
    total, large = counters["total"], sum(event.too_large for event in events)
    if not counters["hold"]:
        said.append(f"conservation laws do not hold: {counters['laws']}")
    if refused != large:
        said.append(f"{refused} events were refused as too_large, {large} are")
    if total["events_parsed"] + refused - total["drop_events"].get("too_large", 0) != len(events):
        said.append(f"the router parsed {total['events_parsed']} of {len(events) - large} events")
    for level in ("drop_datagrams", "drop_events"):
        odd = collections.Counter(total[level])
        odd.pop("too_large", None)
        said += [f"{count} {level[5:]} dropped as {reason}" for reason, count in odd.items() if count]
    if total["lost_before_router"]:
        said.append(f"{total['lost_before_router']} events were lost before the router")
    return said

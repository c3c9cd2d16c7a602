"""
What each subscriber should receive, and whether it did. Slow, written from the specification of MQTT (3.1.1, section 4.7) and Python's
`re` over bytes: it shares no code with the router.
"""

import collections
import re


def topic_matches(filter_text, topic):
    """MQTT topic filter against topic name, level by level."""
    wanted, levels = filter_text.split("/"), topic.split("/")
    if levels[0].startswith("$") and wanted[0] in ("+", "#"):
        return False
    for index, token in enumerate(wanted):
        if token == "#":
            # Also the level above: a/# matches a.
            return True
        if index == len(levels):
            return False
        if token not in ("+", levels[index]):
            return False
        if index == len(levels) - 1 and wanted[index + 1:] == ["#"]:
            return True
    return len(wanted) == len(levels)


class Interest:
    """One subscription: a topic filter and perhaps a payload expression."""

    def __init__(self, topic_filter, pattern=None):
        self.topic_filter, self.pattern = topic_filter, pattern
        # As the router reads them: '.' takes line ends too.
        self.expression = re.compile(pattern.encode(), re.DOTALL) if pattern else None

    def wants(self, event):
        if not topic_matches(self.topic_filter, event.topic):
            return False
        return self.expression is None or self.expression.search(event.payload) is not None


def expected(interest, events):
    """Indexes of the events that must arrive; those the router takes no more (too large) are nobody's."""
    return [index for index, event in enumerate(events) if not event.too_large and interest.wants(event)]


Difference = collections.namedtuple("Difference", "missing extra")


def compare(wanted, received):
    """Multisets of identities: what is missing and what nobody asked for or came twice."""
    due, got = collections.Counter(wanted), collections.Counter(received)
    return Difference(list((due - got).elements()), list((got - due).elements()))


def percentile(ordered, share):
    """Nearest rank; None of nothing."""
    if not ordered:
        return None
    return ordered[max(0, -(-len(ordered) * share // 100) - 1)]

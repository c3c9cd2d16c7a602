"""
What each subscriber should receive, and whether it did. Slow, written from the specification of MQTT (3.1.1, section 4.7), the
documentation of NATS (Subject-Based Messaging) and of Solace (Wildcard Characters in SMF Topic Subscriptions), and Python's `re` over
bytes; what an expression over attributes means is said a second time in Python, beside its text. It shares no code with the router.
"""

import collections
import dataclasses
import re
import typing


def mqtt_matches(filter_text, topic):
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


def nats_matches(filter_text, topic):
    """NATS: tokens between dots, * for one, a last > for one or more. A level of the topic is a token, dots in it are its own."""
    wanted, levels = filter_text.split("."), topic.split("/")
    if wanted[-1] == ">":
        wanted.pop()
        if len(levels) <= len(wanted):
            return False
        levels = levels[:len(wanted)]
    return len(wanted) == len(levels) and all(token in ("*", level) for token, level in zip(wanted, levels))


def solace_matches(filter_text, topic):
    """Solace: * ends a level and stands for any characters there, none too; a last level > for one or more levels."""
    def fits(wanted, level):
        return level.startswith(wanted[:-1]) if wanted.endswith("*") else wanted == level

    head, tail = (filter_text[:-2], True) if filter_text.endswith("/>") else (filter_text, False)
    wanted, levels = head.split("/"), topic.split("/")
    if filter_text == ">":
        return True
    if not all(map(fits, wanted, levels)):
        return False
    return len(levels) > len(wanted) if tail else len(levels) == len(wanted)


DIALECTS = {"mqtt": mqtt_matches, "nats": nats_matches, "solace": solace_matches}


def has(pattern):
    """Is the pattern in these bytes? As the router reads them: '.' takes line ends too."""
    expression = re.compile(pattern.encode(), re.DOTALL)
    return lambda payload: expression.search(payload) is not None


@dataclasses.dataclass(frozen=True)
class Content:
    """An expression (@kind cesql or filters, as the option of `rhumb sub`), and the same as a function of an event."""
    kind: str
    text: str
    holds: typing.Callable


class Interest:
    """
    What a subscriber asks for: a topic filter, perhaps a payload expression or Content, and exceptions (without their !), in one dialect.
    """

    def __init__(self, topic_filter, pattern=None, dialect="mqtt", exceptions=(), content=None):
        self.topic_filter, self.pattern, self.dialect, self.exceptions = topic_filter, pattern, dialect, tuple(exceptions)
        self.content = content
        self.matches = DIALECTS[dialect]
        self.expression = has(pattern) if pattern else None

    @property
    def filters(self):
        """As they are asked for: the exceptions with their !."""
        return [self.topic_filter, *("!" + one for one in self.exceptions)]

    def wants(self, event):
        if not self.matches(self.topic_filter, event.topic) or any(self.matches(one, event.topic) for one in self.exceptions):
            return False
        if self.content is not None and not self.content.holds(event):
            return False
        return self.expression is None or self.expression(event.payload)

    @property
    def asks(self):
        """What is asked of the event beside its topic, as text; empty: nothing."""
        if self.content is not None:
            return f"{self.content.kind} {self.content.text}"
        return f"~ {self.pattern}" if self.pattern else ""


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

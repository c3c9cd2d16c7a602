"""Who subscribes to what in the demo, chosen from the events at hand so that each kind of filter has something to do."""

import collections
import dataclasses
import re

from judge import Interest

CVE = "CVE-[0-9]{4}-[0-9]{4,}"
TWINS = 10


@dataclasses.dataclass
class Subscriber:
    name: str
    why: str
    interest: Interest
    slow: bool = False
    ipv6: bool = False


def most_common(values, but=()):
    counted = collections.Counter(value for value in values if value not in but)
    return min(counted, key=lambda value: (-counted[value], value)) if counted else "none"


def interesting_topic(events):
    """One that shows percent-encoding and needs one datagram, when there is one."""
    topics = [event.topic for event in events if not event.too_large]
    return next((topic for topic in topics if "%2B" in topic), topics[0])


def plain_tokens(values):
    """Those that NATS can name: no dots, no blanks, no wildcards."""
    return [value for value in values if not re.search(r"[.\s]", value) and value not in ("", "*", ">")]


def debian(events):
    """Subscribers of debian/<distribution>/<urgency>/<source>/<version>."""
    levels = [event.topic.split("/") for event in events]
    distribution = most_common(level[1] for level in levels)
    urgency = most_common(level[2] for level in levels)
    rare = most_common((level[2] for level in levels), but=(urgency,))
    source = most_common(level[3] for level in levels)
    token = most_common(plain_tokens(level[3] for level in levels))
    prefix = most_common(level[3][:3] for level in levels)
    found = [
        Subscriber("exact", "one topic", Interest(interesting_topic(events))),
        Subscriber("cve", "every entry that names a CVE", Interest("debian/#", CVE)),
        Subscriber("everything", "all events", Interest("#")),
        Subscriber("all-levels", "five levels, four of them open", Interest("debian/+/+/+/+"), ipv6=True),
        Subscriber("distribution", "a distribution and all below", Interest(f"debian/{distribution}/#")),
        Subscriber("urgency", "a level in the middle", Interest(f"debian/+/{rare}/+/+")),
        Subscriber("package", "open levels before, all below", Interest(f"+/+/+/{source}/#")),
        Subscriber("first-open", "the first and the last level open", Interest(f"+/{distribution}/{urgency}/{source}/+")),
        Subscriber("memory", "a payload expression", Interest("#", "(?i)memory (leak|corruption|exhaustion)")),
        Subscriber("overflow", "topic and payload together", Interest(f"debian/+/{urgency}/#", "(buffer|heap|stack|integer) overflow")),
    ]
    found += [
        Subscriber("nats", "a filter of NATS: dots between levels", Interest(f"debian.*.*.{token}.>", dialect="nats")),
        Subscriber("solace", "one of Solace: levels that begin so", Interest(f"debian/*/*/{prefix}*/>", dialect="solace")),
        Subscriber("but", "all but what the exception (!) matches", Interest("debian/#", exceptions=[f"debian/+/{urgency}/#"])),
        Subscriber("nats-but", "NATS, payload and exception together",
                   Interest("debian.>", "overflow", dialect="nats", exceptions=[f"debian.*.{rare}.>"])),
    ]
    found += [Subscriber(f"twin-{number}", "ten with the same filter", Interest(f"debian/+/{urgency}/#")) for number in range(TWINS)]
    found += [
        Subscriber("nothing", "no event matches", Interest("debian/+/no-such-urgency/#")),
        Subscriber("slow", "too slow on purpose", Interest("debian/#"), slow=True),
    ]
    return found


def wikipedia(events):
    """Subscribers of wikipedia/<channel>/<namespace>/<page>."""
    levels = [event.topic.split("/") for event in events]
    channel = most_common(level[1] for level in levels)
    namespace = most_common(level[2] for level in levels)
    token = most_common(plain_tokens(level[2] for level in levels))
    prefix = most_common(level[3][:1] for level in levels)
    found = [
        Subscriber("exact", "one topic", Interest(interesting_topic(events))),
        Subscriber("robots", "a payload expression", Interest("wikipedia/#", '"isRobot":true')),
        Subscriber("everything", "all events", Interest("#")),
        Subscriber("all-levels", "four levels, three of them open", Interest("wikipedia/+/+/+"), ipv6=True),
        Subscriber("channel", "a channel and all below", Interest(f"wikipedia/{channel}/#")),
        Subscriber("namespace", "a level in the middle", Interest(f"wikipedia/+/{namespace}/+")),
        Subscriber("reverts", "topic and payload together", Interest(f"wikipedia/{channel}/#", "(?i)revert")),
    ]
    found += [
        Subscriber("nats", "a filter of NATS: dots between levels", Interest(f"wikipedia.*.{token}.>", dialect="nats")),
        Subscriber("solace", "one of Solace: pages that begin so", Interest(f"wikipedia/*/*/{prefix}*", dialect="solace")),
        Subscriber("but", "all but what the exception (!) matches", Interest("wikipedia/#", exceptions=[f"wikipedia/{channel}/#"])),
        Subscriber("nats-but", "NATS, payload and exception together",
                   Interest("wikipedia.>", '"isRobot":true', dialect="nats", exceptions=[f"wikipedia.*.{token}.>"])),
    ]
    found += [Subscriber(f"twin-{number}", "ten with the same filter", Interest(f"wikipedia/+/{namespace}/#")) for number in range(TWINS)]
    found += [
        Subscriber("nothing", "no event matches", Interest("wikipedia/no-such-channel/+/+")),
        Subscriber("slow", "too slow on purpose", Interest("wikipedia/#"), slow=True),
    ]
    return found

"""Who subscribes to what in the demo, chosen from the events at hand so that each kind of filter has something to do."""

import collections
import dataclasses
import json
import re

from judge import Content, Interest, has

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


def quoted(text):
    """As a string of CESQL."""
    return "'" + text.replace("'", "\\'") + "'"


def literally(text):
    """As characters of a LIKE pattern."""
    return re.sub(r"[%_]", r"\\\g<0>", text)


def attributes_of(events, name):
    return [event.attributes.get(name, "") for event in events]


def cesql_prefix(prefix):
    return Content("cesql", f"source LIKE {quoted('/debian/' + literally(prefix) + '%')} AND NOT EXISTS closes",
                   lambda event: event.attributes.get("source", "").startswith("/debian/" + prefix) and "closes" not in event.attributes)


def cesql_pattern(kind, pattern):
    found = has(pattern)
    return Content("cesql", f"type = {quoted(kind)} AND MATCHES(payload, {quoted(pattern)})",
                   lambda event: event.attributes.get("type") == kind and found(event.payload))


def json_filters(*filters):
    return json.dumps(list(filters), ensure_ascii=False)


def first_uploads(but):
    """Versions that end in -1, of all sources but one."""
    return Content("filters", json_filters({"suffix": {"subject": "-1"}}, {"not": {"exact": {"source": but}}}),
                   lambda event: event.attributes.get("subject", "").endswith("-1") and event.attributes.get("source") != but)


def large_edits(least):
    """By people. What is no integer of 32 bits is an error to CESQL, and so no match."""
    def holds(event):
        delta = event.attributes.get("delta", "")
        return event.attributes.get("isrobot") == "false" and re.fullmatch("-?[0-9]+", delta) is not None and least < int(delta) < 1 << 31

    return Content("cesql", f"isrobot = 'false' AND delta > {least}", holds)


def robots_but(user):
    return Content("filters", json_filters({"exact": {"isrobot": "true"}}, {"not": {"exact": {"user": user}}}),
                   lambda event: event.attributes.get("isrobot") == "true" and event.attributes.get("user") != user)


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
    found += [
        Subscriber("cesql", "attributes, in CESQL", Interest("debian/#", content=cesql_prefix(prefix))),
        Subscriber("filters", "attributes, as filters in JSON",
                   Interest("debian/#", content=first_uploads(most_common(attributes_of(events, "source"), but=("",))))),
        Subscriber("cve-typed", "an attribute and the payload in one expression",
                   Interest("debian/#", content=cesql_pattern(most_common(attributes_of(events, "type"), but=("",)), CVE))),
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
    users = [event.attributes.get("user", "") for event in events if event.attributes.get("isrobot") == "true"]
    found += [
        Subscriber("cesql", "attributes, in CESQL", Interest("wikipedia/#", content=large_edits(100))),
        Subscriber("filters", "attributes, as filters in JSON", Interest("wikipedia/#", content=robots_but(most_common(users, but=("",))))),
        Subscriber("reverts-typed", "an attribute and the payload in one expression",
                   Interest("wikipedia/#", content=cesql_pattern(most_common(attributes_of(events, "type"), but=("",)), "(?i)revert"))),
    ]
    found += [Subscriber(f"twin-{number}", "ten with the same filter", Interest(f"wikipedia/+/{namespace}/#")) for number in range(TWINS)]
    found += [
        Subscriber("nothing", "no event matches", Interest("wikipedia/no-such-channel/+/+")),
        Subscriber("slow", "too slow on purpose", Interest("wikipedia/#"), slow=True),
    ]
    return found

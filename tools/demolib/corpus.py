"""Events out of a file of Wikipedia edits: gzip, one JSON object a line (channel, namespace, page, user, delta, ...)."""

import gzip
import json

from changelog import attribute
from event import Event, encode_level


def level(value):
    return encode_level(str(value).encode("utf-8", "surrogatepass"))


def edit_event(line):
    edit = json.loads(line)
    topic = "/".join(("wikipedia", level(edit.get("channel", "")), level(edit.get("namespace", "")), level(edit.get("page", ""))))
    attributes = {"type": "org.wikipedia.edit", "source": "/wikipedia"}
    if edit.get("time"):
        attributes["time"] = attribute(str(edit["time"]).encode())
    if edit.get("user"):
        attributes["user"] = attribute(str(edit["user"]).encode("utf-8", "replace"))
    if "isRobot" in edit:
        attributes["isrobot"] = str(edit["isRobot"]).lower()
    if edit.get("delta") is not None:
        attributes["delta"] = str(edit["delta"])
    return Event(topic, attributes, line.strip())


def from_corpus(path):
    """One event a line. The same page may be edited often: topics repeat."""
    with gzip.open(path, "rb") as file:
        for line in file:
            if line.strip():
                yield edit_event(line)

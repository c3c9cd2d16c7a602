"""Events out of the changelogs that Debian packages install, or of the package database where there are none."""

import email.utils
import glob
import gzip
import re
import zlib

from event import Event, encode_level

CHANGELOGS = "/usr/share/doc/*/changelog.Debian.gz"
STATUS = "/var/lib/dpkg/status"
OS_RELEASE = "/etc/os-release"
ATTRIBUTE_MAX = 1024

# source (version) distribution...; key=value, ...
HEADER = re.compile(rb"^(\w[-+0-9a-zA-Z.]*) \(([^()\s]+)\)((?:\s+[^\s;]+)+);(.*)$")
TRAILER = re.compile(rb"^ -- (.*?)\s*<(.*?)>\s*(.*?)\s*$")
URGENCY = re.compile(rb"urgency\s*=\s*([^,]*)", re.I)
CLOSES = re.compile(rb"closes:\s*(?:bug)?#?\s?\d+(?:,\s*(?:bug)?#?\s?\d+)*", re.I)
# What CloudEvents forbids in a String.
FORBIDDEN = re.compile("[\x00-\x1f\x7f-\x9f\ufdd0-\ufdef\ufffe\uffff]")


def attribute(raw):
    """Attribute value from bytes: text without what CloudEvents forbids, bounded; bytes that are not UTF-8 read as Latin-1."""
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        text = raw.decode("latin-1")
    return FORBIDDEN.sub(" ", text).strip()[:ATTRIBUTE_MAX // 4]


def rfc3339(date):
    """Time of a trailer's date, or None: some are untidy."""
    try:
        parsed = email.utils.parsedate_to_datetime(date.decode("ascii"))
    except (ValueError, TypeError, UnicodeDecodeError, IndexError, OverflowError):
        return None
    if parsed.tzinfo is None or not 1970 <= parsed.year <= 9999:
        return None
    return parsed.isoformat()


def entries(data):
    """(header match, lines) of each entry of one changelog; what stands before the first header is skipped."""
    head, lines = None, []
    for line in data.split(b"\n"):
        match = HEADER.match(line)
        if match:
            if head:
                yield head, lines
            head, lines = match, [line]
        elif head:
            lines.append(line)
            if TRAILER.match(line):
                yield head, lines
                head, lines = None, []
    if head:
        yield head, lines


def entry_event(head, lines):
    source, version, distributions, rest = head.groups()
    urgency = URGENCY.search(rest)
    urgency = urgency.group(1).strip() if urgency else b"unknown"
    text = b"\n".join(lines).rstrip() + b"\n"
    levels = (b" ".join(distributions.split()), urgency or b"unknown", source, version)
    attributes = {
        "type": "org.debian.changelog",
        "source": "/debian/" + encode_level(source).replace(" ", "%20"),
        "subject": attribute(version),
    }
    closes = sorted({int(number) for run in CLOSES.findall(text) for number in re.findall(rb"\d+", run)})
    if closes:
        attributes["closes"] = ",".join(map(str, closes))[:ATTRIBUTE_MAX // 4]
    trailer = next((match for match in map(TRAILER.match, reversed(lines)) if match), None)
    if trailer:
        name, address, date = trailer.groups()
        attributes["maintainer"] = attribute(name + b" <" + address + b">")
        time = rfc3339(date)
        if time:
            attributes["time"] = time
    return (source, version), Event("debian/" + "/".join(map(encode_level, levels)), attributes, text)


def read_gz(path):
    try:
        with gzip.open(path, "rb") as file:
            return file.read()
    except (OSError, EOFError, zlib.error):
        return b""


def from_changelogs(pattern=CHANGELOGS):
    """Events of all changelogs, each source and version once, in the order of the files."""
    seen = set()
    for path in sorted(glob.glob(pattern)):
        for head, lines in entries(read_gz(path)):
            key, event = entry_event(head, lines)
            if key not in seen:
                seen.add(key)
                yield event


def stanzas(data):
    for block in re.split(rb"\n\s*\n", data):
        fields, name = {}, None
        for line in block.split(b"\n"):
            if line[:1] in (b" ", b"\t") and name:
                fields[name] += b"\n" + line
            elif b":" in line:
                name, value = line.split(b":", 1)
                name = name.lower()
                fields[name] = value.strip()
        if b"package" in fields:
            yield fields, block.strip() + b"\n"


def codename(path=OS_RELEASE):
    try:
        with open(path, "rb") as file:
            found = re.search(rb'^VERSION_CODENAME="?([^"\n]+)', file.read(), re.M)
    except OSError:
        found = None
    return found.group(1) if found else b"unknown"


def from_status(path=STATUS, distribution=None):
    """One event a package: its stanza is the payload, its priority stands for the urgency."""
    distribution = distribution or codename()
    seen = set()
    with open(path, "rb") as file:
        data = file.read()
    for fields, block in stanzas(data):
        package, version = fields[b"package"], fields.get(b"version", b"none")
        if (package, version) in seen:
            continue
        seen.add((package, version))
        levels = (distribution, fields.get(b"priority", b"unknown"), package, version)
        attributes = {
            "type": "org.debian.package",
            "source": "/debian/" + encode_level(package).replace(" ", "%20"),
            "subject": attribute(version),
        }
        if b"maintainer" in fields:
            attributes["maintainer"] = attribute(fields[b"maintainer"])
        yield Event("debian/" + "/".join(map(encode_level, levels)), attributes, block)

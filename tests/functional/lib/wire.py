"""
The event protocol in Python, from docs/protocol.md: what a test needs to speak to a router without librhumb, well or badly.
"""

import dataclasses
import struct

VERSION = 1
PORT = 6750
UNLIMITED = (1 << 64) - 1

(PUBLISH, FRAGMENT, HELLO, CHALLENGE, WELCOME, BYE, KEEPALIVE, UNKNOWN_SESSION) = (1, 2, 0x10, 0x11, 0x12, 0x13, 0x14, 0x15)
SUBSCRIBE, SUBACK, UNSUBSCRIBE, UNSUBACK, CREDIT, ALIAS, ALIAS_ACK = 0x20, 0x21, 0x22, 0x23, 0x30, 0x40, 0x41
FRAGMENT_LAST = 1

HEADER = struct.Struct(">BBHIQBBHI")
HELLO_FIELDS = struct.Struct(">BBHQQQIIHHHH")
WELCOME_FIELDS = struct.Struct(">IQQQIIIIHBBI")
# Names of the core attributes, by key from 1.
CORE = ("id", "source", "specversion", "type", "datacontenttype", "dataschema", "subject", "time")
PUBLISH_FIELDS = struct.Struct(">BBHQQQIIIIHHHH")


def pad(data):
    return data + bytes(-len(data) % 8)


def record(kind, body, flags=0, length=None):
    """One record, padded. @length: what its header claims, when not the truth."""
    return pad(struct.pack(">BBH", kind, flags, 4 + len(body) if length is None else length) + body)


def datagram(records, session=0, number=0, check=0, *, version=VERSION, flags=0, lane=0, key=0, length=None):
    size = HEADER.size + len(records) if length is None else length
    return HEADER.pack(version, flags, size, session, number, lane, key, 0, check) + records


def hello(client_id, incarnation, cookie=b"", events=UNLIMITED, octets=UNLIMITED, keepalive_ms=0, max_datagram=1400):
    name = client_id.encode()
    return record(HELLO, HELLO_FIELDS.pack(VERSION, VERSION, len(cookie), incarnation, events, octets, 0, keepalive_ms,
                                           max_datagram, len(name), 0, 0) + cookie + name)


def attributes(values):
    """Triples of name, type and text as they stand in a PUBLISH."""
    core = {name: key for key, name in enumerate(CORE, 1)}
    coded = []
    for name, kind, text in values:
        head = struct.pack(">B", core[name]) if name in core else struct.pack(">BB", kind << 5, len(name)) + name.encode()
        coded.append(((core.get(name, len(core) + 1), name.encode()), head + struct.pack(">H", len(text.encode())) + text.encode()))
    return b"".join(octets for _, octets in sorted(coded))


def publish_body(topic, payload, sequence, incarnation, *, hop_limit=32, ttl=0xFFFFFFFF, origin_ns=0, attributes=b""):
    """The record behind its first four bytes."""
    name = topic if isinstance(topic, bytes) else topic.encode()
    return PUBLISH_FIELDS.pack(3 << 5, hop_limit, 0, sequence, incarnation, origin_ns, ttl, 0, 0, len(payload), len(name), 0, len(attributes), 0) \
        + name + attributes + payload


def publish(topic, payload, sequence, incarnation, **more):
    return record(PUBLISH, publish_body(topic, payload, sequence, incarnation, **more))


def fragments(topic, payload, sequence, incarnation, slice_size=1200, identity=1):
    """The FRAGMENT records of one event; one goes into each datagram."""
    slice_size -= slice_size % 8
    body = publish_body(topic, payload, sequence, incarnation)
    whole = struct.pack(">BBH", PUBLISH, 0, 0) + body
    found = []
    for offset in range(0, len(whole), slice_size):
        part = whole[offset:offset + slice_size]
        last = FRAGMENT_LAST if offset + slice_size >= len(whole) else 0
        found.append(record(FRAGMENT, struct.pack(">IQII", offset, sequence, len(whole), identity) + part, last))
    return found


def entry(topic_filter, content="", dialect=0, kind=None):
    """@kind of the content: a payload pattern, if there is one, unless told otherwise."""
    name, content = topic_filter.encode(), content.encode()
    kind = (1 if content else 0) if kind is None else kind
    return pad(struct.pack(">HHBBH", len(name), len(content), kind, dialect, 0) + name + content)


def subscribe(entries, request, kind=SUBSCRIBE):
    return record(kind, struct.pack(">IHHI", request, len(entries), 0, 0) + b"".join(entries))


def credit(events=UNLIMITED, octets=UNLIMITED):
    return record(CREDIT, struct.pack(">IQQ", 0, events, octets))


@dataclasses.dataclass
class Datagram:
    version: int
    session: int
    number: int
    lane: int
    check: int
    records: list  # (kind, flags, body behind the four bytes of its header)

    def of(self, kind):
        return [body for found, _, body in self.records if found == kind]


def parse(data):
    version, _, _, session, number, lane, _, _, check = HEADER.unpack_from(data)
    records, position = [], HEADER.size
    while position + 4 <= len(data):
        kind, flags, length = struct.unpack_from(">BBH", data, position)
        if length < 4:
            raise ValueError(f"record of {length} bytes at {position}")
        records.append((kind, flags, data[position + 4:position + length]))
        position += length + (-length % 8)
    return Datagram(version, session, number, lane, check, records)


def parse_publish(body):
    """(topic, payload, sequence) of a PUBLISH body."""
    fields = PUBLISH_FIELDS.unpack_from(body)
    topic_len, options, attributes, size = fields[10], fields[11], fields[12], fields[9]
    start = PUBLISH_FIELDS.size + topic_len
    payload = body[start + options + attributes:][:size]
    return body[PUBLISH_FIELDS.size:start].decode(), payload, fields[3]


def results(body):
    """(request, generation, [(code, text)]) of a SUBACK or UNSUBACK body."""
    request, count = struct.unpack_from(">IH", body)
    generation, = struct.unpack_from(">Q", body, 12)
    found, position = [], 20
    for _ in range(count):
        code, size = struct.unpack_from(">BB", body, position)
        found.append((code, body[position + 8:position + 8 + size].decode("utf-8", "replace")))
        position += 8 + size + -size % 8
    return request, generation, found


def prices(body):
    """[(cycles each event, cycles each match, bytes)] of a SUBACK body."""
    count, = struct.unpack_from(">H", body, 4)
    found, position = [], 20
    for _ in range(count):
        size, *price = struct.unpack_from(">xBHHH", body, position)
        found.append(tuple(price))
        position += 8 + size + -size % 8
    return found

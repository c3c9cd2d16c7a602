"""MQTT 3.1.1, QoS 0 (OASIS mqtt-v3.1.1, sections 2 and 3)."""

import struct

from peers.wire import Fault, shown

PING, PONG = b"\xc0\x00", b"\xd0\x00"
CONNECT, CONNACK, PUBLISH, SUBSCRIBE, SUBACK = 0x10, 0x20, 0x30, 0x82, 0x90
CLEAN_SESSION = 0x02
# Of CONNACK, 3.2.2.3.
REFUSALS = {1: "unacceptable protocol version", 2: "identifier rejected", 3: "server unavailable", 4: "bad user name or password",
            5: "not authorized"}
LENGTH_BYTES = 4


def remaining(length):
    """The length after the first byte, 7 bits at a time, 2.2.3."""
    out = bytearray()
    while True:
        length, low = length >> 7, length & 0x7f
        out.append(low | (0x80 if length else 0))
        if not length:
            return bytes(out)


def text(value):
    """A string with its length, 1.5.3."""
    data = value.encode()
    return struct.pack(">H", len(data)) + data


def packet(kind, body):
    """A whole packet."""
    return bytes((kind,)) + remaining(len(body)) + body


def published(topic, payload):
    """What the publisher sends: QoS 0, so no packet identifier."""
    return packet(PUBLISH, text(topic) + payload)


def delivered(topic, _number, payload):
    """What the subscriber gets for it: the same."""
    return published(topic, payload)


def _read(connection, kind, name):
    first = connection.exactly(1)[0]
    if first != kind:
        raise Fault(f"{name} was expected, a packet 0x{first:02x} came: is this an MQTT server?")
    length = 0
    for shift in range(LENGTH_BYTES):
        byte = connection.exactly(1)[0]
        length |= (byte & 0x7f) << 7 * shift
        if not byte & 0x80:
            return connection.exactly(length)
    raise Fault(f"{name} has a length of more than {LENGTH_BYTES} bytes")


def greet(connection):
    """CONNECT and its answer; keep-alive off, the identifier is the server's to choose."""
    connection.send(packet(CONNECT, text("MQTT") + bytes((4, CLEAN_SESSION)) + struct.pack(">H", 0) + text("")))
    answer = _read(connection, CONNACK, "CONNACK")
    if len(answer) != 2 or answer[1]:
        why = REFUSALS.get(answer[1], f"code {answer[1]}") if len(answer) == 2 else shown(answer)
        raise Fault(f"the server refuses the connection: {why}")


def subscribe(connection, topics):
    """One by one, each answered with QoS 0."""
    for number, topic in enumerate(topics, 1):
        identifier = struct.pack(">H", (number - 1) % 0xffff + 1)
        connection.send(packet(SUBSCRIBE, identifier + text(topic) + b"\x00"))
        answer = _read(connection, SUBACK, "SUBACK")
        if answer != identifier + b"\x00":
            raise Fault(f"the server refuses the subscription to {topic}: {shown(answer)}")


def control(data):
    """What stands between messages at the start of @data: (bytes, answer, is it the end of a flush). No bytes: more must come."""
    if data.startswith(PONG):
        return len(PONG), b"", True
    if PONG.startswith(data):
        return 0, b"", False
    raise Fault(f"{shown(data)} came")

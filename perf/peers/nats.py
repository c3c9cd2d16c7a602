"""The NATS client protocol, as far as publishing and subscribing needs it (docs.nats.io, "Client Protocol")."""

from peers.wire import Fault, shown

PING, PONG = b"PING\r\n", b"PONG\r\n"
# No answer to each line, nothing echoed back: what a client that is fast would ask for.
CONNECT = b'CONNECT {"verbose":false,"pedantic":false,"echo":true,"lang":"python","version":"1","protocol":1}\r\n'
SUBSCRIBE_BATCH = 4096


def subject(topic):
    """@topic, levels between slashes, as a subject."""
    return topic.replace("/", ".")


def subscription(topic, number):
    """Ask for @topic; messages carry @number."""
    return f"SUB {subject(topic)} {number}\r\n".encode()


def published(topic, payload):
    """What the publisher sends."""
    return b"PUB %s %d\r\n%s\r\n" % (subject(topic).encode(), len(payload), payload)


def delivered(topic, number, payload):
    """What the subscriber gets for it."""
    return b"MSG %s %d %d\r\n%s\r\n" % (subject(topic).encode(), number, len(payload), payload)


def _refused(line):
    if line.startswith(b"-ERR"):
        raise Fault(f"the server says {line[4:].strip().decode(errors='replace')}")


def _flush(connection):
    """Everything before this was taken in by the server."""
    connection.send(PING)
    while (line := connection.line()) != PONG.strip():
        _refused(line)
        if line == PING.strip():
            connection.send(PONG)
        elif not line.startswith((b"INFO", b"+OK")):
            raise Fault(f"PONG was expected, {shown(line)} came")


def greet(connection):
    """INFO, CONNECT, and a round trip which shows that it was accepted."""
    line = connection.line()
    if not line.startswith(b"INFO {"):
        raise Fault(f"INFO was expected, {shown(line)} came: is this nats-server?")
    connection.send(CONNECT)
    _flush(connection)


def subscribe(connection, topics):
    """Topic n gets the number n + 1."""
    for at in range(0, len(topics), SUBSCRIBE_BATCH):
        batch = topics[at:at + SUBSCRIBE_BATCH]
        connection.send(b"".join(subscription(topic, at + n + 1) for n, topic in enumerate(batch)))
    _flush(connection)


def control(data):
    """What stands between messages at the start of @data: (bytes, answer, is it the end of a flush). No bytes: more must come."""
    for word, answer, flushed in ((PING, PONG, False), (PONG, b"", True)):
        if data.startswith(word):
            return len(word), answer, flushed
        if word.startswith(data):
            return 0, b"", False
    _refused(bytes(data))
    raise Fault(f"{shown(data)} came")

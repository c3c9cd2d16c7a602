"""One publisher, one subscriber, a bounded number of messages between them; every byte that arrives is compared.

The publisher writes as much as the window allows, so that the server never reads a half-full buffer while there is work, and never has
more in hand than it may queue. The subscriber knows the exact stream of bytes that must come: one message lost, doubled, reordered or
altered is the end."""

import select
import socket

from peers.wire import CHUNK, Fault, shown

STALL_SECONDS = 10


def common(one, other):
    """Length of the common beginning."""
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        if one[low:middle] == other[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


class Expected:
    """What the subscriber must read. Between two messages the protocol may say something of its own: @control knows it."""

    def __init__(self, cycle, control, answer, rest=b""):
        self.cycle, self.control, self.answer = cycle, control, answer
        self.position = self.flushes = 0
        self.rest = b""
        self.feed(rest)

    def _between(self, data):
        """@data is not what comes next: is it the protocol's own?"""
        if self.position != self.cycle.end(self.delivered):
            raise Fault(f"in message {self.delivered} {shown(data)} came, expected was {shown(self.cycle.piece(self.position, 40))}")
        try:
            used, answer, flushed = self.control(data)
        except Fault as fault:
            raise Fault(f"{fault}, expected was message {self.delivered}, {shown(self.cycle.piece(self.position, 120), 120)}") from fault
        if answer:
            self.answer(answer)
        self.flushes += flushed
        return used

    def feed(self, data):
        """@data was read; Fault where it is not what must come."""
        data, self.rest = self.rest + data, b""
        while data:
            wanted = self.cycle.piece(self.position, len(data))
            same = len(wanted) if data.startswith(wanted) else common(data, wanted)
            self.position += same
            data = data[same:]
            if not wanted or same < len(wanted):
                used = self._between(data)
                if not used:
                    self.rest = data
                    return
                data = data[used:]

    @property
    def delivered(self):
        """Whole messages."""
        return self.cycle.whole(self.position)


class Pump:
    """
    @wire: nats or mqtt. @window: messages sent and not yet delivered. @wake: the subscriber is patient and not woken for fewer bytes. Clients are not,
    but it takes a quarter off mosquitto's cost; more than 65,536 gained nothing.
    """

    def __init__(self, wire, publisher, subscriber, sent, expected, window, wake=1):
        self.wire, self.window, self.sent = wire, window, sent
        self.sockets = publisher.socket, subscriber.socket
        for each in self.sockets:
            each.setblocking(False)
        self.position = self.limit = 0
        # An answer waits until the message under way is out.
        self.owed = b""
        self.expected = Expected(expected, wire.control, subscriber.socket.sendall, subscriber.rest)
        # The publisher gets nothing but the protocol's own words.
        self.quiet = Expected(Nothing, wire.control, self._owe, publisher.rest)
        # Half a window must be enough to wake the subscriber, or both sides would wait for each other.
        self._wake_at(min(wake, max(1, expected.end(window // 2) // 2)))

    def _wake_at(self, count):
        """Waking a reader is work of who writes, the server: not for every message."""
        self.sockets[1].setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, count)

    @property
    def delivered(self):
        """Messages that arrived, each as it should."""
        return self.expected.delivered

    @property
    def published(self):
        """Messages that were sent whole."""
        return self.sent.whole(self.position)

    def _owe(self, answer):
        self.owed += answer

    def _message_end(self):
        """The position at which the message under way is out."""
        at = self.sent.end(self.published)
        return at if at == self.position else self.sent.end(self.published + 1)

    def _send(self, data):
        try:
            return self.sockets[0].send(data)
        except BlockingIOError:
            return 0
        except OSError as error:
            raise Fault(f"the server closed the publisher's connection: {error}") from error

    def _write(self):
        end = self._message_end() if self.owed else self.limit
        if self.position < end:
            self.position += self._send(self.sent.piece(self.position, min(CHUNK, end - self.position)))
        elif self.owed:
            self.owed = self.owed[self._send(self.owed):]

    def _read(self, which, into):
        try:
            got = self.sockets[which].recv(4 * CHUNK)
        except BlockingIOError:
            return
        except OSError as error:
            raise Fault(f"the server broke the connection: {error}") from error
        if not got:
            raise Fault(f"the server closed the connection of the {('publisher', 'subscriber')[which]}")
        into.feed(got)

    def _turn(self):
        """Wait until something can be read, or written up to the limit, and do it."""
        publisher, subscriber = self.sockets
        writing = [publisher] if self.position < self.limit or self.owed else []
        readable, writable, _ = select.select([publisher, subscriber], writing, [], STALL_SECONDS)
        if not readable and not writable:
            raise Fault(f"message {self.delivered} did not arrive within {STALL_SECONDS} s: {self.published} were sent")
        if subscriber in readable:
            self._read(1, self.expected)
        if publisher in readable:
            self._read(0, self.quiet)
        if writable:
            self._write()

    def run(self, goes_on):
        """Keep the window between half full and full as long as goes_on() says so."""
        while goes_on():
            delivered = self.delivered
            if self.published - delivered <= self.window // 2:
                self.limit = self.sent.end(delivered + self.window)
            self._turn()

    def _flush(self, expected, ask):
        before = expected.flushes
        ask(self.wire.PING)
        while expected.flushes == before:
            self._turn()

    def drain(self):
        """Finish the message under way; everything that was sent must arrive, and nothing else. Returns how many."""
        self.limit = self._message_end()
        self._wake_at(1)
        # Servers answer in order. To the publisher: all was taken in. To the subscriber: nothing more is on the way.
        self._flush(self.quiet, self._owe)
        self._flush(self.expected, self.sockets[1].sendall)
        if self.delivered != self.published:
            raise Fault(f"{self.published - self.delivered} of {self.published} messages did not arrive")
        return self.delivered


class Nothing:
    """A cycle without a message."""

    @staticmethod
    def whole(_position):
        """None."""
        return 0

    @staticmethod
    def end(_count):
        """The start."""
        return 0

    @staticmethod
    def piece(_position, _most):
        """No bytes."""
        return b""

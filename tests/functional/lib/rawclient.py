"""A client without librhumb: greets, subscribes, publishes; every datagram of its session is in the test's hands."""

import random
import socket
import struct
import time

import wire
from inside import socket_in


class RawClient:
    def __init__(self, namespace, router, client_id, port=wire.PORT, incarnation=None, sock=None):
        self.socket = sock or self.udp_socket(namespace, router, port)
        self.client_id = client_id
        self.incarnation = incarnation or random.getrandbits(63) + 1
        self.session = self.check = self.number = self.sequence = self.request = 0
        self.granted_events = 0
        self.events = []  # (topic, payload, sequence)
        self.prices = []  # Of the last SUBACK, as wire.prices
        self.other = []   # Datagrams that no one waited for

    @staticmethod
    def udp_socket(namespace, router, port):
        made = socket_in(namespace, socket.AF_INET6 if ":" in router else socket.AF_INET, socket.SOCK_DGRAM)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        made.connect((router, port))
        return made

    def close(self):
        self.socket.close()

    def send(self, records, **more):
        """Records of this session in one datagram, in order."""
        self.number += 1
        self.socket.send(wire.datagram(records, self.session, self.number, self.check, **more))

    def receive(self, timeout_s):
        """The next datagram, parsed, or None. Events are kept aside, credit is taken over."""
        self.socket.settimeout(max(timeout_s, 0.001))
        try:
            found = wire.parse(self.socket.recv(65535))
        except (TimeoutError, ConnectionRefusedError):
            return None
        for kind, _, body in found.records:
            if kind == wire.PUBLISH:
                self.events.append(wire.parse_publish(body))
            elif kind == wire.CREDIT:
                self.granted_events = max(self.granted_events, struct.unpack_from(">Q", body, 4)[0])
            elif kind == wire.KEEPALIVE and found.session:
                pass
        return found

    def wait(self, kind, timeout_s=5):
        """The body of the next record of @kind, or None."""
        deadline = time.monotonic() + timeout_s
        while (left := deadline - time.monotonic()) > 0:
            found = self.receive(left)
            if found is None:
                continue
            bodies = found.of(kind)
            if bodies:
                return bodies[0]
            self.other.append(found)
        return None

    def greet(self, attempts=5, **more):
        """The three-way hello. True when welcome."""
        self.session = self.check = self.number = 0
        for _ in range(attempts):
            self.socket.send(wire.datagram(wire.hello(self.client_id, self.incarnation, **more)))
            challenge = self.wait(wire.CHALLENGE, 1)
            if challenge is None:
                continue
            size, = struct.unpack_from(">H", challenge)
            self.socket.send(wire.datagram(wire.hello(self.client_id, self.incarnation, challenge[12:12 + size], **more)))
            welcome = self.wait(wire.WELCOME, 1)
            if welcome is not None:
                fields = wire.WELCOME_FIELDS.unpack_from(welcome)
                self.session, self.granted_events, self.check = fields[0], fields[2], fields[4]
                return True
        return False

    def subscribe(self, filters, kind=wire.SUBSCRIBE, timeout_s=10):
        """@filters: texts, (filter, pattern), (filter, pattern, dialect) or (filter, content, dialect, kind). Returns [(code, text)], or None without an answer."""
        pairs = [(one, "") if isinstance(one, str) else one for one in filters]
        self.request += 1
        request = self.request
        records = wire.subscribe([wire.entry(*pair) for pair in pairs], request, kind)
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            self.send(records)
            body = self.wait(wire.SUBACK if kind == wire.SUBSCRIBE else wire.UNSUBACK, 1)
            if body is not None and (answer := wire.results(body))[0] == request:
                self.prices = wire.prices(body)
                return answer[2]
        return None

    def unsubscribe(self, filters):
        return self.subscribe(filters, wire.UNSUBSCRIBE)

    def publish(self, topic, payload=b"", **more):
        self.sequence += 1
        self.send(wire.publish(topic, payload, self.sequence, self.incarnation, **more))
        return self.sequence

    def publish_together(self, pairs):
        """Pairs of topic and payload, all in one datagram."""
        first = self.sequence + 1
        self.sequence += len(pairs)
        self.send(b"".join(wire.publish(*pair, first + n, self.incarnation) for n, pair in enumerate(pairs)))

    def alias(self, request, number, topic, timeout_s=5):
        """(number, code) of the acknowledgement, or None."""
        self.send(wire.record(wire.ALIAS, struct.pack(">IHHI", request, number, len(topic), 0) + topic))
        body = self.wait(wire.ALIAS_ACK, timeout_s)
        return body and struct.unpack_from(">HB", body, 4)

    def gather(self, count, timeout_s=10):
        """Wait for @count events in all; returns them."""
        deadline = time.monotonic() + timeout_s
        while len(self.events) < count and (left := deadline - time.monotonic()) > 0:
            self.receive(left)
        return self.events

    def drain(self, quiet_s=0.3):
        """Read until nothing comes for @quiet_s."""
        while self.receive(quiet_s) is not None:
            pass
        return self.events

"""The control socket, from docs/control-protocol.md: one question, one answer, merged when it comes in several messages."""

import json
import socket
import struct

from shell import CommandError

HEADER = struct.Struct(">HHIIHH")
VERSION, MORE = 1, 1
TYPES = {"hello": 1, "show status": 10, "show ports": 11, "show workers": 12, "show sessions": 13, "show subscriptions": 14, "show topics": 15,
         "show drops": 16, "show counters": 17, "show limits": 18, "show patterns": 19, "explain": 20, "trace start": 21, "trace stop": 22, "trace show": 23,
         "log level": 30, "log show": 31, "shutdown": 40}


def exactly(connection, size):
    data = b""
    while len(data) < size:
        more = connection.recv(size - len(data))
        if not more:
            raise CommandError("rhumbd closed the control socket")
        data += more
    return data


def merge(into, part):
    """Parts of a long answer hold slices of the same list."""
    for name, value in part.items():
        if isinstance(value, list) and isinstance(into.get(name), list):
            into[name] += value
        else:
            into.setdefault(name, value)
    return into


class Control:
    """One connection. Raises CommandError with the daemon's sentence when it refuses, OSError when it is not there."""

    def __init__(self, path, timeout_s=10):
        self.connection = socket.socket(socket.AF_UNIX)
        self.connection.settimeout(timeout_s)
        self.request = 0
        try:
            self.connection.connect(path)
            self.ask("hello", client="demo")
        except BaseException:
            self.connection.close()
            raise

    def close(self):
        self.connection.close()

    def ask(self, name, **body):
        self.request += 1
        data = json.dumps(body).encode()
        self.connection.sendall(HEADER.pack(VERSION, TYPES[name], len(data), self.request, 0, 0) + data)
        answer = {}
        while True:
            _, _, size, _, status, flags = HEADER.unpack(exactly(self.connection, HEADER.size))
            part = json.loads(exactly(self.connection, size) or b"{}")
            if status:
                raise CommandError(f"{name}: {part.get('error', f'status {status}')}")
            merge(answer, part)
            if not flags & MORE:
                return answer

"""What both protocols need: a connection that is read in whole pieces, and a word for what went wrong."""

import socket

PATIENCE_SECONDS = 120
CHUNK = 65536


class Fault(Exception):
    """The server said or did something else than it should; the text says what."""


def shown(data, most=60):
    """The beginning of @data for a sentence."""
    return repr(bytes(data[:most])) + ("..." if len(data) > most else "")


class Connection:
    """A TCP connection read in whole pieces until the pump takes its socket; keeps what came too early."""

    def __init__(self, port, host="127.0.0.1"):
        self.socket = socket.create_connection((host, port), timeout=PATIENCE_SECONDS)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.rest = b""

    def send(self, data):
        """All of it."""
        try:
            self.socket.sendall(data)
        except OSError as error:
            raise Fault(f"the server closed the connection while it was written to: {error}") from error

    def _more(self):
        try:
            got = self.socket.recv(CHUNK)
        except socket.timeout as error:
            raise Fault(f"no answer within {PATIENCE_SECONDS} s") from error
        except OSError as error:
            raise Fault(f"the server broke the connection: {error}") from error
        if not got:
            raise Fault(f"the server closed the connection, its last bytes were {shown(self.rest)}")
        self.rest += got

    def exactly(self, count):
        """The next @count bytes."""
        while len(self.rest) < count:
            self._more()
        piece, self.rest = self.rest[:count], self.rest[count:]
        return piece

    def line(self, most=8192):
        """The next line, without its end."""
        while b"\r\n" not in self.rest:
            if len(self.rest) > most:
                raise Fault(f"a line of more than {most} bytes: {shown(self.rest)}")
            self._more()
        line, self.rest = self.rest.split(b"\r\n", 1)
        return line

    def close(self):
        """Gone."""
        self.socket.close()

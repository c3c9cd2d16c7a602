"""Clients of a rhumbd beyond a veth pair, through the kernel's stack and without librhumb: sessions that subscribe, and one that publishes."""

import pathlib
import sys
import time

from lib.dut import CLIENT_IP, ROUTER_IP
from lib.machine import MachineError

sys.path.append(str(pathlib.Path(__file__).resolve().parents[2] / "tests/functional/lib"))

# What an answer to a request may take that waits for thousands of patterns to be compiled.
PATIENCE_SECONDS = 300
REPEAT_SECONDS = 1.0
ACCEPTED = 0


def wire():
    """The event protocol in Python."""
    import wire as module  # pylint: disable=import-outside-toplevel,import-error
    return module


def connect(link):
    """Give the client's end of @link its address, and the router's hardware address."""
    host = link.hosts[1]
    host.ip("addr", "add", f"{CLIENT_IP}/24", "dev", "v1")
    host.ip("neigh", "replace", ROUTER_IP, "lladdr", link.macs[0], "dev", "v1", "nud", "permanent")


def client(link, name):
    """A session of @name; MachineError where the router does not welcome it."""
    from rawclient import RawClient  # pylint: disable=import-outside-toplevel,import-error
    made = RawClient(link.hosts[1].name, ROUTER_IP, name)
    if not made.greet():
        made.close()
        raise MachineError(f"rhumbd gave {name} no session in five attempts")
    return made


def subscribe(session, entries, patience=PATIENCE_SECONDS):
    """Seconds from SUBSCRIBE to SUBACK; MachineError where one of the entries is refused, with the sentence, or none is answered."""
    begun = time.monotonic()
    answer = session.subscribe(entries, timeout_s=patience)
    if answer is None:
        raise MachineError(f"{session.client_id}: no answer to a SUBSCRIBE in {patience} s")
    refused = next((text for code, text in answer if code != ACCEPTED), None)
    if refused is not None:
        raise MachineError(f"{session.client_id}: {refused}")
    return time.monotonic() - begun


class Loader:
    """Many sessions with one request each, all under way at once."""

    def __init__(self, sessions, requests):
        self.left = {}
        for session, entries in zip(sessions, requests, strict=True):
            session.request += 1
            self.left[session] = wire().subscribe([wire().entry(*entry) for entry in entries], session.request)
            session.send(self.left[session])

    def _take(self, session):
        found = session.receive(0)
        for body in found.of(wire().SUBACK) if found else ():
            request, _, answer = wire().results(body)
            refused = next((text for code, text in answer if code != ACCEPTED), None)
            if refused is not None:
                raise MachineError(f"{session.client_id}: {refused}")
            if request == session.request:
                self.left.pop(session, None)

    def wait(self, patience=PATIENCE_SECONDS):
        """Until all are answered, each repeated once a second; MachineError where one is refused, or the time is over."""
        deadline, again = time.monotonic() + patience, time.monotonic() + REPEAT_SECONDS
        while self.left:
            for session in list(self.left):
                self._take(session)
            now = time.monotonic()
            if now > deadline:
                raise MachineError(f"{len(self.left)} requests were not answered in {patience} s")
            if now > again:
                again = now + REPEAT_SECONDS
                for session, records in self.left.items():
                    session.send(records)
            time.sleep(0.01)

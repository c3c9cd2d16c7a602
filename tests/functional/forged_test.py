"""Forged hellos from more addresses than a router can hold next hops for: real hosts are greeted all the same."""

import json
import random
import socket
import struct
import threading
import time

import lib.case as case
from lib.case import wire
from lib.inside import socket_in

SOURCES = 5000
PER_SECOND = 20000


def checksum(data):
    data += bytes(len(data) % 2)
    total = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF or 0xFFFF


class Forged(case.RouterCase):
    def frames(self, host):
        """Ethernet frames with a first hello, each from another address of the link."""
        link = bytes.fromhex(host.run("cat", "/sys/class/net/eth0/address").stdout.strip().replace(":", ""))
        port = json.loads(self.router.cli("-j", "show", "ports").stdout)["ports"][0]
        ethernet = bytes.fromhex(port["mac"].replace(":", "")) + link + b"\x86\xdd"
        payload, target = wire.datagram(wire.hello("forged", 7)), socket.inet_pton(socket.AF_INET6, "2001:db8::1")
        for number in random.sample(range(1000, 10 ** 9), SOURCES):
            source = target[:8] + struct.pack(">Q", number)
            udp = struct.pack(">HHHH", 4000, wire.PORT, 8 + len(payload), 0) + payload
            udp = udp[:6] + struct.pack(">H", checksum(source + target + struct.pack(">II", len(udp), 17) + udp)) + udp[8:]
            yield ethernet + struct.pack(">IHBB", 6 << 28, len(udp), 17, 64) + source + target + udp

    def flood(self):
        frames, started, sent = list(self.frames(self.hosts["a"])), time.monotonic(), 0
        with socket_in(self.hosts["a"].name, socket.AF_PACKET, socket.SOCK_RAW) as wire_end:
            wire_end.bind(("eth0", 0))
            while not self.enough.is_set():
                if sent > (time.monotonic() - started) * PER_SECOND:
                    time.sleep(0.001)
                    continue
                try:
                    wire_end.send(frames[sent % SOURCES])
                except OSError:
                    pass
                sent += 1

    def test_real_hosts_are_greeted_all_the_same(self):
        self.enough = threading.Event()
        thread = threading.Thread(target=self.flood)
        thread.start()
        try:
            self.assertTrue(case.wait_for(lambda: self.unresolved() > 200), "the flood does not arrive")
            for number, host in enumerate("abab"):
                client = self.raw(host, f"real-{number}")
                self.assertTrue(client.greet(attempts=5), f"{host} is kept waiting")
        finally:
            self.enough.set()
            thread.join()

    def unresolved(self):
        return json.loads(self.router.cli("-j", "show", "ports").stdout)["ports"][0]["unresolved"]


if __name__ == "__main__":
    case.main()

"""UDP over Ethernet frames built by hand, with or without a VLAN tag: for hosts whose kernel knows no VLANs."""

import socket
import struct
import time

from inside import socket_in

ETH_ALL, ETH_IPV4, ETH_IPV6, ETH_VLAN, UDP = 0x0003, 0x0800, 0x86DD, 0x8100, 17
SOL_PACKET, PACKET_AUXDATA, STATUS_VLAN_VALID = 263, 8, 0x10
AUXDATA = struct.Struct("=IIIHHHH")


def checksum(data):
    data += bytes(len(data) % 2)
    total = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def mac_bytes(text):
    return bytes.fromhex(text.replace(":", ""))


def udp(source, target, ports, payload):
    """A UDP datagram; @source and @target as address bytes of either family."""
    size = 8 + len(payload)
    if len(source) == 4:
        pseudo = source + target + struct.pack(">BBH", 0, UDP, size)
    else:
        pseudo = source + target + struct.pack(">IHBB", size, 0, 0, UDP)
    head = struct.pack(">HHHH", *ports, size, 0)
    return struct.pack(">HHHH", *ports, size, checksum(pseudo + head + payload) or 0xFFFF) + payload


def ip_packet(source, target, content):
    if len(source) == 16:
        return ETH_IPV6, struct.pack(">IHBB", 6 << 28, len(content), UDP, 64) + source + target + content
    head = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(content), 0, 0x4000, 64, UDP, 0) + source + target
    return ETH_IPV4, head[:10] + struct.pack(">H", checksum(head)) + head[12:] + content


class TaggedSocket:
    """Looks like a connected UDP socket to RawClient. The tag of what came last is in .tag (None: untagged)."""

    def __init__(self, host, interface, router_mac, addresses, vlan=None, ports=(40000, 6750)):
        family = socket.AF_INET6 if ":" in addresses[0] else socket.AF_INET
        self.socket = socket_in(host.name, socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_ALL))
        self.socket.bind((interface, ETH_ALL))
        self.socket.setsockopt(SOL_PACKET, PACKET_AUXDATA, 1)
        self.own_mac, self.router_mac = mac_bytes(host.mac(interface)), mac_bytes(router_mac)
        self.own, self.router = (socket.inet_pton(family, one) for one in addresses)
        self.ports, self.vlan, self.tag, self.timeout = ports, vlan, None, None

    def send(self, payload):
        kind, packet = ip_packet(self.own, self.router, udp(self.own, self.router, self.ports, payload))
        tag = b"" if self.vlan is None else struct.pack(">HH", ETH_VLAN, self.vlan)
        self.socket.send(self.router_mac + self.own_mac + tag + struct.pack(">H", kind) + packet)

    def settimeout(self, seconds):
        self.timeout = seconds

    def recv(self, size):
        deadline = time.monotonic() + self.timeout
        while (left := deadline - time.monotonic()) > 0:
            self.socket.settimeout(left)
            frame, more, _, where = self.socket.recvmsg(size, socket.CMSG_SPACE(AUXDATA.size))
            if where[2] == socket.PACKET_OUTGOING:
                continue
            payload = self.payload(frame)
            if payload is not None:
                self.tag = self.tag_of(more)
                return payload
        raise TimeoutError

    def payload(self, frame):
        """The UDP payload when the frame is from the router's port to ours."""
        kind, = struct.unpack_from(">H", frame, 12)
        start = 14 + (40 if kind == ETH_IPV6 else 20)
        proto = frame[20] if kind == ETH_IPV6 else frame[23] if kind == ETH_IPV4 else None
        if proto != UDP or len(frame) < start + 8:
            return None
        source, target, size = struct.unpack_from(">HHH", frame, start)
        return frame[start + 8:start + size] if (target, source) == self.ports else None

    @staticmethod
    def tag_of(more):
        for level, kind, data in more:
            if level == SOL_PACKET and kind == PACKET_AUXDATA:
                status, _, _, _, _, tci, _ = AUXDATA.unpack(data[:AUXDATA.size])
                return tci & 0xFFF if status & STATUS_VLAN_VALID else None
        return None

    def close(self):
        self.socket.close()

"""What is not an event goes to the kernel's twin, and neighbours come back from it."""

import os
import socket
import threading

import lib.case as case
from lib.inside import socket_in

TCP_PORT = 2222
TCP_BYTES = 2 << 20


class Twin(case.RouterCase):
    def ping(self, host, address, *more):
        done = self.hosts[host].run("ping", "-n", "-c", "3", "-i", "0.2", "-W", "2", *more, address, check=False)
        self.assertEqual(done.returncode, 0, done.stdout)
        return done.stdout

    def test_the_router_answers_ping_and_arp_through_its_twin(self):
        out = self.ping("a", "198.18.0.1")
        self.assertNotIn("DUP", out)
        self.assertNotIn("duplicates", out)
        known = self.hosts["a"].ip("neigh", "show", "198.18.0.1").stdout
        self.assertIn(self.port_mac(0), known)
        self.assertGreater(self.total("punted_datagrams"), 0)

    def test_the_router_answers_ping_and_neighbour_discovery_over_ipv6(self):
        out = self.ping("b", "2001:db8:1::1")
        self.assertNotIn("duplicates", out)
        self.assertIn(self.port_mac(1), self.hosts["b"].ip("-6", "neigh", "show", "2001:db8:1::1").stdout)

    def test_large_pings_pass(self):
        self.ping("a", "198.18.0.1", "-s", "1472", "-M", "do")

    def port_mac(self, number):
        return self.router.ask("show ports")["ports"][number]["mac"]

    def test_settings_of_the_interface_beneath_come_back_at_the_end(self):
        names = [f"net/ipv4/conf/v0/{leaf}" for leaf in ("rp_filter", "arp_ignore")] + ["net/ipv6/conf/v0/disable_ipv6"]
        during = self.settings(names)
        self.assertEqual(during["net/ipv6/conf/v0/disable_ipv6"], "1")
        self.assertEqual(self.router.stop(), 0)
        after = self.settings(names)
        self.assertEqual(after["net/ipv6/conf/v0/disable_ipv6"], "0")
        self.assertNotEqual(after, during)

    def settings(self, names):
        return {name: self.router_host.run("cat", f"/proc/sys/{name}").stdout.strip() for name in names}


class Tcp(case.RouterCase):
    """As ssh to the router's address: what the kernel speaks on both ends goes whole through the port and its twin."""

    def test_bytes_arrive_whole_both_ways_over_ipv4(self):
        self.exchange(socket.AF_INET, "a", "198.18.0.1")

    def test_bytes_arrive_whole_both_ways_over_ipv6(self):
        self.exchange(socket.AF_INET6, "b", "2001:db8:1::1")

    def test_events_pass_meanwhile(self):
        reader = self.subscriber("b", ["#"])
        with self.publisher("a") as writer:
            for number in range(200):
                writer.publish(f"t/{number}", b"x")
                if number == 100:
                    self.exchange(socket.AF_INET, "a", "198.18.0.1")
        self.assertEqual([event["topic"] for event in reader.wait(200)], [f"t/{number}" for number in range(200)])

    def exchange(self, family, host, address):
        """TCP_BYTES each way at once, between @host and a server on the router's @address."""
        before = self.total("punted_datagrams")
        with socket_in(self.router_host.name, family, socket.SOCK_STREAM) as listening, \
                socket_in(self.hosts[host].name, family, socket.SOCK_STREAM) as client:
            for one in (listening, client):
                one.settimeout(30 * case.SLOW)
            listening.bind((address, TCP_PORT))
            listening.listen(1)
            client.connect((address, TCP_PORT))
            server, _ = listening.accept()
            with server:
                server.settimeout(30 * case.SLOW)
                up, down = os.urandom(TCP_BYTES), os.urandom(TCP_BYTES)
                senders = [threading.Thread(target=self.send, args=pair) for pair in ((client, up), (server, down))]
                got = {}
                readers = [threading.Thread(target=self.receive, args=(one, got)) for one in (client, server)]
                for thread in senders + readers:
                    thread.start()
                for thread in senders + readers:
                    thread.join()
                self.assertEqual((len(got[server]), len(got[client])), (TCP_BYTES, TCP_BYTES))
                self.assertTrue(got[server] == up, "what the router's end got is not what was sent")
                self.assertTrue(got[client] == down, "what came from the router's end is not what was sent")
        # Not by another way than the port: a full frame holds 1460 bytes.
        self.assertGreater(self.total("punted_datagrams") - before, TCP_BYTES // 1460)

    @staticmethod
    def send(connection, data):
        try:
            connection.sendall(data)
            connection.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # the other end misses it and says so

    @staticmethod
    def receive(connection, got):
        data = bytearray()
        try:
            while more := connection.recv(1 << 16):
                data += more
        except OSError:
            pass
        got[connection] = bytes(data)


class Early(case.RouterCase):
    """Frames keep coming while the router starts: those before its twins are up wait for them."""

    HOSTS = ("a",)

    def make_router(self):
        host = self.hosts["a"]
        host.ip("neigh", "replace", "198.18.0.1", "lladdr", self.router_host.mac("v0"), "dev", "eth0", "nud", "permanent")
        pinging = host.popen("ping", "-n", "-q", "-i", "0.002", "198.18.0.1", stdout=case.subprocess.DEVNULL)
        self.addCleanup(case.stop, pinging)
        return super().make_router()

    def test_no_frame_is_dropped_for_want_of_a_twin(self):
        self.assertTrue(case.wait_for(lambda: self.total("punted_datagrams") > 100))
        self.assertNotIn(("datagram", "no_slow_path"), self.router.drops())


class Neighbours(case.RouterCase):
    def test_a_host_whose_mac_changes_is_followed(self):
        reader = self.subscriber("b", ["#"])
        writer = self.publisher("a")
        writer.publish("t", b"before")
        reader.wait(1)
        host = self.hosts["b"]
        # As a host does that took over an address: it announces itself (gratuitous ARP).
        host.sysctl("net/ipv4/conf/eth0/arp_notify", 1)
        host.ip("link", "set", "eth0", "address", "02:00:00:00:be:ef")
        followed = case.wait_for(lambda: self.still_arrives(writer, reader), 20, 0.5)
        self.assertTrue(followed, "nothing arrives at the new address")
        writer.finish()

    def still_arrives(self, writer, reader):
        before = len(reader.events)
        writer.publish("t", b"after")
        return len(reader.wait(before + 1, 0.5)) > before

    def test_a_subscriber_beyond_a_gateway_is_reached(self):
        far = self.host("far")
        gateway = self.hosts["b"]
        case.netns.cable(gateway, "eth1", far, "eth0")
        gateway.run("ethtool", "-K", "eth1", "tx", "off", "tso", "off")
        case.netns.address(gateway, "eth1", "198.18.200.1/24")
        case.netns.address(far, "eth0", "198.18.200.2/24")
        gateway.sysctl("net/ipv4/ip_forward", 1)
        far.ip("route", "add", "default", "via", "198.18.200.1")
        self.router_host.ip("route", "add", "198.18.200.0/24", "via", "198.18.1.2")
        reader = case.Subscriber(case.paths.BUILD, far, "198.18.1.1", ["#"], self.folder, name="far")
        self.clients.append(reader)
        reader.start()
        with self.publisher("a") as writer:
            for number in range(50):
                writer.publish(f"t/{number}", b"x")
        self.assertEqual(len(reader.wait(50)), 50)


if __name__ == "__main__":
    case.main()

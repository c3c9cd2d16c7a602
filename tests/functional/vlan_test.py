"""One VLAN tag, in and out. The hosts' frames are built by hand; next hops are configured, as there is no kernel to ask."""

import lib.case as case
from lib.tagged import TaggedSocket

VLAN = 7


class Vlan(case.RouterCase):
    def ports(self):
        found = []
        for number, name in enumerate(self.HOSTS):
            mac = self.hosts[name].mac("eth0")
            addresses = [{"ip": f"198.18.{number}.1/24"}, {"ip": f"198.19.{number}.1/24", "vlan": VLAN},
                         {"ip": f"2001:db8:7{number}::1/64", "vlan": VLAN}]
            neighbours = [{"ip": f"198.18.{number}.9", "mac": mac}, {"ip": f"198.19.{number}.9", "mac": mac, "vlan": VLAN},
                          {"ip": f"2001:db8:7{number}::9", "mac": mac, "vlan": VLAN}]
            found.append(case.port(f"p{number}", f"v{number}", addresses, **{"slow-path": "none", "neighbor": neighbours}))
        return found

    def tagged(self, host, name, network, vlan, source_port=40000):
        number = self.HOSTS.index(host)
        mac = self.router.ask("show ports")["ports"][number]["mac"]
        sock = TaggedSocket(self.hosts[host], "eth0", mac, (f"{network}9", f"{network}1"), vlan, (source_port, 6750))
        client = case.RawClient(None, None, name, sock=sock)
        self.addCleanup(client.close)
        return client

    def exchange(self, left, right, tags):
        for client in (left, right):
            self.assertTrue(client.greet(), f"{client.client_id}: no welcome")
            self.assertEqual(client.subscribe([f"to-{client.client_id}/#"])[0][0], 0)
        for number in range(20):
            left.publish("to-right/x", b"%d" % number)
            right.publish("to-left/x", b"%d" % number)
        for client, tag in zip((left, right), tags):
            self.assertEqual([payload for _, payload, _ in client.gather(20)], [b"%d" % number for number in range(20)])
            self.assertEqual(client.socket.tag, tag)

    def test_tagged_hosts_talk_over_ipv4(self):
        self.exchange(self.tagged("a", "left", "198.19.0.", VLAN), self.tagged("b", "right", "198.19.1.", VLAN), (VLAN, VLAN))

    def test_tagged_hosts_talk_over_ipv6(self):
        self.exchange(self.tagged("a", "left", "2001:db8:70::", VLAN), self.tagged("b", "right", "2001:db8:71::", VLAN), (VLAN, VLAN))

    def test_a_tagged_and_an_untagged_host_talk(self):
        self.exchange(self.tagged("a", "left", "198.19.0.", VLAN), self.tagged("b", "right", "198.18.1.", None), (VLAN, None))

    def test_an_address_answers_on_its_own_vlan_only(self):
        self.assertFalse(self.tagged("a", "wrong", "198.19.0.", 9).greet(attempts=1))
        self.assertFalse(self.tagged("a", "none", "198.19.0.", None, 40001).greet(attempts=1))


if __name__ == "__main__":
    case.main()

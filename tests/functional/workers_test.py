"""Two workers, restarts, and the process itself."""

import json
import os
import signal
import socket
import subprocess

import lib.case as case
from lib.case import Router


class TwoWorkers(case.RouterCase):
    WORKERS = ({"core": 0, "ports": ["p0"], "idle": "yield"}, {"core": 1, "ports": ["p1"], "idle": "yield"})

    def test_publisher_and_subscriber_on_different_workers(self):
        left, right = self.subscriber("a", ["to-a/#"]), self.subscriber("b", ["to-b/#"])
        with self.publisher("a") as to_b, self.publisher("b") as to_a:
            for number in range(500):
                to_b.publish(f"to-b/{number}", b"%d" % number)
                to_a.publish(f"to-a/{number}", b"%d" % number)
        self.assertEqual([event["payload"] for event in right.wait(500)], [b"%d" % number for number in range(500)])
        self.assertEqual([event["payload"] for event in left.wait(500)], [b"%d" % number for number in range(500)])
        owners = {row["worker"] for row in self.router.sessions().values()}
        self.assertEqual(owners, {0, 1})
        self.assertEqual(self.assert_laws()["copies_to_owner"], 1000)

    def test_large_events_cross_workers(self):
        reader = self.subscriber("b", ["#"])
        payload = os.urandom(60000)
        with self.publisher("a") as writer:
            for number in range(20):
                writer.publish(f"t/{number}", payload)
        self.assertEqual([event["payload"] == payload for event in reader.wait(20)], [True] * 20)


class Restart(case.RouterCase):
    def test_clients_greet_again_after_the_router_was_killed(self):
        reader = self.subscriber("b", ["#"])
        writer = self.publisher("a")
        writer.publish("t", b"before")
        reader.wait(1)
        self.router.kill()
        again = self.make_router()
        self.router = again.start()
        arrived = case.wait_for(lambda: self.arrives(writer, reader), 40, 0.5)
        self.assertTrue(arrived, f"clients did not come back: {self.router.sessions()}")
        writer.finish()

    def arrives(self, writer, reader):
        writer.publish("t", b"after")
        return any(event["payload"] == b"after" for event in reader.wait(len(reader.events) + 1, 0.5))

    def test_a_router_starts_cleanly_after_kill_9_and_restores_the_interface(self):
        self.router.kill()
        self.router = self.make_router().start()
        self.assertEqual(self.router.stop(), 0)
        self.assertEqual(self.router_host.run("cat", "/proc/sys/net/ipv6/conf/v0/disable_ipv6").stdout.strip(), "0")

    def test_killed_clients_are_forgotten_and_disturb_nobody(self):
        steady = self.subscriber("b", ["steady/#"])
        doomed = [self.subscriber("a", ["#"], name=f"doomed-{number}") for number in range(3)]
        with self.publisher("a") as writer:
            for number in range(300):
                if number == 100:
                    for one in doomed:
                        one.process.kill()
                writer.publish(f"steady/{number}", b"x")
        self.assertEqual(len(steady.wait(300)), 300)
        gone = case.wait_for(lambda: not any(name.startswith("doomed") for name in self.router.sessions()), 30, 0.5)
        self.assertTrue(gone, "sessions of dead clients stay")

    MORE = {"session": {"keepalive": 500, "timeout": 2000}}


class Process(case.RouterCase):
    HOSTS = ("a",)

    def second(self, **changed):
        """Another rhumbd's exit status and last words."""
        other = Router(case.paths.BUILD, self.router_host, self.folder, json.loads(json.dumps(self.router.config)), name="second")
        model = other.config["rhumb:rhumb"]
        for name, value in changed.items():
            model[name] = {**model[name], **value} if isinstance(model[name], dict) else value
        other.spawn()
        try:
            status = other.process.wait(20 * case.SLOW)
        except subprocess.TimeoutExpired:
            other.kill()
            self.fail("a second rhumbd was not refused")
        return status, other.last_words()

    def test_a_second_rhumbd_on_the_same_socket_is_refused_with_a_sentence(self):
        status, words = self.second(dataplane={"file-prefix": self.prefix + "other"})
        self.assertNotEqual(status, 0)
        self.assertIn(self.router.socket, words)

    def test_a_second_rhumbd_with_the_same_file_prefix_is_refused_with_a_sentence(self):
        status, words = self.second(control={"socket": os.path.join(self.folder, "other.sock")})
        self.assertNotEqual(status, 0)
        self.assertIn(self.prefix + "dpdk", words)

    def test_sigterm_and_sigint_drain_and_end_with_0(self):
        self.router.process.send_signal(signal.SIGINT)
        self.assertEqual(self.router.process.wait(20 * case.SLOW), 0)
        self.assertFalse(os.path.exists(self.router.socket))

    def test_sigterm_under_load_ends_with_0_and_says_goodbye(self):
        client = self.greeted("a", "talker")
        client.subscribe(["#"])
        for _ in range(200):
            client.publish("t", b"x" * 100)
        self.assertEqual(self.router.stop(), 0)
        self.assertIsNotNone(client.wait(case.wire.BYE, 2))


class Check(case.RouterCase):
    """rhumbd --check, which needs no router but looks at the machine: what is wrong, where, and what would be right."""

    HOSTS = ()
    NO_ROUTER = "--check starts nothing"

    def setUp(self):
        super().setUp()
        self.router_host.ip("link", "add", "v0", "type", "veth", "peer", "name", "v1")

    def check(self, content):
        path = os.path.join(self.folder, "rhumb.json")
        with open(path, "w", encoding="utf-8") as file:
            file.write(content if isinstance(content, str) else json.dumps(content))
        return self.router_host.run(os.path.join(case.paths.BUILD, "rhumbd"), "--check", path, check=False)

    def good(self):
        return case.configuration(self.folder, "check", [case.port("p0", "v0", ("198.18.0.1/24",))], [{"core": 1, "idle": "yield"}])

    def test_a_good_configuration_passes(self):
        done = self.check(self.good())
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_bad_ones_name_file_place_value_and_what_would_be_right(self):
        def changed(change):
            config = self.good()
            change(config["rhumb:rhumb"])
            return config

        for content, parts in (
                ("{", ("rhumb.json",)),
                (changed(lambda model: model["port"][0].update(mtu=20)), ("mtu", "20", "576")),
                (changed(lambda model: model["port"][0].update(nonsense=1)), ("nonsense",)),
                (changed(lambda model: model["dataplane"].update(hugepages="perhaps")), ("hugepages", "perhaps", "auto")),
                (changed(lambda model: model["port"][0].update(address=[{"ip": "198.18.0.300/24"}])), ("198.18.0.300/24",)),
                (changed(lambda model: model["dataplane"].update(worker=[{"core": 1, "ports": ["p9"]}])), ("p9",)),
                (changed(lambda model: model.update(session={"keepalive": 5000, "timeout": 6000})), ("timeout",))):
            with self.subTest(parts=parts):
                done = self.check(content)
                words = done.stderr.strip() or done.stdout.strip()
                self.assertEqual(done.returncode, 1, words)
                self.assertEqual(len(words.splitlines()), 1, words)
                for part in ("rhumb.json", *parts):
                    self.assertIn(part, words)

    def test_what_the_machine_does_not_have_is_named_the_same_way(self):
        def changed(**more):
            config = self.good()
            config["rhumb:rhumb"]["port"][0].update(more)
            return config

        def cored(**more):
            config = self.good()
            config["rhumb:rhumb"]["dataplane"].update(more)
            return config

        self.router_host.ip("link", "add", "v2", "type", "veth", "peer", "name", "v3")
        self.router_host.ip("address", "add", "192.0.2.1/24", "dev", "v2")
        for interface in ("v2", "v3"):
            self.router_host.ip("link", "set", interface, "up")
        self.router_host.ip("route", "add", "default", "via", "192.0.2.2")
        device = "port[name='p0']/device: port p0: "
        for content, parts in (
                (cored(worker=[{"core": 77, "idle": "yield"}]), ("dataplane/worker[core='77']/core: core 77: ", "cores 0")),
                (cored(**{"control-core": 99}), ("dataplane/control-core: core 99: ", "cores 0")),
                (changed(device="net_af_packet0,iface=nope"), (device, "no interface nope", "ip link")),
                (changed(device="net_pcap0,iface=,iface=v0"), (device, "empty iface=")),
                (changed(device="net_af_packet0,iface=v2"), (device, "default route (v2)", "allow-default-route")),
                (changed(device="net_af_packet0,iface=v0", mtu=9000), ("port[name='p0']/mtu: port p0: ", "v0 has MTU 1500", "lower the port's")),
                (changed(device="net_pcap0,rx_pcap=/nonexistent.pcap"), (device, "/nonexistent.pcap")),
                (changed(device="ffff:1f:1f.7"), (device, "no PCI device ffff:1f:1f.7", "lspci"))):
            with self.subTest(parts=parts):
                done = self.check(content)
                self.assertEqual(done.returncode, 1, done.stdout)
                self.assertEqual(len(done.stderr.splitlines()), 1, done.stderr)
                self.assertRegex(done.stderr, "^rhumbd: .*rhumb.json: /rhumb:rhumb/")
                for part in parts:
                    self.assertIn(part, done.stderr)

    def test_it_may_run_beside_the_router_and_touches_nothing(self):
        path = os.path.join(self.folder, "m.sock")
        config = self.good()
        config["rhumb:rhumb"]["port"][0].update(device=f"net_memif0,role=server,socket={path},socket-abstract=no")
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listening:
            listening.bind(path)
            listening.listen(1)
            self.assertEqual(self.check(config).returncode, 0)
            listening.setblocking(False)
            self.assertRaises(BlockingIOError, listening.accept)
        self.assertEqual(self.check(config).returncode, 0)
        self.assertTrue(os.path.exists(path), "the stale socket is the start's to remove")
        self.assertEqual(sorted(os.listdir(self.folder)), ["m.sock", "rhumb.json"])

    def test_a_missing_file_is_named(self):
        done = case.run(os.path.join(case.paths.BUILD, "rhumbd"), "--check", "/nonexistent/rhumb.json", check=False)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("/nonexistent/rhumb.json", done.stderr)


if __name__ == "__main__":
    case.main()

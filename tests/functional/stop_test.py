"""SIGTERM in every state: exit status 0, no tap, no socket, no helper, the interface as it was."""

import os
import signal
import time

import lib.case as case

HUNG = """#!/bin/sh
# Takes requests and never answers.
exec sleep 600
"""


class Stopped(case.RouterCase):
    HOSTS = ("a",)

    def setUp(self):
        super().setUp()
        self.assertEqual(self.silenced(), "1")

    def silenced(self):
        return self.router_host.run("cat", "/proc/sys/net/ipv6/conf/v0/disable_ipv6").stdout.strip()

    def assert_clean(self, status, router=None):
        router = router or self.router
        self.assertEqual(status, 0, router.last_words())
        self.assertEqual(self.silenced(), "0")
        self.assertFalse(os.path.exists(router.socket))
        self.assertNotIn("p0", self.router_host.run("ls", "/sys/class/net", check=False).stdout.split())


class Stop(Stopped):
    def test_while_it_starts(self):
        self.assert_clean(self.router.stop())
        for milliseconds in (0, 50, 100, 200, 300, 400, 500, 700, 1000):
            with self.subTest(milliseconds=milliseconds):
                router = self.make_router()
                router.spawn()
                self.assertTrue(case.wait_for(lambda: self.holds_signals(router), 20, 0.001), router.last_words())
                time.sleep(milliseconds / 1000)
                router.process.send_signal(signal.SIGTERM)
                self.assert_clean(router.process.wait(30 * case.SLOW), router)

    @staticmethod
    def holds_signals(router):
        """main() runs: SIGTERM waits, or is caught."""
        with open(f"/proc/{router.process.pid}/status", encoding="ascii") as file:
            found = dict(line.split(":", 1) for line in file)
        masks = int(found["SigBlk"], 16) | int(found["SigCgt"], 16)
        return found["Name"].strip() == "rhumbd" and masks >> signal.SIGTERM - 1 & 1

    def test_again_and_again_while_it_stops(self):
        for _ in range(300):
            self.router.process.send_signal(signal.SIGTERM)
            time.sleep(0.002)
            if self.router.process.poll() is not None:
                break
        self.assert_clean(self.router.process.wait(30 * case.SLOW))

    def test_with_copies_queued(self):
        client = self.raw("a", "reader")
        self.assertTrue(client.greet(events=1))
        client.subscribe(["#"])
        for _ in range(50):
            client.publish("t", b"x" * 100)
        self.assertTrue(case.wait_for(lambda: self.total("copies_queued")), "nothing waits")
        self.assert_clean(self.router.stop())


class StopWhileCompiling(Stopped):
    def config(self, folder):
        path = os.path.join(folder, "hung")
        with open(path, "w", encoding="utf-8") as file:
            file.write(HUNG)
        os.chmod(path, 0o755)
        found = super().config(folder)
        found["rhumb:rhumb"]["content"] = {"compile-helper": path}
        return found

    def test_with_a_helper_that_hangs_plain_filters_are_served_and_stopping_is_not_delayed(self):
        picky, plain = self.greeted("a", "picky"), self.greeted("a", "plain")
        self.assertIsNone(picky.subscribe([("t/#", "abc")], timeout_s=1))
        self.assertEqual(plain.subscribe(["t/#"]), [(0, "")])
        children = self.children()
        self.assertTrue(children)
        self.assert_clean(self.router.stop())
        self.assertEqual([pid for pid in children if os.path.exists(f"/proc/{pid}")], [])

    def children(self):
        with open(f"/proc/{self.router.process.pid}/task/{self.router.process.pid}/children", encoding="ascii") as file:
            direct = file.read().split()
        return direct or case.run("pgrep", "-P", str(self.router.process.pid), check=False).stdout.split()


if __name__ == "__main__":
    case.main()

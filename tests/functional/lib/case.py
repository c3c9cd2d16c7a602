"""
A router in a namespace of its own and hosts around it. Every test ends with the conservation laws, the daemon's exit status and its log;
what was made is taken away whatever happened, and the logs stay when something failed. No class can switch that off: what would is refused
when the class is made, and a test that passed without it fails.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import unittest

import paths
import netns
import sweep
import wire
from client import Publisher, Subscriber
from rawclient import RawClient
from router import Router, configuration, port
from shell import CommandError, run, stop

SKIP = 77  # meson's exit status for a test that says it cannot run here
SANITIZER = re.compile(r"ERROR: \w+Sanitizer|SUMMARY: \w+Sanitizer|runtime error:")
SLOW = 4 if "asan" in paths.BUILD else 1


def why_not():
    """Why functional tests cannot run here, or None."""
    if os.geteuid() != 0:
        return "needs root for network namespaces"
    if not os.path.exists("/dev/net/tun"):
        return "needs /dev/net/tun"
    try:
        netns.Host(f"{sweep.PREFIX}{os.getpid()}-probe").create().destroy()
    except CommandError as error:
        return f"cannot make network namespaces: {error}"
    return None


def wait_for(condition, timeout_s=10, step_s=0.05):
    """The first true value of condition(), or its last one."""
    deadline = time.monotonic() + timeout_s * SLOW
    while not (value := condition()) and time.monotonic() < deadline:
        time.sleep(step_s)
    return value


class RouterCase(unittest.TestCase):
    """
    Hosts a, b, ... each on a port of its own (p0, p1, ...): router 198.18.N.1/24 and 2001:db8:N::1/64, host .2 and ::2.
    Classes say how many hosts, which workers, and what more the configuration holds.
    """

    HOSTS = ("a", "b")
    WORKERS = ({"core": 1, "idle": "yield"},)
    MORE = {}
    PORT_MORE = {}
    QUEUES = 1
    NO_ROUTER = ""  # why a class starts none; its conservation laws are then those of nothing
    maxDiff = None

    # The end of every test is the same for all.
    SEALED = ("run", "take_away", "last_checks", "assert_accounted", "assert_laws", "failed_so_far")

    def __init_subclass__(cls, **more):
        super().__init_subclass__(**more)
        changed = [name for name in cls.SEALED + ("SEALED", "LAWS") if name in vars(cls)]
        if changed:
            raise TypeError(f"{cls.__name__} replaces {', '.join(changed)}: no test may end without the conservation laws")

    def run(self, result=None):
        self.checked = False
        result = super().run(result)
        if result is not None and not self.checked and not self.told_by(result):
            error = AssertionError("passed without its last checks: call super().setUp() or register take_away")
            result.addFailure(self, (AssertionError, error, None))
        return result

    def setUp(self):
        self.clients, self.routers, self.hosts = [], [], {}
        self.prefix = f"{sweep.PREFIX}{os.getpid()}-"
        self.folder = tempfile.mkdtemp(prefix=self.prefix)
        self.addCleanup(self.take_away)
        self.router_host = self.host("router")
        for number, name in enumerate(self.HOSTS):
            self.connect(number, self.host(name))
        if not self.NO_ROUTER:
            self.router = self.make_router()
            self.router.start(30 * SLOW)

    # Making things

    def host(self, name):
        made = netns.Host(self.prefix + name)
        self.hosts[name] = made
        return made.create()

    def connect(self, number, host):
        netns.cable(self.router_host, f"v{number}", host, "eth0")
        netns.address(host, "eth0", f"198.18.{number}.2/24", f"2001:db8:{number}::2/64")
        host.ip("route", "add", "default", "via", f"198.18.{number}.1")
        host.ip("-6", "route", "add", "default", "via", f"2001:db8:{number}::1")

    def ports(self):
        return [port(f"p{number}", f"v{number}", (f"198.18.{number}.1/24", f"2001:db8:{number}::1/64"), self.QUEUES, **self.PORT_MORE)
                for number in range(len(self.HOSTS))]

    def config(self, folder):
        return configuration(folder, self.prefix + "dpdk", self.ports(), list(self.WORKERS), **{k: dict(v) if isinstance(v, dict) else v
                                                                                                 for k, v in self.MORE.items()})

    def make_router(self):
        # A log for each: what stands in it is this one's.
        name = f"rhumbd-{len(self.routers) + 1}" if self.routers else "rhumbd"
        made = Router(paths.BUILD, self.router_host, self.folder, self.config(self.folder), name)
        self.routers.append(made)
        return made

    def raw(self, host, client_id, router=None, **more):
        """A RawClient on @host, welcomed."""
        number = self.HOSTS.index(host)
        client = RawClient(self.hosts[host].name, router or f"198.18.{number}.1", client_id, **more)
        self.addCleanup(client.close)
        return client

    def greeted(self, host, client_id, incarnation=None, **hello):
        client = self.raw(host, client_id, incarnation=incarnation)
        self.assertTrue(client.greet(**hello), f"{client_id}: no welcome")
        return client

    def subscriber(self, host, filters, router=None, **more):
        number = self.HOSTS.index(host)
        made = Subscriber(paths.BUILD, self.hosts[host], router or f"198.18.{number}.1", filters, self.folder, **more)
        self.clients.append(made)
        return made.start(10 * SLOW)

    def publisher(self, host, router=None, **more):
        number = self.HOSTS.index(host)
        made = Publisher(paths.BUILD, self.hosts[host], router or f"198.18.{number}.1", self.folder, **more)
        self.clients.append(made)
        return made.start()

    # What every test ends with

    def take_away(self):
        failed = True
        try:
            if not self.failed_so_far():
                self.last_checks()
                failed = False
        finally:
            for client in self.clients:
                stop(client.process, 1)
            for router in self.routers:
                router.kill()
            if failed:
                self.keep_logs()
            for host in self.hosts.values():
                host.destroy()
            shutil.rmtree(self.folder, ignore_errors=True)

    def told_by(self, result):
        return any(self in (case, getattr(case, "test_case", None)) for case, _ in result.failures + result.errors + result.skipped)

    def failed_so_far(self):
        # Not the outcome's own flag: it begins anew for each cleanup.
        return self.told_by(self._outcome.result)

    def last_checks(self):
        self.assertTrue(self.routers or self.NO_ROUTER, "no router took part, and NO_ROUTER does not say why")
        for router in self.routers:
            if router.process is not None and router.process.poll() is None:
                self.assert_laws(router)
                self.assertEqual(router.stop(20 * SLOW), 0, "rhumbd's exit status after SIGTERM")
        for number, router in enumerate(self.routers):
            found = SANITIZER.search(router.log())
            self.assertIsNone(found, f"{router.log_path}: {found and found.group(0)}")
            self.assert_accounted(router, self.routers[number:])
        self.checked = True

    def assert_accounted(self, router, and_later):
        """Each process of @router that the test did not kill accounted for everything when it stopped; after a kill another one did."""
        finals = router.final_counts()
        for final in finals:
            self.assertTrue(final["hold"], f"conservation laws broken at the end: {final}")
        self.assertEqual(len(finals), router.starts - router.kills, f"one line of final counts for each rhumbd that stopped: {router.log_path}")
        self.assertTrue(any(one.starts > one.kills for one in and_later), "killed, and no router after it whose laws could be looked at")

    def assert_laws(self, router=None):
        found = (router or self.router).settle(10 * SLOW)
        self.assertTrue(found["hold"], f"conservation laws broken: {found['laws']}, counters {found['total']}")
        return found["total"]

    def keep_logs(self):
        kept = os.path.join(paths.LOGS, self.id())
        shutil.rmtree(kept, ignore_errors=True)
        shutil.copytree(self.folder, kept, ignore=shutil.ignore_patterns("*.sock"))
        print(f"logs kept in {kept}", file=sys.stderr)
        for router in self.routers:
            print("".join(f"  {line}\n" for line in router.log().splitlines()[-15:]), file=sys.stderr)

    # Short ways to ask

    def dropped(self, reason, level=None):
        return sum(count for (found, name), count in self.router.drops().items() if name == reason and level in (None, found))

    def total(self, name):
        return self.router.counters()["total"][name]


def main():
    if os.geteuid() == 0:
        sweep.main()
    reason = why_not()
    if reason:
        print(f"skipped: {reason}")
        sys.exit(SKIP)
    os.makedirs(paths.LOGS, exist_ok=True)
    done = unittest.main(verbosity=2, exit=False).result
    if done.skipped:
        # One exit status stands for the whole file: what cannot run here belongs in a file of its own, where why_not() says so.
        print("".join(f"skipped inside: {test}: {reason}\n" for test, reason in done.skipped), file=sys.stderr)
    sys.exit(bool(done.skipped) or not done.wasSuccessful())


# What tests use through this module.
__all__ = ["CommandError", "Publisher", "RawClient", "Router", "RouterCase", "Subscriber", "configuration", "main", "netns", "paths", "port",
           "run", "stop", "sweep", "tempfile", "wait_for", "wire"]

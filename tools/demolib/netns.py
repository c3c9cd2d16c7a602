"""Network namespaces as hosts, veth pairs as cables."""

import os
import signal
import subprocess
import time

from shell import CommandError, run

FOLDER = "/run/netns"


def existing(prefix):
    """Names of namespaces that begin with @prefix."""
    try:
        return sorted(name for name in os.listdir(FOLDER) if name.startswith(prefix))
    except FileNotFoundError:
        return []


def processes(name):
    found = run("ip", "netns", "pids", name, check=False)
    return [int(pid) for pid in found.stdout.split()]


def destroy(name, patience_s=3.0):
    """End everything that runs inside, then the namespace and with it its interfaces. Nothing to do is no error."""
    if name not in existing(name):
        return
    deadline = time.monotonic() + patience_s
    for number in (signal.SIGTERM, signal.SIGKILL):
        for pid in processes(name):
            try:
                os.kill(pid, number)
            except ProcessLookupError:
                pass
        while processes(name) and (number == signal.SIGKILL or time.monotonic() < deadline):
            time.sleep(0.05)
    run("ip", "netns", "del", name, check=False)


class Host:
    """One namespace. Created by create(), gone after destroy()."""

    def __init__(self, name):
        self.name = name

    def create(self):
        run("ip", "netns", "add", self.name)
        self.ip("link", "set", "lo", "up")
        return self

    def destroy(self):
        destroy(self.name)

    def command(self, *args):
        return ["ip", "netns", "exec", self.name, *[str(arg) for arg in args]]

    def run(self, *args, **more):
        return run(*self.command(*args), **more)

    def popen(self, *args, **more):
        return subprocess.Popen(self.command(*args), **more)

    def ip(self, *args, **more):
        return run("ip", "-n", self.name, *args, **more)

    def sysctl(self, name, value):
        self.run("sh", "-c", f"echo {value} > /proc/sys/{name}", check=False)

    def mac(self, interface):
        return self.run("cat", f"/sys/class/net/{interface}/address").stdout.strip()


def silence(host, interface):
    """No address of its own and no chatter of the kernel: only what a test or the router sends."""
    host.sysctl(f"net/ipv6/conf/{interface}/addr_gen_mode", 1)


def cable(router, router_interface, client, client_interface, mtu=1500):
    """A veth pair, up on both ends; the client leaves no checksum to a device that does not exist."""
    run("ip", "link", "add", router_interface, "netns", router.name, "mtu", mtu, "type", "veth",
        "peer", "name", client_interface, "netns", client.name, "mtu", mtu)
    silence(router, router_interface)
    for host, interface in ((router, router_interface), (client, client_interface)):
        host.ip("link", "set", interface, "up")
    try:
        client.run("ethtool", "-K", client_interface, "tx", "off", "tso", "off")
    except CommandError as error:
        raise CommandError(f"cannot switch transmit offload off on {client_interface}: {error}") from error


def address(host, interface, *addresses):
    for one in addresses:
        more = ["nodad"] if ":" in one else []
        host.ip("addr", "add", one, "dev", interface, *more)

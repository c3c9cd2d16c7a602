"""Other brokers beside the router: nats-server and mosquitto, each in a namespace of its own, and the client that measures them."""

import contextlib
import json
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import time

from lib import probe, windows
from lib.machine import MachineError
from lib.pairs import Void

TOP = pathlib.Path(__file__).resolve().parents[2]
sys.path.append(str(TOP / "tools/demolib"))

CLIENT = TOP / "perf/peers/client.py"
START_SECONDS = 20
CLIENT_SECONDS = 300
# For a quiet core, half a second each.
LOOKS = 10
# Debian puts servers where a user's PATH may not look.
SBIN = "/usr/local/sbin:/usr/sbin:/sbin"
LISTENING = "0A"
LOOPBACK = "127.0.0.1"

# Nothing is logged, kept or watched: what is left is the way of a message.
NATS = """listen: {address}:{port}
"""
MOSQUITTO = """listener {port} {address}
allow_anonymous true
persistence false
log_type error
sys_interval 0
set_tcp_nodelay true
max_queued_messages 0
max_inflight_messages 0
user root
"""
# name: (wire, program, port, configuration).
PEERS = {"nats": ("nats", "nats-server", 14222, NATS), "mosquitto": ("mqtt", "mosquitto", 11883, MOSQUITTO)}
# Share of its core's time that is neither the server's nor idle. nats-server often waits for a moment, and what the kernel does on a core
# that waits belongs to nobody: 3 to 9 % on a quiet machine. mosquitto never waits: below 1 %.
OTHERS_SHARE = {"nats": 0.10, "mosquitto": 1 - windows.ON_CPU_SHARE}


def program(name):
    """Path of the server @name; MachineError with the package's name where there is none. Debian calls packages as the programs."""
    _, file, _, _ = PEERS[name]
    found = shutil.which(file, path=os.environ.get("PATH", os.defpath) + ":" + SBIN)
    if not found:
        raise MachineError(f"{file} is missing: apt-get install {file}, or run tools/check once, it installs the packages")
    return found


@contextlib.contextmanager
def namespace():
    """A network namespace with nothing but loopback, gone afterwards with what runs in it."""
    from netns import Host  # pylint: disable=import-outside-toplevel,import-error
    from shell import CommandError  # pylint: disable=import-outside-toplevel,import-error
    host = Host(f"rhumbp-{os.getpid()}-peers")
    try:
        host.create()
    except CommandError as error:
        raise MachineError(f"a network namespace is needed: {error}: run as root") from error
    try:
        yield host
    finally:
        host.destroy()


def listens(text, port, address=LOOPBACK):
    """Does /proc/PID/net/tcp say that somebody listens on @address:@port? The kernel writes addresses as the processor keeps them."""
    wanted = f"{int.from_bytes(socket.inet_aton(address), sys.byteorder):08X}:{port:04X}"
    rows = (line.split() for line in text.splitlines()[1:])
    return any(row[1] == wanted and row[3] == LISTENING for row in rows)


class Server:
    """One server in @host, on the worker's core, with @environment beside ours; ended by close()."""

    def __init__(self, rig, host, name, environment, address=LOOPBACK):
        self.name, self.address = name, address
        self.wire, file, self.port, text = PEERS[name]
        self.log, config = rig.folder / f"{file}.log", rig.folder / f"{file}.conf"
        config.write_text(text.format(port=self.port, address=address), encoding="ascii")
        words = host.command("taskset", "-c", rig.worker, program(name), "-c", config)
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env={**os.environ, **environment})
        self._wait(file)

    def _ready(self, file):
        # Before it is the server's, the process is ip's and in our namespace.
        folder = pathlib.Path(f"/proc/{self.process.pid}")
        return (folder / "comm").read_text(encoding="ascii").strip() == file and listens((folder / "net/tcp").read_text(encoding="ascii"), self.port, self.address)

    def _wait(self, file):
        deadline = time.monotonic() + START_SECONDS
        while self.process.poll() is not None or not self._ready(file):
            if self.process.poll() is not None or time.monotonic() > deadline:
                words = self.last_words()
                self.close()
                raise MachineError(f"{file} did not start: {words}")
            time.sleep(0.02)

    def last_words(self):
        """The last line of its log."""
        lines = self.log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
        return lines[-1] if lines else "it said nothing"

    def close(self):
        """End it and wait."""
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()


def _client(host, server, options):
    words = host.command(sys.executable, CLIENT, server.wire, server.port, server.process.pid, "--host", server.address)
    for key, value in options.items():
        words += [f"--{key}", str(value)]
    try:
        done = subprocess.run(words, capture_output=True, text=True, timeout=CLIENT_SECONDS, check=False)
    except subprocess.TimeoutExpired as error:
        raise Void(f"{server.name}: its client did not end in {CLIENT_SECONDS} s") from error
    if done.returncode != 0:
        said = done.stderr.strip().splitlines()[-1:] or [f"{server.name}: its client ended with status {done.returncode}"]
        gone = f"; the server ended: {server.last_words()}" if server.process.poll() is not None else ""
        raise Void(said[0] + gone)
    return json.loads(done.stdout)


def run(rig, host, name, options, environment, address=LOOPBACK, beyond=None):
    """Start server @name in @host, let the client in @beyond (the same host without) measure it, end it: the client's answer."""
    server = Server(rig, host, name, environment, address)
    try:
        return _client(beyond or host, server, {"core": rig.control, "server-core": rig.worker, **options})
    finally:
        server.close()


def void(name, window):
    """Why @window of server @name says nothing, or None. A server may wait for its client; nobody else may have its core."""
    others = 1 - (window["cpu_ns"] + window["idle_ns"]) / window["wall_ns"]
    if others > OTHERS_SHARE[name]:
        return f"others had its core for {others:.0%} of the window"
    return None


def cost_ns(window):
    """Processor time of the server for each delivered message."""
    return window["cpu_ns"] / window["messages"]


def middle(name, found):
    """The median window by cost of those that count; Void without."""
    valid = sorted((w for w in found if w["messages"] and not void(name, w)), key=cost_ns)
    if not valid:
        raise Void(f"{name}: {void(name, found[0]) or 'delivered nothing in its window'}")
    return valid[len(valid) // 2]


def quiet(rig, name, looks):
    """Return once a spin was undisturbed; Void after that many @looks."""
    try:
        probe.settle(rig.build, (rig.worker,), looks)
    except Void as why:
        raise Void(f"{name}: {why}") from why


def measure(rig, host, name, options, environment):
    """(median window, the client's answer) between quiet spins; Void when nothing counts. A million subscriptions are not begun on a busy
    core."""
    quiet(rig, name, LOOKS)
    found = run(rig, host, name, options, environment)
    quiet(rig, name, 1)
    return middle(name, found["windows"]), found

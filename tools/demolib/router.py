"""rhumbd in a namespace: configuration, start, questions over the control socket, stop."""

import json
import os
import signal
import subprocess
import time

from control import Control
from shell import CommandError, run

MODEL = "rhumb:rhumb"
FINAL = " main: final counts: "


def port(name, interface, addresses, queues=1, **more):
    """A port on a kernel interface. @addresses: with prefix length, or dicts with ip and vlan."""
    device = f"net_af_packet_{name},iface={interface},qpairs={queues},blocksz=65536,framesz=2048,framecnt=4096"
    listed = [one if isinstance(one, dict) else {"ip": one} for one in addresses]
    return {"name": name, "device": device, "address": listed, **more}


def configuration(folder, prefix, ports, workers, *, hugepages="off", memory=256, metrics_port="off", **more):
    """The whole file as a dict. @workers: list of dicts (core, idle, ports)."""
    return {MODEL: {
        "dataplane": {"hugepages": hugepages, "memory": memory, "file-prefix": prefix, "worker": workers,
                      **more.pop("dataplane", {})},
        "port": ports,
        "control": {"socket": os.path.join(folder, "rhumb.sock")},
        "metrics": {"port": metrics_port},
        **more,
    }}


class Router:
    def __init__(self, build, host, folder, config, name="rhumbd"):
        self.build, self.host, self.folder, self.config, self.name = build, host, folder, config, name
        self.process = self.control = None
        self.starts = self.kills = 0  # processes; those that a SIGKILL ended
        self.log_path = os.path.join(folder, f"{name}.log")
        self.config_path = os.path.join(folder, f"{name}.json")

    @property
    def socket(self):
        return self.config[MODEL]["control"]["socket"]

    def write_config(self):
        with open(self.config_path, "w", encoding="utf-8") as file:
            json.dump(self.config, file, indent=1)

    def spawn(self, before=()):
        """Start and do not wait. @before: a command in front, such as taskset -c 1."""
        self.write_config()
        with open(self.log_path, "ab") as log:
            self.process = self.host.popen(*before, os.path.join(self.build, "rhumbd"), "--config", self.config_path,
                                           stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
        self.starts += 1

    def start(self, patience_s=30, before=()):
        self.spawn(before)
        deadline = time.monotonic() + patience_s
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise CommandError(f"rhumbd ended at start with status {self.process.returncode}: {self.last_words()}")
            if self.answers():
                return self
            time.sleep(0.05)
        raise CommandError(f"rhumbd does not answer within {patience_s} s: {self.last_words()}")

    def log(self):
        try:
            with open(self.log_path, encoding="utf-8", errors="replace") as file:
                return file.read()
        except FileNotFoundError:
            return ""

    def final_counts(self):
        """What each process of this router logged when its workers had ended, docs/operations.md; one that was killed logs nothing."""
        return [json.loads(line.split(FINAL, 1)[1]) for line in self.log().splitlines() if FINAL in line]

    def last_words(self):
        lines = self.log().strip().splitlines()
        return lines[-1] if lines else "it said nothing"

    def cli(self, *args, check=True, **more):
        """The rhumb command with this router's socket."""
        environment = {**os.environ, "RHUMB_SOCKET": self.socket}
        return run(os.path.join(self.build, "rhumb"), *args, check=check, env=environment, **more)

    def cli_json(self, *args):
        return json.loads(self.cli(*args, "--json").stdout)

    def ask(self, name, **body):
        """The answer to one request of docs/control-protocol.md, as a dict."""
        if self.control is None:
            self.control = Control(self.socket)
        try:
            return self.control.ask(name, **body)
        except OSError as error:
            self.hang_up()
            raise CommandError(f"{name}: {error}: {self.last_words()}") from error

    def answers(self):
        try:
            return self.ask("show status")["health"] in ("ok", "degraded")
        except (OSError, CommandError):
            return False

    def hang_up(self):
        if self.control is not None:
            self.control.close()
        self.control = None

    def counters(self):
        return self.ask("show counters")

    def drops(self):
        """{(level, reason): count}"""
        return {(row["level"], row["reason"]): row["count"] for row in self.ask("show drops")["drops"] if row["count"]}

    def sessions(self):
        """{client id: row}"""
        return {row["client_id"]: row for row in self.ask("show sessions")["sessions"]}

    def settle(self, patience_s=10):
        """Wait until the laws hold and nothing is queued any more; returns the last counters either way."""
        deadline = time.monotonic() + patience_s
        while True:
            before = self.counters()
            time.sleep(0.1)
            after = self.counters()
            quiet = all(before["total"][name] == after["total"][name] for name in ("rx_datagrams", "events_parsed", "copies_tx"))
            if (quiet and after["hold"]) or time.monotonic() > deadline:
                return after

    def stop(self, patience_s=20):
        """SIGTERM; returns the exit status, or None when it had to be killed."""
        self.hang_up()
        if self.process is None:
            return 0
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(patience_s)
        except subprocess.TimeoutExpired:
            self.kill()
            return None

    def kill(self):
        self.hang_up()
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.kills += 1
        return self.process.wait() if self.process else None

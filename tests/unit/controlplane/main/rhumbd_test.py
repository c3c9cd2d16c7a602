"""The program itself, on a null port without hugepages: options, checks, start, refusals, reload, drain. rhumbd_test.py RHUMBD."""
import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest

RHUMBD = sys.argv.pop(1)
START_S = 40  # a loaded machine


class Rhumbd(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="rhumbd-test-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.config = self.folder / "rhumb.json"
        self.write()

    def write(self, name="rhumb.json", **more):
        prefix = f"rhumbd-test-{os.getpid()}-{self.folder.name[-8:]}"
        cores = sorted(os.sched_getaffinity(0))
        tree = {"dataplane": {"hugepages": "off", "memory": 64, "file-prefix": prefix, "control-core": cores[0],
                              "worker": [{"core": cores[-1], "idle": "yield"}]},
                "port": [{"name": "p0", "device": "net_null0,no-rx=1", "slow-path": "none"}],
                "control": {"socket": str(self.folder / "rhumb.sock")}, "metrics": {"port": "off"}, **more}
        (self.folder / name).write_text(json.dumps({"rhumb:rhumb": tree}))
        return self.folder / name

    def run_it(self, *arguments, **environment):
        return subprocess.run([RHUMBD, *map(str, arguments)], capture_output=True, text=True, timeout=START_S, check=False,
                              env={**os.environ, **environment})

    def start(self, **environment):
        log = open(self.folder / "log", "ab")
        self.addCleanup(log.close)
        process = subprocess.Popen([RHUMBD, "--config", str(self.config)], stderr=log, env={**os.environ, **environment})
        self.addCleanup(process.wait, 20)
        self.addCleanup(process.kill)
        self.wait_log("ready:", process)
        return process

    def log(self):
        return (self.folder / "log").read_text()

    def wait_log(self, text, process, count=1):
        deadline = time.monotonic() + START_S
        while self.log().count(text) < count:
            self.assertIsNone(process.poll(), self.log())
            self.assertLess(time.monotonic(), deadline, self.log())
            time.sleep(0.02)

    def test_check_says_what_it_would_do(self):
        done = self.run_it("--check", self.config)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("port p0: net_null0,no-rx=1", done.stdout)
        self.assertIn("metrics off", done.stdout)

    def test_check_of_a_bad_file_is_one_line_and_1(self):
        done = self.run_it("--check", self.write("bad.json", drain="soon"))
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stderr, r"^rhumbd: .*bad\.json:1: /rhumb:rhumb/drain: .*\"soon\".*0\.\.600000 \(ms\)\n$")

    def test_a_missing_pattern_compiler_is_said_by_check_and_at_start(self):
        self.write(content={"compile-helper": "/nonexistent/hsc"})
        sentence = "the pattern compiler /nonexistent/hsc cannot be started: No such file or directory"
        done = self.run_it("--check", self.config)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("warning: " + sentence, done.stdout)
        process = self.start()
        self.assertIn(sentence, self.log())
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(20), 0)

    def test_options(self):
        self.assertIn("Hyperscan", self.run_it("--version").stdout)
        self.assertIn("usage:", self.run_it("--help").stdout)
        self.assertIn("### /rhumb:rhumb/port", self.run_it("--reference").stdout)
        self.assertEqual(self.run_it("--nonsense").returncode, 2)
        self.assertEqual(self.run_it("stray").returncode, 2)

    def test_the_environment_names_the_configuration(self):
        done = self.run_it(RHUMB_CONFIG="/nonexistent/x.json")
        self.assertEqual(done.returncode, 1)
        self.assertIn("/nonexistent/x.json", done.stderr)

    def test_drains_and_ends_with_0(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            process = self.start()
            process.send_signal(number)
            self.assertEqual(process.wait(20), 0, self.log())
            self.assertFalse((self.folder / "rhumb.sock").exists())
            final, = re.findall(r"final counts: (.*)", self.log())
            self.assertEqual([json.loads(final)[law]["difference"] for law in ("datagrams", "events", "copies")], [0, 0, 0], final)
            self.assertTrue(json.loads(final)["hold"])
            (self.folder / "log").write_text("")

    def test_a_second_one_on_the_socket_is_refused(self):
        process = self.start()
        done = self.run_it("--config", self.config)
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stderr, rf"another rhumbd \(pid {process.pid}\)")
        self.assertEqual(len(done.stderr.splitlines()), 1, done.stderr)

    def test_a_second_one_with_the_prefix_is_refused(self):
        self.start()
        done = self.run_it("--config", self.write("other.json", control={"socket": str(self.folder / "other.sock")}))
        self.assertEqual(done.returncode, 1)
        self.assertIn("prefix", done.stderr)
        self.assertFalse((self.folder / "other.sock").exists())

    def test_a_device_that_does_not_exist_is_refused_and_undone(self):
        bad = self.write(port=[{"name": "p0", "device": "net_af_packet0,iface=nosuchif"}])
        for option in ("--check", "--config"):
            done = self.run_it(option, bad)
            self.assertEqual(done.returncode, 1)
            self.assertRegex(done.stderr, r"^rhumbd: .*/rhumb\.json: /rhumb:rhumb/port\[name='p0'\]/device: port p0: there is no "
                                          r"interface nosuchif .*\n$")
        self.write()
        self.start()

    def test_what_only_the_driver_finds_wrong_is_named_at_the_port(self):
        done = self.run_it("--config", self.write(port=[{"name": "p0", "device": "net_null0,nonsense=1", "slow-path": "none"}]))
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stderr.splitlines()[-1], r"rhumb\.json: /rhumb:rhumb/port\[name='p0'\]/device: port p0: net_null0,nonsense=1 ")

    def test_a_core_that_is_not_there_is_refused_by_check_and_at_start(self):
        tree = json.loads(self.config.read_text())["rhumb:rhumb"]["dataplane"]
        for place, change in (("worker[core='126']/core: core 126", {"worker": [{"core": 126, "idle": "yield"}]}),
                              ("control-core: core 126", {"control-core": 126})):
            self.write(dataplane={**tree, **change})
            for option in ("--check", "--config"):
                done = self.run_it(option, self.config)
                self.assertEqual(done.returncode, 1)
                self.assertIn(f"/rhumb.json: /rhumb:rhumb/dataplane/{place}: not online on this machine: cores 0", done.stderr)

    def test_a_core_outside_the_cpuset_is_refused_and_one_outside_the_mask_is_not(self):
        cores = sorted(os.sched_getaffinity(0))
        if len(cores) < 2:
            self.skipTest("needs two processors")
        done = subprocess.run(["taskset", "-c", str(cores[0]), RHUMBD, "--check", self.config], capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        group = pathlib.Path(f"/sys/fs/cgroup/cpuset/{self.folder.name}")  # version 1 of cgroups
        try:
            group.mkdir()
        except OSError as error:
            self.skipTest(f"no cpuset of one's own: {error}")
        self.addCleanup(group.rmdir)
        (group / "cpuset.mems").write_text((group.parent / "cpuset.mems").read_text())
        (group / "cpuset.cpus").write_text(str(cores[0]))
        done = subprocess.run([RHUMBD, "--check", self.config], capture_output=True, text=True, check=False,
                              preexec_fn=lambda: (group / "cgroup.procs").write_text(str(os.getpid())))
        self.assertEqual(done.returncode, 1)
        self.assertIn(f"worker[core='{cores[-1]}']/core: core {cores[-1]}: a cpuset keeps this process off it: cores {cores[0]} are "
                      "allowed", done.stderr)

    def test_ports_with_one_queue_go_round_the_workers(self):
        cores = sorted(os.sched_getaffinity(0))[:2]
        if len(cores) < 2:
            self.skipTest("needs two processors")
        tree = json.loads(self.config.read_text())["rhumb:rhumb"]
        tree["dataplane"]["worker"] = [{"core": core, "idle": "yield"} for core in cores]
        pcap = "net_pcap{},iface=lo"
        names = [{"name": f"p{n}", "device": pcap.format(n), "slow-path": "none"} for n in range(2)]
        for ports, workers in ((names, 2), (names[:1], 1)):
            self.write(**{"dataplane": tree["dataplane"], "port": ports})
            process = self.start()
            self.assertIn(f"{workers} workers on cores", self.log())
            self.assertEqual("is not started" in self.log(), workers == 1)
            process.terminate()
            self.assertEqual(process.wait(20), 0)
            (self.folder / "log").write_text("")

    def test_starts_again_after_being_killed(self):
        process = self.start()
        process.kill()
        process.wait(20)
        (self.folder / "log").write_text("")
        self.start()

    def test_reload_reports_and_keeps(self):
        process = self.start()
        self.write(drain=7)
        process.send_signal(signal.SIGHUP)
        self.wait_log("/rhumb:rhumb/drain: 2000 -> 7 (restart)", process)
        self.config.write_text("{")
        process.send_signal(signal.SIGHUP)
        self.wait_log("the running configuration stays", process)
        process.terminate()
        self.assertEqual(process.wait(20), 0)

    def test_tells_systemd(self):
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
            notify.bind(str(self.folder / "notify"))
            notify.settimeout(20)
            process = self.start(NOTIFY_SOCKET=str(self.folder / "notify"), WATCHDOG_USEC="200000")
            self.assertEqual(notify.recv(1000), b"READY=1")
            seen = {notify.recv(1000) for _ in range(4)}
            self.assertIn(b"WATCHDOG=1", seen)
            self.assertTrue(any(text.startswith(b"STATUS=ok: 0 sessions") for text in seen), seen)
            process.terminate()
            self.assertEqual(process.wait(20), 0)
            notify.setblocking(False)
            rest = b""
            while b"STOPPING=1" not in rest:
                rest = notify.recv(1000)
            # Longer than the drain, so that systemd waits for it.
            extended = re.search(rb"^EXTEND_TIMEOUT_USEC=(\d+)$", rest, re.M)
            self.assertGreaterEqual(int(extended[1]), 30_000_000, rest)


done = unittest.main(verbosity=2, exit=False).result
# 77 is how meson learns of a skip: what this machine could not show is counted as skipped, not as passed.
sys.exit(not done.wasSuccessful() or (77 if done.skipped else 0))

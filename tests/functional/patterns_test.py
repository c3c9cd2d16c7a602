"""Payload patterns, and filters that are refused with the reason."""

import glob
import os
import random
import time

import lib.case as case
import lib.wire as wire


class Patterns(case.RouterCase):
    # What a scan or a compilation costs is the machine's business: under the sanitizers three times as much and more.
    MORE = {"content": {"scan-cost-max": 10000}}

    def test_a_pattern_selects_by_payload_and_topic_together(self):
        reader = self.subscriber("b", [("debian/#", "CVE-[0-9]{4}-[0-9]{4,}")])
        with self.publisher("a") as writer:
            for number in range(100):
                payload = b"fix\nCVE-2024-%04d\n" % number if number % 3 == 0 else b"CVE-24-1"
                writer.publish(f"debian/{number}", payload)
                writer.publish(f"other/{number}", b"CVE-2024-12345")
        due = [f"debian/{number}" for number in range(100) if number % 3 == 0]
        self.assertEqual([event["topic"] for event in reader.wait(len(due))], due)

    def test_patterns_that_hyperscan_lacks_or_that_match_nothing_in_particular_are_refused_with_the_reason(self):
        client = self.greeted("b", "client")
        for pattern, code in (("(a)\\1", 2), ("(?=a)b", 2), ("a*", 2), ("(", 2), ("^$", 2), ("[", 2)):
            with self.subTest(pattern=pattern):
                (got, text), = client.subscribe([("t/#", pattern)], timeout_s=30)
                self.assertIn(got, (code, 3, 4), text)
                self.assertTrue(text, "no reason given")
        self.assertEqual(client.subscribe([("t/#", "ab+c")], timeout_s=30)[0][0], 0)

    def test_one_bad_entry_does_not_refuse_its_neighbours(self):
        client = self.greeted("b", "client")
        answer = client.subscribe(["good/#", "bad/#/x", ("also-good", "abc"), "$share/g/x", "$queue/x"], timeout_s=30)
        self.assertEqual([code == 0 for code, _ in answer], [True, False, True, False, False])
        self.assertTrue(all(text for code, text in answer if code))

    def test_a_pattern_does_not_wait_for_those_of_others_that_take_long(self):
        hogs = [self.greeted("b", f"hog{number}") for number in range(4)]
        for number, hog in enumerate(hogs):
            texts = [f"h{number}_{i}(a.{{1,200}}b.{{1,200}}c|d.{{1,300}}e){{8}}" for i in range(10)]
            hog.send(wire.subscribe([wire.entry("t/#", text) for text in texts], 1, wire.SUBSCRIBE))
        victim = self.greeted("a", "victim")
        self.assertEqual(victim.subscribe([("t/#", "simple0")], timeout_s=30)[0][0], 0)
        # Their own answers take long: they came later, or have not come at all.
        self.assertFalse([hog for hog in hogs[1:] if hog.wait(wire.SUBACK, 0.01)])

    def test_explain_says_why_and_why_not(self):
        self.subscriber("b", ["a/#"], name="plain")
        self.subscriber("b", [("a/#", "needle")], name="picky")
        self.subscriber("b", ["b/#"], name="elsewhere")
        answer = self.router.cli_json("explain", "a/b")
        self.assertEqual({row["client_id"] for row in answer["candidates"]}, {"plain", "picky"})
        self.assertEqual({row["client_id"]: row["layer"] for row in answer["candidates"]}, {"plain": "index", "picky": "content"})
        self.assertEqual([answer["cost"][key] for key in ("topics", "shapes", "compared", "matched", "scans", "copies")], [1, 1, 1, 1, 1, 1])
        self.assertGreater(answer["cost"]["cycles"], max(row["cost_cycles"] for row in answer["candidates"]))
        path = self.folder + "/payload"
        for payload, verdict in ((b"a needle", "deliver"), (b"hay", "content_missed")):
            with open(path, "wb") as file:
                file.write(payload)
            rows = self.router.cli_json("explain", "a/b", "--payload", path)["candidates"]
            self.assertEqual({row["client_id"]: row["verdict"] for row in rows}, {"plain": "deliver", "picky": verdict})
        only = self.router.cli_json("explain", "a/b", "--client", "elsewhere")
        self.assertEqual([(row["verdict"], row["why"]) for row in only["candidates"]],
                         [("filter_missed", "level 1 is 'a', the filter wants 'b'")])


class OwnPayloads(case.RouterCase):
    """What patterns cost on what is published."""
    # What is written to hurt it takes the blanks for letters; words that it matches cost a hundred cycles a byte.
    HIDDEN = "(?x)( ab | cd | ef | gh ){30,200} .{100,300} z"

    def publish(self, payload, until):
        with self.publisher("a") as writer:
            for _ in range(400):
                writer.publish("t/x", payload)
                time.sleep(0.02)
                if until():
                    return True
        return False

    def shown(self):
        return self.router.cli_json("show", "patterns")["patterns"]

    def test_what_is_published_decides(self):
        words = "".join(random.choice(("ab", "cd", "ef", "gh")) for _ in range(500)).encode()
        client = self.greeted("b", "one")
        self.assertEqual(self.shown(), [])
        (code, price), = client.subscribe([("t/#", self.HIDDEN + "1")], timeout_s=30)
        self.assertEqual((code, "payloads are not known yet" in price), (0, True), price)
        self.assertTrue(self.publish(words, lambda: self.shown()[0]["dear"]), self.shown())
        (code, why), = client.subscribe([("t/#", self.HIDDEN + "2")], timeout_s=30)
        self.assertEqual(code, 3, why)
        self.assertRegex(why, r"^pattern costs \d+ cycles a byte to scan on this tenant's recent payloads \(\d+ on those made to hurt it\), "
                              r"more than the 32 allowed: ")
        row, = self.shown()
        self.assertEqual((row["tenant"], row["patterns"], row["databases"]), (0, 1, 1))
        self.assertGreater(row["typical_cycles_per_byte"], row["limit_cycles_per_byte"])
        self.assertLess(row["worst_cycles_per_byte"], row["limit_cycles_per_byte"])
        log = self.router.log()
        self.assertIn("traffic has made them dear", log)
        self.assertNotIn(words[:16].decode(), log)


class KeptPatterns(case.RouterCase):
    """A router that compiled many patterns and starts again."""
    COUNT = 288
    EACH = 24  # of one request

    def config(self, folder):
        found = super().config(folder)
        found["rhumb:rhumb"]["content"] = {"pattern-store": os.path.join(folder, "patterns"), "scan-cost-max": 10000, "compile-time-max": 60000}
        return found

    def subscribe_all(self):
        client = self.greeted("b", "many")
        for first in range(0, self.COUNT, self.EACH):
            texts = [f'^{{"user":"w{number}[0-9]+","id":{number},' for number in range(first, first + self.EACH)]
            answer = client.subscribe([("t/#", text) for text in texts], timeout_s=60 * case.SLOW)
            self.assertEqual({code for code, _ in answer}, {0}, answer)

    def test_a_restart_finds_them_compiled(self):
        self.subscribe_all()
        self.assertTrue(case.wait_for(lambda: glob.glob(self.folder + "/patterns/tenant-*.patterns"), 60), self.router.last_words())
        path, = glob.glob(self.folder + "/patterns/tenant-*.patterns")
        self.assertEqual([os.stat(name).st_mode & 0o7777 for name in (path, os.path.dirname(path))], [0o600, 0o700])
        self.assertEqual(self.router.stop(), 0)
        self.router = self.make_router().start()
        self.assertIn(f" {self.COUNT} compiled patterns taken from ", self.router.log())
        # The compile helper is started when it is first needed.
        self.subscribe_all()
        self.assertNotIn("rhumb-hsc", self.children())
        reader = self.subscriber("b", [("t/#", '^{"user":"w7[0-9]+","id":7,')])
        self.assertNotIn("rhumb-hsc", self.children())
        with self.publisher("a") as writer:
            for number in range(20):
                writer.publish("t/x", b'{"user":"w%d1","id":%d,' % (number, number))
        self.assertEqual([event["payload"] for event in reader.wait(1)], [b'{"user":"w71","id":7,'])

    def test_a_damaged_file_is_ignored(self):
        self.subscribe_all()
        self.assertTrue(case.wait_for(lambda: glob.glob(self.folder + "/patterns/tenant-*.patterns"), 60), self.router.last_words())
        path, = glob.glob(self.folder + "/patterns/tenant-*.patterns")
        self.assertEqual(self.router.stop(), 0)
        with open(path, "r+b") as file:
            file.seek(-1, os.SEEK_END)
            last = file.read(1)
            file.seek(-1, os.SEEK_END)
            file.write(bytes([last[0] ^ 1]))
        self.router = self.make_router().start()
        self.assertIn(" is damaged: ignored, ", self.router.log())
        (code, price), = self.greeted("b", "one").subscribe([("t/#", "needle")], timeout_s=30)
        self.assertEqual(code, 0)
        self.assertRegex(price, r"^its pattern takes up to \d+\.\d cycles a payload byte; this tenant's payloads are not known yet$")

    def children(self):
        return case.run("ps", "--ppid", str(self.router.process.pid), "-o", "comm=", check=False).stdout.split()


if __name__ == "__main__":
    case.main()

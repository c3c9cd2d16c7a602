"""What is published, as rhumb show topics tells it: counts, rates, filters, and what is said of the rest."""

import json
import os

import jsonschema
import lib.case as case

SCHEMA = os.path.join(case.paths.ROOT, "docs", "schemas", "show-topics.json")


class Topics(case.RouterCase):
    def topics(self, *words):
        answer = self.router.cli_json("show", "topics", *words)
        with open(SCHEMA, encoding="utf-8") as file:
            jsonschema.validate(answer, json.load(file))
        return answer

    def test_counts_bytes_receivers_and_filters(self):
        readers = [self.subscriber("b", ["plant/+/alarm"], name="one"), self.subscriber("b", ["plant/7/#"], name="two")]
        with self.publisher("a") as writer:
            for number in range(60):
                writer.publish(f"plant/{number % 10}/alarm", b"x" * 100)
            for _ in range(30):
                writer.publish("plant/7/state", b"on")
        readers[0].wait(60)
        readers[1].wait(36)
        self.router.settle()
        found = self.topics("--limit", "100")
        rows = {row["topic"]: row for row in found["topics"]}
        self.assertEqual(len(rows), 11)
        self.assertEqual((found["shown"], found["matched"], found["cached"], found["sample"]), (11, 11, 11, 1))
        self.assertEqual(found["rest"], {"events": 0, "bytes": 0, "topics": 0, "topics_error": 0})
        self.assertEqual([rows["plant/7/state"][key] for key in ("events", "bytes", "receivers", "exact", "missed_at_most")],
                         [30, 60, 1, True, 0])
        self.assertEqual([rows["plant/7/alarm"][key] for key in ("events", "bytes", "receivers")], [6, 600, 2])
        self.assertEqual([rows["plant/1/alarm"][key] for key in ("events", "bytes", "receivers")], [6, 600, 1])
        self.assertEqual(sum(row["events"] for row in rows.values()), self.assert_laws()["events_parsed"])

        self.assertEqual(self.topics("--sort", "receivers", "--limit", "1")["topics"][0]["topic"], "plant/7/alarm")
        self.assertEqual([row["topic"] for row in self.topics("plant/7/#")["topics"]], ["plant/7/state", "plant/7/alarm"])
        one = self.topics("plant/8/none")
        self.assertEqual((one["topics"], one["matched"], one["topic_missed_at_most"]), ([], 0, 0))
        text = self.router.cli("show", "topics", "plant/7/#").stdout
        self.assertIn("2 of 2 topics shown\nevery event is in one of the topics\n", text)

    def test_rates_follow_what_is_published(self):
        with self.publisher("a") as writer:
            writer.publish("busy", b"12345")
            self.router.settle()
            self.topics()
            for _ in range(200):
                writer.publish("busy", b"12345")
        rated = case.wait_for(lambda: [row for row in self.topics()["topics"] if row["events_per_s"] > 0 and row["events"] == 201])
        self.assertTrue(rated)
        self.assertAlmostEqual(rated[0]["bytes_per_s"], 5 * rated[0]["events_per_s"], delta=0.01 * rated[0]["bytes_per_s"])
        self.assertTrue(case.wait_for(lambda: self.topics()["topics"][0]["events_per_s"] == 0), "a topic that stopped")

    def test_what_cannot_be_asked_is_refused_with_what_would_be_right(self):
        for words, sentence in ((("a/#/b",), "#"), (("--tenant", "acme"), '"default"'), (("--sort", "size"), "rate, bytes, last and receivers")):
            with self.subTest(words=words):
                done = self.router.cli("show", "topics", *words, check=False)
                self.assertEqual((done.returncode, done.stdout, done.stderr.count("\n")), (1, "", 1))
                self.assertIn(sentence, done.stderr)


class TwoWorkers(case.RouterCase):
    WORKERS = ({"core": 0, "ports": ["p0"], "idle": "yield"}, {"core": 1, "ports": ["p1"], "idle": "yield"})

    def test_counts_of_two_workers_are_added_up(self):
        with self.publisher("a") as left, self.publisher("b") as right:
            for _ in range(50):
                left.publish("both", b"1234")
                right.publish("both", b"12")
            right.publish("right", b"")
        self.router.settle()
        rows = {row["topic"]: row for row in self.router.cli_json("show", "topics")["topics"]}
        self.assertEqual([rows["both"][key] for key in ("events", "bytes", "exact")], [100, 300, True])
        self.assertEqual([rows["right"][key] for key in ("events", "bytes", "worker")], [1, 0, 1])


class ManyTopics(case.RouterCase):
    def config(self, folder):
        found = super().config(folder)
        found["rhumb:rhumb"]["dataplane"]["result-cache-entries"] = self.ENTRIES
        return found

    ENTRIES = 1024

    def published(self, topics):
        with self.publisher("a") as writer:
            for number in range(topics):
                writer.publish(f"many/{number}", b"x")
                if number % 10 == 0:
                    writer.publish("often", b"xy")
        self.router.settle()
        return self.router.cli_json("show", "topics", "--limit", "4096")

    def test_more_than_are_remembered_are_summed_up(self):
        found = self.published(8000)
        rows = {row["topic"]: row for row in found["topics"]}
        total = self.assert_laws()["events_parsed"]
        self.assertEqual(total, 8800)
        self.assertEqual(sum(row["events"] for row in rows.values()) + found["rest"]["events"], total)
        self.assertEqual((rows["often"]["events"], rows["often"]["bytes"]), (800, 1600))
        self.assertLessEqual(len(rows), 1024 + 2048)
        rest = found["rest"]
        self.assertLess(abs(rest["topics"] - rest["events"]), 2 * rest["topics_error"] + 1, f"one event each: {rest}")
        for topic, row in rows.items():
            self.assertTrue(row["exact"], row)
            self.assertEqual(row["events"], 800 if topic == "often" else 1)
        self.assertIn(f"{rest['events']:,} further events, of about {rest['topics']:,} topics", self.router.cli("show", "topics").stdout)


class NoCache(ManyTopics):
    ENTRIES = 0

    def test_more_than_are_remembered_are_summed_up(self):
        found = self.published(8000)
        rows = {row["topic"]: row for row in found["topics"]}
        self.assertEqual(found["sample"], 16)
        self.assertTrue(200 < rows["often"]["events"] < 1400, rows["often"])
        self.assertFalse(any(row["exact"] for row in rows.values()))
        seen = sum(row["events"] for row in rows.values()) + found["rest"]["events"]
        self.assertTrue(8000 < seen < 9600, f"8800 events, estimated {seen}")
        self.assertIn("one event in 16 was looked at", self.router.cli("show", "topics").stdout)


if __name__ == "__main__":
    case.main()

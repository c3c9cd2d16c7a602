"""The reference matchers, against the examples of MQTT's specification and of the manuals of NATS and Solace."""

import unittest

import demolib_path  # noqa: F401 pylint: disable=unused-import
import judge
from event import Event


class TopicMatches(unittest.TestCase):
    def test_examples_of_the_mqtt_specification(self):
        for wanted, topic, verdict in (
                ("sport/tennis/player1/#", "sport/tennis/player1", True), ("sport/tennis/player1/#", "sport/tennis/player1/ranking", True),
                ("sport/#", "sport", True), ("#", "a", True), ("#", "/", True), ("sport/tennis/+", "sport/tennis/player1", True),
                ("sport/tennis/+", "sport/tennis/player1/ranking", False), ("sport/+", "sport", False), ("sport/+", "sport/", True),
                ("+/+", "/finance", True), ("/+", "/finance", True), ("+", "/finance", False), ("#", "$SYS/a", False),
                ("+/monitor/Clients", "$SYS/monitor/Clients", False), ("$SYS/#", "$SYS/a", True), ("$SYS/monitor/+", "$SYS/monitor/Clients", True),
                ("a/b", "a/b", True), ("a/b", "a/B", False), ("a/b", "a/b/c", False), ("a/b/c", "a/b", False), ("a//b", "a//b", True),
                ("a/+/b", "a//b", True), ("+/#", "a", True), ("a/+/#", "a", False), ("a/+/#", "a/b", True)):
            with self.subTest(filter=wanted, topic=topic):
                self.assertEqual(judge.mqtt_matches(wanted, topic), verdict)

    def test_examples_of_nats(self):
        for wanted, topic, verdict in (
                ("time.*.east", "time/us/east", True), ("time.*.east", "time/eu/east", True), ("time.*.east", "time/us/east/atlanta", False),
                ("time.us.*", "time/us/east", True), ("time.us.*", "time/us", False), ("time.us.>", "time/us/east", True),
                ("time.us.>", "time/us/east/atlanta", True), ("time.us.>", "time/us", False), ("*.*.east.>", "time/us/east/atlanta", True),
                ("*.*.east.>", "time/us/east", False), (">", "a", True), (">", "$SYS/a", True), ("a.*", "a/1.0-2", True), ("a.1.0", "a/1.0", False)):
            with self.subTest(filter=wanted, topic=topic):
                self.assertEqual(judge.nats_matches(wanted, topic), verdict)

    def test_examples_of_solace(self):
        for wanted, topic, verdict in (
                ("animals/domestic/*", "animals/domestic/cats", True), ("animals/domestic/*", "animals/domestic/dogs/beagles", False),
                ("animals/*/cats/*", "animals/domestic/cats/persian", True), ("animals/*/cats/*", "animals/domestic/dogs/beagles", False),
                ("animals/domestic/dog*", "animals/domestic/dog", True), ("animals/domestic/dog*", "animals/domestic/dogs", True),
                ("animals/domestic/dog*", "animals/domestic/do", False), ("animals/red*/wild", "animals/reddish/wild", True),
                ("animals/*bro", "animals/bro", False), ("animals/*bro", "animals/*bro", True), ("animals/domestic/>", "animals/domestic", False),
                ("animals/domestic/>", "animals/domestic/dogs/beagles", True), ("a/b*/>", "a/bc/d", True), ("a/b*/>", "a/bc", False), (">", "a", True),
                ("a", "a/b", False), ("a/b", "a", False)):
            with self.subTest(filter=wanted, topic=topic):
                self.assertEqual(judge.solace_matches(wanted, topic), verdict)


class Expected(unittest.TestCase):
    def test_topic_and_payload_must_both_hold(self):
        events = [Event("a/b", {}, b"x\nCVE-2024-12345"), Event("a/b", {}, b"CVE-24-1"), Event("c", {}, b"CVE-2024-12345")]
        self.assertEqual(judge.expected(judge.Interest("a/#", "CVE-[0-9]{4}-[0-9]{4,}"), events), [0])

    def test_exceptions_take_away_whatever_the_payload_is(self):
        events = [Event("a/b", {}, b"x"), Event("a/c", {}, b"x"), Event("a/c/d", {}, b"x"), Event("a/e", {}, b"y")]
        interest = judge.Interest("a/#", "x", exceptions=["a/c/#"])
        self.assertEqual((judge.expected(interest, events), interest.filters), ([0], ["a/#", "!a/c/#"]))
        self.assertEqual(judge.expected(judge.Interest("a.>", dialect="nats", exceptions=["a.c.>", "*.e"]), events), [0, 1])

    def test_content_holds_beside_the_topic(self):
        events = [Event("a/b", {"n": "1"}, b"x"), Event("a/b", {}, b"x"), Event("c", {"n": "1"}, b"x")]
        asked = judge.Interest("a/#", content=judge.Content("cesql", "EXISTS n", lambda event: "n" in event.attributes))
        self.assertEqual((judge.expected(asked, events), asked.asks), ([0], "cesql EXISTS n"))

    def test_the_dot_takes_line_ends(self):
        self.assertEqual(judge.expected(judge.Interest("#", "a.b"), [Event("t", {}, b"a\nb")]), [0])

    def test_too_large_events_are_nobodys(self):
        self.assertEqual(judge.expected(judge.Interest("#"), [Event("t", {}, b"x" * 65537)]), [])


class Compare(unittest.TestCase):
    def test_missing_extra_and_doubled(self):
        difference = judge.compare(["a", "b", "c"], ["a", "c", "c", "d"])
        self.assertEqual(sorted(difference.missing), ["b"])
        self.assertEqual(sorted(difference.extra), ["c", "d"])


class Percentile(unittest.TestCase):
    def test_nearest_rank(self):
        ordered = list(range(1, 101))
        self.assertEqual([judge.percentile(ordered, share) for share in (50, 90, 99, 100)], [50, 90, 99, 100])
        self.assertEqual(judge.percentile([7], 50), 7)
        self.assertIsNone(judge.percentile([], 50))


if __name__ == "__main__":
    unittest.main()

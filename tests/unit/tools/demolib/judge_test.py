"""The reference matcher, against the examples of the MQTT specification."""

import unittest

import demolib_path  # noqa: F401 pylint: disable=unused-import
import judge
from event import Event


class TopicMatches(unittest.TestCase):
    def test_examples_of_the_specification(self):
        for wanted, topic, verdict in (
                ("sport/tennis/player1/#", "sport/tennis/player1", True), ("sport/tennis/player1/#", "sport/tennis/player1/ranking", True),
                ("sport/#", "sport", True), ("#", "a", True), ("#", "/", True), ("sport/tennis/+", "sport/tennis/player1", True),
                ("sport/tennis/+", "sport/tennis/player1/ranking", False), ("sport/+", "sport", False), ("sport/+", "sport/", True),
                ("+/+", "/finance", True), ("/+", "/finance", True), ("+", "/finance", False), ("#", "$SYS/a", False),
                ("+/monitor/Clients", "$SYS/monitor/Clients", False), ("$SYS/#", "$SYS/a", True), ("$SYS/monitor/+", "$SYS/monitor/Clients", True),
                ("a/b", "a/b", True), ("a/b", "a/B", False), ("a/b", "a/b/c", False), ("a/b/c", "a/b", False), ("a//b", "a//b", True),
                ("a/+/b", "a//b", True), ("+/#", "a", True), ("a/+/#", "a", False), ("a/+/#", "a/b", True)):
            with self.subTest(filter=wanted, topic=topic):
                self.assertEqual(judge.topic_matches(wanted, topic), verdict)


class Expected(unittest.TestCase):
    def test_topic_and_payload_must_both_hold(self):
        events = [Event("a/b", {}, b"x\nCVE-2024-12345"), Event("a/b", {}, b"CVE-24-1"), Event("c", {}, b"CVE-2024-12345")]
        self.assertEqual(judge.expected(judge.Interest("a/#", "CVE-[0-9]{4}-[0-9]{4,}"), events), [0])

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

"""The demo's subscribers."""

import unittest

import demolib_path  # noqa: F401 pylint: disable=unused-import
import corpus
import judge
import plan
from event import Event

EVENTS = [Event(f"debian/{d}/{u}/{s}/{v}", {}, p) for d, u, s, v, p in (
    ("unstable", "medium", "a", "1", b"CVE-2024-0001 heap overflow"), ("unstable", "low", "a", "2", b"memory leak"),
    ("unstable", "medium", "b%2B", "1", b"x"), ("bookworm", "medium", "c", "1", b"y"))]

EDITS = [Event(f"wikipedia/{c}/{n}/{p}", {}, b'{"isRobot":true}') for c, n, p in (
    ("%23en.wikipedia", "Main", "A"), ("%23en.wikipedia", "User talk", "B"), ("%23de.wikipedia", "Main", "C"))]


class Plan(unittest.TestCase):
    def test_every_kind_of_filter_is_there_and_only_one_finds_nothing(self):
        found = {one.name: judge.expected(one.interest, EVENTS) for one in plan.debian(EVENTS)}
        self.assertEqual([name for name, due in found.items() if not due], ["nothing"])
        self.assertEqual(found["exact"], [2])
        self.assertEqual(found["cve"], [0])
        self.assertEqual(found["everything"], found["slow"])
        self.assertEqual(sum(name.startswith("twin-") for name in found), 10)

    def test_dialects_and_exceptions_are_there_and_each_exception_takes_something(self):
        for subscribers in (plan.debian(EVENTS), plan.wikipedia(EDITS)):
            self.assertGreaterEqual({one.interest.dialect for one in subscribers}, {"mqtt", "nats", "solace"})
            but = next(one.interest for one in subscribers if one.name == "but")
            events = EVENTS if subscribers[0].interest.topic_filter.startswith("debian") else EDITS
            self.assertLess(len(judge.expected(but, events)), len(judge.expected(judge.Interest(but.topic_filter), events)))
            self.assertTrue(all("!" + one in but.filters for one in but.exceptions) and but.exceptions)

    def test_nats_gets_no_token_that_it_cannot_say(self):
        self.assertEqual(plan.plain_tokens(["a", "b.c", "d e", "*", ">", "", "f%20"]), ["a", "f%20"])

    def test_one_event_is_enough(self):
        self.assertEqual(len(plan.debian(EVENTS[:1])), len(plan.debian(EVENTS)))

    def test_names_are_unique(self):
        names = [one.name for one in plan.debian(EVENTS)]
        self.assertEqual(len(names), len(set(names)))


class Corpus(unittest.TestCase):
    def test_an_edit_becomes_an_event(self):
        line = b'{"time":"2015-09-12T00:46:58.771Z","channel":"#en.wikipedia","namespace":"Main","page":"AC/DC","user":"x","delta":36,"isRobot":false}\n'
        event = corpus.edit_event(line)
        self.assertEqual(event.topic, "wikipedia/%23en.wikipedia/Main/AC%2FDC")
        self.assertEqual(event.attributes["isrobot"], "false")
        self.assertEqual(event.attributes["delta"], "36")
        self.assertEqual(event.payload, line.strip())
        found = {one.name: judge.expected(one.interest, [event]) for one in plan.wikipedia([event])}
        self.assertEqual((found["exact"], found["nothing"]), ([0], []))


if __name__ == "__main__":
    unittest.main()

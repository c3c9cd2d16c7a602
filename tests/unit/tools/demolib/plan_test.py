"""The demo's subscribers."""

import json
import unittest

import demolib_path  # noqa: F401 pylint: disable=unused-import
import corpus
import judge
import plan
from event import Event

EVENTS = [Event(f"debian/{d}/{u}/{s}/{v}", {"type": "t", "source": f"/debian/{s}", "subject": v} | more, p) for d, u, s, v, p, more in (
    ("unstable", "medium", "a", "1-1", b"CVE-2024-0001 heap overflow", {}), ("unstable", "low", "a", "2", b"memory leak", {"closes": "1"}),
    ("unstable", "medium", "b%2B", "1-1", b"x", {}), ("bookworm", "medium", "c", "1", b"y", {}))]

EDITS = [Event(f"wikipedia/{c}/{n}/{p}", {"type": "t", "user": u, "isrobot": r, "delta": d}, b'{"isRobot":true}') for c, n, p, u, r, d in (
    ("%23en.wikipedia", "Main", "A", "x", "true", "101"), ("%23en.wikipedia", "User talk", "B", "y", "true", "5"),
    ("%23de.wikipedia", "Main", "C", "z", "false", "101"))]


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

    def test_expressions_are_there_in_both_forms_and_take_some_of_what_their_topic_takes(self):
        for subscribers, events, wanted in ((plan.debian(EVENTS), EVENTS, {"cesql": [0], "filters": [2], "cve-typed": [0]}),
                                            (plan.wikipedia(EDITS), EDITS, {"cesql": [2], "filters": [1], "reverts-typed": []})):
            asking = {one.name: one.interest for one in subscribers if one.interest.content}
            self.assertEqual({one.content.kind for one in asking.values()}, {"cesql", "filters"})
            self.assertTrue(any("MATCHES(payload, " in one.content.text for one in asking.values()))
            self.assertEqual({name: judge.expected(one, events) for name, one in asking.items()}, wanted)

    def test_text_stands_in_expressions_as_it_is(self):
        asked = plan.cesql_prefix("a%2'_")
        self.assertEqual(asked.text, "source LIKE '/debian/a\\%2\\'\\_%' AND NOT EXISTS closes")
        self.assertTrue(asked.holds(Event("t", {"source": "/debian/a%2'_b"}, b"")))
        self.assertFalse(asked.holds(Event("t", {"source": "/debian/a%2'_b", "closes": "1"}, b"")))
        self.assertEqual(json.loads(plan.first_uploads('a"b').text)[1], {"not": {"exact": {"source": 'a"b'}}})

    def test_a_number_that_is_none_is_no_match(self):
        holds = plan.large_edits(100).holds
        for delta, verdict in (("101", True), ("100", False), ("-101", False), ("1e3", False), ("101.5", False), ("4294967296", False)):
            self.assertEqual(holds(Event("t", {"isrobot": "false", "delta": delta}, b"")), verdict, delta)
        self.assertFalse(holds(Event("t", {"isrobot": "false"}, b"")))

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

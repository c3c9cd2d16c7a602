"""The verdict finds what is wrong, and the report shows it."""

import json
import os
import unittest

import jsonschema

import demolib_path  # noqa: F401 pylint: disable=unused-import
import judge
import report
import verdict
from event import Event
from plan import Subscriber

EVENTS = [Event(f"t/{number}", {}, b"%d" % number) for number in range(4)] + [Event("t/large", {}, bytes(65537))]
PRICE = {"filter": "t/#", "every_cycles": 1200, "match_cycles": 34, "bytes": 567}
IDS = [verdict.identity(event.topic, event.payload) for event in EVENTS]


def counters(**changed):
    total = {"events_parsed": 5, "events_originated": 0, "events_matched": 4, "events_unmatched": 0, "events_consumed": 0, "copies_made": 4,
             "copies_tx": 4, "copies_queued": 0, "rx_datagrams": 9, "event_datagrams": 5, "control_datagrams": 4, "punted_datagrams": 0,
             "lost_before_router": 0, "drop_datagrams": {}, "drop_events": {"too_large": 1}, "drop_copies": {}}
    return {"total": total | changed, "laws": {"datagrams": 0, "events": 0, "copies": 0}, "hold": True}


def outcome(received, drops=None, **more):
    return verdict.outcome(Subscriber("s", "why", judge.Interest("t/#"), **more), EVENTS, IDS, [(one, 1000) for one in received], drops or {})


class Outcomes(unittest.TestCase):
    def test_exactly_the_due_events_are_exact(self):
        self.assertTrue(outcome(IDS[:4]).exact)

    def test_one_missing_extra_doubled_or_altered_is_not(self):
        altered = verdict.identity("t/0", b"other")
        for received in (IDS[:3], IDS[:4] + [("x", b"")], IDS[:4] + IDS[:1], [altered] + IDS[1:4]):
            self.assertFalse(outcome(received).exact)

    def test_a_slow_one_is_exact_when_its_loss_is_accounted_for(self):
        self.assertTrue(outcome(IDS[:1], {"queue_full": 3}, slow=True).exact)
        self.assertFalse(outcome(IDS[:1], {"queue_full": 2}, slow=True).exact)

    def test_a_slow_one_that_lost_nothing_showed_nothing(self):
        self.assertFalse(outcome(IDS[:4], slow=True).exact)

    def test_loss_of_one_that_is_not_slow_is_wrong_even_when_accounted_for(self):
        self.assertFalse(outcome(IDS[:1], {"queue_full": 3}).exact)


class Complaints(unittest.TestCase):
    def complain(self, refused=1, received=None, **changed):
        return verdict.complaints([outcome(IDS[:4] if received is None else received)], counters(**changed), EVENTS, refused)

    def test_none_when_all_is_well(self):
        self.assertEqual(self.complain(), [])

    def test_each_fault_is_said(self):
        for fault, words in (({"received": IDS[:3]}, "1 missing"), ({"refused": 0}, "too_large"), ({"events_parsed": 4}, "parsed"),
                             ({"lost_before_router": 2}, "lost before"), ({"drop_datagrams": {"short": 1}}, "short"),
                             ({"drop_events": {"too_large": 1, "over_credit": 3}}, "over_credit")):
            with self.subTest(fault=fault):
                self.assertTrue(any(words in line for line in self.complain(**fault)), self.complain(**fault))

    def test_an_expression_without_a_price_is_said(self):
        asking = Subscriber("s", "why", judge.Interest("t/#", content=judge.Content("cesql", "TRUE", lambda event: True)))
        for price, said in ((None, 1), (PRICE | {"match_cycles": 0}, 1), (PRICE, 0)):
            made = verdict.outcome(asking, EVENTS, IDS, [(one, 1000) for one in IDS[:4]], {}, price)
            self.assertEqual(len(verdict.complaints([made], counters(), EVENTS, 1)), said, price)

    def test_a_broken_law_is_said(self):
        broken = counters() | {"hold": False}
        self.assertIn("laws", verdict.complaints([outcome(IDS[:4])], broken, EVENTS, 1)[0])


class Report(unittest.TestCase):
    FOUND = {"source": "x", "played": 5, "bytes": 1, "too_large": 1, "seconds": 1.0, "events": 4, "copies": 4, "events_per_s": 4.0,
             "copies_per_s": 4.0, "unmatched": 0, "reassembled": 0, "hugepages": False,
             "worker": {"core": 1, "idle": "poll", "busy_share": 0.5, "cycles_per_event": 300, "hit_rate": 0.9, "stage_cycles": {"rx": 1}}}
    DROPS = [{"level": "event", "reason": "too_large", "count": 1, "help": "event larger than the limit"}]

    def test_tables_hold_the_figures(self):
        text = "\n".join(report.subscriber_table([outcome(IDS[:3])]) + report.router_table(self.FOUND) + report.drop_table(self.DROPS)
                         + report.law_table(counters()))
        for words in ("WRONG", "t/#", "90.0 %", "too_large", "9 received"):
            self.assertIn(words, text)

    def test_dialect_and_exceptions_stand_beside_the_filter(self):
        picky = Subscriber("s", "why", judge.Interest("t.>", "[0-9]", dialect="nats", exceptions=["t.3", "u.*"]))
        row = report.subscriber_table([verdict.outcome(picky, EVENTS, IDS, [(one, 1000) for one in IDS[:3]], {})])[2]
        self.assertRegex(row, r"^s +nats +t\.>  !t\.3  !u\.\*  ~ \[0-9\] +3 +3 .* ok$")

    def test_prices_stand_beside_what_is_asked_and_one_that_asks_nothing(self):
        asking = Subscriber("s", "why", judge.Interest("t/#", content=judge.Content("cesql", "TRUE", lambda event: True)))
        made = [outcome(IDS[:4]) for _ in range(2)] + [verdict.outcome(asking, EVENTS, IDS, [], {}, PRICE)]
        made[0].price = made[1].price = PRICE
        rows = report.price_table(made)[2:]
        self.assertEqual(len(rows), 2)
        self.assertRegex(rows[1], r"^s +cesql TRUE +1,200 +34 +567$")

    def test_the_document_fits_its_schema(self):
        path = os.path.join(os.path.dirname(os.path.abspath(__file__)), *[".."] * 4, "docs", "schemas", "demo.json")
        with open(path, encoding="utf-8") as file:
            schema = json.load(file)
        asking = Subscriber("s", "why", judge.Interest("t/#", content=judge.Content("filters", "[]", lambda event: True)))
        made = report.document([outcome(IDS[:3]), verdict.outcome(asking, EVENTS, IDS, [], {}, PRICE)], self.FOUND, counters(), self.DROPS, ["s: 1 missing"])
        jsonschema.validate(json.loads(json.dumps(made)), schema)
        made["subscribers"][0]["expected"] = -1
        with self.assertRaises(jsonschema.ValidationError):
            jsonschema.validate(made, schema)


if __name__ == "__main__":
    unittest.main()

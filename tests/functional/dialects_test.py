"""Filters of several dialects beside one another, and exceptions: what they take away, from whom, and until when."""

import lib.case as case
import lib.wire as wire

MQTT, SOLACE, NATS, ZENOH, AMQP = range(5)
OK, INVALID_FILTER, UNSUPPORTED, NOT_SUBSCRIBED = 0, 1, 4, 6
LARGE = b"x" * 60000


def topics(events):
    return sorted(event["topic"] if isinstance(event, dict) else event[0] for event in events)


class Dialects(case.RouterCase):
    def accepted(self, client, *filters):
        """With a payload pattern comes what it costs."""
        self.assertEqual([code for code, _ in client.subscribe(filters, timeout_s=30)], [OK] * len(filters))

    def left(self, client, *filters):
        self.assertEqual(client.unsubscribe(filters), [(OK, "")] * len(filters))

    @staticmethod
    def publish_in_batches(writer, pairs, size=10):
        for first in range(0, len(pairs), size):
            writer.publish_together(pairs[first:first + size])

    def test_each_session_gets_what_it_asked_for_in_its_dialect(self):
        wanted = {
            MQTT: ("shop/+/paid/#", ["shop/eu/paid", "shop/eu/paid/1"]), SOLACE: ("shop/e*/pa*", ["shop/eu/paid", "shop/ew/parts"]),
            NATS: ("shop.*.paid.>", ["shop/eu/paid/1"]), ZENOH: ("**/p$*d/**", ["shop/eu/paid", "shop/eu/paid/1"]),
            AMQP: ("#.paid.#", ["shop/eu/paid", "shop/eu/paid/1"])}
        clients = {dialect: self.greeted("b", f"client-{dialect}") for dialect in wanted}
        for dialect, (text, _) in wanted.items():
            self.accepted(clients[dialect], (text, "", dialect))
        writer = self.greeted("a", "writer")
        for topic in ("shop/eu/paid", "shop/eu/paid/1", "shop/ew/parts", "shop/us/open", "$shop/eu"):
            writer.publish(topic)
        for dialect, (text, due) in wanted.items():
            with self.subTest(dialect=dialect, filter=text):
                clients[dialect].gather(len(due))
                self.assertEqual(topics(clients[dialect].drain()), due)
        self.assertEqual(self.total("copies_made"), sum(len(due) for _, due in wanted.values()))

    def test_one_filter_in_two_dialects_is_one_subscription(self):
        client, writer = self.greeted("b", "client"), self.greeted("a", "writer")
        self.accepted(client, "a/+/#", ("a.>", "", NATS), ("a/>", "", SOLACE))
        rows = self.router.cli_json("show", "subscriptions")["subscriptions"]
        self.assertEqual([(row["filter"], row["dialect"], row["exception"]) for row in rows], [("a/+/#", "mqtt", False)])
        writer.publish("a/b")
        self.assertEqual(topics(client.gather(1)), ["a/b"])
        self.left(client, ("a.*.#", "", AMQP))
        self.assertEqual(client.unsubscribe([("a.>", "", NATS)])[0][0], NOT_SUBSCRIBED)
        writer.publish("a/c")
        self.assertEqual(topics(client.drain()), ["a/b"])

    def test_an_exception_takes_from_plain_and_conditional_filters_of_its_session_alone(self):
        picky, other, writer = self.greeted("b", "picky"), self.greeted("b", "other"), self.greeted("a", "writer")
        secret = [(f"t/{number}/secret/x", b"a needle") for number in range(20)]
        public = [(f"t/{number}/open", b"hay" if number % 2 else b"a needle") for number in range(20)]
        everything = secret + public
        self.accepted(picky, ("!t.*.secret.>", "", NATS), "t/#", ("t/+/secret/#", "needle"))
        self.accepted(other, ("t.>", "", NATS))
        for pair in everything:
            writer.publish(*pair)
        self.publish_in_batches(writer, everything)
        other.gather(2 * len(everything))
        due = sorted([topic for topic, _ in public] * 2)
        picky.gather(len(due))
        self.assertEqual(topics(picky.drain()), due)
        self.assertEqual(topics(other.drain()), topics(everything * 2))
        # Without it they come again; named in another dialect than it was asked for in.
        self.left(picky, "!t/+/secret/+/#")
        picky.events.clear()
        self.publish_in_batches(writer, everything)
        picky.gather(len(everything))
        self.assertEqual(topics(picky.drain()), topics(everything))

    def test_an_exception_takes_from_a_filter_that_is_left_with_a_payload_expression_only(self):
        reader, writer = self.greeted("b", "reader"), self.greeted("a", "writer")
        self.accepted(reader, ("log/#", "error [0-9]+"))
        events = [("log/db/1", b"error 7"), ("log/web/1", b"error 8"), ("log/web/2", b"fine")]
        writer.publish_together(events)
        reader.gather(2)
        self.assertEqual(topics(reader.drain()), ["log/db/1", "log/web/1"])
        self.accepted(reader, ("!log/web/**", "", ZENOH))
        reader.events.clear()
        writer.publish_together(events)
        self.assertEqual(topics(reader.drain()), ["log/db/1"])
        self.left(reader, ("!log/web/**", "", ZENOH))
        reader.events.clear()
        writer.publish_together(events)
        reader.gather(2)
        self.assertEqual(topics(reader.drain()), ["log/db/1", "log/web/1"])

    def test_events_in_fragments_are_taken_away_too(self):
        plain = self.subscriber("b", ["t.>", "!t.*.no"], dialect="nats", name="plain")
        picky = self.subscriber("b", [("t/>", "needle$"), "!t/n*/no"], dialect="solace", name="picky")
        everything = self.subscriber("b", ["#"], name="everything")
        with self.publisher("a") as writer:
            for name in ("1", "n2"):
                for last in ("yes", "no"):
                    writer.publish(f"t/{name}/{last}", LARGE + b"needle")
                    writer.publish(f"t/{name}/{last}/hay", LARGE)
        self.assertEqual(len(everything.wait(8)), 8)
        hay = ["t/1/no/hay", "t/1/yes/hay", "t/n2/no/hay", "t/n2/yes/hay"]
        self.assertEqual(topics(plain.wait(6)), sorted(hay + ["t/1/yes", "t/n2/yes"]))
        self.assertEqual(topics(picky.wait(3)), ["t/1/no", "t/1/yes", "t/n2/yes"])
        self.assertEqual(self.assert_laws()["copies_made"], 8 + 6 + 3)
        self.assertGreaterEqual(self.total("reassembled"), 8)

    def test_an_exception_alone_delivers_nothing_and_is_counted_and_shown(self):
        client, writer = self.greeted("b", "client"), self.greeted("a", "writer")
        self.accepted(client, ("!a.*.b", "", NATS), ("!c/**/@d/*", "", ZENOH))
        writer.publish("a/x/b")
        writer.publish("a/x/c")
        self.assertEqual(client.drain(), [])
        rows = self.router.cli_json("show", "subscriptions")["subscriptions"]
        self.assertEqual([(row["filter"], row["dialect"], row["exception"]) for row in rows],
                         [("!a/+/b", "mqtt", True), ("!c/**/@d/*", "zenoh", True)])
        self.assertEqual(self.router.sessions()["client"]["subscriptions"], 2)
        self.assertEqual(self.assert_laws()["events_unmatched"], 2)

    def test_explain_names_the_exception_and_what_it_takes_away(self):
        client, other = self.greeted("b", "client"), self.greeted("b", "other")
        self.accepted(client, "a/#", ("a/#", "needle"), ("!a.*.b", "", NATS), "!z/#")
        self.accepted(other, ("a.>", "", NATS))
        answer = self.router.cli_json("explain", "a/x/b")
        self.assertEqual(sorted((row["client_id"], row["filter"], row["content"], row["verdict"]) for row in answer["candidates"]
                                if row["content"] is None),
                         [("client", "!a/+/b", None, "excepts"), ("client", "a/#", None, "excepted"), ("other", "a/+/#", None, "deliver")])
        self.assertEqual([row["verdict"] for row in answer["candidates"] if row["content"]], ["excepted"])
        self.assertEqual(answer["copies"], 1)
        mine = self.router.cli_json("explain", "a/x/c", "--client", "client")
        self.assertEqual({(row["filter"], row["verdict"]) for row in mine["candidates"] if row["content"] is None},
                         {("a/#", "deliver"), ("!a/+/b", "filter_missed"), ("!z/#", "filter_missed")})

    def test_refusals_have_their_code_and_say_why(self):
        client = self.greeted("b", "client")
        asked = [("a", "", 5), ("a.>.b", "", NATS), ("!a/#", "needle", MQTT), ("$share/g/a", "", NATS), ("#noexport/a", "", SOLACE),
                 ("!a/b*", "", ZENOH), ("", "", NATS), ("good.>", "", NATS)]
        answer = client.subscribe(asked, timeout_s=30)
        self.assertEqual([code for code, _ in answer], [UNSUPPORTED, INVALID_FILTER, UNSUPPORTED, UNSUPPORTED, UNSUPPORTED, INVALID_FILTER,
                                                        INVALID_FILTER, OK])
        for (_, text), words in zip(answer, ("0 is mqtt, 1 solace, 2 nats, 3 zenoh, 4 amqp", "byte 2: '>' is not the last token", "content expression",
                                             "shared subscriptions", "#noexport/", "byte 4: '*' shares its chunk", "empty", "")):
            self.assertIn(words, text)
        self.assertEqual(client.unsubscribe([("good/>", "", SOLACE), ("!good/>", "", SOLACE)]),
                         [(OK, ""), (NOT_SUBSCRIBED, "this session has no exception with that filter")])

    def test_topics_and_traces_are_asked_for_in_a_dialect(self):
        self.assertIn("tracing", self.router.cli("trace", "start", "--dialect", "nats", "a.*.>").stdout)
        writer = self.greeted("a", "writer")
        for topic in ("a/b", "a/b/c", "d"):
            writer.publish(topic)
        self.assertTrue(case.wait_for(lambda: self.total("events_unmatched") == 3))
        self.assertEqual([event["topic"] for event in self.router.cli_json("trace", "show")["events"]], ["a/b/c"])
        for dialect, text, due in (("nats", "a.b", ["a/b"]), ("zenoh", "**/c", ["a/b/c"]), ("mqtt", "a/#", ["a/b", "a/b/c"])):
            found = self.router.cli_json("show", "topics", text, "--dialect", dialect)
            self.assertEqual(sorted(row["topic"] for row in found["topics"]), due)
            self.assertEqual("topic_missed_at_most" in found, text == "a.b")
        for command in (("show", "topics"), ("trace", "start")):
            refused = self.router.cli(*command, "--dialect", "nats", "a..b", check=False)
            self.assertEqual(refused.returncode, 1)
            self.assertIn("filter byte 2", refused.stderr)
            self.assertIn("none is given", self.router.cli(*command, "--dialect", "nats", check=False).stderr)
            self.assertIn("exceptions", self.router.cli(*command, "!a", check=False).stderr)


if __name__ == "__main__":
    case.main()

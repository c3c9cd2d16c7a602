"""Expressions over attributes and payloads: who gets what, by the verdict of a naive evaluator, and how subscriptions with them are asked for and left."""

import json
import os
import random

import lib.case as case
import lib.wire as wire

CESQL, FILTERS = 2, 3
OK, INVALID_CONTENT, UNSUPPORTED, LIMIT, NOT_SUBSCRIBED = 0, 2, 4, 5, 6
STRING, BOOLEAN, INTEGER = range(3)
SEED = int(os.environ.get("RHUMB_SEED", "0")) or random.getrandbits(31)


def some_cases(events, expressions):
    print(f"content: seed {SEED} (repeat with RHUMB_SEED)", flush=True)
    program = os.path.join(case.paths.BUILD, "tests", "lib", "cesql_cases")
    return json.loads(case.run(program, str(SEED), str(events), str(expressions)).stdout)


class Content(case.RouterCase):
    WORKERS = ({"core": 0, "idle": "yield"}, {"core": 1, "idle": "yield"})
    # Random patterns are dear.
    MORE = {"content": {"scan-cost-max": 10000}}

    def accepted(self, client, entries):
        """In requests that fit a datagram."""
        while entries:
            count, size = 0, 0
            while count < min(len(entries), 32) and (not count or size + len(wire.entry(*entries[count])) < 1300):
                size += len(wire.entry(*entries[count]))
                count += 1
            answer = client.subscribe(entries[:count], timeout_s=60)
            self.assertEqual([text for code, text in answer if code != OK], [])
            entries = entries[count:]

    @staticmethod
    def publish(writer, topic, event, payload=b""):
        writer.publish(topic, payload, attributes=wire.attributes(event))

    def test_each_expression_selects_what_the_reference_says(self):
        found = some_cases(16, 320)
        reader, writer = self.greeted("b", "reader"), self.greeted("a", "writer")
        self.accepted(reader, [(f"e/+/{number}", one["content"], 0, one["kind"]) for number, one in enumerate(found["cases"])])
        due = {f"e/{event}/{number}" for number, one in enumerate(found["cases"]) for event in one["matches"]}
        self.assertGreater(len(due), 100)
        got = set()
        for index, event in enumerate(found["events"]):
            for number in range(len(found["cases"])):
                self.publish(writer, f"e/{index}/{number}", event["attributes"], bytes.fromhex(event["payload"]))
                if number % 64 == 0:
                    writer.receive(0)
            reader.gather(sum(topic.startswith(f"e/{index}/") for topic in due), 20)
            got |= {topic for topic, _, _ in reader.drain(0.1)}
            self.assertEqual(len(got), len(reader.events) + len(got) - len({topic for topic, _, _ in reader.events}), "a copy came twice")
            reader.events.clear()
        wrong = {topic: found["cases"][int(topic.split("/")[2])]["content"] for topic in got ^ due}
        self.assertEqual(wrong, {})

    def test_of_many_behind_one_filter_those_that_hold_decide(self):
        found = some_cases(40, 240)
        groups = [found["cases"][first:first + 8] for first in range(0, 240, 8)]
        readers = [self.greeted("b", f"reader-{number}") for number in range(len(groups))]
        for reader, group in zip(readers, groups):
            self.accepted(reader, [("all/#", one["content"], 0, one["kind"]) for one in group])
        writer = self.greeted("a", "writer")
        for index, event in enumerate(found["events"]):
            self.publish(writer, f"all/{index}", event["attributes"], bytes.fromhex(event["payload"]))
        for reader, group in zip(readers, groups):
            due = sorted({event for one in group for event in one["matches"]})
            reader.gather(len(due))
            got = sorted(int(topic.split("/")[1]) for topic, _, _ in reader.drain(0.05))
            self.assertEqual(([], []), (sorted(set(got) - set(due)), sorted(set(due) - set(got))), [(one["content"], one["matches"]) for one in group])
            self.assertEqual(got, due, "copies that came twice")

    def test_expressions_come_and_go_with_their_subscriptions(self):
        reader, writer = self.greeted("b", "reader"), self.greeted("a", "writer")
        rows = lambda: [(row["filter"], row["content"]) for row in self.router.cli_json("show", "subscriptions")["subscriptions"]]
        self.accepted(reader, [("t", "type like 'a%' and N<>1", 0, CESQL), ("t", "(type LIKE \"a%\") AND (n != +1)", 0, CESQL)])
        self.assertEqual(rows(), [("t", "((type LIKE 'a%') AND (n != 1))")])
        for number in (0, 1, 2):
            self.publish(writer, "t", [("type", STRING, "abc"), ("n", INTEGER, str(number))], b"%d" % number)
        reader.gather(2)
        self.assertEqual([payload for _, payload, _ in reader.drain()], [b"0", b"2"])
        self.assertEqual(reader.unsubscribe([("t", "type = 'a%'", 0, CESQL)]),
                         [(NOT_SUBSCRIBED, "this session has no subscription with that filter and expression")])
        self.assertEqual(reader.unsubscribe([("t", '[{"prefix": {"type": "a"}}, {"sql": "n <> 1"}]', 0, FILTERS)]), [(OK, "")])
        self.assertEqual(rows(), [])
        self.publish(writer, "t", [("type", STRING, "abc"), ("n", INTEGER, "2")])
        self.assertEqual(len(reader.drain()), 2)

    def test_expressions_and_patterns_and_topics_choose_together(self):
        reader, writer = self.greeted("b", "reader"), self.greeted("a", "writer")
        self.accepted(reader, [("t/#", "needle"), ("t/#", "n > 5", 0, CESQL), ("!t/no/#",), ("u", "TRUE", 0, CESQL)])
        sent = [("t/1", 1, b"hay"), ("t/2", 9, b"hay"), ("t/3", 1, b"a needle"), ("t/4", 9, b"a needle"), ("t/no/1", 9, b"a needle"),
                ("u", 1, b""), ("v", 9, b"a needle")]
        for topic, number, payload in sent:
            self.publish(writer, topic, [("n", INTEGER, str(number))], payload)
        reader.gather(4)
        self.assertEqual([topic for topic, _, _ in reader.drain()], ["t/2", "t/3", "t/4", "u"])

    def test_a_payload_pattern_is_an_expression_too(self):
        reader, writer = self.greeted("b", "reader"), self.greeted("a", "writer")
        self.accepted(reader, [("t", "need.e"), ("u", "CONTAINS(payload, 'need.e')", 0, CESQL)])
        for topic in ("t", "u"):
            for payload in (b"a needle", b"need.e", b"hay"):
                writer.publish(topic, payload)
        reader.gather(3)
        self.assertEqual([(topic, payload) for topic, payload, _ in reader.drain()], [("t", b"a needle"), ("t", b"need.e"), ("u", b"need.e")])
        self.assertEqual(reader.unsubscribe([("t", "matches(payload, \"need.e\")", 0, CESQL)]), [(OK, "")])
        self.assertEqual(reader.unsubscribe([("u", "need\\.e")])[0][0], NOT_SUBSCRIBED, "two patterns of one meaning are two")

    def test_a_price_names_the_part_that_is_dear(self):
        client = self.greeted("b", "client")
        (code, text), = client.subscribe([("t", "n = 1 AND LENGTH(UPPER(subject)) > 5", 0, CESQL)])
        self.assertEqual(code, OK)
        self.assertRegex(text, r"^\d+ of its \d+ cycles: \(LENGTH\(UPPER\(subject\)\) > 5\)$")
        self.assertGreater(client.prices[0][1], 50)
        told = self.hosts["b"].run(os.path.join(case.paths.BUILD, "rhumb"), "-j", "sub", "t", "--cesql", "n = 2 AND LENGTH(UPPER(subject)) > 5", "--price",
                                   "--idle-exit", "0.2", "--payload", "--router", "198.18.1.1").stdout
        self.assertIn("(LENGTH(UPPER(subject)) > 5)", json.loads(told.splitlines()[0])["subscription"]["dear"])

    def test_refusals_say_where_and_leave_the_others_standing(self):
        client = self.greeted("b", "client")
        asked = [("t", "n = 1 AND b OR c", 0, CESQL), ("t", "", 0, CESQL), ("t", "COLOUR(n)", 0, CESQL), ("t", '[{"exact": 1}]', 0, FILTERS),
                 ("t", "x", 0, 9), ("!t", "n = 1", 0, CESQL), ("t", "n = 1", 0, CESQL)]
        answer = client.subscribe(asked)
        self.assertEqual([code for code, _ in answer], [INVALID_CONTENT] * 4 + [UNSUPPORTED] * 2 + [OK])
        for (_, text), words in zip(answer, ("cesql: at 12: 'OR' follows 'AND'", "cesql: at 0: expected a value", "cesql: at 0: there is no function 'COLOUR'",
                                             "filters: at 11: ", "content kind 9 is not known", "an exception (!) with a content expression", "")):
            self.assertIn(words, text)
        self.assertGreater(min(client.prices[-1]), 0)

    def test_explain_says_which_expression_misses(self):
        self.subscriber("b", ["t/#"], name="plain")
        self.subscriber("b", ["t/#"], name="high", options=["--cesql", "n > 5"])
        self.subscriber("b", ["t/#"], name="mine", options=["--filters", '{"exact": {"type": "com.example"}}'])
        verdicts = lambda *args: {row["client_id"]: row["verdict"] for row in self.router.cli_json("explain", "t/1", *args)["candidates"]}
        self.assertEqual(verdicts(), {"plain": "deliver", "high": "content_unknown", "mine": "content_unknown"})
        self.assertEqual(verdicts("--attr", "n=7"), {"plain": "deliver", "high": "deliver", "mine": "content_missed"})
        self.assertEqual(verdicts("--attr", "n=5", "--attr", "type=com.example"), {"plain": "deliver", "high": "content_missed", "mine": "deliver"})
        self.subscriber("b", ["typed"], name="number", options=["--cesql", "m = n"])
        self.subscriber("b", ["typed"], name="truth", options=["--cesql", "b"])
        verdicts = lambda *args: {row["client_id"]: row["verdict"] for row in self.router.cli_json("explain", "typed", "--attr", "m=07", *args)["candidates"]}
        self.assertEqual(verdicts("--attr", "n:int=7", "--attr", "b:bool=true"), {"number": "deliver", "truth": "deliver"})
        self.assertEqual(verdicts("--attr", "n=7", "--attr", "b=true"), {"number": "content_missed", "truth": "content_missed"})
        rows = self.router.cli_json("explain", "t/1", "--attr", "n=5", "--client", "high")["candidates"]
        self.assertEqual([(row["content"], row["layer"], row["why"]) for row in rows], [("(n > 5)", "content", "the expression is not true of this event")])

    def test_clients_that_come_back_ask_for_the_same_again(self):
        reader = self.subscriber("b", ["t"], options=["--cesql", "n = '2'"])
        writer = self.publisher("a")
        self.router.kill()
        self.router = self.make_router().start()

        def arrives():
            for number in "123":
                writer.publish("t", number.encode(), {"n": number})
            return any(event["payload"] == b"2" for event in reader.wait(1, 0.5))

        self.assertTrue(case.wait_for(arrives, 40, 0.5), f"clients did not come back: {self.router.sessions()}")
        self.assertEqual({event["payload"] for event in reader.wait(1)}, {b"2"})
        writer.finish()


class Limits(case.RouterCase):
    MORE = {"content": {"expressions-max": 3}}

    def test_a_tenant_has_its_expressions_and_is_told_when_it_has_them(self):
        client = self.greeted("b", "client")
        self.assertEqual([code for code, _ in client.subscribe([("t", f"n = {number}", 0, CESQL) for number in range(3)])], [OK] * 3)
        self.assertEqual(client.subscribe([("t", "n = 3", 0, CESQL)]),
                         [(LIMIT, "this tenant has its 3 content expressions: reuse one or unsubscribe some")])
        self.assertEqual(client.subscribe([("t", "needle")])[0][0], LIMIT)
        self.assertEqual(client.subscribe([("u", "(n = 1)", 0, CESQL), "u"]), [(OK, "")] * 2)
        rows = {row["name"]: row for row in self.router.cli_json("show", "limits")["limits"]}
        self.assertEqual([rows["CONTENTS"]["used"], rows["configured_expressions"]["limit"], rows["configured_expressions"]["hits"]], [3, 3, 2])
        self.assertEqual(client.unsubscribe([("t", "n = 0", 0, CESQL)]), [(OK, "")])
        self.assertEqual(client.subscribe([("t", "n = 3", 0, CESQL)]), [(OK, "")])


class Memory(case.RouterCase):
    MORE = {"content": {"expression-memory-max": 1}}

    def limit(self):
        rows = {row["name"]: row for row in self.router.cli_json("show", "limits")["limits"]}
        return rows["configured_expression_bytes"]

    def test_a_tenants_expressions_take_the_memory_they_may_and_no_more(self):
        client = self.greeted("b", "client")
        texts = [" OR ".join(f"n = {first + more}" for more in range(100)) for first in range(1000, 9000, 100)]
        answers = [client.subscribe([("t", text, 0, CESQL)])[0] for text in texts]
        codes = [code for code, _ in answers]
        taken = codes.index(LIMIT)
        self.assertGreater(taken, 10)
        self.assertEqual(codes, [OK] * taken + [LIMIT] * (len(texts) - taken))
        self.assertRegex(answers[-1][1], r"^this content expression takes \d+ bytes, and this tenant's take \d+ of their 1048576: write it shorter,")
        found = self.limit()
        self.assertEqual([found["limit"], found["hits"]], [1 << 20, len(texts) - taken])
        self.assertLessEqual(found["used"], 1 << 20)
        self.assertGreater(found["used"], (1 << 20) * taken // (taken + 1))
        self.assertEqual(client.unsubscribe([("t", texts[0], 0, CESQL)])[0][0], OK)
        self.assertEqual(client.subscribe([("t", texts[-1], 0, CESQL)])[0][0], OK)


class Beyond(case.RouterCase):
    """A tenant whose pattern costs more than its share: late, in order, all of it; the other worker's readers get theirs as well."""
    WORKERS = ({"core": 0, "idle": "yield"}, {"core": 1, "idle": "yield"})
    MORE = {"content": {"scan-cost-max": 10000, "worker-share": 1}}
    EVENTS = 200

    def test_what_is_too_dear_for_a_worker_comes_by_the_lane(self):
        readers = [self.greeted("b", f"reader-{number}") for number in range(4)]
        for reader in readers:
            self.assertEqual([code for code, _ in reader.subscribe([("dear/#", "(ab|cd|ef|gh){30,200}.{100,300}z1"), ("plain/#",)], timeout_s=60)], [OK, OK])
        writer = self.greeted("a", "writer")
        due = []
        for number in range(self.EVENTS):
            dear, hits = number % 4 != 3, number % 4 == 0
            topic = f"dear/{number}" if dear else f"plain/{number}"
            writer.publish(topic, b"abcdefgh" * 140 + (b"z1" if hits else b"z2"))
            due += [topic] * (hits or not dear)
        for reader in readers:
            reader.gather(len(due), 30)
            self.assertEqual([topic for topic, _, _ in reader.drain(0.1)], due)
        self.assertTrue(case.wait_for(lambda: self.total("events_waiting") == 0))
        total = self.assert_laws()
        self.assertGreater(total["content_to_lane"], self.EVENTS // 4)
        row, = self.router.cli_json("show", "patterns")["patterns"]
        self.assertEqual((row["share_percent"], row["to_lane"], row["refused"], row["waiting"]), (1, total["content_to_lane"], 0, 0))
        self.assertEqual(row["lane_cycles"], total["lane_cycles"])
        self.assertIn("tenant default: its patterns and conditions cost more than 1 % of a worker's core", self.router.log())
        self.assertEqual((total["content_skipped"], self.dropped("content_budget")), (0, 0))


if __name__ == "__main__":
    case.main()

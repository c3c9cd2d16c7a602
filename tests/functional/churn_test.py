"""Control never disturbs data: churn, many subscriptions, slow subscribers."""

import contextlib
import threading

import lib.case as case

BATCH = 64


class Churn(case.RouterCase):
    def test_subscribing_and_unsubscribing_under_load_loses_nothing_for_others(self):
        steady = self.subscriber("b", ["load/#"])
        churner = self.greeted("b", "churner")
        enough, rounds, fed = threading.Event(), 0, []
        writer = self.publisher("a")
        feeder = threading.Thread(target=self.feed, args=(writer, fed, enough))
        feeder.start()
        self.addCleanup(enough.set)
        while rounds < 40:
            filters = [f"load/+/{rounds % 7}", f"load/{rounds % 10}/#", "#", f"other/{rounds}/#"]
            self.assertEqual([code for code, _ in churner.subscribe(filters)], [0] * 4)
            self.assertEqual([code for code, _ in churner.unsubscribe(filters)], [0] * 4)
            rounds += 1
        enough.set()
        feeder.join()
        writer.finish()
        self.assertGreater(len(fed), 1000)
        got = [event["payload"] for event in steady.wait(len(fed), 60)]
        self.assertEqual(got, [b"%d" % number for number in fed])

    def feed(self, writer, fed, enough):
        while not enough.is_set() and len(fed) < 200000:
            number = len(fed)
            writer.publish(f"load/{number % 10}/{number % 7}", b"%d" % number)
            fed.append(number)

    def test_after_unsuback_nothing_arrives_any_more(self):
        reader, writer = self.greeted("b", "reader"), self.greeted("a", "writer")
        for number in range(20):
            self.assertEqual(reader.subscribe(["t/#"])[0][0], 0)
            writer.publish("t/x", b"due")
            reader.gather(number + 1)
            self.assertEqual(len(reader.events), number + 1)
            self.assertEqual(reader.unsubscribe(["t/#"])[0][0], 0)
            writer.publish("t/x", b"not due")
            reader.drain(0.05)
            self.assertEqual(len(reader.events), number + 1)

    def test_subscribe_and_unsubscribe_may_be_repeated(self):
        client = self.greeted("b", "client")
        self.assertEqual(client.subscribe(["a/#"])[0][0], 0)
        self.assertEqual(client.subscribe(["a/#"])[0][0], 0)
        self.assertEqual(len(self.router.ask("show subscriptions")["subscriptions"]), 1)
        self.assertEqual(client.unsubscribe(["a/#"])[0][0], 0)
        self.assertEqual(client.unsubscribe(["a/#"])[0][0], 6)

    def test_a_repeated_request_is_answered_and_done_once(self):
        client = self.greeted("b", "client")
        records = case.wire.subscribe([case.wire.entry("a/#")], 7)
        for _ in range(3):
            client.send(records)
            body = client.wait(case.wire.SUBACK)
            self.assertEqual((case.wire.results(body)[0], case.wire.results(body)[2][0][0]), (7, 0))
        self.assertEqual(len(self.router.ask("show subscriptions")["subscriptions"]), 1)

    def test_a_suback_tells_what_a_subscription_costs(self):
        client = self.greeted("b", "client")
        client.subscribe(["a/+/c", "b/+/c", "b/c", "a//#/"])
        first, second, other, refused = client.prices
        self.assertGreater(first[0], 0, "its shape is probed for every event of three levels")
        self.assertEqual(second[0], 0, "by both")
        self.assertTrue(first[1] == second[1] == other[1] > 0)
        self.assertTrue(100 < first[2] < 300, first)
        self.assertEqual(refused, (0, 0, 0))
        client.subscribe(["a/+/c"])
        self.assertEqual(client.prices, [(0, first[1], first[2])], "now, beside b/+/c")
        client.unsubscribe(["b/+/c"])
        client.subscribe(["a/+/c"])
        self.assertEqual(client.prices, [first])


class UnsubackUnderTraffic(case.RouterCase):
    """Publisher and subscriber on different workers, events all the time."""

    WORKERS = ({"core": 1, "idle": "yield", "ports": ["p0"]}, {"core": 0, "idle": "yield", "ports": ["p1"]})
    MORE = {"session": {"publisher-window-events": 0, "publisher-window-bytes": 0}}

    @contextlib.contextmanager
    def traffic(self):
        """Events on t/x, all of which somebody gets; yields the list that grows with them."""
        steady, writer, sent, enough = self.greeted("b", "steady"), self.greeted("a", "writer"), [], threading.Event()
        self.assertEqual(steady.subscribe(["#"])[0][0], 0)
        feeder = threading.Thread(target=self.feed, args=(writer, sent, enough))
        feeder.start()
        try:
            yield sent
        finally:
            enough.set()
            feeder.join()
        self.assertGreater(len(sent), 200)

    def feed(self, writer, sent, enough):
        while not enough.wait(0.001) and len(sent) < 200000:
            writer.publish("t/x", b"%d" % len(sent))
            sent.append(1)

    def silent(self, reader, sent):
        """Nothing comes to @reader while events are published."""
        before, published = len(reader.events), len(sent)
        reader.drain(0.1)
        self.assertEqual(len(reader.events), before)
        self.assertTrue(case.wait_for(lambda: len(sent) > published + 5), "traffic goes on meanwhile")

    def test_nothing_arrives_behind_the_unsuback(self):
        reader = self.greeted("b", "reader")
        with self.traffic() as sent:
            for _ in range(15):
                self.assertEqual(reader.subscribe(["t/#"])[0][0], 0)
                reader.gather(len(reader.events) + 5)
                self.assertEqual(reader.unsubscribe(["t/#"])[0][0], 0)
                self.silent(reader, sent)

    def test_nothing_arrives_behind_the_suback_of_an_exception(self):
        reader = self.greeted("b", "reader")
        self.assertEqual(reader.subscribe(["t/#"])[0][0], 0)
        with self.traffic() as sent:
            for _ in range(15):
                reader.gather(len(reader.events) + 5)
                self.assertEqual(reader.subscribe(["!t/x"])[0][0], 0)
                self.silent(reader, sent)
                self.assertEqual(reader.unsubscribe(["!t/x"])[0][0], 0)


class Many(case.RouterCase):
    MORE = {"session": {"keepalive": 20000, "timeout": 120000}}

    def test_10000_subscriptions_match_exactly(self):
        reader, writer = self.greeted("b", "reader"), self.greeted("a", "writer")
        filters = [f"many/{number}/+" if number % 2 else f"many/{number}/x" for number in range(10000)]
        for start in range(0, len(filters), 32):
            batch = filters[start:start + 32]
            answer = reader.subscribe(batch)
            self.assertEqual([code for code, _ in answer], [0] * len(batch), answer)
        self.assertEqual(self.router.ask("show status")["subscriptions"], 10000)
        due = 0
        for number in range(0, 10100, 101):
            writer.publish(f"many/{number}/x", b"%d" % number)
            writer.publish(f"many/{number}/y", b"%d" % number)
            due += (number < 10000) * (1 + number % 2)
            reader.gather(due)
        self.assertEqual(len(reader.drain()), due)
        self.assertEqual(self.total("copies_made"), due)


class Slow(case.RouterCase):
    MORE = {"session": {"queue-bytes": 65536, "queue-time": 1000, "keepalive": 2000, "timeout": 60000}}

    def test_a_slow_subscribers_loss_is_its_own_and_has_a_reason(self):
        fast = self.subscriber("b", ["load/#"])
        slow = self.greeted("b", "slow", events=10)
        self.assertEqual(slow.subscribe(["load/#"])[0][0], 0)
        with self.publisher("a") as writer:
            for number in range(1000):
                writer.publish(f"load/{number}", b"x" * 200)
        self.assertEqual(len(fast.wait(1000, 30)), 1000)
        got = len(slow.drain(0.5))
        self.assertEqual(got, 10)
        self.assertTrue(case.wait_for(lambda: self.router.sessions()["slow"]["queued_events"] == 0), "the queue's time is over and it is not empty")
        row, other = self.router.sessions()["slow"], self.router.sessions()[fast.name]
        self.assertEqual(sum(row["drops"].values()), 990, row)
        self.assertEqual(set(row["drops"]) - {"queue_full", "queue_expired"}, set(), row)
        self.assertEqual(other["drops"], {})
        self.assertLessEqual(row["longest_queue_bytes"], 65536)

    def test_credit_that_comes_late_empties_the_queue(self):
        slow = self.greeted("b", "slow", events=2)
        slow.subscribe(["t"])
        writer = self.greeted("a", "writer")
        for _ in range(5):
            writer.publish("t", b"x")
        self.assertEqual(len(slow.drain(0.3)), 2)
        slow.send(case.wire.credit(events=5))
        self.assertEqual(len(slow.gather(5)), 5)

    def test_what_waits_and_an_exception_takes_away_is_not_delivered(self):
        slow, writer = self.greeted("b", "slow", events=1), self.greeted("a", "writer")
        slow.subscribe(["t/#"])
        for topic in ["t/b"] + ["t/a", "t/b"] * 4:
            writer.publish(topic, b"x")
        self.assertTrue(case.wait_for(lambda: self.router.sessions()["slow"]["queued_events"] == 8), "queued")
        self.assertEqual(slow.subscribe(["!t/a"])[0][0], 0)
        slow.send(case.wire.credit(events=20))
        slow.gather(5)
        self.assertEqual([topic for topic, _, _ in slow.drain()], ["t/b"] * 5)
        self.assertEqual(self.router.sessions()["slow"]["drops"], {"unsubscribed": 4})


if __name__ == "__main__":
    case.main()

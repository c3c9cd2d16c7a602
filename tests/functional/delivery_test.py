"""Events reach exactly those who asked, over IPv4 and IPv6, small and large."""

import os
import time

import lib.case as case


class Delivery(case.RouterCase):
    def test_events_go_both_ways_to_those_who_asked(self):
        left = self.subscriber("a", ["to-a/#"])
        right = self.subscriber("b", ["to-b/+/x"])
        with self.publisher("a") as to_b, self.publisher("b") as to_a:
            for number in range(200):
                to_b.publish(f"to-b/{number}/x", b"forth %d" % number)
                to_b.publish(f"to-b/{number}/y", b"not asked for")
                to_a.publish(f"to-a/{number}", b"back %d" % number)
        self.assertEqual([event["payload"] for event in right.wait(200)], [b"forth %d" % number for number in range(200)])
        self.assertEqual([event["payload"] for event in left.wait(200)], [b"back %d" % number for number in range(200)])
        total = self.assert_laws()
        self.assertEqual((total["events_matched"], total["events_unmatched"], total["copies_made"]), (400, 200, 400))

    def test_events_cross_from_ipv6_to_ipv4_and_back(self):
        old = self.subscriber("a", ["six/#"])
        new = self.subscriber("b", ["four/#"], router="2001:db8:1::1")
        with self.publisher("b", router="2001:db8:1::1") as six, self.publisher("a") as four:
            for number in range(100):
                six.publish(f"six/{number}", b"6")
                four.publish(f"four/{number}", b"4")
        self.assertEqual([event["topic"] for event in old.wait(100)], [f"six/{number}" for number in range(100)])
        self.assertEqual([event["topic"] for event in new.wait(100)], [f"four/{number}" for number in range(100)])

    def test_attributes_and_origin_time_arrive_unchanged(self):
        reader = self.subscriber("b", ["#"])
        before = time.time_ns()
        attributes = {"type": "org.example", "source": "/a%2Bb", "subject": "Zoë", "closes": "1,2"}
        with self.publisher("a") as writer:
            writer.publish("t", b"\0\xff payload", attributes)
        event, = reader.wait(1)
        self.assertEqual(event["payload"], b"\0\xff payload")
        self.assertEqual({name: event["attributes"].get(name) for name in attributes}, attributes)
        self.assertLessEqual(before, event["origin_ns"])
        self.assertLessEqual(event["origin_ns"], event["received_ns"])

    def test_one_client_with_overlapping_filters_gets_one_copy(self):
        reader = self.subscriber("b", ["a/#", "a/+", "a/b", "#"])
        with self.publisher("a") as writer:
            writer.publish("a/b", b"once")
        self.assertEqual(len(reader.wait(2, 0.5)), 1)
        self.assertEqual(self.total("copies_made"), 1)


class Aliases(case.RouterCase):
    def test_every_request_is_answered_and_a_number_keeps_its_topic(self):
        client, reader = self.greeted("a", "client"), self.subscriber("b", ["#"])
        self.assertEqual(client.alias(1, 9, b""), (9, 6), "nothing to forget")
        self.assertEqual(client.alias(2, 9, b"al/x"), (9, 0))
        self.assertEqual(client.alias(3, 9, b"al/x"), (9, 0), "the same again")
        self.assertEqual(client.alias(4, 9, b"al/y"), (9, 1), "another topic under a number in use")
        self.assertEqual(client.alias(5, 10, b"al/+"), (10, 1), "nobody may publish to a wildcard")
        self.publish_alias(client, 9, 1)
        self.assertEqual([event["topic"] for event in reader.wait(1)], ["al/x"])
        self.assertEqual(client.alias(6, 9, b""), (9, 0))
        self.publish_alias(client, 9, 2)
        self.assertTrue(case.wait_for(lambda: self.dropped("bad_alias") == 1))
        self.assertEqual(client.alias(7, 9, b"al/y"), (9, 0))
        self.publish_alias(client, 9, 3)
        self.assertEqual([event["topic"] for event in reader.wait(2)], ["al/x", "al/y"])

    def publish_alias(self, client, number, sequence):
        body = case.wire.PUBLISH_FIELDS.pack(3 << 5, 32, 0, sequence, client.incarnation, 0, 0xFFFFFFFF, 0, 0, 2, number, 0, 0, 0) + b"hi"
        client.send(case.wire.record(case.wire.PUBLISH, body, 1))


class Large(case.RouterCase):
    def test_events_of_all_sizes_up_to_64_kib_arrive_whole(self):
        reader = self.subscriber("b", ["size/#"])
        payloads = [os.urandom(size) for size in (0, 1, 1300, 1472, 1473, 4096, 20000, 65535, 65536)]
        with self.publisher("a") as writer:
            for number, payload in enumerate(payloads):
                writer.publish(f"size/{number}", payload)
        got = {event["topic"]: event["payload"] for event in reader.wait(len(payloads))}
        self.assertEqual(sorted(got), sorted(f"size/{number}" for number in range(len(payloads))))
        for number, payload in enumerate(payloads):
            self.assertEqual(got[f"size/{number}"], payload, f"{len(payload)} bytes")
        self.assertGreaterEqual(self.total("reassembled"), 5)

    def test_one_byte_more_is_refused_with_the_reason_and_nothing_else_suffers(self):
        reader = self.subscriber("b", ["size/#"])
        with self.publisher("a") as writer:
            writer.publish("size/before", b"x")
            writer.publish("size/large", bytes(65537))
            writer.publish("size/after", b"x")
        self.assertEqual([event["topic"] for event in reader.wait(2)], ["size/before", "size/after"])
        self.assertEqual(writer.too_large + self.dropped("too_large"), 1)

    def test_a_raw_fragment_beyond_the_limit_is_dropped_as_too_large(self):
        client = self.greeted("a", "raw")
        for one in case.wire.fragments("t", bytes(65537), 1, client.incarnation):
            client.send(one)
        self.assertTrue(case.wait_for(lambda: self.dropped("too_large")))


if __name__ == "__main__":
    case.main()

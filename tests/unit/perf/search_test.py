"""The searches, on devices whose behaviour is known."""

import pathlib
import random
import sys
import unittest

TOP = pathlib.Path(__file__).resolve().parents[3]
sys.path.insert(0, str(TOP / "perf"))

from lib import search  # noqa: E402

SEED = 20261121


class Device:
    """Takes up to @capacity a second, loses the rest; @noise: share of trials that lose something below it too."""

    def __init__(self, capacity, noise=0.0, steady=0.0, seed=SEED):
        self.capacity, self.noise, self.steady = capacity, noise, steady
        self.random = random.Random(seed)
        self.trials, self.seconds = 0, 0.0

    def __call__(self, rate, seconds):
        self.trials += 1
        self.seconds += seconds
        sent = rate * seconds
        lost = max(0.0, sent - self.capacity * seconds) + self.steady * sent
        if self.random.random() < self.noise:
            lost += max(1.0, sent * 0.002)
        return sent, lost


class Mlrsearch(unittest.TestCase):
    def find(self, device, start, goals=(search.NDR, search.PDR), lowest=1000, highest=1e8):
        return search.mlrsearch(device, goals, start, lowest, highest)

    def test_finds_the_capacity_from_above_and_below(self):
        for start in (2_000, 900_000, 1_000_000, 1_100_000, 9e7):
            device = Device(1_000_000)
            found = self.find(device, start)
            self.assertLessEqual(found["ndr"]["lower"], 1_000_000)
            self.assertGreater(found["ndr"]["lower"], 1_000_000 / 1.0051)
            self.assertGreater(found["ndr"]["upper"], 1_000_000)
            # 0.5 % may be lost: capacity / 0.995.
            self.assertLessEqual(found["pdr"]["lower"], 1_000_000 / 0.995 * 1.0001)
            self.assertGreater(found["pdr"]["lower"], 1_000_000 / 0.995 / 1.0051)

    def test_every_bound_rests_on_more_than_half_of_the_duration_sum(self):
        device = Device(1_000_000)
        loads = search.Loads(device)
        self.assertTrue(loads.decide(900_000, search.NDR))
        self.assertEqual(device.trials, 11)
        self.assertFalse(loads.decide(1_100_000, search.NDR))
        self.assertEqual(device.trials, 22)

    def test_a_minority_of_disturbed_trials_does_not_move_the_answer(self):
        found = self.find(Device(1_000_000, noise=0.2), 1_000_000)
        self.assertGreater(found["ndr"]["lower"], 980_000)

    def test_short_trials_find_what_is_there_though_every_long_one_is_disturbed(self):
        class Host(Device):
            """Takes the core away twice a second for long enough to lose something."""

            def __call__(self, rate, seconds):
                self.noise = 1 - 0.5 ** (2 * seconds)
                return super().__call__(rate, seconds)

        goals = [search.short(goal) for goal in (search.NDR, search.PDR)]
        for seed in range(20):
            found = self.find(Host(1_000_000, seed=seed), 300_000, goals)
            self.assertGreater(found["ndr"]["lower"], 960_000, seed)
            self.assertLessEqual(found["ndr"]["lower"], 1_000_000)
        with self.assertRaises(search.SearchError):
            self.find(Host(1_000_000), 300_000)

    def test_a_majority_of_disturbed_trials_does(self):
        with self.assertRaisesRegex(search.SearchError, "even at 1,000 a second"):
            self.find(Device(1_000_000, noise=0.8), 1_000_000, goals=(search.NDR,))

    def test_a_device_that_always_loses_a_little_has_a_pdr_but_no_ndr(self):
        device = Device(1_000_000, steady=0.001)
        self.assertGreater(self.find(device, 1_000_000, goals=(search.PDR,))["pdr"]["lower"], 990_000)
        with self.assertRaises(search.SearchError):
            self.find(device, 1_000_000, goals=(search.NDR,))

    def test_stops_at_the_highest_rate_without_an_upper_bound(self):
        found = self.find(Device(1e9), 50_000, highest=100_000)
        self.assertEqual((found["ndr"]["lower"], found["ndr"]["upper"]), (100_000, None))

    def test_quick_is_wider_and_much_shorter(self):
        slow, fast = Device(1_000_000), Device(1_000_000)
        self.find(slow, 700_000)
        found = self.find(fast, 700_000, goals=(search.quick(search.NDR), search.quick(search.PDR)))
        self.assertLess(fast.seconds * 5, slow.seconds)
        self.assertGreater(found["ndr"]["lower"], 1_000_000 / 1.021)
        self.assertEqual(found["ndr"]["width"], 0.02)

    def test_random_devices(self):
        chance = random.Random(SEED)
        for _ in range(200):
            capacity, start = 10 ** chance.uniform(3.5, 7.5), 10 ** chance.uniform(3, 8)
            with self.subTest(seed=SEED, capacity=capacity, start=start):
                found = self.find(Device(capacity), start)
                self.assertTrue(capacity / 1.0051 < found["ndr"]["lower"] <= capacity)


class Mrr(unittest.TestCase):
    def test_is_what_comes_through(self):
        self.assertAlmostEqual(search.mrr(Device(3e6), 2e7, 1.0), 3e6)

    def test_a_generator_that_cannot_offer_more_is_its_own_limit(self):
        self.assertAlmostEqual(search.mrr(lambda rate, seconds: (min(rate, 2e6) * seconds, 0), 2e7, 1.0), 2e6)

    def test_nothing_sent_is_nothing_received(self):
        self.assertEqual(search.mrr(lambda rate, seconds: (0, 0), 2e7, 1.0), 0)


if __name__ == "__main__":
    unittest.main()

"""The harness itself: what must make a test fail does, its logs stay, and its namespaces go."""

import os
import shutil
import unittest

import lib.case as case


class Samples:
    """Kept inside a class, so that they are not run as tests of their own."""

    class Fine(case.RouterCase):
        HOSTS = ("a",)

        def test(self):
            self.assertTrue(self.greeted("a", "client").session)

    class Wrong(Fine):
        def test(self):
            self.fail("on purpose")

    class WrongPart(Fine):
        def test(self):
            with self.subTest(part=1):
                self.fail("on purpose")

    class Killed(Fine):
        """The daemon ends by itself with an error, unseen by the test's body."""

        def test(self):
            self.router.stop = lambda patience_s=0: 1

    class Lawless(Fine):
        def test(self):
            told = self.router.counters()
            self.router.settle = lambda patience_s=0: told | {"hold": False}

    class Sanitized(Fine):
        def test(self):
            with open(self.router.log_path, "a", encoding="utf-8") as log:
                log.write("x.c:1:2: runtime error: index 9 out of bounds\n")


class Harness(unittest.TestCase):
    def run_one(self, kind):
        test, result = kind("test"), unittest.TestResult()
        kept = os.path.join(case.paths.LOGS, test.id())
        shutil.rmtree(kept, ignore_errors=True)
        self.addCleanup(shutil.rmtree, kept, True)
        test.run(result)
        self.assertEqual(case.netns.existing(test.prefix), [])
        self.assertFalse(os.path.exists(test.folder))
        return result, os.path.exists(os.path.join(kept, "rhumbd.log"))

    def test_a_good_test_passes_and_leaves_nothing(self):
        result, kept = self.run_one(Samples.Fine)
        self.assertTrue(result.wasSuccessful(), result.failures + result.errors)
        self.assertFalse(kept)

    def test_everything_that_must_fail_a_test_does_and_its_logs_stay(self):
        for kind in (Samples.Wrong, Samples.WrongPart, Samples.Killed, Samples.Lawless, Samples.Sanitized):
            with self.subTest(kind=kind.__name__):
                result, kept = self.run_one(kind)
                self.assertFalse(result.wasSuccessful())
                self.assertTrue(kept, "no logs kept")


if __name__ == "__main__":
    case.main()

"""The harness itself: what must make a test fail does, its logs stay, and its namespaces go."""

import glob
import os
import re
import shutil
import subprocess
import sys
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

    class Stopped(Fine):
        def test(self):
            self.assertEqual(self.router.stop(), 0)

    class Unprepared(Fine):
        def setUp(self):
            pass

        def test(self):
            pass

    class Killed(Fine):
        """The daemon ends by itself with an error, unseen by the test's body."""

        def test(self):
            self.router.stop = lambda patience_s=0: 1

    class Lawless(Fine):
        def test(self):
            told = self.router.counters()
            self.router.settle = lambda patience_s=0: told | {"hold": False}

    class LawlessEnd(Fine):
        def test(self):
            self.router.final_counts = lambda: [{"hold": False}]

    class SilentEnd(Fine):
        """It stopped before the end and accounted for nothing."""

        def test(self):
            self.assertEqual(self.router.stop(), 0)
            with open(self.router.log_path, "w", encoding="utf-8"):
                pass

    class KilledAndLeft(Fine):
        def test(self):
            self.router.kill()

    class NoRouter(Fine):
        def make_router(self):
            made = super().make_router()
            self.routers.remove(made)
            self.addCleanup(made.stop)
            return made

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
        for kind, words in ((Samples.Wrong, "on purpose"), (Samples.WrongPart, "on purpose"), (Samples.Killed, "exit status after SIGTERM"),
                            (Samples.Lawless, "laws broken: "), (Samples.LawlessEnd, "laws broken at the end"),
                            (Samples.SilentEnd, "one line of final counts"), (Samples.KilledAndLeft, "no router after it"),
                            (Samples.NoRouter, "no router took part"), (Samples.Sanitized, "runtime error:")):
            with self.subTest(kind=kind.__name__):
                result, kept = self.run_one(kind)
                (_, text), = result.failures
                self.assertIn(words, text)
                self.assertTrue(kept, "no logs kept")

    def test_what_a_killed_run_left_is_swept_and_a_living_one_is_let_be(self):
        script = "import os, sys, time; sys.path.insert(0, sys.argv[1]); import lib.case as case\n" \
                 "made = case.RouterCase(); made.setUp(); print(made.prefix, made.router.process.pid, flush=True); time.sleep(600)"
        runs = [subprocess.Popen([sys.executable, "-c", script, os.path.dirname(os.path.abspath(__file__))], stdout=subprocess.PIPE,
                                 text=True) for _ in range(2)]
        (dead, _), (living, _) = told = [one.stdout.readline().split() for one in runs]
        runs[0].kill()
        runs[0].wait()
        try:
            case.sweep.main()
            self.assertEqual(self.left_by(dead, told[0][1]), [])
            self.assertEqual(len(case.netns.existing(living)), 3)
            self.assertIn(f"/proc/{told[1][1]}", self.left_by(living, told[1][1]))
        finally:
            runs[1].kill()
            runs[1].wait()
            case.sweep.main()
            for one in runs:
                one.stdout.close()
        self.assertEqual(self.left_by(living, told[1][1]), [])

    def left_by(self, prefix, router):
        return case.netns.existing(prefix) + [path for place in case.sweep.PLACES for path in glob.glob(f"{place}{prefix}*")] + \
            [path for path in (f"/proc/{router}",) if os.path.exists(path + "/exe")]

    def test_stopping_inside_a_test_is_accounted_for(self):
        result, _ = self.run_one(Samples.Stopped)
        self.assertTrue(result.wasSuccessful(), result.failures + result.errors)

    def test_no_class_can_leave_the_last_checks_out(self):
        for name in (*case.RouterCase.SEALED, "LAWS"):
            with self.subTest(name=name), self.assertRaisesRegex(TypeError, f"Quiet replaces {name}"):
                type("Quiet", (case.RouterCase,), {name: lambda self: None})

    def test_a_test_that_passes_without_its_last_checks_fails(self):
        result = unittest.TestResult()
        Samples.Unprepared("test").run(result)
        self.assertIn("passed without its last checks", result.failures[0][1])

    def test_no_file_has_a_case_that_is_not_of_this_harness(self):
        """A class of its own kind would have no last checks at all. This one is the only one, and tests the harness."""
        for path in sorted(glob.glob(os.path.join(os.path.dirname(os.path.abspath(__file__)), "*_test.py"))):
            with open(path, encoding="utf-8") as file:
                found = re.findall(r"\bTestCase\b", file.read())
            self.assertEqual(len(found), 1 * (path == os.path.abspath(__file__)), path)


if __name__ == "__main__":
    case.main()

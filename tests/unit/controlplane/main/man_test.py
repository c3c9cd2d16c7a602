"""docs/man/rhumbd.8 is what rhumbd --man prints, and mandoc finds nothing. man_test.py RHUMBD PAGE MANDOC."""
import pathlib
import subprocess
import sys
import unittest

RHUMBD, PAGE, MANDOC = sys.argv[1:]


class Man(unittest.TestCase):
    def test_kept_page_is_the_generated_one(self):
        made = subprocess.run([RHUMBD, "--man"], capture_output=True, text=True, timeout=60, check=True).stdout
        self.assertEqual(pathlib.Path(PAGE).read_text(encoding="utf-8"), made, "rhumbd --man > docs/man/rhumbd.8")

    def test_lint(self):
        found = subprocess.run([MANDOC, "-Tlint", "-Wwarning", PAGE], capture_output=True, text=True, timeout=60, check=False)
        self.assertEqual((found.returncode, found.stdout), (0, ""))


unittest.main(argv=sys.argv[:1])

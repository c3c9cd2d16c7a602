"""Which packages each command installs, and that a broker installed for a comparison does not start."""

import os
import pathlib
import subprocess
import tempfile
import unittest

TOP = pathlib.Path(__file__).resolve().parents[4]
LIBRARY = TOP / "tools/demolib/install.sh"
PACKAGES = "# a comment\n\ngcc    # compiler\nbroker # [check] [service] beside ours\nlua    # [check] a test\nclang  # [long] fuzzing\n"


class Install(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="rhumb-install-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        (self.folder / "tools").mkdir()
        (self.folder / "tools/packages").write_text(PACKAGES, encoding="utf-8")
        self.policy = self.folder / "policy-rc.d"
        self.called = self.folder / "called"
        systemctl = self.folder / "systemctl"
        systemctl.write_text(f'#!/bin/sh\necho "$@" >>{self.called}\n', encoding="utf-8")
        systemctl.chmod(0o755)

    def shell(self, words):
        done = subprocess.run(["bash", "-uc", f"top={self.folder} logs={self.folder}; . {LIBRARY}; {words}"], capture_output=True, text=True,
                              env={"PATH": f"{self.folder}:{os.environ['PATH']}", "rh_policy": str(self.policy)}, check=True)
        return done.stdout.split()

    def test_marks_choose_for_each_command(self):
        self.assertEqual(self.shell("rh_packages"), ["gcc"])
        self.assertEqual(self.shell("rh_packages check"), ["gcc", "broker", "lua"])
        self.assertEqual(self.shell("rh_packages long"), ["gcc", "broker", "lua", "clang"])
        self.assertEqual(self.shell("rh_services gcc broker lua"), ["broker"])

    def test_services_are_held_and_released(self):
        self.shell("rh_services_hold")
        self.assertEqual(subprocess.run([self.policy], check=False).returncode, 101)
        self.shell("rh_services_release broker")
        self.assertFalse(self.policy.exists())
        self.assertEqual(self.called.read_text(encoding="utf-8"), "disable broker\n")

    def test_what_a_killed_run_left_is_removed_and_another_s_is_not(self):
        self.shell("rh_services_hold")
        self.shell("rh_services_release")
        self.assertFalse(self.policy.exists())
        self.policy.write_text("#!/bin/sh\nexit 0\n", encoding="utf-8")
        self.shell("rh_services_hold; rh_services_release broker")
        self.assertEqual(self.policy.read_text(encoding="utf-8"), "#!/bin/sh\nexit 0\n")


if __name__ == "__main__":
    unittest.main()

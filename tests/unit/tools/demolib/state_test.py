"""What the demo changed is written down before it changes, and put back from any half-way point."""

import os
import tempfile
import unittest
from unittest import mock

import demolib_path  # noqa: F401 pylint: disable=unused-import
import machine
import state


class FakeMachine(unittest.TestCase):
    """A folder instead of the kernel's hugepages; no namespaces."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="rhumb-demo-")
        self.addCleanup(folder.cleanup)
        self.pages = os.path.join(folder.name, "pages")
        os.mkdir(self.pages)
        self.set("nr_hugepages", 3)
        self.set("free_hugepages", 1)
        for patch in (mock.patch.object(state, "HUGEPAGES", self.pages), mock.patch.object(state.netns, "existing", lambda prefix: [])):
            patch.start()
            self.addCleanup(patch.stop)
        self.folder = os.path.join(folder.name, "demo")

    def set(self, name, value):
        state.write_number(os.path.join(self.pages, name), value)

    def get(self, name):
        return state.read_number(os.path.join(self.pages, name))


class Undo(FakeMachine):
    def test_a_later_run_puts_back_what_a_killed_one_changed(self):
        first = state.State(self.folder)
        first.note(hugepages=3)
        self.set("nr_hugepages", 300)
        second = state.State(self.folder)
        self.assertTrue(second.load())
        self.assertEqual(len(second.undo()), 1)
        self.assertEqual(self.get("nr_hugepages"), 3)
        self.assertFalse(state.State(self.folder).load())

    def test_nothing_to_undo_is_no_error(self):
        self.assertFalse(state.State(self.folder).load())
        self.assertEqual(state.State(self.folder).undo(), [])

    def test_a_torn_state_file_does_not_stop_the_undo(self):
        os.mkdir(self.folder)
        with open(os.path.join(self.folder, "state.json"), "w", encoding="ascii") as file:
            file.write('{"hug')
        found = state.State(self.folder)
        found.load()
        found.undo()
        self.assertFalse(os.path.exists(self.folder))

    def test_a_second_demo_is_refused(self):
        first, second = state.State(self.folder), state.State(self.folder)
        first.claim()
        with self.assertRaises(state.Busy):
            second.claim()
        first.lock.close()


class Hugepages(FakeMachine):
    def test_pages_are_noted_before_they_are_asked_for(self):
        noted = state.State(self.folder)
        with mock.patch.object(state, "write_number", side_effect=OSError):
            self.assertFalse(machine.reserve_hugepages(noted))
        self.assertEqual(noted.found["hugepages"], 3)

    def test_what_cannot_be_had_whole_is_given_back(self):
        self.assertFalse(machine.reserve_hugepages(state.State(self.folder)))
        self.assertEqual(self.get("nr_hugepages"), 3)

    def test_enough_free_pages_change_nothing(self):
        self.set("free_hugepages", machine.PAGES)
        noted = state.State(self.folder)
        self.assertTrue(machine.reserve_hugepages(noted))
        self.assertEqual(noted.found, {})


if __name__ == "__main__":
    unittest.main()

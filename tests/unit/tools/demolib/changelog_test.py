"""Reading untidy changelogs and package databases."""

import gzip
import os
import tempfile
import unittest

import demolib_path  # noqa: F401 pylint: disable=unused-import
import changelog

ENTRY = b"""gtk+3.0 (3.24.38-2~deb12u3) bookworm-security; urgency=medium, binary-only=yes

  * Fix CVE-2024-6655 (Closes: #1076418, #99)
  * closes: bug#7

 -- Jos\xe9 Doe <jose@example.org>  Mon, 15 Jul 2024 11:02:03 +0200
"""
SECOND = b"""gtk+3.0 (3.24.38-1) unstable experimental; urgency=low (HIGH for m68k)

  * Something.

 -- A B <a@example.org>  someday
"""


def events(data):
    return [changelog.entry_event(head, lines)[1] for head, lines in changelog.entries(data)]


class Entries(unittest.TestCase):
    def test_an_entry_becomes_topic_attributes_and_payload(self):
        first, = events(ENTRY)
        self.assertEqual(first.topic, "debian/bookworm-security/medium/gtk%2B3.0/3.24.38-2~deb12u3")
        self.assertEqual(first.payload, ENTRY)
        self.assertEqual(first.attributes, {
            "type": "org.debian.changelog", "source": "/debian/gtk%2B3.0", "subject": "3.24.38-2~deb12u3",
            "closes": "7,99,1076418", "maintainer": "José Doe <jose@example.org>", "time": "2024-07-15T11:02:03+02:00"})

    def test_free_text_urgency_and_several_distributions_are_levels(self):
        second = events(ENTRY + b"\n" + SECOND)[1]
        self.assertEqual(second.topic, "debian/unstable experimental/low (HIGH for m68k)/gtk%2B3.0/3.24.38-1")
        self.assertNotIn("time", second.attributes)

    def test_noise_around_entries_is_skipped(self):
        found = events(b"Old notes\nvim: set\n\n" + ENTRY + b"\nLocal variables:\nmode: x\n")
        self.assertEqual([event.payload for event in found], [ENTRY])

    def test_an_entry_without_trailer_ends_at_the_next_header(self):
        found = events(b"a (1) unstable; urgency=low\n  * x\n" + SECOND)
        self.assertEqual(len(found), 2)
        self.assertNotIn("maintainer", found[0].attributes)
        self.assertEqual(found[0].payload, b"a (1) unstable; urgency=low\n  * x\n")

    def test_a_missing_urgency_is_unknown(self):
        self.assertEqual(events(b"a (1) unstable; binary-only=yes\n")[0].topic, "debian/unstable/unknown/a/1")

    def test_controls_do_not_reach_attributes(self):
        found, = events(b"a (1) unstable; urgency=low\n\n -- A\x01B\x9f <a@b>  Mon, 15 Jul 2024 11:02:03 +0200\n")
        self.assertEqual(found.attributes["maintainer"], "A B  <a@b>")


class Files(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="rhumb-demo-")
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def gz(self, package, data):
        os.makedirs(os.path.join(self.folder, package))
        with open(os.path.join(self.folder, package, "changelog.Debian.gz"), "wb") as file:
            file.write(data)

    def read(self):
        return list(changelog.from_changelogs(self.folder + "/*/changelog.Debian.gz"))

    def test_the_same_entry_in_many_packages_is_one_event(self):
        self.gz("libgtk", gzip.compress(ENTRY + SECOND))
        self.gz("gtk-doc", gzip.compress(ENTRY))
        self.assertEqual(len(self.read()), 2)

    def test_a_broken_file_does_not_end_the_reading(self):
        self.gz("a", b"not gzip")
        self.gz("b", gzip.compress(ENTRY)[:-20])
        self.gz("c", gzip.compress(SECOND))
        self.assertEqual(len(self.read()), 1)

    def test_the_package_database_serves_where_there_are_no_changelogs(self):
        path = os.path.join(self.folder, "status")
        with open(path, "wb") as file:
            file.write(b"Package: g++\nPriority: optional\nVersion: 4:12.2.0-3\nMaintainer: X <x@y>\nDescription: a\n b: c\n\nPackage: b\n\n")
        first, second = changelog.from_status(path, b"bookworm")
        self.assertEqual(first.topic, "debian/bookworm/optional/g%2B%2B/4:12.2.0-3")
        self.assertEqual(first.attributes["maintainer"], "X <x@y>")
        self.assertIn(b" b: c\n", first.payload)
        self.assertEqual(second.topic, "debian/bookworm/unknown/b/none")


if __name__ == "__main__":
    unittest.main()

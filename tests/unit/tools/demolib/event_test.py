"""Encoding of topic levels."""

import unittest

import demolib_path  # noqa: F401 pylint: disable=unused-import
from event import PAYLOAD_MAX, Event, encode_level


class EncodeLevel(unittest.TestCase):
    def test_what_a_level_cannot_hold_is_encoded_and_nothing_else(self):
        for raw, text in ((b"libstdc++", "libstdc%2B%2B"), (b"AC/DC", "AC%2FDC"), (b"100%", "100%25"), (b"a#b", "a%23b"),
                          (b"1:2.0~rc1-1", "1:2.0~rc1-1"), (b"a b", "a b"), (b"\0\t\n\x1f\x7f", "%00%09%0A%1F%7F"), (b"", "")):
            with self.subTest(raw=raw):
                self.assertEqual(encode_level(raw), text)

    def test_well_formed_utf8_stays_and_other_bytes_are_encoded(self):
        self.assertEqual(encode_level("Zoë 東京 😀".encode()), "Zoë 東京 😀")
        self.assertEqual(encode_level(b"Zo\xeb x"), "Zo%EB x")
        self.assertEqual(encode_level(b"\xc0\x80"), "%C0%80")
        self.assertEqual(encode_level(b"\xed\xa0\x80"), "%ED%A0%80")
        self.assertEqual(encode_level(b"end \xe6\x9d"), "end %E6%9D")

    def test_different_bytes_give_different_levels(self):
        self.assertNotEqual(encode_level(b"a+b"), encode_level(b"a%2Bb"))


class TooLarge(unittest.TestCase):
    def test_64_kib_pass_and_one_byte_more_does_not(self):
        self.assertFalse(Event("t", {}, b"x" * PAYLOAD_MAX).too_large)
        self.assertTrue(Event("t", {}, b"x" * (PAYLOAD_MAX + 1)).too_large)


if __name__ == "__main__":
    unittest.main()

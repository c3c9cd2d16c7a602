"""Tables."""

import unittest

import demolib_path  # noqa: F401 pylint: disable=unused-import
import table


class Render(unittest.TestCase):
    def test_columns_line_up(self):
        self.assertEqual(table.render(("name", "n"), (("a", 10), ("long", 5))), ["name   n", "----  --", "a     10", "long   5"])

    def test_long_cells_keep_both_ends(self):
        cell = table.shorten("debian/unstable/medium/something/1.0", 20)
        self.assertEqual(len(cell), 20)
        self.assertTrue(cell.startswith("debian/unst") and cell.endswith("ng/1.0"[-5:]), cell)

    def test_numbers(self):
        self.assertEqual((table.count(1234567), table.count(None), table.micros(1500), table.micros(None)), ("1,234,567", "-", "2", "-"))


if __name__ == "__main__":
    unittest.main()

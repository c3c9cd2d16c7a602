"""Plain text tables."""

import unicodedata


def width(text):
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text)


def shorten(text, limit):
    """Cut in the middle: both ends of a filter say something."""
    if width(text) <= limit:
        return text
    head = (limit - 3) * 2 // 3
    return text[:head] + "..." + text[len(text) - (limit - 3 - head):]


def render(header, rows, left=(0,), limit=44):
    """Lines of a table; columns in @left are left-aligned, the others right."""
    cells = [[shorten(str(cell), limit) for cell in row] for row in [header, *rows]]
    widths = [max(width(row[column]) for row in cells) for column in range(len(header))]
    lines = []
    for number, row in enumerate(cells):
        parts = []
        for column, cell in enumerate(row):
            pad = " " * (widths[column] - width(cell))
            parts.append(cell + pad if column in left else pad + cell)
        lines.append("  ".join(parts).rstrip())
        if number == 0:
            lines.append("  ".join("-" * size for size in widths))
    return lines


def count(number):
    """1234567 as 1,234,567; None as -."""
    return "-" if number is None else f"{number:,}"


def micros(ns):
    """Nanoseconds as microseconds."""
    return "-" if ns is None else f"{ns / 1000:,.0f}"

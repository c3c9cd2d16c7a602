"""A sequence of messages without end: some made once, again and again."""

from bisect import bisect_right
from itertools import accumulate


class Cycle:
    """The bytes of @messages, repeated for ever; positions count bytes from the start."""

    def __init__(self, messages):
        self.data = b"".join(messages)
        self.ends = list(accumulate(map(len, messages)))

    def whole(self, position):
        """How many messages end at or before @position."""
        rounds, rest = divmod(position, len(self.data))
        return rounds * len(self.ends) + bisect_right(self.ends, rest)

    def end(self, count):
        """The position after @count messages."""
        rounds, rest = divmod(count, len(self.ends))
        return rounds * len(self.data) + (self.ends[rest - 1] if rest else 0)

    def piece(self, position, most):
        """Up to @most bytes from @position; fewer at the end of a round."""
        at = position % len(self.data)
        return self.data[at:at + most]

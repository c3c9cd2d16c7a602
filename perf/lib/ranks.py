"""Mann-Whitney's rank sum test with ties, exact for few values: are two sets of values from one source?"""

import math
from collections import Counter


# Exact up to so many values together, by the normal distribution beyond.
EXACT_VALUES = 40


def _doubled_ranks(values):
    """Value -> twice its middle rank, so that ties stay whole numbers."""
    ranks, below = {}, 0
    for value, count in sorted(Counter(values).items()):
        ranks[value] = 2 * below + count + 1
        below += count
    return ranks


def _sums(ranks, size):
    """How many ways @size of @ranks have each sum."""
    ways = [Counter() for _ in range(size + 1)]
    ways[0][0] = 1
    for rank in ranks:
        for taken in range(size, 0, -1):
            for total, count in ways[taken - 1].items():
                ways[taken][total + rank] += count
    return ways[size]


def _normal(ranks, both, size, far):
    """Two-sided p of a doubled rank sum @far from the middle; the variance is that of sums of @size ranks drawn without return."""
    count, mean = len(both), len(both) + 1
    variance = size * (count - size) / (count - 1) * sum((ranks[v] - mean) ** 2 for v in both) / count
    return math.erfc(max(far - 1, 0) / math.sqrt(2 * variance)) if variance else 1.0


def p_value(one, other):
    """Two-sided p: the share of all ways to part the values that are at least as far from the middle as this one."""
    ranks = _doubled_ranks([*one, *other])
    middle = len(one) * (len(one) + len(other) + 1)
    far = abs(sum(ranks[v] for v in one) - middle)
    if len(one) + len(other) > EXACT_VALUES:
        return _normal(ranks, [*one, *other], len(one), far)
    ways = _sums([ranks[v] for v in [*one, *other]], len(one))
    return sum(count for total, count in ways.items() if abs(total - middle) >= far) / sum(ways.values())


def least_p(size, other):
    """The smallest p that so many values can give."""
    return 2 / math.comb(size + other, size)

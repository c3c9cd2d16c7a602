"""What two sets of pairs of one key say: slower, faster, no change seen, or too few to tell."""

import math
import statistics

from lib import ranks
from lib.result import RISING

# Of 100 keys that did not change at most one is called changed.
ALPHA = 0.01
# A change below this share is not worth a word, however sure.
LEAST_CHANGE = 0.02
# Robust estimate of a standard deviation from the median absolute deviation of a normal distribution.
MAD_TO_SIGMA = 1.4826
SHIFTS = [n / 100 for n in [*range(2, 50), *range(50, 100, 5)]]


def change(old, new):
    """(new - old) / old; infinite from zero."""
    if old == new:
        return 0.0
    return (new - old) / abs(old) if old else math.copysign(math.inf, new - old)


def told(share):
    """@share for a file or a line: nothing where it is infinite."""
    return share if math.isfinite(share) else None


def spread(values):
    """Robust standard deviation as a share of the median."""
    middle = statistics.median(values)
    deviation = statistics.median(abs(v - middle) for v in values) * MAD_TO_SIGMA
    return deviation / abs(middle) if middle else 0.0


def _least(one, other):
    return max(LEAST_CHANGE, spread(one), spread(other))


def _seen(one, other):
    found = change(statistics.median(one), statistics.median(other))
    return abs(found) >= _least(one, other) and ranks.p_value(one, other) <= ALPHA


def smallest(one, other, rising):
    """The smallest change for the worse that these pairs, with the spread they have, would show; None: not even 95 %."""
    old, new = statistics.median(one), statistics.median(other)
    if not old or not new:
        return None
    level = [v * old / new for v in other]
    return next((d for d in SHIFTS if _seen(one, [v * (1 + d if rising else 1 - d) for v in level])), None)


def judge(key, one, other):
    """{"verdict": slower, faster, same or few; "a", "b", "change", "p", "pairs_a", "pairs_b", "smallest_change"}."""
    old, new = statistics.median(one), statistics.median(other)
    rising, found = key in RISING, change(old, new)
    verdict = "same"
    if ranks.least_p(len(one), len(other)) > ALPHA:
        verdict = "few"
    elif _seen(one, other):
        verdict = "slower" if (found > 0) == rising else "faster"
    return {"verdict": verdict, "a": old, "b": new, "change": told(found), "p": ranks.p_value(one, other), "pairs_a": len(one), "pairs_b": len(other),
            "smallest_change": smallest(one, other, rising) if verdict == "same" else None}

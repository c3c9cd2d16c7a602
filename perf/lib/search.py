"""
Searches for the highest rate that still passes: NDR, PDR, MLRsearch, MRR. They know a device only through a trial function

    trial(rate, seconds) -> (sent, lost)

and never look at anything else, so that a simulated device can test them. Method: RFC 2544 section 26.1 and the Multiple Loss Ratio search of
the CSIT project (draft-ietf-bmwg-mlrsearch): a load is a lower bound when more than half of the duration sum was spent in trials that pass, an upper
bound when half or more was spent in trials that fail.
"""

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Goal:
    """What to find: the highest load whose trials mostly lose no more than @loss."""

    name: str
    loss: float
    width: float = 0.005
    seconds: float = 1.0
    sum_seconds: float = 21.0
    rough_trials: int = 1  # of a quarter of @seconds, to find out about where to look


NDR = Goal("ndr", 0.0)
PDR = Goal("pdr", 0.005)


def quick(goal):
    """Less time and a wider answer; results say so."""
    return Goal(goal.name, goal.loss, width=0.02, seconds=0.5, sum_seconds=1.5)


# Seconds of a short trial; how many of them, and with --quick, where a median is asked for.
SHORT_SECONDS, SHORT_TRIALS = 0.1, (21, 9)


def short(goal, is_quick=False):
    """
    For a host that takes a core away for some milliseconds a few times a second: hardly any trial of a second is without it, but most of a tenth are, and a load
    passes by the half of its trials that do.
    """
    return Goal(goal.name, goal.loss, width=0.02 if is_quick else 0.01, seconds=SHORT_SECONDS, sum_seconds=0.7 if is_quick else 2.1, rough_trials=3)


class SearchError(Exception):
    """The device does not pass at any load, or behaves like no device."""


class Loads:
    """Every trial made, by rate."""

    def __init__(self, trial):
        self.trial = trial
        self.losses = {}
        self.trials = 0

    def measure(self, rate, seconds):
        """One more trial at @rate."""
        sent, lost = self.trial(rate, seconds)
        self.trials += 1
        ratio = lost / sent if sent else 1.0
        self.losses.setdefault(rate, []).append((seconds, ratio))
        return ratio

    def verdict(self, rate, goal):
        """True: lower bound, False: upper bound, None: more trials are needed. Shorter trials than the goal's do not count."""
        tried = [(s, loss) for s, loss in self.losses.get(rate, []) if s >= goal.seconds]
        good = sum(s for s, loss in tried if loss <= goal.loss)
        bad = sum(s for s, loss in tried if loss > goal.loss)
        if good > goal.sum_seconds / 2:
            return True
        if bad >= goal.sum_seconds / 2:
            return False
        return None

    def decide(self, rate, goal):
        """Trials at @rate until the goal knows."""
        while (found := self.verdict(rate, goal)) is None:
            self.measure(rate, goal.seconds)
        return found


def mrr(trial, maximum, seconds, times=3):
    """Received per second when offered @maximum: the median of @times trials. What a generator could not send it did not offer."""
    rates = []
    for _ in range(times):
        sent, lost = trial(maximum, seconds)
        rates.append((sent - lost) / seconds)
    return sorted(rates)[len(rates) // 2]


def _bracket(loads, goal, start, lowest, highest):
    """(lower, upper) around the goal, from @start outwards, each step twice as wide; upper None at @highest."""
    step = 1 + goal.width
    rate = min(max(start, lowest), highest)
    if loads.decide(rate, goal):
        while rate < highest:
            lower, rate = rate, min(rate * step, highest)
            step *= step
            if not loads.decide(rate, goal):
                return lower, rate
        return rate, None
    while rate > lowest:
        upper, rate = rate, max(rate / step, lowest)
        step *= step
        if loads.decide(rate, goal):
            return rate, upper
    raise SearchError(f"{goal.name}: loses more than {goal.loss:.1%} even at {lowest:,.0f} a second")


def _halve(loads, goal, lower, upper):
    while upper / lower > 1 + goal.width:
        middle = math.sqrt(lower * upper)
        if loads.decide(middle, goal):
            lower = middle
        else:
            upper = middle
    return lower, upper


def _coarse(loads, goal, start, lowest, highest):
    """A few short trials a load find about where to look."""
    rough = Goal(goal.name, goal.loss, width=0.05, seconds=goal.seconds / 4, sum_seconds=goal.rough_trials * goal.seconds / 4)
    lower, upper = _bracket(loads, rough, start, lowest, highest)
    return _halve(loads, rough, lower, upper)[0] if upper else lower


def mlrsearch(trial, goals, start, lowest, highest):
    """{goal name: {"lower", "upper", ...}}: lower is the answer, upper the smallest load seen to fail (none at the highest)."""
    loads, found = Loads(trial), {}
    # The strictest goal first: its upper bound is where the next one begins.
    for goal in sorted(goals, key=lambda g: g.loss):
        before = loads.trials
        about = _coarse(loads, goal, start, lowest, highest)
        lower, upper = _bracket(loads, goal, about, lowest, highest)
        if upper:
            lower, upper = _halve(loads, goal, lower, upper)
        found[goal.name] = {"lower": lower, "upper": upper, "loss": goal.loss, "width": goal.width, "trials": loads.trials - before,
                            "seconds": goal.seconds, "sum_seconds": goal.sum_seconds}
        start = lower
    return found


def by_short_trials(trial, is_quick, start, lowest, highest, beyond=1.0):
    """
    (MRR, NDR and PDR as mlrsearch has them, up to @beyond times the MRR): where the generator is the limit, what comes through of more is not what was sent; where
    the device is, a host may give it more meanwhile.
    """
    rate = mrr(trial, highest, SHORT_SECONDS, SHORT_TRIALS[is_quick])
    return rate, mlrsearch(trial, [short(goal, is_quick) for goal in (NDR, PDR)], start, lowest, min(highest, beyond * rate))

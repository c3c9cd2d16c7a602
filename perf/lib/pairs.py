"""Interleaved pairs: subject and reference by turns, until enough pairs count."""

from lib.machine import MachineError

TRIES_PER_PAIR = 4


class Void(Exception):
    """This pair says nothing; the text says why."""


def collect(wanted, measure, say, late=lambda: False):
    """Call measure() until it gave @wanted pairs, or one where it is @late. Returns (samples, reasons of the void ones); MachineError
    without any sample."""
    samples, reasons = [], []
    while len(samples) < wanted and len(reasons) < wanted * TRIES_PER_PAIR:
        if late() and (samples or len(reasons) >= TRIES_PER_PAIR):
            say(f"out of time with {len(samples)} of {wanted} pairs")
            break
        try:
            sample = measure()
        except Void as why:
            reasons.append(str(why))
            say(f"pair void: {why}")
            continue
        samples.append(sample)
        say(f"pair {len(samples)}: " + ", ".join(f"{k} {_short(v)}" for k, v in sample.items() if isinstance(v, (int, float))))
    if not samples:
        raise MachineError(f"no valid pair in {len(reasons)} tries, the last one void because: {reasons[-1]}; "
                           "stop what else runs on the machine and run again")
    return samples, reasons


def _short(value):
    return f"{value:.4g}" if isinstance(value, float) else str(value)

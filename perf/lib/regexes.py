"""Regular expressions that begin with a literal of their own, and payloads with them: as perf/gen/pattern_set.c makes, judged by Python's re."""

import re

CONSONANTS, VOWELS = "bdfgjklmnpqrtvxz", "aeiou"
SYLLABLES, STEP = 80, 48271
TAILS = (r"-[0-9]{1,3}\.[0-9]{1,2}", "_(error|fatal|warn)[: ]", "/[a-z]{2,8}=[0-9]{2}", "(-[0-9]{2}){2}z")
OCCURRENCES = ("-17.4", "_fatal:", "/retries=42", "-17-42z")


def literal(number):
    """Three syllables and two digits."""
    rest, text = number * STEP % SYLLABLES**3, ""
    for _ in range(3):
        text += CONSONANTS[rest % SYLLABLES // 5] + VOWELS[rest % 5]
        rest //= SYLLABLES
    return f"{text}{number % 10}{number // 10 % 10}"


def pattern(number):
    """Pattern @number."""
    return literal(number) + TAILS[number % 4]


def payload(number, near=False):
    """Text in which pattern @number occurs and no other; @near: in which its literal does, and none."""
    return f'{{"host":"gateway-7","text":"pressure of {literal(number)}{"+1" if near else OCCURRENCES[number % 4]} above limit"}}'.encode()


def occurs(number, text):
    """Does pattern @number occur in the payload @text?"""
    return re.search(pattern(number).encode(), text, re.DOTALL) is not None

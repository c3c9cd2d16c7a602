#!/usr/bin/env python3
"""Count the results in meson's testlog.json files: results.py FILE... prints "passed failed skipped", then what is not passed."""

import json
import sys

PASSED = ("OK", "EXPECTEDFAIL")
SKIPPED = ("SKIP",)


def read(path):
    with open(path, encoding="utf-8") as file:
        for line in file:
            yield json.loads(line)


def main():
    passed, others = 0, []
    for path in sys.argv[1:]:
        for test in read(path):
            if test["result"] in PASSED:
                passed += 1
            else:
                others.append((test["name"], test["result"]))
    skipped = sum(result in SKIPPED for _, result in others)
    print(passed, len(others) - skipped, skipped)
    for name, result in others:
        print(f"{result}: {name}")


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""Run one lint: lint.py NAME [--root DIR] [--build DIR]. Exit 0 clean, 1 findings, 2 usage."""

import argparse
import importlib
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)

LINTS = ("include_direction", "headers_alone", "hot_symbols", "file_rules", "context_lines", "drop_docs", "drop_tests",
         "script_syntax", "readme_figures")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name", choices=LINTS)
    parser.add_argument("--root", default=os.path.dirname(os.path.dirname(HERE)))
    parser.add_argument("--build")
    options = parser.parse_args()
    lint = importlib.import_module(options.name)
    for line in getattr(lint, "warnings", lambda root: [])(options.root):
        print("note:", line)
    findings = lint.check(options.root, options.build)
    for line in findings:
        print(line)
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())

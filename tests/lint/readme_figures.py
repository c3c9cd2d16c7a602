"""What README.md shows of the demonstration was printed: its lines stand, in order, in a file of perf/results."""

import glob
import os
import re

import tree

DOCUMENT = "README.md"
RESULTS = "perf/results/*/demo.txt"
BLOCK = re.compile(r"^```\n(.*?)^```$", re.M | re.S)


def shown(text):
    """The lines of the block that shows the demonstration."""
    return next((block.splitlines() for block in BLOCK.findall(text) if "demo: verdict" in block), [])


def strayed(lines, printed):
    """The first of @lines that @printed does not have, in their order; None."""
    rest = iter(printed)
    return next((line for line in lines if line not in rest), None)


def check(root, _build=None):
    lines = shown(tree.text(root, DOCUMENT))
    files = sorted(glob.glob(os.path.join(root, RESULTS)))
    if not lines:
        return [f"{DOCUMENT}: no block shows the demonstration's verdict"]
    if not files:
        return [f"{DOCUMENT}: {RESULTS} is missing: tools/demo --json .../demo.json | tee .../demo.txt"]
    found = [strayed(lines, tree.text(root, os.path.relpath(file, root)).splitlines()) for file in files]
    if None in found:
        return []
    return [f"{DOCUMENT}: '{found[-1]}' was not printed in {os.path.relpath(files[-1], root)}: show what the demonstration prints"]

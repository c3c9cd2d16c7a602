"""
A test of the dataplane sees every drop reason counted.

What counts is a line that names the reason where drops are counted: fx_dropped(LEVEL, REASON), or a helper *_dropped(..., DP_DROP_REASON).
A comparison with 0 shows that a reason was not provoked, so it does not count. Whether the test is a good one, no lint can tell.
"""

import re

import tree

TESTS = ("tests/unit/dataplane/node/", "tests/unit/dataplane/worker/")
FIXTURE = "tests/unit/dataplane/node/fixture."
TABLES = (("dataplane/frame/status.h", "FRAME_"), ("dataplane/api/drop.h", ""))
ROW = re.compile(r'^\s*X\((\w+),\s*(?:\w+,\s*)?"[a-z0-9_]+"', re.M)
COUNTED = re.compile(r"\bfx_dropped\(\w+,\s*(\w+)\)(?!,\s*0\b)|\b(?!fx_)\w+_dropped\([^;]*?\bDP_DROP_(\w+)\)")


def reasons(root):
    return [prefix + name for path, prefix in TABLES for name in ROW.findall(tree.text(root, path))]


def counted(root):
    found = set()
    for path in tree.files(root, ".c"):
        if path.startswith(TESTS) and not path.startswith(FIXTURE):
            for match in COUNTED.finditer(tree.without_comments(tree.text(root, path))):
                found.add(match.group(1) or match.group(2))
    return found


def check(root, _build=None):
    names, seen = reasons(root), counted(root)
    if not names:
        return [f"{', '.join(path for path, _ in TABLES)}: no drop reasons found, the rows' form has changed"]
    return [f"dataplane/api/drop.h: no test below {' or '.join(TESTS)} sees {name} counted: provoke it and compare fx_dropped"
            for name in names if name not in seen]

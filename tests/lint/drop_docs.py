"""docs/operations.md explains every drop reason."""

import os
import re

import tree

DOCUMENT = "docs/operations.md"
TABLES = ("dataplane/api/drop.h", "dataplane/frame/status.h")
ROW = re.compile(r'^\s*X\(\w+,\s*(?:\w+,\s*)?"([a-z0-9_]+)"', re.M)


def reasons(root):
    names = []
    for path in TABLES:
        names += ROW.findall(tree.text(root, path))
    return names


def check(root, _build=None):
    names = reasons(root)
    if not names:
        return [f"{', '.join(TABLES)}: no drop reasons found, the rows' form has changed"]
    if not os.path.exists(os.path.join(root, DOCUMENT)):
        return [f"{DOCUMENT}: is missing"]
    documented = set(re.findall(r"`([a-z0-9_]+)`", tree.text(root, DOCUMENT)))
    return [f"{DOCUMENT}: drop reason `{name}` is not explained" for name in names if name not in documented]

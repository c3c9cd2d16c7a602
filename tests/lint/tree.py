"""The files of a checkout, as the lints see them."""

import os
import re

SKIPPED_DIRS = re.compile(r"^(build.*|\.git|__pycache__|node_modules)$")
INCLUDE = re.compile(rb'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.M)


def files(root, *suffixes):
    """Paths relative to @root, sorted; build directories and git's own are left out."""
    found = []
    for folder, dirs, names in os.walk(root):
        dirs[:] = sorted(d for d in dirs if not SKIPPED_DIRS.match(d))
        for name in sorted(names):
            if not suffixes or name.endswith(suffixes):
                found.append(os.path.relpath(os.path.join(folder, name), root))
    return found


def read(root, path):
    with open(os.path.join(root, path), "rb") as file:
        return file.read()


def text(root, path):
    return read(root, path).decode("utf-8", "replace")


def includes(root, path):
    """(line number, quoted, name) of each include."""
    data = read(root, path)
    return [(data.count(b"\n", 0, match.start(1)) + 1, match.group(1) == b'"', match.group(2).decode())
            for match in INCLUDE.finditer(data)]


def room(path):
    """dataplane/base for dataplane/base/error.h; tools/rhumb, tests, perf likewise."""
    parts = path.split("/")
    if parts[0] in ("dataplane", "controlplane", "tools") and len(parts) > 2:
        return "/".join(parts[:2])
    return parts[0]


def without_comments(source):
    """C source with comments and strings blanked, line numbers kept."""
    def blank(match):
        return re.sub(r"[^\n]", " ", match.group(0))
    return re.sub(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"', blank, source, flags=re.S)

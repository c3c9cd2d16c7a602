"""Length of files, unfinished marks, paths of one machine."""

import re

import tree

LONG, TOO_LONG = 400, 600
# Written in halves, so that this file passes its own rule.
MARKS = re.compile(r"\b(TO" r"DO|FIX" r"ME|X" r"XX|not imple" r"mented|unimple" r"mented|place" r"holder)\b")
MACHINE_PATHS = re.compile(r"/(wo" r"rk|fa" r"rm)/|bash_" r"jobs")
TEXTS = (".c", ".h", ".py", ".sh", ".md", ".build", ".yang", ".lua", ".txt", ".json")


def is_text(root, path):
    return path.endswith(TEXTS) or tree.read(root, path)[:2] == b"#!"


def warnings(root):
    found = []
    for path in tree.files(root, ".c", ".h", ".py"):
        lines = tree.read(root, path).count(b"\n")
        if LONG < lines <= TOO_LONG:
            found.append(f"{path}: {lines} lines: look for the second noun")
    return found


def check(root, _build=None):
    findings = []
    for path in tree.files(root):
        if path.startswith("tests/fuzz/seeds/") or not is_text(root, path):
            continue
        lines = tree.text(root, path).splitlines()
        if len(lines) > TOO_LONG and path.endswith((".c", ".h", ".py", ".sh")):
            findings.append(f"{path}: {len(lines)} lines, more than {TOO_LONG}: split it")
        for number, line in enumerate(lines, 1):
            mark, machine = MARKS.search(line), MACHINE_PATHS.search(line)
            if mark and not path.endswith((".md", ".json")):
                findings.append(f"{path}:{number}: unfinished mark {mark.group(0)}")
            if machine:
                findings.append(f"{path}:{number}: path of one machine {machine.group(0)}")
    return findings

"""Every public function of dataplane/api says from where it may be called (`Ctx:`)."""

import re

import tree

DECLARATION = re.compile(r"^(?!typedef|#|\s|struct \w+ \{|enum|static_assert)[\w \t*]+?\b(\w+)\([^;{]*\)\s*[;{]", re.M | re.S)
GAP = re.compile(r"\n[ \t]*\n")


def paragraphs(source):
    """Blocks between blank lines; blank lines inside a comment do not end one. Yields (line number, text)."""
    joined = re.sub(r"/\*.*?\*/", lambda match: GAP.sub("\n \1\n", match.group(0)), source, flags=re.S)
    position = 0
    for block in GAP.split(joined):
        start = joined.index(block, position)
        position = start + len(block)
        yield joined.count("\n", 0, start) + 1, block


def check(root, _build=None):
    findings = []
    for path in tree.files(root, ".h"):
        if not path.startswith("dataplane/api/"):
            continue
        for line, block in paragraphs(tree.text(root, path)):
            names = DECLARATION.findall(tree.without_comments(block))
            if names and "Ctx:" not in block:
                findings.append(f"{path}:{line}: {names[0]}() lacks a Ctx: line in its comment")
    return findings

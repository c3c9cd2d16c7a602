"""Python and shell files parse; those with a #! line can be executed."""

import os
import subprocess

import tree


def interpreter(root, path):
    first = tree.read(root, path)[:100].split(b"\n")[0].decode("utf-8", "replace")
    if path.endswith(".py") or (first.startswith("#!") and "python" in first):
        return "python"
    if path.endswith(".sh") or (first.startswith("#!") and first.endswith("sh")):
        return "bash"
    return None


def check(root, _build=None):
    findings = []
    for path in tree.files(root):
        kind = interpreter(root, path)
        if kind == "python":
            try:
                compile(tree.read(root, path), path, "exec")
            except (SyntaxError, ValueError) as error:
                findings.append(f"{path}: {error}")
        elif kind == "bash":
            done = subprocess.run(["bash", "-n", os.path.join(root, path)], capture_output=True, text=True, check=False)
            if done.returncode:
                findings.append(f"{path}: {done.stderr.strip().splitlines()[0]}")
        if kind and tree.read(root, path)[:2] == b"#!" and not os.access(os.path.join(root, path), os.X_OK):
            findings.append(f"{path}: has a #! line and is not executable")
    return findings

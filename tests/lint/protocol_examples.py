#!/usr/bin/env python3
"""The worked examples of docs/protocol.md are what the codec writes.

usage: protocol_examples.py SOURCE_ROOT FRAME_SAMPLES
"""
import re
import subprocess
import sys
from pathlib import Path


def main():
    page = (Path(sys.argv[1]) / "docs/protocol.md").read_text()
    examples = re.findall(r"<!-- sample: ([\w-]+) -->\n```\n(.*?)\n```", page, re.S)
    bad = [] if len(examples) >= 2 else [f"docs/protocol.md: {len(examples)} worked examples, at least 2 wanted"]
    for name, shown in examples:
        run = subprocess.run([sys.argv[2], "hex", name], capture_output=True, text=True, check=False)
        if run.returncode or run.stdout.split() != shown.split():
            bad.append(f"docs/protocol.md: example {name} is not what the codec writes:\n{run.stdout}{run.stderr}")
    print("\n".join(bad) or f"{len(examples)} examples agree")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())

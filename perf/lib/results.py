"""Folders of results: perf/results/DATE-MACHINE/, one JSON file a scenario."""

import json
import pathlib
import re
import subprocess

from lib.machine import MachineError

TOP = pathlib.Path(__file__).resolve().parents[2]
# Words of a processor's name that tell nothing apart.
DULL = re.compile(r"\((?:r|tm)\)|\bcpu\b|\bprocessor\b|\b\d+-core\b|@.*", re.IGNORECASE)


def slug(machine):
    """A machine in a few words fit for a file name: processor, cores, hypervisor; nothing that names the host."""
    name = DULL.sub(" ", machine["cpu"])
    if not re.search(r"\d", name) and machine.get("cpu_model"):
        name += f" model {machine['cpu_model']}"
    words = f"{name} {machine['cores']}c {machine.get('hypervisor', '')}"
    return "-".join(re.findall(r"[a-z0-9]+", words.lower()))


def revision():
    """The commit that is measured, with -dirty where files differ from it."""
    done = subprocess.run(["git", "-C", str(TOP), "describe", "--always", "--dirty", "--abbrev=12"],
                          capture_output=True, text=True, timeout=20, check=False)
    return done.stdout.strip() or "unknown"


def write(path, data):
    """@data as JSON at @path, whole or not at all."""
    draft = path.with_name(path.name + ".new")
    draft.write_text(json.dumps(data, indent=2) + "\n", encoding="utf-8")
    draft.replace(path)


def _quick(folder):
    try:
        return json.loads((folder / "summary.json").read_text(encoding="utf-8"))["quick"]
    except (OSError, ValueError, KeyError, TypeError):
        return True


def prepare(folder, quick, names):
    """Make @folder without @names, which an earlier run left. A quick run never takes the place of a full one."""
    if quick and not _quick(folder):
        raise MachineError(f"{folder} holds a full run, which a quick one must not replace: take --out DIR")
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        (folder / name).unlink(missing_ok=True)

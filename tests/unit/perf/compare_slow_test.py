"""A stage made slow is found by perf/compare: compare_slow_test.py BUILD SLOW, where SLOW is rhumb-perf-path with work added. Both are
measured as an operator would, perf/run hot --quick. Where the machine was so uneasy that perf/compare says the pairs could not have shown a change of that
size, both are measured again. Exit status 77 with the reason where it gives no valid pairs, or none that are quiet enough."""

import pathlib
import re
import subprocess
import sys
import tempfile

TOP = pathlib.Path(__file__).resolve().parents[3]
SKIPPED = 77
TRIES = 3
# Percent. The added work costs hot some 25 on a quiet machine, and half of that where everything else is slow too: pairs that could not show so much
# say nothing about perf/compare.
ADDED = 12


def build_with(build, program, folder):
    """A build folder like @build whose rhumb-perf-path is @program."""
    folder.mkdir()
    for entry in build.iterdir():
        if entry.name != "perf":
            (folder / entry.name).symlink_to(entry)
    (folder / "perf/bench").mkdir(parents=True)
    for entry in (build / "perf").iterdir():
        if entry.name != "bench":
            (folder / "perf" / entry.name).symlink_to(entry)
    (folder / "perf/bench/rhumb-perf-path").symlink_to(program)
    return folder


def measure(build, out):
    """perf/run hot --quick; the sentence that says why there is no figure, or None."""
    words = [TOP / "perf/run", "hot", "--quick", "--build", build, "--json", out]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    sys.stdout.write(done.stdout)
    # The floor is missed by the slow one, and that is no matter here.
    if out.exists():
        return None
    return (done.stderr.strip().splitlines() or ["perf/run said nothing"])[-1]


def too_noisy(told):
    """Does perf/compare's answer say that these pairs could not have shown it?"""
    found = re.search(r"^hot ratio_to_macswap .*no change seen \(smallest change these pairs could show: (\d+)", told, re.MULTILINE)
    return bool(found) and int(found[1]) > ADDED


def compared(build, slow):
    """(exit status, may another try help?)"""
    with tempfile.TemporaryDirectory(prefix="rhumb-perf-slow-") as name:
        folder = pathlib.Path(name)
        for out, where in ((folder / "usual.json", build), (folder / "slow.json", build_with(build, slow, folder / "build"))):
            why = measure(where, out)
            if why:
                print(why)
                return (SKIPPED, True) if "no valid pair" in why else (1, False)
        done = subprocess.run([TOP / "perf/compare", folder / "usual.json", folder / "slow.json"], capture_output=True, text=True, check=False)
    print(done.stdout + done.stderr)
    if "too few pairs to tell" in done.stdout or too_noisy(done.stdout):
        return SKIPPED, True
    found = any(line.startswith("hot ratio_to_macswap") and "SLOWER" in line for line in done.stdout.splitlines())
    return (0 if found and done.returncode == 1 else 1), False


def main():
    """The first try that tells something."""
    build, slow = (pathlib.Path(word).resolve() for word in sys.argv[1:3])
    for _ in range(TRIES):
        status, again = compared(build, slow)
        if not again:
            break
    if status == SKIPPED:
        print(f"skipped: in {TRIES} tries the machine gave no pairs that could have shown a change of {ADDED} %")
    return status


sys.exit(main())

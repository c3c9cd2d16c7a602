"""A stage made slow is found by perf/compare: compare_slow_test.py BUILD SLOW, where SLOW is rhumb-perf-path with work added. Both are
measured as an operator would, perf/run hot --quick. Exit status 77 with the reason where the machine gives no valid pairs."""

import pathlib
import subprocess
import sys
import tempfile

TOP = pathlib.Path(__file__).resolve().parents[3]
SKIPPED = 77


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


def main():
    build, slow = (pathlib.Path(word).resolve() for word in sys.argv[1:3])
    with tempfile.TemporaryDirectory(prefix="rhumb-perf-slow-") as name:
        folder = pathlib.Path(name)
        for out, where in ((folder / "usual.json", build), (folder / "slow.json", build_with(build, slow, folder / "build"))):
            why = measure(where, out)
            if why:
                print(why)
                return SKIPPED if "no valid pair" in why else 1
        done = subprocess.run([TOP / "perf/compare", folder / "usual.json", folder / "slow.json"], capture_output=True, text=True, check=False)
    print(done.stdout + done.stderr)
    if "too few pairs to tell" in done.stdout:
        return SKIPPED
    found = any(line.startswith("hot ratio_to_macswap") and "SLOWER" in line for line in done.stdout.splitlines())
    return 0 if found and done.returncode == 1 else 1


sys.exit(main())

"""Run rhumb as a process; small helpers for the tests beside this file."""
import subprocess
import sys

RHUMB = sys.argv[1]
failures = 0


def run(*args, stdin=b"", env=None, timeout=30):
    done = subprocess.run([RHUMB, *args], input=stdin, capture_output=True, timeout=timeout, env=env, check=False)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def check(name, got, want):
    global failures
    if got != want:
        failures += 1
        print(f"FAIL {name}\n  got  {got!r}\n  want {want!r}")


def check_in(name, needle, text):
    global failures
    if needle not in text:
        failures += 1
        print(f"FAIL {name}\n  {needle!r} is not in {text!r}")


def finish():
    print("ok" if not failures else f"{failures} failed")
    sys.exit(1 if failures else 0)

"""Run other programs; failures become one sentence."""

import subprocess


class CommandError(Exception):
    """A program ended with an error; the text says which and why."""


def run(*args, check=True, stdin=None, timeout=60, **more):
    """Run to the end. Returns the CompletedProcess with text output; raises CommandError when @check and it failed."""
    args = [str(arg) for arg in args]
    try:
        done = subprocess.run(args, input=stdin, stdin=None if stdin is not None else subprocess.DEVNULL, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=timeout, check=False, **more)
    except FileNotFoundError as error:
        raise CommandError(f"{args[0]}: not found") from error
    except subprocess.TimeoutExpired as error:
        raise CommandError(f"{' '.join(args)}: no end within {timeout} s") from error
    if check and done.returncode:
        reason = (done.stderr.strip() or done.stdout.strip() or f"exit status {done.returncode}").splitlines()
        raise CommandError(f"{' '.join(args)}: {reason[-1]}")
    return done


def stop(process, patience_s=5):
    """End a Popen: SIGTERM, then SIGKILL. Returns its exit status."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(patience_s)
        except subprocess.TimeoutExpired:
            process.kill()
    return process.wait()

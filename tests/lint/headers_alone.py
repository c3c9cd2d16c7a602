"""Every header compiles alone, twice in a row."""

import concurrent.futures
import os
import subprocess

import tree

PACKAGES = ("libdpdk", "liburcu-qsbr", "libhs", "libuv", "libyang", "libnl-route-3.0", "jansson", "libmicrohttpd")


def flags(root, build):
    found = subprocess.run(["pkg-config", "--cflags", *PACKAGES], capture_output=True, text=True, check=True)
    # As the build does: the version is an argument of the compiler.
    own = ["-std=gnu17", "-D_GNU_SOURCE", '-DRHUMB_VERSION="0"', "-Wall", "-Wextra", "-Werror", "-march=x86-64-v3", "-I", root]
    return found.stdout.split() + own + (["-I", build] if build else [])


def compile_alone(root, path, options):
    twice = f'#include "{path}"\n' * 2 + "typedef int nothing_else;\n"
    done = subprocess.run(["cc", *options, "-fsyntax-only", "-x", "c", "-"], input=twice, text=True,
                          capture_output=True, cwd=root, check=False)
    if done.returncode == 0:
        return None
    reason = next((line for line in done.stderr.splitlines() if "error" in line), done.stderr.strip())
    return f"{path}: does not compile alone: {reason}"


def check(root, build=None):
    options = flags(os.path.abspath(root), build and os.path.abspath(build))
    headers = tree.files(root, ".h")
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        verdicts = pool.map(lambda path: compile_alone(root, path, options), headers)
        return [verdict for verdict in verdicts if verdict]

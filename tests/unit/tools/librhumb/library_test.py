"""The installed library: its example compiles and links, it exports its header and nothing else."""
import os
import re
import subprocess
import sys
import tempfile

page, header, shared, static = sys.argv[1:5]
cc = sys.argv[5].split()
failed = False


def check(name, ok, text=""):
    global failed
    if not ok:
        failed = True
        print(f"FAIL {name}\n{text}")


def run(*command):
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    return done.returncode, done.stdout, done.stderr


with open(page, encoding="utf-8") as file:
    example = re.search(r"```c\n(.*?)```", file.read(), re.S).group(1)
check("the example is short", 25 <= len(example.splitlines()) <= 40, f"{len(example.splitlines())} lines")

include = ["-I", os.path.dirname(header)]
with tempfile.TemporaryDirectory(prefix="rhumb-example-") as folder:
    source, program = f"{folder}/watch.c", f"{folder}/watch"
    with open(source, "w", encoding="utf-8") as file:
        file.write(example)
    for name, library in (("shared", [shared, f"-Wl,-rpath,{os.path.dirname(shared)}"]), ("static", [static])):
        code, _, err = run(*cc, "-std=c11", "-Wall", "-Wextra", "-Werror", *include, source, "-o", program, *library)
        check(f"the example builds with the {name} library", code == 0, err)
        code, _, err = run(program, "no-such-router.invalid")
        check(f"it runs with the {name} library", code == 1 and "cannot be resolved" in err, f"{code} {err}")

with open(header, encoding="utf-8") as file:
    declared = set(re.findall(r"^[a-z].*?\b(rhumb_\w+)\(", file.read(), re.M))
code, out, err = run("nm", "-D", "--defined-only", shared)
exported = {line.split()[2].split("@")[0] for line in out.splitlines() if line.split()[1] == "T"}
check("exports are the header's functions", exported == declared,
      f"only exported: {exported - declared}, only declared: {declared - exported}")
code, _, err = run("c++", "-x", "c++", "-fsyntax-only", "-include", header, "/dev/null")
check("the header is C++ too", code == 0, err)
sys.exit(1 if failed else 0)

"""The command table: usage errors, help, manual page, completion."""
import subprocess
import sys
import tempfile

from cli import RHUMB, check, check_in, finish, run

kept_page, mandoc = sys.argv[2], sys.argv[3]

for args, sentence in [
    ((), "a command is needed"),
    (("fly",), "fly is not a command"),
    (("show", "nothing"), "show nothing is not a command"),
    (("match", "--fast"), "--fast is not an option here"),
    (("match", "--dialect"), "--dialect needs a value"),
    (("match", "--batch=1"), "--batch takes no value"),
    (("man", "extra"), "usage: rhumb man"),
    (("completion", "fish"), "fish is not a shell"),
    (("help", "fly"), "fly is not a command"),
]:
    code, out, err = run(*args)
    check(f"usage of {args}", code, 2)
    check_in(f"sentence for {args}", sentence, err)

code, out, _ = run("help")
check("help", code, 0)
for word in ("match FILTER TOPIC", "--socket PATH", "exit status"):
    check_in("help", word, out)
check("--help of a command is help of it", run("match", "--help")[1], run("help", "match")[1])
check("-h alone", run("-h")[1], out)

code, page, _ = run("man")
with open(kept_page, encoding="utf-8") as kept:
    check("docs/man/rhumb.1 is what rhumb man prints (rhumb man > docs/man/rhumb.1)", page, kept.read())
lint = subprocess.run([mandoc, "-Tlint", "-Wwarning", kept_page], capture_output=True, text=True, check=False)
check("mandoc -Tlint", (lint.returncode, lint.stdout), (0, ""))


def complete(*words):
    """Completions of the last word, as bash would offer them."""
    line = " ".join(f"'{w}'" for w in ("rhumb", *words))
    text = f"source <({RHUMB} completion bash); COMP_WORDS=({line}); COMP_CWORD={len(words)}; _rhumb; " \
           'printf "%s\\n" "${COMPREPLY[@]}"'
    done = subprocess.run(["bash", "-c", text], capture_output=True, text=True, check=False)
    check("completion says nothing on stderr", done.stderr, "")
    return done.stdout.split()


check("first word", complete("mat"), ["match"])
check("options of a command", complete("match", "--d"), ["--dialect"])
check("global options", complete("match", "--js"), ["--json"])
check("global options first", complete("--so"), ["--socket"])
check("a word with one choice", complete("completion", ""), ["bash"])
with tempfile.NamedTemporaryFile(prefix="rhumb-complete-") as file:
    check("files", complete("--socket", file.name[:-2]), [file.name])
finish()

"""The command table: usage errors, help, manual page, completion."""
import subprocess
import sys
import tempfile

from cli import RHUMB, check, check_in, finish, run

kept_page, mandoc = sys.argv[2], sys.argv[3]

for args, sentence in [
    ((), "a command is needed"),
    (("fly",), "fly is not a command"),
    (("show", "nothing"), "show nothing is not a command: show takes status, ports, workers"),
    (("show", "session"), "did you mean rhumb show sessions?"),
    (("show", "-j", "session"), "did you mean rhumb show sessions?"),
    (("shwo", "status"), "did you mean rhumb show status?"),
    (("shwo",), "did you mean rhumb show?"),
    (("sessions",), "did you mean rhumb show sessions?"),
    (("mtach", "a", "b"), "did you mean rhumb match?"),
    (("stop",), "stop is not a command: rhumb help lists them"),
    (("x" * 5000, "y" * 5000), "is not a command"),
    (("match", "--bacth"), "did you mean --batch?"),
    (("--sokcet=x", "show"), "did you mean --socket?"),
    (("--version",), "--version is a command, not an option: rhumb version"),
    (("log", "level", "main"), "an argument is missing: usage: rhumb log level ROOM LEVEL"),
    (("explain", "a", "b"), "b is one argument too many: usage: rhumb explain"),
    (("help", "shw"), "did you mean rhumb show?"),
    (("help", "match", "a"), "match takes no second word"),
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

# The first of two words alone lists what begins with it: as an error, or as help.
NOUNS = ["status", "ports", "workers", "sessions", "subscriptions", "topics", "drops", "counters", "limits", "patterns"]
code, out, err = run("show")
check("bare show", (code, out), (2, ""))
code, asked, said = run("help", "show")
check("help show", (code, asked, said), (0, err, ""))
check("show --help", run("show", "--help"), (0, err, ""))
check("every noun of show has its meaning", [line.split()[1] for line in asked.splitlines() if line.startswith("  show ") and
                                             len(line.split()) > 3], NOUNS)
for line in asked.splitlines()[2:]:
    check_in("the same meaning as in rhumb help", line, run("help")[1])
check("bare log", run("log")[:2], (2, ""))
check_in("bare trace, which is a command too", "usage: rhumb trace [OPTION]... FILTER\n   or: rhumb trace start|stop|show", run("trace")[2])
check_in("its help, too", "see also:\n  trace start", run("help", "trace")[1])
check("nothing that is typed moves the cursor", "\x1b" in run("\x1b[2J")[2], False)

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

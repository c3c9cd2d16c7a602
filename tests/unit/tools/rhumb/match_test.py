"""rhumb match: verdicts, exit codes, batch."""
from cli import check, check_in, finish, run

# Filter, topic, verdict: OASIS MQTT 5.0 sections 4.7.1 to 4.7.3.
ROWS = [
    ("sport/tennis/player1/#", "sport/tennis/player1", "match"),
    ("sport/tennis/player1/#", "sport/tennis/player1/score/wimbledon", "match"),
    ("sport/#", "sport", "match"),
    ("#", "a//b", "match"),
    ("#", "$SYS/a", "nomatch"),
    ("+/a", "$SYS/a", "nomatch"),
    ("$SYS/#", "$SYS/a", "match"),
    ("sport/+", "sport", "nomatch"),
    ("sport/+", "sport/", "match"),
    ("+/+", "/finance", "match"),
    ("/+", "/finance", "match"),
    ("+", "/finance", "nomatch"),
    ("a/b", "a/B", "nomatch"),
    ("sport/tennis#", "sport/tennis", "invalid"),
    ("sport/#/ranking", "sport/x/ranking", "invalid"),
    ("sport+", "sport", "invalid"),
    ("$share/g/a", "a", "match"),
    ("$share/g//finance", "/finance", "match"),
    ("$share/g/#", "$SYS/a", "nomatch"),
    ("$queue/a", "b", "nomatch"),
    ("$share/g", "a", "invalid"),
    ("!a/#", "a/b", "match"),
    ("", "a", "invalid"),
    ("a", "", "invalid"),
    ("a", "a/+", "invalid"),
    ("a", "a/#", "invalid"),
    ("+/" * 127 + "+", "a/" * 127 + "a", "match"),
    ("#", "a/" * 128 + "a", "invalid"),
    ("#", "a" * 1025, "invalid"),
]
EXIT = {"match": 0, "nomatch": 1, "invalid": 2}

for topic_filter, topic, verdict in ROWS:
    code, out, err = run("match", topic_filter, topic)
    check(f"match {topic_filter!r} {topic!r}", (code, out), (EXIT[verdict], verdict + "\n"))
    if verdict == "invalid":
        check_in("an invalid one says why", "rhumb match: ", err)

lines = "".join(f"{f}\t{t}\n" for f, t, _ in ROWS).encode()
code, out, _ = run("match", "--batch", stdin=lines)
check("batch", (code, out.split()), (0, [v for _, _, v in ROWS]))
check("batch in JSON", run("-j", "match", "--batch", stdin=b"a\ta\n")[1], '{"verdict":"match"}\n')
check("no tab, bad bytes, a zero, no newline at the end",
      run("match", "--batch", stdin=b"nothing\n\xff\t\xff\na\0b\ta\nx\tx\ty\nx\tx")[1].split(),
      ["invalid", "invalid", "invalid", "nomatch", "match"])
check("an empty batch", run("match", "--batch")[:2], (0, ""))
check("dialect by name", run("match", "--dialect", "mqtt", "a", "a")[0], 0)
check("another dialect", run("match", "--dialect=nats", "a.>", "a.b")[0], 0)
check("no dialect", run("match", "--dialect=smf", "a", "a")[0], 2)
check("one argument", run("match", "a")[0], 2)
check("batch with arguments", run("match", "--batch", "a", "a")[0], 2)
check("a filter that looks like an option", run("match", "--", "-a", "-a")[0], 0)
finish()

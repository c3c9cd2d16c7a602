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
# Two filters: can they match one topic, does the first include the second?
PAIRS = [
    ("mqtt", "mqtt", "a/+", "+/b", "yes", "no"),
    ("mqtt", "mqtt", "a/#", "a/+/b", "yes", "yes"),
    ("mqtt", "mqtt", "a/+/b", "a/#", "yes", "no"),
    ("mqtt", "mqtt", "a/b", "a/c", "no", "no"),
    ("mqtt", "mqtt", "#", "$SYS/#", "no", "no"),
    ("mqtt", "mqtt", "+/#", "#", "yes", "yes"),
    ("mqtt", "nats", "#", ">", "yes", "no"),
    ("nats", "mqtt", ">", "#", "yes", "yes"),
    ("solace", "zenoh", "red*/>", "re$*/b", "yes", "no"),
    ("solace", "zenoh", "re*/>", "red$*/b", "yes", "yes"),
    ("zenoh", "solace", "**", "@x/>", "no", "no"),
    ("amqp", "amqp", "#", "", "yes", "yes"),
    ("amqp", "nats", "*.#", ">", "yes", "yes"),
    ("mqtt", "mqtt", "a#", "a", "invalid", "invalid"),
    ("zenoh", "mqtt", "a", "a+", "invalid", "invalid"),
]
EXIT |= {"yes": 0, "no": 1}
for one, two, first, second, meets, covers in PAIRS:
    for option, verdict in (("--intersects", meets), ("--covers", covers)):
        line = (option, "--dialect", one, "--second-dialect", two)
        code, out, err = run("match", *line, first, second)
        check(f"match {line} {first} {second}", (code, out), (EXIT[verdict], verdict + "\n"))
        if verdict == "invalid":
            check_in("which one", "first filter byte" if "#" in first else "second filter byte", err)
        check("its line", run("match", *line, "--batch", stdin=f"{first}\t{second}\n".encode())[1], verdict + "\n")
check("in JSON", run("-j", "match", "--covers", "#", "a")[1], '{"verdict":"yes"}\n')
check("both at once", run("match", "--covers", "--intersects", "a", "a")[0], 2)
check("one filter", run("match", "--covers", "a")[0], 2)
deep = "**/" * 127 + "b"
check("many gaps", run("match", "--dialect", "zenoh", deep, "a/" * 127 + "a")[0], 1)
wide = "/".join(["**", "a"] * 63)
check("many gaps on both sides", run("match", "--dialect", "zenoh", "--covers", wide, wide + "/b")[0], 1)
check("likewise", run("match", "--dialect", "zenoh", "--intersects", wide, "**/" + wide + "/b")[0], 1)
check("a topic of another dialect", run("match", "--dialect", "nats", "--second-dialect", "mqtt", "a.>", "a/b/c")[0], 0)
check("one argument", run("match", "a")[0], 2)
check("batch with arguments", run("match", "--batch", "a", "a")[0], 2)
check("a filter that looks like an option", run("match", "--", "-a", "-a")[0], 0)
finish()

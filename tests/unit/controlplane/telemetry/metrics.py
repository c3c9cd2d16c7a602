"""Read the exposition as strictly as OpenMetrics 1.0 asks and want every row of the tables in it: metrics.py PROGRAM SOURCE_ROOT."""
import http.client
import json
import pathlib
import re
import socket
import subprocess
import sys

SAMPLE = re.compile(r'([a-zA-Z_:][a-zA-Z0-9_:]*)\{((?:[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\[\\"n])*",?)*)\} (\S+)$')
LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\[\\"n])*)"')
SUFFIXES = {"counter": ["_total"], "gauge": [""], "info": ["_info"], "histogram": ["_bucket", "_count", "_sum"]}


def parse(text):
    """Families in order: name -> (type, {(sample name, labels): value})."""
    assert text.endswith("# EOF\n"), "no # EOF at the end"
    families, name, kind, helped = {}, None, None, set()
    for line in text[:-len("# EOF\n")].splitlines():
        assert line and line == line.strip(), repr(line)
        if line.startswith("# HELP "):
            name, kind = line.split(" ")[2], None
            assert name not in helped, f"{name} stands twice"
            assert len(line.split(" ", 3)[3]) > 3, line
            helped.add(name)
        elif line.startswith("# TYPE "):
            _, _, typed, kind = line.split(" ")
            assert typed == name and kind in SUFFIXES, line
            assert not name.endswith("_total"), line
            families[name] = (kind, {})
        else:
            match = SAMPLE.match(line)
            assert match, repr(line)
            assert match[1] in [name + suffix for suffix in SUFFIXES[kind]], f"{match[1]} among {name}"
            labels = tuple(LABEL.findall(match[2]))
            assert len({key for key, _ in labels}) == len(labels), line
            assert (match[1], labels) not in families[name][1], f"twice: {line}"
            families[name][1][match[1], labels] = float(match[3])
    assert all(samples for _, samples in families.values()), "a family without samples"
    return families


def check_histogram(samples):
    for worker in ("0", "1"):
        values = [v for (n, l), v in samples.items() if n.endswith("_bucket") and ("worker", worker) in l]
        assert values == sorted(values) and len(values) == 7, values
        assert [dict(l)["le"] for (n, l) in samples if n.endswith("_bucket")][6] == "+Inf"
        count = [v for (n, l), v in samples.items() if n.endswith("_count") and ("worker", worker) in l]
        assert count == values[-1:], (count, values)


def rows(text, table):
    """(id, name) of an X-macro table."""
    body = text[text.index(f"#define {table}(X)"):]
    found = []
    for line in body.splitlines()[1:]:
        match = re.match(r'\s*X\((\w+),(?: \w+,)? ("(\w+)"|\w+)', line)
        if match:
            found.append((match[1], match[3] or match[2]))
        if not line.rstrip().endswith("\\"):
            break
    assert found, table
    return found


def check_tables(families, root):
    counters = (root / "dataplane/api/counters.h").read_text()
    names = rows(counters, "DP_COUNTERS")
    for position, (_, name) in enumerate(names):
        samples = families[f"rhumb_worker_{name}"][1]
        values = [samples[key] for key in samples]
        assert values == [10000 + position, 20000 + position], (name, values)
    stages = {dict(l)["stage"] for _, l in families["rhumb_stage_cycles"][1]}
    assert stages == {name for _, name in rows(counters, "DP_STAGES")}, stages
    drops = {kind: {dict(l)["reason"] for _, l in families[f"rhumb_drop_{kind}"][1]} for kind in ("datagrams", "events", "copies")}
    for line in re.findall(r'X\(\w+, (DATAGRAM|EVENT|COPY), "(\w+)"', (root / "dataplane/api/drop.h").read_text()):
        kind = {"DATAGRAM": "datagrams", "EVENT": "events", "COPY": "copies"}[line[0]]
        assert line[1] in drops[kind], line
    for _, name in rows((root / "dataplane/frame/status.h").read_text(), "RH_FRAME_ERRORS"):
        assert name in drops["datagrams"] and name in drops["events"], name
    limits = {dict(l)["name"] for _, l in families["rhumb_limit"][1]}
    assert limits == {name for name, _ in rows((root / "dataplane/api/limits.h").read_text(), "DP_LIMITS")}, limits
    for family, (_, samples) in families.items():
        for _, labels in samples:
            assert dict(labels)["node"] == "r1" and dict(labels)["region"] == "eu", family
    documented = (root / "docs/metrics.md").read_text()
    missing = [name for name in families if f"`{name}" not in documented and not re.match(
        r"rhumb_(worker|port|session|subscription|pattern|table)_", name)]
    assert not missing, f"docs/metrics.md does not name {missing}"


def get(port, path, method="GET"):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    connection.request(method, path)
    response = connection.getresponse()
    return response.status, response.getheader("Content-Type"), response.read().decode()


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def check(port, root):
    status, kind, text = get(port, "/metrics")
    assert status == 200 and kind.startswith("application/openmetrics-text; version=1.0.0"), (status, kind)
    families = parse(text)
    check_histogram(families["rhumb_worker_burst_frames"][1])
    check_tables(families, root)
    status, kind, text = get(port, "/healthz")
    assert status == 200 and kind == "application/json" and json.loads(text)["process"] == "ok", text
    assert get(port, "/other")[0] == 404
    assert get(port, "/metrics", "POST")[0] == 405
    with socket.create_connection(("127.0.0.1", port)) as silent:
        silent.sendall(b"GET /met")
        assert get(port, "/metrics")[0] == 200, "a client that does not end its request stops others"
        silent.sendall(b"\xff\x00garbage\r\n\r\n")
    assert get(port, "/healthz")[0] == 200
    return len(families)


def main(program, root):
    port = free_port()
    server = subprocess.Popen([program, str(port)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        assert server.stdout.readline() == f"ready {port}\n"
        second = subprocess.run([program, str(port)], capture_output=True, text=True, timeout=10, check=False)
        assert second.returncode == 1 and f"port {port}" in second.stdout, second.stdout
        print(check(port, pathlib.Path(root)), "families")
    finally:
        server.stdin.close()
        assert server.wait(15) == 0


main(*sys.argv[1:])

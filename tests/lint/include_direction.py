"""Which room may include which (the table of docs/architecture.md), and that some libraries stay in their place."""

import os

import tree

BASE, API, FRAME, FILTER, CESQL = ("dataplane/" + room for room in ("base", "api", "frame", "filter", "cesql"))
MATCH, NODE, WORKER, PORT = ("dataplane/" + room for room in ("match", "node", "worker", "port"))

# room: rooms it may include beside itself. dataplane/api speaks of frames, filters and expressions, so it stands above them.
EDGES = {
    BASE: (),
    FRAME: (BASE,),
    FILTER: (BASE,),
    CESQL: (BASE,),
    API: (BASE, FRAME, FILTER, CESQL),
    MATCH: (BASE, API, FRAME, FILTER, CESQL),
    PORT: (BASE, API, FRAME, FILTER),
    NODE: (BASE, API, FRAME, FILTER, MATCH),
    WORKER: (BASE, API, FRAME, FILTER, MATCH, NODE, PORT),
}
CONTROL = (BASE, API, FRAME, FILTER, CESQL)
CONTROL_API = (BASE, FRAME)
TOOLS = (BASE, FRAME, FILTER, CESQL, "controlplane/api")
# What the other rooms of a tool may use of it: the client library.
TOOLS_SHARED = ("tools/librhumb",)
PERF_TESTS = "tests/lib/"

# include prefix: folders that may use it. Tests and measurements may use anything.
LIBRARIES = {
    "urcu": ("dataplane/base/rcu.h",),
    "rte_": (MATCH, NODE, WORKER, PORT),
    "hs/": (MATCH, NODE, WORKER, "tools/hsc", "tools/rhumb/filter_patterns"),
    "hs.h": (MATCH, NODE, WORKER, "tools/hsc"),
    "libyang": ("controlplane/conf",),
    "microhttpd": ("controlplane/telemetry",),
    "netlink/": ("controlplane/kernel",),
}


def allowed(source, target):
    """Whether a file of @source may include the file @target."""
    here, there = tree.room(source), tree.room(target)
    if here == there or here == "tests":
        return True
    if here in EDGES:
        return there in EDGES[here]
    if here.startswith("controlplane"):
        if here == "controlplane/api":
            return there in CONTROL_API
        return there in CONTROL or there.startswith("controlplane/")
    if here.startswith("tools"):
        return there in TOOLS or there in TOOLS_SHARED
    if here == "perf":
        return there.startswith("dataplane/") or target.startswith(PERF_TESTS)
    return False


def generated(root, path):
    """A header that the build makes: its folder's meson.build names it."""
    recipe = os.path.join(root, os.path.dirname(path), "meson.build")
    return os.path.exists(recipe) and os.path.basename(path) in tree.text(root, os.path.relpath(recipe, root))


def check(root, _build=None):
    findings = []
    for path in tree.files(root, ".c", ".h"):
        for line, quoted, name in tree.includes(root, path):
            place = f"{path}:{line}"
            if quoted:
                findings += quoted_findings(root, path, place, name)
            if tree.room(path) in ("tests", "perf"):
                continue
            for prefix, homes in LIBRARIES.items():
                if name.startswith(prefix) and not path.startswith(homes):
                    findings.append(f"{place}: <{name}> belongs to {', '.join(homes)} alone")
    return findings


def quoted_findings(root, path, place, name):
    if not os.path.exists(os.path.join(root, name)) and not generated(root, name):
        return [f'{place}: "{name}" is not a path from the root of the checkout']
    if name.endswith(".c"):
        return [f'{place}: "{name}" is a source, link it instead']
    if not allowed(path, name):
        return [f'{place}: {tree.room(path)} may not include {tree.room(name)} ("{name}")']
    if path.startswith("controlplane/") and "_lookup." in name:
        return [f'{place}: control code never includes worker code ("{name}")']
    return []

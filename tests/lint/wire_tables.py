#!/usr/bin/env python3
"""The frame's layout stands in three places: the comment and defines of dataplane/frame/wire.h, the tables of docs/protocol.md
and tools/wireshark/rhumb.lua. Compare them: record codes, sizes, offset and size of every field, options and attributes.

usage: wire_tables.py SOURCE_ROOT
"""
import re
import sys
from pathlib import Path

# Layouts whose size has another define than RH_<NAME>_HDR; None: no define.
SIZE_DEFINES = {
    "UNKNOWN_SESSION": "RH_UNKNOWN_HDR",
    "SUBSCRIBE_ENTRY": "RH_SUBSCRIBE_ENTRY",
    "SUBACK_RESULT": "RH_SUBACK_RESULT",
}
# Reserved codes have no layout; these share one.
SHARED_LAYOUTS = {"UNSUBSCRIBE": "SUBSCRIBE", "UNSUBACK": "SUBACK"}
RESERVED = {"ACK", "NACK", "DISCARD"}

failures = []


def check(good, text):
    if not good:
        failures.append(text)


def header_layouts(text):
    """{name: (size, [(offset, size), ...])} and {name: code} of the comment."""
    layouts, codes, name = {}, {}, None
    for line in text[: text.index("#define")].splitlines():
        head = re.match(r" \* ([A-Z_]+), (\d+) bytes", line)
        field = re.match(r" \*\s+(\d+)\s+(\d+|-)\s+\S", line)
        if head:
            name = head[1]
            layouts[name] = (int(head[2]), [])
        elif field and name:
            if field[2] != "-":
                layouts[name][1].append((int(field[1]), int(field[2])))
            code = re.search(r" type (0x[0-9a-f]{2})$", line)
            if code:
                codes[name] = int(code[1], 16)
        else:
            name = None
        shared = re.search(r"; ([A-Z]+) is the same with type (0x[0-9a-f]{2})", line)
        if shared:
            codes[shared[1]] = int(shared[2], 16)
    return layouts, codes


def x_table(text, macro):
    """{value: (id, name)} of an X macro X(id, value, name)."""
    body = re.search(rf"#define {macro}\(X\)(.*?)\n\n", text, re.S)[1]
    return {int(v, 0): (i, n) for i, v, n in re.findall(r'X\((\w+), (\w+), "([^"]*)"\)', body)}


def page_layouts(text):
    layouts = {}
    for name, size, table in re.findall(r"<!-- layout: (\w+) (\d+) -->\n((?:\|.*\n)+)", text):
        rows = re.findall(r"^\| (\d+) \| (\d+) \|", table, re.M)
        layouts[name] = (int(size), [(int(a), int(b)) for a, b in rows])
    return layouts


def page_table(text, header):
    """{int: text} of the table whose header row starts with @header."""
    body = re.search(rf"^\| {re.escape(header)}.*\n\|[-|]+\n((?:\|.*\n)+)", text, re.M)
    rows = body[1] if body else ""
    return {int(c, 0): t for c, t in re.findall(r"^\| (0x[0-9a-f]+|\d+) \| ([^|]*?) \|", rows, re.M)}


def lua_layouts(text):
    layouts = {}
    for name, size, rows in re.findall(r"\t([A-Z_]+) = \{ size = (\d+), fields = \{\n(.*?)\n\t\} \},", text, re.S):
        fields = re.findall(r'\{ (\d+), (\d+), "\w+" \}', rows)
        layouts[name] = (int(size), [(int(a), int(b)) for a, b in fields])
    return layouts


def lua_table(text, name):
    body = re.search(rf"local {name} = \{{\n(.*?)\n\}}", text, re.S)[1]
    return {int(k, 0): v for k, v in re.findall(r'\[(\w+)\] = "([^"]*)"', body)}


def check_contiguous(name, size, fields):
    at = 0
    for offset, length in fields:
        check(offset == at, f"wire.h {name}: field at {offset}, but the one before ends at {at}")
        at = offset + length
    check(at == size, f"wire.h {name}: fields end at {at}, the layout says {size} bytes")


def check_layouts(wire, page, lua):
    layouts, codes = header_layouts(wire)
    check(len(layouts) >= 17, f"wire.h: only {len(layouts)} layouts found, the comment's form changed")
    for name, (size, fields) in layouts.items():
        check_contiguous(name, size, fields)
        define = SIZE_DEFINES.get(name, f"RH_{name}_HDR")
        value = re.search(rf"#define {define}\s+(\d+)", wire)
        check(value and int(value[1]) == size, f"wire.h: {define} is not the {size} bytes of {name}")
    for place, other in (("docs/protocol.md", page_layouts(page)), ("rhumb.lua", lua_layouts(lua))):
        for name in sorted(set(layouts) | set(other)):
            check(
                layouts.get(name) == other.get(name),
                f"{place} {name}: {other.get(name)}, wire.h says {layouts.get(name)}",
            )
    return codes


def check_codes(wire, page, lua, comment_codes):
    types = x_table(wire, "RH_RECORD_TYPES")
    names = {code: row[0] for code, row in types.items()}
    check(len(names) >= 18, "wire.h: RH_RECORD_TYPES not understood")
    for code, name in names.items():
        if name not in RESERVED:
            check(comment_codes.get(name) == code, f"wire.h: the comment has no {name} with type {code:#04x}")
    check(page_table(page, "code | record") == names, "docs/protocol.md: record codes are not wire.h's")
    check(lua_table(lua, "record_types") == names, "rhumb.lua: record_types are not wire.h's")
    for macro, header, table in (
        ("RH_BYE_REASONS", "code | reason", "bye_reasons"),
        ("RH_SUB_CODES", "code | result", "sub_codes"),
    ):
        values = {v: row[1] for v, row in x_table(wire, macro).items()}
        check(len(values) >= 8, f"wire.h: {macro} not understood")
        check(lua_table(lua, table) == values, f"rhumb.lua: {table} are not {macro}")
        shown = {v: re.sub(r" \(.*\)$", "", t) for v, t in page_table(page, header).items()}
        check(shown == values, f"docs/protocol.md: table '{header}' is not {macro}")


def enum_values(text, enum, prefix):
    """{value: name} of the numbered members of an enum, without the prefix."""
    body = re.search(rf"enum {enum} {{(.*?)\n}};", text, re.S)[1]
    return {int(v, 0): n for n, v in re.findall(rf"{prefix}(\w+) = (\w+),", body)}


def check_options(wire, page, lua):
    options = enum_values(wire, "rh_option_type", "RH_OPTION_")
    check(options.pop(0x80, None) == "CRITICAL" and len(options) >= 3, "wire.h: enum rh_option_type not understood")
    check(page_table(page, "type | option") == options, f"docs/protocol.md: options are not wire.h's {options}")
    keys = {k: n.lower() for k, n in enum_values(wire, "rh_attribute_key", "RH_ATTR_").items() if n != "EXTENSION"}
    check(len(keys) >= 8, "wire.h: enum rh_attribute_key not understood")
    check(page_table(page, "key | core attribute") == keys, f"docs/protocol.md: core attributes are not wire.h's {keys}")
    check(lua_table(lua, "core_attributes") == keys, f"rhumb.lua: core_attributes are not wire.h's {keys}")
    types = enum_values(wire, "rh_attribute_type", "RH_ATTR_")
    check(len(types) >= 7, "wire.h: enum rh_attribute_type not understood")
    shown = re.findall(r"^\| \d+ \| \w+ \| \| (\d+) \| ([\w-]+)", page, re.M)
    shown = {int(v): n.upper().replace("-", "_") for v, n in shown}
    check(shown == types, f"docs/protocol.md: value types of attributes are not wire.h's {types}")


def check_constants(constants, page, lua):
    def define(name):
        return int(re.search(rf"#define {name}\s+(\w+)", constants)[1], 0)

    check(f"local UDP_PORT = {define('RH_WIRE_UDP_PORT')}\n" in lua, "rhumb.lua: UDP_PORT")
    check(f"local VERSION = {define('RH_WIRE_VERSION')}\n" in lua, "rhumb.lua: VERSION")
    check(f"port **{define('RH_WIRE_UDP_PORT')}**" in page, "docs/protocol.md: UDP port")
    check(f"**{define('RH_WIRE_ETHERTYPE'):#06x}**" in page, "docs/protocol.md: Ethernet type")
    largest = sum(
        define(f"RH_{n}") for n in ("PUBLISH_HDR", "TOPIC_MAX", "OPTIONS_MAX", "ATTRIBUTES_MAX", "PAYLOAD_MAX")
    )
    check(f"| assembled PUBLISH record | {largest:,} bytes |" in page, f"docs/protocol.md: largest event is {largest:,}")
    for row, names in (
        ("topic, filter", ("RH_TOPIC_MAX",)),
        ("options, attributes", ("RH_OPTIONS_MAX", "RH_ATTRIBUTES_MAX")),
        ("payload", ("RH_PAYLOAD_MAX",)),
        ("client id, tenant name, cookie", ("RH_CLIENT_ID_MAX", "RH_TENANT_NAME_MAX", "RH_COOKIE_MAX")),
        ("content expression", ("RH_CONTENT_MAX",)),
        ("entries of one SUBSCRIBE or UNSUBSCRIBE", ("RH_SUBSCRIBE_MAX",)),
    ):
        want = ", ".join(f"{define(n):,}" for n in names)
        check(re.search(rf"^\| {re.escape(row)} \| {want}\b", page, re.M), f"docs/protocol.md: limit '{row}' is not {want}")


def check_errors(status, page):
    rows = dict(re.findall(r'X\(\w+, "(\w+)", "(.*?)"\)', status))
    check(len(rows) >= 11, "status.h: RH_FRAME_ERRORS not understood")
    for name, meaning in rows.items():
        check(f"| `{name}` | {meaning} |" in page, f"docs/protocol.md: error {name} missing or with another meaning")


def main():
    root = Path(sys.argv[1])
    wire = (root / "dataplane/frame/wire.h").read_text()
    page = (root / "docs/protocol.md").read_text()
    lua = (root / "tools/wireshark/rhumb.lua").read_text()
    codes = check_layouts(wire, page, lua)
    check_codes(wire, page, lua, codes)
    check_options(wire, page, lua)
    check_constants(wire + (root / "dataplane/base/topic_limits.h").read_text(), page, lua)
    check_errors((root / "dataplane/frame/status.h").read_text(), page)
    for text in failures:
        print(text)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
"""tools/wireshark/rhumb.lua decodes what the codec writes, and survives what it did not write.

usage: dissector.py SOURCE_ROOT FRAME_SAMPLES
Exit 77 (skipped, loudly) where tshark is not installed.
"""
import json
import shutil
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

# By sample, in the order of `frame_samples pcap`: decoded fields and all their values in the datagram.
EXPECTED = [
    ("publish", {"rhumb.session": ["0x00010007"], "rhumb.check": ["0x5eed1234"], "rhumb.packet_number": ["1"],
                 "rhumb.topic": ["plant/3/temp"], "rhumb.payload": ["32312e35"], "rhumb.publish.class": ["3"],
                 "rhumb.publish.sequence": ["1"], "rhumb.publish.incarnation": ["0x0102030405060708"],
                 "rhumb.publish.hop_limit": ["32"], "rhumb.publish.ttl_ms": ["4294967295"],
                 "rhumb.publish.origin_ns": ["1700000000000000000"]}),
    ("publish-full", {"rhumb.attribute": ["source=/plant/3", "type=com.example.temp", "unit=celsius"],
                      "rhumb.publish.class": ["7"], "rhumb.publish.kind": ["1"], "rhumb.publish.schema_id": ["77"],
                      "rhumb.publish.partition_hash": ["0x0000abcd"], "rhumb.publish.ttl_ms": ["1500"],
                      "rhumb.option": ["011a004bf92f3577b34da6a3ce929d0e0e473600f067aa0ba902b701",
                                       "0203613d62"]}),
    ("publish-alias", {"rhumb.publish.alias": ["9"], "rhumb.payload": ["32312e35"], "rhumb.topic": None}),
    ("two-events-and-credit", {"rhumb.record.type": ["0x01", "0x01", "0x30"], "rhumb.publish.sequence": ["4", "5"],
                               "rhumb.credit.events": ["256"], "rhumb.credit.bytes": ["1048576"],
                               "rhumb.padding": ["00"]}),
    ("fragment-first", {"rhumb.fragment.offset": ["0"], "rhumb.fragment.total": ["72"], "rhumb.record.flags": ["0x00"]}),
    ("fragment-last", {"rhumb.fragment.offset": ["64"], "rhumb.record.flags": ["0x01"],
                       "rhumb.fragment.slice": ["74656d7032312e35"]}),
    ("hello", {"rhumb.client_id": ["thermometer-3"], "rhumb.hello.max_datagram": ["1472"], "rhumb.cookie": None,
               "rhumb.hello.queue_ms": ["5000"], "rhumb.session": ["0x00000000"]}),
    ("challenge", {"rhumb.cookie": ["30313233343536373839616263646566"],
                   "rhumb.challenge.node_incarnation": ["0x00c0ffee00c0ffee"]}),
    ("hello-cookie", {"rhumb.tenant_name": ["acme"], "rhumb.client_id": ["thermometer-3"]}),
    ("welcome", {"rhumb.welcome.session": ["0x00010007"], "rhumb.welcome.check": ["0x5eed1234"],
                 "rhumb.welcome.timeout_ms": ["30000"], "rhumb.welcome.lanes": ["2"], "rhumb.welcome.version": ["1"],
                 "rhumb.welcome.max_payload": ["65536"], "rhumb.welcome.owner_worker": ["1"]}),
    ("bye", {"rhumb.bye.reason": ["5"], "rhumb.text": ["2 events too many"]}),
    ("unknown-session", {"rhumb.unknown_session.session": ["0x00010007"]}),
    ("keepalive", {"rhumb.keepalive.sent_events": ["10"], "rhumb.keepalive.sent_bytes": ["720"],
                   "rhumb.keepalive.dropped_copies": ["3"], "rhumb.record.flags": ["0x01"]}),
    ("subscribe", {"rhumb.filter": ["plant/+/temp", "debian/#"], "rhumb.content": ["CVE-[0-9]{4}-[0-9]{4,}"],
                   "rhumb.subscribe_entry.content_kind": ["0", "1"], "rhumb.subscribe.request": ["1"]}),
    ("suback", {"rhumb.suback_result.code": ["0", "2"], "rhumb.suback_result.every_cycles": ["20", "0"],
                "rhumb.suback_result.match_cycles": ["280", "0"], "rhumb.suback_result.bytes": ["164", "0"], "rhumb.text": ["position 3: no backreferences"],
                "rhumb.suback.generation": ["42"]}),
    ("unsubscribe", {"rhumb.record.type": ["0x22"], "rhumb.filter": ["plant/+/temp"]}),
    ("unsuback", {"rhumb.record.type": ["0x23"], "rhumb.suback.generation": ["43"]}),
    ("alias", {"rhumb.alias.number": ["9"], "rhumb.topic": ["plant/3/temp"]}),
    ("alias-ack", {"rhumb.alias_ack.code": ["5"], "rhumb.text": ["no room"]}),
]


def tshark(lua, pcap, *more):
    run = subprocess.run(
        ["tshark", "-X", f"lua_script:{lua}", "-r", str(pcap), *more], capture_output=True, text=True, check=False
    )
    if run.returncode:
        sys.exit(f"tshark exit {run.returncode}: {run.stderr}")
    return run


def check_samples(lua, pcap):
    fields = sorted({name for _, want in EXPECTED for name in want} | {"rhumb.malformed"})
    run = tshark(lua, pcap, "-T", "json", *[a for name in fields for a in ("-e", name)])
    packets = [p["_source"].get("layers", {}) for p in json.loads(run.stdout)]
    bad = [] if len(packets) == len(EXPECTED) else [f"{len(packets)} packets decoded, {len(EXPECTED)} expected"]
    for (name, want), got in zip(EXPECTED, packets):
        if "rhumb.malformed" in got:
            bad.append(f"{name}: called malformed")
        for field, values in want.items():
            # Newer versions of tshark write bytes with colons.
            shown = got.get(field)
            if shown != values and (not shown or [v.replace(":", "") for v in shown] != values):
                bad.append(f"{name}: {field} is {shown}, expected {values}")
    return bad


def mutations(sample):
    """Each byte set to 0 and to 255, and the datagram cut at each length."""
    for at in range(24, len(sample)):
        for value in (0, 255):
            yield sample[:at] + bytes([value]) + sample[at + 1 :]
        yield sample[:at]


def pcap_write(path, payloads):
    with open(path, "wb") as out:
        out.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1))
        for payload in payloads:
            udp = struct.pack(">HHHH", 40000, 6750, 8 + len(payload), 0) + payload
            ip = struct.pack(">BBHHHBBH8s", 0x45, 0, 20 + len(udp), 0, 0x4000, 64, 17, 0, bytes([198, 18, 0, 1] * 2))
            frame = bytes(12) + b"\x08\x00" + ip + udp
            out.write(struct.pack("<IIII", 0, 0, len(frame), len(frame)) + frame)


def check_mutations(lua, samples, pcap):
    payloads = [m for s in sorted(samples.iterdir()) for m in mutations(s.read_bytes())]
    pcap_write(pcap, payloads)
    run = tshark(lua, pcap, "-V")
    flagged = run.stdout.count("(Error/Malformed)")
    bad = [] if flagged > len(payloads) / 10 else [f"{flagged} of {len(payloads)} mutations were called malformed"]
    for line in (run.stdout + run.stderr).splitlines():
        if "Lua Error" in line or "Dissector bug" in line:
            bad.append(f"{len(payloads)} mutations: {line.strip()}")
    return bad[:10]


def main():
    if not shutil.which("tshark"):
        print("SKIPPED: tshark is not installed (apt-get install tshark): the dissector was NOT tested")
        return 77
    lua, samples = Path(sys.argv[1]) / "tools/wireshark/rhumb.lua", sys.argv[2]
    with tempfile.TemporaryDirectory() as tmp:
        seeds, pcap = Path(tmp) / "seeds", Path(tmp) / "samples.pcap"
        seeds.mkdir()
        subprocess.run([samples, "pcap", str(pcap)], check=True)
        subprocess.run([samples, "seeds", str(seeds)], check=True)
        bad = check_samples(lua, pcap) + check_mutations(lua, seeds, Path(tmp) / "mutations.pcap")
    print("\n".join(bad) or f"{len(EXPECTED)} samples decoded, mutations survived")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())

"""The kernel's own pktgen. Its frames carry its own payload, no events: it can only offer what the router has to refuse, and the router's
count of that is compared with the kernel's."""

import pathlib
import re

from lib.machine import MachineError

PROC = pathlib.Path("/proc/net/pktgen")
SENT = re.compile(r"pkts-sofar:\s*(\d+)")


def availability(proc=PROC):
    """A sentence: there, or skipped and why."""
    if proc.is_dir():
        return f"the kernel's pktgen is there ({proc}): perf/pktgen/kernel IFACE MAC ADDR offers what the router must refuse"
    return f"skipped: the kernel's pktgen is not loaded ({proc} is not there: modprobe pktgen, where the kernel has it)"


def _say(path, line):
    try:
        path.write_text(line + "\n", encoding="ascii")
    except OSError as error:
        raise MachineError(f"{path}: '{line}' was refused: {error.strerror}") from error


def offer(interface, mac, address, count, frame_bytes, proc=PROC, port=6750):
    """Send @count frames of @frame_bytes from @interface to @address; frames that the kernel sent."""
    if not proc.is_dir():
        raise MachineError(availability(proc))
    thread, device = proc / "kpktgend_0", proc / interface
    _say(thread, "rem_device_all")
    _say(thread, f"add_device {interface}")
    for line in (f"count {count}", f"pkt_size {frame_bytes}", "delay 0", "clone_skb 0", f"dst {address}", f"dst_mac {mac}",
                 f"udp_dst_min {port}", f"udp_dst_max {port}"):
        _say(device, line)
    _say(proc / "pgctrl", "start")
    found = SENT.search(device.read_text(encoding="ascii"))
    if not found:
        raise MachineError(f"{device}: no count of frames sent: {device.read_text(encoding='ascii').strip().splitlines()[-1:]}")
    return int(found.group(1))


def agree(sent, before, after):
    """Did the router refuse each of the @sent frames, and nothing else? MachineError where it does not add up."""
    refused = sum(after["drop_datagrams"].values()) - sum(before["drop_datagrams"].values())
    events = after["events_parsed"] - before["events_parsed"]
    if events:
        raise MachineError(f"{events} events were taken out of the kernel's frames, which hold none")
    if refused > sent:
        raise MachineError(f"the router refused {refused} frames, the kernel sent {sent}: does something else use the link?")
    return {"sent": sent, "refused": refused, "lost_before_router": sent - refused}

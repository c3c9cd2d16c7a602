"""kernel-path: rhumbd beside macswap, both on af_packet over a veth pair between namespaces of their own."""

from lib.dut import Veth
from scenarios import memif

SUMMARY = "rhumbd on af_packet over veth, generator beyond it; beside macswap on the same"
KEYS = ("ratio_to_macswap",)
FLOORS = {"ratio_to_macswap": 0.90}


def run(rig):
    """As memif, on another link."""
    return memif.measure(rig, "kernel-path", Veth, FLOORS)

"""The throughput tests with Pktgen-DPDK as the generator: sessions first, then their frames from a file, counters compared after each trial."""

import contextlib
import dataclasses
import json
import re
import subprocess

from lib import crosscheck, search
from lib.dut import CLIENT_IP, CLIENT_MAC, ROUTER_IP, ROUTER_MAC, Memif, Router, Veth
from lib.generator import Generator
from lib.machine import MachineError
from lib.pairs import Void
from lib.pktgen import WIRE_OVERHEAD, Pktgen, program, tolerant
from lib.result import Result, cell
from lib.windows import ON_CPU_SHARE

LINKS = {"memif": Memif, "veth": Veth}
KEYS = ("mrr_fps", "ndr_fps", "pdr_fps")
FRAMES = (162, 258, 514, 1026, 1514)
LOWEST = 10_000
HEADERS = 66
MEMORY_MIB = 2600
TRIES = 8
# Frames a second that a shared, yielding core can do.
DEMONSTRATION = (5_000, 20_000)
SHORTEST_SECONDS = 0.5
# A trial says something about a rate when so much of it was really sent.
OFFERED_SHARE = 0.98


@dataclasses.dataclass(frozen=True)
class Plan:
    """What the command line asked for."""

    binary: str
    link: str
    router_device: str | None
    device: str | None
    router: str | None
    address: str
    show: list
    cores: tuple | None
    frames: list
    copies: int
    demonstrate: bool = False


class Cable:
    """Two devices that somebody joined: the router's and Pktgen's."""

    name, gap_ns = "cable", 1_000_000
    before_device = before_generator = ()
    macs = (ROUTER_MAC, CLIENT_MAC)

    def __init__(self, device, generator):
        self.device, self.generator = device, generator

    def close(self):
        """Nothing of ours."""


class Asked:
    """A router that runs somewhere and is asked by a command, rhumb or one that brings it there."""

    def __init__(self, words):
        self.words = words

    def show(self, noun):
        words = [*self.words, "-j", "show", noun]
        try:
            done = subprocess.run(words, capture_output=True, text=True, timeout=30, check=False)
        except (FileNotFoundError, subprocess.TimeoutExpired) as error:
            raise MachineError(f"{' '.join(words)}: {error}: --show names the command that asks the router") from error
        if done.returncode:
            raise MachineError(f"{' '.join(words)}: {done.stderr.strip() or f'exit status {done.returncode}'}")
        return json.loads(done.stdout)

    def cpu_ns(self):
        """Not known from here."""
        return None


@contextlib.contextmanager
def _under_test(rig, plan):
    """(router, link); a rhumbd of our own ends with it."""
    with contextlib.ExitStack() as stack:
        if plan.router:
            yield Asked(plan.show), Cable(None, plan.device)
            return
        link = Cable(plan.router_device, plan.device) if plan.router_device else LINKS[plan.link](rig.folder)
        stack.callback(link.close)
        more = {"dataplane": {"worker": [{"core": rig.worker, "idle": "yield"}]}} if plan.demonstrate else {}
        router = Router(rig, link, **more)
        stack.callback(router.close)
        yield router, link


def _sessions(rig, plan, link, frame, pcap):
    """Open the sessions, leave them to Pktgen; what rhumb-gen says of the frames it wrote."""
    words = {"core": rig.control, "ip": plan.address, "router": plan.router or ROUTER_IP, "prefix": "rhumb-perf-gen", "record": frame - HEADERS,
             "copies": plan.copies}
    if not plan.router and not isinstance(link, Cable):
        words["router-mac"] = link.macs[0]
    if not rig.huge:
        words["no-huge"] = True
    return Generator(rig.build, link.generator, words, link.before_generator, rig.folder / "gen.log").leave(pcap)


def _look(router):
    ports = router.show("ports")["ports"]
    return router.show("counters")["total"], sum(port["rx_missed"] + port["rx_no_buffer"] for port in ports)


def trial(router, pktgen, rate, seconds, file, exact=False):
    """One trial, accounted; Void when the router's worker or the sender was not on its core while Pktgen sent."""
    before, missed = _look(router)
    sent, window = pktgen.trial(rate, seconds, router.cpu_ns)
    after, missed_then = _look(router)
    account = crosscheck.account(sent, before, after, missed_then - missed, file, exact)
    for who, on_cpu in (("router's worker", window.others_ns), ("sender", window.sender_ns)):
        if on_cpu is not None and on_cpu < window.wall_ns * ON_CPU_SHARE:
            raise Void(f"the {who} was on its core for {on_cpu / window.wall_ns:.0%} of the trial")
    return {**account, "sent_fps": sent.sent * 1e9 / window.wall_ns}


def searched(rig, router, pktgen, file, found, exact=False, most=False):
    """
    The trial function of lib.search, frames sent and lost as if in exactly the seconds asked for; every account goes to @found. A trial that sent less
    than it was asked for is void, but with @most: that asks for all that Pktgen can do.
    """
    def measure(rate, seconds):
        asked, seconds = seconds, max(seconds, SHORTEST_SECONDS)
        for _ in range(TRIES):
            try:
                account = trial(router, pktgen, rate, seconds, file, exact)
                if not account["expected"]:
                    raise Void("Pktgen sent nothing")
                if not most and account["sent_fps"] < OFFERED_SHARE * rate:
                    raise Void(f"Pktgen sent {account['sent_fps']:,.0f} frames a second and was asked for {rate:,.0f}")
            except Void as why:
                found["void"].append(str(why))
                continue
            found["trials"].append({"cell": f"{file['frame_bytes']} bytes", "rate": rate, "seconds": seconds, **account})
            rig.say(f"{file['frame_bytes']} bytes, {rate:,.0f}/s for {seconds:g} s: sent {account['sent']:,}, received {account['received']:,}, lost {account['lost']:,}")
            frames = account["sent_fps"] * asked
            return frames, frames * account["lost"] / account["expected"]
        raise MachineError(f"{TRIES} void trials in a row: {found['void'][-1]}")
    return measure


def line_rate(pktgen):
    """Frames a second that fill the link."""
    return pktgen.link_mbits * 1e6 / 8 / (pktgen.frame_bytes + WIRE_OVERHEAD)


def _exact(link):
    """Does each frame that leaves Pktgen reach the router or a counter of its device? A socket's ring drops without one."""
    return "af_packet" not in (link.device or "af_packet")


def _demonstrate(rig, router, pktgen, file, result, exact):
    """A few slow trials whose chains have to close; they give no figure."""
    for rate in DEMONSTRATION:
        before, missed = _look(router)
        sent, _ = pktgen.trial(rate, SHORTEST_SECONDS)
        after, missed_then = _look(router)
        account = crosscheck.account(sent, before, after, missed_then - missed, file, exact)
        if not account["received"]:
            raise MachineError(f"of {account['sent']:,} frames that Pktgen sent no copy came back: is the link up on both sides?")
        rig.say(f"{file['frame_bytes']} bytes: sent {account['sent']:,}, the router received {account['router_received']:,}, copies sent "
                f"{account['copies_sent']:,}, received {account['received']:,}, lost {account['lost']:,}: the chain closes")
        result.data["samples"].append({"cell": f"{file['frame_bytes']} bytes", "rate": rate, "seconds": SHORTEST_SECONDS, **account})


def _frame(rig, plan, router, link, frame, result):
    pcap, found = rig.folder / f"{frame}.pcap", {"trials": [], "void": []}
    told = _sessions(rig, plan, link, frame, pcap)
    pktgen = Pktgen(link.generator, pcap, told["frame_bytes"], plan.cores or (rig.control, rig.control), rig.huge, rig.folder,
                    link.before_generator, plan.binary, tolerant(rig.build, link.generator))
    try:
        if plan.demonstrate:
            _demonstrate(rig, router, pktgen, told, result, _exact(link))
            return pktgen.version
        mrr = search.mrr(searched(rig, router, pktgen, told, found, _exact(link), most=True), line_rate(pktgen), rig.pick(1.0, 0.5), rig.pick(7, 3))
        # Nothing above what Pktgen really sent can be called passed.
        highest = OFFERED_SHARE * min(line_rate(pktgen), sorted(t["sent_fps"] for t in found["trials"])[len(found["trials"]) // 2])
        measure = searched(rig, router, pktgen, told, found, _exact(link))
        goals = [goal if not rig.quick else search.quick(goal) for goal in (search.NDR, search.PDR)]
        bounds = search.mlrsearch(measure, goals, mrr, min(LOWEST, highest), highest)
    finally:
        pktgen.close()
    figures = {"mrr_fps": mrr, "ndr_fps": bounds["ndr"]["lower"], "pdr_fps": bounds["pdr"]["lower"]}
    for key in KEYS:
        result.add(cell(f"{frame} bytes", key, [figures]), [], ())
    for goal in ("ndr", "pdr"):
        if bounds[goal]["upper"] is None:
            result.note(f"{frame} bytes: Pktgen, not the router, was the limit: {goal} is at least {highest:,.0f} frames a second, the most it sent steadily")
    result.add(cell(f"{frame} bytes", "trials", [{"trials": len(found["trials"])}]), found["trials"], found["void"])
    return pktgen.version


def run(rig, plan):
    """Every frame size on one router; a Result as docs/schemas/perf.json."""
    result = Result("pktgen", {}, rig.quick)
    with rig.memory(MEMORY_MIB), _under_test(rig, plan) as (router, link):
        versions = {_frame(rig, plan, router, link, frame, result) for frame in plan.frames}
        result.extra(hugepages=rig.huge)
    for key in KEYS:
        if plan.demonstrate:
            result.unmeasured(key, "a demonstration: the router yields its core and void windows are not told")
        else:
            result.metric(key)
    result.checked("Pktgen's counters and the router's agree frame by frame, every drop with its reason; conservation laws of a router started here")
    result.note(f"Pktgen-DPDK {', '.join(sorted(versions))}; rates are frames a second that Pktgen sent")
    if not re.match("cable", link.name):
        result.note("Pktgen, rhumb-gen and rhumbd share one machine and a virtual device: a demonstration, not a line rate")
    return result.end()


class Scenario:
    """perf/run --all --ports: a rhumbd of ours on one port, Pktgen on the other, with a cable between them."""

    SUMMARY = "MRR, NDR and PDR with Pktgen-DPDK as the generator, over two ports"
    KEYS, FLOORS = KEYS, {}

    def __init__(self, router_device, device):
        # Missing, it is said before hours of other scenarios.
        self.plan = Plan(program(), "memif", router_device, device, None, CLIENT_IP, [], None, FRAMES, 1)

    def run(self, rig):
        """As perf/pktgen/run."""
        return run(rig, dataclasses.replace(self.plan, frames=rig.pick(FRAMES, FRAMES[1:2])))

"""hostile: what other tenants lose when one has the worst patterns that are admitted and publishes 64 KiB of the worst bytes."""

import json
import statistics

from lib import hsc, path, probe
from lib.pairs import Void, collect
from lib.result import Result, cell

SUMMARY = "throughput of other tenants beside one with the worst admitted patterns and 64 KiB payloads of the worst bytes"
KEYS = ("ratio_others",)
FLOORS = {"ratio_others": 0.90}
ON_CPU_SHARE = 0.8
WORKER_SHARE = 2  # percent: rhumbd's default
# Packets and events under way of both lanes: those of a trace of 60,000 datagrams, and some.
NEED_MIB = 2048
# Each with bytes that keep it busy. Those of the kinds: weakly anchored, .* between common words, bounded repeats, and such that hit on every byte.
CANDIDATES = (
    (r"the.*and.*of", "the and the and "), (r"(the|and|of|to).*(in|is|for|on).*(with|was|not)", "the in and is of for "),
    (r"error.*warn.*fatal", "error warn error "), (r"(?i)user.*login.*failed", "user login User LOGIN "), (r"a.*b.*c.*d.*e.*f1", "abcde"),
    (r".{200,500}abc.{200,500}d1", "abcabcx"), (r"a.{1,200}b.{1,200}c1", "ab"), (r"(a.{1,200}b.{1,200}c|d.{1,300}e){8}", "abcde"),
    (r"(ab|cd|ef|gh){30,200}.{100,300}z1", "abcdefgh"), (r"[a-z]{20,100}[0-9]{20,100}x", "abcdefghijklmnopqrstuvwxyz01234567890123456789"),
    (r"([a-z]+ ){10,40}[0-9]{3}", "word and word "), (r"\w+@\w+\.\w{2,8}x", "a@b.cd "), (r"[^ ]{30,60} [^ ]{30,60}!", "abcdefghijabcdefghijabcdefghijabcd "),
    (r"e", "e"), (r"[a-z]", "abc"), (r"[ -~]", "~"), (r"ee", "e"), (r"aaaa.{10,50}b1", "a"), (r"(a|aa|aaa){10,40}b1", "a"), (r"x[^y]{50,200}z1", "x"),
    (r"(foo|bar|baz).{0,80}(qux|quux).{0,80}1", "foo qux bar quux "), (r"\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}:", "1.1.1.1 "), (r"=.{5,60}=.{5,60};1", "=abcdef"),
    (r"(ab?c?d?){20,50}1", "abcd"), (r"\x00.{1,40}\xff1", "\x01"),
)


def command(build, folder, cores, hugepages, options):
    """One thread does it all on the worker's core."""
    control, worker = cores
    _, *words = path.command(build, folder, (worker, control), hugepages, options)
    return [str(build / "perf/bench/rhumb-perf-hostile"), *words, "--core2", str(worker), "--worker-share", str(WORKER_SHARE)]


def admitted(helper, say):
    """(patterns, baits, cycles a byte by rhumb-hsc, database) of as many as it takes together, dearest first."""
    found = []
    for pattern, bait in CANDIDATES:
        try:
            found.append((helper.check(pattern), pattern, bait))
        except hsc.Refused as why:
            say(f"refused: {pattern}: {why}")
    found.sort(key=lambda f: -f[0])
    kept, cost, database = [], 0.0, b""
    for one in found:
        try:
            cost, database = helper.compile([pattern for _, pattern, _ in (*kept, one)])
            kept.append(one)
        except hsc.Refused as why:
            say(f"refused with the others: {one[1]}: {why}")
    say(f"{len(kept)} of {len(CANDIDATES)} patterns are admitted, together {cost:.0f} cycles a byte")
    return [k[1] for k in kept], [k[2] for k in kept], cost, database


def pair(rig, prefix, count, seconds):
    """One run; the median of its windows that count."""
    spins = [probe.spin(rig.build, rig.worker)]
    cores = rig.control, rig.worker
    text = path._run(command(rig.build, rig.folder, cores, rig.huge, {"patterns": prefix, "windows": count, "seconds": seconds}))  # pylint: disable=protected-access
    found = json.loads(text[text.index("{"):])
    spins.append(probe.spin(rig.build, rig.worker))
    for spin in spins:
        if spin["shared"] > probe.SHARED_SHARE:
            raise Void(f"core {spin['core']} was shared with a neighbour's thread beside the window, for {spin['shared']:.0%} of a spin")
    good = [w for w in found["windows"] if w["cpu_ns"] / w["wall_ns"] >= ON_CPU_SHARE]
    if not good:
        raise Void(f"on its core for less than {ON_CPU_SHARE:.0%} of every window")
    with_it, without = (statistics.median(w[key] for w in good) for key in ("with", "without"))
    rate = found["tsc_hz"] * found["others_events"] / 1e6
    whole = statistics.median(w["without_all"] / w["with_all"] for w in good)
    return {"ratio_others": statistics.median(w["without"] / w["with"] for w in good), "with_mpps": rate / with_it, "without_mpps": rate / without,
            "longest_round_us": max(w["longest_round_cycles"] for w in good) * 1e6 / found["tsc_hz"], "cycles_per_byte": found["cycles_per_byte"],
            "payload": found["payload"], "hostile_share": found["hostile_datagrams"] / (found["hostile_datagrams"] + found["others_events"]), "checked": found["checked"],
            "ratio_whole": whole, "lane_events": sum(w["to_lane"] for w in good), "refused": found["hostile_refused"], "copies": found["hostile_copies"]}


def run(rig):
    """The patterns are those that the compile helper admits by its defaults."""
    result = Result("hostile", FLOORS, rig.quick)
    with rig.memory(NEED_MIB):
        with hsc.Helper(rig.build) as helper:
            patterns, baits, cost, database = admitted(helper, rig.say)
        (rig.folder / "hostile.hs").write_bytes(database)
        (rig.folder / "hostile.baits").write_text("\n".join([str(len(patterns)), *baits]) + "\n", encoding="utf-8")
        count, seconds = rig.pick((5, 1.0), (1, 0.5))
        samples, void = collect(rig.pick(7, 2), lambda: pair(rig, rig.folder / "hostile", count, seconds), rig.say, rig.late)
        result.extra(hugepages=rig.huge)
    result.checked(samples[0]["checked"])
    beside = {key: statistics.median(s[key] for s in samples) for key in ("with_mpps", "without_mpps", "longest_round_us", "cycles_per_byte", "ratio_whole")}
    result.add(cell("64 KiB", "ratio_others", samples, **beside), samples, void)
    result.metric("ratio_others", **beside)
    result.note(f"{len(patterns)} of {len(CANDIDATES)} patterns admitted, {cost:.0f} cycles a byte by rhumb-hsc's measure and {beside['cycles_per_byte']:.0f} over the payload ({samples[0]['payload']}), "
                f"{samples[0]['hostile_share']:.1%} of the datagrams are the hostile tenant's")
    result.note("without: the same frames of the same sessions, the hostile tenant's reassembled too, but it has no content subscriptions")
    return result.end()

"""The demo's result as tables and as JSON (docs/schemas/demo.json)."""

import os
import platform

import judge
import table

SHARES = (("p50", 50), ("p90", 90), ("p99", 99), ("max", 100))


def latency(outcome):
    return {name: judge.percentile(outcome.latencies, share) for name, share in SHARES}


def subscriber_rows(outcomes):
    for one in outcomes:
        interest, ns = one.subscriber.interest, latency(one)
        wanted = "  ".join(interest.filters) + (f"  {interest.asks}" if interest.asks else "")
        yield (one.subscriber.name, interest.dialect, wanted, table.count(one.expected), table.count(one.received), table.count(one.missing),
               table.count(one.extra), table.count(sum(one.dropped.values())), *(table.micros(ns[name]) for name, _ in SHARES),
               "ok" if one.exact else "WRONG")


def subscriber_table(outcomes):
    header = ("subscriber", "dialect", "filter !exception, what else is asked", "expected", "received", "missing", "extra", "dropped", "p50 us", "p90 us",
              "p99 us", "max us", "")
    return table.render(header, list(subscriber_rows(outcomes)), left=(0, 1, 2, 12))


def price_table(outcomes):
    """Of those that ask for more than a topic, and for comparison one that does not, with a topic filter of theirs."""
    beside = {one.subscriber.interest.topic_filter for one in outcomes if one.subscriber.interest.asks}
    plain = next((one for one in outcomes if one.price and not one.subscriber.interest.asks and not one.subscriber.interest.exceptions
                  and one.subscriber.interest.topic_filter in beside), None)
    rows = [(one.subscriber.name, one.subscriber.interest.asks or f"nothing beside {one.subscriber.interest.topic_filter}",
             table.count(one.price["every_cycles"]), table.count(one.price["match_cycles"]), table.count(one.price["bytes"]))
            for one in outcomes if one.price and (one is plain or one.subscriber.interest.asks)]
    header = ("price", "what is asked of an event", "cycles an event", "more for a match", "bytes")
    return table.render(header, rows, left=(0, 1), limit=120)


def router_table(found):
    worker = found["worker"]
    rows = [
        ("events", table.count(found["events"])), ("events a second", table.count(round(found["events_per_s"]))),
        ("copies", table.count(found["copies"])), ("copies a second", table.count(round(found["copies_per_s"]))),
        ("cycles an event", table.count(round(worker["cycles_per_event"]))),
        ("of these by stage", ", ".join(f"{stage} {cycles:,.0f}" for stage, cycles in worker["stage_cycles"].items() if round(cycles))),
        ("result cache hits", f"{100 * worker['hit_rate']:.1f} %"),
        ("events refused as too_large", table.count(found["too_large"])),
        ("events nobody asked for", table.count(found["unmatched"])),
        ("events in fragments", table.count(found["reassembled"])),
        ("worker", f"core {worker['core']}, {worker['idle']}, busy {100 * worker['busy_share']:.1f} %"),
        ("memory", "hugepages" if found["hugepages"] else "ordinary pages"),
    ]
    return table.render(("router", ""), rows, left=(0, 1), limit=200)


def drop_table(drops):
    rows = [(row["level"], row["reason"], table.count(row["count"]), row["help"]) for row in drops]
    return table.render(("level", "drop reason", "count", "meaning"), rows or [("-", "none", "0", "")], left=(0, 1, 3), limit=70)


def law_table(counters):
    total, laws = counters["total"], counters["laws"]

    def dropped(level):
        return sum(total["drop_" + level].values())

    rows = (
        ("datagrams", f"{total['rx_datagrams']:,} received", f"{total['event_datagrams']:,} event + {total['control_datagrams']:,} control "
         f"+ {total['punted_datagrams']:,} to the kernel + {dropped('datagrams'):,} dropped", laws["datagrams"]),
        ("events", f"{total['events_parsed'] + total['events_originated']:,} parsed", f"{total['events_matched']:,} matched "
         f"+ {total['events_unmatched']:,} unmatched + {total['events_consumed']:,} consumed + {dropped('events'):,} dropped", laws["events"]),
        ("copies", f"{total['copies_made']:,} made", f"{total['copies_tx']:,} sent + {total['copies_queued']:,} queued "
         f"+ {dropped('copies'):,} dropped", laws["copies"]))
    return table.render(("law", "left", "right", "difference"), rows, left=(0, 1, 2), limit=90)


def machine():
    model = platform.processor() or platform.machine()
    try:
        with open("/proc/cpuinfo", encoding="ascii", errors="replace") as file:
            model = next((line.split(":", 1)[1].strip() for line in file if line.startswith("model name")), model)
    except OSError:
        pass
    return {"cpu": model, "cores": os.cpu_count(), "kernel": platform.release()}


def content(asked):
    return None if asked is None else {"kind": asked.kind, "text": asked.text}


def price(told):
    return None if told is None else {name: told[name] for name in ("every_cycles", "match_cycles", "bytes")}


def document(outcomes, found, counters, drops, complaints):
    """Everything the tables say, with stable keys. Latencies in ns, null where nothing arrived."""
    return {
        "verdict": "fail" if complaints else "pass",
        "complaints": complaints,
        "source": found["source"],
        "events": {"played": found["played"], "bytes": found["bytes"], "too_large": found["too_large"], "seconds": found["seconds"]},
        "subscribers": [{
            "name": one.subscriber.name, "why": one.subscriber.why, "filter": one.subscriber.interest.topic_filter,
            "dialect": one.subscriber.interest.dialect, "exceptions": list(one.subscriber.interest.exceptions),
            "payload": one.subscriber.interest.pattern, "content": content(one.subscriber.interest.content), "price": price(one.price), "slow": one.subscriber.slow, "ipv6": one.subscriber.ipv6, "expected": one.expected,
            "received": one.received, "missing": one.missing, "extra": one.extra, "drops": one.dropped, "exact": one.exact,
            "latency_ns": latency(one)} for one in outcomes],
        "router": {name: found[name] for name in ("events", "events_per_s", "copies", "copies_per_s", "unmatched", "reassembled", "hugepages")}
        | {name: found["worker"][name] for name in ("core", "idle", "busy_share", "cycles_per_event", "hit_rate", "stage_cycles")},
        "drops": [{name: row[name] for name in ("level", "reason", "count")} for row in drops],
        "laws": counters["laws"] | {"hold": counters["hold"]},
        "machine": machine(),
    }

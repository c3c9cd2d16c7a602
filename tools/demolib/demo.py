"""Play real events through a Rhumb router between network namespaces, and judge what arrived. Started by tools/demo."""

import argparse
import itertools
import json
import os
import shlex
import signal
import sys
import time

import changelog
import corpus
import machine
import plan
import report
import stage
import state
import verdict
from shell import CommandError
from table import count

EVENTS = 20000
FEW = 100
PLAY_SECONDS = 75  # of the two minutes; reading before and judging after take the rest
DEADLINE_SECONDS = 110  # everything, reading events to judging: the two minutes less the undoing
ROOT = os.path.abspath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))


def say(text):
    print(f"demo: {text}", flush=True)


def arguments():
    parser = argparse.ArgumentParser(prog="tools/demo", description=__doc__)
    parser.add_argument("--build", default=os.path.join(ROOT, "build"), help=argparse.SUPPRESS)
    parser.add_argument("--events", type=int, default=EVENTS, metavar="N", help=f"play at most N events (default {EVENTS})")
    parser.add_argument("--corpus", metavar="FILE.gz", help="Wikipedia edits, one JSON object a line, instead of changelogs")
    parser.add_argument("--json", metavar="FILE", help="write the result as JSON too (docs/schemas/demo.json)")
    parser.add_argument("--keep", action="store_true", help="leave everything running and print three commands to try next")
    parser.add_argument("--undo", action="store_true", help="restore what a kept or killed demo changed, then end")
    options = parser.parse_args()
    if options.events < 1:
        parser.error("--events takes a number of 1 or more")
    return options


def read_events(options):
    """(events, where they are from, subscribers)."""
    if options.corpus:
        events = list(itertools.islice(corpus.from_corpus(options.corpus), options.events))
        # Duplicate suppression goes by event id, so equal edits are two events; the judge counts them as such.
        return events, options.corpus, plan.wikipedia
    events = list(itertools.islice(changelog.from_changelogs(), options.events))
    if len(events) >= FEW:
        return events, changelog.CHANGELOGS, plan.debian
    return list(itertools.islice(changelog.from_status(), options.events)), changelog.STATUS, plan.debian


def announce(noted, options):
    del noted
    say("this will, on this machine:")
    wanted = machine.hugepages_wanted()
    if wanted is not None:
        say(f"  - ask for hugepages: {state.HUGEPAGES}/nr_hugepages to {wanted}; without them it runs on ordinary pages")
    say(f"  - make network namespaces {', '.join(stage.namespaces())} and veth pairs between them")
    say(f"  - run rhumbd with a polling worker on core {machine.cores()[0]}, everything else on the other cores, for about a minute")
    say(f"  - write to {state.FOLDER} and to a folder of its own under {os.environ.get('TMPDIR', '/tmp')}")
    say("all of it is restored at the end" + (" by tools/demo --undo" if options.keep else ", also after Ctrl-C; after a kill by tools/demo --undo"))


class Progress:
    """A line a second: what has gone through."""

    def __init__(self, running, events):
        self.running, self.events = running, events
        self.started = self.last = time.monotonic()
        self.before = 0

    def tick(self, label):
        now = time.monotonic()
        if now - self.last < 1:
            return
        total = self.running.router.counters()["total"]
        rate = (total["events_parsed"] - self.before) / (now - self.last)
        say(f"{label} {now - self.started:4.0f} s  {total['events_parsed']:>7,} of {len(self.events):,} events ({rate:,.0f}/s)  "
            f"{total['copies_tx']:>9,} copies sent  {total['copies_queued']:>6,} waiting")
        self.last, self.before = now, total["events_parsed"]


def play(running, events):
    """Everything through the router; seconds it took."""
    progress = Progress(running, events)
    running.publish(events)
    while running.feeding:
        running.pace()
        running.check_alive()
        progress.tick("playing")
        if time.monotonic() - progress.started > PLAY_SECONDS:
            raise CommandError(f"not all events were published within {PLAY_SECONDS} s: the machine is too slow or too busy (try --events)")
        time.sleep(0.05)
    running.check_alive()
    return time.monotonic() - progress.started


def judged(running, subscribers, events, sessions):
    identities = [verdict.identity(event.topic, event.payload) for event in events]
    outcomes = []
    for one, process in zip(subscribers, running.subscribers):
        received = [((event["topic"], event["payload_sha256"]), event["received_ns"] - event["origin_ns"]) for event in process.read()]
        outcomes.append(verdict.outcome(one, events, identities, received, sessions.get(one.name, {}).get("drops", {}),
                                        process.prices.get(one.interest.topic_filter)))
    return outcomes


def facts(running, counters, events, source, seconds):
    total = counters["total"]
    return {
        "source": source, "played": len(events), "bytes": sum(len(event.payload) for event in events),
        "too_large": sum(event.too_large for event in events), "seconds": round(seconds, 3), "events": total["events_parsed"],
        "copies": total["copies_made"], "events_per_s": total["events_parsed"] / seconds, "copies_per_s": total["copies_made"] / seconds,
        "unmatched": total["events_unmatched"], "reassembled": total["reassembled"],
        "worker": running.router.ask("show workers")["workers"][0], "hugepages": running.router.ask("show status")["hugepages"],
    }


def show(outcomes, found, counters, drops, said):
    for lines in (report.subscriber_table(outcomes), report.price_table(outcomes), report.router_table(found), report.drop_table(drops), report.law_table(counters)):
        print("\n" + "\n".join(lines))
    print("\nThe dialect is how a filter is written: as in MQTT, NATS or Solace. One with ! in front is an exception: what it matches does not come."
          "\nBehind ~ is a pattern in the payload, behind cesql and filters an expression over attributes and payload. The price of a subscription"
          "\nis what the router said when it took it: cycles for every event, cycles more for each that matches, bytes; estimates."
          "\nLatency is from the publisher's clock to the subscriber's, the same clock here; it holds the time in queues.\n")
    for line in said:
        say("WRONG: " + line)
    say("verdict: " + ("every subscriber got exactly its events, the slow one's loss is accounted for, the laws hold"
                       if not said else f"FAILED, {len(said)} complaints"))


def what_next(running):
    rhumb, socket = os.path.join(running.build, "rhumb"), running.router.socket
    print(f"""
Everything is still running. Try:
  {rhumb} --socket {socket} show sessions
  {rhumb} --socket {socket} explain {shlex.quote(running.subscribers[0].filters[0][0])}
  ip netns exec {state.PREFIX}sub4 {rhumb} sub --router 198.18.3.1 --count 1 --idle-exit 20 'try/#' & sleep 2; ip netns exec {state.PREFIX}pub4 {rhumb} pub --router 198.18.1.1 --payload hello try/it; wait $!
and then: tools/demo --undo""")


def perform(options, noted):
    """The whole demo; its exit status."""
    say("reading events")
    events, source, planned = read_events(options)
    if not events:
        raise CommandError(f"{source} holds no events")
    subscribers = planned(events)
    say(f"{len(events):,} events from {source}, {sum(event.too_large for event in events)} of them too large (expected as too_large); "
        f"{len(subscribers)} subscribers")
    announce(noted, options)
    machine.need_tun(noted)
    running = stage.Stage(options.build, noted, machine.reserve_hugepages(noted))
    running.build_hosts()
    say("starting rhumbd" + ("" if running.hugepages else " without hugepages"))
    running.start_router()
    say(f"starting {len(subscribers)} subscribers")
    running.subscribe(subscribers)
    seconds = play(running, events)
    say("all published, waiting for the last copies")
    counters, sessions = running.drain()
    found, drops = facts(running, counters, events, source, seconds), [row for row in running.router.ask("show drops")["drops"] if row["count"]]
    say("judging")
    outcomes = judged(running, subscribers, events, sessions)
    refused = sum(one.too_large for one in running.publishers) + counters["total"]["drop_events"].get("too_large", 0)
    said = verdict.complaints(outcomes, counters, events, refused)
    if not options.keep and (status := running.stop()) != 0:
        said.append(f"rhumbd ended with status {status}: {running.router.last_words()}")
    show(outcomes, found, counters, drops, said)
    if options.json:
        with open(options.json, "w", encoding="utf-8") as file:
            json.dump(report.document(outcomes, found, counters, drops, said), file, indent=1)
            file.write("\n")
        say(f"wrote {options.json}")
    signal.alarm(0)
    if options.keep:
        what_next(running)
    return 1 if said else 0


def interrupted(number, _frame):
    raise SystemExit(128 + number)


def overdue(_number, _frame):
    raise CommandError(f"not done within {DEADLINE_SECONDS} s: the machine is too slow or too busy (try --events)")


def main():
    options = arguments()
    if os.geteuid() != 0:
        sys.exit("demo: needs root: network namespaces and hugepages")
    if options.json:
        options.json = os.path.abspath(options.json)
    noted = state.State()
    try:
        noted.claim()
    except state.Busy as error:
        sys.exit(f"demo: {error}")
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, interrupted)
    if noted.load() or options.undo:
        for line in noted.undo() or ["nothing to restore"]:
            say(line)
        if options.undo:
            return 0
    status = 1
    try:
        signal.signal(signal.SIGALRM, overdue)
        signal.alarm(DEADLINE_SECONDS)
        status = perform(options, noted)
        return status
    except (CommandError, OSError) as error:
        say(f"FAILED: {error}")
        return 1
    finally:
        signal.alarm(0)
        if not (options.keep and status == 0):
            state.ignore_signals()
            for line in noted.undo():
                say(line)


if __name__ == "__main__":
    sys.exit(main())

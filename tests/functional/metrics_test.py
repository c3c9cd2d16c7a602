"""Metrics over HTTP, and every JSON answer against its schema."""

import glob
import json
import os

import jsonschema
import lib.case as case

SCHEMAS = os.path.join(case.paths.ROOT, "docs", "schemas")
NOUNS = ("status", "ports", "workers", "sessions", "subscriptions", "topics", "drops", "counters", "limits")


class Metrics(case.RouterCase):
    MORE = {"metrics": {"port": 19464}}

    def config(self, folder):
        found = super().config(folder)
        found["rhumb:rhumb"]["metrics"] = {"port": 19464}
        return found

    def get(self, path):
        script = "import sys, urllib.request as u\ntry:\n  r = u.urlopen(sys.argv[1], timeout=5)\nexcept u.HTTPError as e:\n  r = e\n" \
                 "print(r.status, r.headers.get('Content-Type')); print(r.read().decode())"
        done = self.router_host.run("/usr/bin/python3", "-c", script, "http://127.0.0.1:19464" + path)
        first, _, body = done.stdout.partition("\n")
        return int(first.split()[0]), first.split(" ", 1)[1], body

    def setUp(self):
        super().setUp()
        self.router_host.ip("link", "set", "lo", "up")

    def test_counters_are_exported_as_open_metrics(self):
        with self.publisher("a") as writer:
            writer.publish("t", b"x")
        self.router.settle()
        status, kind, body = self.get("/metrics")
        self.assertEqual(status, 200)
        self.assertIn("openmetrics", kind)
        self.assertTrue(body.rstrip().endswith("# EOF"))
        for name in ("events_parsed", "events_unmatched", "rx_datagrams"):
            self.assertIn(name, body)
        parsed = [line for line in body.splitlines() if "events_parsed" in line and not line.startswith("#")]
        self.assertEqual(sum(float(line.split()[-1]) for line in parsed), 1)

    def test_health(self):
        self.assertEqual(self.get("/healthz")[0], 200)
        self.assertEqual(self.get("/nonsense")[0], 404)


class Schemas(case.RouterCase):
    def test_every_answer_fits_its_schema(self):
        self.subscriber("b", ["a/#"], name="plain")
        with self.publisher("a") as writer:
            writer.publish("a/b", b"x")
            writer.publish("c", b"x")
        self.router.settle()
        for noun in NOUNS:
            with self.subTest(noun=noun):
                with open(os.path.join(SCHEMAS, f"show-{noun}.json"), encoding="utf-8") as file:
                    schema = json.load(file)
                jsonschema.Draft202012Validator.check_schema(schema)
                jsonschema.validate(self.router.cli_json("show", noun), schema)

    def test_schemas_themselves_are_sound_and_refuse_other_things(self):
        paths = glob.glob(SCHEMAS + "/*.json")
        self.assertGreaterEqual(len(paths), len(NOUNS) + 2)
        for path in paths:
            with self.subTest(path=path), open(path, encoding="utf-8") as file:
                schema = json.load(file)
                jsonschema.Draft202012Validator.check_schema(schema)
                with self.assertRaises(jsonschema.ValidationError):
                    jsonschema.validate({}, schema)


if __name__ == "__main__":
    case.main()

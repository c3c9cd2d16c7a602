"""Check JSON answers against the schemas of docs/schemas: schema.py SCHEMAS PROGRAM runs PROGRAM FOLDER, which writes one file a
message, and wants every message to have a schema and to fit it; schema.py SCHEMAS NAME FILE checks one file."""
import json
import pathlib
import subprocess
import sys
import tempfile

import jsonschema


def check(schemas, name, path):
    schema = json.loads((schemas / f"{name}.json").read_text(encoding="utf-8"))
    validator = jsonschema.validators.validator_for(schema)
    validator.check_schema(schema)
    faults = sorted(validator(schema).iter_errors(json.loads(path.read_text(encoding="utf-8"))), key=str)
    for fault in faults:
        print(f"{name}: {'/'.join(map(str, fault.absolute_path))}: {fault.message[:200]}")
    return len(faults)


def check_all(schemas, program):
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([program, folder], check=True, timeout=50)
        answers = {path.stem: path for path in pathlib.Path(folder).glob("*.json")}
        missing = [name for name in answers if not (schemas / f"{name}.json").exists()]
        faults = sum(check(schemas, name, path) for name, path in sorted(answers.items()) if name not in missing)
    for name in missing:
        print(f"{name}: no schema in {schemas}")
    print(f"{len(answers)} answers, {faults + len(missing)} faults")
    return faults + len(missing) or not answers


def main(arguments):
    schemas = pathlib.Path(arguments[0])
    if len(arguments) == 2:
        return check_all(schemas, arguments[1])
    return check(schemas, arguments[1], pathlib.Path(arguments[2]))


sys.exit(1 if main(sys.argv[1:]) else 0)

"""usage: serve_schema.py SCHEMA

Each file is judged by python3-jsonschema and by `penstock serve --check`; what both must say stands beside it.
SPDX-License-Identifier: Apache-2.0
"""
import glob
import json
import os
import subprocess
import sys

import jsonschema
import yaml

sys.path.insert(0, os.path.join(os.environ["TOP"], "tests/support"))
from harness import PENSTOCK, TOP, check, equal, main, newdb, tmp  # noqa: E402

SCHEMA = json.load(open(sys.argv[1], encoding="utf-8"))
HASH = "0123456789abcdef" * 4
GOOD = [
    "", "listen: 127.0.0.1:0\n", "console: false\nhosts: [etl.example.com]\nbehind_proxy: false\n", "keys: [{ name: a, sha256: %s, scopes: [\"run:*\"] }]\n" % HASH,
    "limits: { body: 1MiB, runs: 3, streams: 0, body_time: 30s }\nrates: { requests: 5, burst: 10 }\n", "limits: { body: \"${SIZE:-2MiB}\" }\n", "keys: []\n",
    "lineage: { file: a.jsonl }\n", "lineage: { url: http://a/, headers: { X-A: b }, api_key: c, timeout: 2s, namespace: d }\n", "plaintext: true\n",
]
BAD = [
    "listten: 127.0.0.1:0\n", "console: perhaps\n", "hosts: { a: b }\n", "keys: { name: a }\n", "keys: [{ name: a, scopes: [\"run:*\"] }]\n", "keys: [a]\n",
    "keys: [{ name: a, sha256: %s, scopes: [\"run:*\"], secret: b }]\n" % HASH, "limits: { body: much }\n", "limits: { bodyy: 1MiB }\n", "limits: { runs: 0 }\n",
    "limits: [1]\n", "rates: { requests: -1 }\n", "lineage: { file: a, timout: 1s }\n", "lineage: a\n", "lineage: { file: a, timeout: soon }\n",
]
WHOLE = ["version: 1\n", "pipelines: [%s]\n", "version: 2\npipelines: [%s]\n", "version: 1\npipelines: []\n", "version: 1\npipelines: { a: %s }\n", "[version]\n"]


def both(text, wanted, what):
    with open(tmp("serve.yaml"), "w") as out:
        out.write(text)
    said = [error.message for error in jsonschema.Draft7Validator(SCHEMA).iter_errors(yaml.safe_load(text))]
    done = subprocess.run([PENSTOCK, "serve", "--check", tmp("serve.yaml")], capture_output=True, text=True, stdin=subprocess.DEVNULL)
    equal((not said, done.returncode == 0), (wanted, wanted), "%s:\n%s%s\n%s" % (what, text, said, done.stderr))


def test():
    os.environ["PENSTOCK_DB"] = newdb("sqlite").connect
    pipeline = os.path.join(TOP, "pipelines/ingest.yaml")
    jsonschema.Draft7Validator.check_schema(SCHEMA)
    for text in GOOD + BAD:
        both("version: 1\npipelines: [%s]\n%s" % (pipeline, text), text in GOOD, "a serve file")
    for text in WHOLE:
        both(text % pipeline if "%" in text else text, False, "a serve file")
    files = [path for path in glob.glob(TOP + "/examples/**/serve*.yaml", recursive=True)]
    check(files, "no serve file among the examples")
    for path in files:
        with open(path) as given:
            said = [error.message for error in jsonschema.Draft7Validator(SCHEMA).iter_errors(yaml.safe_load(given.read()))]
        equal(said, [], path)


main(test)

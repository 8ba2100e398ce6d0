"""Each file of JSONTestSuite as a body: what is no JSON is 400, what is JSON is never 400 for its syntax, and nothing hurts the service.

usage: http_json.py FOLDER     of the suite's test_parsing
SPDX-License-Identifier: Apache-2.0
"""
import os
import sys

sys.path.insert(0, os.path.join(os.environ.get("TOP", "."), "tests/support"))
from harness import check, equal, main, tmp
from http_service import JSON, Service

PATHS = ("/v1/ingest/ingest", "/v1/ingest/ingest/jobs")
# Two values under one name, and a name that no field can have: a service may refuse these, and RFC 8259 lets it.
MAY_BE_REFUSED = ("y_object_duplicated_key", "y_object_escaped_null_in_key")
DEPTH = 64


def ask(service, path, body, what):
    answer = service.ask("POST", path, body, JSON)
    check(answer.status in (200, 400, 422), "%s: %d %r" % (what, answer.status, answer.body[:200]))
    return answer


def suite(service, folder):
    seen = {"n": 0, "y": 0, "i": 0}
    for name in sorted(os.listdir(folder)):
        if not name.endswith(".json"):
            continue
        with open(os.path.join(folder, name), "rb") as file:
            body = file.read()
        seen[name[0]] += 1
        for path in PATHS:
            answer = ask(service, path, body, name)
            if name[0] == "n":
                answer.problem(400, name)
            if name[0] == "y" and not name.startswith(MAY_BE_REFUSED):
                check(answer.status != 400, "%s: %r" % (name, answer.body))
        if name[0] != "n":
            continue
        # No JSON as a part of one is none either: as a row, behind a good cell.
        ask(service, PATHS[1], b"[[1, " + body + b"]]", name + " as a cell").problem(400, name + " as a cell")
    check(seen["n"] >= 180 and seen["y"] >= 90 and seen["i"] >= 30, "the suite is not whole: %r" % seen)
    print("%d refused, %d accepted, %d of which either is right" % (seen["n"], seen["y"], seen["i"]))


def depth(service):
    """64 levels are read, 65 are refused, whatever they are made of and however many."""
    row = lambda deep: "[[1, %s%s]]" % ("[" * (deep - 2), "]" * (deep - 2))
    equal(ask(service, PATHS[1], row(DEPTH), "64 deep").status, 422, "64 deep: a value of another type, not another syntax")
    ask(service, PATHS[1], row(DEPTH + 1), "65 deep").problem(400, "65 deep")
    for what, text in (("arrays", "[" * 100000), ("closed arrays", "[" * 100000 + "]" * 100000), ("objects", '{"a":' * 100000),
                       ("closed objects", '{"a":' * 100000 + "1" + "}" * 100000), ("both", '[{"a":' * 50000)):
        for path in PATHS:
            ask(service, path, text, what).problem(400, "10^5 " + what)
    # Brackets within strings are no depth.
    answer = ask(service, PATHS[1], '[[7, "%s\\"%s"]]' % ("[" * 100, "{" * 100), "brackets in a string")
    equal((answer.status, answer.json()["written"]), (200, 1), "brackets in a string")


def run():
    service = Service(["pipelines/ingest.yaml"], "", {"PENSTOCK_DB": "Driver=SQLite3;Database=" + tmp("json%d.db" % os.getpid())})
    suite(service, sys.argv[1])
    depth(service)
    service.good()
    service.stop()


main(run)

"""/openapi.json is an OpenAPI document, and the service answers as it says.

Judges are the OpenAPI Initiative's own schema (of 3.0, in Debian's openapi-specification: a document of 3.1 is put into its words first), the metaschema of
JSON Schema 2020-12 for each schema in it, and openapi-spec-validator, which knows 3.1, where a system has it.
SPDX-License-Identifier: Apache-2.0
"""
import copy
import json
import os
import re
import sys

import jsonschema

sys.path.insert(0, os.path.join(os.environ["TOP"], "tests/support"))
from harness import TOP, check, databases, equal, main, newdb, penstock, tmp, wait_until  # noqa: E402
from http_service import JSON, Service, key_line  # noqa: E402

SHIPPED = ["ingest.yaml", "migrate.yaml", "backup.yaml", "restore.yaml", "reports/hires-by-quarter.yaml", "reports/departments-above-mean.yaml"]
METHODS = ("get", "put", "post", "delete", "patch")
UPLOAD = """version: 1
name: upload
dictionary: %s/examples/hr/datapackage.yaml
params:
  jobs: { default: %s, upload: true }
connections:
  db: { type: odbc, connect: "${PENSTOCK_DB}" }
source: { type: csv, path: "${params.jobs}", header: false }
sink: { type: odbc, connection: db, table: jobs, create: true }
"""


def walk(value, where=()):
    yield where, value
    if isinstance(value, (dict, list)):
        for name, below in value.items() if isinstance(value, dict) else enumerate(value):
            yield from walk(below, where + (name,))


def resolve(document, reference):
    check(reference.startswith("#/"), "a reference that leads out: " + reference)
    value = document
    for part in reference[2:].split("/"):
        check(part in value, "nothing at " + reference)
        value = value[part]
    return value


def in_words_of_3_0(document):
    """What 3.1 says of types in JSON Schema's way, 3.0 says in its own."""
    def change(value):
        if isinstance(value, list):
            return [change(item) for item in value]
        if not isinstance(value, dict):
            return value
        value = {name: change(item) for name, item in value.items()}
        kinds = value.get("type")
        if isinstance(kinds, list):
            del value["type"]
            if "null" in kinds:
                value["nullable"] = True
            kinds = [kind for kind in kinds if kind != "null"]
            if len(kinds) == 1:
                value["type"] = kinds[0]
            else:
                value["anyOf"] = [{"type": kind, "items": {}} if kind == "array" else {"type": kind} for kind in kinds]
        if value.get("type") == "array":
            value.setdefault("items", {})
        return value
    return dict(change(document), openapi="3.0.3")


def schemas_of(document):
    for name, schema in document["components"]["schemas"].items():
        yield "components " + name, schema
    for where, value in walk(document["paths"]):
        if where and where[-1] == "schema":
            yield " ".join(map(str, where)), value


def validate(document, what):
    check(re.fullmatch(r"3\.1\.\d+", document["openapi"]), "%s: openapi is %r" % (what, document["openapi"]))
    with open(sys.argv[1]) as file:
        official = json.load(file)
    for error in jsonschema.Draft4Validator(official).iter_errors(in_words_of_3_0(copy.deepcopy(document))):
        check(False, "%s: %s: %s" % (what, "/".join(map(str, error.absolute_path)), error.message[:300]))
    checked = 0
    for where, schema in schemas_of(document):
        jsonschema.Draft202012Validator.check_schema(schema)
        checked += 1
    for where, value in walk(document):
        if isinstance(value, dict) and isinstance(value.get("$ref"), str):
            resolve(document, value["$ref"])
            equal(list(value), ["$ref"], "beside a $ref at %r" % (where,))
    # What no schema can say: the parameters in a path are those of the path.
    for path, item in document["paths"].items():
        for method, operation in item.items():
            named = [p["name"] for p in operation["parameters"] if p["in"] == "path"]
            equal(sorted(named), sorted(re.findall(r"{(\w+)}", path)), "parameters of %s %s" % (method, path))
            keys = [(p["in"], p["name"]) for p in operation["parameters"]]
            equal(len(set(keys)), len(keys), "parameters of %s %s" % (method, path))
            check(any(status != "default" for status in operation["responses"]), "no answer of %s %s" % (method, path))
    try:
        from openapi_spec_validator import validate as validate_3_1
    except ImportError:
        validate_3_1 = None
    if validate_3_1:
        validate_3_1(document)
    print("%s: %d paths, %d schemas%s" % (what, len(document["paths"]), checked, ", openapi-spec-validator" if validate_3_1 else ""))


class Judge:
    """Asks, and holds each answer against what the document says of it."""

    def __init__(self, service, headers):
        self.service, self.headers, self.seen = service, headers, set()
        self.document = service.ask("GET", "/openapi.json", headers=headers).json()

    def operation(self, method, path):
        for pattern in self.document["paths"]:
            if re.fullmatch(re.sub(r"{\w+}", "[^/]+", pattern), path) and method.lower() in self.document["paths"][pattern]:
                return pattern, self.document["paths"][pattern][method.lower()]
        check(False, "%s %s is not described" % (method, path))

    def valid(self, schema, value, what):
        resolver = jsonschema.RefResolver.from_schema(self.document)
        for error in jsonschema.Draft202012Validator(schema, resolver=resolver).iter_errors(value):
            check(False, "%s: %s: %s" % (what, "/".join(map(str, error.absolute_path)), error.message[:500]))

    def ask(self, status, method, target, body=None, headers=None):
        what = "%s %s" % (method, target)
        pattern, operation = self.operation(method, target.split("?")[0])
        answer = self.service.ask(method, target, json.dumps(body) if not isinstance(body, (bytes, type(None))) else body,
                                  dict(JSON if body is not None else {}, **dict(self.headers, **(headers or {}))))
        equal(answer.status, status, "%s: %r" % (what, answer.body[:300]))
        responses = operation["responses"]
        check(str(status) in responses or status >= 400, "%s: %d is not described" % (what, status))
        content = responses.get(str(status), responses["default"])["content"]
        kind = answer.headers["content-type"].split(";")[0]
        check(kind in content, "%s: %d with %s is not described" % (what, status, kind))
        if kind.endswith("json"):
            check("schema" in content[kind], "%s: no schema" % what)
            self.valid(content[kind]["schema"], answer.json(), what)
        self.seen.add((pattern, method.lower(), str(status)))
        return answer


def on(kind):
    db = newdb(kind)
    with open(tmp("upload.yaml"), "w") as out:
        out.write(UPLOAD % (TOP, tmp("jobs.csv")))
    with open(os.path.join(TOP, "pipelines/backup.yaml")) as given, open(tmp("backup.yaml"), "w") as out:
        out.write(given.read().replace("default: backups", "default: " + tmp("backups")).replace("../examples", TOP + "/examples"))
    service = Service([tmp(path) if path == "backup.yaml" else "pipelines/" + path for path in SHIPPED] + [tmp("upload.yaml")], "keys:\n" + key_line("ci", "right", ["*:*"]),
                      {"PENSTOCK_DB": db.connect}, name="openapi-" + kind)
    judge = Judge(service, {"X-API-Key": "right"})
    validate(judge.document, kind)
    ask = judge.ask
    for path in ("/healthz", "/readyz", "/openapi.json", "/v1/pipelines", "/v1/runs"):
        ask(200, "GET", path)
    person = {"id": 1, "name": "N", "datetime": "2021-11-07T02:48:42Z", "department_id": 1, "job_id": 1}
    good = {"departments": [{"id": 1, "department": "D"}], "jobs": [[1, "J"]], "hired_employees": [person]}
    batch = judge.document["paths"]["/v1/ingest/{pipeline}"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    judge.valid(batch, good, "a good batch")
    ask(200, "POST", "/v1/ingest/ingest", good, {"Idempotency-Key": "k"})
    ask(200, "POST", "/v1/ingest/ingest", good, {"Idempotency-Key": "k"})
    ask(422, "POST", "/v1/ingest/ingest", {"jobs": [[2, "K"]]}, {"Idempotency-Key": "k"})
    ask(422, "POST", "/v1/ingest/ingest", good)
    bad = {"jobs": [[2], {"id": "x", "job": None, "more": 1}, [3, "J" * 300], 7, [4, "good"]], "hired_employees": [dict(person, id=2, job_id=99)]}
    answer = ask(200, "POST", "/v1/ingest/ingest", bad)
    equal(answer.json()["rejected"], 5, "rejects")
    ask(422, "POST", "/v1/ingest/ingest?atomic=true", bad)
    ask(200, "POST", "/v1/ingest/ingest/jobs", [[5, "five"], [5, "again"]])
    ask(422, "POST", "/v1/ingest/ingest/jobs", [[5, "again"]])
    ask(404, "POST", "/v1/ingest/ingest/job", [[5, "again"]])
    ask(400, "POST", "/v1/ingest/ingest", b"{")
    ask(422, "POST", "/v1/ingest/ingest", {})
    ask(200, "PUT", "/v1/pipelines/upload/files/jobs", b"100,Uploaded\n100,Twice\n", {"Content-Type": "text/csv"})
    ask(404, "PUT", "/v1/pipelines/upload/files/job", b"1", {"Content-Type": "text/csv"})
    for name in ("upload", "migrate"):
        started = ask(202, "POST", "/v1/pipelines/%s/runs" % name, {"params": {}})
        where = started.headers["location"]
        wait_until(lambda: ask(200, "GET", where).json()["status"] != "running", 60, "the end of a run")
        check(ask(200, "GET", where + "/rejects?limit=3").json()["rejects"], "a run without rejects")
        ask(200, "GET", where + "/rejects/summary")
        ask(200, "GET", where + "/events")
        ask(200, "GET", where + "/rejects/export?table=jobs")
        ask(200, "GET", "/v1/pipelines/%s/plan" % name)
        ask(200, "GET", "/v1/pipelines/%s/dictionary" % name)
        ask(409, "POST", where + "/cancel")
        again = "/v1/runs/" + ask(202, "POST", where + "/replay", {"table": "jobs"}).json()["run_id"]
        wait_until(lambda: ask(200, "GET", again).json()["status"] != "running", 60, "the end of a replay")
        ask(422, "POST", where + "/replay", b"reject_id\n", {"Content-Type": "text/csv"})
    kept = "/v1/pipelines/backup/backups"
    run = ask(202, "POST", "/v1/pipelines/backup/runs", {"params": {}}).json()["run_id"]
    wait_until(lambda: ask(200, "GET", "/v1/runs/" + run).json()["status"] != "running", 60, "the end of a backup")
    check(ask(200, "GET", kept).json()["backups"], "a backup")
    ask(200, "POST", "%s/%s/verify" % (kept, run), {"restore": False})
    ask(404, "POST", "%s/%s/verify" % (kept, run.replace("-", "")), {})
    ask(200, "GET", "/v1/runs?limit=1&pipeline=migrate")
    ask(422, "POST", "/v1/pipelines/migrate/runs", {"params": {"data": "/"}})
    ask(404, "GET", "/v1/runs/01a1fd24-c93e-758c-b09c-0bcb21514a3b")
    for name in ("hires-by-quarter", "departments-above-mean"):
        for query in ("", "?year=2022", "?format=csv"):
            ask(200, "GET", "/v1/reports/%s%s" % (name, query))
        ask(422, "GET", "/v1/reports/%s?year=x" % name)
    ask(401, "GET", "/v1/runs", headers={"X-API-Key": "wrong"})
    # What succeeds was seen to, but what the document itself cannot bring about here.
    unseen = [(path, method, status) for path, item in judge.document["paths"].items() for method, operation in item.items()
              for status in operation["responses"] if path.startswith("/v1/") and status != "default" and (path, method, status) not in judge.seen]
    equal(unseen, [("/v1/runs/{run}/cancel", "post", "202")], "described, and never asked for")
    service.stop()


def names_alike(db):
    """Tables whose names are the same but for letters that components cannot have are described each for itself."""
    names = ["\u793e\u54e1", "\u90e8\u9580", "a/b", "a_b", "a b"]
    with open(tmp("alike.dict.yaml"), "w", encoding="utf-8") as file:
        file.write("name: alike\nresources:\n" + "".join("  - { name: \"%s\", schema: { fields: [{ name: f%d, type: integer }], primaryKey: f%d } }\n" % (name, at, at)
                                                        for at, name in enumerate(names)))
    with open(tmp("alike.yaml"), "w") as file:
        file.write("version: 1\nname: alike\ndictionary: alike.dict.yaml\nconnections: { db: { type: odbc, connect: \"${PENSTOCK_DB}\" } }\n"
                   "steps:\n  - for_each: { table: \"*\" }\n    source: { type: http }\n    sink: { type: odbc, connection: db, create: true }\n")
    with open(tmp("alike.serve.yaml"), "w") as file:
        file.write("version: 1\nlisten: 127.0.0.1:0\npipelines: [alike.yaml]\n")
    done = penstock("schema", "openapi", tmp("alike.serve.yaml"), db=db)
    document = json.loads(done.out)
    validate(document, "names alike")
    tables = next(value["properties"] for _, value in walk(document) if isinstance(value, dict) and set(names) <= set(value.get("properties", {})))
    for at, name in enumerate(names):
        row = resolve(document, tables[name]["items"]["anyOf"][0]["$ref"])
        equal(list(row["properties"]), ["f%d" % at], "rows of " + name)


def test():
    for kind in databases():
        on(kind)
    # Without a pipeline that takes rows, and without keys, it is a document as well.
    db = newdb("sqlite")
    service = Service(["pipelines/migrate.yaml"], "", {"PENSTOCK_DB": db.connect}, name="small")
    document = service.ask("GET", "/openapi.json").json()
    validate(document, "one pipeline")
    service.stop()
    names_alike(db)
    # The command prints it without a service.
    done = penstock("schema", "openapi", service.file, db=db)
    equal((done.code, json.loads(done.out)), (0, document), "schema openapi: " + done.err)


main(test)

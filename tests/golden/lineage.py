"""usage: lineage.py

What an event must have is written here by hand after the OpenLineage spec 2-0-2 and its naming conventions; what ran is read with SQL, and
examples/hr/data/expected.txt has the counts.
SPDX-License-Identifier: Apache-2.0
"""
import datetime
import json
import os
import re
import signal
import sys
import time

sys.path.insert(0, os.path.join(os.environ["TOP"], "tests/support"))
from harness import TOP, check, databases, equal, main, newdb, penstock, start, tmp, wait_until  # noqa: E402
from http_pages import Answer, Server  # noqa: E402
from http_service import PENSTOCK, Service, key_line  # noqa: E402
import subprocess  # noqa: E402

MIGRATE = os.path.join(TOP, "pipelines/migrate.yaml")
TABLES = {"departments": ["id:integer", "department:string"], "jobs": ["id:integer", "job:string"],
          "hired_employees": ["id:integer", "name:string", "datetime:datetime", "department_id:integer", "job_id:integer"]}
UUID = re.compile(r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$")
FACETS = {"processing_engine": {"version"}, "errorMessage": {"message", "programmingLanguage"}, "jobType": {"processingType", "integration"},
          "documentation": {"description"}, "schema": {"fields"}, "dataQualityMetrics": {"columnMetrics"}, "outputStatistics": {"rowCount"}}
KEY = {"X-API-Key": "right"}


def expected():
    with open(os.path.join(TOP, "examples/hr/data/expected.txt")) as source:
        return {line.split()[1]: int(line.split()[2]) for line in source if line.startswith("count ")}


# --- what the spec asks of an event ---------------------------------------------------------------
def is_uri(text):
    return isinstance(text, str) and re.match(r"^[a-z][a-z0-9+.-]*:\S+$", text)


def facets(given, what):
    for name, facet in given.items():
        check(is_uri(facet.get("_producer")) and facet.get("_schemaURL", "").startswith("https://openlineage.io/spec/"), "%s: facet %s: %r" % (what, name, facet))
        kind = facet["_schemaURL"].rsplit("/", 1)[1]
        check(facet["_schemaURL"].split("#")[0].endswith("/%s.json" % kind), "%s: %s" % (what, facet["_schemaURL"]))
        check(name in FACETS and FACETS[name] <= set(facet), "%s: facet %s lacks something: %r" % (what, name, facet))


def datasets(given, side):
    for one in given:
        check(one["namespace"] and one["name"], "a dataset without a name: %r" % one)
        facets(one.get("facets", {}), side)
        facets(one.get(side + "Facets", {}), side)
        check(set(one) <= {"namespace", "name", "facets", side + "Facets"}, "members of a dataset: %r" % one)
    names = [(one["namespace"], one["name"]) for one in given]
    equal(len(set(names)), len(names), "datasets of one name")
    return {name: one for name, one in zip(names, given)}


def valid(event):
    for member in ("eventTime", "producer", "schemaURL", "run", "job"):
        check(event.get(member), "an event without %s" % member)
    check(event["eventType"] in ("START", "COMPLETE", "FAIL", "ABORT"), event["eventType"])
    equal(event["schemaURL"], "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent", "schemaURL")
    check(is_uri(event["producer"]), "producer")
    at = datetime.datetime.fromisoformat(event["eventTime"].replace("Z", "+00:00"))
    check(abs(datetime.datetime.now(datetime.timezone.utc) - at) < datetime.timedelta(hours=1), "eventTime %s" % event["eventTime"])
    check(UUID.match(event["run"]["runId"]), "runId")
    check(event["job"]["namespace"] and event["job"]["name"], "the job")
    facets(event["run"].get("facets", {}), "run")
    facets(event["job"].get("facets", {}), "job")
    datasets(event["inputs"], "input")
    datasets(event["outputs"], "output")
    return event


def read(path):
    with open(path) as lines:
        return [valid(json.loads(line)) for line in lines]


# --- what must stand in them ------------------------------------------------------------------------
def settings(connect):
    return dict(part.split("=", 1) for part in connect.split(";") if part)


def name_of(db, table):
    """By https://openlineage.io/docs/spec/naming."""
    of = settings(db.connect)
    if db.kind == "sqlite":
        return "sqlite://" + os.path.realpath(of["Database"]), table
    where = "%s:%s" % (of["Server"], of["Port"])
    if db.kind == "postgresql":
        return "postgres://" + where, "%s.public.%s" % (of["Database"], table)
    return "mysql://" + where, "%s.%s" % (of["Database"], table)


def source_of(table):
    return "file", os.path.join(os.path.realpath(TOP), "examples/hr/data", table + ".csv")


def secretless(text, db):
    of = settings(db.connect)
    for word in ("Pwd", "Uid", "Driver=", of.get("Pwd", "Driver=")):
        check(word not in text, "%s in an event: %s" % (word, text[:2000]))


def loads(db):
    """COMPLETE with its counts; the same events in the file again, and what a plain load and a dry run do."""
    path, counts = tmp(db.kind + ".jsonl"), expected()
    done = penstock("run", MIGRATE, "--json", "--lineage-file", path, "--lineage-namespace", "nightly", db=db)
    equal(done.code, 0, done.tail())
    begun, ended = read(path)
    with open(path) as text:
        secretless(text.read(), db)
    equal([begun["eventType"], ended["eventType"]], ["START", "COMPLETE"], "events")
    equal({event["run"]["runId"] for event in (begun, ended)}, {db.value("select run_id from penstock_runs")}, "the run")
    equal([(event["job"]["namespace"], event["job"]["name"]) for event in (begun, ended)], [("nightly", "migrate")] * 2, "the job")
    equal(ended["job"]["facets"]["jobType"]["processingType"], "BATCH", "the type of the job")
    equal(ended["job"]["facets"]["documentation"]["description"], "Load the historical CSV files.", "its description")
    for event in (begun, ended):
        inputs, outputs = datasets(event["inputs"], "input"), datasets(event["outputs"], "output")
        equal(set(inputs), {source_of(table) for table in TABLES}, "inputs")
        equal(set(outputs), {name_of(db, table) for table in TABLES}, "outputs")
        for table, fields in TABLES.items():
            for one in (inputs[source_of(table)], outputs[name_of(db, table)]):
                equal(["%s:%s" % (field["name"], field["type"]) for field in one["facets"]["schema"]["fields"]], fields, "fields of " + table)
            got, put = inputs[source_of(table)].get("inputFacets"), outputs[name_of(db, table)].get("outputFacets")
            if event is begun:
                equal((got, put), (None, None), "counts before there are any")
                continue
            equal((got["dataQualityMetrics"]["rowCount"], got["dataQualityMetrics"]["bytes"]), (counts[table + ".read"], os.path.getsize(source_of(table)[1])), "read")
            equal(put["outputStatistics"]["rowCount"], db.count(table), "written to " + table)
            equal(db.count(table), counts[table + ".written"], "rows of " + table)
    text = ended["outputs"][0]["facets"]["schema"]["fields"][0].get("description")
    equal(text, "number of the department", "a field with its description")
    dry = penstock("run", MIGRATE, "--dry-run", "--lineage-file", path, db=db)
    equal((dry.code, len(read(path))), (0, 2), "a dry run says nothing")
    again = penstock("run", MIGRATE, "--step", "jobs", "--lineage-file", path, db=db)
    events = read(path)[2:]
    equal((again.code, [event["eventType"] for event in events]), (0, ["START", "COMPLETE"]), "appended")
    equal([(one["namespace"], one["name"]) for one in events[1]["outputs"]], [name_of(db, "jobs")], "one step")
    equal(events[1]["outputs"][0]["outputFacets"]["outputStatistics"]["rowCount"], 0, "nothing was written again")


def backup(db):
    path, folder = tmp(db.kind + "-backup.jsonl"), tmp(db.kind + "-backups")
    done = penstock("run", os.path.join(TOP, "pipelines/backup.yaml"), "--set", "folder=" + folder, "--json", "--lineage-file", path, db=db)
    equal(done.code, 0, done.tail())
    ended = read(path)[1]
    equal(set(datasets(ended["inputs"], "input")), {name_of(db, table) for table in TABLES}, "what a backup reads")
    where = os.path.join(os.path.realpath(folder), done.json["run_id"])
    equal(set(datasets(ended["outputs"], "output")), {("file", os.path.join(where, table + ".avro")) for table in TABLES}, "what it writes")


def failures():
    db, path = newdb("sqlite"), tmp("failures.jsonl")
    done = penstock("run", MIGRATE, "--set", "data=" + tmp("nowhere"), "--lineage-file", path, db=db)
    equal(done.code, 4, done.tail())
    begun, ended = read(path)
    equal([begun["eventType"], ended["eventType"]], ["START", "FAIL"], "a source that is not there")
    said = ended["run"]["facets"]["errorMessage"]
    check("departments.csv" in said["message"] and said["programmingLanguage"] == "C", "why: %r" % said)
    check("errorMessage" not in begun["run"]["facets"], "an error before there is one")
    done = penstock("run", MIGRATE, "--set", "max_rejects=0", "--lineage-file", path, db=db)
    equal((done.code, read(path)[-1]["eventType"]), (3, "FAIL"), "too many rejects")
    pipe = tmp("slow.csv")
    os.mkfifo(pipe)
    with open(tmp("slow.yaml"), "w") as out:
        out.write("version: 1\nname: slow\ndictionary: %s/examples/hr/datapackage.yaml\nconnections:\n  db: { type: odbc, connect: \"${PENSTOCK_DB}\" }\n"
                  "source: { type: csv, path: %s, header: false }\nsink: { type: odbc, connection: db, table: jobs, create: true }\n" % (TOP, pipe))
    process = start("run", tmp("slow.yaml"), "--lineage-file", path, db=db)
    with open(pipe, "w") as rows:
        rows.write("9001,Cook\n")
        rows.flush()
        wait_until(lambda: len(read(path)) == 5, 30, "START of a run that goes on")
        process.send_signal(signal.SIGTERM)
        equal(process.wait(60), 143, "a run that was stopped")
    equal([event["eventType"] for event in read(path)[4:]], ["START", "ABORT"], "a run that was stopped")
    # One table of two steps is one dataset, with the rows of both.
    for name, rows in (("a", "1,x\n2,y\n"), ("b", "3,z\n")):
        with open(tmp(name + ".csv"), "w") as out:
            out.write(rows)
    with open(tmp("two.yaml"), "w") as out:
        out.write("version: 1\nname: two\ndictionary: %s/examples/hr/datapackage.yaml\nconnections:\n  db: { type: odbc, connect: \"${PENSTOCK_DB}\" }\nsteps:\n" % TOP)
        for name in "ab":
            out.write("  - name: %s\n    source: { type: csv, path: %s, header: false }\n    rules: { table: jobs }\n"
                      "    sink: { type: odbc, connection: db, table: jobs, create: true }\n" % (name, tmp(name + ".csv")))
    two = newdb("sqlite")
    equal(penstock("run", tmp("two.yaml"), "--lineage-file", path, db=two).code, 0, "two steps")
    ended = read(path)[-1]
    equal(sorted((one["name"], one["inputFacets"]["dataQualityMetrics"]["rowCount"]) for one in ended["inputs"]),
          sorted((os.path.realpath(tmp(name + ".csv")), count) for name, count in (("a", 2), ("b", 1))), "two files")
    equal([one["outputFacets"]["outputStatistics"]["rowCount"] for one in ended["outputs"]], [3], "one table")


def torn():
    """A line that a full disk or a crash left behind spoils none of those that come after it."""
    path = tmp("torn.jsonl")
    with open(path, "w") as out:
        out.write('{"eventType":"COM')
    equal(penstock("run", MIGRATE, "--step", "jobs", "--lineage-file", path, db=newdb("sqlite")).code, 0, "a run")
    with open(path) as lines:
        equal(lines.readline(), '{"eventType":"COM\n', "what was there")
        equal([valid(json.loads(line))["eventType"] for line in lines], ["START", "COMPLETE"], "behind it")


def impatient():
    """A collector that is silent does not keep penstock from ending, whatever its timeout is."""
    silent = Server(lambda request: time.sleep(60) or Answer(b""))
    service = Service([MIGRATE], "keys:\n" + key_line("one", "right", ["*:*"]) + "lineage: { url: \"%s/x\", timeout: 60s }\n" % silent.url,
                      {"PENSTOCK_DB": newdb("sqlite").connect}, name="impatient")
    run_id = service.post("/v1/pipelines/migrate/runs", {}, KEY).json()["run_id"]
    wait_until(lambda: service.ask("GET", "/v1/runs/" + run_id, headers=KEY).json()["status"] == "succeeded", 60, "the run")
    # Nor does it keep the pipeline from the next run.
    equal(service.post("/v1/runs/%s/replay" % run_id, {"table": "hired_employees"}, KEY).status, 202, "a replay while the collector is silent")
    begun = time.monotonic()
    service.stop()
    check(time.monotonic() - begun < 30, "the end took %.1f s" % (time.monotonic() - begun))
    check(any(line.get("event") == "lineage_untold" for line in service.lines()), "a line of the log")


# --- where they go -----------------------------------------------------------------------------------
def collectors():
    """A url gets each event once; whatever it answers, the run is what it was."""
    db, counts = newdb("sqlite"), expected()
    server = Server(lambda request: Answer({"ok": True}, status=201))
    where = server.url + "/api/v1/lineage?token=in-the-query"
    done = penstock("run", MIGRATE, "--lineage-url", where, db=db, env={"OPENLINEAGE_API_KEY": "the-key-itself"})
    equal((done.code, "lineage" in done.err), (0, False), done.tail())
    for request in server.seen:
        equal((request.method, request.target), ("POST", "/api/v1/lineage?token=in-the-query"), "where it went")
        equal((request.headers["content-type"], request.headers["authorization"]), ("application/json", "Bearer the-key-itself"), "headers")
        check(b"the-key-itself" not in request.body and b"in-the-query" not in request.body, "a secret in an event")
    begun, ended = [valid(json.loads(request.body)) for request in server.seen]
    equal([begun["eventType"], ended["eventType"]], ["START", "COMPLETE"], "posted")
    equal({one["name"]: one["outputFacets"]["outputStatistics"]["rowCount"] for one in ended["outputs"]}, {table: counts[table + ".written"] for table in TABLES}, "posted counts")
    server.answer = lambda request: Answer("no", status=503)
    for url, words in ((where, ("503", "127.0.0.1")), ("http://127.0.0.1:1/secret-path", ("127.0.0.1",))):
        done = penstock("run", MIGRATE, "--restart", "--yes", "--step", "jobs", "--lineage-url", url, db=newdb("sqlite"))
        equal(done.code, 0, "the run itself: " + done.tail())
        check("warning" in done.err and all(word in done.err for word in words), "a warning: " + done.err)
        check("in-the-query" not in done.err and "secret-path" not in done.err, "the address in a message: " + done.err)
    done = penstock("run", MIGRATE, "--lineage-file", tmp("none/events.jsonl"), db=newdb("sqlite"))
    check(done.code == 0 and "none/events.jsonl" in done.err, "a file that cannot be: " + done.tail())
    for arguments, word in ((("--lineage-file", "a", "--lineage-url", "http://b/"), "either"), (("--lineage-url", "ftp://b/"), "http://"),
                            (("--lineage-url", "http://me:secret@b/"), "user and password"), (("--lineage-namespace", "x"), "goes with"),
                            (("--lineage-file", ""), "no name")):
        done = penstock("run", MIGRATE, *arguments, db=db)
        check(done.code == 2 and word in done.err and "secret" not in done.err, "%s: %s" % (arguments, done.tail()))
    server.stop()


def services():
    """Runs, and replays, of a service; a collector that does not answer is waited for no longer than its timeout."""
    db, path = newdb("sqlite"), tmp("service.jsonl")
    service = Service([MIGRATE], "keys:\n" + key_line("one", "right", ["*:*"]) + "lineage: { file: %s, namespace: \"${TEST_SPACE}\" }\n" % path,
                      {"PENSTOCK_DB": db.connect, "TEST_SPACE": "etl"}, name="lineage")

    def do(where, value):
        run_id = service.post(where, value, KEY).json()["run_id"]
        wait_until(lambda: service.ask("GET", "/v1/runs/" + run_id, headers=KEY).json()["status"] != "running", 60, "the end of a run")
        return run_id

    first = do("/v1/pipelines/migrate/runs", {})
    wait_until(lambda: len(read(path)) == 2, 30, "the events of a run")
    again = do("/v1/runs/%s/replay" % first, {"table": "hired_employees"})
    wait_until(lambda: len(read(path)) == 4, 30, "the events of a replay")
    events = read(path)
    equal([(event["eventType"], event["run"]["runId"], event["job"]["facets"]["jobType"]["jobType"]) for event in events],
          [("START", first, "PIPELINE"), ("COMPLETE", first, "PIPELINE"), ("START", again, "REPLAY"), ("COMPLETE", again, "REPLAY")], "events of a service")
    equal({event["job"]["namespace"] for event in events}, {"etl"}, "its namespace")
    equal([(event["inputs"], [one["name"] for one in event["outputs"]]) for event in events[2:]], [([], ["hired_employees"])] * 2, "datasets of a replay")
    service.stop()
    silent = Server(lambda request: time.sleep(3) or Answer(b""))
    service = Service([MIGRATE], "keys:\n" + key_line("one", "right", ["*:*"]) +
                      "lineage: { url: \"%s/x\", api_key: \"${TEST_KEY}\", headers: { X-Team: data }, timeout: 300ms }\n" % silent.url,
                      {"PENSTOCK_DB": db.connect, "TEST_KEY": "only-for-lineage"}, name="silent")
    begun = time.monotonic()
    third = do("/v1/pipelines/migrate/runs", {})
    equal(service.ask("GET", "/v1/runs/" + third, headers=KEY).json()["status"], "succeeded", "a run whose collector is silent")
    wait_until(lambda: any(line.get("event") == "lineage_untold" for line in service.lines()), 30, "a line of the log")
    check(time.monotonic() - begun < 20, "the collector was waited for")
    equal({(request.headers["authorization"], request.headers["x-team"]) for request in silent.seen}, {("Bearer only-for-lineage", "data")}, "headers of a service")
    check("only-for-lineage" not in service.text(), "a key in the log")
    service.stop()
    for text, word in (("{ url: http://a/, file: b }", "either"), ("{ namespace: x }", "either"), ("{ url: a }", "http://"), ("{ url: http://a/, headers: { \"X Y\": z } }", "header"),
                       ("{ file: b, api_key: top-secret }", "file"), ("{ file: b, timout: 1s }", "timeout"), ("[a]", "map")):
        with open(tmp("bad.yaml"), "w") as out:
            out.write("version: 1\nlisten: 127.0.0.1:0\npipelines: [%s]\nlineage: %s\n" % (MIGRATE, text))
        done = subprocess.run([PENSTOCK, "serve", "--check", tmp("bad.yaml")], capture_output=True, text=True, stdin=subprocess.DEVNULL,
                              env=dict(os.environ, PENSTOCK_DB=db.connect))
        check(done.returncode == 2 and "bad.yaml:4:" in done.stderr and word in done.stderr and "top-secret" not in done.stderr, "%s: %d %s" % (text, done.returncode, done.stderr))


def test():
    for kind in databases():
        db = newdb(kind)
        loads(db)
        backup(db)
    failures()
    torn()
    collectors()
    if subprocess.run([PENSTOCK, "help", "serve"], capture_output=True).returncode == 0:
        services()
        impatient()


main(test)

"""Runs, uploads and reports of a running service, held against known counts of the data.

usage: http_runs.py FOLDER LINES HIRED "DEPARTMENT N, ..."     of hires-by-quarter and departments-above-mean for 2021
SPDX-License-Identifier: Apache-2.0
"""
import csv
import hashlib
import io
import os
import signal
import sys

sys.path.insert(0, os.path.join(os.environ["TOP"], "tests/support"))
from harness import TOP, check, databases, equal, main, newdb, tmp, wait_until
from http_service import Service, key_line

KEY = "only-for-this-test"
HEADERS = {"Authorization": "Bearer " + KEY}
REPORTS = "/v1/reports/"
LOAD = """version: 1
name: load
dictionary: %s/examples/hr/datapackage.yaml
params:
  departments: { default: %s, upload: true }
connections:
  db: { type: odbc, connect: "${PENSTOCK_DB}" }
steps:
  - name: departments
    source: { type: csv, path: "${params.departments}", header: false }
    sink: { type: odbc, connection: db, table: departments, create: true }
  - name: "${table}"
    for_each: { table: [jobs, hired_employees] }
    source: { type: csv, path: "%s/${table}.csv", header: false }
    sink: { type: odbc, connection: db, table: "${table}", create: true }
"""
SLOW = """version: 1
name: slow
dictionary: %s/examples/hr/datapackage.yaml
connections:
  db: { type: odbc, connect: "${PENSTOCK_DB}" }
source: { type: csv, path: %s, header: false }
sink: { type: odbc, connection: db, table: jobs }
"""


def file(name, text):
    with open(tmp(name), "w") as out:
        out.write(text)
    return tmp(name)


def started(service, pipeline, params=None):
    answer = service.post("/v1/pipelines/%s/runs" % pipeline, {"params": params or {}}, HEADERS)
    equal(answer.status, 202, "%s: %r" % (pipeline, answer.body))
    where = answer.headers["location"]
    equal(where, "/v1/runs/" + answer.json()["run_id"], "Location")
    return where


def of(service, where):
    answer = service.ask("GET", where, headers=HEADERS)
    equal(answer.status, 200, where)
    return answer.json()


def ended(service, where):
    wait_until(lambda: of(service, where)["status"] != "running", 60, "the end of " + where)
    return of(service, where)


def reports(service, lines, hired, departments):
    answer = service.ask("GET", REPORTS + "hires-by-quarter?year=2021", headers=HEADERS)
    equal((answer.status, answer.headers["content-type"]), (200, "application/json"), "hires-by-quarter")
    rows = answer.json()
    equal(len(rows), lines, "lines")
    equal(sum(row[quarter] for row in rows for quarter in ("Q1", "Q2", "Q3", "Q4")), hired, "hired")
    answer = service.ask("GET", REPORTS + "hires-by-quarter?format=csv", headers=HEADERS)
    check(answer.headers["content-type"].startswith("text/csv"), answer.headers["content-type"])
    told = list(csv.DictReader(io.StringIO(answer.body.decode(), newline=""), strict=True))
    equal(told, [{name: str(cell) for name, cell in row.items()} for row in rows], "CSV and JSON")
    answer = service.ask("GET", REPORTS + "departments-above-mean?year=2021", headers=HEADERS)
    equal(", ".join("%s %d" % (row["department"], row["hired"]) for row in answer.json()), departments, "departments-above-mean")
    for query in ("year=2021%20OR%201=1", "year=", "yaer=2021", "format=xml"):
        service.ask("GET", REPORTS + "hires-by-quarter?" + query, headers=HEADERS).problem(422, query)
    service.ask("GET", REPORTS + "load", headers=HEADERS).problem(404, "no report")
    return rows


def on(kind, data, lines, hired, departments):
    db = newdb(kind)
    upload, pipe = tmp(kind + "/departments.csv"), tmp(kind + ".pipe")
    os.mkfifo(pipe)
    feed = os.open(pipe, os.O_RDWR)
    service = Service([file(kind + "-load.yaml", LOAD % (TOP, upload, data)), file(kind + "-slow.yaml", SLOW % (TOP, pipe)),
                       TOP + "/pipelines/backup.yaml", TOP + "/pipelines/restore.yaml",
                       TOP + "/pipelines/reports/hires-by-quarter.yaml", TOP + "/pipelines/reports/departments-above-mean.yaml"],
                      "keys:\n" + key_line("ci", KEY, ["*:*"]) + "limits: { runs: 1, run_queue: 1 }\n", env={"PENSTOCK_DB": db.connect},
                      name=kind)
    service.post("/v1/pipelines/load/runs", {}).problem(401, "without a key")
    with open(os.path.join(data, "departments.csv"), "rb") as body:
        sent = body.read()
    answer = service.ask("PUT", "/v1/pipelines/load/files/departments", sent, dict(HEADERS, **{"Content-Type": "text/csv"}))
    equal((answer.status, answer.json()["sha256"]), (200, hashlib.sha256(sent).hexdigest()), "upload")
    with open(upload, "rb") as got:
        equal(got.read(), sent, "the uploaded file")

    loaded = ended(service, started(service, "load"))
    equal((loaded["status"], loaded["exit_code"]), ("succeeded", 0), "load: %s" % loaded)
    rows = db.query("select count(*) from hired_employees")
    equal(str(rows[0][0]), str(loaded["steps"][2]["written"]), "rows of hired_employees")
    rejects = service.ask("GET", "/v1/runs/%s/rejects?limit=1000" % loaded["run_id"], headers=HEADERS).json()
    equal((len(rejects["rejects"]), rejects["next"]), (loaded["rejected"], None), "rejects")
    told = reports(service, lines, hired, departments)

    going = started(service, "slow")
    wait_until(lambda: of(service, going)["steps"], 60, "the run that reads a pipe")
    waiting = started(service, "load")
    full = service.post("/v1/pipelines/load/runs", {}, HEADERS).problem(503, "a full queue")
    check(int(full.headers["retry-after"]) > 0, "Retry-After")
    equal(service.ask("POST", going + "/cancel", headers=HEADERS).status, 202, "cancel")
    equal(ended(service, going)["status"], "cancelled", "the run that was cancelled")
    service.ask("POST", going + "/cancel", headers=HEADERS).problem(409, "cancelled twice")
    equal(ended(service, waiting)["skipped_by_reason"].keys(), {"already_loaded"}, "the run that waited")

    service.post("/v1/pipelines/backup/runs", {"params": {"folder": "/tmp"}}, HEADERS).problem(422, "a param of the author's")
    service.post("/v1/pipelines/restore/runs", {"params": {"backup": "../.."}}, HEADERS).problem(422, "a param that leads out")
    listed = service.ask("GET", "/v1/runs?limit=1000", headers=HEADERS).json()["runs"]
    history = db.query("select run_id from penstock_runs where kind = 'run' order by run_id desc")
    equal([entry["run_id"] for entry in listed], [row[0] for row in history], "the list of runs")

    going = started(service, "slow")
    wait_until(lambda: of(service, going)["steps"], 60, "the run that reads a pipe")
    service.stop(signal.SIGTERM, 0)
    status = db.query("select status from penstock_runs where run_id = '%s'" % going.rsplit("/", 1)[1])
    equal(status[0][0], "cancelled", "the run that went on when the service was stopped")
    os.close(feed)
    return told


def renamed():
    """A file that has another name by now is not run for whoever may run the one that was loaded."""
    db = newdb("sqlite")
    text = ("version: 1\nname: %%s\ndictionary: %s/examples/hr/datapackage.yaml\nconnections:\n  db: { type: odbc, connect: \"${PENSTOCK_DB}\" }\n"
            "source: { type: csv, path: %s/examples/hr/data/jobs.csv, header: false }\nsink: { type: odbc, connection: db, table: jobs, create: true }\n" % (TOP, TOP))
    path = file("named.yaml", text % "first")
    service = Service([path], "keys:\n" + key_line("one", "narrow", ["*:first"]), {"PENSTOCK_DB": db.connect}, name="renamed")
    file("named.yaml", text % "second")
    service.post("/v1/pipelines/first/runs", {}, {"X-API-Key": "narrow"}).problem(500, "a pipeline of another name")
    wait_until(lambda: 'now, and the service knows it as \\"first\\"' in service.text(), 10, "why, in the log")
    file("named.yaml", text % "first")
    equal(service.post("/v1/pipelines/first/runs", {}, {"X-API-Key": "narrow"}).status, 202, "its own name again")
    service.stop()


def test():
    renamed()
    data, lines, hired, departments = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
    told = [on(kind, data, lines, hired, departments) for kind in databases()]
    for other in told[1:]:
        equal(other, told[0], "the same report from each database")


main(test)

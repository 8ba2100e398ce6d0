"""POST /v1/ingest on the shipped pipeline. What is expected of each row is written down here by hand, from the dictionary of the hr example.

SPDX-License-Identifier: Apache-2.0
"""
import json
import os
import sqlite3
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../support"))
import http_service  # noqa: E402
from harness import TOP, check, databases, equal, main, newdb, tmp  # noqa: E402

PIPELINE = os.path.join(TOP, "pipelines/ingest.yaml")
PATH = "/v1/ingest/ingest"
WHEN = "2021-11-07T02:48:42Z"


def person(number, **changes):
    return dict({"id": number, "name": "N%s" % number, "datetime": WHEN, "department_id": 1, "job_id": 1}, **changes)


BATCH = {
    "hired_employees": [person(1), person(2, name=None), person(3, datetime="yesterday"), person(4, department_id=99), person(1, name="again"),
                        person(5, extra=True), [6, "Array", WHEN, 1, 1], [7, "short"], person("8"), person(9, job_id=3), "none", person(10, id=1.5)],
    "departments": [{"id": 1, "department": "Sales"}, {"id": 1, "department": "Twice"}, {"department": "no id"}],
    "jobs": [{"id": 1, "job": "Engineer"}, {"id": 2, "job": "x" * 256}, {"id": 3, "job": None}],
}
# table, index, field, code, rule of the first violation; then all rules where there are several
VERDICTS = [
    ("departments", 1, "id", "primary-key", ["departments.id.primary-key"]),
    ("departments", 2, "id", "constraint-error", ["departments.id.required"]),
    ("jobs", 1, "job", "constraint-error", ["jobs.job.maxLength"]),
    ("jobs", 2, "job", "constraint-error", ["jobs.job.required"]),
    ("hired_employees", 1, "name", "constraint-error", ["hired_employees.name.required"]),
    ("hired_employees", 2, "datetime", "type-error", ["hired_employees.datetime.type"]),
    ("hired_employees", 3, "department_id", "foreign-key", ["hired_employees.department_id.foreign-key"]),
    ("hired_employees", 4, "id", "primary-key", ["hired_employees.id.primary-key"]),
    ("hired_employees", 5, None, "extra-cell", ["hired_employees.extra-cell"]),
    ("hired_employees", 7, "datetime", "missing-cell", ["hired_employees.datetime.missing-cell", "hired_employees.department_id.missing-cell",
                                                        "hired_employees.job_id.missing-cell"]),
    ("hired_employees", 9, "job_id", "foreign-key", ["hired_employees.job_id.foreign-key"]),
    ("hired_employees", 10, None, "record-error", ["hired_employees.record-error"]),
    ("hired_employees", 11, "id", "type-error", ["hired_employees.id.type"]),
]


def without_ids(answer):
    said = answer.json()
    said.pop("run_id", None)
    for reject in said.get("rejects", []):
        check(reject.pop("reject_id") > 0, "a reject without its id")
    return answer.status, said


def example(service, db):
    answer = service.post(PATH, BATCH)
    equal(answer.status, 200, "the example")
    equal(answer.headers["content-type"], "application/json", "the type of the answer")
    said = answer.json()
    equal((said["received"], said["written"], said["rejected"], said["skipped"]), (18, 5, 13, 0), "the books")
    equal(said["tables"], {"departments": {"received": 3, "written": 1, "rejected": 2}, "jobs": {"received": 3, "written": 1, "rejected": 2},
                           "hired_employees": {"received": 12, "written": 3, "rejected": 9}}, "the tables")
    got = [(r["table"], r["index"], r["field"], r["code"], [v["rule"] for v in r["violations"]]) for r in said["rejects"]]
    equal(got, VERDICTS, "the verdicts")
    for reject in said["rejects"]:
        check(reject["message"] and reject["rule"] == reject["violations"][0]["rule"], "%r" % reject)
        equal(db.query("select table_name, record_no, source, run_id, code, rule, message, published from penstock_rejects where reject_id = %d"
                       % reject["reject_id"]),
              [(reject["table"], str(reject["index"] + 1), "http:" + said["run_id"], said["run_id"], reject["code"], reject["rule"],
                reject["message"], "1")], "the reject store")
    equal(sorted(int(row[0]) for row in db.query("select id from hired_employees")), [1, 6, 8], "the employees")
    equal(db.query("select kind, pipeline, status, read_rows, written_rows, rejected_rows, skipped_rows, exit_code from penstock_runs where run_id = '%s'"
                   % said["run_id"]), [("ingest", "ingest", "succeeded", "18", "5", "13", "0", "0")], "the history")
    return without_ids(answer)


def statuses(service, db, answers):
    refused = [
        (PATH, {}, 422), (PATH, [], 422), (PATH, {"jobs": []}, 422), (PATH, {"job": [{"id": 1}]}, 422), (PATH, {"jobs": 1}, 422),
        (PATH + "/jobs", {"jobs": []}, 422), (PATH, {"jobs": [[i, "j"] for i in range(1001)]}, 422), (PATH + "/job", [[1, "x"]], 404),
        ("/v1/ingest/other", {}, 404), (PATH + "?atomic=yes", {"jobs": [[5, "x"]]}, 400), (PATH + "?limit=1", {"jobs": [[5, "x"]]}, 400),
    ]
    before = db.count("penstock_runs")
    for path, body, status in refused:
        answers.append(without_ids(service.post(path, body).problem(status, path)))
    for body in ("", "{", "{'jobs': []}", '{"jobs": [[1, "x"],]}', '{"jobs": [], "jobs": []}', "[" * 65 + "]" * 65, "{} {}"):
        service.ask("POST", PATH, body, http_service.JSON).problem(400, body[:20])
    service.ask("POST", PATH, "{}", {"Content-Type": "text/plain"}).problem(415, "text/plain")
    # Said before the body is sent.
    head = "POST %s HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % (PATH, (16 << 20) + 1)
    service.raw(head.encode()).problem(413, "a body of more than 16 MiB")
    equal(db.count("penstock_runs"), before, "the runs after requests that were refused as a whole")


def atomic(service, db, answers):
    before = db.count("jobs")
    answer = service.post(PATH + "/jobs?atomic=true", [[11, "a"], [12, "b"], [11, "c"]])
    equal(answer.status, 422, "atomic with a bad row")
    said = answer.json()
    equal((said["received"], said["written"], said["rejected"], said["skipped"]), (3, 0, 1, 2), "its books")
    equal(db.count("jobs"), before, "jobs")
    equal(db.query("select published from penstock_rejects where run_id = '%s'" % said["run_id"]), [("0",)], "its reject")
    answers.append(without_ids(answer))
    answer = service.post(PATH + "/jobs?atomic=true", [[11, "a"], [12, "b"]])
    equal((answer.status, answer.json()["written"]), (200, 2), "atomic with good rows")
    answers.append(without_ids(service.post(PATH + "/jobs", [[11, "a"]])))
    equal(answers[-1][0], 422, "no row was written")
    answers.append(without_ids(service.post(PATH + "/jobs", [[11, "a"], [13, "m"]])))
    equal(answers[-1][0], 200, "one of two")


def idempotency(service, db, answers):
    for number, (path, body, status) in enumerate((("/jobs", [[21, "a"], [21, "b"]], 200), ("/jobs", [[21, "a"]], 422),
                                                   ("/jobs?atomic=true", [[22, "a"], [21, "b"]], 422))):
        key = {"Idempotency-Key": "key-%d" % number}
        first, second = service.post(PATH + path, body, key), service.post(PATH + path, body, key)
        equal(first.status, status, "first with a key")
        equal((second.status, second.body), (first.status, first.body), "the same again")
        check(second.headers.get("idempotency-replayed") == "true" and "idempotency-replayed" not in first.headers, "who was replayed")
        service.post(PATH + path, body + [[99, "z"]], key).problem(422, "another body under the key")
        answers.append(without_ids(first))
    equal(db.count("jobs", "id in (21, 22, 99)"), 1, "jobs under keys")
    # What is refused before a row is read takes no key, and such requests are no runs that are listed.
    key = {"Idempotency-Key": "mended"}
    service.post(PATH + "/jobs", [], key).problem(422, "no row")
    equal(service.post(PATH + "/jobs", [[23, "a"]], key).status, 200, "the mended body")
    equal(service.ask("GET", "/v1/runs").json()["runs"], [], "the list of runs")
    # Many with one key at the same time: one does it, and the others are told to wait, or what it did.
    for number in range(5):
        body = [[100 + 200 * number + i, "j"] for i in range(200)]
        got = http_service.together(8, lambda i: service.post(PATH + "/jobs", body, {"Idempotency-Key": "many-%d" % number}))
        check({answer.status for answer in got} <= {200, 409}, "many with one key: %r" % [answer.status for answer in got])
        done = {answer.body for answer in got if answer.status == 200}
        equal(len(done), 1, "different answers under one key")
        equal(db.count("jobs", "id between %d and %d" % (body[0][0], body[-1][0])), 200, "jobs of one key")
        for answer in got:
            if answer.status == 409:
                check(answer.problem(409, "under way").headers.get("retry-after"), "409 says when to come back")


BARE = """version: 1
name: bare
dictionary: notes.yaml
connections: { db: { type: odbc, connect: "${PENSTOCK_DB}" } }
steps:
  - { name: notes, source: { type: http }, rules: { table: notes }, sink: { type: odbc, connection: db, table: notes, create: true } }
"""


def keyless(db):
    """Rows of a table without any key: their insertion is the first thing that the transaction does."""
    with open(tmp("keyless.yaml"), "w") as out:
        out.write(BARE)
    with open(tmp("notes.yaml"), "w") as out:
        out.write("resources: [{ name: notes, schema: { fields: [{ name: n, type: integer }, { name: text, type: string }] } }]\n")
    service = http_service.Service([tmp("keyless.yaml")], env={"PENSTOCK_DB": db.connect}, name="bare")
    for turn in range(3):
        # The last number is no integer of 64 bits.
        answer = service.post("/v1/ingest/bare", {"notes": [[turn, "a"], [turn, None]] * 100 + [[2 ** 63, "b"]]})
        equal((answer.status, answer.json().get("written"), answer.json().get("rejected")), (200, 200, 1), "request %d of rows without a key" % turn)
        equal(service.post("/v1/ingest/bare?atomic=true", {"notes": [[9, "a"], [2 ** 63, "b"]]}).status, 422, "an atomic one")
    service.stop()
    equal(sorted((str(n), text) for n, text in db.query("SELECT n, coalesce(text, '-') FROM notes")), [(n, text) for n in "012" for text in "-a" for _ in range(100)], "rows without a key")


def locked(db):
    """Who holds SQLite's only place for a writer keeps requests waiting, for lock_timeout at most."""
    text = open(PIPELINE).read().replace("../examples", os.path.join(TOP, "examples"))
    path = tmp("waiting.yaml")
    with open(path, "w") as out:
        out.write(text.replace("db: { type: odbc,", "db: { type: odbc, lock_timeout: 2s,"))
    service = http_service.Service([path], env={"PENSTOCK_DB": db.connect}, name="impatient")
    holder = sqlite3.connect(db.path, isolation_level=None, check_same_thread=False)
    holder.execute("begin immediate")
    begun = time.monotonic()
    got = http_service.together(6, lambda i: service.post(PATH + "/jobs", [[5000 + i, "x"]]))
    check(1.5 < time.monotonic() - begun < 10, "waited %.1f s" % (time.monotonic() - begun))
    for answer in got:
        check(answer.problem(503, "locked").headers.get("retry-after"), "503 says when to come back")
    check(service.ask("GET", "/readyz").status == 200, "ready while another process writes")
    threading.Timer(0.7, lambda: holder.execute("rollback")).start()
    equal(service.post(PATH + "/jobs", [[5000, "x"]]).status, 200, "after a lock that was let go in time")
    holder.close()
    equal(db.count("jobs", "id >= 5000"), 1, "jobs after the lock")
    service.stop()


def test():
    answers = {}
    for kind in databases():
        db = newdb(kind)
        service = http_service.Service([PIPELINE], env={"PENSTOCK_DB": db.connect}, name="ingest-" + kind)
        answers[kind] = [example(service, db)]
        statuses(service, db, answers[kind])
        atomic(service, db, answers[kind])
        idempotency(service, db, answers[kind])
        unbalanced = db.count("penstock_runs", "read_rows <> written_rows + rejected_rows + skipped_rows")
        equal(unbalanced, 0, "runs whose books do not balance")
        service.stop()
        keyless(db)
        if kind == "sqlite":
            locked(db)
        print("%s: %d answers" % (kind, len(answers[kind])))
    for kind in answers:
        equal(json.dumps(answers[kind]), json.dumps(answers["sqlite"]), "answers on %s and sqlite" % kind)


main(test)

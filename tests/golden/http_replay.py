"""usage: http_replay.py

What must come of a replay is worked out here: rejects are mended in the files that were loaded, and which of them must be written is what their keys
say; the state tables are read with SQL.
SPDX-License-Identifier: Apache-2.0
"""
import csv
import io
import json
import os
import sys

sys.path.insert(0, os.path.join(os.environ["TOP"], "tests/support"))
from harness import TOP, books, check, databases, equal, main, newdb, penstock, run, tmp, wait_until  # noqa: E402
from http_service import Service, key_line  # noqa: E402

DATA = os.path.join(TOP, "examples/hr/data")
FIELDS = ["id", "name", "datetime", "department_id", "job_id"]
ALL, RUNNER, UPLOADER = ({"X-API-Key": name} for name in ("all", "runner", "uploader"))
KEYS = "keys:\n" + key_line("one", "all", ["*:*"]) + key_line("two", "runner", ["run:*", "read:*"]) + key_line("three", "uploader", ["upload:*", "read:*"])
CSV = {"Content-Type": "text/csv"}
NEVER = "01fffffe-0000-7000-8000-000000000000"
UPLOAD_MAX = 200000


def get(service, path):
    answer = service.ask("GET", path, headers=ALL)
    equal(answer.status, 200, "%s: %r" % (path, answer.body[:300]))
    return answer.json()


def send(service, run_id, rows, key, query=""):
    return service.ask("POST", "/v1/runs/%s/replay%s" % (run_id, query), rows if isinstance(rows, bytes) else rows.encode(), dict(CSV, **key))


def ended(service, answer, status="succeeded"):
    """A run that was accepted, at its end."""
    equal(answer.status, 202, "a replay: %r" % answer.body[:500])
    run_id = answer.json()["run_id"]
    equal((answer.headers["location"], answer.json()["kind"]), ("/v1/runs/" + run_id, "replay"), "where it is followed")
    wait_until(lambda: get(service, "/v1/runs/" + run_id)["status"] != "running", 60, "the end of a replay")
    done = get(service, "/v1/runs/" + run_id)
    equal((done["status"], done["kind"]), (status, "replay"), "a replay: %r" % done)
    books(done, done["exit_code"])
    return done


def mended(row):
    """What a person could fill in; a key that is taken stays so."""
    out = dict(row)
    for name, value in (("name", "Not known"), ("datetime", "2021-06-01T00:00:00Z"), ("department_id", "3"), ("job_id", "5")):
        if not out[name] or ".%s." % name in out["rule"]:
            out[name] = value
    return out


def text_of(header, rows):
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(header)
    writer.writerows([row[name] for name in header] for row in rows)
    return out.getvalue()


def ids(db):
    return {row[0] for row in db.query("select id from hired_employees")}


def names(db):
    return dict(db.query("select id, name from hired_employees"))


def totals(done):
    return done["read"], done["written"], done["rejected"], {name: count for name, count in done["skipped_by_reason"].items() if count}


def pipeline():
    """The shipped pipeline under another path: nothing of that may be in an answer."""
    folder = tmp("secret-folder")
    os.makedirs(folder, exist_ok=True)
    path = os.path.join(folder, "migrate.yaml")
    with open(os.path.join(TOP, "pipelines/migrate.yaml")) as given, open(path, "w") as out:
        out.write(given.read().replace("../examples", TOP + "/examples").replace("default: examples/", "default: %s/examples/" % TOP))
    return path


def mend(kind):
    db, path = newdb(kind), pipeline()
    loaded = run(path, db=db).json["run_id"]
    service = Service([path, "pipelines/ingest.yaml"], KEYS + "limits: { upload: %d }\n" % UPLOAD_MAX, {"PENSTOCK_DB": db.connect}, name=kind)
    exported = service.ask("GET", "/v1/runs/%s/rejects/export?table=hired_employees" % loaded, headers=ALL)
    equal(exported.status, 200, "the export")
    reader = csv.DictReader(io.StringIO(exported.body.decode(), newline=""))
    rows, header = [mended(row) for row in reader], reader.fieldnames
    equal(header, ["reject_id", "rule", "message"] + FIELDS, "the columns of the export")
    refused(service, db, loaded, header, rows)

    taken, wanted = ids(db), names(db)
    good = []
    for row in rows:
        if row["id"] not in taken:
            good.append(row)
            taken.add(row["id"])
            wanted[row["id"]] = row["name"]
    check(0 < len(good) < len(rows), "%d of %d rejects can be mended" % (len(good), len(rows)))
    done = ended(service, send(service, loaded, text_of(header, rows), ALL))
    equal(totals(done), (len(rows), len(good), len(rows) - len(good), {}), "the books of mended rows")
    equal(names(db), wanted, "hired_employees")
    resolved = {row[0]: row[1] for row in db.query("select reject_id, resolved_run_id from penstock_rejects where run_id = '%s'" % loaded)}
    equal({key for key, by in resolved.items() if by}, {row["reject_id"] for row in good}, "rejects that are resolved")
    equal({by for by in resolved.values() if by}, {done["run_id"]}, "who resolved them")

    # The originals: those that are resolved are passed over, the others fail as before.
    left = len(rows) - len(good)
    again = ended(service, service.post("/v1/runs/%s/replay" % loaded, {}, RUNNER))
    equal(totals(again), (len(rows), 0, left, {"already_resolved": len(good)}), "the originals")
    rule = [row["rule"] for row in rows if row not in good][0]
    of_rule = sum(row["rule"] == rule for row in rows if row not in good), sum(row["rule"] == rule for row in good)
    again = ended(service, service.post("/v1/runs/%s/replay" % loaded, {"rule": rule, "table": "hired_employees", "step": "hired_employees"}, RUNNER))
    equal(totals(again), (sum(of_rule), 0, of_rule[0], {"already_resolved": of_rule[1]} if of_rule[1] else {}), "the originals of a rule")
    service.post("/v1/runs/%s/replay" % loaded, {"rule": "jobs.id.type"}, ALL).problem(422, "a rule that nothing broke")

    # In the history it is what a replay of the command line is.
    rows_file = tmp(kind + ".csv")
    with open(rows_file, "w") as out:
        out.write(text_of(header, rows))
    by_hand = penstock("rejects", "replay", path, "--from", rows_file, "--json", db=db)
    equal(by_hand.code, 0, by_hand.tail())
    listed = {one["run_id"]: one for one in get(service, "/v1/runs")["runs"]}
    equal([listed[each]["kind"] for each in (loaded, done["run_id"], by_hand.json["run_id"])], ["run", "replay", "replay"], "kinds in the list")
    columns = {row[0]: row[1:] for row in db.query("select run_id, kind, pipeline, status, exit_code from penstock_runs")}
    equal(columns[done["run_id"]], columns[by_hand.json["run_id"]], "the rows of both in penstock_runs")
    said = penstock("runs", "list", "--json", db=db)
    kinds = {one["run_id"]: one["kind"] for one in json.loads(said.out)} if said.out.lstrip().startswith("[") else \
        {one["run_id"]: one["kind"] for one in map(json.loads, said.out.splitlines())}
    equal([kinds[each] for each in (done["run_id"], by_hand.json["run_id"])], ["replay", "replay"], "runs list")

    # Of a run that took requests.
    batch = service.post("/v1/ingest/ingest/jobs", [[901, "Cook"], [902, None]], ALL).json()
    reject = batch["rejects"][0]["reject_id"]
    sent = send(service, batch["run_id"], "reject_id,rule,message,id,job\n%d,,,902,Baker\n" % reject, ALL)
    equal(totals(ended(service, sent)), (1, 1, 0, {}), "a row of a request")
    equal(db.query("select job from jobs where id = 902"), [("Baker",)], "the row")
    service.stop()


def refused(service, db, loaded, header, rows):
    """What does not fit changes nothing and says why, without a path of the service's own."""
    where = "/v1/runs/%s/replay" % loaded
    good, before = text_of(header, rows), db.query("select count(*) from penstock_runs")
    other = [row[0] for row in db.query("select max(reject_id) + 1000 from penstock_rejects")][0]
    answers = [
        service.post("/v1/runs/%s/replay" % NEVER, {}, ALL).problem(404, "a run that never was"),
        send(service, NEVER, good, ALL).problem(404, "a run that never was, with rows"),
        service.post("/v1/runs/latest/replay", {}, ALL).problem(404, "no id"),
        service.ask("POST", where).problem(401, "no key"),
        send(service, loaded, good, {}).problem(401, "rows without a key"),
        send(service, loaded, good, RUNNER).problem(403, "rows of a key that may not upload"),
        send(service, loaded, good, UPLOADER).problem(403, "a key that may not run"),
        service.post(where, {}, UPLOADER).problem(403, "a key that may not run, and the originals"),
        service.ask("POST", where, b"<rows/>", dict(ALL, **{"Content-Type": "text/xml"})).problem(415, "XML"),
        service.ask("POST", where, b"{", dict(ALL, **{"Content-Type": "application/json"})).problem(400, "half an object"),
        service.post(where, [], ALL).problem(422, "no object"),
        service.post(where, {"rules": "x"}, ALL).problem(422, "an unknown member"),
        service.post(where, {"rule": 1}, ALL).problem(422, "a rule that is no text"),
        service.post(where, {"rule": ""}, ALL).problem(422, "a rule without a name"),
        service.post(where, {"step": "none"}, ALL).problem(422, "an unknown step"),
        service.post(where + "?step=jobs", {}, ALL).problem(422, "a query beside an object"),
        send(service, loaded, b"", ALL).problem(411, "no rows at all"),
        send(service, loaded, ",".join(header) + "\n", ALL).problem(422, "a header alone"),
        send(service, loaded, "id,name\n1,x\n", ALL).problem(422, "no reject_id"),
        send(service, loaded, "reject_id,name\n%s,x\n" % rows[0]["reject_id"], ALL).problem(422, "columns that are missing"),
        send(service, loaded, good.replace("name", "nome", 1), ALL).problem(422, "a column of another name"),
        send(service, loaded, good + '1,"open\n', ALL).problem(422, "a quote that stays open"),
        send(service, loaded, good + "1,2,3,4,5,6,7,8,9\n", ALL).problem(422, "a row that is too long"),
        send(service, loaded, ",".join(header) + "\n%s,,,1,x,,,\n" % other, ALL).problem(422, "a reject that is not there"),
        send(service, loaded, good, ALL, "?step=jobs").problem(422, "a step that has none of them"),
        send(service, loaded, good, ALL, "?other=1").problem(422, "an unknown query"),
        send(service, loaded, good + "\n" * UPLOAD_MAX, ALL).problem(413, "beyond limits.upload"),
    ]
    for answer in answers:
        check(b"secret-folder" not in answer.body and b"/proc" not in answer.body and TOP.encode() not in answer.body, "a path in %r" % answer.body)
    said = " ".join(answer.json()["detail"] for answer in answers)
    for words in ("reject_id", "limits.upload", "nome", "upload:PIPELINE", "the upload:%d" % (len(rows) + 2)):
        check(words in said, "%r is not said: %s" % (words, said))
    equal(db.query("select count(*) from penstock_runs"), before, "runs after what was refused")


def busy():
    """While a run of its pipeline goes on none of its rejects is replayed; without keys nothing can be uploaded."""
    db, pipe = newdb("sqlite"), tmp("slow.csv")
    os.mkfifo(pipe)
    with open(tmp("slow.yaml"), "w") as out:
        out.write("version: 1\nname: slow\ndictionary: %s/examples/hr/datapackage.yaml\nconnections:\n  db: { type: odbc, connect: \"${PENSTOCK_DB}\" }\n"
                  "state: db\nsource: { type: csv, path: %s, header: false }\nsink: { type: odbc, connection: db, table: jobs, create: true }\n" % (TOP, pipe))
    service = Service([tmp("slow.yaml")], KEYS, {"PENSTOCK_DB": db.connect}, name="busy")

    def start():
        run_id = service.post("/v1/pipelines/slow/runs", {}, ALL).json()["run_id"]
        return run_id, open(pipe, "w")

    first, rows = start()
    with rows:
        rows.write("1,Cook\n2,\n")
    wait_until(lambda: get(service, "/v1/runs/" + first)["status"] != "running", 60, "the first run")
    reject = db.query("select reject_id from penstock_rejects")[0][0]
    text = "reject_id,rule,message,id,job\n%s,,,2,Baker\n" % reject
    second, rows = start()
    for answer in (send(service, first, text, ALL), service.post("/v1/runs/%s/replay" % first, {}, ALL), service.post("/v1/runs/%s/replay" % second, {}, ALL)):
        answer.problem(409, "a run of its pipeline goes on")
    with rows:
        rows.write("3,Miller\n")
    wait_until(lambda: get(service, "/v1/runs/" + second)["status"] != "running", 60, "the second run")
    equal(totals(ended(service, send(service, first, text, ALL))), (1, 1, 0, {}), "and then")
    # What a replay does is no news of the pipeline's own success, but its rows are counted.
    figures = service.ask("GET", "/metrics", headers=ALL).body.decode()
    check('penstock_runs_total{pipeline="slow",status="succeeded"} 3' in figures, figures)
    service.stop()
    service = Service([tmp("slow.yaml")], "", {"PENSTOCK_DB": db.connect}, name="open")
    send(service, first, text, {}).problem(401, "rows, where there are no keys")
    service.post("/v1/runs/%s/replay" % first, {}).status == 202 or check(False, "the originals, where there are no keys")
    service.stop()


def test():
    for kind in databases():
        mend(kind)
    busy()


main(test)

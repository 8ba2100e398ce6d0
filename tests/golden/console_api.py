"""The console's files and the paths that it asks, of a running service.

Expected results are counted with SQL in the state tables, by Python in the files that were loaded, or are the files themselves.
SPDX-License-Identifier: Apache-2.0
"""
import csv
import io
import json
import os
import shutil
import signal
import sqlite3
import sys
import time

sys.path.insert(0, os.path.join(os.environ["TOP"], "tests/support"))
from harness import FULL, TOP, check, equal, main, newdb, tmp, wait_until  # noqa: E402
from http_service import PENSTOCK, Service, key_line  # noqa: E402

MANY = 1000000 if FULL else 20000  # rejects of one run in the store
GROWTH = 48 << 20  # bytes that the service may grow by while it answers about them
KEY = {"Authorization": "Bearer right"}
TYPES = {"html": "text/html; charset=utf-8", "css": "text/css; charset=utf-8", "js": "text/javascript; charset=utf-8", "svg": "image/svg+xml",
         "png": "image/png", "json": "application/json", "webmanifest": "application/json"}
POLICY = {"default-src": ["'none'"], "script-src": ["'self'"], "style-src": ["'self'"], "img-src": ["'self'", "data:"], "connect-src": ["'self'"],
          "base-uri": ["'none'"], "form-action": ["'none'"], "frame-ancestors": ["'none'"]}


def files_of_the_console():
    """Byte for byte the files of the source, without a key, with a tag that changes with them."""
    db = newdb("sqlite")
    service = Service(["pipelines/migrate.yaml"], "keys:\n" + key_line("one", "right", ["*:*"]), {"PENSTOCK_DB": db.connect}, name="files")
    folder = os.path.join(TOP, "engine/http/console")
    tags, total = set(), 0
    for name in sorted(os.listdir(folder)):
        if name.rsplit(".", 1)[-1] not in TYPES:
            continue
        with open(os.path.join(folder, name), "rb") as source:
            wanted = source.read()
        total += len(wanted)
        for path in ["/console/" + name] + ["/"] * (name == "index.html"):
            answer = service.ask("GET", path)
            equal((answer.status, answer.body), (200, wanted), path)
            head = answer.headers
            equal(head["content-type"], TYPES[name.rsplit(".", 1)[1]], "type of " + path)
            equal({part.split()[0]: part.split()[1:] for part in head["content-security-policy"].split(";")}, POLICY, "policy of " + path)
            equal((head["cache-control"], head["x-content-type-options"]), ("no-cache", "nosniff"), "head of " + path)
            same = service.ask("GET", path, headers={"If-None-Match": 'W/"other", ' + head["etag"]})
            equal((same.status, same.body, same.headers.get("content-length"), same.headers["etag"]), (304, b"", None, head["etag"]), "again")
            equal(service.ask("GET", path, headers={"If-None-Match": '"other"'}).status, 200, "another tag")
            asked = service.ask("HEAD", path)
            equal((asked.status, asked.body, asked.headers["content-length"]), (200, b"", str(len(wanted))), "HEAD of " + path)
            tags.add((head["etag"], name))
    equal(len({tag for tag, name in tags}), len(tags), "a tag for each file")
    check(0 < total < 200 * 1024, "the console has %d bytes" % total)
    for path in ("/console/other.js", "/console/..%2Fservice.h", "/console/%2Fetc%2Fpasswd"):
        service.ask("GET", path).problem(404, path)
    equal(service.ask("POST", "/").status, 405, "POST /")
    service.ask("GET", "/v1/pipelines").problem(401, "without a key")
    service.stop()
    service = Service(["pipelines/migrate.yaml"], "console: false\n", {"PENSTOCK_DB": db.connect}, name="none")
    for path in ("/", "/console/index.html"):
        service.ask("GET", path).problem(404, "console: false")
    service.stop()
    print("%d files of the console, %d bytes" % (len(tags), total))


def pipeline(name, *changes):
    """A shipped pipeline with its paths made whole, in the test's folder."""
    with open(os.path.join(TOP, "pipelines", name)) as given:
        text = given.read().replace("../examples", TOP + "/examples").replace("default: examples/", "default: %s/examples/" % TOP)
    for old, new in changes:
        check(old in text, "%s has no %r" % (name, old))
        text = text.replace(old, new)
    with open(tmp(name), "w") as out:
        out.write(text)
    return tmp(name)


def get(service, path, headers=None):
    answer = service.ask("GET", path, headers=headers or KEY)
    equal((answer.status, answer.headers["content-type"]), (200, "application/json"), "%s: %r" % (path, answer.body[:300]))
    return answer.json()


def run(service, name, params=None, status="succeeded"):
    answer = service.post("/v1/pipelines/%s/runs" % name, {"params": params or {}}, KEY)
    equal(answer.status, 202, "%s: %r" % (name, answer.body))
    run_id = answer.json()["run_id"]
    wait_until(lambda: get(service, "/v1/runs/" + run_id)["status"] != "running", 60, "the end of " + name)
    ended = get(service, "/v1/runs/" + run_id)
    equal(ended["status"], status, "%s: %r" % (name, ended))
    return run_id


def pipelines(service, sql, loaded):
    listed = {entry["name"]: entry for entry in get(service, "/v1/pipelines")["pipelines"]}
    verbs = ["ingest", "run", "read", "report", "upload", "cancel"]
    equal({name: entry["may"] for name, entry in listed.items()}, {name: verbs for name in listed}, "may of a key for everything")
    equal({name for name, entry in listed.items() if entry["backups"]}, {"backup"}, "who writes backups")
    equal({name for name, entry in listed.items() if entry["replaces"]}, {"restore"}, "who replaces")
    for name in ("migrate", "backup", "restore", "ingest"):
        equal(sorted(listed[name]["tables"]), ["departments", "hired_employees", "jobs"], "tables of " + name)
    last = listed["migrate"]["last_run"]
    row = sql("select run_id, status, read_rows, written_rows, rejected_rows from penstock_runs where pipeline = 'migrate' order by run_id desc limit 1")[0]
    equal((last["run_id"], last["status"], last["read"], last["written"], last["rejected"]), row, "the last run")
    check(last["run_id"] == loaded and last["finished_at"] and last["duration_s"] >= 0, "the last run: %r" % last)
    equal(listed["hires-by-quarter"]["last_run"], None, "the last run of a report")
    # A key for one verb of one pipeline sees that one, and what it may; without read nothing of its runs.
    seen = get(service, "/v1/pipelines", {"X-API-Key": "runner"})["pipelines"]
    equal([(entry["name"], entry["may"], entry["last_run"]) for entry in seen], [("migrate", ["run"], None)], "a key that may run migrate")


def rejects(service, sql, run_id):
    where = "/v1/runs/%s/rejects" % run_id
    rules = sql("select rule, table_name, field, code, count(*) from penstock_rejects where run_id = ? group by 1, 2, 3, 4", run_id)
    check(len(rules) >= 2, "rules of the sample: %r" % rules)
    summary = get(service, where + "/summary")
    equal(summary["exact"], True, "exact")
    told = [(each["rule"], each["table"], each["field"], each["code"], each["count"]) for each in summary["rules"]]
    equal(told, sorted(rules, key=lambda row: (-row[4], row[0])), "the summary")
    for each in summary["rules"]:
        messages = sql("select message from penstock_rejects where run_id = ? and rule = ?", run_id, each["rule"])
        check((each["example_message"],) in messages, "the example of %s: %r" % (each["rule"], each["example_message"]))
    wanted = {"rule": rules[0][0], "table": rules[0][1], "field": rules[-1][2]}
    for names in (["rule"], ["table"], ["field"], ["rule", "table"], ["table", "field"]):
        columns = {"rule": "rule", "table": "table_name", "field": "field"}
        ids = [row[0] for row in sql("select reject_id from penstock_rejects where run_id = ? and %s order by reject_id" % " and ".join(
            columns[name] + " = ?" for name in names), run_id, *[wanted[name] for name in names])]
        got, after = [], 0
        while after is not None:
            page = get(service, "%s?limit=2&after=%d&%s" % (where, after, "&".join("%s=%s" % (name, wanted[name]) for name in names)))
            check(len(page["rejects"]) <= 2, "a page of two")
            got += [each["reject_id"] for each in page["rejects"]]
            after = page["next"]
        equal(got, ids, "rejects by %s" % " and ".join(names))
    equal(get(service, where + "?rule=no.such.rule")["rejects"], [], "a rule that nothing broke")
    service.ask("GET", where + "?code=x", headers=KEY).problem(422, "an unknown filter")
    for path in (where, where + "/summary"):
        service.ask("GET", path, headers={"X-API-Key": "runner"}).problem(403, "a key that may not read")


def history(service, sql):
    ids = [row[0] for row in sql("select run_id from penstock_runs where kind <> 'ingest' order by run_id desc")]
    check(len(ids) >= 3, "runs: %r" % ids)
    got, before = [], ""
    while True:
        page = get(service, "/v1/runs?limit=2" + before)["runs"]
        if not page:
            break
        got += [each["run_id"] for each in page]
        check(all(each["duration_s"] >= 0 for each in page), "durations")
        before = "&before=" + page[-1]["run_id"]
    equal(got, ids, "runs, page by page")
    service.ask("GET", "/v1/runs?before=latest", headers=KEY).problem(422, "before no run id")


def dictionary(service):
    """Held against the file of the dictionary, and its rules against what a person reads there."""
    with open(os.path.join(TOP, "examples/hr/datapackage.yaml")) as file:
        text = file.read()
    tables = get(service, "/v1/pipelines/migrate/dictionary")["tables"]
    equal([table["name"] for table in tables], ["departments", "jobs", "hired_employees"], "tables")
    for table in tables:
        for field in table["fields"]:
            check("name: %s" % field["name"] in text, "%s is no field of the file" % field["name"])
            ids = [rule["id"] for rule in field["rules"]]
            check("%s.%s.required" % (table["name"], field["name"]) in ids or (field["name"] == "id"), "rules of %s: %r" % (field["name"], ids))
            check(all(rule["text"] for rule in field["rules"]), "rules without words")
    # As they stand in the file, read by eye.
    equal([table["description"] for table in tables], ["The parts of the company.", "The jobs people are hired for.", "One row for each person hired."], "tables described")
    equal({"%s.%s" % (table["name"], field["name"]): field["description"] for table in tables for field in table["fields"] if "description" in field},
          {"departments.id": "number of the department", "jobs.id": "number of the job", "hired_employees.id": "number of the employee",
           "hired_employees.name": "first and last name", "hired_employees.datetime": "when the person was hired"}, "fields described")
    people = tables[2]
    equal([(field["name"], field["type"]) for field in people["fields"]], [("id", "integer"), ("name", "string"), ("datetime", "datetime"),
          ("department_id", "integer"), ("job_id", "integer")], "fields of hired_employees")
    equal(people["primary_key"], ["id"], "its primary key")
    equal(sorted(key["reference"]["resource"] for key in people["foreign_keys"]), ["departments", "jobs"], "its foreign keys")
    service.ask("GET", "/v1/pipelines/other/dictionary", headers=KEY).problem(404, "no such pipeline")
    service.ask("GET", "/v1/pipelines/migrate/dictionary", headers={"X-API-Key": "runner"}).problem(403, "a key that may not read")


def backups(service, sql):
    where, folder = "/v1/pipelines/backup/backups", tmp("backups")
    equal(get(service, where), {"folder": folder, "more": False, "backups": []}, "before the first")
    ids = [run(service, "backup"), run(service, "backup")]
    unfinished = os.path.join(folder, "01980000-0000-7000-8000-000000000000")
    os.mkdir(unfinished)
    os.mkdir(os.path.join(folder, "notes"))
    listed = get(service, where)["backups"]
    equal([each["run_id"] for each in listed], ids[::-1] + [os.path.basename(unfinished)], "newest first")
    rows = sum(sql("select count(*) from " + table)[0][0] for table in ("departments", "jobs", "hired_employees"))
    size = sum(os.path.getsize(os.path.join(folder, ids[0], name)) for name in os.listdir(os.path.join(folder, ids[0])) if name.endswith(".avro"))
    equal({name: listed[1][name] for name in ("tables", "rows", "bytes", "complete", "proven")},
          {"tables": 3, "rows": rows, "bytes": size, "complete": True, "proven": None}, "a backup")
    # One that lacks a record says so.
    number, when = sql("select id, datetime from hired_employees limit 1")[0]
    sql("update hired_employees set datetime = 'soon' where id = ?", number)
    lacking = run(service, "backup")
    sql("update hired_employees set datetime = ? where id = ?", when, number)
    equal([(each["rows"], each["rejected"]) for each in get(service, where)["backups"] if each["complete"]], [(rows - 1, 1), (rows, 0), (rows, 0)], "a backup that lacks a record")
    shutil.rmtree(os.path.join(folder, lacking))
    began = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(int("019800000000", 16) // 1000))  # as RFC 9562 has it of version 7
    equal([listed[2]["complete"], listed[2]["tables"], listed[2]["created_at"][:19]], [False, None, began], "one that never ended")
    report = service.post("%s/%s/verify" % (where, ids[0]), {"restore": True}, KEY)
    equal((report.status, report.json()["verified"], report.json()["restored"]), (200, True, True), "verify: %r" % report.body)
    note = json.load(open(os.path.join(folder, ids[0], "proof.json")))
    equal(get(service, where)["backups"][1]["proven"], {"at": note["proven_at"], "holds": True}, "proven")
    # A byte that is turned is found; what is no backup is not looked for.
    path = os.path.join(folder, ids[1], "jobs.avro")
    data = bytearray(open(path, "rb").read())
    data[len(data) // 2] ^= 1
    open(path, "wb").write(data)
    report = service.post("%s/%s/verify" % (where, ids[1]), {}, KEY)
    equal((report.status, report.json()["verified"]), (200, False), "a damaged backup: %r" % report.body)
    for wrong in ("..", "latest", ids[0].upper(), "..%2F" + ids[0], os.path.basename(unfinished)):
        service.post("%s/%s/verify" % (where, wrong), {}, KEY).problem(404, wrong)
    service.post("%s/%s/verify" % (where, ids[0]), {"restore": "yes"}, KEY).problem(422, "restore is no text")
    service.ask("GET", "/v1/pipelines/migrate/backups", headers=KEY).problem(404, "a pipeline without backups")
    service.post("/v1/pipelines/backup/backups/%s/verify" % ids[0], {}, {"X-API-Key": "runner"}).problem(403, "a key that may not run it")


def events(connection):
    """(name, object) of each event until the stream ends, as a browser reads them (HTML, 9.2.6)."""
    name, data = "message", []
    for line in connection:
        line = line.decode().rstrip("\n")
        if not line and data:
            yield name, json.loads("\n".join(data))
        if not line:
            name, data = "message", []
        elif line.startswith("event: "):
            name = line[7:]
        elif line.startswith("data: "):
            data.append(line[6:])
        else:
            check(line.startswith(":"), "a line of no event: %r" % line)


def follow(service, run_id):
    connection = service.connect()
    connection.request("GET", "/v1/runs/%s/events" % run_id, headers=KEY)
    answer = connection.getresponse()
    return answer


def streams(db):
    """A run that waits at a pipe, in which its records come when the test wants them."""
    pipe = tmp("slow.csv")
    os.mkfifo(pipe)
    with open(tmp("slow.yaml"), "w") as out:
        out.write("version: 1\nname: slow\ndictionary: %s/examples/hr/datapackage.yaml\nconnections:\n  db: { type: odbc, connect: \"${PENSTOCK_DB}\" }\n"
                  "source: { type: csv, path: %s, header: false }\nsink: { type: odbc, connection: db, table: jobs, create: true }\n" % (TOP, pipe))
    service = Service([tmp("slow.yaml")], "limits: { streams: 3 }\nkeys:\n" + key_line("one", "right", ["*:*"]) + key_line("two", "other", ["read:else"]),
                      {"PENSTOCK_DB": db.connect}, name="streams")
    run_id = service.post("/v1/pipelines/slow/runs", {}, KEY).json()["run_id"]
    followers = [follow(service, run_id) for _ in range(3)]
    for each in followers:
        equal((each.status, each.headers["content-type"], each.headers["content-length"]), (200, "text/event-stream", None), "a stream")
    refused = follow(service, run_id)
    equal((refused.status, bool(refused.headers["retry-after"])), (503, True), "beyond limits.streams")
    service.ask("GET", "/v1/runs/%s/events" % run_id, headers={"X-API-Key": "other"}).problem(403, "a key that may not read")
    service.ask("GET", "/v1/runs/%s/events" % run_id).problem(401, "no key")
    service.ask("GET", "/v1/runs/01fffffe-0000-7000-8000-000000000009/events", headers=KEY).problem(404, "no such run")
    # One goes away: its place is free soon.
    followers.pop().close()
    wait_until(lambda: follow(service, run_id).status == 200, 10, "a free place")
    with open(pipe, "w") as rows:
        first, second = events(followers[0]), events(followers[1])
        name, run = next(first)
        equal((name, run["run_id"], run["status"], run["finished_at"]), ("run", run_id, "running", None), "the first event")
        begun, count = time.monotonic(), 0
        for i in range(30):
            rows.write("%d,Job %d\n" % (i + 1000, i + 1))
            rows.flush()
            time.sleep(0.05)
    seen = list(first)
    took = time.monotonic() - begun
    equal([name for name, run in seen], ["run"] * len(seen), "names of events")
    check(len(seen) <= 4 * took + 3, "%d events in %.1f s" % (len(seen), took))
    equal((seen[-1][1]["status"], seen[-1][1]["written"]), ("succeeded", 30), "the last event")
    check(seen[-1][1]["finished_at"], "the last event has the end")
    check(all(run["status"] == "running" for name, run in seen[:-1]), "the final event is the last")
    equal(list(second)[-1][1]["written"], 30, "another follower")
    equal([run["written"] for name, run in events(follow(service, run_id))], [30], "a run that has ended")
    # A service that is stopped ends them.
    run_id = service.post("/v1/pipelines/slow/runs", {}, KEY).json()["run_id"]
    last = follow(service, run_id)
    equal(next(events(last))[1]["status"], "running", "a run that goes on")
    # So does a reload, since the key may be another one behind it; whoever asks again goes on.
    service.process.send_signal(signal.SIGHUP)
    last.read()
    last = follow(service, run_id)
    equal(next(events(last))[1]["status"], "running", "behind a reload")
    service.stop()
    check(last.read() is not None, "the stream ended")


def export(service, sql, run_id):
    """Each row has the cells of its record in the file that was loaded, which Python's csv reads."""
    where, checked = "/v1/runs/%s/rejects/export" % run_id, 0
    for table in ("departments", "jobs", "hired_employees"):
        rows = sql("select reject_id, rule, record_no from penstock_rejects where run_id = ? and table_name = ? order by reject_id", run_id, table)
        if not rows:
            service.ask("GET", "%s?table=%s" % (where, table), headers=KEY).problem(422, "nothing to export")
            continue
        with open(os.path.join(TOP, "examples/hr/data", table + ".csv"), newline="") as file:
            records = list(csv.reader(file))
        answer = service.ask("GET", "%s?table=%s" % (where, table), headers=KEY)
        equal((answer.status, answer.headers["content-type"], answer.headers["content-disposition"]),
              (200, "text/csv; charset=utf-8", 'attachment; filename="rejects-%s.csv"' % run_id), "export: %r" % answer.body[:300])
        told = list(csv.reader(io.StringIO(answer.body.decode(), newline="")))
        equal(told[0][:3], ["reject_id", "rule", "message"], "its header")
        wanted = {str(number): [rule] + records[record - 1] for number, rule, record in rows}
        equal({row[0]: [row[1]] + row[3:3 + len(records[0])] for row in told[1:]}, wanted, "rejects of " + table)
        checked += len(rows)
    equal(checked, sql("select count(*) from penstock_rejects where run_id = ?", run_id)[0][0], "rejects in all")
    service.ask("GET", where + "?rule=--help", headers=KEY).problem(422, "a rule that is an option")
    service.ask("GET", where, headers={"X-API-Key": "runner"}).problem(403, "a key that may not read")


def plan(service, sql):
    before = sql("select count(*) from penstock_runs"), sql("select count(*) from jobs")
    backup = sorted(name for name in os.listdir(tmp("backups")) if os.path.exists(os.path.join(tmp("backups"), name, "manifest.json")))[0]
    answer = get(service, "/v1/pipelines/restore/plan?table=jobs&backup=" + backup)
    equal((answer["exit_code"], answer["problem"]), (0, None), "a plan")
    check("pipeline restore" in answer["text"] and "step jobs" in answer["text"] and "step departments" not in answer["text"], answer["text"])
    check(tmp("restore.yaml") not in answer["text"] and "restore.yaml" in answer["text"].splitlines()[0], answer["text"])
    check(backup in answer["text"] and "replace" in answer["text"], answer["text"])
    equal((sql("select count(*) from penstock_runs"), sql("select count(*) from jobs")), before, "what a plan wrote")
    missing = get(service, "/v1/pipelines/restore/plan?backup=01fffffe-0000-7000-8000-000000000000")
    check(missing["exit_code"] == 4 and missing["problem"] and tmp("restore.yaml") not in missing["problem"], "a backup that is not there: %r" % missing)
    for query in ("folder=/etc", "backup=..", "table=a/b", "other=1"):
        service.ask("GET", "/v1/pipelines/restore/plan?" + query, headers=KEY).problem(422, query)
    service.ask("GET", "/v1/pipelines/other/plan", headers=KEY).problem(404, "no such pipeline")
    service.ask("GET", "/v1/pipelines/migrate/plan", headers={"X-API-Key": "runner"}).problem(403, "a key that may not read")


def resident(service):
    with open("/proc/%d/status" % service.process.pid) as status:
        return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmRSS"))


def many(service, db, run_id):
    """With so many rejects in the store each answer comes soon, and the service grows by little."""
    rules = ["hired_employees.job_id.required", "hired_employees.name.required", "hired_employees.datetime.type"]
    big, rare = "01fffffe-0000-7000-8000-000000000000", "hired_employees.id.primary-key"
    with sqlite3.connect(db.path) as store:
        store.execute("insert into penstock_runs (run_id, kind, pipeline, status, started_at, finished_at, read_rows, written_rows, rejected_rows, "
                      "skipped_rows, exit_code, summary) select ?, kind, pipeline, status, started_at, finished_at, ?, 0, ?, 0, 0, json_set(summary, '$.steps', json(?)) "
                      "from penstock_runs where run_id = ?", (big, MANY, MANY, json.dumps([{"name": "hired_employees", "table": "hired_employees",
                      "status": "succeeded", "read": MANY, "written": 0, "rejected": MANY, "skipped": 0, "rejects_by_rule": dict(
                          {rule: len(range(i, MANY - 1, 3)) for i, rule in enumerate(rules)}, **{rare: 1})}]), run_id))
        columns = [row[1] for row in store.execute("pragma table_info(penstock_rejects)") if row[1] not in ("reject_id", "run_id", "rule", "record_no")]
        like = store.execute("select %s from penstock_rejects where run_id = ? limit 1" % ", ".join(columns), (run_id,)).fetchone()
        store.executemany("insert into penstock_rejects (run_id, rule, record_no, %s) values (?, ?, ?%s)" % (", ".join(columns), ", ?" * len(columns)),
                          ((big, rare if i == MANY - 1 else rules[i % 3], i + 1) + like for i in range(MANY)))
    where, before, slowest = "/v1/runs/" + big, resident(service), 0
    for path in ("/v1/pipelines", "/v1/runs", where, where + "/rejects?limit=1000", where + "/rejects/summary", where + "/rejects?rule=" + rules[2],
                 where + "/rejects?rule=no.such.rule", where + "/rejects?after=%d" % (MANY // 2)):
        begun = time.monotonic()
        answer = get(service, path)
        took = time.monotonic() - begun
        slowest = max(slowest, took)
        print("%7.3f s  %s" % (took, path[:90]))
        if path.endswith("/summary"):
            equal([(each["rule"], each["count"]) for each in answer["rules"]], sorted([(rule, len(range(i, MANY - 1, 3))) for i, rule in enumerate(rules)],
                  key=lambda each: (-each[1], each[0])) + [(rare, 1)], "the summary of many")
    found, after, asked = [], 0, 0
    while after is not None:
        page = get(service, where + "/rejects?rule=%s&after=%d" % (rare, after))
        found, after, asked = found + page["rejects"], page["next"], asked + 1
    equal([each["record_no"] for each in found], [MANY], "one among many")
    grown = resident(service) - before
    print("%d rejects: slowest %.3f s, %d pages for one of them, %.1f MB more memory" % (MANY, slowest, asked, grown / 1e6))
    with open(PENSTOCK, "rb") as program:
        code = program.read()
    sanitized = b"__asan_init" in code or b"__tsan_init" in code
    check(sanitized or grown < GROWTH, "the service grew by %d bytes" % grown)


def locked(db):
    """A database that somebody else holds is 503 to come back to; what is known without it is answered."""
    path = pipeline("migrate.yaml", ("db: { type: odbc, connect:", "db: { type: odbc, lock_timeout: 500ms, connect:"))
    service = Service([path], "keys:\n" + key_line("one", "right", ["*:*"]), {"PENSTOCK_DB": db.connect}, name="locked")
    run_id = get(service, "/v1/runs")["runs"][0]["run_id"]
    with sqlite3.connect(db.path, isolation_level=None) as holder:
        holder.execute("begin exclusive")
        for path in ("/v1/runs", "/v1/runs/%s/rejects" % run_id, "/v1/runs/%s/rejects/summary" % run_id):
            answer = service.ask("GET", path, headers=KEY).problem(503, "locked: " + path)
            check(int(answer.headers["retry-after"]) > 0, "Retry-After")
        get(service, "/v1/pipelines")
        holder.execute("rollback")
    get(service, "/v1/runs/%s/rejects/summary" % run_id)
    service.stop()


def endpoints():
    db = newdb("sqlite")
    files = [pipeline("backup.yaml", ("default: backups", "default: " + tmp("backups")), ("max_rejects: 0", "max_rejects: 1")), pipeline("restore.yaml", ("default: backups", "default: " + tmp("backups"))),
             pipeline("migrate.yaml"), "pipelines/ingest.yaml", "pipelines/reports/hires-by-quarter.yaml"]
    service = Service(files, "keys:\n" + key_line("one", "right", ["*:*"]) + key_line("two", "runner", ["run:migrate"]), {"PENSTOCK_DB": db.connect})

    def sql(text, *values):
        with sqlite3.connect(db.path) as store:
            return store.execute(text, values).fetchall()

    loaded = run(service, "migrate")
    pipelines(service, sql, loaded)
    rejects(service, sql, loaded)
    dictionary(service)
    backups(service, sql)
    export(service, sql, loaded)
    plan(service, sql)
    history(service, sql)
    many(service, db, loaded)
    service.stop()
    locked(db)
    streams(db)


def test():
    files_of_the_console()
    endpoints()


main(test)

"""More than the service can take at a time: what is refused says when to come back, and what was taken is answered as if nothing had been.

SPDX-License-Identifier: Apache-2.0
"""
import json
import os
import re
import socket
import sqlite3
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.environ.get("TOP", "."), "tests/support"))
from door import Door
from harness import TOP, Session, build_shim, check, databases, equal, main, newdb, tmp, wait_until
from http_service import JSON, Service, key_line, read_answer, together

INGEST = "pipelines/ingest.yaml"
JOBS = "/v1/ingest/ingest/jobs"
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


def come_back(answer, status, what):
    answer.problem(status, what)
    check(int(answer.headers["retry-after"]) >= 1, "%s: Retry-After" % what)


def queue():
    """One works, one waits, and everybody else is sent away at once; who was let in is answered once the database is free."""
    db = newdb("sqlite")
    service = Service([INGEST], "limits: { workers: 1, queue: 1 }\n", {"PENSTOCK_DB": db.connect}, name="queue")
    equal(service.post(JOBS, [[1, "first"]]).status, 200, "a request alone")
    holder = sqlite3.connect(db.path, isolation_level=None, check_same_thread=False)
    holder.execute("begin immediate")
    refused = []

    def ask(i):
        answer = service.post(JOBS, [[100 + i, "x"]])
        if answer.status == 503:
            refused.append(time.monotonic())
            come_back(answer, 503, "a full queue")
            check("queue" in answer.json()["detail"], answer.body)
            if len(refused) == 6:
                service.good()
                threading.Timer(0.2, lambda: holder.execute("rollback")).start()
        return answer.status

    got = together(8, ask)
    equal(sorted(got), [200] * 2 + [503] * 6, "eight requests where two have room")
    equal(db.count("jobs"), 3, "jobs of those that had room")
    holder.close()
    equal(service.post(JOBS, [[200, "later"]]).status, 200, "later")
    service.stop()


def head(length):
    return ("POST %s HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % (JOBS, length)).encode()


def bodies():
    """Bodies count as they arrive: an announced one takes no room, and one that has none ends its request alone."""
    db = newdb("sqlite")
    service = Service([INGEST], "limits: { body: 256KiB, bodies: 256KiB }\n", {"PENSTOCK_DB": db.connect}, name="bodies")
    row = json.dumps([[1, "first"]]).encode()
    announced = service.open()
    announced.sendall(head(250000))
    small = [[2, "x" * 100]]
    equal(service.post(JOBS, small).status, 200, "beside a body that is only announced")
    whole = row + b" " * (250000 - len(row))
    announced.sendall(whole[:200000])
    time.sleep(0.3)
    come_back(service.ask("POST", JOBS, b" " * 80000, JSON), 503, "bodies beyond limits.bodies")
    service.good()
    announced.sendall(whole[200000:])
    answer = read_answer(announced)
    equal((answer.status, answer.json()["written"]), (200, 1), "the body that was there before")
    announced.close()
    equal(service.ask("POST", JOBS, json.dumps([[3, "y"]]) + " " * 80000, JSON).status, 200, "room again")
    equal(db.count("jobs"), 3, "jobs")
    service.stop()


def broken():
    """A table that changes beneath the service: made again where the pipeline makes it; else 500, and the reason stands in the log alone."""
    for kind in databases():
        db = newdb(kind)
        service = Service([INGEST], "", {"PENSTOCK_DB": db.connect}, name="broken-" + kind)
        equal(service.post(JOBS, [[1, "first"]]).status, 200, "while the table is there")
        db.execute("drop table hired_employees", "drop table jobs")
        first = service.post(JOBS, [[2, "second"]])
        check(first.status in (200, 500, 503), "a table that is gone: %d" % first.status)
        wait_until(lambda: service.post(JOBS, [[3, "third"]]).status == 200, 20, "the table that is made again on " + kind)
        equal(db.count("jobs", "id = 3"), 1, "its row")
        db.execute("drop table hired_employees", "drop table jobs", "create table jobs (id integer primary key)")
        wait_until(lambda: service.post(JOBS, [[4, "fourth"]]).status == 500, 20, "a column that is gone on " + kind)
        answer = service.post(JOBS, [[5, "fifth"]]).problem(500, "a column that is gone")
        check("jobs" not in answer.json()["detail"], "the answer tells of the inside: %r" % answer.body)
        wait_until(lambda: any(line.get("status") == 500 and "job" in line.get("error", "") for line in service.lines()), 20, "the reason in the log")
        equal(db.count("jobs"), 0, "rows in the other table")
        service.good()
        service.stop()


REPORT = """version: 1
name: report
dictionary: %s/examples/hr/datapackage.yaml
connections:
  db: { type: odbc, connect: "${PENSTOCK_DB}", lock_timeout: 2s }
state: db
source: { type: odbc, connection: db, query: "SELECT id, job FROM jobs" }
rules: { table: jobs }
sink: { type: response }
"""


def all_locked():
    """All of the database is locked, as by a step that has more to write than its cache holds: who only reads waits for lock_timeout, once."""
    for kind in databases():
        db = newdb(kind)
        with open(tmp("report.yaml"), "w") as out:
            out.write(REPORT % TOP)
        service = Service([tmp("report.yaml"), INGEST], "", {"PENSTOCK_DB": db.connect}, name="locked-" + kind)
        equal(service.post(JOBS, [[1, "first"]]).status, 200, "before")
        paths = ["/v1/reports/report"]
        if kind == "sqlite":
            paths += ["/v1/runs", "/v1/runs/01234567-0123-7123-8123-0123456789ab"]
            holder = sqlite3.connect(db.path, isolation_level=None)
            holder.execute("begin exclusive")
        else:
            holder = Session(db)
            holder.ask("lock tables jobs write" if kind == "mariadb" else "begin; lock table jobs in access exclusive mode;")
        for path in paths:
            begun = time.monotonic()
            come_back(service.ask("GET", path), 503, path + " while all is locked")
            took = time.monotonic() - begun
            check(1.9 < took < 3.9, "%s waited %.1f s, where lock_timeout is 2 s" % (path, took))
        holder.close()
        equal(service.ask("GET", "/v1/reports/report").json(), [{"id": 1, "job": "first"}], "afterwards")
        service.stop()


def few_sessions():
    """The server has no place for one more session: who needed one is 503, and the service is ready again as soon as it can be, though nobody asks."""
    if "postgresql" not in databases():
        return
    db = newdb("postgresql")
    door = Door(db.parts["Server"], db.parts["Port"], 1)
    service = Service([INGEST], "", {"PENSTOCK_DB": door.connect(db)}, name="few")
    number = iter(range(10, 1000000))

    def burst():
        got = together(8, lambda _: service.post(JOBS, [[next(number), "x"]]).status)
        check(set(got) <= {200, 503}, "in a burst: %r" % got)
        return door.refused > 0

    wait_until(burst, 30, "a session that was refused")
    wait_until(lambda: service.ask("GET", "/readyz").status == 200, 20, "ready again")
    time.sleep(1.5)
    equal(service.ask("GET", "/readyz").status, 200, "still ready")
    service.stop()


def talkative():
    """What a server says while it lets a session in, such as after an upgrade of the machine, is no line of the log."""
    if "postgresql" not in databases():
        return
    db = newdb("postgresql")
    db.execute("update pg_database set datcollversion = '0.of-another-machine' where datname = current_database()")
    check("WARNING" in subprocess.run(db.shell(), env=db.environment(), input=b"select 1;", capture_output=True).stderr.decode(), "the server says nothing")
    service = Service([INGEST], "", {"PENSTOCK_DB": db.connect}, name="talkative")
    equal(service.post(JOBS, [[1, "x"]]).status, 200, "a request")
    service.stop()
    equal([line for line in service.text().splitlines() if not line.startswith("{")], [], "lines of the log that are no JSON")


def full_disk():
    """The spool of an upload has no room: 507, the file that a param names stays as it was, and with room again all is well."""
    db = newdb("sqlite")
    spool, target, flag = tmp("spool"), tmp("jobs.csv"), tmp("full")
    os.makedirs(spool, exist_ok=True)
    with open(tmp("upload.yaml"), "w") as out:
        out.write(UPLOAD % (TOP, target))
    with open(target, "w") as out:
        out.write("1,Before\n")
    service = Service([tmp("upload.yaml")], "keys:\n" + key_line("a", "right", ["*:*"]), name="full", env={
        "PENSTOCK_DB": db.connect, "TMPDIR": spool, "LD_PRELOAD": build_shim("shim_enospc"), "SHIM_FULL_PATH": spool, "SHIM_FULL_FLAG": flag})
    headers = {"X-API-Key": "right", "Content-Type": "text/csv"}
    path = "/v1/pipelines/upload/files/jobs"
    body = b"2,After\n" * 20000
    open(flag, "w").close()
    service.ask("PUT", path, body, headers).problem(507, "a full disk")
    equal(open(target).read(), "1,Before\n", "the file after a refused upload")
    os.unlink(flag)
    equal(service.ask("PUT", path, body, headers).status, 200, "with room again")
    equal(open(target, "rb").read(), body, "the file after the upload")
    equal(os.listdir(spool), [], "files left in the spool")
    service.stop()


def resident(process):
    """MiB of memory that a process has."""
    with open("/proc/%d/status" % process.pid) as status:
        return int(re.search(r"VmRSS:\s+([0-9]+) kB", status.read()).group(1)) / 1024


def large_bodies():
    """Bodies near limits.body take memory while they are worked on, and no longer."""
    service = Service([INGEST], "limits: { bodies: 64MiB }\n", {"PENSTOCK_DB": newdb("sqlite").connect}, name="large")
    body = json.dumps([[i, "x" * 16000] for i in range(1000)])
    for _ in range(4):
        got = together(6, lambda _: [service.ask("POST", JOBS, body, JSON).status for _ in range(3)])
        check({status for each in got for status in each} <= {422, 503}, "large bodies: %r" % got)
    check(resident(service.process) < 128, "%d MiB are kept after large bodies" % resident(service.process))
    service.stop()


def wrong_clock():
    """Somebody sets the clock while the service runs: its deadlines hold all the same, and the log has how long a request took."""
    db, flag = newdb("sqlite"), tmp("ahead")
    service = Service([INGEST], "limits: { header_time: 1s }\n", name="clock", env={
        "PENSTOCK_DB": db.connect, "LD_PRELOAD": build_shim("shim_clock"), "SHIM_CLOCK_FLAG": flag})
    equal(service.post(JOBS, [[1, "first"]]).status, 200, "before")
    with service.open(20) as slow:
        slow.sendall(head(1000))
        open(flag, "w").close()
        begun, answer = time.monotonic(), None
        slow.settimeout(0.2)
        while answer is None and time.monotonic() - begun < 10:
            slow.sendall(b" ")
            try:
                answer = read_answer(slow)
            except socket.timeout:
                pass
        check(answer is not None and answer.status == 408, "a body of one byte now and then: %r after %.1f s" % (answer, time.monotonic() - begun))
    equal(service.post(JOBS, [[2, "second"]]).status, 200, "while the clock is ahead")
    os.unlink(flag)
    equal(service.post(JOBS, [[3, "third"]]).status, 200, "afterwards")
    service.stop()
    took = [line["ms"] for line in service.lines() if "ms" in line]
    check(len(took) == 4 and all(0 <= ms < 60000 for ms in took), "the log says that requests took %r ms" % took)


def test():
    queue()
    bodies()
    broken()
    all_locked()
    few_sessions()
    talkative()
    if sys.argv[1] == "plain":
        full_disk()
        wrong_clock()
        large_bodies()


main(test)

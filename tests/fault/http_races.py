"""Everything that a service does, at once: ingest, uploads, runs started, cancelled and listed, reports, slow and vanishing clients, and a SIGTERM
in the middle of it. What was acknowledged is there, once; built with ThreadSanitizer it has nothing to say.

usage: http_races.py SECONDS
SPDX-License-Identifier: Apache-2.0
"""
import http.client
import itertools
import os
import random
import signal
import socket
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.environ.get("TOP", "."), "tests/support"))
from harness import TOP, check, databases, equal, main, newdb, tmp
from http_service import JSON, Service, key_line

SECONDS = float(sys.argv[1])
WHEN = "2021-11-07T02:48:42Z"
KEYS = {name: {"Authorization": "Bearer key-of-" + name} for name in ("one", "two")}
LOAD = """version: 1
name: load
dictionary: %s/examples/hr/datapackage.yaml
params:
  departments: { default: %s, upload: true }
connections:
  db: { type: odbc, connect: "${PENSTOCK_DB}" }
steps:
  - name: departments
    source: { type: csv, path: "${params.departments}", header: false, once: false }
    sink: { type: odbc, connection: db, table: departments, mode: upsert, create: true }
"""
EXPECTED = {"ingest": {200, 409, 422, 503}, "upload": {200, 409, 503}, "start": {202, 503}, "cancel": {200, 202, 404, 409, 503}, "list": {200, 503},
            "report": {200, 503}, "wrong": {400, 401, 403, 404, 413, 415, 429, 503}}


class Load:
    def __init__(self, service, numbers):
        self.service, self.numbers = service, numbers
        self.ending = threading.Event()
        self.lock = threading.Lock()
        self.counts, self.written, self.unsure, self.found = {}, set(), set(), []
        self.runs = []

    def ask(self, kind, method, path, body=None, headers=None):
        answer = self.service.ask(method, path, body, headers or KEYS["one"])
        with self.lock:
            self.counts[kind, answer.status] = self.counts.get((kind, answer.status), 0) + 1
        check(answer.status in EXPECTED[kind], "%s %s: %d %r" % (method, path, answer.status, answer.body[:300]))
        return answer

    # Each of these goes on until the end, with a request of its own kind.

    def ingest(self, dice):
        ids = [next(self.numbers) for _ in range(dice.choice((1, 3, 40)))]
        rows = [{"id": number, "name": "n", "datetime": WHEN if number % 7 else "never", "department_id": 1, "job_id": 1} for number in ids]
        text = '{"hired_employees": [%s]}' % ", ".join(
            '{"id": %(id)d, "name": "%(name)s", "datetime": "%(datetime)s", "department_id": 1, "job_id": 1}' % row for row in rows)
        key = "k%d" % ids[0] if dice.random() < 0.5 else None
        headers = dict(KEYS[dice.choice(("one", "two"))], **JSON, **({"Idempotency-Key": key} if key else {}))
        good = {number for number in ids if number % 7}
        with self.lock:
            self.unsure |= good
        answer = self.ask("ingest", "POST", "/v1/ingest/ingest", text, headers)
        if answer.status in (200, 422) and key and dice.random() < 0.5:
            again = self.ask("ingest", "POST", "/v1/ingest/ingest", text, headers)
            if again.status in (200, 422):
                equal((again.status, again.body), (answer.status, answer.body), "the same key again")
        if answer.status in (200, 422):
            equal(answer.json()["written"], len(good), "written")
            with self.lock:
                self.written |= good
                self.unsure -= good
        elif answer.status == 503:
            with self.lock:
                self.unsure -= good

    def twins(self, dice):
        """The same key from four clients at the same time."""
        number = next(self.numbers)
        text = '{"jobs": [{"id": %d, "job": "j"}]}' % number
        headers = dict(KEYS["one"], **JSON, **{"Idempotency-Key": "twin%d" % number})
        threads = [threading.Thread(target=self.guarded, args=(lambda: self.ask("ingest", "POST", "/v1/ingest/ingest", text, headers),)) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def upload(self, dice):
        body = "".join("%d,Department %d\n" % (i, dice.randrange(1000)) for i in range(1, dice.randrange(2, 3000)))
        self.ask("upload", "PUT", "/v1/pipelines/load/files/departments", body, dict(KEYS["one"], **{"Content-Type": "text/csv"}))

    def start(self, dice):
        answer = self.ask("start", "POST", "/v1/pipelines/load/runs", "{}", dict(KEYS["one"], **JSON))
        if answer.status == 202:
            with self.lock:
                self.runs.append(answer.headers["location"])
        time.sleep(0.05)

    def cancel(self, dice):
        with self.lock:
            where = dice.choice(self.runs[-3:]) if self.runs else "/v1/runs/00000000-0000-7000-8000-000000000000"
        self.ask("cancel", "POST", where + "/cancel")
        self.ask("cancel", "GET", where)
        time.sleep(0.1)

    def listing(self, dice):
        for path in ("/v1/runs?limit=20", "/v1/pipelines", "/openapi.json"):
            self.ask("list", "GET", path)

    def report(self, dice):
        self.ask("report", "GET", "/v1/reports/hires-by-quarter?year=2021&format=" + dice.choice(("csv", "json")))

    def wrong(self, dice):
        self.ask("wrong", "GET", "/openapi.json", headers={"X-API-Key": "guess%d" % dice.randrange(1000)})
        self.ask("wrong", "POST", "/v1/ingest/ingest", "[" * 90, dict(KEYS["one"], **JSON))
        self.ask("wrong", "POST", "/v1/ingest/ingest", " " * 70000, dict(KEYS["one"], **JSON))

    def vanish(self, dice):
        """Begins a request, and goes at any point or stays until it is cut off."""
        data = b"POST /v1/ingest/ingest HTTP/1.1\r\nHost: localhost\r\nX-API-Key: key-of-one\r\nContent-Type: application/json\r\nContent-Length: 60000\r\n\r\n{"
        with self.service.open() as connection:
            connection.sendall(data[:dice.randrange(len(data) + 1)] + (b" " * 20000 if dice.random() < 0.3 else b""))
            if dice.random() < 0.3:
                connection.settimeout(3)
                connection.recv(1000)
            elif dice.random() < 0.5:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")

    def guarded(self, work):
        try:
            work()
        except (OSError, http.client.HTTPException) as bad:
            if not self.ending.is_set() and not isinstance(bad, (socket.timeout, ConnectionResetError)):
                self.found.append(bad)
        except Exception as bad:  # told below, in the main thread
            self.found.append(bad)

    def go_on(self, work, seed):
        dice = random.Random(seed)
        while not self.ending.is_set() and not self.found:
            self.guarded(lambda: work(dice))


def on(kind):
    db = newdb(kind)
    upload = tmp(kind + "-files/departments.csv")
    pipeline = tmp(kind + "-load.yaml")
    with open(pipeline, "w") as out:
        out.write(LOAD % (TOP, upload))
    service = Service(["pipelines/ingest.yaml", pipeline, "pipelines/reports/hires-by-quarter.yaml"],
                      "keys:\n" + key_line("one", "key-of-one", ["*:*"]) + key_line("two", "key-of-two", ["ingest:*"]) +
                      "limits: { body: 64KiB, header_time: 1s, body_time: 2s, connections: 100, runs: 2, run_queue: 4 }\n",
                      {"PENSTOCK_DB": db.connect}, name=kind)
    numbers = itertools.count(2)
    first = service.post("/v1/ingest/ingest", {"departments": [{"id": 1, "department": "d"}], "jobs": [{"id": 1, "job": "j"}], "hired_employees": [
        {"id": 1, "name": "n", "datetime": WHEN, "department_id": 1, "job_id": 1}]}, KEYS["one"])
    equal(first.status, 200, "the first rows")
    load = Load(service, numbers)
    work = [load.ingest] * 6 + [load.twins, load.upload, load.start, load.cancel, load.listing, load.report, load.wrong, load.vanish]
    threads = [threading.Thread(target=load.go_on, args=(what, seed)) for seed, what in enumerate(work)]
    for thread in threads:
        thread.start()
    until = time.monotonic() + SECONDS
    while time.monotonic() < until and not load.found:
        time.sleep(0.1)
    load.ending.set()
    service.stop(signal.SIGTERM)
    for thread in threads:
        thread.join()
    if load.found:
        raise load.found[0]
    there = {int(row[0]) for row in db.query("select id from hired_employees")} - {1}
    check(load.written <= there, "acknowledged and not there: %s" % sorted(load.written - there)[:9])
    check(there <= load.written | load.unsure, "there and never acknowledged: %s" % sorted(there - load.written - load.unsure)[:9])
    running = db.query("select count(*) from penstock_runs where status = 'running'")
    equal(int(running[0][0]), 0, "runs that are still said to run")
    print("%s: %s" % (kind, ", ".join("%s %d: %d" % (*which, count) for which, count in sorted(load.counts.items()))))
    for what in ("ingest", "upload", "start", "cancel", "list", "report", "wrong"):
        check(any(name == what for name, _ in load.counts), "nothing was asked of " + what)


def run():
    for kind in databases():
        on(kind)


main(run)

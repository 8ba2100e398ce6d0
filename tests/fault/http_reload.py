"""usage: http_reload.py SECONDS

What was acknowledged is counted here, from the answers; what is in the tables is asked of the database's own tools.
SPDX-License-Identifier: Apache-2.0
"""
import http.client
import json
import os
import signal
import socket
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.environ["TOP"], "tests/support"))
from harness import PENSTOCK, TOP, check, databases, equal, main, newdb, run, tmp, wait_until
from http_service import Service, key_line

SECONDS = float(sys.argv[1])
CLIENTS, SOMETIMES = 16, 2     # threads, and those of them whose key comes and goes
STAYS, GOES = "a-key-that-stays", "a-key-that-comes-and-goes"
SLOW = """version: 1
name: slow
dictionary: %s/examples/hr/datapackage.yaml
state: db
connections:
  db: { type: odbc, connect: "${PENSTOCK_DB}" }
steps:
  - name: rows
    source: { type: csv, path: %s, header: false }
    rules: { table: jobs }
    sink: { type: csv, path: %s }
"""
RATES = "rates: { requests: 100000, burst: 100000, failures: 100000, failure_burst: 100000 }\n"


def write(name, text):
    with open(tmp(name + ".new"), "w") as out:
        out.write(text)
    os.rename(tmp(name + ".new"), tmp(name))  # never half of it
    return tmp(name)


def serve_file(pipelines, goes, more="", listen="127.0.0.1:0"):
    keys = key_line("stays", STAYS, ["*:*"]) + (key_line("goes", GOES, ["ingest:*"]) if goes else "")
    return write("serve.yaml", "version: 1\nlisten: %s\npipelines: [%s]\n%s%skeys:\n%s" % (listen, ", ".join(pipelines), more, RATES, keys))


def events(service, name):
    return [line for line in service.lines() if line.get("event") == name]


def reload(service, what="reloaded"):
    before = len(events(service, what))
    service.process.send_signal(signal.SIGHUP)
    wait_until(lambda: len(events(service, what)) > before, 60, what)
    return events(service, what)[-1]


def outcomes(service):
    return len(events(service, "reloaded")) + len(events(service, "reload_failed"))


class Client(threading.Thread):
    def __init__(self, service, index, stop):
        super().__init__()
        self.service, self.index, self.stop = service, index, stop
        self.sometimes = index < SOMETIMES
        self.acknowledged, self.refused, self.wrong, self.sent = [], 0, [], 0

    def run(self):
        connection = self.service.connect()
        while not self.stop.is_set():
            self.sent += 1
            number = (self.index + 1) * 10000000 + self.sent
            body = json.dumps([{"id": number, "job": "job %d" % number}])
            try:
                connection.request("POST", "/v1/ingest/ingest/jobs", body=body, headers={
                    "Content-Type": "application/json", "Authorization": "Bearer " + (GOES if self.sometimes else STAYS)})
                answer = connection.getresponse()
                text = answer.read()
            except (OSError, http.client.HTTPException) as bad:
                self.wrong.append(repr(bad))
                return
            if answer.status == 200:
                self.acknowledged.append(number)
            elif answer.status == 401 and self.sometimes:
                self.refused += 1
            else:
                self.wrong.append("%d %r" % (answer.status, text[:200]))
                return
            if answer.getheader("Connection") == "close":
                connection.close()


def storm(kind):
    """Many clients, many reloads, and a run that was there before."""
    db, fifo, out = newdb(kind), tmp("fifo-" + kind), tmp("out-" + kind + ".csv")
    run(os.path.join(TOP, "pipelines/migrate.yaml"), db=db, cwd=TOP)
    before = db.count("jobs")
    os.mkfifo(fifo)
    ingest, slow = os.path.join(TOP, "pipelines/ingest.yaml"), write("slow-%s.yaml" % kind, SLOW % (TOP, fifo, out))
    report = os.path.join(TOP, "pipelines/reports/hires-by-quarter.yaml")
    service = Service([], file=serve_file([ingest, slow], True), env={"PENSTOCK_DB": db.connect})
    headers = {"Authorization": "Bearer " + STAYS}
    where = service.post("/v1/pipelines/slow/runs", {}, headers).headers["location"]
    feed = open(fifo, "w")
    feed.write("9001,first\n")
    feed.flush()
    stop = threading.Event()
    clients = [Client(service, i, stop) for i in range(CLIENTS)]
    for client in clients:
        client.start()
    until, rounds, reports = time.monotonic() + SECONDS, 0, set()
    while time.monotonic() < until or rounds < 6:
        rounds += 1
        if rounds % 5 == 4:
            write("serve.yaml", "version: 1\nlisten: 127.0.0.1:0\npipelines: [%s]\nkeys: [{ name: x }]\n" % ingest)
        else:
            serve_file([ingest, slow] + ([report] if rounds % 3 else []), rounds % 2 == 0)
        # Every 100 ms, however long one takes. The first that ends now may have begun before the file was changed; the second has read it.
        seen = outcomes(service)
        while outcomes(service) < seen + 2:
            service.process.send_signal(signal.SIGHUP)
            time.sleep(0.1)
        listed = service.ask("GET", "/v1/pipelines", headers=headers)
        equal(listed.status, 200, "the list of pipelines")
        reports.add("hires-by-quarter" in {pipeline["name"] for pipeline in listed.json()["pipelines"]})
        equal(service.ask("GET", where, headers=headers).json()["status"], "running", "the run that was there before")
    stop.set()
    for client in clients:
        client.join()
    wrong = [what for client in clients for what in client.wrong]
    equal(wrong[:3], [], "requests that failed: %s" % service.text()[-1000:])
    acknowledged = sorted(number for client in clients for number in client.acknowledged)
    stored = sorted(int(row[0]) for row in db.query("select id from jobs where job like 'job %'"))
    equal(len(acknowledged), len(set(acknowledged)), "numbers")
    equal(stored, acknowledged, "rows that are there, and rows that were acknowledged")
    equal(db.count("jobs"), before + len(stored), "rows in all")
    check(all(client.acknowledged for client in clients if not client.sometimes), "a client without an answer")
    check(sum(client.refused for client in clients) > 0, "the key that goes was never refused")
    equal(reports, {True, False}, "a pipeline that comes and goes")
    done, failed = len(events(service, "reloaded")), events(service, "reload_failed")
    check(done >= 3 and failed, "reloads: %d, failed: %d" % (done, len(failed)))
    check(all("serve.yaml:4:" in line["error"] for line in failed), "where the file is wrong: %r" % failed[:2])
    # The run ends as if nothing had been, and the figures were not forgotten.
    serve_file([ingest], False)
    reload(service)
    equal(service.ask("GET", where, headers=headers).json()["status"], "running", "a run whose pipeline is no longer there")
    feed.write("9002,last\n")
    feed.close()
    wait_until(lambda: service.ask("GET", where, headers=headers).json()["status"] != "running", 60, "the end of the run")
    ended = service.ask("GET", where, headers=headers).json()
    equal((ended["status"], ended["written"]), ("succeeded", 2), "the run")
    text = service.ask("GET", "/metrics", headers=headers).body.decode()
    counted = sum(float(line.rsplit(" ", 1)[1]) for line in text.splitlines()
                  if line.startswith("penstock_http_requests_total") and "/v1/ingest/" in line and "2" in line)
    check(counted >= len(acknowledged), "requests that are counted: %s of %d" % (counted, len(acknowledged)))
    service.stop()
    print("%s: %d reloads, %d refused, %d rows, %d requests with a key that had gone" % (
        kind, done, len(failed), len(acknowledged), sum(client.refused for client in clients)))


def settings():
    """What a reload does, and what it leaves."""
    db = newdb("sqlite")
    run(os.path.join(TOP, "pipelines/migrate.yaml"), db=db, cwd=TOP)
    ingest = os.path.join(TOP, "pipelines/ingest.yaml")
    copy = tmp("ingest.yaml")
    with open(ingest) as source:
        text = source.read().replace("../examples", os.path.join(TOP, "examples"))
    write("ingest.yaml", text)
    service = Service([], file=serve_file([copy], False), env={"PENSTOCK_DB": db.connect})
    headers = {"Authorization": "Bearer " + GOES}
    check(service.ask("GET", "/v1/pipelines", headers=headers).status == 401, "a key that is not there yet")
    # A body that is half sent belongs to the service that its head came to, with its key.
    serve_file([copy], True)
    reload(service)
    body = b'[{"id": 70001, "job": "half"}]'
    half = socket.create_connection((service.host, service.port))
    half.sendall(b"POST /v1/ingest/ingest/jobs HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nAuthorization: Bearer %s\r\n"
                 b"Content-Length: %d\r\n\r\n" % (GOES.encode(), len(body)) + body[:10])
    time.sleep(0.3)
    serve_file([copy], False)
    reload(service)
    check(service.ask("GET", "/v1/pipelines", headers=headers).status == 401, "a key that was removed")
    half.sendall(body[10:])
    check(half.recv(4096).startswith(b"HTTP/1.1 200 "), "a request that was under way")
    half.close()
    # A pipeline that is wrong is named with its place, and the old one goes on.
    headers = {"Authorization": "Bearer " + STAYS}
    write("ingest.yaml", text + "nonsense: 1\n")
    said = reload(service, "reload_failed")["error"]
    check("ingest.yaml:%d:1: " % (text.count("\n") + 1) in said and "nonsense" in said, said)
    equal(service.post("/v1/ingest/ingest/jobs", [{"id": 70002, "job": "on"}], headers).status, 200, "behind a reload that failed")
    write("ingest.yaml", text.replace("name: ingest", "name: other", 1))
    reload(service)
    equal(service.post("/v1/ingest/ingest/jobs", [{"id": 70003, "job": "on"}], headers).status, 404, "a name that has gone")
    equal(service.post("/v1/ingest/other/jobs", [{"id": 70003, "job": "on"}], headers).status, 200, "a name that has come")
    # What only a restart can change.
    serve_file([copy], False, "limits: { connections: 50, body: 100 }\n")
    said = reload(service, "reload_needs_restart")["settings"]
    equal(said, "limits.connections", "settings that need a restart")
    equal(service.post("/v1/ingest/other/jobs", [{"id": 1, "job": "x" * 200}], headers).status, 413, "a limit that was changed")
    serve_file([copy], False, listen="127.0.0.1:1")
    check("restart" in reload(service, "reload_failed")["error"], "another address")
    os.rename(tmp("serve.yaml"), tmp("away.yaml"))
    check("serve.yaml" in reload(service, "reload_failed")["error"], "a file that is not there")
    equal(sorted(row[0] for row in db.query("select id from jobs where id > 70000")), ["70001", "70002", "70003"], "rows")
    service.stop()


def sessions(kind):
    """A database for whose pipelines nothing has changed keeps its sessions, beside keys and pipelines that come and go; else they are others."""
    db = newdb(kind)
    run(os.path.join(TOP, "pipelines/migrate.yaml"), db=db, cwd=TOP)
    with open(os.path.join(TOP, "pipelines/ingest.yaml")) as source:
        text = source.read().replace("../examples", os.path.join(TOP, "examples"))
    dictionary = tmp("dictionary-%s.yaml" % kind)
    with open(os.path.join(TOP, "examples/hr/datapackage.yaml")) as source:
        words = source.read()
    write(os.path.basename(dictionary), words)
    text = text.replace(os.path.join(TOP, "examples/hr/datapackage.yaml"), dictionary)
    copy, report = write("ingest-%s.yaml" % kind, text), os.path.join(TOP, "pipelines/reports/hires-by-quarter.yaml")
    service = Service([], file=serve_file([copy], False), env={"PENSTOCK_DB": db.connect})
    headers = {"Authorization": "Bearer " + STAYS}
    number = [80000]

    def load(status=200, job="on"):
        number[0] += 1
        equal(service.post("/v1/ingest/ingest/jobs", [{"id": number[0], "job": job}], headers).status, status, "rows")

    def ids():
        # Those of a transaction that is over, and of nobody else: a run's history and this question come and go.
        return {row[0] for row in db.query("select pid from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()"
                                           if kind == "postgresql" else
                                           "select id from information_schema.processlist where db = database() and id <> connection_id()")}

    def behind():
        seen = [ids()]
        wait_until(lambda: seen.append(ids()) or seen[-1] == seen[-2] and seen[-1], 30, "sessions that stay", pause=0.3)
        return seen[-1]

    def kept(what):
        # Another thread may have opened one more, of its own.
        now = behind()
        check(first <= now, "%s: %s of %s" % (what, sorted(first & now), sorted(first)))

    load()
    first = behind()
    serve_file([report, copy], True)
    reload(service)
    load()
    kept("sessions behind a reload that changes nothing of them")
    write("ingest-%s.yaml" % kind, "# nothing else\n" + text.replace("description:", "description: Also", 1))
    reload(service)
    load()
    kept("sessions behind another description")
    # A reload that fails leaves them; what has changed gets new ones, and the rules of now.
    write("ingest-%s.yaml" % kind, text + "nonsense: 1\n")
    reload(service, "reload_failed")
    load()
    kept("sessions behind a reload that failed")
    write("ingest-%s.yaml" % kind, text)
    load(job="x" * 100)
    write(os.path.basename(dictionary), words.replace("maxLength: 255", "maxLength: 50"))
    reload(service)
    load(422, "x" * 100)
    load()
    wait_until(lambda: not ids() & first, 30, "sessions of a dictionary that has changed")
    service.stop()
    wait_until(lambda: not ids(), 30, "the end of all sessions")
    print("%s: %d sessions kept" % (kind, len(first)))


def manager():
    """The service manager is told, in its own protocol."""
    path = tmp("notify")
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    listening.bind(path)
    listening.settimeout(60)

    def told(beginning):
        while True:
            text = listening.recv(4096).decode()
            if text.startswith(beginning):
                return text
            check(text == "WATCHDOG=1", "told %r, wanted %r" % (text, beginning))
    db = newdb("sqlite")
    run(os.path.join(TOP, "pipelines/migrate.yaml"), db=db, cwd=TOP)
    service = Service([], file=serve_file([os.path.join(TOP, "pipelines/ingest.yaml")], True),
                      env={"PENSTOCK_DB": db.connect, "NOTIFY_SOCKET": path, "WATCHDOG_USEC": "400000"})
    told("READY=1\nSTATUS=http://127.0.0.1:%d" % service.port)
    for _ in range(3):
        begun = time.monotonic()
        told("WATCHDOG=1")
        check(time.monotonic() - begun < 10, "the watchdog")
    before = time.monotonic_ns() // 1000
    service.process.send_signal(signal.SIGHUP)
    stamp = int(told("RELOADING=1\nMONOTONIC_USEC=").rsplit("=", 1)[1])
    check(before <= stamp <= time.monotonic_ns() // 1000, "MONOTONIC_USEC")
    told("READY=1\nSTATUS=reloaded")
    write("serve.yaml", "version: 2\n")
    service.process.send_signal(signal.SIGHUP)
    told("RELOADING=1")
    check("serve.yaml:1:" in told("READY=1\nSTATUS=reload failed: "), "the status of a reload that failed")
    service.stop()
    told("STOPPING=1")


def test():
    settings()
    manager()
    for kind in databases():
        if kind != "sqlite":
            sessions(kind)
        storm(kind)


main(test)

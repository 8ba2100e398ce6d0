"""The benchmark of the HTTP service: rows over POST into hr tables, with penstock and with a service of Flask and pyodbc.

wrk posts bodies in which every row has an id of its own (post.lua). After each run the table must hold exactly the acknowledged rows. The
figures are printed and never judged.

usage: http_bench.py          (through run.sh)
SPDX-License-Identifier: Apache-2.0
"""
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.environ["TOP"], "tests/support"))
from harness import TOP, Failed, Server, build_shim, check, equal, main, newdb, penstock, tmp, wait_until
from http_service import Service
from measure import commits_between, flush_time, settings_seen, watch_settings

SECONDS = float(os.environ.get("PENSTOCK_BENCH_SECONDS", 10))  # of each measured run
MINUTE = float(os.environ.get("PENSTOCK_BENCH_MINUTE", 60))    # of each run that looks at memory
LOADS = ((1000, 4), (1, 32))                                   # rows in a body, connections
TAIL = 3                                                       # seconds in which the last answers must have come
DEPARTMENTS, JOBS = 12, 183
THREADS = 2                                                    # of wrk
WORKERS = os.environ.get("PENSTOCK_BENCH_GUNICORN")            # instead of what is sensible

runs = [0]


# --- who is measured ------------------------------------------------------------------------------
class Penstock:
    name = "penstock"
    path = "/v1/ingest/ingest/hired_employees"

    def __init__(self, db, preload=None, env=None):
        extra = dict(env or {}, PENSTOCK_DB=db.connect)
        if preload:
            extra["LD_PRELOAD"] = preload
        self.service = Service(["pipelines/ingest.yaml"], env=extra)
        self.host = "%s:%d" % (self.service.host, self.service.port)

    def processes(self):
        return [self.service.process.pid]

    def stop(self):
        self.service.stop()


class Flask:
    name = "flask"
    path = "/hired_employees"

    def __init__(self, db, preload=None, env=None):
        connect = db.connect
        if db.kind == "sqlite":
            connect += ";FKSupport=1;BigInt=1;LongNames=1;Timeout=30000"
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.host = "127.0.0.1:%d" % port
        extra = dict(os.environ, DATABASE=connect, **(env or {}))
        if preload:
            extra["LD_PRELOAD"] = preload
        # gunicorn's own advice for the number of workers; threads, so that connections stay open between requests.
        words = WORKERS.split() if WORKERS else ["--worker-class", "gthread", "--workers", str(2 * os.cpu_count() + 1), "--threads", "8"]
        self.log = open(tmp("gunicorn.log"), "wb")
        self.process = subprocess.Popen(["gunicorn", "--chdir", TOP + "/tests/bench", "--bind", self.host, "--keep-alive", "75", "--timeout", "120",
                                         "--log-level", "warning", *words, "flask_service:app"], env=extra, stdin=subprocess.DEVNULL,
                                        stdout=self.log, stderr=self.log)
        wait_until(self.answers, 30, "gunicorn to listen")

    def answers(self):
        try:
            socket.create_connection(self.host.split(":"), timeout=1).close()
            return True
        except OSError:
            return False

    def processes(self):
        with open("/proc/%d/task/%d/children" % (self.process.pid, self.process.pid)) as children:
            return [self.process.pid] + [int(pid) for pid in children.read().split()]

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(60)


def prepared(db, settings=False):
    """The tables, made by penstock, with departments and jobs in them."""
    service = Penstock(db)
    if settings and db.kind == "postgresql":
        watch_settings(db, "departments")
    rows = {"departments": [{"id": i, "department": "Department %d" % i} for i in range(1, DEPARTMENTS + 1)],
            "jobs": [{"id": i, "job": "Job %d" % i} for i in range(1, JOBS + 1)]}
    answer = service.service.post("/v1/ingest/ingest", rows)
    equal((answer.status, answer.json()["written"]), (200, DEPARTMENTS + JOBS), "departments and jobs")
    service.stop()
    if settings and db.kind == "postgresql":
        print("  live session: %s" % settings_seen(db))
        db.execute("drop trigger look on departments", "drop function look", "drop table seen")
    return db


# --- measuring ------------------------------------------------------------------------------------
def resident(pids):
    kib = 0
    for pid in pids:
        try:
            with open("/proc/%d/status" % pid) as status:
                kib += int(re.search(r"VmRSS:\s+(\d+)", status.read()).group(1))
        except (OSError, AttributeError):
            pass
    return kib / 1024


class Memory(threading.Thread):
    """Resident memory of some processes, each half second."""

    def __init__(self, pids):
        super().__init__(daemon=True)
        self.pids, self.samples, self.over = pids, [], threading.Event()
        self.start()

    def run(self):
        while not self.over.wait(0.5):
            self.samples.append(resident(self.pids))

    def end(self):
        self.over.set()
        self.join()
        return self.samples or [0]


def post(who, rows, connections, seconds, bad=False):
    """What wrk and its script counted, with the samples of memory."""
    runs[0] += 1
    env = dict(os.environ, BENCH_ROWS=str(rows), BENCH_SECONDS=str(seconds), BENCH_RUN=str(runs[0]), BENCH_PATH=who.path, BENCH_HOST=who.host,
               BENCH_BAD="1" if bad else "")
    memory = Memory(who.processes())
    done = subprocess.run(["wrk", "--threads", str(THREADS), "--connections", str(connections), "--duration", "%ds" % (seconds + TAIL),
                           "--timeout", "60s", "--latency", "--script", TOP + "/tests/bench/post.lua", "http://" + who.host],
                          env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    samples = memory.end()
    found = re.search(r"^result (.*)$", done.stdout, re.M)
    if done.returncode or not found:
        raise Failed("wrk: %s %s" % (done.stdout[-2000:], done.stderr[-2000:]))
    result = json.loads(found.group(1))
    result["memory"] = samples
    return result


def measured(who, db, rows, connections, seconds, bad=False):
    """One run, after which the table holds the acknowledged rows and no other."""
    before = db.count("hired_employees")
    result = post(who, rows, connections, seconds, bad)
    written = db.count("hired_employees") - before
    if result["sent"] == result["answered"] and not result["errors"]:
        equal(written, result["acknowledged"], "%s: rows in the table against those acknowledged" % who.name)
    else:
        check(result["acknowledged"] <= written <= result["sent"] * rows,
              "%s: %d rows acknowledged, %d in the table, %d sent" % (who.name, result["acknowledged"], written, result["sent"] * rows))
        print("    %d requests were left unanswered, %d errors" % (result["sent"] - result["answered"], result["errors"]))
    if result["strange"] and not bad:
        print("    not all were 200: %d of %d; the first: %s" % (result["answered"] - result["good"], result["answered"], result["strange"]))
    return result


def line(what, result, rows, base=None):
    rate = result["answered"] / max(result["seconds"], 0.001)
    ratio = "%6.1f x" % (rate / base) if base else " " * 8
    print("  %-52s %9.0f rows/s %8.0f requests/s %s  p50 %.2f ms, p99 %.2f ms, RSS %.0f MiB" %
          (what, rate * rows, rate, ratio, result["p50_ms"], result["p99_ms"], max(result["memory"])))
    sys.stdout.flush()
    return rate


def load_name(rows, connections):
    return "%s a body, %d connections" % ("%d rows" % rows if rows > 1 else "one row", connections)


def against(new, preload=None, settings=False):
    """penstock and Flask side by side, each load into a new database."""
    for rows, connections in LOADS:
        rates = {}
        for kind in (Flask, Penstock):
            db = prepared(new(), settings)
            settings = False
            who = kind(db, preload)
            try:
                measured(who, db, rows, connections, 1)  # statements prepared, caches warm
                rates[kind] = line("%s, %s" % (kind.name, load_name(rows, connections)), measured(who, db, rows, connections, SECONDS), rows,
                                   rates.get(Flask))
            finally:
                who.stop()
            forget(db)


def forget(db):
    if db.kind == "sqlite":
        os.unlink(db.path)
    else:
        db.session.close()


def refused(new):
    """Rows that are all rejected: each is a row of the reject store."""
    db = prepared(new())
    who = Penstock(db)
    try:
        for rows, connections in LOADS:
            result = measured(who, db, rows, connections, SECONDS / 2, bad=True)
            equal(result["acknowledged"], 0, "rows without a name that were written")
            line("penstock, all rejected, " + load_name(rows, connections), result, rows)
        equal(db.count("penstock_rejects"), int(db.value("select sum(rejected_rows) from penstock_runs")), "rows in the reject store")
    finally:
        who.stop()
    forget(db)


def memory(new):
    for rows, connections in LOADS:
        db = prepared(new())
        who = Penstock(db)
        try:
            result = measured(who, db, rows, connections, MINUTE)
            samples = result["memory"][:int(MINUTE * 2)]
            part = max(1, len(samples) // 6)
            mean = lambda some: sum(some) / len(some)
            print("  %-52s RSS at most %.1f MiB; mean of the second sixth %.1f, of the last %.1f" %
                  ("penstock, %d s, %s" % (MINUTE, load_name(rows, connections)), max(samples), mean(samples[part:2 * part] or samples), mean(samples[-part:])))
            sys.stdout.flush()
        finally:
            who.stop()
        forget(db)


def commits_sqlite():
    """How many rows shared a commit, and the settings of the live session, from what SQLite is told."""
    shim = build_shim("shim_trace")
    for rows, connections in LOADS:
        log = tmp("http.trace")
        if os.path.exists(log):
            os.unlink(log)
        db = prepared(newdb("sqlite"))
        who = Penstock(db, shim, {"SHIM_TRACE_LOG": log})
        try:
            result = measured(who, db, rows, connections, 2)
        finally:
            who.stop()
        with open(log, errors="replace") as file:
            text = file.read()
        commits = len(re.findall(r"^sql\s+(?:commit|end)\b", text, re.M | re.I))
        if rows > 1:
            print("  live session: %s" % ", ".join(sorted(set(re.findall(r"^setting (.*)$", text, re.M)))))
        print("  %s: %.0f rows a commit" % (load_name(rows, connections), result["acknowledged"] / max(1, commits)))
        forget(db)


def commits_postgresql(server):
    for rows, connections in LOADS:
        db = prepared(server.newdb())
        who = Penstock(db)
        try:
            first = db.value("select pg_current_wal_insert_lsn()")
            result = measured(who, db, rows, connections, 1)
            commits = commits_between(server, first, db.value("select pg_current_wal_flush_lsn()"))
        finally:
            who.stop()
        if commits:
            print("  %s: %.0f rows a commit" % (load_name(rows, connections), result["acknowledged"] / commits))
        forget(db)


def test():
    print("%s, over HTTP; %d processors, load %.2f; each run %.0f s; %s" %
          (penstock("version").out.splitlines()[0], os.cpu_count(), os.getloadavg()[0], SECONDS, tmp()))
    print("median of 200 fdatasync: %.2f ms" % flush_time(tmp()))
    print("over HTTP into SQLite")
    commits_sqlite()
    against(lambda: newdb("sqlite"))
    refused(lambda: newdb("sqlite"))
    memory(lambda: newdb("sqlite"))
    server = Server(tmp("server"))
    server.start()
    try:
        print("over HTTP into PostgreSQL")
        commits_postgresql(server)
        against(server.newdb, settings=True)
        refused(server.newdb)
        memory(server.newdb)
    finally:
        server.stop()
    # The same on a disk that takes 5 ms longer for each flush, on both sides.
    shim = build_shim("shim_slow")
    print("over HTTP into SQLite, each flush 5 ms longer")
    against(lambda: newdb("sqlite"), shim)
    server = Server(tmp("slow"))
    server.start()
    server.stop()
    server.start(preload=shim)
    try:
        print("over HTTP into PostgreSQL, each flush 5 ms longer")
        against(server.newdb)
    finally:
        server.stop()
    print("load at the end: %.2f" % os.getloadavg()[0])


if __name__ == "__main__":
    main(test)

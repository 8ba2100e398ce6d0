"""usage: metrics.py

SPDX-License-Identifier: Apache-2.0
"""
import json
import os
import re
import shutil
import stat
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.environ["TOP"], "tests/support"))
from harness import FULL, TOP, check, equal, main, newdb, penstock, tmp, wait_until
from http_service import Service, key_line

MIGRATE, INGEST = os.path.join(TOP, "pipelines/migrate.yaml"), os.path.join(TOP, "pipelines/ingest.yaml")
READ = {"departments": 8, "jobs": 40, "hired_employees": 500}     # of examples/hr/data, by its README
LINE = re.compile(r'^([a-z_]+)(?:\{(.*)\})? ([0-9.e+-]+|\+Inf)$')
LABEL = re.compile(r'([a-z_]+)="((?:[^"\\]|\\.)*)"')


def expected():
    """examples/hr/data/expected.txt, which the generator of the data wrote."""
    counts = {}
    with open(os.path.join(TOP, "examples/hr/data/expected.txt")) as source:
        for line in source:
            if line.startswith("count "):
                name, value = line.split()[1:]
                counts[tuple(name.split("."))] = int(value)
    return counts


def parse(text):
    found = {}
    for line in text.splitlines():
        if line.startswith("#"):
            check(re.match(r"^# (HELP penstock_[a-z_]+ .+|TYPE penstock_[a-z_]+ (counter|gauge|histogram))$", line), line)
            continue
        match = LINE.match(line)
        check(match, "no line of metrics: %r" % line)
        labels = dict(LABEL.findall(match.group(2) or ""))
        key = (match.group(1), tuple(sorted(labels.items())))
        check(key not in found, "twice: %s" % (key,))
        found[key] = float(match.group(3))
    return found


def value(found, name, **labels):
    return found.get((name, tuple(sorted(labels.items()))))


def promtool(text, what):
    tool = shutil.which("promtool")
    if not tool:
        print("promtool is not here: its check was left out")
        return
    said = subprocess.run([tool, "check", "metrics"], input=text, capture_output=True, text=True)
    check(said.returncode == 0 and not said.stdout + said.stderr, "promtool on %s: %s%s" % (what, said.stdout, said.stderr))


def finished(service, answer):
    where = answer.headers["location"]
    wait_until(lambda: service.ask("GET", where).json()["status"] != "running", 60, "the run")
    return service.ask("GET", where).json()


def of_the_service():
    db, counts = newdb("sqlite"), expected()
    service = Service([MIGRATE, INGEST], env={"PENSTOCK_DB": db.connect})
    first = service.ask("GET", "/metrics")
    equal(first.status, 200, "metrics")
    equal(first.headers["content-type"], "text/plain; version=0.0.4; charset=utf-8", "type")
    found = parse(first.body.decode())
    equal(value(found, "penstock_runs_total", pipeline="migrate", status="succeeded"), 0, "before any run")
    equal(value(found, "penstock_last_success_timestamp_seconds", pipeline="migrate"), None, "never succeeded")
    begun = time.time()
    equal(finished(service, service.post("/v1/pipelines/migrate/runs", {}))["status"], "succeeded", "run")
    body = {"departments": [[900, "a"], [901, "b"], ["x", "c"]], "jobs": [[900, ""]]}
    equal(service.post("/v1/ingest/ingest", body, {"Idempotency-Key": "k"}).status, 200, "ingest")
    equal(service.post("/v1/ingest/ingest", body, {"Idempotency-Key": "k"}).headers["idempotency-replayed"], "true", "the same again")
    equal(service.ask("GET", "/no/such/place").status, 404, "nowhere")
    text = service.ask("GET", "/metrics").body.decode()
    promtool(text, "/metrics")
    found = parse(text)
    for table in READ:
        for outcome in ("read", "written", "rejected"):
            equal(value(found, "penstock_rows_total", pipeline="migrate", table=table, outcome=outcome), counts[(table, outcome)], "%s %s" % (table, outcome))
    for name, outcome, wanted in (("departments", "read", 3), ("departments", "written", 2), ("departments", "rejected", 1), ("jobs", "rejected", 1)):
        equal(value(found, "penstock_rows_total", pipeline="ingest", table=name, outcome=outcome), wanted, "ingest %s %s" % (name, outcome))
    equal(value(found, "penstock_rejects_total", pipeline="ingest", rule="departments.id.type"), 1, "rule")
    equal(value(found, "penstock_rejects_total", pipeline="ingest", rule="jobs.job.required"), 1, "rule")
    equal(sum(number for (name, labels), number in found.items() if name == "penstock_rejects_total" and ("pipeline", "migrate") in labels),
          sum(counts[(table, "rejected")] for table in READ), "rejects by rule")
    equal(value(found, "penstock_runs_total", pipeline="migrate", status="succeeded"), 1, "runs")
    check(begun - 1 <= value(found, "penstock_last_success_timestamp_seconds", pipeline="migrate") <= time.time(), "last success")
    equal(value(found, "penstock_run_duration_seconds_count", pipeline="migrate"), 1, "duration")
    equal(value(found, "penstock_run_duration_seconds_bucket", pipeline="migrate", le="+Inf"), 1, "duration")
    equal(value(found, "penstock_http_requests_total", method="POST", route="/v1/ingest/{pipeline}", status="200"), 2, "requests")
    equal(value(found, "penstock_http_requests_total", method="", route="", status="404"), 1, "requests to nowhere")
    equal(value(found, "penstock_http_request_duration_seconds_count", route="/v1/ingest/{pipeline}"), 2, "durations")
    equal(value(found, "penstock_http_requests_in_flight"), 1, "this one")
    check(2 ** 20 < value(found, "penstock_process_resident_memory_bytes") < 2 ** 29, "memory")
    buckets = [(float(dict(labels)["le"]), number) for (name, labels), number in found.items()
               if name == "penstock_http_request_duration_seconds_bucket" and ("route", "/v1/ingest/{pipeline}") in labels]
    equal([number for _, number in sorted(buckets)], sorted(number for _, number in buckets), "buckets add up")
    service.stop()
    # A service that is started again knows from the history when the pipeline succeeded.
    service = Service([MIGRATE], env={"PENSTOCK_DB": db.connect}, name="again")
    found = parse(service.ask("GET", "/metrics").body.decode())
    check(begun - 1 <= value(found, "penstock_last_success_timestamp_seconds", pipeline="migrate") <= time.time(), "last success of an earlier service")
    service.stop()


def keys():
    service = Service([MIGRATE], "keys:\n" + key_line("watch", "pk_watch", ["read:none"]), {"PENSTOCK_DB": newdb("sqlite").connect}, name="keys")
    equal(service.ask("GET", "/metrics").status, 401, "without a key")
    equal(service.ask("GET", "/metrics", headers={"Authorization": "Bearer pk_watch"}).status, 200, "any key")
    service.stop()


def many_series():
    """Paths and methods that scanners make up are one series."""
    service = Service([MIGRATE], env={"PENSTOCK_DB": newdb("sqlite").connect}, name="many")
    for number in range(300):
        service.ask("GET", "/%d" % number)
    text = service.ask("GET", "/metrics").body.decode()
    equal(value(parse(text), "penstock_http_requests_total", method="", route="", status="404"), 300, "made up paths")
    check(len(text) < 20000, "%d bytes" % len(text))
    service.stop()


def of_a_run():
    db, path, counts = newdb("sqlite"), tmp("migrate.prom"), expected()
    begun = time.time()
    done = penstock("run", MIGRATE, "--quiet", "--metrics-file", path, db=db)
    equal(done.code, 0, done.err)
    with open(path) as source:
        text = source.read()
    promtool(text, "the file of a run")
    found = parse(text)
    for table in READ:
        for outcome in ("read", "written", "rejected"):
            equal(value(found, "penstock_run_rows", pipeline="migrate", step=table, table=table, outcome=outcome), counts[(table, outcome)], table + outcome)
    success = value(found, "penstock_last_success_timestamp_seconds", pipeline="migrate")
    check(begun - 1 <= success <= time.time() and value(found, "penstock_run_exit_code", pipeline="migrate") == 0, text)
    time.sleep(1.1)
    equal(penstock("run", MIGRATE, "--quiet", "--metrics-file", path, "--set", "data=" + tmp("nowhere"), db=db).code, 4, "a run that fails")
    with open(path) as source:
        found = parse(source.read())
    equal(value(found, "penstock_run_exit_code", pipeline="migrate"), 4, "exit code")
    equal(value(found, "penstock_last_success_timestamp_seconds", pipeline="migrate"), success, "the last success is that before")
    # Several files of one machine go to one collector, which takes no series twice.
    other = tmp("backup.prom")
    equal(penstock("run", os.path.join(TOP, "pipelines/backup.yaml"), "--quiet", "--metrics-file", other, "--set", "folder=" + tmp("backups"), db=db).code, 0, "backup")
    with open(path) as one, open(other) as two:
        parse(one.read() + two.read())
    done = penstock("run", MIGRATE, "--quiet", "--metrics-file", tmp("no/such/folder/x.prom"), db=db)
    check(done.code == 5 and "x.prom" in done.err, "%d %s" % (done.code, done.err))
    # A pipe is neither waited for nor replaced.
    os.mkfifo(tmp("pipe.prom"))
    done = penstock("run", MIGRATE, "--quiet", "--metrics-file", tmp("pipe.prom"), "--set", "data=" + tmp("nowhere"), db=db, timeout=60)
    check(done.code == 4 and "pipe.prom" in done.err and stat.S_ISFIFO(os.stat(tmp("pipe.prom")).st_mode), "%d %s" % (done.code, done.err))
    before = os.stat(path).st_mtime_ns
    equal(penstock("run", MIGRATE, "--quiet", "--dry-run", "--metrics-file", path, db=db).code, 0, "dry run")
    equal(os.stat(path).st_mtime_ns, before, "a dry run leaves the file alone")


def metrics():
    of_a_run()
    of_the_service()
    keys()
    many_series()


main(metrics)

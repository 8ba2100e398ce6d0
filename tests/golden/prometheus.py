"""usage: prometheus.py

What is expected of the dashboard (examples/grafana) and of the alerts (examples/prometheus) says Prometheus, which scrapes the service each second.
SPDX-License-Identifier: Apache-2.0
"""
import atexit
import json
import os
import re
import socket
import subprocess
import sys
import time
import urllib.parse
import urllib.request

sys.path.insert(0, os.path.join(os.environ["TOP"], "tests/support"))
from harness import TOP, check, equal, fail, main, newdb, tmp, wait_until
from http_service import Service

RULES = os.path.join(TOP, "examples/prometheus/penstock-rules.yml")
DASHBOARD = os.path.join(TOP, "examples/grafana/penstock.json")
# What Grafana would put in: everything, and a minute for every range.
VARIABLES = {"$instance": ".*", "$pipeline": ".*", "$__rate_interval": "1m", "$__range": "1m"}


def free_port():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


class Prometheus:
    def __init__(self, target):
        self.port, config = free_port(), tmp("prometheus.yml")
        with open(config, "w") as out:
            out.write("global: { scrape_interval: 1s, evaluation_interval: 1s }\nrule_files: [%s]\n"
                      "scrape_configs: [{ job_name: penstock, static_configs: [{ targets: ['%s'] }] }]\n" % (RULES, target))
        self.log = open(tmp("prometheus.log"), "w")
        self.process = subprocess.Popen(["prometheus", "--config.file=" + config, "--storage.tsdb.path=" + tmp("tsdb"), "--log.level=warn",
                                         "--web.listen-address=127.0.0.1:%d" % self.port], stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log)
        atexit.register(self.end)
        wait_until(self.ready, 60, "Prometheus")

    def end(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def get(self, path, **query):
        address = "http://127.0.0.1:%d%s?%s" % (self.port, path, urllib.parse.urlencode(query))
        try:
            with urllib.request.urlopen(address, timeout=30) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as bad:
            fail("%s: %s" % (query, bad.read().decode()))

    def ready(self):
        if self.process.poll() is not None:
            with open(tmp("prometheus.log")) as log:
                fail("Prometheus ended: " + log.read())
        try:
            with urllib.request.urlopen("http://127.0.0.1:%d/-/ready" % self.port, timeout=5) as answer:
                return answer.status == 200
        except OSError:
            return False

    def query(self, expression):
        """[(labels, value)]"""
        answer = self.get("/api/v1/query", query=expression)
        equal(answer["status"], "success", expression)
        return [(row["metric"], float(row["value"][1])) for row in answer["data"]["result"]]

    def value(self, expression):
        rows = self.query(expression)
        return rows[0][1] if rows else None


def panels(found, under):
    for panel in under:
        for target in panel.get("targets", []):
            found.append((panel["title"], target["expr"]))
        panels(found, panel.get("panels", []))
    return found


def filled(expression):
    for name in sorted(VARIABLES, key=len, reverse=True):
        expression = expression.replace(name, VARIABLES[name])
    return expression


def the_dashboard(watch):
    with open(DASHBOARD) as source:
        board = json.load(source)
    queries = panels([], board["panels"])
    check(len(queries) >= 20, "%d queries in the dashboard" % len(queries))
    empty = []
    for title, expression in queries:
        rows = watch.query(filled(expression))
        if not rows or all(value != value for _, value in rows):
            empty.append("%s: %s" % (title, expression))
    check(not empty, "no data for\n" + "\n".join(empty))
    # What the variables are made of, too.
    for name, label in (("penstock_build_info", "instance"), ("penstock_runs_total", "pipeline")):
        check(label in watch.query(name)[0][0], "%s has no label %s" % (name, label))
        check(any("label_values(" + name in entry.get("definition", "") for entry in board["templating"]["list"]), name)
    print("%d queries of the dashboard have data" % len(queries))


def the_alerts(watch):
    """Each metric of each alert is there, with the labels that stand beside it; a comparison alone may be without a result."""
    groups = watch.get("/api/v1/rules")["data"]["groups"]
    rules = [rule for group in groups for rule in group["rules"]]
    with open(RULES) as source:
        equal(len(rules), source.read().count("- alert:"), "alerts that Prometheus has read")
    for rule in rules:
        wait_until(lambda: next(now for group in watch.get("/api/v1/rules")["data"]["groups"] for now in group["rules"]
                                if now["name"] == rule["name"])["health"] == "ok", 30, rule["name"])
        for name, labels in re.findall(r"(penstock_[a-z_]+|\bup)(?:\{([^}]*)\})?", rule["query"]):
            wanted = re.findall(r"(\w+)[!=]", labels)
            rows = watch.query(name)
            check(rows, "%s: there is no %s" % (rule["name"], name))
            check(all(label in rows[0][0] for label in wanted), "%s: %s has not the labels %s" % (rule["name"], name, wanted))


def firing(watch):
    return {(alert["labels"]["alertname"], alert["labels"].get("pipeline"), alert["labels"].get("table"))
            for alert in watch.get("/api/v1/alerts")["data"]["alerts"] if alert["state"] == "firing"}


def ended(service, answer):
    equal(answer.status, 202, "a run: %r" % answer.body)
    where = answer.headers["location"]
    wait_until(lambda: service.ask("GET", where).json()["status"] != "running", 60, "the run")


def prometheus():
    db = newdb("sqlite")
    failing = tmp("failing.yaml")
    with open(failing, "w") as out:
        out.write("""version: 1
dictionary: %s
connections: { db: { type: odbc, connect: "${PENSTOCK_DB}" } }
schedule: { cron: "@yearly" }
source: { type: csv, path: %s, header: false }
sink: { type: odbc, connection: db, table: departments, create: true }
""" % (os.path.join(TOP, "examples/hr/datapackage.yaml"), tmp("absent.csv")))
    service = Service(["pipelines/migrate.yaml", "pipelines/ingest.yaml", failing], env={"PENSTOCK_DB": db.connect})
    watch = Prometheus("127.0.0.1:%d" % service.port)
    wait_until(lambda: watch.value("up") == 1, 30, "the first scrape")
    before = watch.query("scrape_samples_scraped")[0][1]
    # The very first run, request and reject of the service are an increase, as nothing begins with them.
    ended(service, service.post("/v1/pipelines/migrate/runs", {}))
    ended(service, service.post("/v1/pipelines/failing/runs", {}))
    equal(service.post("/v1/ingest/ingest", {"departments": [[900, "a"], ["x", "b"]]}).status, 200, "ingest")
    wait_until(lambda: (watch.value('penstock_runs_total{pipeline="failing", status="failed"}') or 0) == 1 and
               (watch.value('penstock_rows_total{pipeline="ingest", outcome="rejected", table="departments"}') or 0) == 1, 30, "the figures")
    time.sleep(3)  # two scrapes more for what is a rate
    for what, expression in (("a run", 'increase(penstock_runs_total{pipeline="migrate", status="succeeded"}[1m])'),
                             ("its duration", 'increase(penstock_run_duration_seconds_count{pipeline="migrate"}[1m])'),
                             ("its rows", 'increase(penstock_rows_total{pipeline="migrate", table="hired_employees", outcome="read"}[1m])'),
                             ("its rejects", 'sum(increase(penstock_rejects_total{pipeline="migrate"}[1m]))'),
                             ("rows of a request", 'increase(penstock_rows_total{pipeline="ingest", table="departments", outcome="rejected"}[1m])'),
                             ("rejects of a request", 'increase(penstock_rejects_total{pipeline="ingest", rule="departments.id.type"}[1m])')):
        check((watch.value(expression) or 0) > 0, "%s, the first of the service, is no increase: %s" % (what, expression))
    the_dashboard(watch)
    the_alerts(watch)
    # 39 of 500 records, by the README of the sample; 1 of 2 of the request.
    wanted = {("PenstockRunFailed", "failing", None), ("PenstockManyRejects", "migrate", "hired_employees"), ("PenstockManyRejects", "ingest", "departments")}
    wait_until(lambda: firing(watch) >= wanted, 30, "the alerts")
    equal(firing(watch), wanted, "alerts that fire")
    after = watch.query("scrape_samples_scraped")[0][1]
    print("%d series before the first run, %d after" % (before, after))
    service.stop()
    wait_until(lambda: watch.value("up") == 0, 30, "a service that is gone")


main(prometheus)

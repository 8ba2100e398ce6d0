"""usage: scheduled.py

SPDX-License-Identifier: Apache-2.0
"""
import http.server
import json
import os
import re
import signal
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.environ["TOP"], "tests/support"))
from harness import TOP, build_shim, check, databases, equal, main, newdb, penstock, run, start, tmp, wait_until
from http_service import Service


def write(name, text):
    with open(tmp(name), "w") as out:
        out.write(text)
    return tmp(name)


def copy_of(pipeline, name, schedule, **changes):
    with open(os.path.join(TOP, "pipelines", pipeline)) as source:
        lines = [line for line in source.read().splitlines() if not line.startswith("schedule:")]
    text = "\n".join(lines).replace("../examples", os.path.join(TOP, "examples")) + "\nschedule: " + schedule + "\n"
    for old, new in changes.items():
        check(old in text, old)
        text = text.replace(old, new)
    return write(name, text)


def events(service, name):
    return [line.get("pipeline") or line.get("run") for line in service.lines() if line.get("event") == name]


def runs(db, pipeline):
    done = penstock("runs", "list", "--json", "--pipeline", pipeline, "--state", "env:PENSTOCK_DB", db=db)
    equal(done.code, 0, done.err)
    return [json.loads(line) for line in done.out.splitlines()]


def by_the_clock():
    """No shim: the next minute of the real clock."""
    db, folder = newdb("sqlite"), tmp("backups")
    equal(run(os.path.join(TOP, "pipelines/migrate.yaml"), db=db).json["written"], 509, "rows of the sample")  # 8 + 40 + 461, by its README
    path = copy_of("backup.yaml", "backup.yaml", '{ cron: "* * * * *" }', **{"default: backups": "default: " + folder})
    begun = time.time()
    service = Service([path], env={"PENSTOCK_DB": db.connect})
    listed = service.ask("GET", "/v1/pipelines").json()["pipelines"][0]["schedule"]
    equal((listed["cron"], listed["timezone"]), ("* * * * *", "UTC"), "schedule in /v1/pipelines")
    check(listed["next_run_at"] == time.strftime("%Y-%m-%dT%H:%M:00Z", time.gmtime(int(begun) // 60 * 60 + 60)), listed)
    wait_until(lambda: events(service, "run_finished"), 90, "the backup of the next minute")
    took = time.time() - begun
    check(took > 60 - begun % 60 - 0.1, "it came after %.1f s" % took)
    asked = service.post("/v1/pipelines/backup/runs", {})
    equal(asked.status, 202, "by a request")
    wait_until(lambda: service.ask("GET", asked.headers["location"]).json()["status"] != "running", 60, "the backup that was asked for")
    service.stop()
    entries = [os.path.join(folder, name) for name in os.listdir(folder) if not name.startswith(".")]
    check(len(entries) >= 2, "backups: %s" % entries)  # a third where that took until the next minute
    for entry in entries:
        done = penstock("verify", "--restore", entry)
        equal(done.code, 0, done.err)
    # The same by hand is the same in the history: whoever started it, only ids and times differ.
    equal(run(path, db=db).json["written"], 509, "by hand")
    rows = runs(db, "backup")
    equal(len(rows), len(entries) + 1, "runs")
    for row in rows:
        shown = penstock("runs", "show", "--json", row["run_id"], "--state", "env:PENSTOCK_DB", db=db)
        equal(shown.code, 0, shown.err)
        row["show"] = json.loads(shown.out)
    equal([without_times(row) for row in rows], [without_times(rows[0])] * len(rows), "runs by hand, by a request and by the schedule")


def without_times(value):
    if isinstance(value, dict):
        return {key: without_times(each) for key, each in value.items() if key not in ("run_id", "started_at", "finished_at", "duration_s")}
    return [without_times(each) for each in value] if isinstance(value, list) else value


class Slow(http.server.BaseHTTPRequestHandler):
    """A source whose one page takes as long as the test wants."""
    gate = threading.Event()
    asked = 0

    def do_GET(self):
        Slow.asked += 1
        Slow.gate.wait(60)
        body = b'[{"id": %d, "department": "d%d"}]' % (Slow.asked, Slow.asked)
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self):
        Slow.posted.append((self.path, self.headers["Content-Type"], self.rfile.read(int(self.headers["Content-Length"]))))
        if self.path == "/hangs":
            Slow.hang.wait(300)
        self.send_response(204)
        self.end_headers()

    posted, hang = [], None

    def log_message(self, *_):
        pass


class Clock:
    """The clock of a service, which the test sets."""

    def __init__(self):
        self.flag, self.ahead = tmp("ahead"), 0
        # Half a minute is left: what comes, comes because the test says so.
        self.move(30 - time.time() % 60 + 60)

    def move(self, seconds):
        self.ahead += int(seconds)
        with open(self.flag + ".new", "w") as out:
            out.write("%d" % self.ahead)
        os.rename(self.flag + ".new", self.flag)

    def env(self, db):
        return {"PENSTOCK_DB": db.connect, "LD_PRELOAD": build_shim("shim_clock"), "SHIM_CLOCK_FLAG": self.flag}


def slow_pipeline(name, port, schedule):
    return write(name + ".yaml", """version: 1
dictionary: %s
schedule: %s
connections: { db: { type: odbc, connect: "${PENSTOCK_DB}" } }
source: { type: http, url: "http://127.0.0.1:%d/rows", allow_private: true }
sink: { type: odbc, connection: db, table: departments, create: true }
""" % (os.path.join(TOP, "examples/hr/datapackage.yaml"), schedule, port))


def counted(service):
    """penstock_schedule_total of its one pipeline."""
    return {name: int(count) for name, count in re.findall(r'^penstock_schedule_total\{.*event="(\w+)"\} (\d+)$', service.ask("GET", "/metrics").body.decode(), re.M)}


def overlap(port):
    for kind, wanted in (("skip", 1), ("queue", 2)):
        db, clock = newdb("sqlite"), Clock()
        Slow.gate.clear()
        Slow.asked = 0
        service = Service([slow_pipeline("slow_" + kind, port, '{ cron: "* * * * *", overlap: %s }' % kind)], env=clock.env(db), name=kind)
        clock.move(60)
        wait_until(lambda: Slow.asked == 1, 30, "the first run")
        for number in (1, 2):
            clock.move(60)
            wait_until(lambda: len(events(service, "schedule_skipped")) + len(events(service, "schedule_queued")) == number, 30, "time %d during a run" % number)
        equal(len(events(service, "schedule_queued")), wanted - 1, "queued")
        Slow.gate.set()
        wait_until(lambda: len(events(service, "run_finished")) == wanted, 30, "%d runs" % wanted)
        time.sleep(2.5)
        equal((Slow.asked, len(events(service, "schedule_started"))), (wanted, wanted), "runs with overlap: " + kind)
        equal(counted(service), {"started": wanted, "skipped": 3 - wanted, "queued": wanted - 1, "missed": 0, "failed": 0}, "in the metrics")
        service.stop()
        equal([row["status"] for row in runs(db, "slow_" + kind)], ["succeeded"] * wanted, "history")


def missed(port):
    Slow.gate.set()
    for kind, wanted in (("skip", 0), ("run_once", 1)):
        db, clock = newdb("sqlite"), Clock()
        path = slow_pipeline("missed_" + kind, port, '{ cron: "0 * * * *", missed: %s }' % kind)
        service = Service([path], env=clock.env(db), name="none_" + kind)  # never ran: nothing was missed
        time.sleep(1.5)
        service.stop()
        equal(len(events(service, "schedule_started")), 0, "a first start")
        equal(run(path, db=db).json["written"], 1, "by hand")
        clock.move(3 * 3600)  # three of its times pass while nobody is there
        taken = write("taken.yaml", "version: 1\nlisten: 127.0.0.1:%d\npipelines: [%s]\n" % (port, path))
        done = penstock("serve", taken, db=db, env=clock.env(db))
        check(done.code == 5 and "Address already in use" in done.err and "schedule_" not in done.err, "a service that cannot listen: %d %s" % (done.code, done.err))
        equal(len(runs(db, "missed_" + kind)), 1, "it has begun no run")
        service = Service([path], env=clock.env(db), name="gone_" + kind)
        wait_until(lambda: len(events(service, "run_finished")) == wanted, 30, "made up for")
        time.sleep(1.5)
        equal((len(events(service, "schedule_started")), len(events(service, "schedule_missed"))), (wanted, wanted), "after hours away: " + kind)
        clock.move(2 * 3600)  # and two while the machine sleeps
        wait_until(lambda: len(events(service, "schedule_missed")) == wanted + 1, 30, "a machine that slept")
        wait_until(lambda: len(events(service, "run_finished")) == 2 * wanted, 30, "made up for again")
        clock.move(-600)  # somebody sets it back: nothing comes again
        time.sleep(2.5)
        equal(len(events(service, "schedule_started")), 2 * wanted, "a clock set back")
        equal(counted(service), {"started": 2 * wanted, "skipped": 0, "queued": 0, "missed": wanted + 1, "failed": 0}, "in the metrics")
        service.stop()


def told(port):
    """on_failure: by a command and by an address; from the service and from the command line."""
    db, clock, out = newdb("sqlite"), Clock(), tmp("told.json")
    Slow.posted = []
    base = """version: 1
dictionary: %s
connections: { db: { type: odbc, connect: "${PENSTOCK_DB}" } }
schedule: { cron: "* * * * *" }
source: { type: csv, path: "%s" }
sink: { type: odbc, connection: db, table: departments, create: true }
on_failure: """ % (os.path.join(TOP, "examples/hr/datapackage.yaml"), tmp("absent.csv"))
    command = write("by_command.yaml", base + '{ command: [sh, -c, \'cat >"$0"; echo heard; echo also >&2\', "%s"] }\n' % out)
    address = write("by_address.yaml", base + '{ url: "http://127.0.0.1:%d/hook?token=only-for-them" }\n' % port)
    done = penstock("run", command, "--json", db=db)
    equal(done.code, 4, done.err)
    with open(out) as heard:
        equal(json.load(heard), json.loads(done.out), "what the command heard")
    check("heard" in done.err and "also" in done.err, "its output goes to standard error: %r" % done.err)
    os.unlink(out)
    equal(penstock("run", command, "--dry-run", db=db).code, 4, "a dry run")
    check(not os.path.exists(out), "a dry run is not told")
    service = Service([command, address], env=clock.env(db), name="told")
    clock.move(60)
    wait_until(lambda: os.path.exists(out) and os.path.getsize(out) and Slow.posted, 30, "both are told")
    wait_until(lambda: events(service, "failure_said"), 30, "what the command printed")
    service.stop()
    with open(out) as heard:
        equal(json.load(heard)["exit_code"], 4, "of the service")
    check(events(service, "failure_said")[0].endswith(": heard\nalso"), "what the command printed: %r" % events(service, "failure_said"))
    equal([line for line in service.text().splitlines() if not line.startswith("{")], [], "lines of the log that are no JSON")
    path, kind, body = Slow.posted[0]
    equal((path, kind, json.loads(body)["pipeline"]), ("/hook?token=only-for-them", "application/json", "by_address"), "the address")
    for what, text, message in (
            ("exit", '{ command: [sh, -c, "exit 3"] }', "\"sh\" ended with exit code 3"), ("signal", "{ command: [sh, -c, 'kill -9 $$'] }", "died of signal 9"),
            ("slow", '{ command: [sleep, "60"], timeout: 300ms }', "it took longer than its timeout"), ("absent", "{ command: [/no/such/program] }", "cannot run"),
            ("gone", '{ url: "http://127.0.0.1:9/x?token=only-for-them", timeout: 5s }', "cannot reach 127.0.0.1")):
        done = penstock("run", write(what + ".yaml", base + text + "\n"), db=db)
        check(done.code == 4 and message in done.err and "only-for-them" not in done.err, "%s: %d %s" % (what, done.code, done.err))


def unruly():
    """A command that prints megabytes, and hangs with a child that does not want to end: the log stays JSON, nothing of it stays, and it holds no session."""
    for kind in databases():
        db, out = newdb(kind), tmp("unruly_" + kind)
        path = write("unruly_%s.yaml" % kind, """version: 1
dictionary: %s
connections: { db: { type: odbc, connect: "${PENSTOCK_DB}" } }
source: { type: csv, path: "%s" }
sink: { type: odbc, connection: db, table: departments, create: true }
on_failure:
  timeout: 2s
  command: [sh, -c, 'echo begun; head -c 3000000 /dev/zero | tr "\\0" x; (trap "" TERM; sleep 300; sleep 300) & echo $$ >"$0"; ls -l /proc/$$/fd >&2; ls -l /proc/$$/fd >"$0.files"; wait', "%s"]
""" % (os.path.join(TOP, "examples/hr/datapackage.yaml"), tmp("absent.csv"), out))
        service = Service([path, os.path.join(TOP, "pipelines/ingest.yaml")], env={"PENSTOCK_DB": db.connect}, name="serves_" + kind)
        equal(service.post("/v1/ingest/ingest/departments", [{"id": 1, "department": "one"}]).status, 200, "rows")
        equal(service.post("/v1/pipelines/unruly_%s/runs" % kind, {}).status, 202, "a run")
        wait_until(lambda: events(service, "failure_untold"), 30, "its end")
        with open(out + ".files") as files:
            held = re.findall(r" (\d+) -> (.*)", files.read())
        equal([name for number, name in held if "socket:" in name or "psqlodbc" in name], [], "%s: files of ours that it holds: %s" % (kind, held))
        with open(out) as source:
            number = int(source.read())
        check(not os.path.exists("/proc/%d" % number), "the command is there")
        wait_until(lambda: not group(number), 5, "the end of what it began")
        service.stop()
        said = events(service, "failure_said")
        check(len(said) == 1 and ": begun\nxxx" in said[0] and len(said[0]) < 2000, "what it printed: %s" % said)
        equal([line[:80] for line in service.text().splitlines() if not line.startswith("{")], [], "lines of the log that are no JSON")


def group(number):
    """True while a process of that group goes on."""
    for name in os.listdir("/proc"):
        try:
            with open("/proc/%s/stat" % name) as stat:
                state, _, of = stat.read().rsplit(") ", 1)[1].split()[:3]
            if int(of) == number and state != "Z":
                return True
        except (OSError, ValueError):
            pass
    return False


def full():
    """Where there is no room for a file, somebody is told all the same."""
    db, out = newdb("sqlite"), tmp("full.json")
    path = write("full.yaml", """version: 1
dictionary: %s
connections: { db: { type: odbc, connect: "${PENSTOCK_DB}" } }
source: { type: csv, path: "%s" }
sink: { type: odbc, connection: db, table: departments, create: true }
on_failure: { command: [sh, -c, 'cat >"$0"', "%s"] }
""" % (os.path.join(TOP, "examples/hr/datapackage.yaml"), tmp("absent.csv"), out))
    service = Service([path], env={"PENSTOCK_DB": db.connect, "TMPDIR": tmp("no/such/folder")}, name="serves_full")
    equal(service.post("/v1/pipelines/full/runs", {}).status, 202, "a run")
    wait_until(lambda: os.path.exists(out) and os.path.getsize(out), 30, "the command")
    service.stop()


def changed(port):
    """A schedule that a reload changes: the old one comes no more, the new one does, and a run that goes on goes on; what is wrong changes nothing."""
    db, clock = newdb("sqlite"), Clock()
    Slow.gate.clear()
    Slow.asked = 0

    def now():
        return int(time.time()) + clock.ahead

    def at(minutes):
        """The minute of an hour that is so many minutes from when this began."""
        return (begun // 60 + minutes) % 60

    def listed():
        entry = service.ask("GET", "/v1/pipelines").json()["pipelines"][0]
        return entry["schedule"] and entry["schedule"]["next_run_at"]

    def moment(minutes):
        return time.strftime("%Y-%m-%dT%H:%M:00Z", time.gmtime(begun // 60 * 60 + 60 * minutes))

    def reload(schedule, event="reloaded"):
        path = slow_pipeline("moves.new", port, schedule) if schedule else write("moves.new.yaml", "".join(
            line for line in open(tmp("moves.yaml")) if not line.startswith("schedule:")))
        os.rename(path, tmp("moves.yaml"))
        before = [line for line in service.lines() if line.get("event") == event]
        service.process.send_signal(signal.SIGHUP)
        wait_until(lambda: len([line for line in service.lines() if line.get("event") == event]) > len(before), 30, event)
        return [line for line in service.lines() if line.get("event") == event][-1]

    begun = now()
    service = Service([slow_pipeline("moves", port, '{ cron: "%d * * * *" }' % at(2))], env=clock.env(db), name="moving")
    equal(listed(), moment(2), "the first schedule")
    reload('{ cron: "%d * * * *" }' % at(4))
    equal(listed(), moment(4), "the second schedule")
    clock.move(120)  # the time of the first
    time.sleep(2.5)
    equal((events(service, "schedule_started"), Slow.asked), ([], 0), "the old schedule has gone")
    clock.move(120)
    wait_until(lambda: Slow.asked == 1, 30, "the new schedule")
    equal(len(events(service, "schedule_started")), 1, "started once")
    # A run goes on.
    said = reload('{ cron: "61 * * * *" }', "reload_failed")["error"]
    check("moves.yaml:3:" in said and "61" in said, "what is wrong, and where: %s" % said)
    equal(listed(), moment(64), "the schedule behind a file that is wrong")
    reload('{ cron: "%d * * * *" }' % at(6))
    going = service.ask("GET", "/v1/runs").json()["runs"]
    equal([run_["status"] for run_ in going], ["running"], "the run that goes on")
    Slow.gate.set()
    wait_until(lambda: len(events(service, "run_finished")) == 1, 30, "its end")
    clock.move(120)
    wait_until(lambda: len(events(service, "run_finished")) == 2, 30, "the third schedule")
    # Somebody sets the clock back to before it came, and reads the files anew: it has come.
    clock.move(-90)
    time.sleep(2.5)
    reload('{ cron: "%d * * * *" }' % at(6))
    equal(listed(), moment(66), "what came has come, whatever the clock says now")
    clock.move(90)
    time.sleep(2.5)
    equal((Slow.asked, len(events(service, "schedule_started"))), (2, 2), "a clock set back, and a reload")
    reload(None)
    equal(listed(), None, "no schedule at all")
    clock.move(3600)
    time.sleep(2.5)
    equal((Slow.asked, len(events(service, "schedule_started")), len(events(service, "schedule_missed"))), (2, 2, 0), "without a schedule")
    service.stop()
    equal([row["status"] for row in runs(db, "moves")], ["succeeded"] * 2, "history")


def told_to_end(port):
    """Somebody who hangs while he is told of a failure: penstock, asked to end, waits a few seconds more; what it counts is there before."""
    db, marker = newdb("sqlite"), tmp("hangs")
    base = """version: 1
dictionary: %s
connections: { db: { type: odbc, connect: "${PENSTOCK_DB}" } }
source: { type: csv, path: "%s" }
sink: { type: odbc, connection: db, table: departments, create: true }
on_failure: """ % (os.path.join(TOP, "examples/hr/datapackage.yaml"), tmp("absent.csv"))
    hangs = write("hangs.yaml", base + '{ command: [sh, -c, \'trap "" TERM; echo $$ >"$0"; sleep 300; sleep 300\', "%s"], timeout: 100s }\n' % marker)
    address = write("no_answer.yaml", base + '{ url: "http://127.0.0.1:%d/hangs", timeout: 100s }\n' % port)

    def gone(number):
        try:
            os.killpg(number, 0)
        except ProcessLookupError:
            return True
        return False

    Slow.posted, Slow.hang = [], threading.Event()
    figures = tmp("hangs.prom")
    for what, path, begun in (("a command", hangs, lambda: os.path.exists(marker) and os.path.getsize(marker)), ("an address", address, lambda: Slow.posted)):
        process = start("run", path, "--metrics-file", figures, db=db, stderr=tmp("err"))
        wait_until(begun, 30, what)
        check(os.path.exists(figures), "--metrics-file is not written before %s has ended" % what)
        os.unlink(figures)
        process.send_signal(signal.SIGINT)
        asked = time.monotonic()
        equal(process.wait(), 4, what)
        took = time.monotonic() - asked
        check(4 < took < 30, "%s that hangs: the end came after %.1f s" % (what, took))
    with open(marker) as source:
        number = int(source.read())
    wait_until(lambda: gone(number), 10, "the command and its children")
    os.unlink(marker)
    service = Service([hangs], env={"PENSTOCK_DB": db.connect}, name="serve_hangs")
    equal(service.post("/v1/pipelines/hangs/runs", {}).status, 202, "a run")
    wait_until(lambda: os.path.exists(marker), 30, "the command")
    check('penstock_runs_total{pipeline="hangs",status="failed"} 1\n' in service.ask("GET", "/metrics").body.decode(), "the run is not counted before it is told")
    asked = time.monotonic()
    service.stop()
    check(time.monotonic() - asked < 30, "the service ended after %.1f s" % (time.monotonic() - asked))
    check("which was told to end" in service.text(), service.text())
    Slow.hang.set()
    Slow.hang = None


def scheduled():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Slow)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    port = server.server_address[1]
    clock = threading.Thread(target=hold, args=(by_the_clock,))
    clock.start()
    overlap(port)
    missed(port)
    told(port)
    changed(port)
    told_to_end(port)
    unruly()
    full()
    clock.join()
    if failures:
        raise failures[0]


failures = []


def hold(function):
    try:
        function()
    except BaseException as bad:
        failures.append(bad)


main(scheduled)

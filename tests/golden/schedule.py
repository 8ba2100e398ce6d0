"""usage: schedule.py

The expected times come from a walk over every minute with Python's zoneinfo, and from `systemd-analyze calendar` where that is installed.
SPDX-License-Identifier: Apache-2.0
"""
import datetime
import json
import os
import random
import re
import shutil
import subprocess
import sys
import zoneinfo

sys.path.insert(0, os.path.join(os.environ["TOP"], "tests/support"))
from harness import FULL, TOP, build_shim, check, equal, main, penstock, tmp

UTC = datetime.timezone.utc
ROUNDS = 220 if FULL else 26
# Just before clocks change, there and back: Berlin, New York, half an hour on Lord Howe, at midnight in Santiago, for Ramadan in Casablanca; and the
# day that Apia never had.
PLACES = [("Europe/Berlin", "2027-03-27T00:00:00"), ("Europe/Berlin", "2027-10-30T00:00:00"), ("America/New_York", "2027-03-13T00:00:00"),
          ("America/New_York", "2027-11-06T00:00:00"), ("Australia/Lord_Howe", "2027-04-03T00:00:00"), ("Australia/Lord_Howe", "2027-10-02T00:00:00"),
          ("Asia/Kolkata", "2027-02-27T00:00:00"), ("America/Santiago", "2027-04-03T12:00:00"), ("America/Santiago", "2027-09-04T12:00:00"),
          ("Africa/Casablanca", "2027-02-06T12:00:00"), ("Africa/Casablanca", "2027-03-13T12:00:00"), ("Pacific/Apia", "2011-12-29T00:00:00"),
          ("Pacific/Chatham", "2027-04-03T00:00:00")]


MONTHS = ["jan", "Feb", "MAR", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "Dec"]


def pipeline(name, cron, zone="UTC", more=""):
    path = tmp(name + ".yaml")
    with open(path, "w") as out:
        out.write("""version: 1
dictionary: %s
schedule: { cron: "%s", timezone: %s%s }
connections: { db: { type: odbc, connect: "Driver=SQLite3;Database=%s" } }
source: { type: csv, path: %s, header: false }
sink: { type: odbc, connection: db, table: departments, create: true }
""" % (os.path.join(TOP, "examples/hr/datapackage.yaml"), cron, zone, more, tmp("none.db"), os.path.join(TOP, "examples/hr/data/departments.csv")))
    return path


def listed(path, count, begin):
    """The next times by penstock, in UTC, with the clock half a minute behind begin."""
    flag = tmp("clock")
    with open(flag, "w") as out:
        out.write("%d" % (begin.timestamp() + 30 - datetime.datetime.now(UTC).timestamp()))
    done = penstock("schedule", "list", "--json", "--count", str(count), path, env={"LD_PRELOAD": build_shim("shim_clock"), "SHIM_CLOCK_FLAG": flag})
    equal(done.code, 0, "schedule list: " + done.err)
    return [datetime.datetime.fromisoformat(json.loads(line)["next"].replace("Z", "+00:00")) for line in done.out.splitlines()]


def item(rng, least, most, names):
    def spelled(value):
        return names[value - least] if names and rng.random() < 0.5 else str(value)
    kind = rng.choice(["step", "value", "range", "range with a step"])
    step = rng.randint(2, max(2, (most - least) // 3)) if "step" in kind else 1
    if kind == "step":
        return "*/%d" % step, set(range(least, most + 1, step))
    low = rng.randint(least, most)
    if kind == "value":
        return spelled(low), {low}
    high = rng.randint(low, most)
    return "%s-%s%s" % (spelled(low), spelled(high), "/%d" % step if step > 1 else ""), set(range(low, high + 1, step))


def field(rng, least, most, names=None):
    if rng.random() < 0.25:
        return "*", set(range(least, most + 1))
    items = [item(rng, least, most, names) for _ in range(rng.choice([1, 1, 1, 2, 3]))]
    return ",".join(text for text, _ in items), set().union(*(values for _, values in items))


def walk(parts, sets, zone, begin, count):
    """Every minute after begin, as the documentation says."""
    minutes, hours, days, months, weekdays = sets
    found, seen, at = [], set(), begin.replace(second=0) + datetime.timedelta(minutes=1)
    by_clock = parts[1].startswith("*")
    before = (at - datetime.timedelta(minutes=1)).astimezone(zone).replace(tzinfo=None)
    while len(found) < count:
        local = at.astimezone(zone).replace(tzinfo=None)
        if by_clock:
            candidates = [local]
        else:  # what the clock shows for the first time, and all that it jumped over to get here
            candidates = [before + datetime.timedelta(minutes=step) for step in range(1, int((local - before).total_seconds()) // 60 + 1)]
        for clock in candidates:
            day, weekday = clock.day in days, clock.isoweekday() % 7 in weekdays
            if parts[2].startswith("*") or parts[4].startswith("*"):
                comes = day and weekday
            else:
                comes = day or weekday
            if comes and clock.month in months and clock.hour in hours and clock.minute in minutes and (by_clock or clock not in seen):
                seen.add(clock)
                if not found or found[-1] != at:
                    found.append(at)
        if by_clock or local > before:
            before = local
        at += datetime.timedelta(minutes=1)
    return found[:count]


def against_python(rng):
    for number in range(ROUNDS):
        name, when = PLACES[number % len(PLACES)]
        zone, begin = zoneinfo.ZoneInfo(name), datetime.datetime.fromisoformat(when).replace(tzinfo=UTC)
        fields = [field(rng, 0, 59), field(rng, 0, 23), rng.choice([("*", set(range(1, 32))), ("*", set(range(1, 32))), field(rng, 1, 31)]),
                  rng.choice([("*", set(range(1, 13))), field(rng, 1, 12, MONTHS)]),
                  rng.choice([("*", set(range(7))), field(rng, 0, 6, ["Sun", "mon", "TUE", "wed", "thu", "fri", "sat"])])]
        parts = [part for part, _ in fields]
        wanted = walk(parts, [values for _, values in fields], zone, begin, 8)
        got = listed(pipeline("walked", " ".join(parts), name), 8, begin)
        equal([str(at) for at in got], [str(at) for at in wanted], "%s in %s after %s" % (" ".join(parts), name, when))


def fixed():
    """By hand: the night of the change in three zones, both ways."""
    for cron, zone, begin, wanted in [
            ("30 2 * * *", "Europe/Berlin", "2027-03-27T12:00:00", ["2027-03-28 01:00", "2027-03-29 00:30"]),
            ("30 2 * * *", "Europe/Berlin", "2027-10-30T12:00:00", ["2027-10-31 00:30", "2027-11-01 01:30"]),
            ("30 2 * * *", "America/New_York", "2027-03-13T12:00:00", ["2027-03-14 07:00", "2027-03-15 06:30"]),
            ("30 1 * * *", "America/New_York", "2027-11-06T12:00:00", ["2027-11-07 05:30", "2027-11-08 06:30"]),
            ("15 2 * * *", "Australia/Lord_Howe", "2027-10-01T20:00:00", ["2027-10-02 15:30", "2027-10-03 15:15"]),
            ("45 1 * * *", "Australia/Lord_Howe", "2027-04-03T00:00:00", ["2027-04-03 14:45", "2027-04-04 15:15"]),
            ("@monthly", "UTC", "2027-01-31T00:00:00", ["2027-02-01 00:00", "2027-03-01 00:00"])]:
        got = listed(pipeline("fixed", cron, zone), 2, datetime.datetime.fromisoformat(begin).replace(tzinfo=UTC))
        equal([at.strftime("%Y-%m-%d %H:%M") for at in got], wanted, "%s in %s" % (cron, zone))


def against_systemd():
    """The timer's expressions are valid, and come at the same times where no clock changes."""
    analyze = shutil.which("systemd-analyze")
    if not analyze:
        print("systemd-analyze is not here: its side was left out")
        return
    begin = datetime.datetime(2027, 5, 20, 10, 17, tzinfo=UTC)
    for cron in ["0 2 1 * *", "*/15 8-18/2 * * mon-fri", "5,35 * * jan,jun 0", "0 0 13 * fri", "@weekly", "7 3 29 feb *", "0 12 1-7 */3 *", "59 23 31 12 7"]:
        path = pipeline("timer", cron, "Asia/Kolkata", ", missed: skip")
        done = penstock("schedule", "systemd", path)
        equal(done.code, 0, done.err)
        lines = re.findall("^OnCalendar=(.*)$", done.out, re.M)
        check(lines, done.out)
        wanted = set()
        for line in lines:
            said = subprocess.run([analyze, "calendar", "--iterations=6", "--base-time=2027-05-20 10:17:00 UTC", line], capture_output=True, text=True,
                                  env=dict(os.environ, TZ="UTC"))
            equal(said.returncode, 0, "systemd-analyze calendar %s: %s" % (line, said.stderr))
            # In another zone than ours it prints both clocks.
            times = re.findall(r"\(in UTC\): \w+ (\S+ \S+) UTC", said.stdout)
            wanted.update(times or re.findall(r"(?:Next elapse|Iter(?:ation|\.) #\d+): \w+ (\S+ \S+) UTC", said.stdout))
        got = [at.strftime("%Y-%m-%d %H:%M:%S") for at in listed(path, 5, begin)]
        equal(got, sorted(wanted)[:len(got)], "%s as %s" % (cron, lines))


def units():
    path = pipeline("nightly $ 100%", "0 2 * * *", "Europe/Berlin")
    done = penstock("schedule", "systemd", path, cwd=tmp(""))
    equal(done.code, 0, done.err)
    service, timer = done.out.split("# /etc/systemd/system/penstock-nightly---100-.timer\n")
    check("ExecStart=\"%s\" run --no-progress \"%s\"\n" % (os.path.realpath(os.environ.get("PENSTOCK", "")), os.path.realpath(path).replace("$", "$$").replace("%", "%%"))
          in service, service)
    check("WorkingDirectory=%s\n" % os.path.realpath(tmp("")) in service, service)
    check("OnCalendar=*-*-* 02:00:00 Europe/Berlin\n" in timer and "Persistent=false\n" in timer, timer)


def odd_paths():
    """systemd takes the units of a program, a file and a folder whose names hold what it gives a meaning."""
    folder = tmp("100% of $HOME 'a' \"b\" \\")
    os.mkdir(folder)
    path = os.path.join(folder, "my %n $x 'pipe' \\ ü.yaml")
    os.rename(pipeline("odd", "0 2 13 * fri", "Europe/Berlin", ", missed: run_once"), path)
    program = os.path.join(tmp(""), "pen stock $HOME %i")
    shutil.copy(os.environ["PENSTOCK"], program)
    done = penstock("schedule", "systemd", path, cwd=folder, program=program)
    equal(done.code, 0, done.err)
    analyze = shutil.which("systemd-analyze")
    if analyze:
        units = re.split("^# /etc/systemd/system/(.*)\n", done.out, flags=re.M)
        for name, text in zip(units[1::2], units[2::2]):
            with open(tmp(name), "w") as out:
                out.write(text)
        for name in units[1::2]:
            said = subprocess.run([analyze, "verify", "--man=no", tmp(name)], capture_output=True, text=True, env=dict(os.environ, SYSTEMD_LOG_LEVEL="warning"))
            check(said.returncode == 0 and name not in said.stderr, "systemd-analyze verify %s: %s\n%s" % (name, said.stderr, done.out))
    # systemd ends a folder at its last character that is no blank, and goes on behind a backslash.
    check("/100%% of $HOME 'a' \"b\" \\/\n" in done.out, done.out)
    program = os.path.join(tmp(""), "pen'stock")
    shutil.copy(os.environ["PENSTOCK"], program)
    done = penstock("schedule", "systemd", path, program=program)
    check(done.code == 2 and "pen'stock; install it elsewhere" in done.err and not done.out, done.tail())
    os.mkdir(tmp("two\nlines"))
    done = penstock("schedule", "systemd", path, cwd=tmp("two\nlines"))
    check(done.code == 2 and "control character" in done.err and not done.out, done.tail())


def serve_file():
    path = tmp("serve.yaml")
    with open(path, "w") as out:
        out.write("version: 1\nlisten: 127.0.0.1:0\npipelines: [%s, %s, %s]\n" % (
            pipeline("first", "0 1 * * *"), os.path.join(TOP, "pipelines/ingest.yaml"), pipeline("second", "@daily", "Asia/Tokyo")))
    done = penstock("schedule", "list", "--count", "1", path)
    equal(done.code, 0, done.err)
    check(re.search("^first +\\d{4}-\\d\\d-\\d\\d 01:00:00 .* UTC +0 1 ", done.out, re.M), done.out)
    check(re.search("^second +\\d{4}-\\d\\d-\\d\\d 15:00:00 +\\d{4}-\\d\\d-\\d\\d 00:00 \\+09:00 +Asia/Tokyo +@daily", done.out, re.M), done.out)
    equal(len(done.out.splitlines()), 3, "lines")
    done = penstock("schedule", "list", os.path.join(TOP, "pipelines/migrate.yaml"))
    check(done.code == 0 and "has no schedule" in done.err and done.out == "", done.out + done.err)


def refused():
    for cron, zone, more, message in [("61 * * * *", "UTC", "", ":3:19: cron: the minute \"61\""), ("* * * *", "UTC", "", "has no day of week"),
                                      ("0 0 * * *", "Mars/Olympus", "", ":3:42: there is no time zone"),
                                      ("0 0 * * *", "UTC", ", overlap: wait", "overlap"), ("0 0 * * *", "UTC", ", crom: x", "unknown option \"crom\" for schedule")]:
        done = penstock("validate", pipeline("wrong", cron, zone, more))
        check(done.code == 2 and message in done.err, "%s: %d %s" % (message, done.code, done.err))
    path = tmp("ingest.yaml")
    with open(os.path.join(TOP, "pipelines/ingest.yaml")) as source, open(path, "w") as out:
        out.write(source.read().replace("../examples", os.path.join(TOP, "examples")) + "\nschedule: { cron: '@daily' }\n")
    done = penstock("validate", path)
    check(done.code == 2 and "takes the rows of requests, so that a schedule cannot run this pipeline" in done.err, done.err)
    for text, message in [("on_failure: { timeout: 3s }", "either a command or a url"), ("on_failure: { command: [x], url: 'http://x' }", "either a command or a url"),
                          ("on_failure: { url: 'ftp://x' }", "begins with http://"), ("on_failure: mail", "on_failure is a map such as")]:
        path = pipeline("told", "@daily")
        with open(path, "a") as out:
            out.write(text + "\n")
        done = penstock("validate", path)
        check(done.code == 2 and message in done.err, "%s: %s" % (text, done.err))


def schedule():
    fixed()
    against_python(random.Random(20271031))
    against_systemd()
    units()
    odd_paths()
    serve_file()
    refused()


main(schedule)

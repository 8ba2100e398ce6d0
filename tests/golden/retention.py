"""usage: retention.py

SPDX-License-Identifier: Apache-2.0
"""
import datetime
import fcntl
import json
import os
import shutil
import sqlite3
import sys
import time

sys.path.insert(0, os.path.join(os.environ["TOP"], "tests/support"))
from harness import FULL, TOP, build_shim, check, equal, main, penstock, tmp

UTC = datetime.timezone.utc
STEP = 1 if FULL else 2  # days between backups


def pipeline(name, folder, keep, table="departments", title="kept"):
    with open(tmp(name + ".yaml"), "w") as out:
        out.write("""version: 1
name: %s
dictionary: %s
connections: { db: { type: odbc, connect: "Driver=SQLite3;Database=%s" } }
source: { type: odbc, connection: db, table: %s }
rules: { table: departments, check: types, max_rejects: 0 }
sink: { type: avro, path: "%s/${run.id}/departments.avro", manifest: true%s }
""" % (title, os.path.join(TOP, "examples/hr/datapackage.yaml"), tmp("a.db"), table, folder, ", keep: " + keep if keep else ""))
    return tmp(name + ".yaml")


def at(when):
    """The environment in which it is that time."""
    flag = tmp("clock")
    with open(flag, "w") as out:
        out.write("%d" % (when.timestamp() - time.time()))
    return {"LD_PRELOAD": build_shim("shim_clock"), "SHIM_CLOCK_FLAG": flag}


def backup(path, when, code=0):
    done = penstock("run", path, "--json", env=at(when))
    equal(done.code, code, done.err)
    return json.loads(done.out)["run_id"], done.err


def there(folder):
    return sorted(name for name in os.listdir(folder) if os.path.exists(os.path.join(folder, name, "manifest.json")))


def chosen(made, keep):
    """What should be left of made, which is {run id: time}: by the words of the documentation."""
    newest = sorted(made, reverse=True)
    left = set(newest[:keep.get("last", 0)]) | set(newest[:1])
    for rule, period in (("daily", lambda when: when.date()), ("weekly", lambda when: when.isocalendar()[:2]), ("monthly", lambda when: (when.year, when.month)),
                         ("yearly", lambda when: when.year)):
        seen = []
        for run_id in newest:
            if period(made[run_id]) not in seen and len(seen) < keep.get(rule, 0):
                seen.append(period(made[run_id]))
                left.add(run_id)
    return left


def a_year():
    folder, keep = tmp("year"), {"last": 7, "daily": 30, "monthly": 12}
    path = pipeline("year", folder, "{ last: 7, daily: 30, monthly: 12 }")
    made, proven, first = {}, None, datetime.datetime(2027, 1, 1, 2, 0, tzinfo=UTC)
    for day in range(0, 366, STEP):
        when = first + datetime.timedelta(days=day, minutes=day % 50)
        run_id, _ = backup(path, when)
        made[run_id] = when
        if day == 40:  # a day in February that no rule keeps for long
            proven = run_id
            equal(penstock("verify", "--restore", os.path.join(folder, run_id)).code, 0, "proof")
        wanted = chosen({name: made[name] for name in made}, keep) | ({proven} if proven else set())
        equal(there(folder), sorted(wanted), "after %s" % when)
        made = {name: made[name] for name in wanted}  # what went does not come back
        equal(sorted(os.listdir(folder)), sorted(wanted), "folders")
    check(len(made) > 30 and proven in made, "%d are left" % len(made))
    for run_id in made:
        equal(penstock("verify", os.path.join(folder, run_id)).code, 0, run_id)
    # A newer proof frees the older one.
    newest = max(made)
    equal(penstock("verify", "--restore", os.path.join(folder, newest)).code, 0, "proof")
    run_id, said = backup(path, first + datetime.timedelta(days=370))
    check(proven not in there(folder) and newest in there(folder) and "removed" in said, said)
    print("a year: %d backups made, %d left" % (366 // STEP, len(made)))


def damaged_since():
    """A proof that a later verification has refuted is none: the newest backup that is still proven stays."""
    folder = tmp("refuted")
    path, made = pipeline("refuted", folder, "{ last: 1 }", title="refuted"), []
    gather = pipeline("gather", folder, "", title="refuted")
    for day in range(3):
        made.append(backup(gather, datetime.datetime(2027, 5, 1 + day, tzinfo=UTC))[0])
    older, newer, _ = made
    for run_id in (older, newer):
        equal(penstock("verify", "--restore", os.path.join(folder, run_id)).code, 0, "proof")
    with open(os.path.join(folder, newer, "departments.avro"), "r+b") as out:
        out.seek(-20, os.SEEK_END)
        out.write(b"\0" * 4)
    equal(penstock("verify", os.path.join(folder, newer)).code, 4, "damage")
    last = backup(path, datetime.datetime(2027, 5, 9, tzinfo=UTC))[0]
    equal(there(folder), [older, last], "what is left")


def weeks_and_years():
    folder, keep = tmp("weeks"), {"weekly": 4, "yearly": 3}
    path = pipeline("weeks", folder, "{ weekly: 4, yearly: 3 }")
    made = {}
    for day in (0, 100, 363, 364, 365, 366, 369, 370, 371, 372, 380, 700, 1100):  # over new years that are no Mondays
        when = datetime.datetime(2026, 12, 1, 12, tzinfo=UTC) + datetime.timedelta(days=day)
        made[backup(path, when)[0]] = when
        made = {name: made[name] for name in chosen(made, keep)}
        equal(there(folder), sorted(made), "weeks and years, day %d" % day)


def years_apart():
    """The same month of another year is another month."""
    folder, made = tmp("apart"), {}
    path = pipeline("apart", folder, "{ monthly: 2 }")
    for year in (2027, 2028, 2029):
        when = datetime.datetime(year, 3, 5, 12, tzinfo=UTC)
        made[backup(path, when)[0]] = when
        made = {name: made[name] for name in chosen(made, {"monthly": 2})}
        equal(there(folder), sorted(made), "March %d" % year)
    equal(len(made), 2, "months that are left")


def clock_was_ahead():
    """A backup of a time that has not come takes the place of no other, and is told of."""
    folder, day = tmp("ahead"), datetime.datetime(2027, 6, 1, tzinfo=UTC)
    path = pipeline("ahead", folder, "{ last: 2 }", title="ahead")
    ahead, made = [], []
    for number in range(2):
        ahead.append(backup(path, datetime.datetime(2036, 1, 1 + number, tzinfo=UTC))[0])
    for number in range(3):
        run_id, said = backup(path, day + datetime.timedelta(days=number))
        made.append(run_id)
        equal(there(folder), sorted(made[-2:] + ahead), "what is left on day %d" % number)
        check(said.count("of a time that has not come") == 2 and "somebody holds it" not in said, said)
    # Clocks of two machines are never the same.
    path = pipeline("apart", tmp("minutes"), "{ last: 1 }", title="minutes")
    backup(path, day)
    last, said = backup(path, day - datetime.timedelta(minutes=10))
    check(last in there(tmp("minutes")) and "time that has not come" not in said, said)


def not_ours():
    """Another pipeline's backups, one that holds a foreign file, one that is damaged, one that somebody holds, and things that are no backups."""
    folder = tmp("mixed")
    path, other = pipeline("mixed", folder, "{ last: 1 }"), pipeline("other", folder, "", title="other")
    day = datetime.datetime(2027, 6, 1, tzinfo=UTC)
    ids = []
    everything = pipeline("everything", folder, "")
    for number in range(5):
        ids.append(backup(everything if number < 4 else other, day + datetime.timedelta(hours=number))[0])
    foreign, damaged, held, plain, others = ids
    open(os.path.join(folder, foreign, "signature.asc"), "w").close()
    with open(os.path.join(folder, damaged, "manifest.json"), "a") as out:
        out.write(" ")
    os.mkdir(os.path.join(folder, "archive"))
    open(os.path.join(folder, "README"), "w").close()
    lock = os.open(os.path.join(folder, held), os.O_RDONLY)
    fcntl.flock(lock, fcntl.LOCK_SH)
    last, said = backup(path, day + datetime.timedelta(hours=9))
    equal(there(folder), sorted([foreign, damaged, held, others, last]), "what is left")
    check("signature.asc, which is not of the backup" in said and "somebody holds it" in said, said)
    check(os.path.exists(os.path.join(folder, "archive")) and os.path.exists(os.path.join(folder, "README")), "other things")
    os.close(lock)
    last, said = backup(path, day + datetime.timedelta(hours=10))
    equal(there(folder), sorted([foreign, damaged, others, last]), "what is left once nobody holds it")
    # A backup that fails removes nothing.
    before = there(folder)
    with sqlite3.connect(tmp("a.db")) as db:
        db.execute("alter table departments rename to gone")
    backup(path, day + datetime.timedelta(hours=11), code=2)
    with sqlite3.connect(tmp("a.db")) as db:
        db.execute("alter table gone rename to departments")
    equal(there(folder), before, "after a failed backup")


def not_whole():
    """A backup that lacks rejected rows takes no place of an older one."""
    folder = tmp("lacking")
    path = pipeline("lacking", folder, "{ last: 1 }")
    with open(path) as source:
        text = source.read().replace("max_rejects: 0", "max_rejects: 5")
    with open(path, "w") as out:
        out.write(text)
    day = datetime.datetime(2027, 7, 1, tzinfo=UTC)
    first, _ = backup(path, day)
    with sqlite3.connect(tmp("a.db")) as db:
        db.execute("create table aside as select * from departments")
        db.execute("drop table departments")
        db.execute("create table departments (id, department)")
        db.execute("insert into departments values (1, 'one'), ('two', 'two')")
    second, said = backup(path, day + datetime.timedelta(days=1))
    equal(there(folder), sorted([first, second]), "behind a backup with a rejected row")
    check("lacks 1 record, which was rejected" in said and "keep: nothing was removed, since the backup is not whole" in said, said)
    with open(os.path.join(folder, second, "manifest.json")) as manifest:
        lacking = {table["name"]: table.get("rejected", 0) for table in json.load(manifest)["tables"]}
    equal(lacking, dict.fromkeys(lacking, 0) | {"departments": 1}, "what the manifest says of rejected records")
    for what in (os.path.join(folder, second), os.path.join(folder, second, "departments.avro")):
        done = penstock("verify", what)
        equal(done.code, 0, "what is there is as the manifest says")
        check("NOT WHOLE: 1 record of table departments was rejected when the backup was made, and is not in it" in done.out, done.out)
        equal([table["rejected"] for table in json.loads(penstock("verify", what, "--json").out)["tables"] if table["name"] == "departments"], [1], "as JSON")
    check("NOT WHOLE" not in penstock("verify", os.path.join(folder, first)).out, "a whole backup")
    with sqlite3.connect(tmp("a.db")) as db:
        db.execute("delete from departments where id = 'two'")
    third, _ = backup(path, day + datetime.timedelta(days=2))
    equal(there(folder), [third], "behind a whole one")


def copies():
    """What lacks a file takes the place of no other; a copy under the name of another run is nobody's to remove, and no backup of its time."""
    folder = tmp("copies")
    path, day = pipeline("copies", folder, "{ last: 1, monthly: 2 }", title="copies"), datetime.datetime(2027, 9, 1, tzinfo=UTC)
    gather = pipeline("gather_copies", folder, "", title="copies")
    whole, lacking, cut, old = [backup(gather, day + datetime.timedelta(days=number))[0] for number in (3, 4, 5, 2)]
    os.unlink(os.path.join(folder, lacking, "departments.avro"))
    os.truncate(os.path.join(folder, cut, "departments.avro"), 10)
    copy = whole[:-12] + "0" * 12
    shutil.copytree(os.path.join(folder, old), os.path.join(folder, copy))
    last = backup(path, day + datetime.timedelta(days=35))[0]
    equal(there(folder), sorted([whole, cut, copy, last]), "what is left")


def refused():
    folder = tmp("refused")
    for keep, message in (("{ last: 0 }", "keep: last is a number of backups from 1 to 100000"), ("{ lsat: 3 }", "keep: unknown key \"lsat\""),
                          ("{ daily: -1 }", "keep: daily is a number"), ("{ daily: many }", "keep: daily is a number")):
        for command in (["validate"], ["run", "--json"]):
            done = penstock(*command, pipeline("refused", folder, keep))
            check(done.code == 2 and message in done.err, "%s: %s: %d %s" % (command[0], keep, done.code, done.err))
    check('did you mean "last"?' in penstock("validate", pipeline("refused", folder, "{ lsat: 3 }")).err, "a near miss of a key")
    with open(pipeline("lone", folder, "{ last: 3 }")) as source:
        text = source.read().replace("manifest: true", "manifest: false")
    with open(tmp("lone.yaml"), "w") as out:
        out.write(text)
    done = penstock("validate", tmp("lone.yaml"))
    check(done.code == 2 and "it needs manifest: true" in done.err, done.err)


def retention():
    with sqlite3.connect(tmp("a.db")) as db:
        db.execute("create table departments (id integer primary key, department text not null)")
        db.execute("insert into departments values (1, 'one')")
    a_year()
    weeks_and_years()
    years_apart()
    damaged_since()
    clock_was_ahead()
    not_ours()
    not_whole()
    copies()
    refused()


main(retention)

"""Loads a folder of hr files with pipelines/migrate.yaml and holds every result against known counts and the oracle.

usage: hr.py FOLDER WANTED       WANTED: JSON, {table: [read, written, rejected], "rules": {id: n}}
SPDX-License-Identifier: Apache-2.0
"""
import json
import os
import shutil
import sys

sys.path.insert(0, os.path.join(os.environ["TOP"], "tests/support"))
import compare
import dbdump
import oracle
from harness import TOP, check, databases, equal, main, newdb, penstock, run, skipped, step_of, tmp

TABLES = ("departments", "jobs", "hired_employees")
MIGRATE = os.path.join(TOP, "pipelines/migrate.yaml")
source, wanted = sys.argv[1], json.loads(sys.argv[2])


def nothing_loaded(done, what):
    summary = done.json
    equal(summary["status"], "succeeded", what + ": status")
    for name in TABLES:
        step = step_of(summary, name)
        read = wanted[name][0]
        equal((step["read"], step["written"], step["rejected"], skipped(step)), (read, 0, 0, {"already_loaded": read}), what + ": " + name)


def load(db, data, tables, first):
    done = run(MIGRATE, "--set", "data=" + data, db=db)
    summary = done.json
    equal((summary["pipeline"], summary["status"]), ("migrate", "succeeded"), "pipeline and status")
    equal([(step["name"], step["table"]) for step in summary["steps"]], [(name, name) for name in TABLES], "steps")
    for name in TABLES:
        step = step_of(summary, name)
        equal([step["read"], step["written"], step["rejected"]], wanted[name], "books of " + name)
        equal(step["bytes_read"], os.path.getsize(os.path.join(data, name + ".csv")), "bytes_read of " + name)
        equal(skipped(step), {}, "skipped of " + name)
    equal(step_of(summary, "hired_employees")["rejects_by_rule"], wanted["rules"], "rejects_by_rule")
    compare.everything(db, tables, 1)
    before = compare.snapshot(db)
    if first is not None:
        equal(before, first, "rows and rejects on both databases")

    # Again; with another time; from copies in another place, and under other names.
    nothing_loaded(run(MIGRATE, "--set", "data=" + data, db=db), "again")
    for name in TABLES:
        os.utime(os.path.join(data, name + ".csv"), (1600000000, 1600000000))
    nothing_loaded(run(MIGRATE, "--set", "data=" + data, db=db), "after touch")
    copies = tmp("copies." + db.kind)
    shutil.copytree(data, copies)
    nothing_loaded(run(MIGRATE, "--set", "data=" + copies, db=db), "from copies")
    for name in TABLES:
        os.rename(os.path.join(copies, name + ".csv"), os.path.join(copies, name + "-of-old.csv"))
    with open(MIGRATE) as file:
        text = file.read().replace(".csv\"", "-of-old.csv\"").replace("../examples", TOP + "/examples")
    renamed = tmp("renamed.%s.yaml" % db.kind)
    with open(renamed, "w") as file:
        file.write(text)
    equal(text.count("-of-old.csv"), 3, "file names changed in migrate.yaml")
    nothing_loaded(run(renamed, "--set", "data=" + copies, db=db), "from copies under other names")
    equal(compare.snapshot(db), before, "rows and rejects after four more runs")
    compare.sums(db, tables, 5)
    return before


def limited(db, data, tables):
    """max_rejects below what there is: no row of that step, every reject kept, unpublished; and the same again."""
    share = 100 * wanted["hired_employees"][2] // wanted["hired_employees"][0] - 1
    good = {name: tables[name] for name in ("departments", "jobs")}
    read, written, rejected = wanted["hired_employees"]
    for attempt in (1, 2):
        done = run(MIGRATE, "--set", "data=" + data, "--set", "max_rejects=%d%%" % share, db=db, code=3)
        summary = done.json
        equal(summary["status"], "rejected", "status of a run over its limit")
        step = step_of(summary, "hired_employees")
        equal([step["read"], step["written"], step["rejected"]], [read, 0, rejected], "books of hired_employees over the limit")
        equal(skipped(step), {"rolled_back": written}, "skipped over the limit")
        equal(step["rejects_by_rule"], wanted["rules"], "rejects_by_rule over the limit")
        check("hired_employees" in done.err and "max_rejects" in done.err, "the message names step and limit: " + done.err)
        equal(db.count("hired_employees"), 0, "rows of the step over its limit")
        compare.rows(db, good)
        compare.rejects(db, tables, flag=False)
        if attempt == 2:
            for name in good:
                equal(skipped(step_of(summary, name)), {"already_loaded": wanted[name][0]}, "the second attempt: " + name)
    # The same step within its limit replaces them.
    run(MIGRATE, "--set", "data=" + data, db=db)
    compare.rows(db, tables)
    compare.rejects(db, tables)


def test():
    data = tmp("data")
    shutil.copytree(source, data)
    for name in TABLES:
        os.chmod(os.path.join(data, name + ".csv"), 0o644)
    tables = oracle.folder(data)
    for name in TABLES:
        equal([tables[name].books.read, tables[name].books.written, tables[name].books.rejected], wanted[name], "the oracle's books of " + name)
    first = None
    for kind in databases():
        first = load(newdb(kind), data, tables, first)
        limited(newdb(kind), data, tables)
        # A dry run of the whole: the same verdict, nothing written, no table made.
        db = newdb(kind)
        done = run(MIGRATE, "--set", "data=" + data, "--dry-run", db=db)
        for name in TABLES:
            step = step_of(done.json, name)
            equal([step["read"], step["written"], step["rejected"]], [wanted[name][0], 0, wanted[name][2]], "dry run: books of " + name)
            equal(skipped(step), {"dry_run": wanted[name][1]}, "dry run: skipped of " + name)
        equal(step_of(done.json, "hired_employees")["rejects_by_rule"], wanted["rules"], "dry run: rejects_by_rule")
        check(not db.exists() or db.tables() == [], "a dry run made tables: %s" % (db.tables() if db.exists() else ""))
        if kind == "sqlite":
            check(not os.path.exists(db.path), "a dry run made the database file")
        print("%s: %d rows read, %d rejected, seven runs and a dry run" % (kind, sum(wanted[name][0] for name in TABLES), wanted["hired_employees"][2]))


main(test)

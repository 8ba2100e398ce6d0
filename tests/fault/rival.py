"""usage: rival.py ROWS

SPDX-License-Identifier: Apache-2.0
"""
import os
import sqlite3
import sys
import time

sys.path.insert(0, os.path.join(os.environ["TOP"], "tests/support"))
import oracle
from harness import build_shim, check, databases, equal, hr_data, hr_pipeline, main, newdb, run, start, tmp, wait_until

rows = int(sys.argv[1])


def insert(db, key):
    row = "(%d, 'A Rival', '2020-01-01T00:00:00Z', 1, 1)" % key
    if db.kind == "mariadb":
        statement = "insert ignore into hired_employees values %s" % row.replace("Z'", "'")
    else:
        statement = "insert into hired_employees values %s on conflict do nothing" % row
    if db.kind != "sqlite":
        db.execute(statement)
        return
    # Quick to come in between two commits.
    connection = sqlite3.connect(db.path, timeout=0, isolation_level=None)
    try:
        while True:
            try:
                connection.execute(statement)
                return
            except sqlite3.OperationalError:
                time.sleep(0.0003)
    finally:
        connection.close()


def test():
    data, small = hr_data(tmp("data"), rows, 14), hr_data(tmp("small"), 5, 14)
    tables = oracle.folder(data)
    for kind in databases():
        pipeline = hr_pipeline(tmp(kind + ".yaml"), "{ rows: 500 }")
        db = newdb(kind)
        run(pipeline, "--set", "data=" + small, db=db)
        start_with = {int(row[0]) for row in db.query("select id from hired_employees")}
        # Scattered from the middle on, put there one after the other while the load goes on.
        keys = [rows // 2 + step * rows // 100 for step in range(50)]
        out = tmp("out")
        # Slowed down from outside, so that there is time for somebody else.
        process = start("run", pipeline, "--set", "data=" + data, db=db, stderr=out, preload=build_shim("shim_slow"),
                        env={"SHIM_SLOW_MS": "15", "SHIM_SLOW_SEND_MS": "2"})
        if kind == "sqlite":
            time.sleep(0.2)
        else:
            wait_until(lambda: process.poll() is not None or db.count("hired_employees") > len(start_with), 60, "the first rows")
        during = 0
        for key in keys:
            during += process.poll() is None
            insert(db, key)
        equal(process.wait(), 0, "%s: the load: %s" % (kind, open(out, errors="replace").read()[-2000:]))
        # SQLite's lock knows no queue: whether somebody else gets it between two commits is luck.
        check(during > 0 or kind == "sqlite", "the load was over before anything could happen")
        ours = {int(row[0]) for row in db.query("select id from hired_employees where name <> 'A Rival'")}
        theirs = {int(row[0]) for row in db.query("select id from hired_employees where name = 'A Rival'")}
        good = set(tables["hired_employees"].rows)
        equal(ours | theirs | start_with, good | set(keys) | start_with, "%s: keys in the end" % kind)
        # Every good record of the file is a row of ours, or was there, or is a reject of its key.
        refused = {int(row[0].split(",")[0]) for row in db.query("select record from penstock_rejects where rule = 'hired_employees.id.primary-key'")}
        lost = sorted(key for key in good if key not in ours and key not in refused)
        equal(lost, [], "%s: records that are neither rows nor rejects" % kind)
        read, written, rejected, skips = (int(cell) for cell in db.query(
            "select read_rows, written_rows, rejected_rows, skipped_rows from penstock_runs order by started_at")[-1])
        equal(written + rejected + skips, read, "%s: books" % kind)
        # departments and jobs are the same in both, so that only employees are written.
        equal(written, len(ours) - len(start_with), "%s: written" % kind)
        print("%s: %d rows of a rival while the load went on, %d of their keys were met" % (kind, during, len(theirs & good)))


main(test)

"""usage: rss.py ROWS

SPDX-License-Identifier: Apache-2.0
"""
import os
import shutil
import sys

sys.path.insert(0, os.path.join(os.environ["TOP"], "tests/support"))
from harness import FULL, TOP, check, databases, equal, hr_data, hr_pipeline, main, newdb, peak, run, step_of, tmp

rows = int(sys.argv[1])


def backups(kind, sets):
    """A backup, its restore over the full tables, and into none."""
    peaks = []
    for count, data in sets:
        db, folder = newdb(kind), tmp("backups.%s.%d" % (kind, count))
        run(hr_pipeline(tmp("load.yaml")), "--set", "data=" + data, db=db)
        other = newdb(kind)
        got = []
        for pipeline, target in (("backup", db), ("restore", db), ("restore", other)):
            done, mib = peak(TOP + "/pipelines/%s.yaml" % pipeline, "--set", "folder=" + folder, db=target)
            got.append(mib)
        equal(other.count("hired_employees"), db.count("hired_employees"), "rows restored")
        peaks.append(got)
        shutil.rmtree(folder)
        for used in (db, other):
            if kind == "sqlite":
                os.unlink(used.path)
    for what, few, many in zip(("backup", "restore over the full tables", "restore into none"), *peaks):
        text = "%s, %s: %.1f MiB at %d rows, %.1f MiB at %d" % (kind, what, few, sets[0][0], many, sets[1][0])
        print(text)
        if FULL:
            check(many <= 1.1 * few, text)
        check(max(few, many) <= 64, text)


def test():
    sets = [(count, hr_data(tmp("data.%d" % count), count, 12)) for count in (rows, 10 * rows)]
    modes = (("auto", None), ("pieces", "{ rows: 100000 }"), ("once", "step"))
    for kind in databases():
        for mode, commit in modes if FULL else modes[:1]:
            pipeline = hr_pipeline(tmp("%s.%s.yaml" % (kind, mode)), commit)
            most = []
            for count, data in sets:
                db = newdb(kind)
                done, mib = peak(pipeline, "--set", "data=" + data, db=db)
                equal(step_of(done.json, "hired_employees")["read"], count, "records read")
                most.append(mib)
                if kind == "sqlite":
                    os.unlink(db.path)
            text = "%s, %s: %.1f MiB at %d rows, %.1f MiB at %d" % (kind, mode, most[0], sets[0][0], most[1], sets[1][0])
            print(text)
            # The smaller of the two fills its pool and its key sets only where it is large enough: that is what --full is for.
            if FULL:
                check(most[1] <= 1.1 * most[0], text)
            check(max(most) <= 64, text)
        backups(kind, sets)


main(test)

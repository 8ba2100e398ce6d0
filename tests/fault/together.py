"""usage: together.py ROWS

SPDX-License-Identifier: Apache-2.0
"""
import os
import sys

sys.path.insert(0, os.path.join(os.environ["TOP"], "tests/support"))
import compare
import oracle
from harness import FULL, Done, books, check, databases, equal, hr_data, hr_pipeline, main, newdb, run, start, step_of, tmp

rows = int(sys.argv[1])
RUNS = 3
TURNS = 20 if FULL else 3


def empty(kind, data, tables):
    """All begin at once in an empty database: the tables of penstock and of the target are made once, by whoever comes first."""
    for turn in range(TURNS):
        db = newdb(kind)
        processes = []
        for at in range(RUNS):
            pipeline = hr_pipeline(tmp("empty.%d.yaml" % at), name="p%d" % at)
            processes.append(start("run", pipeline, "--set", "data=" + data, "--json", db=db, stdout=tmp("empty.%d.out" % at),
                                   stderr=tmp("empty.%d.err" % at)))
        for at, process in enumerate(processes):
            code = process.wait()
            with open(tmp("empty.%d.out" % at)) as out, open(tmp("empty.%d.err" % at), errors="replace") as err:
                done = Done(code, out.read(), err.read(), "run %d" % at)
            equal(code, 0, "%s, turn %d: %s" % (kind, turn, done.tail()))
            books(done.json, 0)
        # A hired employee whose department another run had not yet written was a reject of that run; of one of them it was none.
        compare.rows(db, {name: tables[name] for name in ("departments", "jobs")})
        equal(db.count("penstock_runs", "status = 'succeeded'"), RUNS, "%s: runs" % kind)
    print("%s: %d times %d runs at once in an empty database" % (kind, TURNS, RUNS))


def test():
    data, small = hr_data(tmp("data"), rows, 18), hr_data(tmp("small"), 1, 18, "--missing-name", "100%")
    tables = oracle.folder(data)
    good, bad = tables["hired_employees"].books.written, tables["hired_employees"].books.rejected
    few = hr_data(tmp("few"), 300, 22)
    for kind in databases():
        empty(kind, few, oracle.folder(few))
        for mode, commit in (("pieces", "{ rows: 500 }"), ("once", "step")):
            db = newdb(kind)
            run(hr_pipeline(tmp("first.yaml"), commit, name="first"), "--set", "data=" + small, db=db)
            equal(db.count("hired_employees"), 0, "rows to begin with")
            # Patient, since on SQLite, and on PostgreSQL where keys meet, they have to wait for each other.
            processes = []
            for at in range(RUNS):
                name = "%s.%s.%d" % (kind, mode, at)
                pipeline = hr_pipeline(tmp(name + ".yaml"), commit, name="p%d" % at)
                processes.append((name, start("run", pipeline, "--set", "data=" + data, "--step", "hired_employees", "--json", db=db,
                                              stdout=tmp(name + ".out"), stderr=tmp(name + ".err"))))
            written = 0
            for name, process in processes:
                code = process.wait()
                with open(tmp(name + ".out")) as out, open(tmp(name + ".err"), errors="replace") as err:
                    done = Done(code, out.read(), err.read(), name)
                equal(code, 0, "%s: %s" % (name, done.tail()))
                books(done.json, 0)
                step = step_of(done.json, "hired_employees")
                equal(step["read"], rows, name + ": read")
                equal(step["written"] + step["rejected"], good + bad, name + ": written and rejected")
                written += step["written"]
            equal(written, good, "%s, %s: written by all runs together" % (kind, mode))
            compare.rows(db, tables)
            refused = db.count("penstock_rejects", "rule = 'hired_employees.id.primary-key' and source like '%data/hired_employees.csv'")
            wanted = (RUNS - 1) * good + RUNS * sum(1 for reject in tables["hired_employees"].rejects if reject.rule == "hired_employees.id.primary-key")
            equal(refused, wanted, "%s, %s: rejects of their keys" % (kind, mode))
            print("%s, %s: %d runs at once, %d rows, %d rejects of keys" % (kind, mode, RUNS, written, refused))


main(test)

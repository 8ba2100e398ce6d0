"""usage: parents.py

SPDX-License-Identifier: Apache-2.0
"""
import os
import sys

sys.path.insert(0, os.path.join(os.environ["TOP"], "tests/support"))
from harness import TOP, check, databases, equal, main, newdb, penstock, run, tmp

HEAD = """version: 1
name: people
dictionary: %s/examples/hr/datapackage.yaml
connections: { db: { type: odbc, connect: "${PENSTOCK_DB}" } }
steps:
""" % TOP
STEP = """  - name: %s
    source: { type: csv, path: "%s/examples/hr/data/%s.csv", header: false }
    rules: { table: %s }
    sink: { type: odbc, connection: db, table: %s, mode: %s, create: true }
"""


def pipeline(name, *steps, mode="append"):
    with open(tmp(name), "w") as file:
        file.write(HEAD + "".join(STEP % (table, TOP, table, table, target, mode) for table, target in steps))
    return tmp(name)


def test():
    jobs, departments, people = ("jobs", "jobs"), ("departments", "units"), ("hired_employees", "hired_employees")
    for kind in databases():
        for mode in ("append", "replace"):
            for steps, missing in (((people,), "departments"), ((jobs, people), "departments"), ((people, departments, jobs), "units")):
                file, db = pipeline("p.yaml", *steps, mode=mode), newdb(kind)
                for arguments in (("plan", file), ("run", file, "--dry-run"), ("run", file)):
                    done = penstock(*arguments, db=db)
                    words = "there is no table %s" % missing
                    equal([done.code, words in done.out + done.err], [2, True], "%s %s %s: %s" % (kind, mode, arguments, done.tail()))
                check("hired_employees" not in db.tables(), "the table was made")
            file, db = pipeline("p.yaml", departments, jobs, people, mode=mode), newdb(kind)
            for arguments in (("plan", file), ("run", file, "--dry-run"), ("run", file)):
                equal(penstock(*arguments, db=db).code, 3 if mode == "replace" and arguments[0] == "run" else 0, "%s: parents are made first" % kind)
            # They are there already.
            db = newdb(kind)
            run(pipeline("parents.yaml", ("departments", "departments"), jobs), db=db)
            file = pipeline("p.yaml", people)
            for arguments in (("plan", file), ("run", file, "--dry-run"), ("run", file)):
                equal(penstock(*arguments, db=db).code, 0, "%s: parents are there" % kind)
    print("missing parents are seen before the run, on %d databases" % len(databases()))


main(test)

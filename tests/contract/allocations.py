"""usage: allocations.py

Each pipeline runs over FEW and over MANY rows; the calls that the program itself makes (not its libraries) are counted from outside.
Key sets grow by doubling and batches are allocated once, so what is left is a few calls for each batch, page or commit.

SPDX-License-Identifier: Apache-2.0
"""
import csv
import json
import os
import sys

sys.path.insert(0, os.path.join(os.environ["TOP"], "tests/support"))
from harness import TOP, build_shim, check, databases, hr_data, hr_pipeline, last_line, main, newdb, penstock, run, tmp

FEW, MANY = 20000, 60000
ALLOWED = 0.02  # calls for each further row: one for fifty rows

JSON_LOAD = """version: 1
name: ndjson
dictionary: %s/examples/hr/datapackage.yaml
connections: { db: { type: odbc, connect: "${PENSTOCK_DB}" } }
steps:
  - name: hired_employees
    source: { type: json, path: "%s" }
    rules: { table: hired_employees }
    sink: { type: odbc, connection: db, table: hired_employees, create: true }
"""


def calls(*arguments, db):
    log = tmp("calls")
    if os.path.exists(log):
        os.unlink(log)
    run(*arguments, db=db, preload=build_shim("shim_malloc"), env={"SHIM_MALLOC_LOG": log})
    return int(last_line(log))


def ndjson(data):
    path = data + "/hired_employees.ndjson"
    with open(data + "/hired_employees.csv", newline="") as source, open(path, "w") as target:
        for number, name, when, department, job in csv.reader(source):
            target.write(json.dumps({"id": int(number), "name": name, "datetime": when, "department_id": int(department),
                                     "job_id": int(job)}) + "\n")
    return path


def counts(kind, data):
    """Calls of each pipeline on this data."""
    found = {}
    db, other, third = newdb(kind), newdb(kind), newdb(kind)
    folder = tmp("backups.%s.%s" % (kind, os.path.basename(data)))
    found["CSV -> %s" % kind] = calls(hr_pipeline(tmp("load.yaml")), "--set", "data=" + data, db=db)
    found["%s -> Avro" % kind] = calls(TOP + "/pipelines/backup.yaml", "--set", "folder=" + folder, db=db)
    found["Avro -> %s" % kind] = calls(TOP + "/pipelines/restore.yaml", "--set", "folder=" + folder, db=other)
    run(hr_pipeline(tmp("load.yaml")), "--set", "data=" + data, "--step", "departments", db=third)
    run(hr_pipeline(tmp("load.yaml")), "--set", "data=" + data, "--step", "jobs", db=third)
    with open(tmp("ndjson.yaml"), "w") as file:
        file.write(JSON_LOAD % (TOP, ndjson(data)))
    found["NDJSON -> %s" % kind] = calls(tmp("ndjson.yaml"), db=third)
    return found


def test():
    sets = [hr_data(tmp("data.%d" % rows), rows, 5, "--quoted", "1%") for rows in (FEW, MANY)]
    check(penstock("version").code == 0, "penstock version")
    for kind in databases():
        few, many = [counts(kind, data) for data in sets]
        for what in few:
            each = (many[what] - few[what]) / (MANY - FEW)
            text = "%s: %d calls for %d rows, %d for %d: %.4f for each further row" % (what, few[what], FEW, many[what], MANY, each)
            print(text)
            check(few[what] > 10, "nothing was counted: " + text)
            check(each <= ALLOWED, text)


main(test)

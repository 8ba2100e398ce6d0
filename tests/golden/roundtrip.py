"""Backup and restore: from each database into each, values compared by other tools; the files read by Python's avro.

SPDX-License-Identifier: Apache-2.0
"""
import argparse
import base64
import csv
import datetime
import decimal
import json
import os
import sys
import uuid

sys.path.insert(0, os.path.join(os.environ["TOP"], "tests/support"))
from backups import BACKUP, FIELDS, HR, MIGRATE, RESTORE, backup, content, drop, every_files, every_pipelines, fresh, manifest, read_avro, same
from harness import check, databases, equal, main, newdb, penstock, run, step_of, tmp

parser = argparse.ArgumentParser()
parser.add_argument("--rows", type=int, required=True)
parser.add_argument("--data", required=True, help="folder of the hr files")
wanted = parser.parse_args()


def compare(left, right, what, db=None):
    done = penstock("compare", left, right, db=db)
    equal(done.code, 0, "%s: penstock compare: %s" % (what, done.tail()))


def connection(db, name):
    """A CONNECTION argument for a database."""
    path = tmp(name + ".connection")
    with open(path, "w") as file:
        file.write(db.connect + "\n")
    os.chmod(path, 0o600)
    return "file:" + path


def hr(kind):
    db = newdb(kind)
    run(MIGRATE, "--set", "data=" + wanted.data, db=db, code=(0, 3))
    before = content(db, *HR)
    folder = backup(db, fresh("hr." + kind))
    book = manifest(folder)
    equal([table["name"] for table in book["tables"]], list(HR), "tables of the manifest, parents first")
    for table in book["tables"]:
        equal(table["rows"], len(before[table["name"]][1]), "rows of %s in the manifest" % table["name"])
        check(table["isolation"], "the manifest says how %s was read" % table["name"])
        schema, codec, rows = read_avro(os.path.join(folder, table["file"]))
        equal(codec, "snappy", "codec of " + table["file"])
        got = sorted(tuple(text_of(row[field["name"]]) for field in schema["fields"]) for row in rows)
        equal(got, sorted(before[table["name"]][1]), "%s: rows of %s as Python's avro reads them" % (kind, table["file"]))
    compare(folder, connection(db, "hr.a." + kind), kind + ": backup and database")
    for other in databases():
        target = newdb(other)
        done = run(RESTORE, "--set", "folder=" + os.path.dirname(folder), db=target)
        equal(done.json["written"], sum(len(before[table][1]) for table in HR), "rows restored")
        same(content(target, *HR), before, "%s restored into %s" % (kind, other))
        compare(connection(db, "hr.b." + kind), connection(target, "hr.c." + other), "%s and %s" % (kind, other))
    drop(db, *reversed(HR))
    run(RESTORE, "--set", "folder=" + os.path.dirname(folder), db=db)
    same(content(db, *HR), before, kind + ": dropped and restored")
    print("%s: the hr example there and back" % kind)


def text_of(value):
    if isinstance(value, datetime.datetime):
        return value.astimezone(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    return None if value is None else str(value)


# --- every type -----------------------------------------------------------------------------------
def meant(field, cell):
    """What a cell of the CSV file means, in Python's words for what Avro holds."""
    if cell == "NULL":
        return None
    if field in ("id", "whole", "year", "code"):
        return int(cell)
    if field == "real":
        return float(cell)
    if field in ("small", "large"):
        return decimal.Decimal(cell)
    if field == "flag":
        return cell == "true"
    if field == "bytes":
        return base64.b64decode(cell)
    if field == "token":
        return uuid.UUID(cell)
    if field in ("thing", "list"):
        return json.loads(cell)
    if field == "day":
        return datetime.date.fromisoformat(cell)
    if field == "clock":
        return datetime.time.fromisoformat(cell)
    if field == "moment":
        return datetime.datetime.fromisoformat(cell[:-1]).replace(tzinfo=datetime.timezone.utc)
    return cell


def read_value(field, value):
    if value is None:
        return None
    if field == "token":
        return uuid.UUID(str(value))
    if field in ("thing", "list"):
        parsed = json.loads(value)
        equal(value, json.dumps(parsed, sort_keys=True, separators=(",", ":"), ensure_ascii=False), "JSON is written with sorted keys and no spaces")
        return parsed
    if field == "moment" and isinstance(value, int):
        return datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc) + datetime.timedelta(microseconds=value)
    return value


LOGICAL = {"small": "decimal", "large": "decimal", "day": "date", "clock": "time-micros", "moment": "timestamp-micros", "token": "uuid"}


def check_file(path, data):
    schema, _, rows = read_avro(path)
    for field in schema["fields"]:
        kinds = field["type"] if isinstance(field["type"], list) else [field["type"]]
        logical = [kind["logicalType"] for kind in kinds if isinstance(kind, dict) and "logicalType" in kind]
        equal(logical, [LOGICAL[field["name"]]] if field["name"] in LOGICAL else [], "logical type of " + field["name"])
    with open(data + "/every.csv", newline="", encoding="utf-8") as file:
        lines = list(csv.reader(file))
    equal(tuple(lines[0]), FIELDS, "the header")
    by_id = {row["id"]: row for row in rows}
    equal(len(by_id), len(lines) - 1, "rows in the file")
    for line in lines[1:]:
        row = by_id[int(line[0])]
        for field, cell in zip(FIELDS, line):
            if field == "real" and cell != "NULL":
                equal(row[field], float(cell), "record %s, real" % line[0])
                continue
            equal(read_value(field, row[field]), meant(field, cell), "record %s, %s" % (line[0], field))


def every(kind, data, pipelines, others):
    load, back, restore = pipelines
    db = newdb(kind)
    run(load, "--set", "folder=" + data, db=db)
    before = content(db, "parent", "every")
    equal(len(before["every"][1]), wanted.rows, "rows loaded")
    folder = backup(db, fresh("every." + kind), pipeline=back)
    book = manifest(folder)
    if wanted.rows <= 20000:
        check_file(folder + "/every.avro", data)
    compare(folder, connection(db, "every." + kind), kind + ": backup and database")
    for other in databases():
        target = newdb(other)
        run(restore, "--set", "folder=" + os.path.dirname(folder), db=target)
        compare(connection(db, "every.a." + kind), connection(target, "every.b." + other), "%s and %s" % (kind, other))
        if other == kind:
            same(content(target, "parent", "every"), before, "%s restored into %s" % (kind, other))
        again = manifest(backup(target, fresh("every.again." + kind + other), pipeline=back))
        for first, second in zip(book["tables"], again["tables"]):
            equal(second["fingerprint"], first["fingerprint"], "fingerprint of %s, from %s by %s" % (first["name"], kind, other))
        others.setdefault("prints", set()).add(tuple(table["fingerprint"] for table in book["tables"]))
    drop(db, "every", "parent")
    run(restore, "--set", "folder=" + os.path.dirname(folder), db=db)
    same(content(db, "parent", "every"), before, kind + ": dropped and restored")
    # Over the full tables, twice the same.
    done = run(restore, "--set", "folder=" + os.path.dirname(folder), db=db)
    equal(step_of(done.json, "every")["written"], wanted.rows, "rows of a second restore")
    same(content(db, "parent", "every"), before, kind + ": restored over the full tables")
    print("%s: %d rows of every type there and back" % (kind, wanted.rows))


def test():
    for kind in databases():
        hr(kind)
    data = every_files(fresh("every"), wanted.rows)
    pipelines, others = every_pipelines(data), {}
    for kind in databases():
        every(kind, data, pipelines, others)
    equal(len(others["prints"]), 1, "fingerprints of the same rows in each database")


main(test)

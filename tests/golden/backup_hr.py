"""usage: backup_hr.py

SPDX-License-Identifier: Apache-2.0
"""
import datetime
import hashlib
import json
import os
import re
import sys
import time

sys.path.insert(0, os.path.join(os.environ["TOP"], "tests/support"))
import dbdump
from harness import TOP, check, databases, equal, main, newdb, run, tmp

import avro.datafile
import avro.io

TABLES = {"departments": 8, "jobs": 40, "hired_employees": 461}  # of examples/hr/data, by its README
COLUMNS = {"departments": ["id", "department"], "jobs": ["id", "job"], "hired_employees": ["id", "name", "datetime", "department_id", "job_id"]}
MIGRATE, BACKUP = os.path.join(TOP, "pipelines/migrate.yaml"), os.path.join(TOP, "pipelines/backup.yaml")
OLD = "0193f2a4-5b6c-7d8e-9f00-11223344556"  # and a digit: runs of December 2024


def text_of(value):
    if isinstance(value, datetime.datetime):
        return value.strftime("%Y-%m-%dT%H:%M:%S") + (".%06d" % value.microsecond if value.microsecond else "") + "Z"
    return None if value is None else str(value)


def shortened(text):
    """2021-01-01T00:00:00.000000Z, as PostgreSQL's shell has it, without zeros that say nothing."""
    return re.sub(r"(T\d\d:\d\d:\d\d)\.0+Z$", r"\1Z", text) if text else text


def rows_in_file(path):
    with open(path, "rb") as file, avro.datafile.DataFileReader(file, avro.io.DatumReader()) as reader:
        return json.loads(reader.get_meta("avro.schema")), dict(reader.meta), [tuple(text_of(value) for value in row.values()) for row in reader]


def check_table(db, folder, run_id, entry):
    name, path = entry["name"], os.path.join(folder, entry["file"])
    schema, meta, rows = rows_in_file(path)
    equal([field["name"] for field in schema["fields"]], COLUMNS[name], name + ": fields")
    check(all(field["type"][0] == "null" for field in schema["fields"]), name + ": a backup takes nulls in every field")
    if name == "hired_employees":
        equal(schema["fields"][2]["type"][1], {"type": "long", "logicalType": "timestamp-micros"}, "type of datetime")
    equal(meta["penstock.run_id"].decode(), run_id, name + ": run")
    equal(meta["penstock.table"].decode(), name, name + ": table")
    equal(meta["penstock.dictionary_hash"].decode(), entry["dictionary_hash"], name + ": hash of the dictionary")
    equal(meta["avro.codec"], b"snappy", name + ": codec")
    wanted = sorted(tuple(shortened(cell) for cell in row) for row in dbdump.table_rows(db, name, COLUMNS[name])[1])
    equal(len(wanted), TABLES[name], name + ": rows in the database")
    equal(sorted(rows), wanted, name + ": rows")
    with open(path, "rb") as file:
        content = file.read()
    equal([entry["rows"], entry["size"], entry["sha256"]], [len(rows), len(content), hashlib.sha256(content).hexdigest()], name + ": manifest")
    equal([column["name"] for column in entry["columns"]], COLUMNS[name], name + ": columns in the manifest")
    for print_ in [entry["fingerprint"]] + [column["fingerprint"] for column in entry["columns"]]:
        check(re.fullmatch("[0-9a-f]{32}", print_), name + ": fingerprint " + print_)
    check(entry["isolation"] and entry["by_key"] is True, name + ": how it was read")
    if "penstock.table_schema" in meta:
        equal(json.loads(meta["penstock.table_schema"]), entry["schema"], name + ": descriptor in the file and in the manifest")


def check_manifest(db, folder, run_id):
    with open(os.path.join(folder, "manifest.json"), "rb") as file:
        content = file.read()
    with open(os.path.join(folder, "manifest.json.sha256")) as file:
        equal(file.read(), hashlib.sha256(content).hexdigest() + "  manifest.json\n", "checksum of the manifest")
    manifest = json.loads(content)
    equal([manifest["format"], manifest["run_id"], manifest["pipeline"]], [1, run_id, "backup"], "head of the manifest")
    check(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", manifest["created_at"]), "created_at " + manifest["created_at"])
    equal([entry["name"] for entry in manifest["tables"]], list(TABLES), "tables of the manifest")
    equal(sorted(os.listdir(folder)), sorted(["manifest.json", "manifest.json.sha256"] + [name + ".avro" for name in TABLES]), "files of the backup")
    for entry in manifest["tables"]:
        check_table(db, folder, run_id, entry)
    return {entry["name"]: (entry["fingerprint"], [column["fingerprint"] for column in entry["columns"]]) for entry in manifest["tables"]}


def old_folder(folder, digit, age_hours, *names):
    """A backup that a run of December 2024 left without a manifest."""
    path = os.path.join(folder, OLD + digit)
    os.makedirs(path)
    for name in names:
        with open(os.path.join(path, name), "w"):
            pass
        os.utime(os.path.join(path, name), (time.time() - age_hours * 3600,) * 2)
    return path


def back_up(db, folder):
    done = run(BACKUP, "--set", "folder=" + folder, db=db)
    return done, done.json["run_id"]


def one_database(kind):
    db, folder = newdb(kind), os.path.join(tmp(kind), "new", "backups")
    run(MIGRATE, db=db)

    done = run(BACKUP, "--set", "folder=" + folder, "--dry-run", db=db)
    equal([done.json["read"], done.json["skipped_by_reason"]], [sum(TABLES.values()), {"dry_run": sum(TABLES.values())}], "dry run")
    check(not os.path.exists(tmp(kind)), "a dry run made a folder")

    gone = old_folder(folder, "1", 25, "jobs.avro", ".people.avro.0a1b2c.tmp")
    young, foreign = old_folder(folder, "2", 1, "jobs.avro"), old_folder(folder, "3", 25, "notes.txt")
    done, run_id = back_up(db, folder)
    equal([done.json["read"], done.json["written"]], [sum(TABLES.values())] * 2, "books")
    prints = check_manifest(db, os.path.join(folder, run_id), run_id)
    check(not os.path.exists(gone), "a backup that never ended is still there")
    check(os.path.exists(young) and os.path.exists(foreign), "something was removed that a backup has no business with")

    # Again: another folder, the same rows.
    _, again = back_up(db, folder)
    check(again != run_id, "two runs of one id")
    equal(check_manifest(db, os.path.join(folder, again), again), prints, "fingerprints of the same rows")

    # One row more, and only its table has other fingerprints.
    db.execute("insert into jobs (id, job) values (4711, 'plumber')")
    TABLES["jobs"] += 1
    _, changed = back_up(db, folder)
    after = check_manifest(db, os.path.join(folder, changed), changed)
    TABLES["jobs"] -= 1
    equal({name: after[name] == prints[name] for name in TABLES}, {"departments": True, "jobs": False, "hired_employees": True}, "which fingerprints changed")

    # A file where the folder should be.
    with open(tmp(kind + ".file"), "w"):
        pass
    done = run(BACKUP, "--set", "folder=" + tmp(kind + ".file"), db=db, code=5)
    check("no folder" in done.err or "Not a directory" in done.err, "message: " + done.err)
    return prints


def a_value_that_does_not_fit():
    """A backup drops no row: it stops, and what it wrote is no backup."""
    db, folder = newdb("sqlite"), tmp("misfit")
    run(MIGRATE, db=db)
    db.execute("update hired_employees set datetime = 'yesterday' where id = (select min(id) from hired_employees)")
    done = run(BACKUP, "--set", "folder=" + folder, db=db, code=3)
    left = os.path.join(folder, done.json["run_id"])
    check(not os.path.exists(os.path.join(left, "manifest.json")), "a backup that failed has a manifest")
    check(not [name for name in os.listdir(left) if "hired_employees.avro" == name or name.endswith(".tmp")], "files: %s" % os.listdir(left))


def test():
    prints = [one_database(kind) for kind in databases()]
    check(all(these == prints[0] for these in prints), "fingerprints differ between databases")
    a_value_that_does_not_fit()
    print("backed up and read back: %d rows, on %d databases" % (sum(TABLES.values()), len(prints)))


main(test)

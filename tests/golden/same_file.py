"""usage: same_file.py

A reader of an SQLite file without a write-ahead log keeps the writer's commit waiting. That is said before a row moves.
SPDX-License-Identifier: Apache-2.0
"""
import json
import os
import sys

sys.path.insert(0, os.path.join(os.environ["TOP"], "tests/support"))
from harness import TOP, check, equal, main, newdb, penstock, run, tmp

HEAD = """version: 1
name: copy
dictionary: %s
connections:
  from: { type: odbc, connect: "%s", lock_timeout: 2s }
  to: { type: odbc, connect: "%s", lock_timeout: 2s }
"""
COPY = HEAD + """state: to
steps:
  - name: copy
    source: { type: odbc, connection: from, table: one }
    rules: { table: one }
    sink: { type: odbc, connection: to, table: two, mode: %s, create: true }
"""
LATER = HEAD + """state: to
steps:
  - name: out
    source: { type: odbc, connection: from, table: one, consistent: true }
    rules: { table: one, check: types }
    sink: { type: csv, path: "%s" }
  - name: in
    source: { type: csv, path: "%s" }
    rules: { table: two }
    sink: { type: odbc, connection: to, table: two, mode: append, create: true }
"""
SCHEMA = {"fields": [{"name": "id", "type": "integer"}, {"name": "v", "type": "string"}], "primaryKey": "id"}
DICTIONARY = {"name": "d", "resources": [{"name": name, "schema": SCHEMA} for name in ("one", "two")]}
ROWS = 20000


def written(name, text):
    with open(tmp(name), "w") as file:
        file.write(text)
    return tmp(name)


def made():
    db = newdb("sqlite")
    db.execute("create table one (id integer primary key, v text)",
               "insert into one with recursive n(i) as (select 1 union all select i + 1 from n where i < %d) select i, 'v' || i from n" % ROWS)
    return db


def test():
    dictionary = written("d.json", json.dumps(DICTIONARY))
    for mode in ("append", "upsert", "replace"):
        db = made()
        # The same file by another name.
        other = db.path + ".link"
        os.link(db.path, other)
        for connect in (db.connect, db.connect.replace(db.path, other)):
            file = written("copy.yaml", COPY % (dictionary, db.connect, connect, mode))
            for arguments in (("plan", file), ("run", file, "--dry-run"), ("run", file)):
                done = penstock(*arguments)
                equal(done.code, 2, "%s %s: %s" % (mode, arguments, done.tail()))
                for words in ("from:one", "connection to", "WAL"):
                    check(words in done.out + done.err, "%s: no %r in %s" % (mode, words, done.tail()))
            check("two" not in db.tables(), "a table was made")
        os.unlink(other)
        db.execute("pragma journal_mode=wal")
        file = written("copy.yaml", COPY % (dictionary, db.connect, db.connect, mode))
        equal(run(file).json["written"], ROWS, mode + " with WAL")
        equal(db.query("select count(*), sum(id) from two"), db.query("select count(*), sum(id) from one"), mode + ": rows")
        # Two files.
        db, to = made(), newdb("sqlite")
        equal(run(written("copy.yaml", COPY % (dictionary, db.connect, to.connect, mode))).json["written"], ROWS, mode + " into another file")

    # The reading goes on until the run ends.
    db = made()
    file = written("later.yaml", LATER % (dictionary, db.connect, db.connect, tmp("one.csv"), tmp("one.csv")))
    done = run(file, code=2)
    equal([step["status"] for step in done.json["steps"]], ["succeeded", "failed"], "steps")
    check("connection from" in done.err and "consistent" in done.err and "WAL" in done.err, done.err)
    db.execute("pragma journal_mode=wal")
    equal(run(file).json["written"], 2 * ROWS, "later step with WAL")

    # A backup writes nothing but its word on the run.
    db = newdb("sqlite")
    run("pipelines/migrate.yaml", db=db)
    with open(os.path.join(TOP, "pipelines/backup.yaml")) as file:
        text = file.read()
    consistent = text.replace("connection: db, table:", "connection: db, consistent: true, table:").replace("../examples", TOP + "/examples")
    check(consistent != text and "consistent: true" in consistent, "the backup cannot be changed")
    done = run(written("backup.yaml", consistent), "--set", "folder=" + tmp("backups"), db=db)
    equal(db.query("select status, exit_code, written_rows from penstock_runs where run_id = '%s'" % done.json["run_id"]),
          [("succeeded", "0", str(done.json["written"]))], "the last word on the backup")
    print("refused in three modes, under two names; done with WAL")


main(test)

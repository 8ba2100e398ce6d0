"""usage: upgrade.py

tests/golden/state_v1 holds the tables as version 1 made them. Versions and indexes are asked of each database's own catalog.
SPDX-License-Identifier: Apache-2.0
"""
import os
import sys

sys.path.insert(0, os.path.join(os.environ["TOP"], "tests/support"))
from harness import FULL, TOP, build_shim, check, databases, dropdb, equal, last_line, main, newdb, penstock, run, start, tmp

POINTS = 60 if FULL else 8
VERSION = "2"
NEW = {"penstock_rejects_resolved", "penstock_files_run", "penstock_idempotency_created"}
OLD_RUN = "01900000-0000-7000-8000-000000000001"


def statements(path):
    with open(path) as file:
        return "".join(line for line in file if not line.startswith("--"))


def old(kind):
    db = newdb(kind)
    db.execute(statements(os.path.join(TOP, "tests/golden/state_v1", kind + ".sql")))
    db.execute("insert into penstock_runs (run_id, kind, pipeline, status, started_at, finished_at, read_rows, written_rows, rejected_rows, skipped_rows, "
               "exit_code) values ('%s', 'run', 'p', 'succeeded', %s, %s, 1, 1, 0, 0, 0)" % ((OLD_RUN,) + (
                   ("'2024-01-01T00:00:00.000000Z'",) * 2 if kind == "sqlite" else ("'2024-01-01 00:00:00'",) * 2)))
    equal((version(db), indexes(db) & NEW), ("1", set()), "what version 1 is")
    return db


def version(db):
    rows = db.query("select version from penstock_meta")
    equal(len(rows), 1, "rows of penstock_meta")
    return rows[0][0]


def indexes(db):
    sql = {"sqlite": "select name from sqlite_master where type = 'index'",
           "postgresql": "select indexname from pg_indexes where schemaname = current_schema()",
           "mariadb": "select distinct index_name from information_schema.statistics where table_schema = database()"}[db.kind]
    return {row[0] for row in db.query(sql)}


def upgraded(db, what):
    equal((version(db), indexes(db) & NEW), (VERSION, NEW), what)
    equal(db.query("select run_id, pipeline, written_rows from penstock_runs where run_id = '%s'" % OLD_RUN), [(OLD_RUN, "p", "1")], what + ": an older run")


def purge(db, **named):
    # The one run there is stays, as the newest of its pipeline.
    return penstock("purge", "--older-than", "1d", db=db, **named)


def simple(kind):
    db = old(kind)
    check(OLD_RUN[:8] in penstock("runs", "list", "--all", db=db).out, "older tables are read")
    equal(penstock("purge", "--older-than", "1d", "--dry-run", db=db).code, 0, "a dry run on older tables")
    equal((version(db), indexes(db) & NEW), ("1", set()), "tables that were only read")
    run(os.path.join(TOP, "pipelines/migrate.yaml"), db=db, cwd=TOP)
    upgraded(db, "tables that a load wrote to")
    # By hand, where penstock may not change tables: the script of `schema ddl`, twice.
    db = old(kind)
    script = penstock("schema", "ddl", "--dialect", kind, "--state").out
    for _ in range(2):
        db.execute(script)
        upgraded(db, "tables that the script upgraded")
    run(os.path.join(TOP, "pipelines/migrate.yaml"), db=db, cwd=TOP)
    # A program that knows less refuses.
    db.execute("update penstock_meta set version = %d" % (int(VERSION) + 1))
    for arguments in (["run", os.path.join(TOP, "pipelines/migrate.yaml")], ["runs", "list"], ["purge", "--older-than", "1d"]):
        done = penstock(*arguments, db=db, cwd=TOP)
        equal(done.code, 2, "newer tables: " + done.tail())
        check("made by a newer penstock" in done.err, "newer tables: " + done.tail())


def killed(kind):
    """The process dies at each of its calls that write."""
    shim, log = build_shim("shim_die"), tmp("die.log")
    db = old(kind)
    equal(purge(db, env={"SHIM_DIE_LOG": log}, preload=shim).code, 0, "an upgrade that nothing disturbs")
    total = int(last_line(log).split()[1])
    dropdb(db)
    seen, states = set(), set()
    for i in range(min(POINTS, total)):
        at = 1 + i * total // min(POINTS, total)
        db = old(kind)
        done = purge(db, env={"SHIM_DIE_AT": str(at), "SHIM_DIE_LOG": log}, preload=shim)
        equal(done.code, 137, "killed at call %d of %d: %s" % (at, total, done.tail()))
        seen.add(at)
        found = (version(db), len(indexes(db) & NEW))
        states.add(found)
        # Where tables change in a transaction: all or nothing. Else the version comes last.
        check(found in ((("1", 0), (VERSION, 3)) if kind != "mariadb" else (("1", 0), ("1", 1), ("1", 2), ("1", 3), (VERSION, 3))),
              "killed at call %d: version and indexes are %s" % (at, found))
        done = purge(db)
        equal(done.code, 0, "behind one that was killed at call %d: %s" % (at, done.tail()))
        upgraded(db, "behind one that was killed at call %d" % at)
        dropdb(db)
    check(len(seen) >= min(POINTS, 8) or len(seen) == total, "only %d points" % len(seen))
    print("%s: killed at %d points of %d, states %s" % (kind, len(seen), total, sorted(states)))


def together(kind):
    """Several at once: one upgrades, the others wait for it."""
    for _ in range(5 if FULL else 2):
        db = old(kind)
        processes = [start("purge", "--older-than", "1d", db=db, stderr=tmp("err%d" % i)) for i in range(6)]
        for i, process in enumerate(processes):
            equal(process.wait(), 0, "one of several: %s" % last_line(tmp("err%d" % i)))
        upgraded(db, "several at once")


def test():
    for kind in databases():
        simple(kind)
        killed(kind)
        together(kind)


main(test)

"""Kills a backup and a restore by SIGKILL at chosen calls and at random moments: no half file is ever to be seen, and the old table stays.

SPDX-License-Identifier: Apache-2.0
"""
import argparse
import os
import random
import shutil
import sys
import time

sys.path.insert(0, os.path.join(os.environ["TOP"], "tests/support"))
from backups import BACKUP, HR, MIGRATE, RESTORE, backup, content, fresh, manifest, read_avro, same
from harness import build_shim, check, databases, equal, hr_data, kill, last_line, main, newdb, penstock, run, start, tmp, until_done

parser = argparse.ArgumentParser()
for name in ("kills", "rows"):
    parser.add_argument("--" + name, type=int, required=True)
parser.add_argument("--seed", type=int, default=int(os.environ.get("PENSTOCK_TEST_SEED", "0")) or int(time.time()))
wanted = parser.parse_args()
dice = random.Random(wanted.seed)


def calls_of(shim, arguments, db):
    log = tmp("count.log")
    if os.path.exists(log):
        os.unlink(log)
    run(*arguments, db=db, env={"SHIM_DIE_LOG": log}, preload=shim)
    return int(last_line(log).split()[1])


def points(total, pace, kills):
    """Half of the deaths at write-like calls spread over the run, half at random moments of it."""
    calls = sorted({1 + int(total * (at + dice.random()) / (kills // 2)) for at in range(kills // 2)})
    out = [("call", min(total, call), at % 2 == 1) for at, call in enumerate(calls)]
    return out + [("time", pace * dice.random(), False) for _ in range(kills - len(out))]


def die(point, shim, arguments, db):
    """Runs until the point; True where it died there."""
    how, at, torn = point
    if how == "call":
        env = {"SHIM_DIE_AT": str(at)}
        if torn:
            env["SHIM_DIE_TORN"] = "1"
        done = penstock("run", *arguments, db=db, env=env, preload=shim)
        check(done.code in (137, 0, 7), "died at call %d: %s" % (at, done.tail()))
        return done.code == 137
    process = start("run", *arguments, db=db)
    time.sleep(at)
    killed = kill(process)
    process.wait()
    return killed and process.returncode == -9


def sound(folder, keep, rows, what):
    """Every backup in folder is complete and right, or has no manifest; files under their own names are whole."""
    for name in os.listdir(folder):
        path = os.path.join(folder, name)
        if os.path.exists(path + "/manifest.json"):
            book = manifest(path)
            equal({table["name"]: table["rows"] for table in book["tables"]}, rows, what + ": a backup with a manifest is whole")
            continue
        check(name not in keep, what + ": an earlier backup lost its manifest")
        for file in os.listdir(path) if os.path.isdir(path) else []:
            if file.endswith(".avro") and not file.startswith("."):
                equal(len(read_avro(os.path.join(path, file))[2]), rows[file[:-5]], "%s: %s is whole" % (what, file))
    for name in keep:
        manifest(os.path.join(folder, name))


def backups(kind, db, shim):
    folder = fresh("backups." + kind)
    rows = {table: db.count(table) for table in HR}
    first = backup(db, folder)
    arguments = [BACKUP, "--set", "folder=" + folder, "--json"]
    scratch = fresh("scratch." + kind)
    begin = time.monotonic()
    total = calls_of(shim, [BACKUP, "--set", "folder=" + scratch], db)
    pace = time.monotonic() - begin
    hits, seen = 0, set()
    plan = points(total, pace, wanted.kills * 2)
    for point in plan:
        if hits >= wanted.kills:
            break
        if die(point, shim, arguments, db):
            hits += 1
            seen.add(point[:2])
        sound(folder, [os.path.basename(first)], rows, "%s, backup killed at %s" % (kind, point))
        for name in os.listdir(folder):
            path = os.path.join(folder, name)
            if not os.path.exists(path + "/manifest.json"):
                shutil.rmtree(path)
    check(hits >= wanted.kills, "%s: only %d kills of a backup" % (kind, hits))
    last = backup(db, folder)
    sound(folder, [os.path.basename(first), os.path.basename(last)], rows, kind + ": after all")
    print("%s: backup killed %d times, at %d distinct points of %d calls" % (kind, hits, len(seen), total))
    return folder


def restores(kind, db, folder, shim):
    saved = content(db, *HR)
    db.execute("update hired_employees set name = 'changed since' where id % 3 = 0", "update departments set department = 'renamed' where id = 1",
               "insert into departments (id, department) values (990001, 'new since')")
    changed = content(db, *HR)
    arguments = [RESTORE, "--set", "folder=" + folder, "--json"]
    begin = time.monotonic()
    total = calls_of(shim, arguments[:-1], db)
    pace = time.monotonic() - begin
    same(content(db, *HR), saved, kind + ": restored")
    hits, seen, whole = 0, set(), 0
    for point in points(total, pace, wanted.kills * 2):
        if hits >= wanted.kills:
            break
        db.execute("update hired_employees set name = 'changed since' where id % 3 = 0", "update departments set department = 'renamed' where id = 1",
                   "delete from departments where id = 990001", "insert into departments (id, department) values (990001, 'new since')")
        what = "%s, restore killed at %s" % (kind, point)
        if die(point, shim, arguments, db):
            hits += 1
            seen.add(point[:2])
        if kind == "sqlite":
            penstock("runs", "list", "--state", "env:PENSTOCK_DB", db=db)  # opens the database, so that a hot journal is rolled back
        now = content(db, *HR)
        if now != changed:
            same(now, saved, what + ": old rows or new ones")
            whole += 1
        until_done(*arguments[:-1], db=db)
        same(content(db, *HR), saved, what + ": the rerun is right")
    check(hits >= wanted.kills, "%s: only %d kills of a restore" % (kind, hits))
    print("%s: restore killed %d times, at %d distinct points of %d calls; %d of them after its commit" % (kind, hits, len(seen), total, whole))


def test():
    print("seed %d (PENSTOCK_TEST_SEED sets it)" % wanted.seed)
    shim = build_shim("shim_die")
    data = hr_data(tmp("data"), wanted.rows, 4)
    for kind in databases():
        db = newdb(kind)
        run(MIGRATE, "--set", "data=" + data, db=db)
        restores(kind, db, backups(kind, db, shim), shim)


main(test)

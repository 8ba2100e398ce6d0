"""SPDX-License-Identifier: Apache-2.0"""
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.environ["TOP"], "tests/support"))
import compare
import oracle
from harness import (Server, build_shim, check, equal, fail, hr_data, hr_pipeline, main, newdb, penstock, run, start, tmp, until_done,
                     wait_until)

ROWS = 20000


def visible(db, tables, mode, what):
    """What is there after the failure is what was committed: all of a piece, rows and rejects alike, or nothing of a step."""
    there = db.tables()
    rows = db.count("hired_employees")
    if mode == "once":
        check(rows in (0, tables["hired_employees"].books.written), "%s: %d rows of a step that commits once" % (what, rows))
    if "hired_employees" in there and rows:
        wanted = set(tables["hired_employees"].rows)
        got = {int(row[0]) for row in db.query("select id from hired_employees")}
        check(got <= wanted and len(got) == rows, "%s: rows that should not be there" % what)
    if rows and mode == "pieces":
        last = int(db.value("select max(id) from hired_employees"))
        before = sum(1 for key in tables["hired_employees"].rows if key <= last)
        equal(rows, before, "%s: rows without a gap" % what)
        # The generator's ids ascend, so the rejects between those rows are known.
        equal(db.count("penstock_rejects", compare.published(db, True)) >= sum(1 for r in tables["hired_employees"].rejects if int(r.record_no) < last), True,
              "%s: the rejects around the rows" % what)


def failed(done, what):
    equal(done.code, 5, "%s: exit; %s" % (what, done.tail()))
    check("full" in done.err.lower() or "space" in done.err.lower() or "i/o error" in done.err.lower(), "%s: the message says why: %s" % (what, done.err))


def sqlite_shim(data, tables):
    shim = build_shim("shim_enospc")
    for mode, commit in (("pieces", "{ rows: 1000 }"), ("once", "step")):
        arguments = [hr_pipeline(tmp(mode + ".yaml"), commit), "--set", "data=" + data]
        hit = 0
        for fits in (0, 5000, 70000, 200000, 400000, 700000, 1000000):
            db = newdb("sqlite")
            done = penstock("run", *arguments, db=db, env={"SHIM_FULL_PATH": db.path, "SHIM_FULL_AFTER": str(fits)}, preload=shim)
            what = "sqlite, %s, full after %d bytes" % (mode, fits)
            if done.code == 0:
                break
            failed(done, what)
            visible(db, tables, mode, what)
            compare.finished(until_done(*arguments, db=db), tables)
            compare.everything(db, tables)
            hit += 1
        check(hit >= 4, "the disk was full only %d times" % hit)
        print("sqlite, %s: full %d times" % (mode, hit))


def sqlite_mount(data, tables):
    """The same on a file system that really is full, where we may make one."""
    folder = tmp("small")
    os.mkdir(folder)
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=700k", "tmpfs", folder], capture_output=True).returncode:
        print("no small file system: mount is not allowed here")
        return
    try:
        for mode, commit in (("pieces", "{ rows: 1000 }"), ("once", "step")):
            arguments = [hr_pipeline(tmp(mode + ".yaml"), commit), "--set", "data=" + data]
            db = newdb("sqlite")
            db.connect = db.connect.replace(db.path, folder + "/" + mode + ".db")
            db.path = folder + "/" + mode + ".db"
            done = penstock("run", *arguments, db=db)
            failed(done, "sqlite, %s, a file system of 700 KiB" % mode)
            visible(db, tables, mode, "a small file system, " + mode)
            subprocess.run(["mount", "-o", "remount,size=100m", folder], check=True, capture_output=True)
            compare.finished(until_done(*arguments, db=db), tables)
            compare.everything(db, tables)
            os.unlink(db.path)
            subprocess.run(["mount", "-o", "remount,size=700k", folder], check=True, capture_output=True)
        print("sqlite: a file system that is full, twice")
    finally:
        subprocess.run(["umount", folder], capture_output=True)


def temporary_space():
    """The spool of rejects finds no room: exit 1, nothing visible, and done once there is room."""
    data = hr_data(tmp("faulty"), ROWS, 16, "--missing-name", "60%")
    arguments = [hr_pipeline(tmp("spool.yaml"), "step"), "--set", "data=" + data]
    folder = tmp("spool")
    db = newdb("sqlite")
    done = penstock("run", *arguments, db=db, env={"TMPDIR": folder})
    equal(done.code, 1, "TMPDIR is no folder: " + done.tail())
    check(folder in done.err, "the message names the folder: " + done.err)
    os.mkdir(folder)
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=200k", "tmpfs", folder], capture_output=True).returncode == 0:
        try:
            done = penstock("run", *arguments, db=db, env={"TMPDIR": folder})
            equal(done.code, 1, "no temporary space: " + done.tail())
            equal(db.count("hired_employees"), 0, "rows of a step without room for its rejects")
            equal(os.listdir(folder), [], "what is left in TMPDIR")
        finally:
            subprocess.run(["umount", folder], capture_output=True)
    run(*arguments, db=db, env={"TMPDIR": folder})
    compare.everything(db, oracle.folder(data))
    equal(os.listdir(folder), [], "what is left in TMPDIR")
    print("sqlite: no temporary space")


def postgres(data, tables):
    shim, flag = build_shim("shim_enospc"), tmp("full")
    server = Server(tmp("server"))
    server.start(preload=shim, environment={"SHIM_FULL_PATH": "/base/", "SHIM_FULL_FLAG": flag})
    try:
        for mode, commit in (("pieces", "{ rows: 1000 }"), ("once", "step")):
            arguments = [hr_pipeline(tmp("pg.%s.yaml" % mode), commit), "--set", "data=" + data]
            db = server.newdb()
            process = start("run", *arguments, db=db, stderr=tmp("stderr"))
            if mode == "pieces":
                wait_until(lambda: process.poll() is not None or db.count("hired_employees") > 0, 60, "the first rows")
            else:
                wait_until(lambda: process.poll() is not None or db.count("jobs") > 0, 60, "the first step")
            open(flag, "w").close()
            code = process.wait()
            with open(tmp("stderr"), errors="replace") as file:
                text = file.read()
            os.unlink(flag)
            if code == 0:
                fail("postgresql, %s: the disk was full too late" % mode)
            equal(code, 5, "postgresql, %s, full: %s" % (mode, text))
            check("space" in text.lower() or "full" in text.lower(), "the message says why: " + text)
            visible(db, tables, mode, "postgresql, " + mode)
            compare.finished(until_done(*arguments, db=db), tables)
            compare.everything(db, tables)
            print("postgresql, %s: full once" % mode)
    finally:
        if os.path.exists(flag):
            os.unlink(flag)
        server.stop()


def test():
    data = hr_data(tmp("data"), ROWS, 6)
    tables = oracle.folder(data)
    sqlite_shim(data, tables)
    sqlite_mount(data, tables)
    temporary_space()
    if os.environ.get("PENSTOCK_TEST_PG_DIR"):
        postgres(data, tables)


main(test)
